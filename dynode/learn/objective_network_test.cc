// Losses on the network around states: slopes by parameters and inputs are derivatives, runs of their own included.
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/random.h"
#include "dynode/learn/objective.h"
#include "dynode/plan/arguments.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

// dendrites that feed themselves and each other, ahead and back; dt learns, too
const char* const kNet = R"(
seed: 5
simulation: {dt: 20, dt_learnable: true, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 3, source_func: Tanh, phi_offset: 0.3, gamma_plus: 0.01, gamma_minus: 0.004}}
  - {layer_id: 2, layer_type: SingleDendrite, params: {dim: 2, source_func: Tanh, phi_offset: 0.2, gamma_plus: 0.02, gamma_minus: 0.01}}
  - {layer_id: 3, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: fan_in_uniform}}
  - {from_layer: 1, to_layer: 1, connection_type: sparse, params: {sparsity: 0.6, init: fan_in_uniform}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: fan_in_uniform, bias: fan_in_uniform}}
  - {from_layer: 2, to_layer: 1, connection_type: dense, params: {init: fan_in_uniform}}
  - {from_layer: 2, to_layer: 3, connection_type: dense, params: {init: fan_in_uniform}}
)";

constexpr size_t kRows = 21, kSteps = 6;   // several tiles

struct Case {
  std::shared_ptr<const Plan> plan;
  std::vector<double>         x, theta;
  std::vector<ObjectiveTerm>  terms;
  std::vector<BatchTarget<double>> targets = std::vector<BatchTarget<double>>(1);

  explicit Case(const std::string& loss, const std::string& params = "{}", const char* net = kNet)
      : plan(compile(read_spec(parse_yaml(net)))), theta(plan->theta) {
    Random random(3);
    for (size_t i = 0; i < kRows * kSteps * 2; ++i) x.push_back(random.normal());
    for (double& t : theta) t = t == 0 ? 0.0 : t + 0.05;
    const LossEntry& entry = find_loss(loss);
    terms.push_back({plan->output, {.kind = Pooling::Kind::none}, &entry,
                     check_arguments(loss, entry.facts, parse_yaml(params)), 0.7});
  }
  struct Result {
    double              loss;
    std::vector<double> gradient, x_bar;
    bool                operator==(const Result&) const = default;
  };
  Result gradient(int threads = 1, size_t checkpoint_every = 0) const {
    Engine<double>    engine(plan, std::make_shared<Threads>(threads));
    Objective<double> objective(*plan, terms);
    engine.set_parameters(theta);
    objective.set_parameters(theta);
    objective.set_batch(kRows, kSteps, targets);
    Result r{0, std::vector<double>(theta.size()), std::vector<double>(x.size())};
    r.loss = objective.gradient(engine, {x.data(), kRows, kSteps, {}}, {checkpoint_every},
                                {.theta_bar = r.gradient.data(), .x_bar = r.x_bar.data()});
    EXPECT_NEAR(objective.value(0), r.loss, 1e-14);
    EXPECT_GT(objective.count(0), 0);
    return r;
  }
  double loss() const {
    Engine<double>    engine(plan, std::make_shared<Threads>(1));
    Objective<double> objective(*plan, terms);
    engine.set_parameters(theta);
    objective.set_parameters(theta);
    objective.set_batch(kRows, kSteps, targets);
    return objective.loss(engine, {x.data(), kRows, kSteps, {}});
  }
};

/// Central differences by some inputs and all parameters.
void expect_derivatives(Case& c, double tolerance, bool by_parameters = true) {
  const Case::Result g       = c.gradient();
  double             largest = 0;
  EXPECT_EQ(g.loss, c.loss());
  EXPECT_NE(g.loss, 0);
  const auto difference = [&](double& number, double h) {
    const double at = number;
    number = at + h;
    const double above = c.loss();
    number = at - h;
    const double below = c.loss();
    number = at;
    return (above - below) / (2 * h);
  };
  for (const Block& b : c.plan->parameters.blocks())
    for (size_t i = b.offset; by_parameters && i < b.offset + b.size(); ++i) {
      if (!b.learnable || (!b.mask.empty() && !b.mask[i - b.offset])) continue;
      EXPECT_NEAR(g.gradient[i], difference(c.theta[i], 1e-5), tolerance) << b.name << " " << i - b.offset;
      largest = std::max(largest, std::abs(g.gradient[i]));
    }
  for (size_t i = 0; i < c.x.size(); i += 7)
    EXPECT_NEAR(g.x_bar[i], difference(c.x[i], 1e-5), tolerance) << "x " << i;
  EXPECT_GT(largest, by_parameters ? 1e-3 : -1.0);
}

TEST(ObjectiveNetwork, SlopesOfBranchingAreDerivatives) {
  Case logs("branching_loss"), plain("branching_loss", "{log_domain: false, target: 0.7, layer_ids: [1]}");
  expect_derivatives(logs, 1e-7);
  expect_derivatives(plain, 1e-7);
}

TEST(ObjectiveNetwork, MaskedStepsDoNotBranch) {
  Case c("branching_loss");
  for (size_t p = 0; p < kRows * kSteps; ++p) c.targets[0].mask.push_back(p % 7 != 3 && p % 11 != 5);
  expect_derivatives(c, 1e-7);
}

