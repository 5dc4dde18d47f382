// LTC layers as people meet them: what is recorded, where they start, time spans, files, constraints.
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

#include "dynode/io/io_test.h"
#include "dynode/models/model.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;
using Shape   = std::vector<int64_t>;

/// Two inputs into an LTC layer with these params.
Model liquid(const std::string& params, Precision precision = Precision::float64) {
  return Model::from_spec(read_spec(parse_yaml("layers:\n"
                                               "  - {layer_id: 0, layer_type: Input, params: {dim: 2}}\n"
                                               "  - {layer_id: 1, layer_type: LTC, params: {" +
                                                   params +
                                                   "}}\n"
                                                   "connections:\n"
                                                   "  - {from_layer: 0, to_layer: 1, connection_type: direct}\n",
                                               "net.yaml")),
                          {.precision = precision});
}
const char* const kWired = "dim: 9, wiring: {type: AutoNCP, params: {output_size: 2}}";

/// [rows][steps][2], between −1 and 1.
Array waves(int64_t rows, int64_t steps) {
  Numbers x;
  for (int64_t i = 0; i < rows * steps * 2; ++i) x.push_back(std::sin(0.7 * double(i)));
  return {{rows, steps, 2}, x};
}

TEST(LiquidModel, RecordsPotentialsOfAllNeuronsAndOutputsOfTheFirst) {
  Model m = liquid(kWired);
  m.set_parameter("layer1/output_w", Array{{2}, Numbers{2, -1}});
  m.set_parameter("layer1/output_b", Array{{2}, Numbers{0.5, 0}});
  const Results run = m.simulate(waves(3, 4), {.record = {"s", "state"}});
  const Array & v = run.at("state/1/v"), &s = run.at("s/1");
  EXPECT_EQ(v.shape, (Shape{3, 5, 9}));
  EXPECT_EQ(s.shape, (Shape{3, 5, 2}));
  EXPECT_EQ(run.at("output").as_double(), s.as_double());
  const Numbers potentials = v.as_double(), outputs = s.as_double();
  for (size_t row = 0; row < 3; ++row)
    for (size_t t = 1; t <= 4; ++t) {
      EXPECT_NEAR(outputs[(row * 5 + t) * 2], 2 * potentials[(row * 5 + t) * 9] + 0.5, 1e-14);
      EXPECT_NEAR(outputs[(row * 5 + t) * 2 + 1], -potentials[(row * 5 + t) * 9 + 1], 1e-14);
    }
}

TEST(LiquidModel, RecordsEffectiveTimeConstants) {
  const auto open = [](double sigma, double v, double mu) { return 1 / (1 + std::exp(-sigma * (v - mu))); };
  for (const int64_t rows : {3, 40}) {   // both layouts
    Model         m   = liquid("dim: 5, input_mapping: none");
    const Array   x   = waves(rows, 4);
    const Results run = m.simulate(x, {.record = {"tau", "state"}});
    const auto    p   = [&](const char* name) { return m.parameter(std::string("layer1/") + name).as_double(); };
    const Numbers tau = run.at("tau/1").as_double(), v = run.at("state/1/v").as_double(), in = x.as_double();
    const Numbers cm = p("cm"), gleak = p("gleak"), w = p("w"), sigma = p("sigma"), mu = p("mu");
    const Numbers sw = p("sensory_w"), ss = p("sensory_sigma"), sm = p("sensory_mu");
    ASSERT_EQ(run.at("tau/1").shape, (Shape{rows, 4, 5}));
    for (size_t row = 0; row < size_t(rows); ++row)
      for (size_t t = 0; t < 4; ++t)
        for (size_t j = 0; j < 5; ++j) {
          double g = gleak[j], most = gleak[j];
          for (size_t i = 0; i < 2; ++i)
            g += sw[i * 5 + j] * open(ss[i * 5 + j], in[(row * 4 + t) * 2 + i], sm[i * 5 + j]), most += sw[i * 5 + j];
          for (size_t i = 0; i < 5; ++i)
            g += w[i * 5 + j] * open(sigma[i * 5 + j], v[(row * 5 + t) * 5 + i], mu[i * 5 + j]), most += w[i * 5 + j];
          const double got = tau[(row * 4 + t) * 5 + j];
          EXPECT_NEAR(got, cm[j] / g, 1e-12);
          EXPECT_LE(got, cm[j] / gleak[j]);
          EXPECT_GE(got, cm[j] / most);
        }
  }
  // with an LSTM in front: at the potentials it gives
  Model led = liquid("dim: 5, mixed_memory: true");
  EXPECT_EQ(led.simulate(waves(2, 4), {.record = {"tau/1"}}).at("tau/1").shape, (Shape{2, 4, 5}));
}

