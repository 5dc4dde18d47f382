// CfC layers as people meet them: time spans, states handed on, losses on states, files.
#include <cmath>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/models/model.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

Model model_of(const std::string& params, const std::string& type = "CfC", int inputs = 2,
               Precision precision = Precision::float64) {
  const bool direct = type == "CfC";
  return Model::from_spec(
      read_spec(parse_yaml("layers:\n  - {layer_id: 0, layer_type: Input, params: {dim: " + std::to_string(inputs) +
                               "}}\n  - {layer_id: 1, layer_type: " + type + ", params: {" + params +
                               "}}\nconnections:\n  - {from_layer: 0, to_layer: 1, connection_type: " +
                               (direct ? "direct" : "dense") + "}\n",
                           "net.yaml")),
      {.precision = precision, .seed = 7});
}

const std::string kWired = "dim: 9, wiring: {type: AutoNCP, params: {output_size: 2}}";

Array wave(std::vector<int64_t> shape, double step = 0.37, double level = 0) {
  std::vector<double> values(size_t(element_count(shape)));
  for (size_t i = 0; i < values.size(); ++i) values[i] = level + std::sin(1 + step * double(i));
  return {shape, values};
}

std::vector<double> last(const Array& history) {
  const std::vector<double> all  = history.as_double();
  const ptrdiff_t           rows = history.shape[0], entries = history.shape[1], units = history.shape[2];
  std::vector<double>       cut;
  for (ptrdiff_t r = 0; r < rows; ++r)
    cut.insert(cut.end(), all.begin() + ((r + 1) * entries - 1) * units, all.begin() + (r + 1) * entries * units);
  return cut;
}

TEST(Cfc, OneUnitFollowsItsFormula) {
  Model      m   = model_of("dim: 1, backbone_layers: 0", "CfC", 1);
  const auto set = [&](const std::string& head, double x, double h, double bias) {
    m.set_parameter("layer1/" + head, Array{{1, 2}, std::vector<double>{x, h}});
    m.set_parameter("layer1/" + head + "_bias", Array{{1}, std::vector<double>{bias}});
  };
  set("ff1", 0.5, -0.3, 0.1), set("ff2", -0.7, 0.2, 0.3), set("time_a", 1.1, 0.4, -0.2), set("time_b", 0.6, -0.9, 0.05);
  const Array x{{1, 2, 1}, std::vector<double>{0.8, -0.4}}, spans{{1, 2}, std::vector<double>{0.5, 2}};
  const auto  got =
      m.simulate(x, {.initial_states = {{"1", Array{{1}, std::vector<double>{0.25}}}}, .timespans = spans});
  double h = 0.25;
  for (int t = 0; t < 2; ++t) {
    const double in = x.as_double()[size_t(t)], dt = spans.as_double()[size_t(t)];
    const auto   head = [&](double wx, double wh, double b) { return wx * in + wh * h + b; };
    const double g    = 1 / (1 + std::exp(-(head(1.1, 0.4, -0.2) * dt + head(0.6, -0.9, 0.05))));
    h                 = std::tanh(head(0.5, -0.3, 0.1)) * (1 - g) + g * std::tanh(head(-0.7, 0.2, 0.3));
    EXPECT_NEAR(got.at("output").as_double()[size_t(t) + 1], h, 1e-14);
  }
}

TEST(Cfc, SpansTakeThePlaceOfDt) {
  Model       m      = model_of("dim: 4");
  const Array x      = wave({3, 5, 2});
  const auto  output = [&](Model& model, const std::optional<Array>& spans) {
    return model.simulate(x, {.timespans = spans}).at("output").as_double();
  };
  const std::vector<double> plain = output(m, {}), halves(15, 0.5);
  EXPECT_EQ(output(m, Array{{3, 5}, std::vector<double>(15, 1.0)}), plain);
  EXPECT_NE(output(m, Array{{3, 5}, halves}), plain);
  EXPECT_EQ(output(m, Array{{3, 5}, halves}), output(m, Array{{5}, std::vector<double>(5, 0.5)}));
  EXPECT_EQ(output(m, Array{{3, 5}, halves}), output(m, Array{{3, 5, 1}, halves}));
  Model own = model_of("dim: 4, dt: 0.5");  // whose own time is its own
  EXPECT_EQ(output(m, Array{{3, 5}, halves}), output(own, {}));
  EXPECT_NE(failure([&] { output(own, Array{{3, 5}, halves}); }).find("follows time spans"), std::string::npos);
}

