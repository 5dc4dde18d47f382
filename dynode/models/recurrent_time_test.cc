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

INSTANTIATE_TEST_SUITE_P(PublishedKinds, GradientInTime,
                         testing::Values("layer_type: CTGRU, params: {dim: 3}",
                                         "layer_type: CTGRU, params: {dim: 3, init_state: learn}",
                                         "layer_type: coRNN, params: {dim: 3, gamma: 0.6, epsilon: 0.3}",
                                         "layer_type: coRNN, params: {dim: 3, gamma: 0.5, epsilon: 0.4, init_state: learn, "
                                         "learnable_params: {gamma: true, epsilon: true}}",
                                         "layer_type: GRUODE, params: {dim: 3}",
                                         "layer_type: LipschitzRNN, params: {dim: 3}",
                                         "layer_type: LipschitzRNN, params: {dim: 3, beta: 0.6, gamma_A: 0.2, gamma_W: 0.1, "
                                         "init_state: learn, learnable_params: {gamma_A: true, gamma_W: true}}",
                                         "layer_type: GRUODE, params: {dim: 3, unfolds: 1}"));

TEST(CtGru, IsWhatItsEquationsSay) {
  // one unit and one input; rows: retrieval, candidate, storage
  Model                     model = network("layer_type: CTGRU, params: {dim: 1}", 1);
  const std::vector<double> u = {0.7, -1.3, 2.1}, b = {0.4, 0.2, 1.5}, r = {-3, 1.6, 4};
  model.set_parameter("layer1/input_map", {{3, 1}, u});
  model.set_parameter("layer1/input_map_bias", {{3}, b});
  model.set_parameter("layer1/recurrent_map", {{3, 1}, r});
  const std::vector<double> x = {1, -0.5, 0.8, 2}, t = {1, 0.25, 3, 0};
  const std::vector<double> y =
      model.simulate({{1, 4, 1}, x}, {.timespans = Array{{1, 4}, t}}).at("output").as_double();
  double     memory[8] = {}, h = 0;
  const auto log_tau = [](int k) { return 0.5 * k * std::log(10.0); };
  const auto weight  = [&](double gate, int k) {
    double sum = 0;
    for (int j = 0; j < 8; ++j) sum += std::exp(-std::pow(gate - log_tau(j), 2));
    return std::exp(-std::pow(gate - log_tau(k), 2)) / sum;
  };
  for (size_t n = 0; n < 4; ++n) {
    const double retrieve = u[0] * x[n] + b[0] + r[0] * h, store = u[2] * x[n] + b[2] + r[2] * h;
    double       retrieved = 0;
    for (int k = 0; k < 8; ++k) retrieved += weight(retrieve, k) * memory[k];
    const double q = std::tanh(u[1] * x[n] + b[1] + r[1] * retrieved);
    h = 0;
    for (int k = 0; k < 8; ++k) {
      const double s = weight(store, k);
      memory[k] = ((1 - s) * memory[k] + s * q) * std::exp(-t[n] / std::exp(log_tau(k)));
      h += memory[k];
    }
    EXPECT_NEAR(y[n + 1], h, 1e-14) << n;
  }
}

TEST(CtGru, GatesFarFromAllScalesChooseTheNearest) {
  Model model = network("layer_type: CTGRU, params: {dim: 1}", 1);
  model.set_parameter("layer1/input_map", {{3, 1}, std::vector<double>{0, 1, 1}});
  model.set_parameter("layer1/recurrent_map", {{3, 1}, std::vector<double>(3)});
  // exp of the squares alone would be 0 for every scale
  for (const auto& [input, tau] : {std::pair{-90.0, 1.0}, {90.0, std::pow(10, 3.5)}}) {
    const auto y = model.simulate({{1, 1, 1}, std::vector<double>{input}}).at("output").as_double();
    EXPECT_NEAR(y[1], std::tanh(input) * std::exp(-1 / tau), 1e-12) << "exponents in the thousands have four digits less";
  }
}

