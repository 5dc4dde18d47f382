// Spiking networks that learn by back-propagation through time.
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/base/random.h"
#include "dynode/models/model.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

Model network(const std::string& layer, const std::string& port, const std::string& std = "0.6") {
  return Model::from_spec(read_spec(parse_yaml(R"(
seed: 2
simulation: {dt: 0.001, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 10}}
  - {layer_id: 1, layer_type: )" + layer + R"(}
  - {layer_id: 2, layer_type: CTRNN, params: {dim: 2, source_func: identity, alpha: 0.05, learn_alpha: false}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {port: )" + port + R"(, init: {name: normal, params: {std: )" + std + R"(}}}}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {port: )" + port + R"(, init: {name: normal, params: {std: 0.05}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: {name: normal, params: {std: 0.5}}}}
)")), {.precision = Precision::float64});
}

/// Trains it to tell which half of the inputs has more spikes; returns the share of right answers among other trials.
double share_after_training(Model& model, int updates, double rate = 0.1) {
  Random     random(11);
  const auto batch = [&](std::vector<int64_t>& classes) {
    Array x{{20, 40, 10}, std::vector<double>(20 * 40 * 10)};
    auto& spikes = std::get<std::vector<double>>(x.data);
    classes.clear();
    for (size_t row = 0; row < 20; ++row) {
      classes.push_back(int64_t(random.integer(2)));
      for (size_t t = 0; t < 40; ++t)
        for (size_t u = 0; u < 10; ++u)
          spikes[(row * 40 + t) * 10 + u] = random.uniform() < ((u < 5) == (classes.back() == 0) ? 0.25 : 0.1);
    }
    return x;
  };
  std::vector<int64_t> classes;
  for (int n = 0; n < updates; ++n) {
    const Array x = batch(classes);
    model.descend(model.gradient(x, {{.loss = "cross_entropy", .target = {{20}, classes}, .pooling = "mean"}}), rate);
  }
  int right = 0;
  for (int n = 0; n < 10; ++n) {
    const Array               x      = batch(classes);
    const std::vector<double> output = model.simulate(x).at("output").as_double();
    for (size_t row = 0; row < 20; ++row) {
      double sums[2] = {0, 0};
      for (size_t t = 1; t <= 40; ++t)
        for (size_t u = 0; u < 2; ++u) sums[u] += output[(row * 41 + t) * 2 + u];
      right += (sums[1] > sums[0]) == (classes[row] == 1);
    }
  }
  return right / 200.0;
}

TEST(SpikingTraining, LifNetworksLearnThroughTheirSpikes) {
  for (const char* surrogate : {"fast_sigmoid", "arctan", "triangle"}) {
    Model model = network(std::string("LIF, params: {dim: 30, tau_refractory: 0.002, surrogate: ") + surrogate + "}", "events");
    const std::vector<double> before = model.parameter("J_0_to_1").as_double();
    EXPECT_LT(share_after_training(model, 0), 0.8);
    EXPECT_GT(share_after_training(model, 60), 0.93) << surrogate;
    EXPECT_NE(model.parameter("J_0_to_1").as_double(), before);
  }
}

TEST(SpikingTraining, RecurrentWeightsAnswerForSpikesAndForNothingElse) {
  Model model = network("LIF, params: {dim: 6, tau_refractory: 0.002}", "events");
  Array x{{1, 30, 10}, std::vector<double>(300, 1.0)};
  const std::vector<LossTerm> loss = {{.loss = "mse", .target = {{1, 2}, std::vector<double>{1, 0}}, .pooling = "final"}};
  double sum = 0;
  for (const double g : model.gradient(x, loss).at("J_1_to_1").as_double()) sum += std::abs(g);
  EXPECT_GT(sum, 0);
  x = {{1, 30, 10}, std::vector<double>(300, 0.0)};
  for (const double g : model.gradient(x, loss).at("J_1_to_1").as_double()) EXPECT_EQ(g, 0);
}

TEST(SpikingTraining, SomaNetworksLearnToo) {
  Model model = network("Soma, params: {dim: 30, dt: 37, gamma_plus: 0.01, gamma_minus: 0.01, threshold: 0.1, surrogate_width: 0.5}", "phi", "0.1");
  EXPECT_GT(share_after_training(model, 100, 0.1), 0.85);
}

TEST(SpikingTraining, OtherSpikesAreRefused) {
  Model model = network("DoubleExponentialLIF, params: {dim: 3}", "current");
  const Array x{{1, 3, 10}, std::vector<double>(30)};
  EXPECT_EQ(failure([&] { model.gradient(x, {{.target = {{1, 2}, std::vector<double>{0, 0}}, .pooling = "final"}}); }),
            "layer 1 (DoubleExponentialLIF) fires, and its spikes have no derivative\n"
            "  gradients are for networks of rates, and for layers with a surrogate: LIF, CurrentLIF, CubaLIF, IF, Soma");
}

}  // namespace
}  // namespace dynode
