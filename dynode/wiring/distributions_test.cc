// Distributions of parameters.
#include "dynode/wiring/distributions.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/random.h"
#include "dynode/base/arguments_test.h"

namespace dynode {
namespace {

using Given  = std::initializer_list<std::pair<const char*, Arguments::Value>>;
using Values = std::vector<double>;

Values draw(const char* name, size_t width, Given given = {}, uint64_t seed = 1, const Values& fan_out = {}) {
  const DistributionEntry& entry     = find_distribution(name);
  const Arguments          arguments = arguments_of(entry.facts, given);
  Random                   random(seed, name);
  return draw_parameter(entry, {width, arguments, random, fan_out});
}

void expect_near(const Values& got, const Values& expected, double relative) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], relative * std::abs(expected[i])) << i;
}

TEST(Distributions, RegularOnesAreExact) {
  EXPECT_EQ(draw("constant", 3, {{"value", 1.7}}), Values(3, 1.7));
  EXPECT_EQ(draw("linear", 3, {{"min", 1.0}, {"max", 2.0}}), (Values{1, 1.5, 2}));
  EXPECT_EQ(draw("linear", 2, {{"min", 2.0}, {"max", 1.0}}), (Values{2, 1}));
  expect_near(draw("loglinear", 3, {{"min", 1e-4}, {"max", 1e-2}}), {1e-4, 1e-3, 1e-2}, 1e-14);
  expect_near(draw("loglinear", 2, {{"min", 0.0}, {"max", 1.0}}), {1e-10, 1}, 1e-14);   // the floor of the bounds
}

TEST(Distributions, BlocksShareOrTile) {
  const Arguments::Value tiled = std::string("tiled");
  EXPECT_EQ(draw("linear", 6, {{"max", 2.0}, {"block_size", 2.0}}), (Values{0, 0, 1, 1, 2, 2}));
  EXPECT_EQ(draw("linear", 6, {{"max", 2.0}, {"block_size", 3.0}, {"block_mode", tiled}}), (Values{0, 1, 2, 0, 1, 2}));
  const Values random = draw("normal", 6, {{"block_size", 3.0}});
  EXPECT_EQ(random[0], random[2]);
  EXPECT_NE(random[2], random[3]);
  EXPECT_THROW(draw("linear", 6, {{"block_size", 4.0}}), SpecError);
  EXPECT_THROW(draw("linear", 6, {{"block_mode", std::string("tile")}}), SpecError);
}

TEST(Distributions, FanOutDividesByTheInductanceOfEveryConnection) {
  const double beta_L = 2 * std::acos(-1.0) * 1e-4 * 5e-10 / 2.0678338484619295e-15;   // 151.93
  EXPECT_NEAR(beta_L, 151.93, 0.005);
  expect_near(draw("fan_out", 3, {{"node_fan_outs", Values{1, 4, 0}}}), {1 / beta_L, 0.25 / beta_L, 1 / beta_L}, 1e-14);
  expect_near(draw("fan_out", 2, {}, 1, {2, 1}), {0.5 / beta_L, 1 / beta_L}, 1e-14);
  expect_near(draw("fan_out", 2, {{"inductance_per_fan", 1e-9}}), {0.5 / beta_L, 0.5 / beta_L}, 1e-14);
  EXPECT_THROW(draw("fan_out", 3, {{"node_fan_outs", Values{1, 4}}}), SpecError);
  EXPECT_THROW(draw("fan_out", 4, {{"block_size", 2.0}}), SpecError);
}

TEST(Distributions, RandomOnesHaveTheirMoments) {
  constexpr size_t n = 20000;
  const auto mean_log = [](const Values& values, bool logarithm) {
    double sum = 0;
    for (const double x : values) sum += (logarithm ? std::log(x) : x) / double(values.size());
    return sum;
  };
  EXPECT_NEAR(mean_log(draw("normal", n, {{"mean", 2.0}, {"std", 0.1}}), false), 2, 5 * 0.1 / std::sqrt(double(n)));
  EXPECT_NEAR(mean_log(draw("uniform", n), false), 0.5, 5 / std::sqrt(12.0 * n));
  EXPECT_NEAR(mean_log(draw("lognormal", n, {{"mean", -1.0}}), true), -1, 5 / std::sqrt(double(n)));
  const Values loguniform = draw("loguniform", n, {{"min", 1e-4}, {"max", 1e-2}});
  EXPECT_NEAR(mean_log(loguniform, true), std::log(1e-3), 5 * std::log(100.0) / std::sqrt(12.0 * n));
  for (const double x : loguniform) ASSERT_TRUE(x > 0.9999e-4 && x < 1.0001e-2);
  EXPECT_THROW(draw("uniform", 2, {{"min", 2.0}}), SpecError);
}

TEST(Distributions, TheSameSeedDrawsTheSameValues) {
  EXPECT_EQ(draw("normal", 9, {}, 5), draw("normal", 9, {}, 5));
  EXPECT_NE(draw("normal", 9, {}, 5), draw("normal", 9, {}, 6));
  EXPECT_THROW(find_distribution("gaussian"), SpecError);
}

}  // namespace
}  // namespace dynode