TEST(CoRnn, WithoutWeightsItSwings) {
  Model model = network("layer_type: coRNN, params: {dim: 1, gamma: 4, epsilon: 0}", 1);
  for (const char* name : {"layer1/input_map", "layer1/recurrent_map", "layer1/velocity_map"})
    model.set_parameter(name, {{1, 1}, std::vector<double>(1)});
  const int64_t steps = 2000;
  const auto    y =
      model.simulate({{1, steps, 1}, std::vector<double>(size_t(steps))},
                     {.initial_states = {{"1", {{1}, std::vector<double>{1}}}},
                      .timespans      = Array{{1, steps}, std::vector<double>(size_t(steps), 1e-3)}})
          .at("output")
          .as_double();
  // y″ = −4 y: cos 2t
  for (size_t n : {500, 1000, 2000}) EXPECT_NEAR(y[n], std::cos(2e-3 * double(n)), 2e-3) << n;
}

TEST(CoRnn, AStepUsesTheNewVelocity) {
  Model model = network("layer_type: coRNN, params: {dim: 1, gamma: 0.5, epsilon: 0.25}", 1);
  model.set_parameter("layer1/input_map", {{1, 1}, std::vector<double>{2}});
  model.set_parameter("layer1/recurrent_map", {{1, 1}, std::vector<double>{0.3}});
  model.set_parameter("layer1/velocity_map", {{1, 1}, std::vector<double>{-0.7}});
  const auto y = model.simulate({{1, 2, 1}, std::vector<double>{0.4, -1}}, {.timespans = Array{{1, 2}, std::vector<double>{0.5, 2}}})
                     .at("output")
                     .as_double();
  const double z1 = 0.5 * std::tanh(0.8), y1 = 0.5 * z1;
  const double z2 = z1 + 2 * (std::tanh(-2 + 0.3 * y1 - 0.7 * z1) - 0.5 * y1 - 0.25 * z1);
  EXPECT_NEAR(y[1], y1, 1e-15);
  EXPECT_NEAR(y[2], y1 + 2 * z2, 1e-15);
}

TEST(LipschitzRnn, ItsMatricesAreMostlyAntisymmetric) {
  Model model = network("layer_type: LipschitzRNN, params: {dim: 3, beta: 0.7, gamma_A: 0.05, gamma_W: 0.02}", 1);
  const std::vector<double> a = {0.3, -0.2, 0.9, 0.4, 0.1, -0.6, -0.5, 0.8, 0.7},
                            w = {-0.4, 0.6, 0.2, -0.1, 0.5, 0.3, 0.9, -0.8, 0.25}, u = {0.5, -1, 0.2},
                            b = {0.1, 0, -0.3};
  model.set_parameter("layer1/input_map", {{3, 1}, u});
  model.set_parameter("layer1/input_map_bias", {{3}, b});
  model.set_parameter("layer1/M_A", {{3, 3}, a});
  model.set_parameter("layer1/M_W", {{3, 3}, w});
  for (int64_t rows : {1, 40}) {   // few rows, and rows as lanes
    std::vector<double> x, t;
    for (int64_t row = 0; row < rows; ++row)
      for (double v : {1.0, -0.4, 0.7}) x.push_back(v + 0.1 * double(row)), t.push_back(0.25 * std::abs(v));
    const auto y = model.simulate({{rows, 3, 1}, x}, {.timespans = Array{{rows, 3}, t}}).at("output").as_double();
    for (size_t row = 0; row < size_t(rows); ++row) {
      std::vector<double> h(3);
      for (size_t n = 0; n < 3; ++n) {
        std::vector<double> next = h;
        const auto entry = [&](const std::vector<double>& m, size_t i, size_t j, double gamma) {
          return 0.3 * (m[3 * i + j] + m[3 * j + i]) + 0.7 * (m[3 * i + j] - m[3 * j + i]) - (i == j ? gamma : 0);
        };
        for (size_t i = 0; i < 3; ++i) {
          double linear = 0, inside = u[i] * x[3 * row + n] + b[i];
          for (size_t j = 0; j < 3; ++j) linear += entry(a, i, j, 0.05) * h[j], inside += entry(w, i, j, 0.02) * h[j];
          next[i] += t[3 * row + n] * (linear + std::tanh(inside));
          EXPECT_NEAR(y[12 * row + 3 * (n + 1) + i], next[i], 1e-14) << row << " " << n << " " << i;
        }
        h = next;
      }
    }
  }
}