TEST(Cfc, WhereAllStepsLastAlikeOneProductServesBothTimeHeads) {
  // single precision joins time_a and time_b, unless spans are given; rows in two layouts
  const Array x = wave({19, 6, 2});
  for (const std::string& params :
       {std::string("dim: 3, backbone_units: 5"), kWired + ", mask_time_heads: true",
        kWired + ", time_sign: '-', mode: no_gate", kWired + ", learnable_params: {time_a_1: false, time_b_0_bias: false}",
        std::string("dim: 3, backbone_layers: 0, mixed_memory: state, time_sign: '-'")}) {
    const int64_t outputs = int64_t(model_of(params).plan().layers[1].units);
    const auto    run     = [&](const std::string& more, const std::optional<Array>& spans, Precision precision) {
      Model    m = model_of(params + more, "CfC", 2, precision);
      Gradient g = m.gradient(x, {{.target = wave({19, 6, outputs}, 0.2)}}, {.input = true, .timespans = spans});
      std::vector<double> all = {g.loss};
      for (const std::string& name : m.parameter_names())
        if (m.plan().parameters[m.plan().parameters.find(name)].learnable)
          for (double v : g.at(name).as_double()) all.push_back(v);
      for (double v : g.input->as_double()) all.push_back(v);
      return all;
    };
    for (const double dt : {1.0, 0.4}) {
      const std::string own = dt == 1 ? "" : ", dt: 0.4";
      const Array       spans{{19, 6}, std::vector<double>(19 * 6, dt)};
      const auto        exact = run(own, {}, Precision::float64), apart = run("", spans, Precision::float32),
                        joined = run(own, {}, Precision::float32);
      ASSERT_EQ(exact.size(), joined.size());
      EXPECT_EQ(run("", spans, Precision::float64), exact) << params;   // nothing is joined in double precision
      EXPECT_NE(apart, joined) << params << ": they are no longer told apart";
      double largest = 0;
      for (double v : exact) largest = std::max(largest, std::abs(v));
      for (size_t i = 0; i < exact.size(); ++i) {
        ASSERT_NEAR(joined[i], exact[i], 2e-6 * largest) << params << ' ' << i;
        ASSERT_NEAR(apart[i], exact[i], 2e-6 * largest) << params << ' ' << i;
      }
    }
  }
}

TEST(Cfc, OddSpansAreErrors) {
  Model      m    = model_of("dim: 4");
  const auto says = [&](const Array& spans, const char* words) {
    const std::string what = failure([&] { m.simulate(wave({3, 5, 2}), {.timespans = spans}); });
    EXPECT_NE(what.find(words), std::string::npos) << what;
  };
  says(Array{{5, 3}, std::vector<double>(15, 1.0)}, "[3, 5]");
  says(Array{{3}, std::vector<double>(3, 1.0)}, "[5] for all rows alike");
  std::vector<double> odd(15, 1.0);
  odd[7] = -1;
  says(Array{{3, 5}, odd}, "the span of row 1, step 2 is -1");
  odd[7] = NAN;
  says(Array{{3, 5}, odd}, "row 1, step 2");
  Model still = model_of("dim: 2", "Linear");
  EXPECT_NE(failure([&] {
              still.simulate(wave({3, 5, 2}), {.timespans = Array{{3, 5}, std::vector<double>(15, 1.0)}});
            }).find("no layer of this network follows time spans"),
            std::string::npos);
  EXPECT_NE(failure([&] {
              m.gradient(wave({3, 5, 2}), {{.target = wave({3, 5, 4})}}, {.spans = true});
            }).find("time spans"),
            std::string::npos);
}

/// Differences of a loss along one number, against what is claimed to be its derivative.
void expect_slope(const std::function<double(double)>& loss, double slope, const std::string& what) {
  const double h = 1e-5;
  EXPECT_NEAR((loss(h) - loss(-h)) / (2 * h), slope, 1e-8 * (1 + std::abs(slope))) << what;
}
Array moved(const Array& a, size_t at, double by) {
  std::vector<double> values = a.as_double();
  values[at] += by;
  return {a.shape, values};
}

