// Softmax: shares that are known, and numbers at the ends of what can be written.
#include <gtest/gtest.h>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

const std::vector<SlabShape> kShapes = {{Layout::rows, 3}, {Layout::tiles, 16}};

/// Unit u of every row receives φ_u; β is the same for all.
SlabRun<double> softmax_of(const std::vector<double>& phi, double beta, SlabShape shape) {
  SlabRun<double> run(*find_cell("Softmax"), 0, shape);
  for (size_t u = 0; u < kUnits; ++u) {
    run.params[0][u] = beta;
    for (size_t row = 0; row < shape.rows; ++row) run.drive[0][run.at(row, u)] = phi[u];
  }
  run.step();
  return run;
}

TEST(Softmax, SharesOutInProportionToExponentials) {
  for (const SlabShape& shape : kShapes) {
    const auto run =
        softmax_of({std::log(1.0), std::log(2.0), std::log(3.0), std::log(4.0), std::log(5.0)}, 1.0, shape);
    for (size_t row = 0; row < shape.rows; ++row)
      for (size_t u = 0; u < kUnits; ++u) EXPECT_NEAR(run.next[0][run.at(row, u)], double(u + 1) / 15, 1e-15);
  }
}

TEST(Softmax, TakesPowersOfTheSharesByBeta) {
  for (const SlabShape& shape : kShapes) {
    const auto run =
        softmax_of({std::log(1.0), std::log(2.0), std::log(3.0), std::log(4.0), std::log(5.0)}, 2.0, shape);
    for (size_t u = 0; u < kUnits; ++u) EXPECT_NEAR(run.next[0][run.at(0, u)], double((u + 1) * (u + 1)) / 55, 1e-15);
  }
}

TEST(Softmax, LooksAtDifferencesAlone) {
  for (const SlabShape& shape : kShapes)
    for (const double shift : {-1e6, 1e6}) {
      const auto   run = softmax_of({shift, shift + 1, shift, shift, shift}, 1.0, shape);
      const double e   = std::exp(1.0);
      EXPECT_NEAR(run.next[0][run.at(0, 1)], e / (e + 4), 1e-15);
      EXPECT_NEAR(run.next[0][run.at(0, 4)], 1 / (e + 4), 1e-15);
    }
}

TEST(Softmax, GivesEverythingToAUnitFarAboveTheOthers) {
  for (const SlabShape& shape : kShapes) {
    const auto run = softmax_of({-1e300, 0, 1e300, 0, 0}, 1.0, shape);
    for (size_t u = 0; u < kUnits; ++u) EXPECT_EQ(run.next[0][run.at(0, u)], u == 2 ? 1.0 : 0.0);
  }
}

TEST(Softmax, PaddingHasNoShare) {
  auto run = softmax_of({-900, -900, -900, -900, -900}, 1.0, {Layout::rows, 3});
  for (size_t row = 0; row < 3; ++row)
    for (size_t u = 0; u < run.slab.stride; ++u)
      EXPECT_NEAR(run.next[0][row * run.slab.stride + u], u < kUnits ? 0.2 : 0.0, 1e-15);
}

TEST(Softmax, GradientsDoNotMoveTheSum) {
  for (const SlabShape& shape : kShapes) {
    auto run = softmax_of({0.3, -0.2, 0.9, 0.1, 0.5}, 1.0, shape);
    run.pull();
    for (size_t row = 0; row < shape.rows; ++row) {
      double sum = 0, size = 0;
      for (size_t u = 0; u < kUnits; ++u) {
        sum += run.drive_bar[0][run.at(row, u)];
        size += std::abs(run.drive_bar[0][run.at(row, u)]);
      }
      EXPECT_NEAR(sum, 0, 1e-15);
      EXPECT_GT(size, 1e-3);
    }
  }
}

}  // namespace
}  // namespace dynode