TEST(GruOde, WithoutWeightsItFollowsEulersMethodToItsTarget) {
  Model model = network("layer_type: GRUODE, params: {dim: 1, unfolds: 5}", 1);
  for (const char* name : {"layer1/input_map", "layer1/recurrent_map"})
    model.set_parameter(name, {{3, 1}, std::vector<double>(3)});
  model.set_parameter("layer1/input_map_bias", {{3}, std::vector<double>{0, 0, 0.9}});
  const auto y = model.simulate({{1, 2, 1}, std::vector<double>(2)}, {.initial_states = {{"1", {{1}, std::vector<double>{-0.8}}}},
                                                                      .timespans = Array{{1, 2}, std::vector<double>{2, 0}}})
                     .at("output")
                     .as_double();
  const double target = std::tanh(0.9);
  EXPECT_NEAR(y[1], target + (-0.8 - target) * std::pow(1 - 0.5 * 2 / 5, 5), 1e-15);
  EXPECT_EQ(y[2], y[1]) << "no time, no change";
}

TEST(GruOde, TheResetGateActsOnTheStateBeforeItsWeights) {
  Model                     model = network("layer_type: GRUODE, params: {dim: 2, unfolds: 1}", 1);
  const std::vector<double> r     = {0.2, -1, 0.5, 0.4, 1.1, 0.3, -0.6, 0.9, 0.8, -1.2, 0.7, 0.1}, h = {0.3, -0.5};
  model.set_parameter("layer1/input_map", {{6, 1}, std::vector<double>(6)});
  model.set_parameter("layer1/recurrent_map", {{6, 2}, r});   // rows: reset, update, new value
  const auto y = model.simulate({{1, 1, 1}, std::vector<double>(1)}, {.initial_states = {{"1", {{2}, h}}}})
                     .at("output")
                     .as_double();
  const auto product = [&](size_t row, double a, double b) { return r[2 * row] * a + r[2 * row + 1] * b; };
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  const double s0 = sigmoid(product(0, h[0], h[1])) * h[0], s1 = sigmoid(product(1, h[0], h[1])) * h[1];
  for (size_t i = 0; i < 2; ++i) {
    const double z = sigmoid(product(2 + i, h[0], h[1]));
    EXPECT_NEAR(y[2 + i], h[i] + (1 - z) * (std::tanh(product(4 + i, s0, s1)) - h[i]), 1e-15);
  }
}

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
  for (const auto& [layer, message] :
       std::initializer_list<std::pair<const char*, const char*>>{
           {"layer_type: coRNN, params: {dim: 3, gama: 2}", "did you mean 'gamma'"},
        {"layer_type: coRNN, params: {dim: 3, epsilon: -1}", "epsilon is -1, outside its range"},
        {"layer_type: CTGRU, params: {dim: 3, learnable_params: {recurent_map: false}}", "did you mean 'recurrent_map'"},
        {"layer_type: CTGRU, params: {dim: 3, wiring: {type: FullyConnected}}", "CTGRU has no wiring"},
        {"layer_type: LipschitzRNN, params: {dim: 3, beta: 0.3}", "beta"},
        {"layer_type: LipschitzRNN, params: {dim: 3, gamma: 0.3}", "did you mean 'gamma_A'"},
        {"layer_type: GRUODE, params: {dim: 3, unfolds: 0}", "unfolds"}})
    EXPECT_NE(failure([l = layer] { network(l); }).find(message), std::string::npos) << layer;
}

}  // namespace
}  // namespace dynode
