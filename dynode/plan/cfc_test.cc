// CfC layers as plans: parts, parameters, masks, and what contradicts itself.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/plan/plan.h"
#include "dynode/spec/yaml.h"
#include "dynode/wiring/neural_circuit.h"

namespace dynode {
namespace {

/// Inputs into a CfC.
std::shared_ptr<const Plan> plan_of(const std::string& params, int inputs = 3) {
  return compile(
      read_spec(parse_yaml("layers:\n  - {layer_id: 0, layer_type: Input, params: {dim: " + std::to_string(inputs) +
                               "}}\n  - {layer_id: 1, layer_type: CfC, params: {" + params +
                               "}}\nconnections:\n  - {from_layer: 0, to_layer: 1, connection_type: direct}\n",
                           "net.yaml")));
}

std::string failure(const std::string& params) {
  try {
    plan_of(params);
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

size_t learnable_numbers(const Plan& plan) {
  size_t sum = 0;
  for (const Block& b : plan.parameters.blocks()) sum += b.learnable ? b.size() : 0;
  return sum;
}

const Block& block(const Plan& plan, const std::string& name) {
  const int at = plan.parameters.find("layer1/" + name);
  EXPECT_GE(at, 0) << name;
  return plan.parameters[at];
}

std::vector<double> initial(const Plan& plan, const std::string& name) {
  const Block& b = block(plan, name);
  return {plan.theta.begin() + ptrdiff_t(b.offset), plan.theta.begin() + ptrdiff_t(b.offset + b.size())};
}

std::vector<std::string> parts(const Plan& plan) {
  std::vector<std::string> names;
  for (const LayerPlan& l : plan.layers) names.push_back(l.name + ":" + l.cell->name);
  return names;
}

const std::string kWiring = "dim: 12, wiring: {type: AutoNCP, params: {output_size: 2}}";

TEST(CfcPlan, HasAsManyParametersAsItsFormulaSays) {
  EXPECT_EQ(learnable_numbers(*plan_of("dim: 50", 20)), 34888u);
  EXPECT_EQ(learnable_numbers(*plan_of("dim: 64", 256)), 74112u);
  // no backbone, pure: (I + H) H + H, and w_tau, A
  EXPECT_EQ(learnable_numbers(*plan_of("dim: 8, mode: pure, backbone_layers: 0", 4)), size_t(12 * 8 + 8 + 2 * 8));
  // a wiring: 4 ((before + n) n + n) for each of its layers
  const auto wired = plan_of("dim: 28, wiring: {type: AutoNCP, params: {output_size: 4}}", 20);
  EXPECT_EQ(learnable_numbers(*wired), size_t(4 * ((20 + 15) * 15 + 15 + (15 + 9) * 9 + 9 + (9 + 4) * 4 + 4)));
}

TEST(CfcPlan, APlainLayerIsItsOwnCore) {
  const auto plan = plan_of("dim: 4, backbone_units: 6, backbone_layers: 2");
  EXPECT_EQ(parts(*plan), (std::vector<std::string>{"0:Linear", "1:CfC", "1.input:Linear",
                                                    "1.backbone_0:Activation", "1.backbone_1:Activation"}));
  EXPECT_EQ(plan->find_core(1), 1);
  EXPECT_EQ(block(*plan, "backbone_0").shape, (std::vector<size_t>{6, 7}));
  EXPECT_EQ(block(*plan, "time_b").shape, (std::vector<size_t>{4, 6}));
  EXPECT_TRUE(plan->takes_spans());
}

TEST(CfcPlan, ACircuitIsACellPerLayerAndACoreThatHoldsTheStates) {
  const auto plan = plan_of(kWiring);  // 6 inter, 4 command, 2 motor
  EXPECT_EQ(parts(*plan), (std::vector<std::string>{"0:Linear", "1:Linear", "1.input:Linear", "1.core:CfCStates",
                                                    "1.h_0:Linear", "1.layer_0:CfC", "1.h_1:Linear", "1.layer_1:CfC",
                                                    "1.h_2:Linear", "1.layer_2:CfC"}));
  EXPECT_EQ(plan->layers[1].units, 2u);
  EXPECT_EQ(plan->layers[size_t(plan->find_core(1))].units, 12u);
  EXPECT_EQ(block(*plan, "ff1_1").shape, (std::vector<size_t>{4, 10}));
}

TEST(CfcPlan, SynapsesAreThoseOfTheCircuit) {
  for (bool full : {true, false}) {
    const auto         plan = plan_of(kWiring + (full ? "" : ", fully_recurrent: false"));
    Arguments          arguments;
    const WiringEntry& kind = find_wiring("AutoNCP");
    for (const Fact& f : kind.facts)
      if (f.kind == ArgumentKind::text) arguments.set(f.name, std::string(f.text));
      else arguments.set(f.name, f.value);
    arguments.set("units", 12.0), arguments.set("output_size", 2.0);
    const Wiring w = make_wiring(kind, {.inputs = 3, .arguments = arguments});
    ASSERT_EQ(w.layers.size(), 3u);
    for (size_t l = 0; l < 3; ++l) {
      const auto&  own    = w.layers[l];
      const size_t before = l ? w.layers[l - 1].size() : 3;
      const Block& b      = block(*plan, "ff2_" + std::to_string(l));
      for (size_t j = 0; j < own.size(); ++j)
        for (size_t i = 0; i < before + own.size(); ++i) {
          const bool there  = i >= before ? full || w.adjacency[own[i - before] * 12 + own[j]] != 0
                              : l         ? w.adjacency[w.layers[l - 1][i] * 12 + own[j]] != 0
                                          : w.sensory[i * 12 + own[j]] != 0;
          const bool masked = !b.mask.empty() && !b.mask[j * (before + own.size()) + i];
          ASSERT_EQ(masked, !there) << l << ": " << i << " to " << j;
        }
      EXPECT_TRUE(block(*plan, "time_a_" + std::to_string(l)).mask.empty());
    }
  }
}

TEST(CfcPlan, TimeHeadsHaveTheMaskOnlyWhereAsked) {
  const std::string masked = "dim: 2, backbone_layers: 0, sparsity_mask: [[1, 0], [0, 1], [-1, 0], [1, 1], [0, 1]]";
  const auto        plan   = plan_of(masked);
  EXPECT_EQ(block(*plan, "ff1").mask, (std::vector<uint8_t>{1, 0, 1, 1, 0, 0, 1, 0, 1, 1}));
  EXPECT_TRUE(block(*plan, "time_b").mask.empty());
  EXPECT_EQ(block(*plan_of(masked + ", mask_time_heads: true"), "time_b").mask, block(*plan, "ff1").mask);
}

TEST(CfcPlan, BeginsAsItsFamilyDoes) {
  const auto plan = plan_of("dim: 5, mode: pure, backbone_units: 40", 10);
  EXPECT_EQ(initial(*plan, "w_tau"), std::vector<double>(5, 0.0));
  EXPECT_EQ(initial(*plan, "A"), std::vector<double>(5, 1.0));
  const auto largest = [&](const char* name) {
    double most = 0;
    for (double x : initial(*plan, name)) most = std::max(most, std::abs(x));
    return most;
  };
  const double weights = std::sqrt(6.0 / (15 + 40)), bias = 1 / std::sqrt(15.0);
  EXPECT_LE(largest("backbone_0"), weights);
  EXPECT_GT(largest("backbone_0"), 0.95 * weights);
  EXPECT_LE(largest("backbone_0_bias"), bias);
  EXPECT_GT(largest("backbone_0_bias"), 0.7 * bias);
}

TEST(CfcPlan, TheLstmReadsInputAndState) {
  for (const char* form : {"true", "state", "input"}) {
    const auto plan = plan_of("dim: 4, mixed_memory: " + std::string(form) + ", forget_bias: 0.6");
    EXPECT_EQ(block(*plan, "input_map").shape, (std::vector<size_t>{16, 3}));
    EXPECT_EQ(block(*plan, "recurrent_map").shape, (std::vector<size_t>{16, 4}));
    EXPECT_EQ(initial(*plan, "forget_bias"), std::vector<double>(4, 0.6));
    EXPECT_FALSE(block(*plan, "forget_bias").learnable);
    EXPECT_EQ(block(*plan, "backbone_0").shape[1], std::string(form) == "input" ? 8u : 7u);
    // columns of the recurrent map are at right angles
    const std::vector<double> r       = initial(*plan, "recurrent_map");
    double                    product = 0, square = 0;
    for (size_t i = 0; i < 16; ++i) product += r[i * 4] * r[i * 4 + 1], square += r[i * 4] * r[i * 4];
    EXPECT_NEAR(product, 0, 1e-12);
    EXPECT_NEAR(square, 1, 1e-12);
  }
}

TEST(CfcPlan, LearnableParamsNamesItsParts) {
  const auto plan = plan_of("dim: 4, learnable_params: {time_a: false, ff1_bias: false}");
  EXPECT_FALSE(block(*plan, "time_a").learnable);
  EXPECT_FALSE(block(*plan, "ff1_bias").learnable);
  EXPECT_TRUE(block(*plan, "ff1").learnable);
  EXPECT_NE(failure("dim: 4, learnable_params: {ff3: false}").find("did you mean 'ff"), std::string::npos);
}

TEST(CfcPlan, WhatContradictsItselfIsAnError) {
  const auto says = [](const std::string& params, const char* words) {
    const std::string what = failure(params);
    EXPECT_NE(what.find(words), std::string::npos) << what;
    EXPECT_NE(what.find("net.yaml:3"), std::string::npos) << what;
  };
  says("dim: 6, mode: foo", "there is no mode 'foo'");
  says("dim: 6, activation: foo", "there is no activation 'foo'");
  says("dim: 6, backbone_unit: 4", "did you mean 'backbone_units'");
  says(kWiring + ", backbone_units: 8", "a layer with a wiring has no 'backbone_units'");
  says(kWiring + ", sparsity_mask: [[1]]", "a layer with a wiring has no 'sparsity_mask'");
  says("dim: 1, sparsity_mask: [[1], [1], [1], [1]]", "give backbone_layers: 0, or remove sparsity_mask");
  says("dim: 6, fully_recurrent: false", "fully_recurrent belongs to a wiring");
  says("dim: 6, backbone_dropout: 1", "at least 0 and below 1");
  says("dim: 13, wiring: {type: AutoNCP, params: {units: 12, output_size: 2}}", "dim");
  EXPECT_NE(failure("dim: 1, backbone_layers: 0, sparsity_mask: [[1], [1]]").find("[4, 1]"), std::string::npos);
}

TEST(CfcPlan, EveryLayerOfTheBackboneHasDropoutUnlessTheFirstIsSpared) {
  const auto sites = [](const std::string& words) {
    std::vector<std::string> names;
    const auto plan = plan_of("dim: 4, backbone_layers: 3" + words);
    for (const NoiseSite& s : plan->noise) {
      EXPECT_TRUE(s.drop && s.when == NoiseSite::When::training);
      EXPECT_EQ(s.deviation, std::vector<double>(128, 0.1));
      names.push_back(s.name);
    }
    return names;
  };
  const std::vector<std::string> all = {"layer1/backbone_0_dropout", "layer1/backbone_1_dropout",
                                        "layer1/backbone_2_dropout"};
  EXPECT_EQ(sites(", backbone_dropout: 0.1"), all);
  EXPECT_EQ(sites(", backbone_dropout: 0.1, dropout_first_layer: false"), (std::vector(all.begin() + 1, all.end())));
  EXPECT_EQ(sites("").size(), 0u);
}

TEST(CfcPlan, WhatHasNoEffectIsSaid) {
  EXPECT_EQ(plan_of("dim: 4")->warnings.size(), 0u);
  EXPECT_EQ(plan_of(kWiring + ", activation: relu")->warnings.size(), 1u);
}

}  // namespace
}  // namespace dynode
