// Sequences of another length.
#include "dynode/learn/resample.h"

#include <gtest/gtest.h>

namespace dynode {
namespace {

using Numbers = std::vector<double>;

TEST(Resample, HalfAsManyStepsAreMeansOfTwo) {
  EXPECT_EQ(resample_time(Numbers{0, 2, 4, 10}, 1, 4, 1, 2), (Numbers{1, 7}));
}

TEST(Resample, TwiceAsManyLieAQuarterOfAStepFromTheMiddles) {
  EXPECT_EQ(resample_time(Numbers{0, 4}, 1, 2, 1, 4), (Numbers{0, 1, 3, 4}));
}

TEST(Resample, RowsAndUnitsAreApart) {
  EXPECT_EQ(resample_time(Numbers{0, 10, 4, 30, 8, 50, 16, 70}, 2, 2, 2, 1), (Numbers{2, 20, 12, 60}));
}

TEST(Resample, OneStepIsEverywhere) { EXPECT_EQ(resample_time(Numbers{3}, 1, 1, 1, 3), (Numbers{3, 3, 3})); }

TEST(Resample, LinesStayLinesBetweenTheMiddles) {
  Numbers line;
  for (int t = 0; t < 50; ++t) line.push_back(t + 0.5);
  const Numbers y = resample_time(line, 1, 50, 1, 77);
  for (size_t t = 1; t + 1 < 77; ++t) EXPECT_NEAR(y[t], (double(t) + 0.5) * 50 / 77, 1e-12) << t;
}

TEST(Resample, NearestStepsAreThoseAMiddleLiesIn) {
  EXPECT_EQ(nearest_steps(2, 4), (std::vector<size_t>{0, 0, 1, 1}));
  EXPECT_EQ(nearest_steps(5, 2), (std::vector<size_t>{1, 3}));
  EXPECT_EQ(nearest_steps(3, 3), (std::vector<size_t>{0, 1, 2}));
}

}  // namespace
}  // namespace dynode
