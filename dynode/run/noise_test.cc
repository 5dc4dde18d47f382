// Noise in runs: where it goes, what it does not depend on. That gradients know of it is the matter of gradient_test.cc,
// that tiles, threads and checkpoints leave no trace that of invariance_test.cc: their networks are noisy.
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <set>

#include "dynode/run/engine.h"
#include "dynode/run/random_spec_test.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;

/// A network and an input that is 0 unless set.
struct Net {
  std::shared_ptr<const Plan>     plan;
  std::unique_ptr<Engine<double>> engine;
  size_t                          rows, steps;
  Numbers                         x;
  std::vector<InitialState<double>> initial = {};

  Net(const std::string& yaml, size_t rows, size_t steps)
      : plan(compile(read_spec(parse_yaml(yaml, "net.yaml")))),
        engine(std::make_unique<Engine<double>>(plan, std::make_shared<Threads>(1))),
        rows(rows),
        steps(steps),
        x(rows * steps * plan->input_width()) {}

  /// State `state` of a layer, [rows][steps + 1][units].
  Numbers run(int layer_id, const RunNoise<double>& noise = {}, int state = -1) const {
    const int at = plan->find_layer(layer_id);
    if (state < 0) state = plan->layers[size_t(at)].cell->output;
    Numbers        history(rows * (steps + 1) * plan->layers[size_t(at)].units);
    Record<double> wish{Record<double>::What::state, at, state, history.data()};
    RunInput<double> in{x.data(), rows, steps, initial};
    in.noise = noise;
    engine->simulate(in, {&wish, 1});
    return history;
  }
  int site(const std::string& name) const {
    for (size_t i = 0; i < plan->noise.size(); ++i)
      if (plan->noise[i].name == name) return int(i);
    ADD_FAILURE() << "no site " << name;
    return -1;
  }
};

/// Input of one unit, then layers and connections.
std::string net(const std::string& layers, const std::string& connections = "", const std::string& input = "dim: 1") {
  return "simulation: {dt: 1}\nlayers:\n  - {layer_id: 0, layer_type: Linear, params: {" + input + "}}\n" + layers +
         "connections:\n" + connections + "  - {from_layer: 0, to_layer: 1, connection_type: dense}\n";
}
std::string layer(const std::string& type, const std::string& params, const std::string& rest = "") {
  return "  - {layer_id: 1, layer_type: " + type + ", params: {" + params + "}" + rest + "}\n";
}

struct Moments {
  double mean = 0, deviation = 0;
};
Moments moments(const Numbers& x) {
  Moments m;
  for (double v : x) m.mean += v / double(x.size());
  for (double v : x) m.deviation += (v - m.mean) * (v - m.mean) / double(x.size());
  m.deviation = std::sqrt(m.deviation);
  return m;
}
/// Entries 1 … of a history.
Numbers steps_of(const Numbers& history, size_t rows, size_t steps, size_t units) {
  Numbers cut;
  for (size_t r = 0; r < rows; ++r)
    cut.insert(cut.end(), history.begin() + ptrdiff_t((r * (steps + 1) + 1) * units),
               history.begin() + ptrdiff_t((r + 1) * (steps + 1) * units));
  return cut;
}

TEST(NoiseOfARun, DropoutLeavesUnitsOutAndScalesTheOthersWhereTheNetworkLearns) {
  // a layer that hands on its input, 40 rows: both layouts
  Net n(net(layer("Linear", "dim: 3", ", noise: {dropout: [0.25, 0, 0.75]}")), 40, 50);
  std::fill(n.x.begin(), n.x.end(), 1.0);
  const Numbers calm = steps_of(n.run(1), 40, 50, 3), noisy = steps_of(n.run(1, {.training = true}), 40, 50, 3);
  const double  p[]  = {0.25, 0, 0.75};
  double        kept[3] = {};
  for (size_t i = 0; i < noisy.size(); ++i) {
    const size_t u = i % 3;
    if (noisy[i] == 0) continue;
    EXPECT_NEAR(noisy[i], calm[i] / (1 - p[u]), 1e-14 * std::abs(calm[i]));
    kept[u] += 1 / 2000.0;
  }
  for (size_t u = 0; u < 3; ++u) EXPECT_NEAR(kept[u], 1 - p[u], 0.05) << u;   // five deviations
  EXPECT_EQ(steps_of(n.run(1, {.training = true}), 40, 50, 3), noisy);
  EXPECT_NE(steps_of(n.run(1, {.training = true, .pass = 1}), 40, 50, 3), noisy);
}

