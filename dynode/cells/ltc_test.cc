// LTC: what its equation says, and its methods, of which the contract knows the default alone.
#include <gtest/gtest.h>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

enum Param { gleak, vleak, cm, w, sigma, mu, erev };
enum Setting { unfolds, epsilon, solver };
enum Solver { fused, euler, heun, rk4 };

CellEntry ltc(Solver method, int sub_steps) {
  CellEntry cell               = *find_cell("LTC");
  cell.settings[unfolds].value = sub_steps, cell.settings[solver].value = method;
  return cell;
}
const char* name_of(Solver s) { return find_cell("LTC")->settings[solver].words[size_t(s)]; }

std::vector<double> copy(const Buffer<double>& b) { return {b.begin(), b.end()}; }

TEST(Ltc, EveryMethodHasTheSlopeOfItsStep) {
  for (Solver method : {fused, euler, heun, rk4})
    for (int sub_steps : {1, 3}) {
      SCOPED_TRACE(name_of(method));
      const CellEntry cell = ltc(method, sub_steps);
      SlabRun<double> run(cell, 0, {Layout::rows, 2});
      const auto      lambda = copy(run.lambda[0]);
      const auto      loss   = [&] {
        run.step();
        double sum = 0;
        for (size_t row = 0; row < 2; ++row)
          for (size_t unit = 0; unit < kUnits; ++unit)
            sum += lambda[run.at(row, unit)] * run.next[0][run.at(row, unit)];
        return sum;
      };
      run.step(), run.pull();
      const auto state_bar = copy(run.lambda[0]), current_bar = copy(run.drive_bar[0]),
                 conductance_bar = copy(run.drive_bar[1]);
      const auto sums            = run.sums();
      const auto check           = [&](double exact, double& x, const char* what) {
        const double h = 1e-6, here = x;
        x                  = here + h;
        const double above = loss();
        x                  = here - h;
        const double below = loss();
        x                  = here;
        ASSERT_NEAR(exact, (above - below) / (2 * h), 1e-7) << what;
      };
      for (size_t row = 0; row < 2; ++row)
        for (size_t unit = 0; unit < kUnits; ++unit) {
          const size_t at = run.at(row, unit);
          check(state_bar[at], run.state[0][at], "v");
          check(current_bar[at], run.drive[0][at], "current");
          check(conductance_bar[at], run.drive[1][at], "conductance");
        }
      size_t n = 0;
      for (size_t p = 0; p < cell.params.size(); ++p)
        for (size_t i = 0; i < run.count_of_param(p); ++i) check(sums[n++], run.params[p][i], cell.params[p].name);
      check(sums[n], run.dt, "dt");
    }
}

TEST(Ltc, ARowHasTheSameBitsInEveryLayoutByEveryMethod) {
  const size_t width = dense_kernels<float>().width;
  for (Solver method : {fused, euler, heun, rk4})
    for (const SlabShape& shape : {SlabShape{Layout::tiles, 2 * width}, {Layout::tiles, width}, {Layout::rows, 5}}) {
      const CellEntry cell = ltc(method, 2);
      SlabRun<float>  batch(cell, 0, shape);
      batch.step(), batch.pull();
      for (size_t row = 0; row < shape.rows; ++row) {
        SlabRun<float> alone(cell, 0, {Layout::rows, 1}, row);
        alone.step(), alone.pull();
        for (size_t unit = 0; unit < kUnits; ++unit) {
          ASSERT_EQ(alone.next[0][alone.at(0, unit)], batch.next[0][batch.at(row, unit)]) << name_of(method);
          ASSERT_EQ(alone.lambda[0][alone.at(0, unit)], batch.lambda[0][batch.at(row, unit)]) << name_of(method);
        }
      }
    }
}

TEST(Ltc, ASubStepStaysBetweenWhatPullsAtTheNeuron) {
  CellEntry cell               = ltc(fused, 1);
  cell.settings[epsilon].value = 0;
  for (double dt : {0.01, 1.0, 1000.0}) {
    SlabRun<double> run(cell, 0, {Layout::rows, 7});
    run.dt = dt;
    for (auto& b : run.drive) b.clear();
    for (double& x : run.params[vleak]) x *= 3;
    for (size_t k = 0; k < run.count_of_param(erev); ++k) run.params[erev][k] = k % 3 ? 1.3 : -0.9;
    run.step();
    const auto [low_leak, high_leak] =
        std::minmax_element(run.params[vleak].begin(), run.params[vleak].begin() + kUnits);
    for (size_t row = 0; row < 7; ++row)
      for (size_t unit = 0; unit < kUnits; ++unit) {
        const double v = run.state[0][run.at(row, unit)], after = run.next[0][run.at(row, unit)];
        EXPECT_GE(after, std::min({v, *low_leak, -0.9}));
        EXPECT_LE(after, std::max({v, *high_leak, 1.3}));
        EXPECT_NE(after, v);
      }
  }
}

