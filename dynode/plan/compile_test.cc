// From spec to plan: what is built, in which order, with which numbers.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <map>

#include "dynode/plan/plan.h"
#include "dynode/sources/source.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;

std::shared_ptr<const Plan> plan_of(const std::string& yaml, const CompileOptions& options = {}) {
  return compile(read_spec(parse_yaml(yaml, "nets/net.yaml")), options);
}

CompileOptions seeded(uint64_t seed) {
  CompileOptions options;
  options.seed = seed;
  return options;
}

/// Input 0, then layers given as "type, params"; connections as "from, to, more".
std::string network(const std::vector<std::string>& layers, const std::vector<std::string>& connections,
                    const std::string& simulation = "") {
  std::string text =
      "simulation: {" + simulation + "}\nlayers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}\n";
  for (size_t i = 0; i < layers.size(); ++i)
    text += "  - {layer_id: " + std::to_string(i + 1) + ", layer_type: " + layers[i] + "}\n";
  if (!connections.empty()) text += "connections:\n";
  for (const std::string& c : connections) text += "  - {" + c + "}\n";
  return text;
}
std::string joins(int from, int to, const std::string& more = "connection_type: dense") {
  return "from_layer: " + std::to_string(from) + ", to_layer: " + std::to_string(to) + ", " + more;
}

/// Initial real values of a block.
Numbers values(const Plan& plan, const std::string& name) {
  const int i = plan.parameters.find(name);
  if (i < 0) return {};
  Numbers real(plan.parameters[i].size());
  to_real<double>(plan.parameters[i], plan.theta.data(), real);
  return real;
}
const Block& block(const Plan& plan, const std::string& name) {
  const int i = plan.parameters.find(name);
  expects(i >= 0, name.c_str());
  return plan.parameters[i];
}

const std::string kUnit = "CTRNN, params: {dim: 3}";

// ---- lags -----------------------------------------------------------------------------------------------

std::vector<int> lags(const Plan& plan) {
  std::vector<int> list;
  for (const auto& c : plan.connections) list.push_back(c.lag);
  return list;
}

TEST(Compile, LagsFollowTheMethod) {
  const std::vector<std::string> all  = {joins(0, 1), joins(1, 2), joins(2, 1), joins(2, 2)};
  const auto                     with = [&](const char* method) {
    return lags(*plan_of(network({kUnit, kUnit}, all, std::string("network_evaluation_method: ") + method)));
  };
  EXPECT_EQ(with("stepwise_gauss_seidel"), (std::vector<int>{0, 0, 1, 1}));
  EXPECT_EQ(with("stepwise_jacobi"), (std::vector<int>{1, 1, 1, 1}));
  EXPECT_EQ(with("layerwise"), (std::vector<int>{0, 0, 1, 1})) << "becomes Gauss-Seidel";
  EXPECT_EQ(lags(*plan_of(network({kUnit, kUnit}, {joins(0, 1), joins(1, 2), joins(1, 1)}))),
            (std::vector<int>{0, 0, 1}));
}

TEST(Compile, LagsFollowTheNumbersOfLayersNotTheGraph) {
  // 2 → 1 alone is a chain, yet its source has the larger number
  const auto plan =
      plan_of(network({kUnit, kUnit}, {joins(0, 2), joins(2, 1)}, "network_evaluation_method: stepwise_gauss_seidel"));
  EXPECT_EQ(lags(*plan), (std::vector<int>{0, 1}));
  ASSERT_EQ(plan->stages.size(), 2u);
  EXPECT_EQ(plan->stages[0].layers, std::vector<int>{2});
}

TEST(Compile, AGivenLagOverridesTheMethod) {
  const std::vector<std::string> some = {joins(0, 1, "connection_type: dense, lag: 1"),
                                         joins(1, 2, "connection_type: dense, lag: 0")};
  EXPECT_EQ(lags(*plan_of(network({kUnit, kUnit}, some))), (std::vector<int>{1, 0}));
  EXPECT_EQ(lags(*plan_of(network({kUnit, kUnit}, some, "network_evaluation_method: stepwise_jacobi"))),
            (std::vector<int>{1, 0}));
  const auto back = plan_of(network({kUnit, kUnit}, {joins(0, 1), joins(2, 1, "connection_type: dense, lag: 0")},
                                    "network_evaluation_method: stepwise_gauss_seidel"));
  EXPECT_EQ(back->stages[0].layers, std::vector<int>{2}) << "fresh feedback without a cycle is a chain";
}

