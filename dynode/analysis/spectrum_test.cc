#include "dynode/analysis/spectrum.h"

#include <cmath>
#include <gtest/gtest.h>

namespace dynode {
namespace {

TEST(Spectrum, OfARotationLiesOnTheUnitCircle) {
  const double c = std::cos(0.3), s = std::sin(0.3);
  const auto   list = eigenvalues(std::vector<double>{c, -s, s, c}, 2);
  ASSERT_EQ(list.size(), 2u);
  for (const auto& x : list) {
    EXPECT_NEAR(std::abs(x), 1, 1e-14);
    EXPECT_NEAR(std::abs(std::arg(x)), 0.3, 1e-14);
  }
}

TEST(Spectrum, ComesByFallingMagnitude) {
  const std::vector<double> matrix = {1, 5, 0, 0, -4, 0, 0, 7, 2};   // triangular by blocks
  const auto                list   = eigenvalues(matrix, 3);
  EXPECT_NEAR(list[0].real(), -4, 1e-13);
  EXPECT_NEAR(list[1].real(), 2, 1e-13);
  EXPECT_NEAR(list[2].real(), 1, 1e-13);
  EXPECT_NEAR(spectral_radius(matrix, 3), 4, 1e-13);
  EXPECT_EQ(spectral_radius({}, 0), 0);
}

}  // namespace
}  // namespace dynode