TEST(LiquidModel, GoesOnFromAGivenState) {
  Model         m     = liquid(kWired);
  const Array   x     = waves(1, 6);
  const Numbers whole = m.simulate(x, {.record = {"state/1/v"}}).at("state/1/v").as_double();
  const Numbers all   = x.as_double();
  const Array   later{{1, 3, 2}, Numbers(all.begin() + 6, all.end())};
  for (const char* name : {"1", "1/v"}) {
    const Array   start{{9}, Numbers(whole.begin() + 3 * 9, whole.begin() + 4 * 9)};
    const Numbers rest =
        m.simulate(later, {.record = {"state/1/v"}, .initial_states = {{name, start}}}).at("state/1/v").as_double();
    EXPECT_EQ(rest, Numbers(whole.begin() + 3 * 9, whole.end()));
  }
}

TEST(LiquidModel, ReproducesItselfFromItsFile) {
  const TemporaryFolder dir;
  for (const char* params : {kWired, "dim: 4, positivity: clamp, mixed_memory: true"}) {
    Model m = liquid(params, Precision::float32);
    m.save(dir / "net.dynode");
    Model again = Model::load(dir / "net.dynode");
    EXPECT_EQ(again.simulate(waves(2, 5)).at("output").as_float(), m.simulate(waves(2, 5)).at("output").as_float());
    EXPECT_EQ(again.parameter_names(), m.parameter_names());
  }
}

TEST(LiquidModel, TakesTimeSpans) {
  Model       m    = liquid("dim: 4");
  const Array x    = waves(2, 3);
  const auto  last = [&](const Array& spans) {
    const Numbers v = m.simulate(x, {.record = {"state/1/v"}, .timespans = spans}).at("state/1/v").as_double();
    return v;
  };
  const Numbers ones = m.simulate(x, {.record = {"state/1/v"}}).at("state/1/v").as_double();
  EXPECT_EQ(last({{3}, Numbers(3, 1.0)}), ones);
  EXPECT_EQ(last({{2, 3, 1}, Numbers(6, 1.0)}), ones);
  const Numbers mixed = last({{2, 3}, Numbers{1, 0, 1, 1, 2, 1}});
  for (size_t unit = 0; unit < 4; ++unit) {
    EXPECT_EQ(mixed[2 * 4 + unit], mixed[4 + unit]) << "no time passes";
    EXPECT_EQ(mixed[(4 + 1) * 4 + unit], ones[(4 + 1) * 4 + unit]);
    EXPECT_NE(mixed[(4 + 2) * 4 + unit], ones[(4 + 2) * 4 + unit]);
  }
}

TEST(LiquidModel, ClampRaisesToZeroWhatAnUpdateMadeNegative) {
  for (const char* positivity : {"clamp", "none"}) {
    Model m = liquid(std::string("dim: 3, positivity: ") + positivity);
    m.set_parameter("layer1/w", Array{{3, 3}, Numbers{1, 1, 1, -1, -0.5, 0, 1, 1, 1}});
    const Numbers w = m.parameter("layer1/w").as_double();
    EXPECT_EQ(w[3], positivity == std::string("clamp") ? 0 : -1);
    EXPECT_EQ(w[0], 1);
  }
}

TEST(LiquidModel, AMemoryInFrontGivesTheStartOfEveryStep) {
  Model m = liquid("dim: 3, mixed_memory: state, ode_unfolds: 1");
  EXPECT_EQ(m.parameter("layer1/input_map").shape, (Shape{12, 2}));
  EXPECT_EQ(m.parameter("layer1/recurrent_map").shape, (Shape{12, 3}));
  // an LSTM that always says tanh(1) σ(1): no weights, candidate saturated, gates as their biases
  m.set_parameter("layer1/input_map", Array{{12, 2}, Numbers(24, 0.0)});
  m.set_parameter("layer1/recurrent_map", Array{{12, 3}, Numbers(36, 0.0)});
  Numbers bias(12, 0.0);
  for (size_t i = 0; i < 3; ++i) bias[i] = bias[3 + i] = 1e3, bias[6 + i] = -1e3, bias[9 + i] = 1;
  m.set_parameter("layer1/input_map_bias", Array{{12}, bias});
  const Array   still{{1, 4, 2}, Numbers(8, 0.3)};
  const Numbers v = m.simulate(still, {.record = {"state/1/v"}, .timespans = Array{{4}, Numbers{1, 0, 1, 0}}})
                        .at("state/1/v")
                        .as_double();
  for (size_t unit = 0; unit < 3; ++unit) {
    EXPECT_NEAR(v[2 * 3 + unit], std::tanh(1.0) / (1 + std::exp(-1.0)), 1e-12)
        << "without time it stays where it starts";
    EXPECT_EQ(v[3 + unit], v[3 * 3 + unit]) << "and forgets where it was";
  }
}

}  // namespace
}  // namespace dynode
