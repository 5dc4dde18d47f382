// Noise as users of a model meet it: which runs have the same, which have none, numbers of their own.
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/base/error.h"
#include "dynode/models/model.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;

Model model_of(const std::string& params, const std::string& rest = "") {
  return Model::from_spec(read_spec(parse_yaml("simulation: {dt: 1}\nlayers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}\n"
                                               "  - {layer_id: 1, layer_type: CTRNN, params: {dim: 3, source_func: Tanh, alpha: 0.3" +
                                               params + "}" + rest + "}\nconnections:\n"
                                               "  - {from_layer: 0, to_layer: 1, connection_type: dense}\n"
                                               "  - {from_layer: 1, to_layer: 1, connection_type: dense}\n", "net.yaml")),
                          {.precision = Precision::float64});
}
const Array kInput{{2, 6, 2}, Numbers(24, 0.5)};

Numbers output(Model& m, const NoiseOptions& noise = {}) { return m.simulate(kInput, {.noise = noise}).at("output").as_double(); }

TEST(NoiseOfAModel, IsNewInEveryRunUnlessThePassIsNamed) {
  Model m = model_of("", ", noise: {phi: 0.2}"), again = model_of("", ", noise: {phi: 0.2}");
  const Numbers first = output(m), second = output(m);
  EXPECT_NE(first, second);
  EXPECT_EQ(output(again), first);
  EXPECT_EQ(output(m, {.pass = 1}), second);
  EXPECT_EQ(output(m, {.pass = 0}), first);
}

TEST(NoiseOfAModel, BelongsToTheSeed) {
  const Spec spec = read_spec(parse_yaml("layers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 2}, noise: {s: 1}}\n"
                                         "connections: []\n", "net.yaml"));
  Model a = Model::from_spec(spec, {.seed = 1}), b = Model::from_spec(spec, {.seed = 2});
  EXPECT_NE(output(a), output(b));
}

TEST(NoiseOfAModel, OfTrainingIsInGradientsAndWhereAskedFor) {
  Model m = model_of(", preact_noise: 0.3"), calm = model_of("");
  EXPECT_EQ(output(m), output(calm));
  EXPECT_NE(output(m, {.training = true}), output(calm));
  const std::vector<LossTerm> loss = {{.loss = "mse", .target = Array{{2, 6, 3}, Numbers(36, 0.2)}}};
  EXPECT_NE(m.gradient(kInput, loss).loss, calm.gradient(kInput, loss).loss);
  EXPECT_EQ(m.gradient(kInput, loss, {.noise = {.on = false}}).loss, calm.gradient(kInput, loss).loss);
}

TEST(NoiseOfAModel, GivenNumbersAreUsed) {
  Model   m = model_of(", preact_noise: 0.3");
  Numbers zero(36), one(36, 1.0);
  EXPECT_EQ(output(m, {.given = {{"layer1/preact_noise", Array{{2, 6, 3}, zero}}}}), output(m));
  EXPECT_NE(output(m, {.given = {{"layer1/preact_noise", Array{{2, 6, 3}, one}}}}), output(m));
  EXPECT_NE(failure([&] { output(m, {.given = {{"layer1/preact_noise_", Array{{2, 6, 3}, one}}}}); })
                .find("there is no noise 'layer1/preact_noise_' that could be given\n  did you mean 'layer1/preact_noise'?"), std::string::npos);
  EXPECT_NE(failure([&] { output(m, {.given = {{"layer1/preact_noise", Array{{6, 3}, Numbers(18)}}}}); })
                .find("noise layer1/preact_noise"), std::string::npos);
}

/// Inputs into dendrites through a programmable connection.
Model programmable(const std::string& mode, const std::string& noise, double weight = 0.1) {
  return Model::from_spec(read_spec(parse_yaml(
                              "simulation: {dt: 37}\nlayers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}\n"
                              "  - {layer_id: 1, layer_type: Linear, params: {dim: 3}}\nconnections:\n"
                              "  - {from_layer: 0, to_layer: 1, connection_type: dense, mode: " + mode +
                              ", params: {init: {name: constant, params: {value: " + std::to_string(weight) + "}}}" + noise + "}\n", "net.yaml")),
                          {.precision = Precision::float64});
}

TEST(NoiseOfProgrammableWeights, IsTheSameForAllRows) {
  for (const std::string mode : {"WICC", "NOCC"}) {
    Model         m = programmable(mode, ", noise: {j: 0.02}");
    const Numbers y = output(m), calm = output(m, {.on = false});
    EXPECT_NE(y, calm);
    EXPECT_EQ(Numbers(y.begin(), y.begin() + 21), Numbers(y.begin() + 21, y.end()));   // rows of equal input
    EXPECT_NE(y[3], y[4]);                                                             // units have weights of their own
    // a matrix per step: with one per pass the first step says what follows
    Model         once = programmable(mode, ", perturb: {j_std: 0.02}");
    const Numbers z    = output(once);
    EXPECT_EQ(Numbers(z.begin(), z.begin() + 21), Numbers(z.begin() + 21, z.end()));
    EXPECT_NE(output(once), z);
  }
}

TEST(NoiseOfProgrammableWeights, IsAddedToThem) {
  for (const std::string mode : {"WICC", "NOCC"}) {
    Model shifted = programmable(mode, ", perturb: {j_mean: 0.05}"), plain = programmable(mode, "", 0.15);
    const Numbers a = output(shifted), b = output(plain);
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-14);
  }
}

TEST(NoiseOfProgrammableWeights, IsKnownToGradients) {
  const std::vector<LossTerm> loss = {{.loss = "mse", .target = Array{{2, 6, 3}, Numbers(36, 0.2)}}};
  for (const std::string mode : {"WICC", "NOCC"})
    for (const char* noise : {", noise: {j: 0.02}", ", noise: {j: 0.2, relative: true}", ", perturb: {j_std: 0.02}"}) {
      Model          m = programmable(mode, noise);
      const Gradient g = m.gradient(kInput, loss, {.noise = {.pass = 3}});
      Numbers        w = m.parameter("J_0_to_1").as_double();
      for (size_t i : {size_t{0}, size_t{5}}) {
        double sides[2];
        for (int side : {0, 1}) {
          Numbers moved = w;
          moved[i] += side ? 1e-6 : -1e-6;
          m.set_parameter("J_0_to_1", Array{{3, 2}, moved});
          sides[side] = m.gradient(kInput, loss, {.noise = {.pass = 3}}).loss;
        }
        const double slope = g.at("J_0_to_1").as_double()[i];
        EXPECT_NEAR(slope, (sides[1] - sides[0]) / 2e-6, 1e-5 * std::abs(slope)) << mode << noise;
        EXPECT_NE(slope, 0);
      }
    }
}

TEST(NoiseOfAModel, UnscaledNoiseFollowsAlpha) {
  Model m = model_of(", preact_noise: 0.3, noise_scaling: none, noise_in_eval: true");
  const Array ones{{2, 6, 3}, Numbers(36, 1.0)}, rest{{2, 6, 2}, Numbers(24)};
  m.set_parameter("J_1_to_1", Array{{3, 3}, Numbers(9)});
  m.set_parameter("layer1/alpha", Array{{3}, Numbers{0.1, 0.5, 1.0}});
  const Numbers v = m.simulate(rest, {.record = {"state/1/v"}, .noise = {.given = {{"layer1/preact_noise", ones}}}}).at("state/1/v").as_double();
  for (size_t u = 0; u < 3; ++u) EXPECT_NEAR(v[3 + u], 0.3, 1e-15) << "whatever alpha is now";
}

}  // namespace
}  // namespace dynode
