#include "dynode/plan/stages.h"

#include <gtest/gtest.h>

#include "dynode/base/error.h"

namespace dynode {
namespace {

struct Edge {
  int from, to, lag;
};

/// Layers 0 … count − 1; layer 0 holds the input where asked.
std::vector<Stage> stages(int count, const std::vector<Edge>& edges, bool input = false) {
  std::vector<LayerPlan>      layers;
  std::vector<ConnectionPlan> connections;
  for (int i = 0; i < count; ++i) {
    layers.push_back({.layer_id = i, .name = std::to_string(i), .cell = nullptr});
    layers.back().is_input = input && i == 0;
  }
  for (const Edge& e : edges) connections.push_back({.name = "J", .from = e.from, .to = e.to, .port = 0, .lag = e.lag});
  return arrange_stages(layers, connections);
}

using Layers = std::vector<int>;

std::vector<Layers> orders(const std::vector<Stage>& stages) {
  std::vector<Layers> list;
  for (const Stage& s : stages) list.push_back(s.layers);
  return list;
}
std::vector<Layers> orders(int count, const std::vector<Edge>& edges, bool input = false) {
  return orders(stages(count, edges, input));
}

TEST(Stages, AChainIsOneStagePerLayer) {
  const auto s = stages(4, {{0, 1, 0}, {1, 2, 0}, {2, 3, 0}}, true);
  EXPECT_EQ(orders(s), (std::vector<Layers>{{1}, {2}, {3}})) << "the input is not advanced";
  for (const Stage& stage : s) EXPECT_FALSE(stage.recurrent);
}

TEST(Stages, SourcesComeBeforeTargetsWhateverTheirNumbers) {
  EXPECT_EQ(orders(3, {{2, 1, 0}, {1, 0, 0}}), (std::vector<Layers>{{2}, {1}, {0}}));
  EXPECT_EQ(orders(3, {{2, 0, 1}}), (std::vector<Layers>{{2}, {0}, {1}}))
      << "a late connection asks for the order, too";
  EXPECT_EQ(orders(3, {}), (std::vector<Layers>{{0}, {1}, {2}}));
}

TEST(Stages, AConnectionToItselfMakesALayerRecurrent) {
  const auto s = stages(2, {{0, 1, 0}, {1, 1, 1}});
  EXPECT_EQ(orders(s), (std::vector<Layers>{{0}, {1}}));
  EXPECT_FALSE(s[0].recurrent);
  EXPECT_TRUE(s[1].recurrent);
}

TEST(Stages, LayersOfACycleWalkTogether) {
  const auto s = stages(5, {{0, 1, 0}, {1, 2, 0}, {2, 1, 1}, {2, 3, 0}, {3, 4, 0}}, true);
  EXPECT_EQ(orders(s), (std::vector<Layers>{{1, 2}, {3}, {4}}));
  EXPECT_TRUE(s[0].recurrent);
  EXPECT_FALSE(s[1].recurrent);
}

TEST(Stages, TwoCyclesThatShareALayerAreOneStage) {
  EXPECT_EQ(orders(4, {{0, 1, 0}, {1, 0, 1}, {1, 2, 0}, {2, 1, 1}, {2, 3, 0}}), (std::vector<Layers>{{0, 1, 2}, {3}}));
  EXPECT_EQ(orders(4, {{0, 1, 0}, {1, 0, 1}, {1, 2, 0}, {2, 3, 0}, {3, 2, 1}}), (std::vector<Layers>{{0, 1}, {2, 3}}));
}

TEST(Stages, InsideAStageFreshSourcesComeFirst) {
  EXPECT_EQ(orders(3, {{2, 0, 0}, {0, 1, 0}, {1, 2, 1}}), (std::vector<Layers>{{2, 0, 1}}));
  EXPECT_EQ(orders(3, {{2, 0, 1}, {0, 1, 1}, {1, 2, 1}}), (std::vector<Layers>{{0, 1, 2}})) << "all late: by number";
}

TEST(Stages, ALongChainNeedsNoDeepStack) {
  std::vector<Edge> edges;
  const int         count = 4000;
  for (int i = 0; i + 1 < count; ++i) edges.push_back({i + 1, i, 0});
  const auto s = stages(count, edges);
  ASSERT_EQ(s.size(), size_t(count));
  EXPECT_EQ(s.front().layers, Layers{count - 1});
}

std::string failure(int count, const std::vector<Edge>& edges) {
  try {
    stages(count, edges);
  } catch (const SpecError& error) { return error.what(); }
  return "no error";
}

TEST(Stages, ACycleWithoutALateConnectionIsNamedAlone) {
  const std::string way_out = "\n  give one connection of the cycle lag: 1";
  EXPECT_EQ(failure(2, {{0, 1, 0}, {1, 0, 0}}),
            "layers 1, 0 wait for each other within one step: every connection of the cycle has lag 0" + way_out);
  // 1 → 2 → 3 → 1 is the cycle; 0 and 4 belong to the stage but not to it
  EXPECT_EQ(failure(5, {{0, 1, 0}, {1, 2, 0}, {2, 3, 0}, {3, 1, 0}, {3, 4, 0}, {4, 0, 1}}),
            "layers 2, 3, 1 wait for each other within one step: every connection of the cycle has lag 0" + way_out);
  EXPECT_EQ(failure(2, {{0, 1, 0}, {1, 1, 0}}),
            "layer 1 waits for itself within one step: its connection to itself has lag 0\n  give it lag: 1");
}

}  // namespace
}  // namespace dynode
