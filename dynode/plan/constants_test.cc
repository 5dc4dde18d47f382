// Numbers of units that follow from wiring and settings: fan-in, diagonals of cores, biases from time constants.
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/plan/plan.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;

std::shared_ptr<const Plan> plan_of(const std::string& yaml, const CompileOptions& options = {}) {
  return compile(read_spec(parse_yaml(yaml, "net.yaml")), options);
}

/// Input, then one layer of this type with these parameters, joined densely; more connections at the end.
std::string layer(const std::string& type, const std::string& params, const std::string& more = "") {
  return "simulation: {dt: 2}\nlayers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}\n"
         "  - {layer_id: 1, layer_type: " +
         type + ", params: {" + params +
         "}}\n"
         "connections:\n  - {from_layer: 0, to_layer: 1, connection_type: dense}\n" +
         more;
}

Numbers values(const Plan& plan, const std::string& name) {
  const Block& b = plan.parameters[plan.parameters.find(name)];
  Numbers      real(b.size());
  to_real<double>(b, plan.theta.data(), real);
  return real;
}

std::string error_of(const std::string& yaml) {
  try {
    plan_of(yaml);
  } catch (const SpecError& e) { return e.what(); }
  return "no error";
}

void expect_close(const Numbers& a, const Numbers& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12) << i;
}

// ---- fan-in ---------------------------------------------------------------------------------------------

TEST(FanInOfSelf, IsOneWhereALayerHasNoConnectionToItself) {
  const auto plan = plan_of(layer("MultiplierNOCC", "dim: 3"));
  EXPECT_EQ(plan->layers[1].constants[0], (Numbers{1, 1, 1}));
}

TEST(FanInOfSelf, CountsTheMaskRowByRow) {
  CompileOptions options;
  options.load_array = [](const std::string&, const std::string&) {
    return NamedArray{{3, 3}, {1, 1, 0, 0, 0, 0, 1, 1, 1}};
  };
  const auto plan = plan_of(layer("MultiplierNOCC", "dim: 3",
                                  "  - {from_layer: 1, to_layer: 1, connection_type: custom,\n"
                                  "     params: {structure: {type: custom, params: {mask_file: m.npz}}}}\n"),
                            options);
  EXPECT_EQ(plan->layers[1].constants[0], (Numbers{2, 0, 3}));
}

TEST(FanInOfSelf, IsNoParameter) {
  const auto plan = plan_of(layer("MultiplierNOCC", "dim: 3"));
  EXPECT_EQ(plan->parameters.names(), (std::vector<std::string>{"layer1/phi_y", "layer1/bias_current", "layer1/alpha",
                                                                "layer1/beta", "layer1/beta_out", "J_0_to_1"}));
  EXPECT_NE(error_of(layer("MultiplierNOCC", "dim: 3, fan_in: 2")).find("has no parameter 'fan_in'"),
            std::string::npos);
}

// ---- cores ----------------------------------------------------------------------------------------------

TEST(CoreDiagonal, IsAbsentByDefault) {
  const auto   plan = plan_of(layer("LeakyGRU", "dim: 2"));
  const Block& hh   = plan->parameters[plan->parameters.find("layer1/weight_hh")];
  EXPECT_EQ(hh.shape, (std::vector<size_t>{6, 2}));
  EXPECT_EQ(hh.mask, (std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0}));
  EXPECT_EQ(plan->layers[1].constants, (std::vector<Numbers>{{0, 0}}));
  const Numbers w = values(*plan, "layer1/weight_hh");
  for (size_t i = 0; i < w.size(); ++i) EXPECT_EQ(w[i] != 0, hh.mask[i] != 0) << i;
}

TEST(CoreDiagonal, OfOnesIsAConstantOfTheUnits) {
  const auto plan = plan_of(layer("LeakyGRU", "dim: 2, candidate_diag: one"));
  EXPECT_EQ(plan->parameters[plan->parameters.find("layer1/weight_hh")].mask,
            (std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0}));
  EXPECT_EQ(plan->layers[1].constants, (std::vector<Numbers>{{1, 1}}));
}

TEST(CoreDiagonal, CanBeFreeAndIsNothingElse) {
  const auto plan = plan_of(layer("LeakyGRU", "dim: 2, candidate_diag: free"));
  EXPECT_EQ(plan->parameters[plan->parameters.find("layer1/weight_hh")].mask,
            (std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1}));
  EXPECT_EQ(plan->layers[1].constants, (std::vector<Numbers>{{0, 0}}));
  const std::string error = error_of(layer("LeakyGRU", "dim: 2, candidate_diag: two"));
  EXPECT_NE(error.find("there is no candidate_diag 'two'"), std::string::npos) << error;
  EXPECT_NE(error.find("zero, one, free"), std::string::npos) << error;
}