TEST(Compile, FeedbackTurnsLayerwiseIntoGaussSeidelWithAWarning) {
  const auto plan = plan_of(network({kUnit, kUnit}, {joins(0, 1), joins(1, 2), joins(2, 1)}));
  EXPECT_EQ(plan->spec.simulation.network_evaluation_method, Evaluation::stepwise_gauss_seidel);
  EXPECT_EQ(plan->warnings,
            (std::vector<std::string>{"connection 2 to 1 feeds back, which layerwise cannot do: the network runs "
                                      "stepwise_gauss_seidel"}));
}

TEST(Compile, ConnectionsIntoTheInputAreDroppedWithAWarning) {
  const auto plan = plan_of(network({kUnit}, {joins(0, 1), joins(1, 0), joins(0, 0)}));
  EXPECT_EQ(plan->connections.size(), 1u);
  EXPECT_EQ(plan->parameters.find("J_1_to_0"), -1);
  EXPECT_EQ(plan->warnings, (std::vector<std::string>{"connection 1 to 0 has no effect: layer 0 holds the input",
                                                      "connection 0 to 0 has no effect: layer 0 holds the input"}));
  EXPECT_EQ(plan->spec.simulation.network_evaluation_method, Evaluation::layerwise) << "nothing feeds back then";
  const auto flux = plan_of(network({kUnit}, {joins(0, 1), joins(1, 0)}, "input_type: flux"));
  EXPECT_EQ(flux->connections.size(), 2u);
  EXPECT_TRUE(flux->layers[0].takes_flux);
  EXPECT_FALSE(flux->layers[0].is_input);
}

TEST(Compile, TheLayerThatHoldsTheInputIsLinearWhateverItsType) {
  const auto plan = plan_of(
      "layers:\n  - {layer_id: 4, layer_type: CTRNN, params: {dim: 2, tau: 5, init_state: learn}}\n"
      "  - {layer_id: 7, layer_type: Linear, params: {dim: 2}}\n");
  EXPECT_STREQ(plan->layers[0].cell->name, "Linear");
  EXPECT_TRUE(plan->layers[0].is_input);
  EXPECT_EQ(plan->parameters.size(), 0u);
  EXPECT_EQ(plan->warnings,
            (std::vector<std::string>{"layer 4 takes the input as its state; its type CTRNN has no effect"}));
  EXPECT_EQ(plan->input, 0);
  EXPECT_EQ(plan->output, 1);
  EXPECT_EQ(plan->input_width(), 2u);
  EXPECT_EQ(plan->find_layer(7), 1);
  EXPECT_EQ(plan->find_layer(1), -1);
  EXPECT_EQ(plan->find_entrance(7), 1);
}

// ---- recurrent cores ------------------------------------------------------------------------------------

TEST(Compile, ACoreHasALayerInFrontThatGathers) {
  const auto plan =
      plan_of(network({"GRU, params: {dim: 4}", "Linear, params: {dim: 1}"}, {joins(0, 1), joins(1, 1), joins(1, 2)},
                      "network_evaluation_method: stepwise_jacobi"));
  ASSERT_EQ(plan->layers.size(), 4u);
  EXPECT_EQ(plan->layers[3].name, "1.input");
  EXPECT_EQ(plan->find_layer(1), 1);
  EXPECT_EQ(plan->find_entrance(1), 3);
  EXPECT_EQ(plan->output, 2) << "the front is nobody's output";

  // of the spec: late under Jacobi; of the core: the input fresh, itself late
  std::vector<std::string> seen;
  for (const auto& c : plan->connections)
    seen.push_back(c.name + " " + std::to_string(c.from) + ">" + std::to_string(c.to) + " port " +
                   std::to_string(c.port) + " lag " + std::to_string(c.lag) + " row " + std::to_string(c.first_row));
  EXPECT_EQ(seen,
            (std::vector<std::string>{
                "J_0_to_1 0>3 port 0 lag 1 row 0", "J_1_to_1 1>3 port 0 lag 1 row 0", "J_1_to_2 1>2 port 0 lag 1 row 0",
                "layer1/weight_ih_l0 3>1 port 0 lag 0 row 0", "layer1/weight_ih_l0 3>1 port 1 lag 0 row 4",
                "layer1/weight_ih_l0 3>1 port 2 lag 0 row 8", "layer1/weight_hh_l0 1>1 port 0 lag 1 row 0",
                "layer1/weight_hh_l0 1>1 port 1 lag 1 row 4", "layer1/weight_hh_l0 1>1 port 3 lag 1 row 8"}));
  EXPECT_EQ(block(*plan, "layer1/weight_ih_l0").shape, (std::vector<size_t>{12, 4}));
  EXPECT_EQ(block(*plan, "layer1/bias_hh_l0").shape, (std::vector<size_t>{12}));
  for (double w : values(*plan, "layer1/weight_hh_l0")) EXPECT_LE(std::abs(w), 0.5) << "±1/√units";

  ASSERT_EQ(plan->stages.size(), 2u);
  EXPECT_EQ(plan->stages[0].layers, (std::vector<int>{3, 1})) << "the front goes first";
  EXPECT_TRUE(plan->stages[0].recurrent);
}

