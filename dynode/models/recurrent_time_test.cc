// Recurrent layers that know the time between inputs, by an equation or by decay: closed forms, gradients by differences.
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/base/random.h"
#include "dynode/models/model.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

Model network(const std::string& layer, int inputs = 2) {
  return Model::from_spec(
      read_spec(parse_yaml("layers:\n  - {layer_id: 0, layer_type: Input, params: {dim: " + std::to_string(inputs) +
                           "}}\n  - {layer_id: 1, " + layer +
                           "}\nconnections:\n  - {from_layer: 0, to_layer: 1, connection_type: direct}\n")),
      {.precision = Precision::float64, .seed = 3});
}

Array random_array(std::vector<int64_t> shape, double low, double high) {
  Random              random(11, "ode_test");
  std::vector<double> values(size_t(element_count(shape)));
  for (double& v : values) v = low + (high - low) * random.uniform();
  return {std::move(shape), std::move(values)};
}

TEST(OdeRnn, WithoutWeightsItDecaysByEulersMethod) {
  Model model = network("layer_type: ODERNN, params: {dim: 2, decay: 0.5, unfolds: 4, init_state: zero}");
  for (const char* name : {"layer1/input_map", "layer1/recurrent_map"}) {
    Array zero = model.parameter(name);
    zero.data  = std::vector<double>(zero.size());
    model.set_parameter(name, zero);
  }
  const Results run =
      model.simulate({{1, 3, 2}, std::vector<double>(6)}, {.initial_states = {{"1", {{2}, std::vector<double>{1, -2}}}},
                                                           .timespans = Array{{1, 3}, std::vector<double>{1, 2, 0}}});
  const std::vector<double> y     = run.at("output").as_double();
  const double              first = std::pow(1 - 0.5 / 4, 4), second = first * std::pow(1 - 0.5 * 2 / 4, 4);
  EXPECT_NEAR(y[2], first, 1e-14);
  EXPECT_NEAR(y[3], -2 * first, 1e-14);
  EXPECT_NEAR(y[4], second, 1e-14);
  EXPECT_NEAR(y[6], second, 1e-14) << "no time, no change";
}

TEST(OdeRnn, ManySubStepsComeNearTheSolution) {
  // one unit, R = 0: dh/dt = tanh(w) − δ h from 0 has the solution tanh(w)/δ (1 − exp(−δ t))
  Model model = network("layer_type: ODERNN, params: {dim: 1, decay: 1, unfolds: 500}", 1);
  model.set_parameter("layer1/recurrent_map", {{1, 1}, std::vector<double>{0}});
  model.set_parameter("layer1/input_map", {{1, 1}, std::vector<double>{0.7}});
  const std::vector<double> y = model.simulate({{1, 1, 1}, std::vector<double>{1}}).at("output").as_double();
  EXPECT_NEAR(y[1], std::tanh(0.7) * (1 - std::exp(-1.0)), 1e-3);
}

class GradientInTime : public testing::TestWithParam<const char*> {};