TEST(NoiseOfARun, HasItsShareOfTheDeviation) {
  const Net  n(net(layer("Linear", "dim: 3", ", noise: {phi: 0.3}, perturb: {s_mean: 1, s_std: 0.2}")), 2, 4);
  const int  phi = n.site("layer1/phi"), s = n.site("layer1/perturb/s");
  const auto shares = [&](double of_phi, double of_s) {
    RunNoise<double> noise;
    noise.shares.assign(n.plan->noise.size(), 1);
    noise.shares[size_t(phi)] = of_phi, noise.shares[size_t(s)] = of_s;
    return steps_of(n.run(1, noise), 2, 4, 3);
  };
  const Numbers none = shares(0, 0), half = shares(0.5, 0), whole = shares(1, 0), shifted = shares(0, 1);
  for (size_t i = 0; i < none.size(); ++i) {
    EXPECT_EQ(none[i], 1);   // means stay
    EXPECT_NE(whole[i], 1);
    EXPECT_NEAR(half[i] - 1, (whole[i] - 1) / 2, 1e-15);
    EXPECT_NE(shifted[i], 1);
  }
  EXPECT_EQ(shares(1, 1), steps_of(n.run(1), 2, 4, 3));   // and nothing is left behind
}

TEST(NoiseOfARun, HasItsDeviationAndIsFreshEverywhere) {
  for (const char* quantity : {"phi", "s"}) {
    const Net     n(net(layer("Linear", "dim: 30", std::string(", noise: {") + quantity + ": 0.3}")), 40, 50);
    const Numbers s = steps_of(n.run(1), 40, 50, 30);
    const Moments m = moments(s);
    EXPECT_NEAR(m.mean, 0, 4 * 0.3 / std::sqrt(double(s.size()))) << quantity;
    EXPECT_NEAR(m.deviation, 0.3, 4 * 0.3 / std::sqrt(2 * double(s.size()))) << quantity;
    // no correlation from step to step, from row to row, from unit to unit
    for (size_t shift : {size_t{1}, size_t{30}, size_t{30 * 50}}) {
      double sum = 0;
      for (size_t i = 0; i + shift < s.size(); ++i) sum += s[i] * s[i + shift] / 0.09;
      EXPECT_LT(std::abs(sum / double(s.size())), 4 / std::sqrt(double(s.size()))) << quantity << " " << shift;
    }
    EXPECT_EQ(n.run(1), n.run(1));
    EXPECT_NE(n.run(1), n.run(1, {.pass = 1}));
  }
}

TEST(NoiseOfARun, MayDifferFromUnitToUnit) {
  const Net     n(net(layer("Linear", "dim: 2", ", noise: {s: [0, 0.5]}")), 20, 100);
  const Numbers s = n.run(1);
  Numbers       second;
  for (size_t i = 0; i < s.size(); i += 2) {
    EXPECT_EQ(s[i], 0.0);
    second.push_back(s[i + 1]);
  }
  EXPECT_NEAR(moments(second).deviation, 0.5, 0.03);
}

TEST(NoiseOfARun, RelativeIsAShareOfTheValue) {
  Net n(net(layer("Linear", "dim: 1", ", noise: {s: 0.1, relative: true}")), 50, 100);
  for (size_t i = 0; i < n.x.size(); ++i) n.x[i] = i % 2 ? 0.0 : -3.0;
  const double w = n.plan->theta[0];
  const Numbers s = steps_of(n.run(1), 50, 100, 1);
  Numbers large;
  for (size_t i = 0; i < s.size(); ++i)
    if (i % 2) { EXPECT_EQ(s[i], 0.0); } else { large.push_back(s[i]); }
  EXPECT_NEAR(moments(large).mean, -3 * w, 0.02 * std::abs(w));
  EXPECT_NEAR(moments(large).deviation, 0.3 * std::abs(w), 0.02 * std::abs(w));
}

