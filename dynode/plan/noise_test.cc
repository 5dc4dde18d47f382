// Noise as people write it: which sites a plan gets, and what is refused.
#include <gtest/gtest.h>

#include "dynode/plan/plan.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;
using What    = NoiseSite::What;

/// An input of two units, a layer of three, one connection.
std::string net(const std::string& type, const std::string& params, const std::string& rest = "", const std::string& connection = "",
                const std::string& input = "") {
  return "simulation: {dt: 1}\nlayers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 2}" + input + "}\n  - {layer_id: 1, layer_type: " +
         type + ", params: {dim: 3" + params + "}" + rest + "}\nconnections:\n  - {from_layer: 0, to_layer: 1, connection_type: dense" +
         connection + "}\n";
}
std::shared_ptr<const Plan> plan_of(const std::string& yaml) { return compile(read_spec(parse_yaml(yaml, "net.yaml"))); }

std::string error_of(const std::string& yaml) {
  try {
    plan_of(yaml);
  } catch (const SpecError& e) { return e.what(); }
  return "no error";
}
void expect_says(const std::string& yaml, const std::string& words) {
  const std::string said = error_of(yaml);
  EXPECT_NE(said.find(words), std::string::npos) << said << "\n" << yaml;
}

TEST(NoiseOfASpec, BecomesSites) {
  const auto plan = plan_of(net("SingleDendrite", "", ", noise: {phi: 0.01, g: 0.02, s: [0, 0.1, 0.2], bias_current: 0, "
                                                      "extras: {gamma_plus: 0.0001}, when: train}, "
                                                      "perturb: {bias_current_mean: 0.1, bias_current_std: 0.2, "
                                                      "extras_std: {phi_offset: 0.3}, phi_offset_mean: 0.4}",
                                ", noise: {j: 0.05}"));
  ASSERT_EQ(plan->noise.size(), 7u);
  const auto& n = plan->noise;
  EXPECT_EQ(n[0].name, "layer1/phi");
  EXPECT_EQ(n[0].what, What::drive);
  EXPECT_EQ(n[0].deviation, Numbers(3, 0.01));
  EXPECT_EQ(n[1].name, "layer1/g");
  EXPECT_EQ(n[1].what, What::parameter);
  EXPECT_EQ(n[1].index, 5);
  EXPECT_EQ(n[2].name, "layer1/s");
  EXPECT_EQ(n[2].what, What::state);
  EXPECT_EQ(n[2].deviation, (Numbers{0, 0.1, 0.2}));
  EXPECT_EQ(n[3].name, "layer1/gamma_plus");
  EXPECT_EQ(n[3].index, 2);
  EXPECT_EQ(n[3].when, NoiseSite::When::training);
  EXPECT_EQ(n[4].name, "layer1/perturb/bias_current");
  EXPECT_EQ(n[4].mean, Numbers(3, 0.1));
  EXPECT_TRUE(n[4].once);
  EXPECT_EQ(n[4].deviation, Numbers(3, 0.2));
  EXPECT_EQ(n[4].when, NoiseSite::When::always);
  EXPECT_EQ(n[5].name, "layer1/perturb/phi_offset");
  EXPECT_EQ(n[5].mean, Numbers(3, 0.4));
  EXPECT_EQ(n[5].deviation, Numbers(3, 0.3));
  EXPECT_EQ(n[6].name, "J_0_to_1/j");
  EXPECT_EQ(n[6].what, What::weights);
  EXPECT_EQ(n[6].connection, 0);
}

TEST(NoiseOfASpec, ZerosMakeNone) {
  const auto plan = plan_of(net("Linear", "", ", noise: {phi: 0, g: 0, s: 0, bias_current: 0, j: 0, relative: false, extras: {}}, "
                                              "perturb: {phi_mean: 0, phi_std: 0, bias_current_std: 0.0}", ", noise: {j: 0, phi: 0}"));
  EXPECT_TRUE(plan->noise.empty());
}

TEST(NoiseOfASpec, RelativeNoiseOfGIsNoiseOfItsFactor) {
  const auto plan = plan_of(net("SingleDendrite", "", ", noise: {g: 0.1, s: 0.2, relative: true}"));
  ASSERT_EQ(plan->noise.size(), 2u);
  EXPECT_EQ(plan->noise[0].index, 4);
  EXPECT_FALSE(plan->noise[0].relative);
  EXPECT_TRUE(plan->noise[1].relative);
}

TEST(NoiseOfASpec, OfARecurrentCoreIsInFrontOfIt) {
  const auto plan = plan_of(net("GRU", "", ", noise: {phi: 0.1, s: 0.2}"));
  EXPECT_EQ(plan->layers[size_t(plan->noise[0].layer)].name, "1.input");
  EXPECT_EQ(plan->layers[size_t(plan->noise[1].layer)].name, "1");
}