TEST(Ltc, ANeuronThatNothingReachesRelaxesToItsRestingPotential) {
  for (Solver method : {fused, euler, rk4}) {
    CellEntry cell               = ltc(method, 8);
    cell.settings[epsilon].value = 0;
    SlabRun<double> run(cell, 0, {Layout::rows, 1});
    run.dt = 0.5;
    for (auto& b : run.drive) b.clear();
    run.params[w].clear();
    run.step();
    for (size_t unit = 0; unit < kUnits; ++unit) {
      const double rest = run.params[vleak][unit], rate = run.params[gleak][unit] / run.params[cm][unit], h = 0.5 / 8;
      const double share = method == fused   ? std::pow(1 + rate * h, -8)
                           : method == euler ? std::pow(1 - rate * h, 8)
                                             : std::exp(-rate * 0.5);
      EXPECT_NEAR(run.next[0][unit], rest + share * (run.state[0][unit] - rest), method == rk4 ? 1e-6 : 1e-14)
          << name_of(method);
    }
  }
}

TEST(Ltc, NoTimeLeavesTheStateAndItsAdjointAlone) {
  for (Solver method : {fused, euler, heun, rk4})
    for (Layout layout : {Layout::rows, Layout::tiles}) {
      SCOPED_TRACE(name_of(method));
      const CellEntry cell = ltc(method, 6);
      SlabRun<double> run(cell, 0, {layout, layout == Layout::rows ? 1 : dense_kernels<double>().width});
      run.dt            = 0;  // of row 0
      const auto lambda = copy(run.lambda[0]);
      run.step(), run.pull();
      for (size_t unit = 0; unit < kUnits; ++unit) {
        EXPECT_EQ(run.next[0][run.at(0, unit)], run.state[0][run.at(0, unit)]);
        EXPECT_NEAR(run.lambda[0][run.at(0, unit)], lambda[run.at(0, unit)], 1e-14);
        EXPECT_EQ(run.drive_bar[0][run.at(0, unit)], 0);
      }
      for (double x : run.sums()) EXPECT_TRUE(std::isfinite(x));
      if (layout == Layout::tiles) continue;

      // the slope by the time is that of the limit
      const double exact = run.dt_gradient(), h = 1e-7;
      run.dt       = h, run.step();
      double slope = 0;
      for (size_t unit = 0; unit < kUnits; ++unit) slope += lambda[unit] * (run.next[0][unit] - run.state[0][unit]) / h;
      EXPECT_NEAR(exact, slope, 1e-5);
      EXPECT_NE(exact, 0);
    }
}

TEST(Ltc, MethodsAgreeInSmallSteps) {
  const auto after = [](Solver method, int sub_steps) {
    const CellEntry cell = ltc(method, sub_steps);
    SlabRun<double> run(cell, 0, {Layout::rows, 1});
    run.step();
    return std::vector<double>(run.next[0].begin(), run.next[0].begin() + kUnits);
  };
  const auto truth = after(rk4, 200);
  const auto error = [&](Solver method, int sub_steps) {
    double     worst = 0;
    const auto v     = after(method, sub_steps);
    for (size_t unit = 0; unit < kUnits; ++unit) worst = std::max(worst, std::abs(v[unit] - truth[unit]));
    return worst;
  };
  EXPECT_NEAR(error(fused, 200) / error(fused, 400), 2, 0.1) << "first order";
  EXPECT_NEAR(error(euler, 200) / error(euler, 400), 2, 0.1);
  EXPECT_NEAR(error(heun, 50) / error(heun, 100), 4, 0.5) << "second order";
  EXPECT_NEAR(error(rk4, 10) / error(rk4, 20), 16, 4) << "fourth order";
}

TEST(Ltc, ALargeEpsilonPullsTowardsZero) {
  CellEntry cell               = ltc(fused, 1);
  cell.settings[epsilon].value = 1e6;
  SlabRun<double> run(cell, 0, {Layout::rows, 1});
  run.step();
  for (size_t unit = 0; unit < kUnits; ++unit) EXPECT_NEAR(run.next[0][unit], 0, 1e-5);
}

}  // namespace
}  // namespace dynode