TEST(Compile, ACoreThatIsTheFirstLayerTakesFluxInFront) {
  const auto plan =
      plan_of("simulation: {input_type: flux}\nlayers: [{layer_id: 3, layer_type: GRU, params: {dim: 2}}]\n");
  ASSERT_EQ(plan->layers.size(), 2u);
  EXPECT_EQ(plan->input, 1);
  EXPECT_TRUE(plan->layers[1].takes_flux);
  EXPECT_FALSE(plan->layers[0].takes_flux);
  EXPECT_EQ(plan->output, 0);
}

TEST(Compile, WeightsOfACoreCanBeFixed) {
  const auto plan =
      plan_of(network({"GRU, params: {dim: 2, learnable_params: {weight_hh_l0: false, bias_ih_l0: true}}"}, {}));
  EXPECT_FALSE(block(*plan, "layer1/weight_hh_l0").learnable);
  EXPECT_TRUE(block(*plan, "layer1/weight_ih_l0").learnable);
  EXPECT_TRUE(block(*plan, "layer1/bias_ih_l0").learnable);
}

// ---- time -----------------------------------------------------------------------------------------------

TEST(Compile, TheStepIsThatOfTheFamilyUnlessGiven) {
  EXPECT_EQ(plan_of(network({kUnit}, {}))->layers[1].dt, 10);
  EXPECT_EQ(*plan_of(network({kUnit}, {}))->spec.simulation.dt, 10) << "the spec of a plan is resolved";
  EXPECT_EQ(plan_of(network({"SingleDendrite, params: {dim: 1}"}, {}))->layers[1].dt, 37);
  EXPECT_EQ(plan_of(network({"GRU, params: {dim: 1}"}, {}))->layers[1].dt, 1);
  EXPECT_EQ(plan_of(network({kUnit}, {}, "dt: 2"))->layers[1].dt, 2);
  const auto own = plan_of(network({"CTRNN, params: {dim: 3, dt: 5}", "SingleDendrite, params: {dim: 1}"}, {}));
  EXPECT_EQ(own->layers[1].dt, 5);
  EXPECT_EQ(own->layers[2].dt, 37);
  EXPECT_EQ(values(*own, "layer1/alpha"), (Numbers{0.05, 0.05, 0.05}));
}

TEST(Compile, AProgrammableConnectionWithoutWeightsIsLeftOutWithAWarning) {
  for (const char* mode : {"NOCC", "WICC"}) {
    const auto plan = plan_of(network(
        {"CTRNN, params: {dim: 1}"},
        {joins(1, 1,
               std::string("connection_type: dense, mode: ") + mode + ", params: {allow_self_connections: false}")}));
    EXPECT_EQ(plan->layers.size(), 2u);
    EXPECT_TRUE(plan->connections.empty());
    EXPECT_EQ(plan->warnings,
              (std::vector<std::string>{"connection 1 to 1 has no effect: none of its weights exists"}));
  }
}

TEST(Compile, ALayerThatOnlyHoldsTheInputHasNoStep) {
  const auto plan = plan_of(
      "layers:\n  - {layer_id: 0, layer_type: SingleDendrite, params: {dim: 2}}\n"
      "  - {layer_id: 1, layer_type: CTRNN, params: {dim: 2}}\n");
  EXPECT_EQ(plan->layers[1].dt, 10);
}

TEST(Compile, ALearntStepIsABlock) {
  const auto plan =
      plan_of(network({"SingleDendrite, params: {dim: 1}", "SingleDendrite, params: {dim: 1, dt: 5}", kUnit}, {},
                      "dt: 20, dt_learnable: true"));
  ASSERT_GE(plan->dt_block, 0);
  EXPECT_EQ(values(*plan, "dt"), Numbers{20});
  EXPECT_FALSE(plan->layers[1].own_dt);
  EXPECT_TRUE(plan->layers[2].own_dt);
  EXPECT_EQ(plan->warnings,
            (std::vector<std::string>{"dt is learnt, but layer 3 keeps its own alpha: its time does not follow dt"}));
  EXPECT_EQ(plan_of(network({kUnit}, {}))->dt_block, -1);
}

