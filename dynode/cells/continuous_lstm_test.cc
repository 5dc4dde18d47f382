// LSTMs that know the time: what they are without it, and in the end.
#include <gtest/gtest.h>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

SlabRun<double> run_of(const char* cell) { return SlabRun<double>(*find_cell(cell), 0, {Layout::rows, 1}); }

enum State { h, c, c_bar, time = c_bar };
enum Port { i, f, g, o, i_bar, f_bar, d };
enum Param { period, shift, ratio, leak };

/// What an LSTM makes of the same numbers: h, c.
std::pair<double, double> lstm(const SlabRun<double>& run, size_t u) {
  const double memory = sigmoid(run.drive[f][u]) * run.state[c][u] + sigmoid(run.drive[i][u]) * std::tanh(run.drive[g][u]);
  return {sigmoid(run.drive[o][u]) * std::tanh(memory), memory};
}

TEST(CtLstm, IsAnLstmWhereNoTimePasses) {
  auto run = run_of("CTLSTM");
  run.dt   = 0;
  run.step();
  for (size_t u = 0; u < kUnits; ++u) {
    EXPECT_NEAR(run.next[h][u], lstm(run, u).first, 1e-15);
    EXPECT_NEAR(run.next[c][u], lstm(run, u).second, 1e-15);
  }
}

TEST(CtLstm, ForgetsAllButItsTargetInTheEnd) {
  auto run = run_of("CTLSTM");
  run.dt   = 1e4;
  run.step();
  for (size_t u = 0; u < kUnits; ++u) {
    const double target =
        sigmoid(run.drive[f_bar][u]) * run.state[c_bar][u] + sigmoid(run.drive[i_bar][u]) * std::tanh(run.drive[g][u]);
    EXPECT_NEAR(run.next[c_bar][u], target, 1e-15);
    EXPECT_NEAR(run.next[c][u], target, 1e-15);
  }
}

TEST(CtLstm, HalfOfTheDifferenceIsLeftAfterAHalfLife) {
  auto run = run_of("CTLSTM");
  run.dt   = 1;
  for (size_t u = 0; u < kUnits; ++u) run.drive[d][u] = 0;   // δ = log 2
  run.step();
  for (size_t u = 0; u < kUnits; ++u)
    EXPECT_NEAR(run.next[c][u], (lstm(run, u).second + run.next[c_bar][u]) / 2, 1e-15);
}

/// A step that ends at this phase of the period.
SlabRun<double> phased_at(double phase) {
  auto run = run_of("PhasedLSTM");
  run.dt   = 3;
  for (size_t u = 0; u < kUnits; ++u) {
    run.params[period][u] = 8, run.params[shift][u] = 1, run.params[ratio][u] = 0.25, run.params[leak][u] = 0;
    run.state[time][u] = 16 + 1 + 8 * phase - 3;
  }
  run.step();
  return run;
}

TEST(PhasedLstm, IsAnLstmWhereItIsOpen) {
  const auto run = phased_at(0.125);
  for (size_t u = 0; u < kUnits; ++u) {
    EXPECT_NEAR(run.next[h][u], lstm(run, u).first, 1e-15);
    EXPECT_NEAR(run.next[c][u], lstm(run, u).second, 1e-15);
  }
}

TEST(PhasedLstm, KeepsItsStateWhereItIsShut) {
  const auto run = phased_at(0.5);
  for (size_t u = 0; u < kUnits; ++u) {
    EXPECT_EQ(run.next[h][u], run.state[h][u]);
    EXPECT_EQ(run.next[c][u], run.state[c][u]);
    EXPECT_DOUBLE_EQ(run.next[time][u], run.state[time][u] + 3);
  }
}

TEST(PhasedLstm, OpensAndShutsEvenly) {
  for (const double phase : {0.0625, 0.1875}) {
    const auto run = phased_at(phase);
    for (size_t u = 0; u < kUnits; ++u)
      EXPECT_NEAR(run.next[c][u], (run.state[c][u] + lstm(run, u).second) / 2, 1e-15) << phase;
  }
}

}  // namespace
}  // namespace dynode
