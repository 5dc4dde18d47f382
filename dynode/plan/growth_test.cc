// Connections whose synapses grow, biases that are given, noise beside the loop: from the words of a spec to the plan.
#include <algorithm>
#include <gtest/gtest.h>
#include <map>

#include "dynode/base/failure_test.h"
#include "dynode/plan/plan.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

std::shared_ptr<const Plan> plan_of(const std::string& layer, const std::string& connection) {
  CompileOptions options;
  options.load_array = [](const std::string& path, const std::string& key) {
    EXPECT_EQ(path + " " + key, "b.npz bias");
    return NamedArray{{3}, {1, 2, 3}};
  };
  return compile(read_spec(parse_yaml("layers:\n"
                                      "  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}\n"
                                      "  - {layer_id: 1, layer_type: CTRNN, params: {dim: 3" + layer + "}}\n"
                                      "  - {layer_id: 2, layer_type: Linear, params: {dim: 3}}\n"
                                      "connections:\n"
                                      "  - {from_layer: 0, to_layer: 1, connection_type: dense}\n"
                                      "  - {from_layer: 1, to_layer: 1, " + connection + "}\n"
                                      "  - {from_layer: 1, to_layer: 2, connection_type: dense}\n", "net.yaml")), options);
}

const std::string kRing = "connection_type: custom, params: {structure: {type: custom, params: {mask: [0, 0, 1, 1, 0, 0, 0, 1, 0]}}, init: fan_in_uniform";
const std::string kGrowth = ", synapse_growth_mask: [[1, 1, 1], [1, 1, 1], [0, 0, 0]]";

const Block& block(const Plan& plan, const std::string& name) { return plan.parameters[plan.parameters.find(name)]; }

std::string said(const std::string& connection, const std::string& layer = "") {
  return failure([&] { plan_of(layer, connection); });
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(GrowingConnection, KnowsWhatIsThereAndWhatMayCome) {
  const auto   plan = plan_of("", kRing + kGrowth + ", growth_interval: 4, growth_scale: 0.5, pruning_threshold: 0.01, allow_self_connections: false}");
  const Block& w    = block(*plan, "J_1_to_1");
  EXPECT_EQ(w.mask, (std::vector<uint8_t>{0, 1, 1, 1, 0, 1, 0, 1, 0}));
  EXPECT_EQ(w.growth.interval, 4);
  EXPECT_EQ(w.growth.scale, 0.5);
  EXPECT_EQ(w.growth.pruning, 0.01);
  const Block& there = plan->parameters[w.growth.present];
  EXPECT_EQ(there.name, "synapses/J_1_to_1");
  EXPECT_FALSE(there.learnable);
  const std::vector<double> now(plan->theta.begin() + ptrdiff_t(there.offset), plan->theta.begin() + ptrdiff_t(there.offset + 9));
  EXPECT_EQ(now, (std::vector<double>{0, 0, 1, 1, 0, 0, 0, 1, 0}));
  for (size_t i = 0; i < 9; ++i) EXPECT_EQ(plan->theta[w.offset + i] != 0, now[i] == 1);
}

TEST(GrowingConnection, WhatCannotGrowIsSaid) {
  EXPECT_PRED2(says, said("connection_type: dense, params: {init: fan_in_uniform" + kGrowth + "}"), "nothing can grow");
  EXPECT_PRED2(says, said(kRing + ", growth_scale: 1}"), "growth_scale says how synapse_growth_mask acts, and there is none");
  EXPECT_PRED2(says, said(kRing + ", synapse_growth_mask: [[2, 0, 0], [0, 0, 0], [0, 0, 0]]}"), "synapse_growth_mask[0, 0] is 2");
  EXPECT_PRED2(says, said(kRing + ", synapse_growth_mask: [[1, 0], [0, 0]]}"), "synapse_growth_mask of J_1_to_1");
  EXPECT_PRED2(says, said(kRing + kGrowth + ", growth_interval: 0}"), "from 1 on");
  EXPECT_PRED2(says, said(kRing + kGrowth + ", pruning_threshold: -1}"), "pruning_threshold is at least 0");
  EXPECT_PRED2(says, said(kRing + kGrowth + ", plasticity_mask: [[0, 0, 0], [0, 0, 0], [0, 0, 0]]}"), "nothing can grow");
  EXPECT_PRED2(says, said(kRing + kGrowth + "}, noise: {j: 0.1}"), "weights that grow take no noise");
  EXPECT_PRED2(says, said(kRing + ", plasticity_mode: step}"), "plasticity_mode says how plasticity_mask acts");
  EXPECT_PRED2(says, said(kRing + ", plasticity_mask: [[1, 1, 1], [1, 1, 1], [1, 1, 1]], plasticity_mode: stp}"), "did you mean 'step'?");
}

TEST(GivenBias, ComesFromNumbersOrAFile) {
  const auto biases = [](const std::string& bias) {
    const auto   plan = plan_of("", "connection_type: dense, params: {bias: " + bias + "}");
    const Block& b    = block(*plan, "b_1_to_1");
    return std::vector<double>(plan->theta.begin() + ptrdiff_t(b.offset), plan->theta.begin() + ptrdiff_t(b.offset + 3));
  };
  EXPECT_EQ(biases("[0.5, -1, 2]"), (std::vector<double>{0.5, -1, 2}));
  EXPECT_EQ(biases("b.npz"), (std::vector<double>{1, 2, 3}));
  EXPECT_PRED2(says, said("connection_type: dense, params: {bias: [1, 2]}"), "bias of J_1_to_1");
  EXPECT_PRED2(says, said("connection_type: dense, params: {bias: [1, .nan, 2]}"), "bias[1] is nan");
}

TEST(NoiseBesideTheLoop, HasALayerOfItsOwn) {
  const std::string dense = "connection_type: dense";
  const auto        plan  = plan_of(", postact_noise: 0.2, postact_noise_feedback: false", dense);
  const auto        copy  = std::ranges::find(plan->layers, "1.noisy", &LayerPlan::name);
  ASSERT_NE(copy, plan->layers.end());
  const int position = int(copy - plan->layers.begin());
  ASSERT_EQ(plan->noise.size(), 1u);
  EXPECT_EQ(plan->noise[0].layer, position);
  EXPECT_EQ(plan->noise[0].name, "layer1/postact_noise");
  for (const ConnectionPlan& c : plan->connections) {
    if (c.name == "J_1_to_1") { EXPECT_EQ(c.from, plan->find_layer(1)); }
    if (c.name == "J_1_to_2") { EXPECT_EQ(c.from, position); }
  }
  for (const char* layer : {", postact_noise: 0.2", ", postact_noise_feedback: false", ", postact_noise: 0.2, postact_noise_feedback: true"})
    EXPECT_EQ(plan_of(layer, dense)->layers.size(), 3u) << layer;
}

}  // namespace
}  // namespace dynode