// ---- parameters -----------------------------------------------------------------------------------------

TEST(Compile, ParametersComeAsOneNumberAListADistributionOrNotAtAll) {
  EXPECT_EQ(values(*plan_of(network({"CTRNN, params: {dim: 2}"}, {})), "layer1/alpha"), (Numbers{0.1, 0.1}));
  EXPECT_EQ(values(*plan_of(network({"CTRNN, params: {dim: 2, alpha: 0.3}"}, {})), "layer1/alpha"),
            (Numbers{0.3, 0.3}));
  EXPECT_EQ(values(*plan_of(network({"CTRNN, params: {dim: 2, alpha: [0.3, 0.4]}"}, {})), "layer1/alpha"),
            (Numbers{0.3, 0.4}));
  EXPECT_EQ(values(*plan_of(network({"CTRNN, params: {dim: 2, alpha: {value: 0.3}}"}, {})), "layer1/alpha"),
            (Numbers{0.3, 0.3}));
  EXPECT_EQ(values(*plan_of(network(
                       {"CTRNN, params: {dim: 3, alpha: {distribution: linear, params: {min: 0.1, max: 0.3}}}"}, {})),
                   "layer1/alpha"),
            (Numbers{0.1, 0.2, 0.3}));
  const auto blocks =
      values(*plan_of(network({"CTRNN, params: {dim: 4, alpha: {distribution: uniform, params: {min: 0.1, max: 0.3}, "
                               "block_size: 2}}"},
                              {})),
             "layer1/alpha");
  EXPECT_EQ(blocks[0], blocks[1]);
  EXPECT_EQ(blocks[2], blocks[3]);
  EXPECT_NE(blocks[0], blocks[2]);
}

TEST(Compile, AParameterThatSaysOnlyWhetherItLearnsHasItsDefault) {
  const std::string dendrites =
      "SingleDendrite, params: {dim: 2, phi_offset: {learnable: false}, gamma_plus: {constraints: {max: 0.5}}}";
  const auto plan =
      plan_of(network({dendrites, "CTRNN, params: {dim: 1, tau: {learnable: true}, dt: 10}"}, {}, "dt: 37"));
  EXPECT_EQ(values(*plan, "layer1/phi_offset"), (Numbers{0.23, 0.23}));
  EXPECT_FALSE(block(*plan, "layer1/phi_offset").learnable);
  EXPECT_NEAR(values(*plan, "layer1/gamma_plus")[1], 0.001, 1e-15);
  EXPECT_EQ(block(*plan, "layer1/gamma_plus").max, 0.5);
  EXPECT_EQ(values(*plan, "layer2/alpha"), Numbers{0.1}) << "tau is 100";
  EXPECT_TRUE(block(*plan, "layer2/alpha").learnable);
}

TEST(Compile, TauBecomesAlpha) {
  EXPECT_EQ(values(*plan_of(network({"CTRNN, params: {dim: 2, tau: 50}"}, {})), "layer1/alpha"), (Numbers{0.2, 0.2}));
  EXPECT_EQ(values(*plan_of(network({"CTRNN, params: {dim: 2, tau: [50, 20]}"}, {}, "dt: 5")), "layer1/alpha"),
            (Numbers{0.1, 0.25}));
  EXPECT_EQ(values(*plan_of(network(
                       {"CTRNN, params: {dim: 2, tau: {distribution: linear, params: {min: 20, max: 100}}}"}, {})),
                   "layer1/alpha"),
            (Numbers{0.5, 0.1}));
}

TEST(Compile, TheBoxOfTauIsTurnedIntoThatOfAlpha) {
  const Block b =
      block(*plan_of(network({"CTRNN, params: {dim: 2, tau: {value: 50, constraints: {min: 20, max: 200}}}"}, {})),
            "layer1/alpha");
  EXPECT_EQ(b.min, 0.05);
  EXPECT_EQ(b.max, 0.5);
  const auto   plan = plan_of(network({"CTRNN, params: {dim: 2, tau: {value: 50, constraints: {min: 20}}}"}, {}));
  const Block& half = block(*plan, "layer1/alpha");
  EXPECT_EQ(half.min, 1e-9);
  EXPECT_EQ(half.max, 0.5);
  EXPECT_EQ(values(*plan, "layer1/alpha"), (Numbers{0.2, 0.2}));
}