TEST(Cfc, GradientsByInputSpansAndStatesAreDerivatives) {
  for (const std::string& params : {std::string("dim: 3, backbone_units: 5, activation: gelu"),
                                    std::string("dim: 3, mode: pure, backbone_layers: 0"),
                                    std::string("dim: 3, backbone_units: 6, backbone_layers: 2, backbone_dropout: 0.4"),
                                    kWired + ", mode: no_gate, head_activation: lecun_tanh, time_sign: '-'",
                                    std::string("dim: 3, backbone_units: 5, mixed_memory: state, proj_size: 2"),
                                    kWired + ", mixed_memory: input, proj_size: 3"}) {
    Model         m     = model_of(params);
    const bool    mixed = params.find("mixed") != std::string::npos;
    const int64_t rows = 2, steps = 4, units = params[5] - '0', outputs = int64_t(m.plan().layers[1].units);
    const Array   x = wave({rows, steps, 2}), spans = wave({rows, steps}, 0.7, 1.2), h0 = wave({rows, units}, 0.9),
                c0             = wave({rows, units}, 1.3);
    std::vector<LossTerm> loss = {
        {.target = wave({rows, steps, outputs}, 0.2)},
        {.target = wave({rows, units}, 0.4), .pooling = "final", .weight = 0.5, .layer = 1, .state = "h"}};
    if (mixed)
      loss.push_back({.target = wave({rows, units}, 0.6), .pooling = "final", .weight = 0.3, .layer = 1, .state = "c"});
    const auto run = [&](const Array& x, const Array& spans, const Array& h0, const Array& c0) {
      InitialStates start = {{"1", h0}};
      if (mixed) start["1/c"] = c0;
      return m.gradient(x, loss,
                        {.initial_states = start, .input = true, .initial = true, .timespans = spans, .spans = true,
                         .noise = {.training = true, .pass = 3}});
    };
    const Gradient g     = run(x, spans, h0, c0);
    const auto     start = [&](const std::string& name) {
      for (const auto& [n, a] : g.initial)
        if (n == name) return a.as_double();
      return std::vector<double>();
    };
    for (size_t at : {0, 5, 15})
      expect_slope([&](double by) { return run(moved(x, at, by), spans, h0, c0).loss; }, g.input->as_double()[at],
                   params + " x");
    for (size_t at : {0, 3, 6})
      expect_slope([&](double by) { return run(x, moved(spans, at, by), h0, c0).loss; }, g.spans->as_double()[at],
                   params + " spans");
    for (size_t at : {0, 4}) {
      expect_slope([&](double by) { return run(x, spans, moved(h0, at, by), c0).loss; }, start("1")[at],
                   params + " h0");
      if (mixed)
        expect_slope([&](double by) { return run(x, spans, h0, moved(c0, at, by)).loss; }, start("1/c")[at],
                     params + " c0");
    }
    for (const std::string& name : m.parameter_names()) {
      const Array  now = m.parameter(name);
      const Block& b   = m.plan().parameters[m.plan().parameters.find(name)];
      const size_t at  = now.size() - 1;
      if (!b.mask.empty() && !b.mask[at]) continue;
      if (!b.learnable) continue;
      expect_slope(
          [&](double by) {
            m.set_parameter(name, moved(now, at, by));
            const double value = run(x, spans, h0, c0).loss;
            m.set_parameter(name, now);
            return value;
          },
          g.at(name).as_double()[at], params + " " + name);
    }
  }
}

TEST(Cfc, StatesHandedOnContinueARun) {
  for (const std::string& params : {std::string("dim: 3"), std::string("dim: 3, proj_size: 2"), kWired,
                                    kWired + ", mixed_memory: state", std::string("dim: 3, mixed_memory: input")}) {
    Model      m                  = model_of(params);
    const bool mixed              = params.find("mixed") != std::string::npos,
               plain              = params == "dim: 3" || params == "dim: 3, mixed_memory: input";
    const Array               x   = wave({2, 6, 2});
    const std::vector<double> all = x.as_double();
    std::vector<double>       first, second;
    for (size_t r = 0; r < 2; ++r) {
      first.insert(first.end(), all.begin() + ptrdiff_t(r * 12), all.begin() + ptrdiff_t(r * 12 + 4));
      second.insert(second.end(), all.begin() + ptrdiff_t(r * 12 + 4), all.begin() + ptrdiff_t(r * 12 + 12));
    }
    const Results head  = m.simulate(Array{{2, 2, 2}, first}, {.record = {"s/1", "state"}});
    const int64_t units = params[5] - '0';
    InitialStates start = {{"1", Array{{2, units}, last(head.at(plain ? "s/1" : "state/1/h"))}}};
    if (mixed) start["1/c"] = Array{{2, units}, last(head.at("state/1/c"))};
    const Results tail = m.simulate(Array{{2, 4, 2}, second}, {.initial_states = start});
    EXPECT_EQ(last(tail.at("output")), last(m.simulate(x).at("output"))) << params;
  }
}

