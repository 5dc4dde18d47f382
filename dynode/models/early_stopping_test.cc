// A run that ends when the network is steady, as people ask for it in a spec.
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/models/model.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;
using Shape   = std::vector<int64_t>;

constexpr int64_t kSteps = 100;

Model model_of(const std::string& words) {
  return Model::from_spec(read_spec(parse_yaml("simulation: {dt: 1, network_evaluation_method: stepwise_gauss_seidel" + words + R"(}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 1}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 1, source_func: Identity, phi_offset: 0, gamma_plus: 0.2, gamma_minus: 0.2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: constant, params: {value: 1}}}}
)", "net.yaml")), {.precision = Precision::float64});
}

Array ones(int64_t rows) { return {{rows, kSteps, 1}, Numbers(size_t(rows * kSteps), 1.0)}; }

/// s[t] = 1 − 0.8ᵗ changes by 0.2 · 0.8ᵗ in step t.
TEST(EarlyStopping, EndsWithTheFirstSmallSteps) {
  Model         m = model_of(", early_stopping_forward_pass: true, steady_window_min: 0, early_stopping_tolerance: 0.01, early_stopping_patience: 2");
  const Results r = m.simulate(ones(3), {.record = {"s", "g", "power"}});
  // 0.2 · 0.8ᵗ ≤ 0.01 from step 14 on: 14 and 15 are two
  EXPECT_EQ(r.steps, 16u);
  EXPECT_EQ(r.at("output").shape, (Shape{3, 17, 1}));
  EXPECT_EQ(r.at("s/0").shape, (Shape{3, 17, 1}));
  EXPECT_EQ(r.at("g/1").shape, (Shape{3, 16, 1}));
  EXPECT_EQ(r.at("power/1").shape, (Shape{3, 16, 1}));
  const Numbers s = r.at("s/1").as_double();
  for (size_t row = 0; row < 3; ++row)
    for (size_t t = 0; t <= 16; ++t) EXPECT_NEAR(s[row * 17 + t], 1 - std::pow(0.8, t), 1e-14);
}

TEST(EarlyStopping, EndsWhenTheWindowIsSteady) {
  // largest change of the last 10 steps, 0.2 · 0.8ᵗ⁻⁹ ≤ 0.01 + 0.01 · (1 − 0.8ᵗ⁺¹), holds from t = 20 on
  EXPECT_EQ(model_of(", early_stopping_forward_pass: true, steady_window_min: 10, steady_tol_abs: 0.01, steady_tol_rel: 0.01")
                .simulate(ones(2)).steps, 21u);
  EXPECT_EQ(model_of(", early_stopping_forward_pass: true, early_stopping_min_steps: 70").simulate(ones(2)).steps, 74u)
      << "0.2 · 0.8ᵗ⁻⁴⁹ ≤ 1e-5 + 1e-3 from t = 73 on, as the defaults say";
}

TEST(EarlyStopping, GoesThroughAllStepsWhereItIsNotAskedForOrNotWanted) {
  EXPECT_EQ(model_of("").simulate(ones(1)).steps, size_t(kSteps));
  Model m = model_of(", early_stopping_forward_pass: true, steady_window_min: 0, early_stopping_tolerance: 0.01");
  EXPECT_LT(m.simulate(ones(1)).steps, size_t(kSteps));
  EXPECT_EQ(m.simulate(ones(1), {.stop_early = false}).steps, size_t(kSteps));
}

TEST(RecordEvery, KeepsTheInitialStateAndWhatSomeStepsMade) {
  // the second network stops after step 16, in between
  for (const char* stop : {"", ", early_stopping_forward_pass: true, steady_window_min: 0, early_stopping_tolerance: 0.01, "
                               "early_stopping_patience: 2"}) {
    Model         m     = model_of(stop);
    const Results whole = m.simulate(ones(3), {.record = {"s/1", "g/1"}});
    const Results some  = m.simulate(ones(3), {.record = {"s/1", "g/1"}, .every = 5});
    const size_t  kept  = whole.steps / 5;
    EXPECT_EQ(some.at("output"), whole.at("output"));
    ASSERT_EQ(some.at("s/1").shape, (Shape{3, int64_t(kept + 1), 1}));
    ASSERT_EQ(some.at("g/1").shape, (Shape{3, int64_t(kept), 1}));
    const Numbers s = whole.at("s/1").as_double(), g = whole.at("g/1").as_double(), some_s = some.at("s/1").as_double(),
                  some_g = some.at("g/1").as_double();
    for (size_t row = 0; row < 3; ++row)
      for (size_t k = 0; k <= kept; ++k) {
        EXPECT_EQ(some_s[row * (kept + 1) + k], s[row * (whole.steps + 1) + 5 * k]);
        if (k < kept) EXPECT_EQ(some_g[row * kept + k], g[row * whole.steps + 5 * k + 4]);
      }
  }
}

TEST(RecordEvery, IsNotForPowerOrPadding) {
  Model m = model_of("");
  EXPECT_EQ(failure([&] { m.simulate(ones(1), {.record = {"power"}, .every = 2}); }),
            "every: power and energy are recorded step by step\n  record them in a run of their own");
  EXPECT_EQ(failure([&] { m.simulate(ones(1), {.every = 2, .mask = Array{{1, kSteps}, Numbers(size_t(kSteps), 1.0)}}); }),
            "every: is for runs without padding\n  leave out the mask");
  EXPECT_EQ(failure([&] { m.simulate(ones(1), {.every = 0}); }), "every: is 0\n  1 keeps all steps, 10 every tenth");
}

TEST(EarlyStopping, IsNotForGradients) {
  const Array target{{1, kSteps, 1}, Numbers(size_t(kSteps), 0.5)};
  Model whole = model_of(""), stopped = model_of(", early_stopping_forward_pass: true, steady_window_min: 0, early_stopping_tolerance: 0.01");
  const std::vector<LossTerm> loss = {{.loss = "mse", .target = target}};
  EXPECT_EQ(stopped.gradient(ones(1), loss).loss, whole.gradient(ones(1), loss).loss);
}

TEST(EarlyStopping, IsPossibleInASpecThatFeedsBackAndAskedForLayerwise) {
  const Spec spec = read_spec(parse_yaml(R"(
simulation: {dt: 1, early_stopping_forward_pass: true}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 1}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 1, source_func: Tanh}}
  - {layer_id: 2, layer_type: SingleDendrite, params: {dim: 1, source_func: Tanh}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
  - {from_layer: 2, to_layer: 1, connection_type: dense}
)", "net.yaml"));
  EXPECT_EQ(Model::from_spec(spec).plan().warnings.size(), 1u) << "it runs stepwise";
}

}  // namespace
}  // namespace dynode