TEST(Compile, ABoxReplacesTheRangeOfTheKindAndHoldsAtOnce) {
  const auto plan = plan_of(
      network({"SingleDendrite, params: {dim: 2, bias_current: {value: 1.9, constraints: {min: 1.5, max: 1.8}}, "
               "gamma_plus: {value: 0.001, constraints: {min: 0.01}}}"},
              {}));
  EXPECT_EQ(values(*plan, "layer1/bias_current"), (Numbers{1.8, 1.8}));
  EXPECT_NEAR(values(*plan, "layer1/gamma_plus")[0], 0.01, 1e-16);
  EXPECT_EQ(block(*plan, "layer1/gamma_plus").min, 0.01);
  const auto low =
      plan_of(network({"SingleDendrite, params: {dim: 2, gamma_plus: {value: 0.001, constraints: {min: -5}}}"}, {}));
  EXPECT_EQ(block(*low, "layer1/gamma_plus").min, 1e-10) << "a logarithm needs something positive";
}

TEST(Compile, LearnableFlags) {
  const auto learnable = [](const std::string& params, const char* name) {
    return block(*plan_of(network({params}, {joins(0, 1)})), name).learnable;
  };
  EXPECT_FALSE(learnable("CTRNN, params: {dim: 1}", "layer1/alpha")) << "as the kind says";
  EXPECT_TRUE(learnable("CTRNN, params: {dim: 1, learn_alpha: true}", "layer1/alpha"));
  EXPECT_TRUE(learnable("CTRNN, params: {dim: 1, alpha: {value: 0.1, learnable: true}}", "layer1/alpha"));
  EXPECT_TRUE(learnable("CTRNN, params: {dim: 1, tau: 3, learnable_params: {alpha: true}}", "layer1/alpha"));
  EXPECT_TRUE(learnable("SingleDendrite, params: {dim: 1}", "layer1/gamma_plus"));
  EXPECT_FALSE(
      learnable("SingleDendrite, params: {dim: 1, learnable_params: {gamma_plus: false}}", "layer1/gamma_plus"));
  EXPECT_TRUE(
      learnable("SingleDendrite, params: {dim: 1, learnable_params: {gamma_plus: false}}", "layer1/gamma_minus"));
  const auto plan =
      plan_of(network({kUnit}, {joins(0, 1, "connection_type: dense, learnable: false, params: {bias: zero}")}));
  EXPECT_FALSE(block(*plan, "J_0_to_1").learnable);
  EXPECT_FALSE(block(*plan, "b_0_to_1").learnable);
}

TEST(Compile, InitialStates) {
  const auto plan =
      plan_of(network({"CTRNN, params: {dim: 3, init_state: learn}", "CTRNN, params: {dim: 2, init_state: zero}",
                       "SingleDendrite, params: {dim: 1, init_state: keep, dt: 1}"},
                      {}));
  ASSERT_GE(plan->layers[1].start_block, 0);
  EXPECT_EQ(plan->parameters[plan->layers[1].start_block].name, "layer1/init_v");
  EXPECT_EQ(values(*plan, "layer1/init_v"), (Numbers{0, 0, 0}));
  EXPECT_EQ(plan->layers[1].start_state, 1) << "of a CTRNN the potential is set";
  EXPECT_EQ(plan->layers[2].start_block, -1);
  EXPECT_EQ(plan->layers[3].start_block, -1);
}

TEST(Compile, SourcesAndTables) {
  const auto plan =
      plan_of(network({"SingleDendrite, params: {dim: 1}", "SingleDendrite, params: {dim: 1, source_func: tanh}",
                       "DendriteReadout, params: {dim: 1, source_func: RATEARRAY}"},
                      {}));
  EXPECT_EQ(plan->layers[1].source, find_source("RateArray")) << "the default of the kind";
  EXPECT_EQ(plan->layers[1].table, 0);
  EXPECT_EQ(plan->layers[2].source, find_source("Tanh")) << "case is ignored";
  EXPECT_EQ(plan->layers[2].table, -1);
  EXPECT_EQ(plan->layers[3].table, 0);
  ASSERT_EQ(plan->tables.size(), 1u) << "one table for all";
  EXPECT_EQ(plan->tables[0].flux_count, 201u);
  EXPECT_TRUE(plan_of(network({kUnit}, {}))->tables.empty());
}

