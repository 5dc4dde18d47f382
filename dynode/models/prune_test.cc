// Weights that matter least go.
#include "dynode/models/prune.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

// y = W x at every step: L = mean (y − t)² has the curvature 2 <x_j²> / units in W_ij
Model network() {
  Model model = Model::from_spec(read_spec(parse_yaml(R"(
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 3}}
  - {layer_id: 1, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
)")), {.precision = Precision::float64});
  model.set_parameter("J_0_to_1", Array{{2, 3}, std::vector<double>{0.5, -0.1, 0.3, 0.2, 0.9, -0.4}});
  return model;
}

std::vector<uint8_t> mask_of(const PrunedNetwork& pruned) {
  const Model  model = Model::from_stored(pruned.model, {.precision = Precision::float64});
  const Block& b     = model.plan().parameters[model.plan().parameters.find("J_0_to_1")];
  const std::vector<double> W = model.parameter("J_0_to_1").as_double();
  for (size_t i = 0; i < W.size(); ++i) EXPECT_TRUE(b.mask.empty() || b.mask[i] || W[i] == 0);
  return b.mask;
}

TEST(Prune, SmallWeightsGo) {
  Model      model  = network();
  const auto pruned = prune(model, {.share = 0.5});
  EXPECT_EQ(mask_of(pruned), (std::vector<uint8_t>{1, 0, 0, 0, 1, 1}));
  EXPECT_EQ(pruned.connections[0].before, 6u);
  EXPECT_EQ(pruned.connections[0].after, 3u);
  EXPECT_EQ(prune(model, {.share = 0}).connections[0].after, 6u);
  EXPECT_EQ(prune(model, {.share = 1}).connections[0].after, 0u);
}

TEST(Prune, RowsColumnsAndBlocksGoByTheirMeans) {
  Model model = network();
  EXPECT_EQ(mask_of(prune(model, {.share = 0.5, .unit = PruneUnit::row})), (std::vector<uint8_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(mask_of(prune(model, {.share = 0.34, .unit = PruneUnit::column})), (std::vector<uint8_t>{0, 1, 1, 0, 1, 1}));
  EXPECT_EQ(mask_of(prune(model, {.share = 0.5, .unit = PruneUnit::block, .block_rows = 1, .block_columns = 2})),
            (std::vector<uint8_t>{0, 0, 0, 1, 1, 1}));   // means 0.3, 0.3, 0.55, 0.4
}

TEST(Prune, CurvatureCountsInputs) {
  // the second input is large: its weights matter although one of them is small
  Model               model = network();
  std::vector<double> x, t;
  for (int i = 0; i < 40; ++i) {
    for (const double size : {0.1, 5.0, 0.1}) x.push_back(size * std::sin(0.7 * i + size));
    t.push_back(1 + std::cos(i)), t.push_back(2 - std::sin(i));
  }
  const Array    input{{8, 5, 3}, x};
  const LossTerm loss{.loss = "mse", .target = Array{{8, 5, 2}, t}};
  for (const Saliency saliency : {Saliency::fisher, Saliency::hessian}) {
    const auto mask = mask_of(prune(model, {.share = 0.6, .saliency = saliency, .batch = 4, .draws = 64}, input, {loss}));
    EXPECT_TRUE(mask[1] && mask[4]);
  }
  const Array before = model.parameter("J_0_to_1");
  prune(model, {.saliency = Saliency::hessian}, input, {loss});
  EXPECT_EQ(model.parameter("J_0_to_1"), before);
  // all magnitude again
  EXPECT_EQ(mask_of(prune(model, {.share = 0.5, .saliency = Saliency::fisher, .blend = 1}, input, {loss})),
            (std::vector<uint8_t>{1, 0, 0, 0, 1, 1}));
}

TEST(Prune, BadInputIsExplained) {
  Model model = network();
  EXPECT_THROW(prune(model, {.share = 2}), SpecError);
  EXPECT_THROW(prune(model, {.saliency = Saliency::fisher}), SpecError);
  EXPECT_THROW(prune(model, {.connections = {"J_0_to_2"}}), SpecError);
  EXPECT_THROW(prune(model, {.saliency = Saliency::fisher}, Array{{4, 3}, std::vector<double>(12)}, {{.loss = "final_timestep_zero_mse", .target = {}}}), ShapeError);
}

}  // namespace
}  // namespace dynode
