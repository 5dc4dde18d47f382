// Networks whose weights act as levels of a codebook.
#include <gtest/gtest.h>

#include "dynode/base/random.h"
#include "dynode/models/model.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

/// Every kind of connection: fixed, internal, both programmable ones, rectified ones.
constexpr const char* kNetwork = R"(
seed: 3
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 3, polarity: [1, -1, 0], polarity_enforcement_method: relu}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 4}}
  - {layer_id: 2, layer_type: SingleDendrite, params: {dim: 3}}
  - {layer_id: 3, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: uniform, params: {min: -0.3, max: 0.3}}}}
  - {from_layer: 1, to_layer: 1, connection_type: sparse, params: {sparsity: 0.5, init: uniform}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, mode: WICC, params: {init: uniform}}
  - {from_layer: 2, to_layer: 3, connection_type: dense, mode: NOCC, params: {init: uniform}}
  - {from_layer: 1, to_layer: 3, connection_type: dense, learnable: false, params: {init: uniform}}
)";

Model make(int threads = 1) {
  return Model::from_spec(read_spec(parse_yaml(kNetwork)), {.precision = Precision::float64, .threads = threads});
}

Array random_input(int64_t rows) {
  Random random(1, "input");
  std::vector<double> x(size_t(rows * 12 * 3));
  for (double& v : x) v = 0.3 * random.normal();
  return {{rows, 12, 3}, x};
}

Array target(int64_t rows) { return {{rows, 12, 2}, std::vector<double>(size_t(rows * 24), 0.1)}; }

std::vector<LossTerm> loss(int64_t rows) { return {{.loss = "mse", .target = target(rows)}}; }

const Quantisation kLevels{.codebook = uniform_codebook(9, -0.24, 0.24)};

TEST(QuantisedModel, RunsLikeACopyWithSnappedWeights) {
  Model       model = make();
  const Array x     = random_input(3);
  const Array raw   = model.simulate(x).at("output");
  const Array wanted = model.quantised(kLevels).simulate(x).at("output");
  EXPECT_FALSE(raw == wanted);
  model.set_quantisation(kLevels);
  EXPECT_EQ(model.simulate(x).at("output"), wanted);
  model.set_quantisation(std::nullopt);
  EXPECT_EQ(model.simulate(x).at("output"), raw);
}

TEST(QuantisedModel, HasOnlyLevelsForWeights) {
  const Model model = make().quantised(kLevels);
  for (const char* name : {"J_1_to_1", "J_1_to_2", "J_2_to_3", "J_1_to_3"})
    for (double w : model.parameter(name).as_double()) EXPECT_EQ(nearest_level(kLevels.codebook, w), w) << name;
}

TEST(QuantisedModel, TakesTheGradientWhereTheSnappedWeightsAre) {
  Model       model = make();
  const Array x     = random_input(3);
  Model       snapped = model.quantised(kLevels);
  model.set_quantisation(kLevels);
  const Gradient through = model.gradient(x, loss(3)), there = snapped.gradient(x, loss(3));
  EXPECT_EQ(through.loss, there.loss);
  for (const auto& [name, g] : there.parameters) {
    if (name == "J_0_to_1") continue;   // relu lets only raw weights above 0 learn
    EXPECT_EQ(through.at(name), g) << name;
  }
}

TEST(QuantisedModel, DrawsLevelsByPassWhileItTrainsWhateverTheThreads) {
  Model one = make(1), three = make(3);
  Quantisation by_chance = kLevels;
  by_chance.stochastic   = true;
  one.set_quantisation(by_chance), three.set_quantisation(by_chance);
  const Array x = random_input(70);
  const auto gradient = [&](Model& m, uint64_t pass) {
    return m.gradient(x, loss(70), {.noise = {.training = true, .pass = pass}}).at("J_1_to_2");
  };
  const Array first = gradient(one, 4);
  EXPECT_EQ(gradient(three, 4), first);
  EXPECT_FALSE(gradient(one, 5) == first);
  EXPECT_EQ(gradient(one, 4), first) << "a pass is a pass";
  EXPECT_EQ(one.simulate(x).at("output"), make().quantised(kLevels).simulate(x).at("output")) << "else the nearest";
}

}  // namespace
}  // namespace dynode
