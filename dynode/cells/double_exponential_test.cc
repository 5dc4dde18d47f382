// Units with a synaptic current that rises and decays, and the filter of the same shape: steps by hand.
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

std::vector<double> derived(const CellEntry& cell, std::vector<double> params, double dt) {
  std::vector<double> constants(cell.constants.size());
  EXPECT_EQ(cell.derive(params.data(), dt, nullptr, constants.data()), nullptr);
  return constants;
}

/// What the filter makes of one unit of input in the first of `steps` steps.
std::vector<double> impulse(double rise, double decay, double dt, int steps) {
  const CellEntry&    filter = *find_cell("DoubleExponentialFilter");
  SlabRun<double>     run(filter, 0, {Layout::rows, 1});
  const auto          constants = derived(filter, {rise, decay}, dt);
  std::vector<double> response;
  for (size_t u = 0; u < kUnits; ++u) {
    run.params[0][u] = rise, run.params[1][u] = decay;
    for (size_t c = 0; c < constants.size(); ++c) run.params[2 + c][u] = constants[c];
    run.state[0][u] = run.state[1][u] = 0;
  }
  run.dt = dt;
  for (int t = 0; t < steps; ++t) {
    for (size_t u = 0; u < kUnits; ++u) run.drive[0][u] = t == 0;
    run.step();
    response.push_back(run.next[0][0]);
    std::swap(run.state, run.next);
  }
  return response;
}

TEST(DoubleExponentialFilter, AUnitOfInputHasTheIntegralOne) {
  const double dt = 1e-5, integral = dt * [&] { const auto r = impulse(0.002, 0.05, dt, 60000); return std::accumulate(r.begin(), r.end(), 0.0); }();
  EXPECT_NEAR(integral, 1, 3e-3);   // a step of Euler in the rise: first order in dt
}

TEST(DoubleExponentialFilter, RisesFirstAndThenDecays) {
  const double dt = 5e-5, rise = 0.002, decay = 0.05;
  const auto   r = impulse(rise, decay, dt, 2000);
  EXPECT_EQ(r[0], 0) << "input acts from the next step on";
  const double peak = rise * decay / (decay - rise) * std::log(decay / rise) / dt;   // of the continuous solution
  EXPECT_NEAR(double(std::max_element(r.begin(), r.end()) - r.begin()), peak, 3);
  EXPECT_NEAR(r[1999] / r[1998], std::exp(-dt / decay), 1e-9);
}

TEST(DoubleExponentialFilter, WithoutARiseInputActsAtOnce) {
  const auto r = impulse(0, 0.05, 5e-5, 3);
  EXPECT_DOUBLE_EQ(r[0], 1 / 0.05);
  EXPECT_DOUBLE_EQ(r[1], 1 / 0.05 * std::exp(-5e-5 / 0.05));
}

/// Voltage and spikes of a unit with a constant current.
struct Trace { std::vector<double> v, s; };
Trace trace(double current, int steps) {
  const CellEntry&      lif    = *find_cell("DoubleExponentialLIF");
  const std::vector<double> params = {0.01, 0.002, 0.05, 0.002, -40, -65, -40};
  const auto            constants = derived(lif, params, 5e-5);
  SlabRun<double>       run(lif, 0, {Layout::rows, 1});
  for (size_t u = 0; u < kUnits; ++u) {
    for (size_t p = 0; p < params.size(); ++p) run.params[p][u] = params[p];
    for (size_t c = 0; c < constants.size(); ++c) run.params[params.size() + c][u] = constants[c];
    for (auto& state : run.state) state[u] = 0;
    run.state[1][u] = -65, run.drive[0][u] = current, run.drive[1][u] = 0;
  }
  run.dt = 5e-5;
  Trace made;
  for (int t = 0; t < steps; ++t) {
    run.step();
    made.v.push_back(run.next[1][0]), made.s.push_back(run.next[0][0]);
    std::swap(run.state, run.next);
  }
  return made;
}

TEST(DoubleExponentialLIF, IntegratesAfterTheRefractoryPeriodAlone) {
  const Trace t = trace(20, 200);
  for (int i = 0; i < 39; ++i) EXPECT_EQ(t.v[size_t(i)], -65) << i;   // 2 ms are 40 steps; the last may fall either way
  EXPECT_GT(t.v[40], -65);
  EXPECT_NEAR(t.v[41] - t.v[40], 5e-5 * (-20 - t.v[40]) / 0.01, 1e-12);
}

TEST(DoubleExponentialLIF, FiresAtTheThresholdAndIsReset) {
  const Trace t = trace(20, 2000);
  const auto  first = size_t(std::find(t.s.begin(), t.s.end(), 1.0) - t.s.begin());
  ASSERT_LT(first, t.s.size());
  // from −65 towards −20 mV it takes τ_m ln(45/20) to −40
  EXPECT_NEAR(5e-5 * double(first - 40), 0.01 * std::log(45.0 / 20), 2e-4);
  EXPECT_EQ(t.v[first], -65);
  const auto second = size_t(std::find(t.s.begin() + ptrdiff_t(first) + 1, t.s.end(), 1.0) - t.s.begin());
  EXPECT_NEAR(double(second - first), double(first + 1), 1);
}

TEST(DoubleExponentialLIF, AResetThatWouldFireIsRefused) {
  const double params[] = {0.01, 0.002, 0.05, 0.002, -65, -65, -40};
  double       constants[5];
  EXPECT_STREQ(find_cell("DoubleExponentialLIF")->derive(params, 5e-5, nullptr, constants),
               "reset_voltage is not below threshold: the unit would fire in every step");
}

}  // namespace
}  // namespace dynode
