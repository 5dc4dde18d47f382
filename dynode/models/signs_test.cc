// Networks whose weights have signs or a plasticity of their own, as a user meets them.
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

#include "dynode/io/io_test.h"
#include "dynode/io/npz.h"
#include "dynode/models/model.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;

Model model_of(const std::string& yaml, const std::string& file = "net.yaml") {
  return Model::from_spec(read_spec(parse_yaml(yaml, file)), {.precision = Precision::float64});
}

/// Three inputs, one number out: y = relu(w₀) x₀ − relu(w₁) x₁ + w₂ x₂
const char* const kSum = R"(
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 3, polarity: [1, -1, 0], polarity_enforcement_method: relu}}
  - {layer_id: 1, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
)";

TEST(ReluPolarity, RawWeightsActByTheirPositivePartAndTheSignOfTheirSource) {
  Model                       m = model_of(kSum);
  const Array                 x{{1, 1, 3}, Numbers{2, 3, 5}};
  const std::vector<LossTerm> loss     = {{.loss = "mse", .target = Array{{1, 1, 1}, Numbers{0}}}};
  const auto                  y        = [&] { return m.simulate(x).at("output").as_double()[1]; };
  const auto                  gradient = [&] { return m.gradient(x, loss).at("J_0_to_1").as_double(); };

  m.set_parameter("J_0_to_1", Array{{1, 3}, Numbers{1, 0.5, -1}});
  EXPECT_EQ(y(), 2 - 1.5 - 5);
  EXPECT_EQ(gradient(), (Numbers{2 * -4.5 * 2, 2 * -4.5 * -3, 2 * -4.5 * 5}));

  // dead weights: no part in the output, no gradient; a step of descent leaves them where they are
  m.set_parameter("J_0_to_1", Array{{1, 3}, Numbers{-1, 0, -1}});
  EXPECT_EQ(y(), -5);
  EXPECT_EQ(gradient(), (Numbers{0, 0, 2 * -5 * 5}));
  m.descend(m.gradient(x, loss), 0.01);
  EXPECT_EQ(m.parameter("J_0_to_1").as_double(), (Numbers{-1, 0, -1 + 0.5})) << "no projection";
}

TEST(ReluPolarity, GradientsAreTheSlopeOfTheLoss) {
  Model   m = model_of(R"(
seed: 3
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 6, source_func: tanh, alpha: 0.3, polarity: [1, 1, -1, 1, -1, 0], polarity_enforcement_method: relu}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: normal, params: {std: 0.8}}}}
  - {from_layer: 1, to_layer: 1, connection_type: sparse, params: {sparsity: 0.7, init: {name: normal, params: {std: 0.5}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: {name: normal, params: {std: 0.5}}}}
)");
  Numbers x(3 * 8 * 2), target(3 * 8 * 2);
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(1.7 * double(i)), target[i] = std::cos(0.9 * double(i));
  const Array                 input{{3, 8, 2}, x};
  const std::vector<LossTerm> loss = {{.loss = "mse", .target = Array{{3, 8, 2}, target}}};

  for (const char* name : {"J_1_to_1", "J_1_to_2"}) {
    // every third weight is dead, and none is near the kink
    const Array one     = m.parameter(name);
    Numbers     weights = one.as_double();
    for (size_t i = 0; i < weights.size(); ++i)
      if (weights[i] != 0) weights[i] = (i % 3 ? 1 : -1) * (std::abs(weights[i]) + 0.05);
    m.set_parameter(name, Array{one.shape, weights});
    const Numbers raw      = m.parameter(name).as_double();
    const Numbers gradient = m.gradient(input, loss).at(name).as_double();
    size_t        alive    = 0;
    for (size_t i = 0; i < raw.size(); ++i) {
      const auto at = [&](double shift) {
        Numbers moved = raw;
        moved[i] += shift;
        m.set_parameter(name, Array{one.shape, moved});
        return m.gradient(input, loss).loss;
      };
      const double h = 1e-3, slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
      EXPECT_NEAR(gradient[i], slope, 1e-10) << name << "[" << i << "]";
      alive += gradient[i] != 0;
    }
    m.set_parameter(name, Array{one.shape, raw});
    EXPECT_GT(alive, raw.size() / 4);
    EXPECT_LT(alive, raw.size());
  }
}