// ---- weights --------------------------------------------------------------------------------------------

TEST(Compile, TheSeedDecidesAllDraws) {
  const std::string net = network(
      {"CTRNN, params: {dim: 5, alpha: {distribution: uniform, params: {min: 0.1, max: 0.3}}, "
       "polarity_init: {excitatory_ratio: 0.4}}",
       "GRU, params: {dim: 3}"},
      {joins(0, 1), joins(1, 1, "connection_type: sparse, params: {sparsity: 0.5, bias: fan_in_normal}"), joins(1, 2)});
  const auto one = plan_of(net), same = plan_of(net), given = plan_of(net, seeded(42)),
             other = plan_of(net, seeded(43));
  EXPECT_EQ(one->seed, 42u);
  EXPECT_EQ(one->theta, same->theta);
  EXPECT_EQ(one->theta, given->theta);
  EXPECT_NE(one->theta, other->theta);
  EXPECT_EQ(block(*one, "J_1_to_1").mask, block(*same, "J_1_to_1").mask);
  EXPECT_NE(block(*one, "J_1_to_1").mask, block(*other, "J_1_to_1").mask);
  EXPECT_EQ(plan_of("seed: 9\n" + net)->seed, 9u);
  EXPECT_EQ(plan_of("seed: 9\n" + net, seeded(10))->seed, 10u);
  EXPECT_EQ(*plan_of("seed: 9\n" + net, seeded(10))->spec.seed, 10u);
}

TEST(Compile, WhatIsAddedMovesNoOtherDraw) {
  const std::string sparse = "connection_type: sparse, params: {sparsity: 0.5, bias: fan_in_uniform}";
  const auto        few    = plan_of(network({kUnit, kUnit}, {joins(1, 2, sparse)}));
  const auto        more =
      plan_of(network({kUnit, kUnit, "GRU, params: {dim: 2}"},
                      {joins(0, 1, sparse), joins(1, 1, sparse), joins(1, 2, sparse), joins(2, 3, sparse)}));
  for (const char* name : {"J_1_to_2", "b_1_to_2"}) EXPECT_EQ(values(*few, name), values(*more, name)) << name;
  EXPECT_EQ(block(*few, "J_1_to_2").mask, block(*more, "J_1_to_2").mask);
  EXPECT_NE(values(*more, "J_1_to_2"), values(*more, "J_1_to_1")) << "every connection has a stream of its own";
}

TEST(Compile, MasksHoldTheWeightsAtZero) {
  const auto   plan   = plan_of(network({"CTRNN, params: {dim: 8}"},
                                        {joins(0, 1), joins(1, 1, "connection_type: sparse, params: {sparsity: 0.3}")}));
  const Block& sparse = block(*plan, "J_1_to_1");
  EXPECT_TRUE(block(*plan, "J_0_to_1").mask.empty()) << "dense needs none";
  ASSERT_EQ(sparse.mask.size(), 64u);
  const auto w     = values(*plan, "J_1_to_1");
  size_t     there = 0;
  for (size_t i = 0; i < 64; ++i) {
    if (sparse.mask[i]) {
      EXPECT_NE(w[i], 0.0);
      ++there;
    } else {
      EXPECT_EQ(w[i], 0.0);
    }
  }
  EXPECT_GT(there, 0u);
  EXPECT_LT(there, 40u);
  EXPECT_EQ(sparse.shape, (std::vector<size_t>{8, 8}));
  EXPECT_EQ(block(*plan, "J_0_to_1").shape, (std::vector<size_t>{8, 2})) << "[to, from]";
}

TEST(Compile, WeightsKeepTheirBoxFromTheStart) {
  const auto plan =
      plan_of(network({"CTRNN, params: {dim: 20}"}, {joins(0, 1,
                                                           "connection_type: dense, params: {init: {name: normal, "
                                                           "params: {std: 1}}, constraints: {min: -0.2, max: 0.1}}")}));
  const auto w = values(*plan, "J_0_to_1");
  EXPECT_EQ(*std::min_element(w.begin(), w.end()), -0.2);
  EXPECT_EQ(*std::max_element(w.begin(), w.end()), 0.1);
}