TEST(Cfc, TheOutputsOfACircuitAreItsMotorNeurons) {
  Model                     m = model_of(kWired);
  const Results             r = m.simulate(wave({1, 3, 2}), {.record = {"state/1/h"}});
  const std::vector<double> h = last(r.at("state/1/h")), out = last(r.at("output"));
  ASSERT_EQ(h.size(), 9u);
  EXPECT_EQ(out, (std::vector<double>{h[7], h[8]}));  // inter, command, motor
  // one layer of all neurons: the first ones
  Model         one = model_of("dim: 5, wiring: {type: FullyConnected, params: {output_dim: 2}}");
  const Results s   = one.simulate(wave({1, 3, 2}), {.record = {"state/1/h"}});
  EXPECT_EQ(last(s.at("output")), (std::vector<double>{last(s.at("state/1/h"))[0], last(s.at("state/1/h"))[1]}));
}

TEST(Cfc, AnLstmStartsFromTwoStates) {
  Model      m   = model_of("dim: 3, mixed_memory: state");
  const auto run = [&](const char* state) {
    return failure([&] {
      m.simulate(wave({2, 3, 2}), {.initial_states = {{state, Array{{3}, std::vector<double>(3)}}}});
    });
  };
  for (const char* one : {"1", "1/c"})
    EXPECT_NE(run(one).find("give both '1' and '1/c'"), std::string::npos) << run(one);
}

TEST(Cfc, LossesOnStatesSeeWhatIsNotTheOutput) {
  Model                       m    = model_of("dim: 3, source_func: tanh, tau: 30", "CTRNN");
  const Array                 x    = wave({2, 4, 2});
  const std::vector<LossTerm> loss = {{.target = wave({2, 4, 3}), .layer = 1, .state = "v"}};
  const Gradient              g    = m.gradient(x, loss, {.input = true});
  const Results               r    = m.simulate(x, {.record = {"state/1/v"}});
  double                      sum  = 0;
  const std::vector<double>   v = r.at("state/1/v").as_double(), target = loss[0].target.as_double();
  for (size_t row = 0; row < 2; ++row)
    for (size_t i = 0; i < 12; ++i) sum += std::pow(v[row * 15 + 3 + i] - target[row * 12 + i], 2);
  EXPECT_NEAR(g.loss, sum / 24, 1e-14);
  for (size_t at : {0, 7, 15})
    expect_slope([&](double by) { return m.gradient(moved(x, at, by), loss).loss; }, g.input->as_double()[at], "x");
  EXPECT_NE(failure([&] {
              m.gradient(x, {{.target = wave({2, 4, 3}), .layer = 1, .state = "w"}});
            }).find("no state 'w'"),
            std::string::npos);
}

TEST(Cfc, DropoutBelongsToTraining) {
  Model       m = model_of("dim: 4, backbone_units: 8, backbone_dropout: 0.5");
  Model       without = model_of("dim: 4, backbone_units: 8");
  const Array x       = wave({3, 5, 2});
  const auto  output  = [&](Model& model, const NoiseOptions& noise) {
    return model.simulate(x, {.noise = noise}).at("output").as_double();
  };
  EXPECT_EQ(output(m, {}), output(without, {}));
  EXPECT_NE(output(m, {.training = true, .pass = 1}), output(without, {}));
  EXPECT_EQ(output(m, {.training = true, .pass = 1}), output(m, {.training = true, .pass = 1}));
  EXPECT_NE(output(m, {.training = true, .pass = 1}), output(m, {.training = true, .pass = 2}));
  Model spared = model_of("dim: 4, backbone_units: 8, backbone_dropout: 0.5, dropout_first_layer: false");
  EXPECT_EQ(output(spared, {.training = true}), output(without, {}));
}

TEST(Cfc, AFileKeepsTheModel) {
  const std::string path = (std::filesystem::temp_directory_path() / "dynode_cfc_test.dynode").string();
  for (const std::string& params :
       {kWired + ", mixed_memory: state, proj_size: 2",
        std::string("dim: 2, backbone_layers: 0, sparsity_mask: [[1, 0], [0, 1], [1, 0], [1, 1]]")}) {
    Model m = model_of(params);
    m.save(path);
    Model again = Model::load(path, {.precision = Precision::float64});
    EXPECT_EQ(again.simulate(wave({2, 4, 2})).at("output"), m.simulate(wave({2, 4, 2})).at("output")) << params;
  }
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace dynode