TEST(Perturbations, AreTheSameAllThroughAPass) {
  const Net     n(net(layer("Linear", "dim: 20", ", perturb: {phi_mean: 2, phi_std: 0.5}")), 30, 7);
  const Numbers s = steps_of(n.run(1), 30, 7, 20);
  Numbers       first;
  for (size_t row = 0; row < 30; ++row)
    for (size_t t = 0; t < 7; ++t)
      for (size_t u = 0; u < 20; ++u) {
        EXPECT_EQ(s[(row * 7 + t) * 20 + u], s[row * 7 * 20 + u]);
        if (t == 0) first.push_back(s[row * 7 * 20 + u]);
      }
  EXPECT_NEAR(moments(first).mean, 2, 0.1);
  EXPECT_NEAR(moments(first).deviation, 0.5, 0.06);
  EXPECT_NE(n.run(1), n.run(1, {.pass = 1}));
}

TEST(NoiseOfARun, IsOnWhenItsSpecSaysSo) {
  const auto noisy = [](const std::string& rest, const RunNoise<double>& noise) {
    const Net n(net(layer("Linear", "dim: 3", rest)), 2, 5);
    return n.run(1, noise) != Numbers(2 * 6 * 3);
  };
  EXPECT_TRUE(noisy(", noise: {s: 0.1}", {}));
  EXPECT_TRUE(noisy(", noise: {s: 0.1}", {.training = true}));
  EXPECT_FALSE(noisy(", noise: {s: 0.1}", {.on = false}));
  EXPECT_FALSE(noisy(", noise: {s: 0.1, when: train}", {}));
  EXPECT_TRUE(noisy(", noise: {s: 0.1, when: train}", {.training = true}));
  EXPECT_FALSE(noisy(", noise: {s: 0.1, when: off}", {.training = true}));

  const auto ctrnn = [](const std::string& params, bool training) {
    const Net n(net(layer("CTRNN", "dim: 3, source_func: Tanh, " + params)), 2, 5);
    return n.run(1, {.training = training}) != Numbers(2 * 6 * 3);
  };
  EXPECT_FALSE(ctrnn("preact_noise: 0.1", false));
  EXPECT_TRUE(ctrnn("preact_noise: 0.1", true));
  EXPECT_TRUE(ctrnn("postact_noise: 0.1, noise_in_eval: true", false));

  const auto dale = [](const std::string& params, bool training) {
    const Net n(net(layer("RateDale", "dim: 3" + params)), 2, 5);
    return n.run(1, {.training = training}, 1) != Numbers(2 * 6 * 3);
  };
  EXPECT_TRUE(dale("", false));   // as its family does
  EXPECT_FALSE(dale(", noise_when: train", false));
  EXPECT_TRUE(dale(", noise_when: train", true));
  EXPECT_FALSE(dale(", noise_when: off", true));
  EXPECT_FALSE(dale(", noise_std: 0, x0_std: 0", true));
}

TEST(NoiseOfARun, OfTheInputLayerIsNoiseOfTheInput) {
  const Net n("simulation: {dt: 1}\nlayers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 4}, noise: {s: 0.2}}\n"
              "  - {layer_id: 1, layer_type: Linear, params: {dim: 4}}\n"
              "connections:\n  - {from_layer: 0, to_layer: 1, connection_type: one_to_one, params: {init: {name: constant, "
              "params: {value: 1}}}}\n", 30, 30);
  const Numbers in = n.run(0);
  EXPECT_NEAR(moments(steps_of(in, 30, 30, 4)).deviation, 0.2, 0.01);
  EXPECT_EQ(in, n.run(1));
}

// ---- families -------------------------------------------------------------------------------------------

TEST(NoiseOfCtrnn, IsScaledAsAsked) {
  const auto deviation = [](const std::string& scaling) {
    const Net n(net(layer("CTRNN", "dim: 40, source_func: Tanh, alpha: 0.25, noise_in_eval: true, preact_noise: 0.2" + scaling)), 40, 1);
    return moments(steps_of(n.run(1, {}, 1), 40, 1, 40)).deviation;
  };
  EXPECT_NEAR(deviation(""), 0.25 * 0.2, 0.003);
  EXPECT_NEAR(deviation(", noise_scaling: none"), 0.2, 0.012);
  EXPECT_NEAR(deviation(", noise_scaling: sqrt"), std::sqrt(2 * 0.25) * 0.2, 0.008);
}