TEST(Compile, PolarityGivesWeightsTheSignOfTheirSource) {
  const auto signs_of = [](const std::string& method) {
    return plan_of(
        network({"CTRNN, params: {dim: 4, polarity: [1, -1, 0, -1]" + method + "}", "Linear, params: {dim: 30}"},
                {joins(1, 2)}));
  };
  const auto flipped = signs_of(""), clipped = signs_of(", polarity_enforcement_method: clip_to_zero"),
             free = plan_of(network({"CTRNN, params: {dim: 4}", "Linear, params: {dim: 30}"}, {joins(1, 2)}));
  EXPECT_EQ(flipped->layers[1].polarity, (std::vector<int8_t>{1, -1, 0, -1}));
  const auto f = values(*flipped, "J_1_to_2"), c = values(*clipped, "J_1_to_2"), w = values(*free, "J_1_to_2");
  const int  sign[] = {1, -1, 0, -1};
  for (size_t i = 0; i < w.size(); ++i) {
    const int s = sign[i % 4];
    EXPECT_EQ(f[i], s ? s * std::abs(w[i]) : w[i]);
    EXPECT_EQ(c[i], s && s * w[i] < 0 ? 0.0 : w[i]);
  }
  EXPECT_EQ(block(*flipped, "J_1_to_2").sign.size(), 120u);
  const auto ignored =
      plan_of(network({"CTRNN, params: {dim: 4, polarity_init: excitatory}", "Linear, params: {dim: 30}"},
                      {joins(1, 2, "connection_type: dense, params: {polarity: false}")}));
  EXPECT_TRUE(block(*ignored, "J_1_to_2").sign.empty());
  EXPECT_EQ(values(*ignored, "J_1_to_2"), w);
}

TEST(Compile, PolarityHasASeedOfItsOwnIfGiven) {
  const auto drawn = [](const std::string& seed, uint64_t plan_seed) {
    return plan_of(network({"CTRNN, params: {dim: 40, polarity_init: {excitatory_ratio: 0.5" + seed + "}}"}, {}),
                   seeded(plan_seed))
        ->layers[1]
        .polarity;
  };
  EXPECT_EQ(drawn(", seed: 5", 1), drawn(", seed: 5", 2));
  EXPECT_NE(drawn("", 1), drawn("", 2));
}

// ---- files ----------------------------------------------------------------------------------------------

/// Hands out arrays by "path:key" and remembers what was asked for.
struct Files {
  std::map<std::string, NamedArray> arrays;
  std::vector<std::string>          asked = {};
  CompileOptions                    options() {
                       return {.seed = {},
                               .load_array =
                                   [this](const std::string& path, const std::string& key) {
                  asked.push_back(path + ":" + key);
                  return arrays.at(asked.back());
                },
                               .stored = {}};
  }
};

TEST(Compile, AMaskComesFromAFileBesideTheSpec) {
  Files             files{{{"nets/hidden.npz:mask", {{3, 3}, {1, 0, 1, 1, 1, 1, 0, 0, 1}}}}};
  const std::string custom = "connection_type: custom, params: {mask_file: hidden.npz";
  const auto        plan   = plan_of(network({kUnit}, {joins(1, 1, custom + "}")}), files.options());
  EXPECT_EQ(block(*plan, "J_1_to_1").mask, (std::vector<uint8_t>{1, 0, 1, 1, 1, 1, 0, 0, 1}));
  const auto off =
      plan_of(network({kUnit}, {joins(1, 1, custom + ", allow_self_connections: false}")}), files.options());
  EXPECT_EQ(block(*off, "J_1_to_1").mask, (std::vector<uint8_t>{0, 0, 1, 1, 0, 1, 0, 0, 0}));
}

TEST(Compile, MasksAndWeightsMayStandInTheSpec) {
  const std::string given =
      "connection_type: custom, params: {structure: {type: custom, params: {mask: [1, 0, 1, 1]}}, "
      "init: {name: custom, params: {weights: [5, 6, 7, 8]}}}";
  const auto plan = plan_of(network({"Linear, params: {dim: 2}"}, {joins(0, 1, given)}));
  EXPECT_EQ(block(*plan, "J_0_to_1").mask, (std::vector<uint8_t>{1, 0, 1, 1}));
  EXPECT_EQ(values(*plan, "J_0_to_1"), (Numbers{5, 0, 7, 8}));
}

