// The multipliers: trajectories, and what their two dendrites have in common.
#include <gtest/gtest.h>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

/// One row; all units have the same numbers: defaults, no state, flux `phi`.
SlabRun<double> multiplier(const char* name, double phi, double phi_y, const char* source = "RateArray") {
  const CellEntry& cell = *find_cell(name);
  SlabRun<double>  run(cell, find_source(source), {Layout::rows, 1});
  silence(run);
  for (size_t u = 0; u < kUnits; ++u) {
    for (size_t p = 0; p < cell.params.size(); ++p) run.params[p][u] = cell.params[p].value;
    for (size_t c = 0; c < cell.constants.size(); ++c) run.params[cell.params.size() + c][u] = cell.constants[c].value;
    for (auto& s : run.state) s[u] = 0;
    run.params[0][u] = phi_y;
    run.drive[0][u]  = phi;
  }
  return run;
}

void advance(SlabRun<double>& run) {
  run.step();
  for (size_t i = 0; i < run.state.size(); ++i) std::copy(run.next[i].begin(), run.next[i].end(), run.state[i].begin());
}

TEST(MultiplierWicc, FollowsItsKnownTrajectory) {
  SlabRun<double> run = multiplier("MultiplierWICC", 0.1, 0.15);
  for (const double wanted : {0.0138233, 0.0252459, 0.0348906, 0.0431183, 0.0501868}) {
    advance(run);
    EXPECT_NEAR(run.state[0][0], wanted, 2e-5);  // recorded with another table of the same circuit
  }
}

TEST(MultiplierWicc, IsItsFormula) {
  SlabRun<double> run(*find_cell("MultiplierWICC"), find_source("Tanh"), {Layout::rows, 1});
  silence(run);
  run.step();
  for (size_t u = 0; u < kUnits; ++u) {
    const double s = run.state[0][u], phi = run.drive[0][u], y = run.params[0][u];
    const double g = std::tanh(phi + y) - std::tanh(phi - y);
    EXPECT_NEAR(run.next[0][u], s + 37 * (run.params[2][u] * g - run.params[3][u] * s), 1e-15);
  }
}

TEST(MultiplierWicc, NothingTimesAnythingIsNothing) {
  SlabRun<double> run = multiplier("MultiplierWICC", 0.3, 0.0);
  for (int t = 0; t < 5; ++t) advance(run);
  EXPECT_EQ(run.state[0][0], 0.0);
}

TEST(MultiplierWicc, AnOppositeFactorGivesTheOppositeResult) {
  SlabRun<double> plus = multiplier("MultiplierWICC", 0.2, 0.12), minus = multiplier("MultiplierWICC", 0.2, -0.12);
  for (int t = 0; t < 5; ++t) advance(plus), advance(minus);
  EXPECT_NE(plus.state[0][0], 0.0);
  EXPECT_NEAR(plus.state[0][0], -minus.state[0][0], 1e-16);
}

TEST(MultiplierNocc, FollowsItsKnownTrajectory) {
  SlabRun<double> run         = multiplier("MultiplierNOCC", 0.1, 0.15);
  const double    wanted[][3] = {{0.0674805, 0.0389796, 0.0178130},
                                 {0.1162391, 0.0627705, 0.0347521},
                                 {0.1514730, 0.0766952, 0.0504072},
                                 {0.1770111, 0.0846368, 0.0644478},
                                 {0.1956144, 0.0891831, 0.0767201}};
  for (const auto& at : wanted) {
    advance(run);
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(run.state[i][0], at[i], 2e-5) << "state " << i;
  }
}

TEST(MultiplierNocc, NothingTimesAnythingIsNothing) {
  SlabRun<double> run = multiplier("MultiplierNOCC", 0.4, 0.0);
  for (int t = 0; t < 5; ++t) advance(run);
  EXPECT_GT(run.state[0][0], 0.0);
  EXPECT_NEAR(run.state[0][0], run.state[1][0], 1e-16);
  EXPECT_NEAR(run.state[2][0], 0.0, 1e-16);
}

TEST(MultiplierNocc, EachConnectionFromItsOwnLayerSlowsTheOutput) {
  const CellEntry& cell = *find_cell("MultiplierNOCC");
  const double     beta = cell.params[3].value, beta_out = cell.params[4].value;
  SlabRun<double>  run = multiplier("MultiplierNOCC", 0.1, 0.15);
  for (size_t u = 0; u < kUnits; ++u) run.params[cell.params.size()][u] = double(u);
  run.step();
  for (size_t u = 1; u < kUnits; ++u)
    EXPECT_NEAR(run.next[2][0] / run.next[2][u], (beta + 2 * double(u) * beta_out) / beta, 1e-12);
}

TEST(Multipliers, ShowTheFluxTheyReceiveAndTheDifferenceOfTheirDendrites) {
  for (const char* name : {"MultiplierWICC", "MultiplierNOCC"}) {
    SlabRun<double> run  = multiplier(name, 0.4, 0.15, "Tanh");
    const auto      seen = run.observe();
    EXPECT_EQ(seen[0][0], 0.4) << name;
    EXPECT_NEAR(seen[1][0], std::tanh(0.55) - std::tanh(0.25), 1e-15) << name;
  }
}

}  // namespace
}  // namespace dynode
