// Layer normalisation: known numbers, and differences as the judge of its adjoint.
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

const std::vector<SlabShape> kShapes = {{Layout::rows, 3}, {Layout::tiles, 16}};

/// Unit u of every row receives x_u.
SlabRun<double> norm_of(const std::vector<double>& x, SlabShape shape) {
  SlabRun<double> run(*find_cell("LayerNorm"), 0, shape);
  for (size_t u = 0; u < kUnits; ++u) {
    run.params[0][u] = 1, run.params[1][u] = 0;
    for (size_t row = 0; row < shape.rows; ++row) run.drive[0][run.at(row, u)] = x[u];
  }
  run.step();
  return run;
}

TEST(LayerNorm, HasMeanZeroAndDeviationOne) {
  for (const SlabShape& shape : kShapes) {
    const auto   run = norm_of({1, 2, 3, 4, 5}, shape);  // variance 2
    const double r   = 1 / std::sqrt(2 + 1e-5);
    for (size_t row = 0; row < shape.rows; ++row)
      for (size_t u = 0; u < kUnits; ++u) EXPECT_NEAR(run.next[0][run.at(row, u)], (double(u) - 2) * r, 1e-15);
  }
}

TEST(LayerNorm, OffsetsOfTheInputDoNotMatter) {
  for (const SlabShape& shape : kShapes) {
    const auto a = norm_of({1, -2, 3, 0.5, 5}, shape), b = norm_of({1001, 998, 1003, 1000.5, 1005}, shape);
    for (size_t u = 0; u < kUnits; ++u) EXPECT_NEAR(a.next[0][a.at(0, u)], b.next[0][b.at(0, u)], 1e-12);
  }
}

TEST(LayerNorm, EqualNumbersGiveTheOffset) {
  for (const SlabShape& shape : kShapes) {
    const auto run = norm_of({7, 7, 7, 7, 7}, shape);
    for (size_t u = 0; u < kUnits; ++u) EXPECT_NEAR(run.next[0][run.at(0, u)], 0, 1e-12);
  }
}

}  // namespace
}  // namespace dynode
