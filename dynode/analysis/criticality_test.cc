// Numbers of activity that one can count by hand.
#include "dynode/analysis/criticality.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/random.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;

TEST(Criticality, BranchingIsWhatIsSentPerWhatArrives) {
  EXPECT_EQ(branching_ratio(Numbers{2, 3, 9}, Numbers{1, 3, 0}), 1.5);
  EXPECT_EQ(branching_ratio(Numbers{2}, Numbers{0}), 0);
}

TEST(Criticality, SusceptibilityIsTheVarianceOfTheMean) {
  // means over units: 1, 3 in row 0 and 2, 2 in row 1
  EXPECT_DOUBLE_EQ(susceptibility(Numbers{0, 2, 3, 3, 1, 3, 2, 2}, 2, 2, 2), 0.5);
}

TEST(Criticality, TwinsThatPartByAFactorExpandByItsLogarithm) {
  Numbers a(20, 1.0), b = a;
  for (size_t t = 0; t < 10; ++t) b[t * 2] += 1e-6 * std::pow(1.3, double(t));
  EXPECT_NEAR(log_expansion(a, b, 1, 10, 2), std::log(1.3), 1e-6);
  EXPECT_TRUE(std::isnan(log_expansion(a, a, 1, 10, 2)));
}

TEST(Criticality, AvalanchesAreCountedWithTheirUnits) {
  const Avalanches found = avalanches(Numbers{0, 0, 1, 0, 1, 1, 0, 0, 0, -1}, 1, 5, 2);
  EXPECT_EQ(found.sizes, (Numbers{3, 1}));
  EXPECT_EQ(found.durations, (Numbers{2, 1}));
  // another row begins anew
  EXPECT_EQ(avalanches(Numbers{1, 1, 1, 1}, 2, 2, 1).durations, (Numbers{2, 2}));
  EXPECT_TRUE(std::isnan(avalanches(Numbers{0, 0}, 1, 2, 1).size_slope));
}

TEST(Criticality, ThePowerOfALawIsFound) {
  Random  random(3);
  Numbers values;
  for (int n = 0; n < 200'000; ++n) values.push_back(std::pow(1 - random.uniform(), -2.0));   // density x^−1.5
  std::erase_if(values, [](double v) { return v > 1e4; });
  EXPECT_NEAR(power_law_slope(values), -1.5, 0.05);
}

}  // namespace
}  // namespace dynode
