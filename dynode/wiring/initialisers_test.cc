// Initialisers: exact numbers where there are any, moments where numbers are drawn.
#include "dynode/wiring/initialisers.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/random.h"
#include "dynode/base/arguments_test.h"

namespace dynode {
namespace {

using Given  = std::initializer_list<std::pair<const char*, Arguments::Value>>;
using Values = std::vector<double>;

Values make(const char* name, const Mask& mask, Given given = {}, uint64_t seed = 1, size_t sources = 1) {
  const InitialiserEntry& entry     = find_initialiser(name);
  const Arguments         arguments = arguments_of(entry.facts, given);
  Random                  random(seed, name);
  return initial_weights(entry, {mask, arguments, random, sources});
}

struct Moments { double mean = 0, deviation = 0, largest = 0; };

Moments moments(const Values& values) {
  Moments m;
  for (const double x : values) m.mean += x / double(values.size()), m.largest = std::max(m.largest, std::abs(x));
  for (const double x : values) m.deviation += (x - m.mean) * (x - m.mean) / double(values.size());
  m.deviation = std::sqrt(m.deviation);
  return m;
}

const Mask kLarge(100, 200, true);   // 20 000 weights: deviations are known to 0.5 %

TEST(Initialisers, LinearAndConstantAreExactAndMasked) {
  Mask mask(2, 3, true);
  mask(0, 1) = 0;
  EXPECT_EQ(make("linear", mask, {{"min", 0.0}, {"max", 5.0}}), (Values{0, 0, 2, 3, 4, 5}));
  EXPECT_EQ(make("constant", mask, {{"value", 0.5}}), (Values{0.5, 0, 0.5, 0.5, 0.5, 0.5}));
  EXPECT_EQ(make("zero", mask), Values(6, 0.0));
  EXPECT_EQ(make("linear", Mask(1, 1, true), {{"min", 3.0}}), Values{3});
}

TEST(Initialisers, FluxBalancedSharesTheTargetAmongInputs) {
  Mask mask(2, 4, true);
  mask(0, 0) = mask(0, 1) = 0;
  // 0.27 / (2 sources · fan-in 2 or 4 · state 0.5)
  const Values weights = make("flux_balanced", mask, {{"mean_state", 0.5}}, 1, 2);
  EXPECT_EQ(weights, (Values{0, 0, 0.135, 0.135, 0.0675, 0.0675, 0.0675, 0.0675}));
  EXPECT_EQ(make("flux_balanced", mask, {{"mean_state", 0.5}, {"num_input_sources", 2.0}}), weights);
  EXPECT_THROW(make("flux_balanced", mask, {{"mean_state", 0.0}}), SpecError);
}

TEST(Initialisers, NormalAndUniformHaveTheirMoments) {
  const Moments normal = moments(make("normal", kLarge, {{"mean", 1.0}, {"std", 0.5}}));
  EXPECT_NEAR(normal.mean, 1, 5 * 0.5 / std::sqrt(2e4));
  EXPECT_NEAR(normal.deviation, 0.5, 0.5 * 0.025);
  const Values  drawn   = make("uniform", kLarge, {{"min", -1.0}, {"max", 3.0}});
  const Moments uniform = moments(drawn);
  EXPECT_NEAR(uniform.mean, 1, 5 * uniform.deviation / std::sqrt(2e4));
  EXPECT_NEAR(uniform.deviation, 4 / std::sqrt(12.0), 0.03);
  for (const double x : drawn) ASSERT_TRUE(x >= -1 && x < 3);
  EXPECT_THROW(make("uniform", kLarge, {{"min", 1.0}, {"max", 0.0}}), SpecError);
}

TEST(Initialisers, ScaledOnesFollowTheirFormulas) {
  const auto drawn     = [](const char* name, Given given) { return moments(make(name, kLarge, given)); };
  const auto deviation = [&](const char* name, Given given = {}) { return drawn(name, given).deviation; };
  const auto largest   = [&](const char* name, Given given = {}) { return drawn(name, given).largest; };
  const auto name      = [](const char* text) { return Arguments::Value(std::string(text)); };
  const Given leaky    = {{"nonlinearity", name("leaky_relu")}, {"a", 1.0}};

  EXPECT_NEAR(deviation("xavier_normal", {{"gain", 3.0}}) / (3 * std::sqrt(2.0 / 300)), 1, 0.025);
  EXPECT_NEAR(deviation("kaiming_normal") / std::sqrt(2.0 / 200), 1, 0.025);
  EXPECT_NEAR(deviation("kaiming_normal", {{"nonlinearity", name("tanh")}}) / (5 / 3.0 / std::sqrt(200.0)), 1, 0.025);
  EXPECT_NEAR(deviation("kaiming_normal", {{"nonlinearity", name("sigmoid")}}) / (1 / std::sqrt(200.0)), 1, 0.025);
  EXPECT_NEAR(deviation("kaiming_normal", leaky) * std::sqrt(200.0), 1, 0.025);
  EXPECT_NEAR(deviation("fan_in_normal") * std::sqrt(200.0), 1, 0.025);

  // the largest of 20 000 evenly distributed numbers is within 0.1 % of the limit, and never beyond
  const auto reaches = [](double value, double limit) { return value <= limit && value > 0.999 * limit; };
  EXPECT_TRUE(reaches(largest("xavier_uniform"), std::sqrt(6.0 / 300)));
  EXPECT_TRUE(reaches(largest("kaiming_uniform"), std::sqrt(2.0) * std::sqrt(3.0 / 200)));
  EXPECT_TRUE(reaches(largest("fan_in_uniform"), 1 / std::sqrt(200.0)));
}

TEST(Initialisers, FanInIsCountedInTheMaskUnlessAllSourcesAreMeant) {
  Mask few(50, 400);   // every target has 4 inputs, every source at most one target
  for (size_t i = 0; i < 50; ++i)
    for (size_t k = 0; k < 4; ++k) few(i, 4 * i + k) = 1;
  const auto largest = [&](const char* name) { return moments(make(name, few)).largest; };
  EXPECT_NEAR(largest("kaiming_uniform"), std::sqrt(6.0 / 4), 0.05);
  EXPECT_NEAR(largest("xavier_uniform"), std::sqrt(6.0 / 5), 0.05);
  EXPECT_NEAR(largest("fan_in_uniform"), 1 / 20.0, 0.002);
}

TEST(Initialisers, GausScalesWithDensity) {
  Mask half(100, 200);
  for (size_t i = 0; i < half.on.size(); i += 2) half.on[i] = 1;
  Values present;
  const Values drawn = make("gaus", half);
  for (size_t i = 0; i < drawn.size(); i += 2) present.push_back(drawn[i]);
  EXPECT_NEAR(moments(present).deviation / (1.5 / std::sqrt(100.0)), 1, 0.035);

  // a density of its own draws zeros into a full mask
  size_t zeros = 0;
  const Values sparse = make("gaus", kLarge, {{"density", 0.2}, {"gain", 1.0}});
  for (const double x : sparse) zeros += x == 0;
  EXPECT_NEAR(double(zeros), 16000, 5 * std::sqrt(2e4 * 0.16));
  EXPECT_NEAR(moments(sparse).deviation * std::sqrt(200.0), 1, 0.06);   // √0.2 of the entries, 1/√(200·0.2) each
  EXPECT_THROW(make("gaus", kLarge, {{"density", 0.0}}), SpecError);
}

TEST(Initialisers, GammaHasItsMoments) {
  for (const double shape : {2.0, 0.5}) {
    const Values  drawn = make("gamma", kLarge, {{"shape", shape}});
    const Moments gamma = moments(drawn);
    EXPECT_NEAR(gamma.mean / (shape * 0.003), 1, 5 / std::sqrt(2e4 * shape)) << shape;
    EXPECT_NEAR(gamma.deviation / (std::sqrt(shape) * 0.003), 1, 0.06) << shape;
    for (const double x : drawn) ASSERT_GE(x, 0);
  }
  EXPECT_THROW(make("gamma", kLarge, {{"shape", 0.0}}), SpecError);
}

TEST(Initialisers, OrthogonalRowsOrColumnsStandAtRightAngles) {
  for (const auto& [to, from] : {std::pair<size_t, size_t>{3, 7}, {7, 3}, {5, 5}}) {
    const Values q = make("orthogonal", Mask(to, from, true), {{"gain", 2.0}});
    const bool   rows = to <= from;
    for (size_t a = 0; a < std::min(to, from); ++a)
      for (size_t b = 0; b < std::min(to, from); ++b) {
        double dot = 0;
        for (size_t k = 0; k < std::max(to, from); ++k)
          dot += rows ? q[a * from + k] * q[b * from + k] : q[k * from + a] * q[k * from + b];
        EXPECT_NEAR(dot, a == b ? 4 : 0, 1e-12);
      }
  }
}

TEST(Initialisers, ACustomArrayIsMaskedAndChecked) {
  Mask mask(1, 2, true);
  mask(0, 1) = 0;
  EXPECT_EQ(make("custom", mask, {{"weights", Values{3, 4}}}), (Values{3, 0}));
  EXPECT_THROW(make("custom", mask, {{"weights", Values{3, 4, 5}}}), ShapeError);
  EXPECT_THROW(make("custom", mask, {{"weights", Values{3, NAN}}}), SpecError);
  EXPECT_THROW(make("custom", mask), SpecError);
}

TEST(Initialisers, TheSameSeedMakesTheSameWeightsWhateverTheMask) {
  for (const InitialiserEntry& entry : initialisers()) {
    if (entry.name == std::string("custom")) continue;
    const Mask full(6, 5, true);
    const Values once = make(entry.name, full, {}, 3);
    EXPECT_EQ(once, make(entry.name, full, {}, 3)) << entry.name;
    ASSERT_EQ(once.size(), 30u) << entry.name;
  }
  Mask holes(6, 5, true);
  holes(2, 2) = 0;
  Values expected = make("normal", Mask(6, 5, true), {}, 3);
  expected[2 * 5 + 2] = 0;
  EXPECT_EQ(make("normal", holes, {}, 3), expected);
  EXPECT_NE(make("normal", holes, {}, 4), expected);
}

TEST(Initialisers, BiasesHaveRulesOfTheirOwn) {
  Random random(1, "b");
  EXPECT_EQ(initial_bias("zero", 3, 4, random), Values(3, 0.0));
  EXPECT_NEAR(moments(initial_bias("fan_in_normal", 20000, 25, random)).deviation, 0.2, 0.005);
  const double largest = moments(initial_bias("fan_in_uniform", 20000, 25, random)).largest;
  EXPECT_TRUE(largest <= 0.2 && largest > 0.1998);
  EXPECT_THROW(initial_bias("fan_in", 3, 4, random), SpecError);
}

TEST(Initialisers, AnUnknownNameIsAnErrorWithASuggestion) {
  try {
    find_initialiser("xavier_norml");
    FAIL();
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'xavier_normal'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace dynode