TEST(NoiseOfCtrnn, OnRatesIsFedBackButDoesNotEnterThePotential) {
  const std::string unit = layer("CTRNN", "dim: 3, source_func: Tanh, alpha: 0.5, noise_in_eval: true, postact_noise: 0.3");
  const Net         alone(net(unit), 4, 6);
  EXPECT_EQ(alone.run(1, {}, 1), Numbers(4 * 7 * 3));
  const Net fed(net(unit, "  - {from_layer: 1, to_layer: 1, connection_type: dense}\n"), 4, 6);
  EXPECT_NE(fed.run(1, {}, 1), Numbers(4 * 7 * 3));
}

TEST(NoiseOfRateDale, GoesToTheCurrentAndTheRateFollows) {
  const Net     n(net(layer("RateDale", "dim: 50, taus: 1e9")), 40, 20);
  const Numbers x = n.run(1, {}, 1), r = n.run(1);
  for (size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(r[i], 1 / (1 + std::exp(-x[i])), 1e-14);
  Numbers start, added;
  for (size_t row = 0; row < 40; ++row)
    for (size_t u = 0; u < 50; ++u) {
      start.push_back(x[row * 21 * 50 + u]);
      for (size_t t = 0; t < 20; ++t) added.push_back(x[(row * 21 + t + 1) * 50 + u] - x[(row * 21 + t) * 50 + u]);
    }
  EXPECT_NEAR(moments(start).deviation, 0.01, 0.0007);
  EXPECT_NEAR(moments(added).deviation, 0.1, 0.002);   // a random walk where nothing leaks
}

TEST(NoiseOfRateDale, AnInitialStateThatIsGivenHasNone) {
  Net n(net(layer("RateDale", "dim: 2")), 3, 2);
  const Numbers given = {0.5, -0.5};
  n.initial = {{1, 1, given.data(), false}};
  const Numbers x = n.run(1, {}, 1);
  for (size_t row = 0; row < 3; ++row) {
    EXPECT_EQ(x[row * 6], 0.5);
    EXPECT_EQ(x[row * 6 + 1], -0.5);
  }
}

// ---- parameters and weights -----------------------------------------------------------------------------

constexpr const char* kDendrite = "dim: 3, source_func: Tanh, gamma_plus: 0.2, gamma_minus: 0.1";

TEST(NoiseOnParameters, ShiftsThemRowByRow) {
  // a perturbation without deviation is a shift of the parameter, for every row
  Net shifted(net(layer("SingleDendrite", kDendrite, ", perturb: {phi_offset_mean: 0.4}")), 20, 9);
  Net moved(net(layer("SingleDendrite", std::string(kDendrite) + ", phi_offset: 0.63")), 20, 9);
  for (size_t i = 0; i < shifted.x.size(); ++i) shifted.x[i] = moved.x[i] = std::sin(double(i));
  const Numbers a = shifted.run(1), b = moved.run(1);
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-14);

  Net relative(net(layer("SingleDendrite", kDendrite, ", noise: {extras: {gamma_minus: 0.5}, relative: true}")), 20, 9);
  relative.x = moved.x;
  const Numbers c = relative.run(1);
  EXPECT_NE(c, b);
  for (size_t row = 1; row < 20; ++row)
    EXPECT_NE(Numbers(c.begin(), c.begin() + 30), Numbers(c.begin() + ptrdiff_t(row * 30), c.begin() + ptrdiff_t(row * 30 + 30)));
}

TEST(NoiseOnG, IsWhatTheSourceGivesMore) {
  // s′ = s + γ⁺ (g + n) − γ⁻ s, from rest and with g = tanh 0
  const Net n(net(layer("SingleDendrite", "dim: 60, source_func: Tanh, phi_offset: 0, gamma_plus: 0.2, gamma_minus: 0.1",
                        ", noise: {g: 0.3}")), 40, 1);
  EXPECT_NEAR(moments(steps_of(n.run(1), 40, 1, 60)).deviation, 0.2 * 0.3, 0.003);
  // the rate that is recorded is the noisy one
  Numbers          g(40 * 60);
  Record<double>   wish{Record<double>::What::observable, 1, 1, g.data()};
  RunInput<double> in{n.x.data(), 40, 1, {}};
  n.engine->simulate(in, {&wish, 1});
  EXPECT_NEAR(moments(g).deviation, 0.3, 0.012);
}

