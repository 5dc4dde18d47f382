// Integrate-and-fire units with other synapses, against closed forms.
#include <cmath>
#include <functional>
#include <gtest/gtest.h>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

/// One unit; `drive(port, step)` is what arrives, `state` which one is returned, after every step.
std::vector<double> course(const char* kind, double dt, size_t steps,
                           const std::function<double(size_t, size_t)>& drive, size_t state,
                           std::vector<std::pair<std::string, double>> given = {}) {
  const CellEntry&    cell = *find_cell(kind);
  std::vector<double> params, constants(cell.constants.size());
  for (const ParamFacts& p : cell.params) {
    double x = p.value;
    for (const auto& [name, value] : given)
      if (name == p.name) x = value;
    params.push_back(x);
  }
  EXPECT_EQ(cell.derive(params.data(), dt, nullptr, constants.data()), nullptr);
  params.insert(params.end(), constants.begin(), constants.end());
  std::vector<Buffer<double>> p, s, d;
  std::vector<const double*>  pp, sp;
  std::vector<double*>        dp, np;
  for (double x : params) p.emplace_back(16), std::fill(p.back().begin(), p.back().end(), x);
  for (size_t i = 0; i < cell.states.size(); ++i) s.emplace_back(16);
  for (size_t i = 0; i < cell.ports.size(); ++i) d.emplace_back(16);
  for (auto& b : p) pp.push_back(b.data());
  for (auto& b : s) sp.push_back(b.data()), np.push_back(b.data());
  for (auto& b : d) dp.push_back(b.data());
  const size_t        width = dense_kernels<double>().width;
  std::vector<double> out;
  for (size_t t = 0; t < steps; ++t) {
    for (size_t k = 0; k < d.size(); ++k) d[k][0] = drive(k, t);
    cell.kernels(0).precise.step(
        {{Layout::rows, 1, 1, width}, &dt, nullptr, {}, pp.data(), sp.data(), dp.data(), np.data(), nullptr});
    out.push_back(s[state][0]);
  }
  return out;
}

TEST(LifDelta, ASpikeMovesTheVoltageByItsWeightInTheNextStep) {
  const auto v = course(
      "LIFDelta", 1e-3, 4, [](size_t port, size_t t) { return port == 1 && t == 1 ? 0.5 : 0.0; }, 1);
  EXPECT_EQ(v[1], 0);
  EXPECT_EQ(v[2], 0.5);
  EXPECT_DOUBLE_EQ(v[3], 0.5 * std::exp(-1e-3 / 0.02));
}

TEST(LifDelta, FiresAtThresholdAndLosesWhatArrivesMeanwhile) {
  const auto s = course(
      "LIFDelta", 1e-3, 12, [](size_t port, size_t) { return port == 1 ? 1.0 : 0.0; }, 0);
  EXPECT_EQ(s, (std::vector<double>{0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}));  // five steps of rest
}

TEST(LifAlpha, FollowsTheClosedFormWhateverTheStep) {
  for (double dt : {1e-3, 2.5e-4})
    for (double tau_s : {0.002, 0.0199999, 0.02, 0.05}) {
      const double tau_m = 0.02, w = 0.4, horizon = 0.03;
      const auto   steps  = size_t(std::lround(horizon / dt));
      const auto   arrive = [&](size_t port, size_t t) { return port == 1 && t == 0 ? w : 0.0; };
      const auto   i      = course("LIFAlpha", dt, steps + 1, arrive, 2, {{"tau_synaptic", tau_s}});
      const auto   v      = course("LIFAlpha", dt, steps + 1, arrive, 1, {{"tau_synaptic", tau_s}});
      EXPECT_NEAR(i.back(), w * horizon / (tau_s * tau_s) * std::exp(-horizon / tau_s), 1e-10);
      // ∫ e^{−(T − t)/τ_m} w t/τ_s² e^{−t/τ_s} dt by Simpson's rule
      double    sum = 0;
      const int n   = 4000;
      for (int k = 0; k <= n; ++k) {
        const double t = horizon * k / n,
                     f = std::exp(-(horizon - t) / tau_m) * w * t / (tau_s * tau_s) * std::exp(-t / tau_s);
        sum += f * (k == 0 || k == n ? 1 : k % 2 ? 4 : 2);
      }
      EXPECT_NEAR(v.back(), sum * horizon / n / 3, 1e-10) << dt << ", " << tau_s;
    }
}

TEST(LifCurrents, AddsTwoExponentials) {
  const double dt = 1e-3, tau_m = 0.02, te = 0.005, ti = 0.01;
  const auto   v = course(
        "LIFCurrents", dt, 11,
        [](size_t port, size_t t) { return t > 0       ? 0.0
                                           : port == 1 ? 0.3
                                           : port == 2 ? 0.2
                                                       : 0.0; }, 1);
  const auto psp = [&](double w, double tau, double t) {
    return w * tau_m / (tau - tau_m) * (std::exp(-t / tau) - std::exp(-t / tau_m));
  };
  EXPECT_NEAR(v.back(), psp(0.3, te, 0.01) - psp(0.2, ti, 0.01), 1e-12);
}

TEST(LifConductance, RestsBetweenTheReversalVoltages) {
  // conductances that hardly decay
  const auto v = course("LIFConductance", 1e-3, 2000,
                        [](size_t port, size_t t) {
                          return t > 0 ? 0.0 : port == 1 ? 0.1 : port == 2 ? 0.5 : 0.0;
                        },
                        1, {{"tau_excitatory", 1e9}, {"tau_inhibitory", 1e9}});
  EXPECT_NEAR(v.back(), (0.1 * 6 - 0.5 * 2) / 1.6, 1e-9);
  // a stimulus alone leads to τ_m S
  EXPECT_NEAR(course(
                  "LIFConductance", 1e-3, 2000, [](size_t port, size_t) { return port == 0 ? 40.0 : 0.0; }, 1)
                  .back(),
              0.8, 1e-12);
}

}  // namespace
}  // namespace dynode
