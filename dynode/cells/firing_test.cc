// Steps of cells that fire, in place and with a list of who fired, against the steps of the general engine.
#include <cmath>
#include <gtest/gtest.h>
#include <random>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

constexpr size_t kUnits = 37, kRoom = 48;

template <class R>
struct Course {
  const CellEntry&                   cell;
  bool                               alike;  // units share their parameters
  std::vector<Buffer<R>>             params, states, drives;
  std::vector<R>                     dt = std::vector<R>(kRoom, R(cell.dt));
  std::vector<std::vector<uint32_t>> fired;  // per step

  Course(const CellEntry& kind, bool same) : cell(kind), alike(same) {
    std::mt19937                           random(5);
    std::uniform_real_distribution<double> uniform;
    const size_t                           n = cell.params.size() + cell.constants.size();
    for (size_t k = 0; k < n; ++k) params.emplace_back(kRoom);
    std::vector<double> settings;
    for (const SettingFacts& s : cell.settings) settings.push_back(s.value);
    for (size_t u = 0; u < kRoom; ++u) {
      std::vector<double> p, constants(cell.constants.size());
      for (const ParamFacts& x : cell.params) p.push_back(x.value * (same || x.value < 0 ? 1 : 1 + 0.01 * double(u)));
      EXPECT_EQ(cell.derive(p.data(), cell.dt, settings.data(), constants.data()), nullptr);
      p.insert(p.end(), constants.begin(), constants.end());
      for (size_t k = 0; k < n; ++k) params[k][u] = R(p[k]);
    }
    for (size_t k = 0; k < cell.states.size(); ++k) {
      states.emplace_back(kRoom);
      const bool rest = k + 1 == cell.states.size();
      for (size_t u = 0; u < kUnits && k > 0; ++u)
        states[k][u] = R(rest ? std::floor(4 * uniform(random)) : uniform(random));
    }
    for (size_t k = 0; k < cell.ports.size(); ++k) drives.emplace_back(kRoom);
  }

  void run(size_t steps, bool in_place) {
    std::mt19937                           random(7);
    std::uniform_real_distribution<double> uniform;
    std::vector<const R*>                  p, s;
    std::vector<R*>                        d, next;
    for (auto& b : params) p.push_back(b.data());
    for (auto& b : states) s.push_back(b.data()), next.push_back(b.data());
    for (auto& b : drives) d.push_back(b.data());
    const StepKernels<R> kernels = cell.kernels(0).template of<R>();
    for (size_t t = 0; t < steps; ++t) {
      for (size_t k = 0; k < d.size(); ++k) d[k] = drives[k].data();
      for (auto& b : drives)
        for (size_t u = 0; u < kUnits; ++u) {
          const double x = uniform(random) * (&b == &drives[0] ? 120 : 0.3);
          b[u]           = &b != &drives[0] && alike && t % 3 == 0 ? 0 : R(x);
        }
      const Slab slab =
          alike ? Slab{Layout::tiles, 1, in_place ? kUnits : kRoom, kRoom} : Slab{Layout::rows, kUnits, 1, kRoom};
      StepArgs<R> args{slab, dt.data(), nullptr, {}, p.data(), s.data(), d.data(), next.data(), nullptr};
      fired.emplace_back(kUnits);
      if (in_place) {
        // nothing drives the ports but the first one now and then
        for (size_t k = 1; k < d.size() && alike && t % 3 == 0; ++k) d[k] = nullptr;
        fired.back().resize(kernels.fire(args, 100, fired.back().data()));
        continue;
      }
      kernels.step(args);
      size_t count = 0;
      for (uint32_t u = 0; u < kUnits; ++u)
        if (states[0][u] != 0) fired.back()[count++] = (100 + u) | (states[0][u] == 1 ? 0 : kNotANumber);
      fired.back().resize(count);
    }
  }
};

template <class R>
void compare(const CellEntry& cell, bool alike, double tolerance) {
  Course<R> one(cell, alike), other(cell, alike);
  one.states[1][20] = other.states[1][20] = NAN;
  one.states[2][21] = other.states[2][21] = NAN;  // seen while it rests
  one.run(60, false), other.run(60, true);
  size_t count = 0;
  for (const auto& step : one.fired) count += step.size();
  EXPECT_GT(count, 150u) << cell.name;
  EXPECT_EQ(one.fired, other.fired) << cell.name;
  EXPECT_TRUE(std::find(one.fired[0].begin(), one.fired[0].end(), 120 | kNotANumber) != one.fired[0].end())
      << cell.name;
  for (size_t k = 1; k < one.states.size(); ++k)
    for (size_t u = 0; u < kUnits; ++u) {
      const double a = double(one.states[k][u]), b = double(other.states[k][u]);
      if (std::isnan(a)) ASSERT_TRUE(std::isnan(b)) << cell.name << ", " << cell.states[k].name << ", " << u;
      else ASSERT_NEAR(a, b, tolerance * (1 + std::abs(a))) << cell.name << ", " << cell.states[k].name << ", " << u;
    }
}

TEST(FiringCells, StepInPlaceAsTheGeneralEngineSteps) {
  size_t kinds = 0;
  for (const CellEntry& cell : cells()) {
    if (!cell.fires || !cell.kernels(0).precise.fire) continue;
    ++kinds;
    for (const bool alike : {true, false}) {
      compare<double>(cell, alike, 0);
      compare<float>(cell, alike, std::string(cell.name) == "LIFConductance" ? 1e-6 : 0);
    }
  }
  EXPECT_EQ(kinds, 5u);
}

TEST(FiringCells, OfConductancesGoOverFromThePolynomialToTheFormula) {
  // one step from rest with conductances of 0 … 400: x = g dt/τ passes ½ at 19
  const CellEntry& cell = *find_cell("LIFConductance");
  for (int k = 0; k < 400; ++k) {
    Course<float>  fast(cell, true);
    Course<double> exact(cell, true);
    for (size_t u = 0; u < kUnits; ++u)
      for (size_t s = 1; s < fast.states.size(); ++s)
        exact.states[s][u] = fast.states[s][u] = s == 1 ? 0.5f : s == 2 ? float(k) * 0.01f : s == 3 ? float(k) : 0;
    fast.run(1, true), exact.run(1, false);
    for (size_t u = 0; u < kUnits; ++u) ASSERT_NEAR(fast.states[1][u], exact.states[1][u], 2e-6) << k;
  }
}

}  // namespace
}  // namespace dynode