TEST(ObjectiveNetwork, BranchingIsWhatIsSentPerWhatArrives) {
  // one dendrite fed by one input: its output weighs 2, and with a step between them φ = 0.5 x + 0.3
  const char* net = R"(
simulation: {dt: 20}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 1}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 1, source_func: Tanh, phi_offset: 0.3}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: constant, params: {value: 0.5}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: {name: constant, params: {value: 2}}}}
)";
  const auto plan = compile(read_spec(parse_yaml(net)));
  const std::vector<double> x = {0.2, 0.4, 0.8};
  Engine<double>            engine(plan, std::make_shared<Threads>(1));
  engine.set_parameters(plan->theta);
  std::vector<double>  s(4);
  const Record<double> record{Record<double>::What::state, 1, plan->layers[1].cell->output, s.data()};
  engine.simulate({x.data(), 1, 3, {}}, {&record, 1});
  const LossEntry&  entry = find_loss("branching_loss");
  Objective<double> objective(*plan, {{plan->output, {.kind = Pooling::Kind::none}, &entry,
                                       check_arguments(entry.name, entry.facts, parse_yaml("{log_domain: false}"))}});
  objective.set_parameters(plan->theta);
  const std::vector<BatchTarget<double>> targets(1);
  objective.set_batch(1, 3, targets);
  double expected = 0;
  for (size_t t = 1; t < 3; ++t) expected += std::pow(2 * s[t + 1] / (0.5 * x[t] + 0.3) - 1, 2) / 2;
  EXPECT_NEAR(objective.loss(engine, {x.data(), 1, 3, {}}), expected, 1e-5);   // sizes are soft
}

TEST(ObjectiveNetwork, SlopesAfterTheInputAreDerivatives) {
  Case c("ensure_post_sample_decay", "{decay_steps: 4}");
  expect_derivatives(c, 1e-7);
}

TEST(ObjectiveNetwork, WhatDendritesStillMakeIsTheirSource) {
  const char* net = R"(
simulation: {dt: 20}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 3, source_func: Tanh, phi_offset: 0.3}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: fan_in_uniform}}
)";
  Case c("ensure_post_sample_decay", "{}", net);   // without input the flux is the offset
  EXPECT_NEAR(c.loss(), 0.7 * 3 * std::tanh(c.theta[c.plan->parameters[c.plan->parameters.find("layer1/phi_offset")].offset]), 1e-9);
}

TEST(ObjectiveNetwork, NeighboursAreNotTheSameRun) {
  // against a large nudge: a slope along the run itself, as the states beside it have none
  Case               c("local_expansion_loss", "{nudge: 0.1, target: 0.8}");
  const Case::Result g = c.gradient();
  EXPECT_GT(g.loss, 0);
  EXPECT_EQ(g.loss, c.loss());
  EXPECT_EQ(g, c.gradient(3));
  EXPECT_EQ(g, c.gradient(2, 2));

  // a unit that only leaks keeps the ratio 1 − h γ⁻ when nothing arrives in both runs
  const char* net = R"(
simulation: {dt: 20}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 2, source_func: ReLU, phi_offset: 0.0, gamma_minus: 0.01}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: one_to_one, params: {init: {name: constant, params: {value: 1}}}}
)";
  Case leak("local_expansion_loss", "{nudge: 0.05}", net);
  for (double& t : leak.theta) t -= 0.05;
  for (size_t i = 0; i < leak.x.size(); ++i) leak.x[i] = i / 2 % kSteps == 0 ? 10 : -10;   // the first step alone gets through
  EXPECT_NEAR(leak.loss(), 0.7 * std::pow(std::log(0.8), 2), 1e-5);
}

TEST(ObjectiveNetwork, SlopesOfExpansionAreDerivatives) {
  // two layers side by side, of which an input is not asked; two rows, and a step that does not count
  LossNetwork net;
  net.layers = {{.layer_id = 0, .first = 0, .units = 1, .asked = false}, {.layer_id = 1, .first = 1, .units = 2},
                {.layer_id = 2, .first = 3, .units = 3}};
  const LossEntry&           entry     = find_loss("local_expansion_loss");
  const Arguments            arguments = check_arguments(entry.name, entry.facts, parse_yaml("{target: 1.3}"));
  const std::vector<uint8_t> mask      = {1, 1, 1, 1, 1, 0, 1, 1};
  std::vector<double>        s(2 * 4 * 6), clean(s.size()), bar(s.size());
  for (size_t i = 0; i < s.size(); ++i) s[i] = std::sin(1.7 * double(i)), clean[i] = 0.3 * std::cos(2.9 * double(i));
  LossCall<double> call{.rows = 2, .steps = 4, .units = 6, .output = s.data(), .values = clean.data(), .mask = mask.data(),
                        .weight = 0.7, .output_bar = bar.data(), .network = &net};
  call.normaliser = loss_count(entry, arguments, 2, 4, 6, nullptr, mask.data());
  EXPECT_EQ(call.normaliser, 3 + 1);
  value_and_adjoint(entry, arguments, call);
  const std::vector<double> slope = bar;
  call.output_bar                 = nullptr;
  for (size_t i = 0; i < s.size(); ++i) {
    const double at = s[i];
    s[i] = at + 1e-5;
    const double above = value_and_adjoint(entry, arguments, call);
    s[i] = at - 1e-5;
    EXPECT_NEAR(slope[i], (above - value_and_adjoint(entry, arguments, call)) / 2e-5, 1e-8) << i;
    s[i] = at;
  }
}

TEST(ObjectiveNetwork, WhatCannotBeLookedAtIsSaid) {
  EXPECT_THROW(Case("branching_loss", "{layer_ids: [9]}").loss(), SpecError);
  EXPECT_THROW(Case("branching_loss", "{layer_ids: [3]}").loss(), SpecError);   // no memory
  const Case c("local_expansion_loss");
  EXPECT_THROW(Objective<double>(*c.plan, c.terms).tile_loss(true), SpecError);
}

}  // namespace
}  // namespace dynode