TEST(NoiseOnWeights, IsSharedByRowsAndSparesAbsentOnes) {
  const auto two = [](const std::string& rest) {
    return "simulation: {dt: 1}\nlayers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 30}}\n"
           "  - {layer_id: 1, layer_type: Linear, params: {dim: 30}}\n"
           "connections:\n  - {from_layer: 0, to_layer: 1, connection_type: one_to_one, params: {init: {name: constant, "
           "params: {value: 2}}}" + rest + "}\n";
  };
  Net n(two(", noise: {j: 0.5}"), 20, 40);
  std::fill(n.x.begin(), n.x.end(), 1.0);
  const Numbers s = steps_of(n.run(1), 20, 40, 30);
  for (size_t row = 1; row < 20; ++row)
    for (size_t i = 0; i < 40 * 30; ++i) ASSERT_EQ(s[row * 40 * 30 + i], s[i]);
  const Moments m = moments(Numbers(s.begin(), s.begin() + 40 * 30));   // one weight each: no others appeared
  EXPECT_NEAR(m.mean, 2, 0.05);
  EXPECT_NEAR(m.deviation, 0.5, 0.04);

  Net once(two(", perturb: {j_mean: 1, j_std: 0.1}"), 3, 5);
  std::fill(once.x.begin(), once.x.end(), 1.0);
  const Numbers p = steps_of(once.run(1), 3, 5, 30);
  for (size_t i = 0; i < p.size(); ++i) ASSERT_EQ(p[i], p[i % 30]);
  EXPECT_NEAR(moments(Numbers(p.begin(), p.begin() + 30)).mean, 3, 0.1);
}

// ---- given numbers --------------------------------------------------------------------------------------

TEST(GivenNoise, TakesThePlaceOfDrawnNumbers) {
  for (size_t rows : {1, 5, 19}) {
    const Net         n(net(layer("CTRNN", "dim: 3, source_func: Tanh, alpha: 0.25, preact_noise: 0.4, postact_noise: 0.2")), rows, 4);
    Numbers           given(rows * 4 * 3), zero(rows * 4 * 3);
    for (size_t i = 0; i < given.size(); ++i) given[i] = std::cos(double(i));
    RunNoise<double> noise;
    noise.given = {{n.site("layer1/preact_noise"), given.data()}, {n.site("layer1/postact_noise"), zero.data()}};
    const Numbers v = n.run(1, noise, 1), r = n.run(1, noise);
    for (size_t row = 0; row < rows; ++row)
      for (size_t u = 0; u < 3; ++u) {
        double expected = 0;
        for (size_t t = 0; t < 4; ++t) {
          expected += 0.25 * (0.4 * given[(row * 4 + t) * 3 + u] - expected);
          ASSERT_NEAR(v[(row * 5 + t + 1) * 3 + u], expected, 1e-15);
          ASSERT_NEAR(r[(row * 5 + t + 1) * 3 + u], std::tanh(expected), 1e-15);
        }
      }
  }
}

TEST(NoiseOfARun, OfEveryKindIsInRandomNetworks) {
  std::set<std::string> seen;
  const char*           kinds[] = {"drive", "state", "start", "parameter", "weights"};
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const auto plan = compile(random_spec(seed));
    for (const NoiseSite& s : plan->noise) {
      seen.insert(std::string(kinds[int(s.what)]) + (s.once ? ", once" : s.relative ? ", relative" : ""));
      if (!s.mean.empty()) seen.insert("mean");
      if (s.what == NoiseSite::What::parameter && size_t(s.index) >= plan->layers[size_t(s.layer)].cell->params.size()) seen.insert("g");
    }
  }
  EXPECT_EQ(seen, (std::set<std::string>{"drive", "drive, once", "drive, relative", "g", "mean", "parameter", "parameter, once",
                                         "parameter, relative", "start", "state", "state, once", "state, relative", "weights",
                                         "weights, once", "weights, relative"}));
}

}  // namespace
}  // namespace dynode