/// A network whose masks come from files in `folder`.
std::string masked(const std::string& folder) {
  save_npz(folder + "/signs.npz", {{"mask", Array{{3, 3}, Numbers{1, -1, 0, 1, -1, 0, -1, -1, 1}}}});
  save_npz(folder + "/plastic.npz", {{"mask", Array{{3, 3}, Numbers{1, 0, 0.5, 1, 1, 0, 0.25, 1, 1}}}});
  return R"(
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 3, source_func: tanh, alpha: 0.5}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: normal, params: {std: 1}}}}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: {name: normal, params: {std: 1}}, ei_mask: signs.npz, allow_mixed_signs: true, ei_balance: true, plasticity_mask: plastic.npz}}
)";
}

TEST(EntryMasks, TravelWithTheModelFile) {
  TemporaryFolder folder;
  const Model     m = model_of(masked(folder.path()), folder / "net.yaml");
  const Block&    b = m.plan().parameters[m.plan().parameters.find("J_1_to_1")];
  m.save(folder / "net.dynode");
  std::filesystem::remove(folder / "signs.npz"), std::filesystem::remove(folder / "plastic.npz");

  Model        again = Model::load(folder / "net.dynode", {.precision = Precision::float64});
  const Block& kept  = again.plan().parameters[again.plan().parameters.find("J_1_to_1")];
  EXPECT_EQ(kept.sign, b.sign);
  EXPECT_EQ(kept.plasticity, b.plasticity);
  EXPECT_EQ(again.parameter("J_1_to_1").as_double(), m.parameter("J_1_to_1").as_double()) << "balanced once";
  again.save(folder / "again.dynode");
  EXPECT_NO_THROW(again.load_parameters(folder / "net.dynode"));
}

TEST(EntryMasks, RawWeightsTravelWithTheModelFile) {
  TemporaryFolder folder;
  Model           m = model_of(kSum);
  m.set_parameter("J_0_to_1", Array{{1, 3}, Numbers{-1.25, 0.1, -7}});
  m.save(folder / "net.dynode");
  EXPECT_EQ(Model::load(folder / "net.dynode", {.precision = Precision::float64}).parameter("J_0_to_1").as_double(),
            (Numbers{-1.25, 0.1, -7}));
}

TEST(Plasticity, ScalesTheStepAndNotTheGradient) {
  TemporaryFolder             folder;
  Model                       m = model_of(masked(folder.path()), folder / "net.yaml");
  Numbers                     x(2 * 5 * 2, 0.7);
  const Array                 input{{2, 5, 2}, x};
  const std::vector<LossTerm> loss     = {{.loss = "mse", .target = Array{{2, 5, 3}, Numbers(30, 0.2)}}};
  const Gradient              gradient = m.gradient(input, loss);
  const Numbers               before = m.parameter("J_1_to_1").as_double(), g = gradient.at("J_1_to_1").as_double();
  m.descend(gradient, 1e-3);
  const Numbers after = m.parameter("J_1_to_1").as_double(), factor = {1, 0, 0.5, 1, 1, 0, 0.25, 1, 1};
  for (size_t i = 0; i < 9; ++i) {
    EXPECT_NE(g[i], 0.0) << i;
    const double stepped = before[i] - 1e-3 * factor[i] * g[i], sign = Numbers{1, -1, 0, 1, -1, 0, -1, -1, 1}[i];
    EXPECT_NEAR(after[i], sign * stepped < 0 ? 0 : stepped, 1e-16) << i;
    if (factor[i] == 0) { EXPECT_EQ(after[i], before[i]) << i; }
  }
}

}  // namespace
}  // namespace dynode
