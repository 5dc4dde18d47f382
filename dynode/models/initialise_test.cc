// Weights found by running the network.
#include "dynode/models/initialise.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/models/criticality.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

Model network(const std::string& more = "", const std::string& self = "") {
  return Model::from_spec(read_spec(parse_yaml(R"(
seed: 4
simulation: {dt: 20, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 6)" + more + R"(}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 5, source_func: Tanh, phi_offset: 0.1, gamma_plus: 0.01, gamma_minus: 0.01}}
  - {layer_id: 2, layer_type: SingleDendrite, params: {dim: 4, source_func: Tanh, phi_offset: 0.05, gamma_plus: 0.01, gamma_minus: 0.01}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: sparse, params: {sparsity: 0.7, init: uniform}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: uniform}}
)" + self)), {.precision = Precision::float64});
}

Array inputs(size_t rows = 6, size_t steps = 60) {
  std::vector<double> x;
  for (size_t i = 0; i < rows * steps * 6; ++i) x.push_back(0.5 + 0.4 * std::sin(1.3 * double(i)));
  return {{int64_t(rows), int64_t(steps), 6}, x};
}

TEST(FluxMatching, EveryLayerGetsItsFlux) {
  Model      model = network();
  const auto found = match_flux(model, inputs());
  ASSERT_EQ(found.size(), 2u);
  for (const MatchedFlux& f : found) {
    EXPECT_NEAR(f.after, 0.5, 1e-3) << f.layer_id;
    EXPECT_GT(std::abs(f.before - 0.5), 0.02) << f.layer_id;
  }
  EXPECT_EQ(found[0].unreachable + found[1].unreachable, 0u);
  // every weight of a unit brings as much flux
  const std::vector<double> W   = model.parameter("J_0_to_1").as_double();
  const Results             run = model.simulate(inputs(), {.record = {"s"}});
  const std::vector<double> s   = run.at("s/0").as_double();
  std::vector<double>       mean(6);
  for (size_t i = 0; i < s.size(); ++i)
    if (i / 6 % 61 != 0) mean[i % 6] += s[i] / (6 * 60);
  double first = 0;
  for (size_t j = 0; j < 6; ++j)
    if (W[j] != 0 && first == 0) first = W[j] * mean[j];
    else if (W[j] != 0) EXPECT_NEAR(W[j] * mean[j], first, 1e-12);
}

TEST(FluxMatching, TargetsSpreadAndConnectionsCanBeChosen) {
  Model       model = network();
  const Array kept  = model.parameter("J_1_to_2");
  const auto  found = match_flux(model, inputs(), {.range = std::pair{0.3, 0.5}, .node_wise = true, .connections = {"J_0_to_1"}});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NEAR(found[0].target, 0.4, 1e-12);
  EXPECT_NEAR(found[0].after, 0.4, 0.02);
  EXPECT_EQ(model.parameter("J_1_to_2"), kept);
  const auto own = match_flux(model, inputs(), {.layers = {{2, 0.2}}});
  EXPECT_NEAR(own[1].after, 0.2, 1e-3);
  EXPECT_NEAR(own[0].after, 0.5, 1e-3);
  EXPECT_THROW(match_flux(model, inputs(), {.connections = {"J_0_to_2"}}), SpecError);
  EXPECT_THROW(match_flux(model, inputs(), {.layers = {{7, 0.2}}}), SpecError);
}

TEST(FluxMatching, InhibitionKeepsTheFlux) {
  Model model = network(", polarity: [1, 1, -1, 1, -1, 1]");
  const auto found = match_flux(model, inputs(), {.connections = {"J_0_to_1"}});
  EXPECT_NEAR(found[0].after, 0.5, 1e-3);
  const std::vector<double> W = model.parameter("J_0_to_1").as_double();
  double least = 0;
  for (size_t i = 0; i < W.size(); ++i) {
    least = std::min(least, W[i]);
    EXPECT_TRUE(i % 6 == 2 || i % 6 == 4 ? W[i] <= 0 : W[i] >= 0) << i;
  }
  EXPECT_LT(least, 0);
}

TEST(CriticalityTuning, BranchingGoesToOne) {
  Model model = network("", "  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: {name: uniform, params: {min: 0.0, max: 0.1}}}}\n");
  const auto   before = criticality(model, inputs());
  const auto   tuned  = tune_criticality(model, inputs(), {.iterations = 60, .expansion = 0});
  const auto   after  = criticality(model, inputs());
  EXPECT_LT(tuned.after, 0.2 * tuned.before);
  EXPECT_GT(tuned.best, 0);
  EXPECT_LT(std::abs(std::log(after[0].branching)), std::abs(std::log(before[0].branching)));
  EXPECT_THROW(tune_criticality(model, inputs(), {.branching = 0, .expansion = 0}), SpecError);
}

TEST(CriticalityTuning, TheBestWeightsStay) {
  Model      model = network();
  const auto tuned = tune_criticality(model, inputs(2, 20), {.iterations = 5, .rate = 10, .branching = 0});   // far too fast
  EXPECT_LE(tuned.after, tuned.before);
  const Gradient g = model.gradient(inputs(2, 20), {{.loss = "local_expansion_loss", .target = {}}}, {.noise = {.on = false, .pass = 0}});
  EXPECT_EQ(g.loss, tuned.after);
}

}  // namespace
}  // namespace dynode