TEST_P(GradientInTime, IsTheSlopeOfTheLoss) {
  Model       model = network(GetParam());
  const Array x = random_array({3, 5, 2}, -1, 1), spans = random_array({3, 5}, 0.2, 1.5),
              target = random_array({3, 5, 3}, -1, 1);
  const LossTerm  loss{.loss = "mse", .target = target};
  GradientRequest request;
  request.timespans = spans, request.input = true, request.spans = true;
  const Gradient gradient = model.gradient(x, {loss}, request);
  const auto     value    = [&](const Array& input, const Array& times) {
    GradientRequest r;
    r.timespans = times;
    return model.gradient(input, {loss}, r).loss;
  };
  const double h = 1e-5;
  for (const std::string& name : model.parameter_names()) {
    const Array         old = model.parameter(name);
    const ParameterMap& map = model.plan().parameters;
    const Block&        b   = map[map.find(name)];
    if (!b.learnable && name == "layer1/forget_bias") continue;  // has no gradient
    if (old.as_double()[0] <= b.min) continue;                   // one side is out of bounds
    const std::vector<double> g = gradient.at(name).as_double();
    for (size_t i = 0; i < std::min<size_t>(old.size(), 7); ++i) {
      const auto moved = [&](double by) {
        Array next = {old.shape, old.as_double()};
        std::get<std::vector<double>>(next.data)[i] += by;
        model.set_parameter(name, next);
        return value(x, spans);
      };
      const double slope = (moved(h) - moved(-h)) / (2 * h);
      EXPECT_NEAR(g[i], slope, 1e-7) << name << " " << i;
    }
    model.set_parameter(name, old);
  }
  for (size_t i : {0, 4, 9, 14}) {
    Array up = {spans.shape, spans.as_double()}, down = up;
    std::get<std::vector<double>>(up.data)[i] += h, std::get<std::vector<double>>(down.data)[i] -= h;
    EXPECT_NEAR(gradient.spans->as_double()[i], (value(x, up) - value(x, down)) / (2 * h), 1e-8) << "span " << i;
  }
  for (size_t i : {0, 7, 29}) {
    Array up = {x.shape, x.as_double()}, down = up;
    std::get<std::vector<double>>(up.data)[i] += h, std::get<std::vector<double>>(down.data)[i] -= h;
    EXPECT_NEAR(gradient.input->as_double()[i], (value(up, spans) - value(down, spans)) / (2 * h), 1e-8)
        << "input " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, GradientInTime,
                         testing::Values("layer_type: ODERNN, params: {dim: 3}",
                                         "layer_type: ODERNN, params: {dim: 3, unfolds: 1, decay: 0.3}",
                                         "layer_type: ODERNN, params: {dim: 3, decay: 0.3, scale: 0.8, unfolds: 3, "
                                         "learnable_params: {scale: true, decay: true}}",
                                         "layer_type: ODELSTM, params: {dim: 3, decay: 0.2}"));

INSTANTIATE_TEST_SUITE_P(DecayingKinds, GradientInTime,
                         testing::Values("layer_type: GRUD, params: {dim: 3}",
                                         "layer_type: GRUD, params: {dim: 3, decay: 0.4, decay_bias: 0.2}",
                                         "layer_type: RNNDecay, params: {dim: 3, decay: 0.7}"));

TEST(RnnDecay, ItsStateDecaysInTheTimeOfTheStep) {
  Model model = network("layer_type: RNNDecay, params: {dim: 1, decay: 0.5, decay_bias: 0.1}", 1);
  model.set_parameter("layer1/recurrent_map", {{1, 1}, std::vector<double>{2}});
  const std::vector<double> y =
      model
          .simulate({{1, 2, 1}, std::vector<double>{0, 0}}, {.initial_states = {{"1", {{1}, std::vector<double>{0.3}}}},
                                                             .timespans = Array{{1, 2}, std::vector<double>{3, 0}}})
          .at("output")
          .as_double();
  EXPECT_NEAR(y[1], std::tanh(2 * 0.3 * std::exp(-(0.5 * 3 + 0.1))), 1e-15);
  EXPECT_NEAR(y[2], std::tanh(2 * y[1] * std::exp(-0.1)), 1e-15);
}

TEST(GruD, WithoutWeightsItForgetsHalfOfTheDecayedState) {
  Model model = network("layer_type: GRUD, params: {dim: 1, decay: 0.5}", 1);
  for (const char* name : {"layer1/input_map", "layer1/recurrent_map"})
    model.set_parameter(name, {{3, 1}, std::vector<double>(3)});
  const std::vector<double> y =
      model
          .simulate({{1, 1, 1}, std::vector<double>{0.4}}, {.initial_states = {{"1", {{1}, std::vector<double>{0.8}}}},
                                                            .timespans      = Array{{1, 1}, std::vector<double>{2}}})
          .at("output")
          .as_double();
  EXPECT_NEAR(y[1], 0.5 * 0.8 * std::exp(-1.0), 1e-15);
}

TEST(OdeRnn, MistakesAreExplained) {
  EXPECT_NE(failure([] { network("layer_type: GRUD, params: {dim: 3, decy: 2}"); }).find("did you mean 'decay'"),
            std::string::npos);
  EXPECT_NE(failure([] { network("layer_type: ODERNN, params: {dim: 3, unfold: 2}"); }).find("did you mean 'unfolds'"),
            std::string::npos);
  EXPECT_NE(failure([] {
              network("layer_type: ODERNN, params: {dim: 3, decay: -1}");
            }).find("decay is -1, outside its range"),
            std::string::npos);
  EXPECT_NE(failure([] {
              network("layer_type: ODELSTM, params: {dim: 3, wiring: {type: FullyConnected}}");
            }).find("ODELSTM has no wiring"),
            std::string::npos);
}

}  // namespace
}  // namespace dynode