TEST(Compile, WeightsBiasesPolarityAndTablesComeFromFiles) {
  Files      files{{{"nets/w.npz:weights", {{3, 2}, {1, 2, 3, 4, 5, 6}}},
                    {"nets/p.npy:", {{3}, {1, -1, 1}}},
                    {"nets/t.npz:phi", {{3}, {0, 0.25, 0.5}}},
                    {"nets/t.npz:ib", {{2}, {1, 1.5}}},
                    {"nets/t.npz:g", {{2, 3}, {0, 1, 2, 3, 4, 5}}}}};
  const auto plan = plan_of(
      network({"SingleDendrite, params: {dim: 3, polarity_file: p.npy}"},
              {joins(0, 1, "connection_type: dense, params: {init: {name: custom, params: {weights_file: w.npz}}}")},
              "rate_table: t.npz"),
      files.options());
  EXPECT_EQ(values(*plan, "J_0_to_1"), (Numbers{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(plan->layers[1].polarity, (std::vector<int8_t>{1, -1, 1}));
  ASSERT_EQ(plan->tables.size(), 1u);
  EXPECT_EQ(plan->tables[0].flux_step, 0.25);
  EXPECT_EQ(plan->tables[0].current_first, 1.0);
  EXPECT_EQ(plan->tables[0].current_step, 0.5);
  EXPECT_EQ(plan->tables[0].g, (Numbers{0, 1, 2, 3, 4, 5}));
}

TEST(Compile, KeptNumbersAreTakenBeforeAnythingIsDrawnOrLoaded) {
  std::vector<std::string> asked;
  CompileOptions           options;
  options.stored = [&](const std::string& name) -> std::optional<NamedArray> {
    asked.push_back(name);
    if (name == "J_0_to_1") return NamedArray{{3, 2}, {1, 2, 3, 4, 5, 6}};
    if (name == "J_1_to_1") return NamedArray{{3, 3}, {1, 0, 3, -4, 5, -6, 7, 0, 9}};
    if (name == "mask/J_1_to_1") return NamedArray{{3, 3}, {1, 0, 1, 1, 1, 1, 1, 0, 1}};
    if (name == "layer1/polarity") return NamedArray{{3}, {1, -1, 0}};
    return std::nullopt;
  };
  // neither file is there
  const auto plan =
      plan_of(network({"CTRNN, params: {dim: 3, polarity_file: gone.npy, polarity_enforcement_method: clip_to_zero}"},
                      {joins(0, 1, "connection_type: custom, params: {mask_file: gone.npz}"),
                       joins(1, 1, "connection_type: sparse, params: {sparsity: 0.1}")}),
              options);
  EXPECT_EQ(values(*plan, "J_0_to_1"), (Numbers{1, 2, 3, 4, 5, 6}));
  EXPECT_TRUE(block(*plan, "J_0_to_1").mask.empty()) << "weights kept without a mask are all there";
  EXPECT_EQ(block(*plan, "J_1_to_1").mask, (std::vector<uint8_t>{1, 0, 1, 1, 1, 1, 1, 0, 1}));
  EXPECT_EQ(values(*plan, "J_1_to_1"), (Numbers{1, 0, 3, 0, 0, -6, 7, 0, 9})) << "on the constraints";
  EXPECT_EQ(plan->layers[1].polarity, (std::vector<int8_t>{1, -1, 0}));

  options.stored = [](const std::string& name) -> std::optional<NamedArray> {
    if (name == "J_0_to_1") return NamedArray{{2, 3}, {1, 2, 3, 4, 5, 6}};
    return std::nullopt;
  };
  EXPECT_THROW(plan_of(network({kUnit}, {joins(0, 1)}), options), ShapeError);
}

// ---- the whole ------------------------------------------------------------------------------------------

TEST(Compile, ConnectionsAreKnownAtBothEnds) {
  const auto plan = plan_of(network({kUnit, kUnit}, {joins(0, 1), joins(1, 2), joins(0, 2), joins(2, 2)}));
  EXPECT_EQ(plan->layers[0].outgoing, (std::vector<int>{0, 2}));
  EXPECT_EQ(plan->layers[2].incoming[0], (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(plan->layers[2].outgoing, std::vector<int>{3});
}

TEST(Compile, ThePlansOwnSpecCompilesToTheSamePlan) {
  const std::string net =
      network({"CTRNN, params: {dim: 5, tau: 30}", "SingleDendrite, params: {dim: 3, dt: 37}"},
              {joins(0, 1), joins(1, 2, "connection_type: sparse, params: {sparsity: 0.5}"), joins(2, 1)}, "dt: 10");
  const auto once = plan_of(net, seeded(77)), twice = compile(once->spec);
  EXPECT_EQ(once->theta, twice->theta);
  EXPECT_EQ(lags(*once), lags(*twice));
  EXPECT_EQ(once->parameters.names(), twice->parameters.names());
}

}  // namespace
}  // namespace dynode
