// Slopes that gradients see where the output of a cell jumps.
#include "dynode/cells/surrogate.h"

#include <gtest/gtest.h>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

double slope(int kind, double u, double height) {
  switch (kind) {
    case 0: return height / std::pow(1 + std::abs(u), 2);
    case 1: return height / (1 + std::pow(M_PI / 2 * u, 2));
    default: return height * std::max(0.0, 1 - std::abs(u));
  }
}

TEST(Surrogate, CellsThatJumpHaveOne) {
  EXPECT_TRUE(has_surrogate(*find_cell("LIF")));
  EXPECT_TRUE(has_surrogate(*find_cell("Soma")));
  EXPECT_FALSE(has_surrogate(*find_cell("SingleDendrite")));
}

/// λ on the output alone: the adjoint of what it is a function of is λ · slope.
TEST(Surrogate, SlopesOfASomaAreThoseOfItsCurrent) {
  for (int kind = 0; kind < 3; ++kind) {
    const Plainest  judge;
    SlabRun<double> run(*find_cell("Soma"), find_source("Tanh"), {Layout::rows, 1});
    for (size_t u = 0; u < kUnits; ++u) {
      run.params[4][u] = 0.2 + 0.1 * double(u);                              // threshold
      run.params[5][u] = kind, run.params[6][u] = 0.5, run.params[7][u] = 3;   // kind, width, height
      run.lambda[0][u] = 2, run.lambda[1][u] = 0;
    }
    run.step(), run.pull();
    for (size_t u = 0; u < kUnits; ++u) {
      const double s = run.state[1][u], phi = run.drive[0][u] + run.params[0][u], plus = run.params[2][u], minus = run.params[3][u];
      const double next = s + 37 * (plus * std::tanh(phi) - minus * s);
      EXPECT_NEAR(run.next[1][u], next, 1e-14);
      EXPECT_EQ(run.next[0][u], next > run.params[4][u] ? 1 : 0);
      const double bar = 2 * slope(kind, (next - run.params[4][u]) / 0.5, 3);
      EXPECT_NEAR(run.lambda[1][u], bar * (1 - 37 * minus), 1e-12) << kind;
      EXPECT_NEAR(run.drive_bar[0][u], bar * 37 * plus / std::pow(std::cosh(phi), 2), 1e-12) << kind;
    }
  }
}

TEST(Surrogate, SpikesOfALifUnitAnswerForTheVoltageAndTheResetDoesNot) {
  const Plainest  judge;
  SlabRun<double> run(*find_cell("LIF"), 0, {Layout::rows, 1});
  const CellEntry& cell = *find_cell("LIF");
  const size_t     first = cell.params.size();
  for (size_t u = 0; u < kUnits; ++u) {
    run.params[3][u] = 1, run.params[4][u] = 0;                                       // threshold, reset
    run.params[first][u] = 0.9, run.params[first + 2][u] = 0.5, run.params[first + 3][u] = 0.1;   // e_m, k_i, k_s
    run.params[first + 6][u] = 2, run.params[first + 7][u] = 0.5, run.params[first + 8][u] = 2;   // triangle
    run.state[1][u] = 0.5 + 0.15 * double(u), run.state[2][u] = 0.8, run.state[3][u] = u == 4 ? 2 : 0;
    run.drive[0][u] = 0;
    run.lambda[0][u] = 1, run.lambda[1][u] = 0, run.lambda[2][u] = 0, run.lambda[3][u] = 0;
  }
  run.step(), run.pull();
  for (size_t u = 0; u < kUnits; ++u) {
    const double v = 0.9 * (0.5 + 0.15 * double(u)) + 0.4, bar = u == 4 ? 0 : slope(2, (v - 1) / 0.5, 2);
    EXPECT_EQ(run.next[0][u], u != 4 && v >= 1 ? 1 : 0);
    EXPECT_NEAR(run.lambda[1][u], 0.9 * bar, 1e-12) << u;
    EXPECT_NEAR(run.lambda[2][u], 0.5 * bar, 1e-12) << u;
    EXPECT_NEAR(run.drive_bar[0][u], 0.1 * bar, 1e-12) << u;
  }
}

}  // namespace
}  // namespace dynode
