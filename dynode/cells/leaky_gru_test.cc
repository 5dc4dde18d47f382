// LeakyGRU: its formula, its time constant, its diagonal of ones.
#include <gtest/gtest.h>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

SlabRun<double> leaky_gru_run() { return SlabRun<double>(*find_cell("LeakyGRU"), 0, {Layout::rows, 1}); }

enum Param { decay_bias, candidate_bias, reset_bias, diagonal };

TEST(LeakyGru, FollowsItsGates) {
  auto run = leaky_gru_run();
  run.step();
  for (size_t u = 0; u < kUnits; ++u) {
    const double h = run.state[0][u], w = run.drive[1][u] + run.params[diagonal][u] * h;
    const double r = sigmoid(run.params[reset_bias][u]), z = sigmoid(run.params[decay_bias][u]);
    const double n = std::tanh(run.drive[0][u] + run.params[candidate_bias][u] + r * w);
    EXPECT_NEAR(run.next[0][u], z * h + (1 - z) * n, 1e-15);
  }
}

TEST(LeakyGru, KeepsAsMuchPerStepAsItsTimeConstantSays) {
  const Alternative& tau = find_cell("LeakyGRU")->params[decay_bias].alternative;
  auto               run = leaky_gru_run();
  for (size_t u = 0; u < kUnits; ++u) {
    run.params[decay_bias][u]     = tau.to_parameter(25, 2);
    run.params[candidate_bias][u] = 0;
    run.drive[0][u] = 0, run.drive[1][u] = -run.params[diagonal][u] * run.state[0][u];  // nothing new
  }
  run.step();
  for (size_t u = 0; u < kUnits; ++u) EXPECT_NEAR(run.next[0][u], std::exp(-2.0 / 25) * run.state[0][u], 1e-15);
}

TEST(LeakyGru, TimeConstantsBeyondTheGatesReachTheirEnds) {
  const Alternative& tau = find_cell("LeakyGRU")->params[decay_bias].alternative;
  EXPECT_NEAR(tau.to_parameter(1e-3, 37), std::log(1e-6 / (1 - 1e-6)), 1e-12);
  EXPECT_NEAR(tau.to_parameter(1e12, 37), -std::log(1e-6 / (1 - 1e-6)), 1e-9);
  EXPECT_TRUE(std::isnan(tau.to_parameter(0, 37)));
  EXPECT_TRUE(std::isnan(tau.to_parameter(-5, 37)));
}

TEST(LeakyGru, ADiagonalOfOnesIsAWeightOfOneFromTheUnitToItself) {
  auto kept = leaky_gru_run(), wired = leaky_gru_run();
  for (size_t u = 0; u < kUnits; ++u) {
    kept.params[diagonal][u] = 1, wired.params[diagonal][u] = 0;
    wired.drive[1][u] += wired.state[0][u];
  }
  kept.step(), wired.step(), kept.pull(), wired.pull();
  for (size_t u = 0; u < kUnits; ++u) {
    EXPECT_NEAR(kept.next[0][u], wired.next[0][u], 1e-15);
    EXPECT_NEAR(kept.lambda[0][u], wired.lambda[0][u] + wired.drive_bar[1][u], 1e-15);
  }
}

}  // namespace
}  // namespace dynode
