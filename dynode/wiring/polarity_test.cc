// Polarity of units.
#include "dynode/wiring/polarity.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "dynode/base/random.h"
#include "dynode/base/arguments_test.h"

namespace dynode {
namespace {

using Signs  = std::vector<int8_t>;
using Values = std::vector<double>;

Signs draw(size_t units, double ratio, const char* how, uint64_t seed = 1) {
  const Arguments arguments =
      arguments_of(polarity_facts(), {{"excitatory_ratio", ratio}, {"draw", std::string(how)}});
  Random random(seed, "polarity");
  return draw_polarity(units, arguments, random);
}

int64_t inhibitory(const Signs& sign) { return std::count(sign.begin(), sign.end(), int8_t(-1)); }

TEST(Polarity, PatternsAreNamed) {
  EXPECT_EQ(polarity_pattern("alternating", 5), (Signs{1, -1, 1, -1, 1}));
  EXPECT_EQ(polarity_pattern("50_50", 2), (Signs{1, -1}));
  EXPECT_EQ(polarity_pattern("excitatory", 2), (Signs{1, 1}));
  EXPECT_EQ(polarity_pattern("inhibitory", 2), (Signs{-1, -1}));
  EXPECT_THROW(polarity_pattern("excitator", 2), SpecError);
}

TEST(Polarity, CountIsExact) {
  EXPECT_EQ(inhibitory(draw(100, 0.8, "count")), 20);
  EXPECT_EQ(inhibitory(draw(10, 0.8, "count")), 2);
  EXPECT_EQ(inhibitory(draw(7, 0.8, "count")), 1);   // 1.4, cut
  EXPECT_EQ(inhibitory(draw(10, 0.0, "count")), 10);
  EXPECT_EQ(inhibitory(draw(10, 1.0, "count")), 0);
  EXPECT_THROW(draw(10, 0.8, "exact"), SpecError);
}

TEST(Polarity, IndependentTossesACoinPerUnit) {
  const double count = double(inhibitory(draw(10000, 0.8, "independent")));
  EXPECT_NEAR(count, 2000, 5 * std::sqrt(10000 * 0.16));
  EXPECT_NE(inhibitory(draw(10000, 0.8, "independent", 2)), inhibitory(draw(10000, 0.8, "independent", 3)));
}

TEST(Polarity, TheSameSeedDrawsTheSameUnits) {
  for (const char* how : {"count", "independent"}) {
    EXPECT_EQ(draw(50, 0.5, how, 4), draw(50, 0.5, how, 4));
    EXPECT_NE(draw(50, 0.5, how, 4), draw(50, 0.5, how, 5));
  }
}

TEST(Polarity, ListsAreChecked) {
  EXPECT_EQ(check_polarity(3, {1, 0, -1}), (Signs{1, 0, -1}));
  EXPECT_THROW(check_polarity(2, {1, 0, -1}), SpecError);
  EXPECT_THROW(check_polarity(2, {1, 0.5}), SpecError);
}

TEST(Polarity, WeightsObeyTheSignOfTheirSource) {
  const Signs  sign    = {1, -1, 0};
  const Values weights = {-1, -2, -3, 4, 5, 6};   // [2][3]
  const auto   enforced = [&](const char* method) {
    Values w = weights;
    enforce_polarity(sign, polarity_enforcement(method), w);
    return w;
  };
  EXPECT_EQ(enforced("sign_flip"), (Values{1, -2, -3, 4, -5, 6}));
  EXPECT_EQ(enforced("clip_to_zero"), (Values{0, -2, -3, 4, 0, 6}));
  EXPECT_EQ(enforced("relu"), (Values{1, 2, -3, 4, 5, 6}));
  EXPECT_THROW(polarity_enforcement("clip"), SpecError);
}

}  // namespace
}  // namespace dynode
