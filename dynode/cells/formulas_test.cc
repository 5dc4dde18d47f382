// What is special to each kind of cell: its formula, evaluated by hand.
#include <gtest/gtest.h>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

/// Results of a step in double, one row, with the state and drives of unit 0 … 4 as the helper draws them.
struct Step {
  SlabRun<double> run;
  Step(const char* cell, const char* source)
      : run(*find_cell(cell), std::max(0, find_source(source)), {Layout::rows, 1}) {
    silence(run);
    run.step();
  }
  double param(size_t p, size_t u) { return run.params[p][u]; }
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST(Linear, HandsOnItsDrive) {
  Step s("Linear", "");
  for (size_t u = 0; u < kUnits; ++u) EXPECT_EQ(s.run.next[0][u], s.run.drive[0][u]);
}

TEST(SingleDendrite, GainsByItsSourceAndLeaks) {
  Step s("SingleDendrite", "Tanh");
  for (size_t u = 0; u < kUnits; ++u) {
    const double state = s.run.state[0][u], phi = s.run.drive[0][u] + s.param(0, u);
    EXPECT_NEAR(s.run.next[0][u], state + 37 * (s.param(2, u) * std::tanh(phi) - s.param(3, u) * state), 1e-15);
  }
}

TEST(SingleDendrite, NoiseOfItsRateIsAFactorAndASummand) {
  SlabRun<double> run(*find_cell("SingleDendrite"), find_source("Tanh"), {Layout::rows, 1});
  run.step();
  for (size_t u = 0; u < kUnits; ++u) {
    const double s = run.state[0][u], g = run.params[4][u] * std::tanh(run.drive[0][u] + run.params[0][u]) + run.params[5][u];
    EXPECT_NEAR(run.next[0][u], s + 37 * (run.params[2][u] * g - run.params[3][u] * s), 1e-14);
  }
}

TEST(SingleDendrite, ItsOwnStateTakesCurrentFromTheBias) {
  const CellEntry& cell = *find_cell("SingleDendrite");
  SlabRun<double>  full(cell, find_source("RateArray"), {Layout::rows, 1}),
      less(cell, find_source("RateArray"), {Layout::rows, 1});
  silence(full), silence(less);
  for (size_t u = 0; u < kUnits; ++u) {
    full.drive[0][u] = less.drive[0][u] = 0.2;
    full.params[3][u] = less.params[3][u] = 0;  // no leak
    less.params[1][u] -= less.state[0][u];
    less.state[0][u] = 0;
  }
  full.step(), less.step();
  for (size_t u = 0; u < kUnits; ++u)
    EXPECT_NEAR(full.next[0][u] - full.state[0][u], less.next[0][u], 1e-15) << "g depends on i_b − s alone";
}

TEST(DendriteReadout, IsItsSourceFunction) {
  Step s("DendriteReadout", "Sigmoid");
  for (size_t u = 0; u < kUnits; ++u) EXPECT_NEAR(s.run.next[0][u], sigmoid(s.run.drive[0][u] + s.param(0, u)), 1e-15);
}

TEST(Ctrnn, MovesItsPotentialByAlphaAndGivesOutItsRate) {
  Step s("CTRNN", "SimpleGELU");
  for (size_t u = 0; u < kUnits; ++u) {
    const double a = s.param(0, u), v = (1 - a) * s.run.state[1][u] + a * s.run.drive[0][u];
    EXPECT_NEAR(s.run.next[1][u], v, 1e-15);
    EXPECT_NEAR(s.run.next[0][u], v / 2 * (1 + std::tanh(0.8 * v)), 1e-15);
  }
}

TEST(Ctrnn, RelaxesExponentially) {
  SlabRun<double> run(*find_cell("CTRNN"), find_source("Identity"), {Layout::rows, 1});
  for (size_t u = 0; u < kUnits; ++u) run.drive[0][u] = 0, run.state[1][u] = 1, run.params[0][u] = 0.001;
  for (int t = 0; t < 5000; ++t) {
    run.step();
    std::copy(run.next[1].begin(), run.next[1].end(), run.state[1].begin());
  }
  EXPECT_NEAR(run.state[1][0], std::pow(1 - 0.001, 5000), 1e-12);
  EXPECT_NEAR(run.state[1][0], std::exp(-5.0), 2e-5);  // Euler error ∝ alpha
}

TEST(Gru, FollowsItsGates) {
  Step s("GRU", "");
  for (size_t u = 0; u < kUnits; ++u) {
    const double r = sigmoid(s.run.drive[0][u]), z = sigmoid(s.run.drive[1][u]);
    const double n = std::tanh(s.run.drive[2][u] + r * s.run.drive[3][u]), h = s.run.state[0][u];
    EXPECT_NEAR(s.run.next[0][u], (1 - z) * n + z * h, 1e-15);
  }
}

TEST(Gru, AnOpenUpdateGateKeepsTheState) {
  SlabRun<double> run(*find_cell("GRU"), 0, {Layout::rows, 1});
  for (size_t u = 0; u < kUnits; ++u) run.drive[1][u] = 50;
  run.step();
  for (size_t u = 0; u < kUnits; ++u) EXPECT_NEAR(run.next[0][u], run.state[0][u], 1e-15);
}

}  // namespace
}  // namespace dynode