TEST(Core, RowsThatNothingReadsAreNoConnections) {
  const auto               plan = plan_of(layer("LeakyGRU", "dim: 2"));
  std::vector<std::string> inner;
  for (const ConnectionPlan& c : plan->connections)
    if (c.first_row) inner.push_back(c.name + " from row " + std::to_string(c.first_row));
  EXPECT_EQ(inner, (std::vector<std::string>{"layer1/weight_ih from row 4", "layer1/weight_hh from row 4"}));
}

TEST(Core, StartsByItsOwnInitialiser) {
  const auto    plan    = plan_of(layer("LeakyGRU", "dim: 40, candidate_diag: free"));
  const Numbers ih      = values(*plan, "layer1/weight_ih");
  double        largest = 0;
  for (double x : ih) largest = std::max(largest, std::abs(x));
  const double limit = std::sqrt(6.0 / (3 * 40 + 40));  // of all three blocks together
  EXPECT_LE(largest, limit);
  EXPECT_GT(largest, 0.98 * limit);
}

// ---- biases from time constants -------------------------------------------------------------------------

Numbers decay_of(const std::string& params) { return values(*plan_of(layer("LeakyGRU", params)), "layer1/decay_bias"); }

double bias_of(double tau) { return -std::log(std::expm1(2 / tau)); }  // logit of exp(−dt/τ), dt = 2

TEST(TimeConstants, BecomeBiases) {
  expect_close(decay_of("dim: 2"), {bias_of(20), bias_of(20)});
  expect_close(decay_of("dim: 2, tau_init: 5"), {bias_of(5), bias_of(5)});
  expect_close(decay_of("dim: 3, tau_init: [5, 6, 7]"), {bias_of(5), bias_of(6), bias_of(7)});
  expect_close(decay_of("dim: 2, decay_bias: [0.5, -1]"), {0.5, -1});
}

TEST(TimeConstants, APairIsSpreadOverTheUnits) {
  expect_close(decay_of("dim: 3, tau_init: [4, 16]"), {bias_of(4), bias_of(8), bias_of(16)});
  expect_close(decay_of("dim: 3, tau_init: [4, 16], tau_spacing: geometric"), {bias_of(4), bias_of(8), bias_of(16)});
  expect_close(decay_of("dim: 3, tau_init: [4, 16], tau_spacing: linear"), {bias_of(4), bias_of(10), bias_of(16)});
  expect_close(decay_of("dim: 2, tau_init: [4, 16]"), {bias_of(4), bias_of(16)});
  expect_close(decay_of("dim: 1, tau_init: [4, 16]"), {bias_of(4)});
}

TEST(TimeConstants, AreAtLeastTheirFloor) {
  expect_close(decay_of("dim: 3, tau_init: [1, 2, 3], tau_eps: 2"), {bias_of(2), bias_of(2), bias_of(3)});
}

TEST(TimeConstants, ThatMakeNoSenseAreErrors) {
  const auto says = [](const std::string& params, const std::string& words) {
    const std::string error = error_of(layer("LeakyGRU", params));
    EXPECT_NE(error.find(words), std::string::npos) << error;
  };
  says("dim: 3, tau_init: -5", "tau_init of unit 0 is -5");
  says("dim: 3, tau_init: [-5, 5]", "cannot be spaced geometrically");
  says("dim: 3, tau_init: [1, 2], tau_spacing: harmonic", "there is no tau_spacing 'harmonic'");
  says("dim: 3, tau_init: [1, 2, 3, 4]", "4 numbers for 3 units");
  says("dim: 3, tau_init: 5, tau_eps: 0", "must be a positive number");
  says("dim: 3, tau_init: 5, decay_bias: 1", "say the same thing");
}

TEST(TimeConstants, CanBeKeptFromLearning) {
  const auto learns = [](const std::string& params) {
    const auto plan = plan_of(layer("LeakyGRU", "dim: 2, " + params));
    return plan->parameters[plan->parameters.find("layer1/decay_bias")].learnable;
  };
  EXPECT_TRUE(learns("reset_bias: 3"));
  EXPECT_FALSE(learns("train_alpha: false"));
  EXPECT_FALSE(learns("learn_decay_bias: false"));
  EXPECT_TRUE(learns("train_alpha: true"));
}

}  // namespace
}  // namespace dynode