TEST(NoiseOfASpec, TheInputLayerHasOnlyThatOfItsState) {
  EXPECT_EQ(plan_of(net("Linear", "", "", "", ", noise: {s: 0.1}"))->noise.size(), 1u);
  const auto plan = plan_of(net("Linear", "", "", "", ", noise: {phi: 0.1}"));
  EXPECT_TRUE(plan->noise.empty());
  ASSERT_EQ(plan->warnings.size(), 1u);
  EXPECT_NE(plan->warnings[0].find("noise of 'phi' has no effect: layer 0 holds the input"), std::string::npos);
}

TEST(NoiseOfASpec, NoisyWeightsAreNoLists) {
  const std::string sparse = ", params: {structure: {type: one_to_one}}";
  EXPECT_FALSE(plan_of(net("Linear", "", "", sparse + ", noise: {j: 0.1}"))->connections[0].sparse);
}

TEST(NoiseOfASpec, OfProgrammableWeightsIsThatOfTheirEdges) {
  for (const std::string mode : {"WICC", "NOCC"}) {
    const auto plan = plan_of(net("Linear", "", "", ", mode: " + mode + ", noise: {j: 0.1}, perturb: {j_mean: 0.2}"));
    ASSERT_EQ(plan->noise.size(), 2u);
    for (const NoiseSite& site : plan->noise) {
      EXPECT_EQ(site.what, What::parameter);
      EXPECT_EQ(plan->layers[size_t(site.layer)].name, "J_0_to_1.edges");
      EXPECT_EQ(plan->layers[size_t(site.layer)].params[size_t(site.index)], plan->parameters.find("J_0_to_1"));
      EXPECT_GE(site.connection, 0);
      EXPECT_EQ(site.deviation.size(), 6u);
    }
    EXPECT_EQ(plan->noise[1].name, "J_0_to_1/perturb/j");
    EXPECT_EQ(plan->noise[1].mean, Numbers(6, 0.2));
  }
}

TEST(NoiseOfASpec, MistakesAreNamed) {
  const auto noise = [](const std::string& text, const std::string& type = "SingleDendrite") { return net(type, "", ", noise: {" + text + "}"); };
  expect_says(noise("gamma_plsu: 0.1"), "net.yaml:4:85 layers[1].noise.gamma_plsu: SingleDendrite has nothing called 'gamma_plsu' that could be noisy\n"
                                        "  did you mean 'gamma_plus'?  it has: phi, g, s, dropout, phi_offset, bias_current, gamma_plus, gamma_minus");
  expect_says(noise("extras: {beta: 1}"), "SingleDendrite has nothing called 'beta'");
  expect_says(noise("g: 0.1", "Linear"), "Linear has nothing called 'g'");
  expect_says(noise("phi: -0.1"), "a deviation must be a finite number, at least 0");
  expect_says(noise("phi: [0.1, 0.2]"), "2 numbers for 3 units");
  expect_says(noise("j: 0.1"), "noise of weights belongs to their connection");
  expect_says(noise("internal_J: 0.1"), "noise of weights belongs to their connection");
  expect_says(noise("phi: 0.1, extras: {phi: 0.2}"), "phi is given twice");
  expect_says(noise("phi: 0.1, when: sometimes"), "noise cannot be 'sometimes'");
  expect_says(noise("phi: 0.1, relative: true}, perturb: {s_std: 0.1"), "relative noise and perturbations exclude each other");
  expect_says(net("Linear", "", ", perturb: {phi: 0.1}"), "'phi' says neither mean nor deviation\n  write phi_mean and phi_std");
  expect_says(net("Linear", "", "", ", noise: {s: 0.1}"), "a connection has no 's'");
  expect_says(net("Linear", "", "", ", mode: WICC, connection_params: {half_flux_offset: true}, noise: {j: 0.1, relative: true}"),
              "relative noise would count half_flux_offset as a part of the weight");
  expect_says(net("CTRNN", ", preact_noise: -1"), "a deviation must be a finite number, at least 0");
  expect_says(net("CTRNN", ", preact_noise: 1, noise_scaling: none, learn_alpha: true"), "alpha is learnt");
  expect_says(net("CTRNN", ", preact_noise: 1, noise_scaling: wild"), "there is no noise_scaling 'wild'");
}

TEST(NoiseOfASpec, IsDescribed) {
  const std::string text = describe(*plan_of(net("RateDale", ", noise_when: train", ", perturb: {phi_mean: [1, 2, 3]}")));
  EXPECT_NE(text.find("\nNoise\n"), std::string::npos);
  for (const char* word : {"layer1/noise_std", "0.1", "every step", "training", "at the start", "layer1/perturb/phi", "1 … 3", "once per run"})
    EXPECT_NE(text.find(word), std::string::npos) << word << "\n" << text;
  EXPECT_EQ(describe(*plan_of(net("Linear", ""))).find("Noise"), std::string::npos);
}

}  // namespace
}  // namespace dynode
