// The LIF unit: constants from parameters, one step by hand.
#include <gtest/gtest.h>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

const CellEntry& lif() { return *find_cell("LIF"); }

enum Constant { e_m, e_s, k_i, k_s, per_tau_s, clamped, kind, width, height };

std::vector<double> derived(std::vector<double> params, double dt, bool euler = false) {
  const double        settings[] = {double(euler), 2, 0.25, 1};   // triangle
  std::vector<double> constants(lif().constants.size());
  EXPECT_EQ(lif().derive(params.data(), dt, settings, constants.data()), nullptr);
  return constants;
}

TEST(Lif, TheAnalyticConstantsAreTheExactPropagator) {
  const double tm = 0.02, ts = 0.005, dt = 5e-4;
  const auto   c = derived({tm, ts, 0.005, 1, 0}, dt);
  EXPECT_DOUBLE_EQ(c[e_m], std::exp(-dt / tm));
  EXPECT_DOUBLE_EQ(c[e_s], std::exp(-dt / ts));
  EXPECT_NEAR(c[k_i], ts * tm / (ts - tm) * (std::exp(-dt / ts) - std::exp(-dt / tm)), 1e-18);
  EXPECT_NEAR(c[k_s], tm * (1 - std::exp(-dt / tm)), 1e-18);
  EXPECT_DOUBLE_EQ(c[per_tau_s], 200);
}

TEST(Lif, EqualTimeConstantsAreTheLimitOfUnequalOnes) {
  const double limit = derived({0.01, 0.01, 0, 1, 0}, 5e-4)[k_i];
  EXPECT_DOUBLE_EQ(limit, 5e-4 * std::exp(-0.05));
  for (double apart : {1e-3, 1e-6, 1e-9, 1e-12, 1e-15}) {
    EXPECT_NEAR(derived({0.01, 0.01 * (1 + apart), 0, 1, 0}, 5e-4)[k_i], limit, limit * (0.03 * apart + 1e-15))
        << apart;
    EXPECT_NEAR(derived({0.01, 0.01 * (1 - apart), 0, 1, 0}, 5e-4)[k_i], limit, limit * (0.03 * apart + 1e-15))
        << apart;
  }
}

TEST(Lif, EulerIsTheSameMapWithOtherConstants) {
  EXPECT_EQ(derived({0.02, 0.005, 0, 1, 0}, 0.001, true), (std::vector<double>{0.95, 0.8, 0.001, 0.001, 200, 0, 2, 0.25, 4}));
}

TEST(Lif, TheSurrogateIsAsWideAsItsShareOfTheWayToTheThreshold) {
  const auto c = derived({0.02, 0.005, 0, 15, -5}, 0.001);
  EXPECT_EQ(c[width], 5);
  EXPECT_EQ(c[height], 0.2);
}

TEST(Lif, StartedStepsOfTheRefractoryPeriodCount) {
  const auto steps = [](double tau, double dt) { return derived({0.02, 0.005, tau, 1, 0}, dt)[clamped]; };
  EXPECT_EQ(steps(0, 5e-4), 0);
  EXPECT_EQ(steps(0.005, 5e-4), 10);
  EXPECT_EQ(steps(0.0051, 5e-4), 11);
  EXPECT_EQ(steps(1e-5, 5e-4), 1);
  EXPECT_EQ(steps(0.3, 0.1), 3);              // 0.3 / 0.1 is 2.9999999999999996
  EXPECT_EQ(steps(0.7, 0.1), 7);              // 6.999999999999999
  EXPECT_EQ(steps(float(0.005), 1e-5), 500);  // a float is not quite 0.005
}

TEST(Lif, AResetThatWouldFireIsRefused) {
  const double settings[] = {0, 0, 0.25, 1};
  double       constants[9];
  for (double reset : {1.0, 1.5}) {
    const double params[] = {0.02, 0.005, 0.005, 1.0, reset};
    EXPECT_STREQ(lif().derive(params, 5e-4, settings, constants),
                 "reset_voltage is not below threshold: the unit would fire in every step");
  }
}

/// Five units: silent, at threshold, above it, clamped, clamped for the last time.
template <class R>
void step_by_hand(SlabShape shape) {
  SlabRun<R>                run(lif(), 0, shape);
  const double              v[] = {0.3, 1.0, 5.0, 0.9, 0.9}, c[] = {0, 0, 0, 3, 1};
  const std::vector<double> constant = {0.5, 0.25, 0, 0.125, 8, 7};  // sums are exact
  for (size_t u = 0; u < kUnits; ++u) {
    run.params[3][u] = R(1), run.params[4][u] = R(-0.5);
    for (size_t n = 0; n < constant.size(); ++n) run.params[5 + n][u] = R(constant[n]);
    for (size_t row = 0; row < shape.rows; ++row) {
      const size_t at  = run.at(row, u);
      run.state[1][at] = R(v[u]), run.state[2][at] = R(4), run.state[3][at] = R(c[u]);
      run.drive[0][at] = u == 1 ? R(4) : R(0), run.drive[1][at] = R(2);
    }
  }
  run.step();
  for (size_t row = 0; row < shape.rows; ++row)
    for (size_t u = 0; u < kUnits; ++u) {
      const size_t at    = run.at(row, u);
      const bool   fires = u == 1 || u == 2;
      EXPECT_EQ(run.next[0][at], R(fires));
      EXPECT_EQ(run.next[1][at], fires || c[u] > 0 ? R(-0.5) : R(0.5) * R(v[u])) << u;
      EXPECT_EQ(run.next[2][at], R(0.25 * 4 + 2 * 8)) << "input is not lost while clamped";
      EXPECT_EQ(run.next[3][at], fires ? R(7) : c[u] > 0 ? R(c[u] - 1) : R(0));
    }
}

TEST(Lif, FiresAtThresholdIsResetAndClamped) {
  for (Layout layout : {Layout::tiles, Layout::rows}) {
    step_by_hand<float>({layout, layout == Layout::tiles ? dense_kernels<float>().width : 3});
    step_by_hand<double>({layout, layout == Layout::tiles ? dense_kernels<double>().width : 3});
  }
}

}  // namespace
}  // namespace dynode
