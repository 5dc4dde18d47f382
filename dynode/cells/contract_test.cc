// What every kind of cell must satisfy, with every source function, in both layouts and precisions. New kinds of the
// catalogue inherit it.
#include <cctype>
#include <gtest/gtest.h>
#include <set>

#include "dynode/cells/slab_test.h"
#include "dynode/cells/surrogate.h"
#include "dynode/kernels/isa.h"

namespace dynode {
namespace {

template <class R>
class Contract : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Contract, Precisions);

template <class R>
std::vector<SlabShape> shapes() {
  const size_t width = dense_kernels<R>().width;
  return {{Layout::tiles, width}, {Layout::tiles, 2 * width}, {Layout::rows, 1}, {Layout::rows, 3}, {Layout::rows, 7}};
}

std::string name_of(const SlabShape& s) {
  return (s.layout == Layout::tiles ? "tiles of " : "rows, ") + std::to_string(s.rows);
}

/// |a − b| ≤ tolerance · max(1, largest |b|), entry by entry.
void expect_close(const std::vector<double>& a, const std::vector<double>& b, double tolerance,
                  const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  double scale = 1;
  for (double x : b) scale = std::max(scale, std::abs(x));
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], tolerance * scale) << what << ", number " << i;
}

TYPED_TEST(Contract, TheHandwrittenPullIsTheDerivedOne) {
  using R                = TypeParam;
  const double tolerance = sizeof(R) == 8 ? 1e-10 : 1e-4;
  each_kind([&](const CellEntry& cell, int source) {
    for (const SlabShape& shape : shapes<R>()) {
      SlabRun<R>      written(cell, source, shape);
      const Plainest  judge;
      SlabRun<double> derived(cell, source, {Layout::rows, shape.rows});   // judge of both precisions
      written.step(), written.pull();
      derived.step(), derived.pull_derived();
      const std::string what = kind_name(cell, source) + ", " + name_of(shape);
      expect_close(written.results(), derived.results(), tolerance, what);
      expect_close(written.sums(), derived.sums(), tolerance, what + ", parameters");
    }
  });
}

TYPED_TEST(Contract, GradientsOfParametersAreAddedToWhatIsThere) {
  using R = TypeParam;
  each_kind([&](const CellEntry& cell, int source) {
    for (const SlabShape& shape : shapes<R>()) {
      SlabRun<R> once(cell, source, shape), more(cell, source, shape);
      for (size_t p = 0; p < cell.params.size(); ++p)
        for (size_t unit = 0; unit < more.count_of_param(p); ++unit) more.params_bar[p][unit * more.bar_stride(p)] = R(2);
      more.dt_bar[0] = R(2);
      once.step(), once.pull();
      more.step(), more.pull();
      std::vector<double> wanted = once.sums();
      for (double& x : wanted) x += 2;
      expect_close(more.sums(), wanted, sizeof(R) == 8 ? 1e-13 : 1e-5, kind_name(cell, source) + ", " + name_of(shape));
    }
  });
}

TYPED_TEST(Contract, InstructionSetsAgreeToRounding) {
  using R = TypeParam;
  each_kind([&](const CellEntry& cell, int source) {
    for (Layout layout : {Layout::tiles, Layout::rows}) {
      std::vector<double> first_results, first_sums;
      for (const std::string& isa : isa_names()) {
        use_isa(isa);
        // the same 16 rows everywhere, in as many tiles as it takes
        const size_t        rows = layout == Layout::tiles ? dense_kernels<R>().width : 1;
        std::vector<double> results, sums;
        for (size_t first = 0; first < 16; first += rows) {
          SlabRun<R> run(cell, source, {layout, rows}, first);
          run.step(), run.pull();
          for (size_t row = 0; row < rows; ++row)
            for (const auto* group : {&run.next, &run.lambda, &run.drive_bar})
              for (const auto& b : *group)
                for (size_t unit = 0; unit < kUnits; ++unit) results.push_back(b[run.at(row, unit)]);
          const std::vector<double> part = run.sums();
          sums.resize(part.size());
          for (size_t i = 0; i < part.size(); ++i) sums[i] += part[i];
        }
        if (first_results.empty()) first_results = results, first_sums = sums;
        const double tolerance = sizeof(R) == 8 ? 1e-11 : 1e-4;
        expect_close(results, first_results, tolerance, kind_name(cell, source) + " on " + isa);
        expect_close(sums, first_sums, tolerance, kind_name(cell, source) + " on " + isa + ", parameters");
      }
    }
  });
  use_isa("");
}

TYPED_TEST(Contract, ARowHasTheSameBitsAloneAndInEveryBatch) {
  using R = TypeParam;
  each_kind([&](const CellEntry& cell, int source) {
    for (const SlabShape& shape : shapes<R>()) {
      SlabRun<R> batch(cell, source, shape);
      batch.step(), batch.pull();
      for (size_t row = 0; row < shape.rows; ++row) {
        SlabRun<R> alone(cell, source, {Layout::rows, 1}, row);
        alone.step(), alone.pull();
        const auto same = [&](const std::vector<Buffer<R>>& a, const std::vector<Buffer<R>>& b, const char* what) {
          for (size_t i = 0; i < a.size(); ++i)
            for (size_t unit = 0; unit < kUnits; ++unit)
              ASSERT_EQ(a[i][alone.at(0, unit)], b[i][batch.at(row, unit)])
                  << kind_name(cell, source) << ", " << name_of(shape) << ", row " << row << ", unit " << unit << ", "
                  << what;
        };
        same(alone.next, batch.next, "next");
        same(alone.lambda, batch.lambda, "lambda");
        same(alone.drive_bar, batch.drive_bar, "drive_bar");
      }
    }
  });
}

/// Central differences of L = Σ λ · step(…) by every argument against the derived pull.
TEST(ContractDouble, TheDerivedPullIsTheSlopeOfTheStep) {
  each_kind([&](const CellEntry& cell, int source) {
    if (has_surrogate(cell)) return;   // the slope is not the step's: surrogate_test.cc
    const SlabShape           shape{Layout::rows, 3};
    const Plainest            judge;
    SlabRun<double>           run(cell, source, shape);
    const std::vector<double> lambda_given = [&] {
      std::vector<double> list;
      for (const auto& b : run.lambda) list.insert(list.end(), b.begin(), b.end());
      return list;
    }();
    const auto loss = [&] {
      run.step();
      double sum = 0;
      for (size_t s = 0; s < run.next.size(); ++s)
        for (size_t row = 0; row < shape.rows; ++row)
          for (size_t unit = 0; unit < kUnits; ++unit)
            sum += lambda_given[s * run.slab.size() + run.at(row, unit)] * run.next[s][run.at(row, unit)];
      return sum;
    };
    const auto slope = [&](auto&& shift) {
      const double h = 1e-6;
      shift(h);
      const double above = loss();
      shift(-2 * h);
      const double below = loss();
      shift(h);
      return (above - below) / (2 * h);
    };
    run.step(), run.pull_derived();
    const auto bars = [&](const std::vector<Buffer<double>>& list) {
      std::vector<std::vector<double>> copy;
      for (const auto& b : list) copy.emplace_back(b.begin(), b.end());
      return copy;
    };
    const auto   state_bar = bars(run.lambda), drive_bar = bars(run.drive_bar);
    const auto   sums  = run.sums();
    const double scale = 1 + std::abs(double(run.dt));
    const auto   check = [&](double exact, double numeric, const std::string& what) {
      ASSERT_NEAR(exact, numeric, 1e-7 * std::max(scale, std::abs(exact))) << kind_name(cell, source) << ", " << what;
    };
    for (size_t row = 0; row < shape.rows; ++row)
      for (size_t unit = 0; unit < kUnits; ++unit) {
        const size_t at = run.at(row, unit);
        for (size_t i = 0; i < run.state.size(); ++i)
          check(state_bar[i][at], slope([&](double h) { run.state[i][at] += h; }), cell.states[i].name);
        for (size_t i = 0; i < run.drive.size(); ++i)
          check(drive_bar[i][at], slope([&](double h) { run.drive[i][at] += h; }), cell.ports[i]);
      }
    size_t n = 0;
    for (size_t p = 0; p < cell.params.size(); ++p)
      for (size_t unit = 0; unit < run.count_of_param(p); ++unit)
        check(sums[n++], slope([&](double h) { run.params[p][unit] += h; }), cell.params[p].name);
    check(sums.back(), slope([&](double h) { run.dt += h; }), "dt");
  });
}

TEST(ContractDouble, StartIsIdempotentAndItsPullIsItsSlope) {
  int seen = 0;
  each_kind([&](const CellEntry& cell, int source) {
    const SlabShape shape{Layout::rows, 3};
    SlabRun<double> run(cell, source, shape);
    if (!run.starts()) return;
    ++seen;
    const auto copy = [](const std::vector<Buffer<double>>& list) {
      std::vector<std::vector<double>> all;
      for (const auto& b : list) all.emplace_back(b.begin(), b.end());
      return all;
    };
    const auto given = copy(run.state), lambda = copy(run.lambda);
    const auto completed = [&](size_t shifted, size_t at, double h) {
      for (size_t i = 0; i < given.size(); ++i) std::copy(given[i].begin(), given[i].end(), run.state[i].begin());
      run.state[shifted][at] += h;
      run.start();
      double sum = 0;
      for (size_t i = 0; i < given.size(); ++i)
        for (size_t n = 0; n < given[i].size(); ++n) sum += lambda[i][n] * run.state[i][n];
      return sum;
    };
    completed(0, 0, 0.0);
    const auto once = copy(run.state);
    run.start();
    EXPECT_EQ(copy(run.state), once) << kind_name(cell, source);

    for (size_t i = 0; i < given.size(); ++i) std::copy(given[i].begin(), given[i].end(), run.state[i].begin());
    run.start_pull();
    const auto bar = copy(run.lambda);
    for (size_t i = 0; i < given.size(); ++i)
      for (size_t row = 0; row < shape.rows; ++row)
        for (size_t unit = 0; unit < kUnits; ++unit) {
          const size_t at = run.at(row, unit);
          ASSERT_NEAR(bar[i][at], (completed(i, at, 1e-6) - completed(i, at, -1e-6)) / 2e-6, 1e-7)
              << kind_name(cell, source) << ", " << cell.states[i].name;
        }
  });
  EXPECT_GT(seen, 0);
}

TYPED_TEST(Contract, WhatIsObservedIsWhatTheStepSaw) {
  using R = TypeParam;
  each_kind([&](const CellEntry& cell, int source) {
    for (const SlabShape& shape : shapes<R>()) {
      SlabRun<R> run(cell, source, shape);
      ASSERT_EQ(run.observes(), !cell.observables.empty()) << kind_name(cell, source);
      if (!run.observes()) continue;
      const auto seen = run.observe();
      for (size_t row = 0; row < shape.rows; ++row) {
        SlabRun<R> alone(cell, source, {Layout::rows, 1}, row);
        const auto same = alone.observe();
        for (size_t i = 0; i < seen.size(); ++i)
          for (size_t unit = 0; unit < kUnits; ++unit) {
            ASSERT_TRUE(std::isfinite(seen[i][run.at(row, unit)]));
            ASSERT_EQ(seen[i][run.at(row, unit)], same[i][alone.at(0, unit)])
                << kind_name(cell, source) << ", " << name_of(shape);
          }
      }
    }
  });
}

TYPED_TEST(Contract, ACellThatDoesWithoutDrivesInItsPullGetsTheSameGradient) {
  using R = TypeParam;
  each_kind([&](const CellEntry& cell, int source) {
    if (cell.pull_reads_drive) return;
    SlabRun<R> with(cell, source, {Layout::rows, 3}), without(cell, source, {Layout::rows, 3});
    with.step(), without.step();
    for (auto& b : without.drive) b.clear();
    with.pull(), without.pull();
    EXPECT_EQ(with.results(), without.results()) << kind_name(cell, source);
    EXPECT_EQ(with.sums(), without.sums()) << kind_name(cell, source);
  });
}

TYPED_TEST(Contract, AMemorylessStateIsNotReadByTheStep) {
  using R = TypeParam;
  each_kind([&](const CellEntry& cell, int source) {
    SlabRun<R> run(cell, source, {Layout::rows, 3}), other(cell, source, {Layout::rows, 3});
    for (size_t i = 0; i < cell.states.size(); ++i)
      if (cell.states[i].memoryless) std::fill(other.state[i].begin(), other.state[i].end(), R(0.123));
    run.step(), other.step();
    run.pull(), other.pull();
    EXPECT_EQ(run.results(), other.results()) << kind_name(cell, source);
    for (size_t i = 0; i < cell.states.size(); ++i)
      for (R x : run.lambda[i])
        if (cell.states[i].memoryless) { EXPECT_EQ(x, R(0)) << kind_name(cell, source); }
  });
}

TYPED_TEST(Contract, NotANumberTravelsFromDrivesAndStatesToTheOutput) {
  using R = TypeParam;
  each_kind([&](const CellEntry& cell, int source) {
    for (const SlabShape& shape : shapes<R>()) {
      SlabRun<R> drives(cell, source, shape), states(cell, source, shape);
      for (auto& b : drives.drive) b[drives.at(0, 1)] = R(NAN);
      for (auto& b : states.state) b[states.at(0, 1)] = R(NAN);
      drives.step(), states.step();
      const size_t out = size_t(cell.output);
      EXPECT_TRUE(std::isnan(drives.next[out][drives.at(0, 1)])) << kind_name(cell, source) << ", " << name_of(shape);
      EXPECT_EQ(std::isnan(drives.next[out][drives.at(0, 2)]), cell.couples_units) << kind_name(cell, source);
      const bool remembers =
          std::any_of(cell.states.begin(), cell.states.end(), [](const auto& s) { return !s.memoryless; });
      // a layer with memory never finds again what it has lost, and mostly shows it
      bool lost = false;
      for (const auto& s : states.next) lost |= std::isnan(s[states.at(0, 1)]);
      EXPECT_EQ(lost, remembers) << kind_name(cell, source) << ", " << name_of(shape);
    }
  });
}

// ---- facts ----------------------------------------------------------------------------------------------

TEST(CellFacts, NamesAreUniqueAndFoundInAnyCase) {
  std::set<std::string> names;
  for (const CellEntry& cell : cells()) {
    for (const char* name : {cell.name, cell.alias}) {
      if (!name) continue;
      std::string shouted = name;
      for (char& c : shouted) c = char(std::toupper(c));
      EXPECT_TRUE(names.insert(shouted).second) << name;
      EXPECT_EQ(find_cell(shouted), &cell) << name;
      EXPECT_EQ(find_cell(name), &cell);
    }
  }
  EXPECT_EQ(find_cell("Dendrite of another kind"), nullptr);
  EXPECT_EQ(find_cell(""), nullptr);
}

TEST(CellFacts, AreComplete) {
  for (const CellEntry& cell : cells()) {
    SCOPED_TRACE(cell.name);
    EXPECT_STRNE(cell.summary, "");
    ASSERT_FALSE(cell.states.empty());
    ASSERT_GE(cell.output, 0);
    ASSERT_LT(size_t(cell.output), cell.states.size());
    EXPECT_FALSE(cell.ports.empty());
    EXPECT_GE(cell.dt, 0);
    ASSERT_NE(cell.kernels, nullptr);
    if (cell.source) { EXPECT_GE(find_source(cell.source), 0); }
    EXPECT_FALSE(cell.static_map && !cell.states[size_t(cell.output)].memoryless) << "a static map remembers nothing";

    std::set<std::string> names, ports(cell.ports.begin(), cell.ports.end());
    EXPECT_EQ(ports.size(), cell.ports.size());
    for (const StateFacts& s : cell.states) EXPECT_TRUE(names.insert(s.name).second) << s.name;
    for (const ParamFacts& p : cell.params) {
      EXPECT_TRUE(names.insert(p.name).second) << p.name;
      EXPECT_STRNE(p.help, "") << p.name;
      if (p.alternative.name[0]) { EXPECT_TRUE(names.insert(p.alternative.name).second) << p.alternative.name; }
    }
    for (const ConstantFacts& c : cell.constants) {
      EXPECT_TRUE(names.insert(c.name).second) << c.name;
      EXPECT_STRNE(c.help, "") << c.name;
    }
    for (const CoreFacts& core : cell.core) {
      EXPECT_TRUE(names.insert(core.weights).second);
      if (core.bias) { EXPECT_TRUE(names.insert(core.bias).second); }
      EXPECT_FALSE(core.ports.empty());
      for (const char* port : core.ports)
        if (port[0]) { EXPECT_TRUE(ports.count(port)) << port; }
    }
  }
}

TEST(CellFacts, DefaultsLieInsideTheirRanges) {
  for (const CellEntry& cell : cells())
    for (const ParamFacts& p : cell.params) {
      const double dt    = cell.dt ? cell.dt : 1;
      const double value = p.alternative.name[0] ? p.alternative.to_parameter(p.alternative.value, dt) : p.value;
      EXPECT_LE(p.min, p.max) << cell.name << "." << p.name;
      EXPECT_GE(value, p.min) << cell.name << "." << p.name;
      EXPECT_LE(value, p.max) << cell.name << "." << p.name;
      if (p.log) { EXPECT_GT(p.min, 0) << cell.name << "." << p.name << " is stored as a logarithm"; }
    }
}

TEST(CellFacts, EveryKindHasAllItsKernels) {
  each_kind([](const CellEntry& cell, int source) {
    const CellKernels kernels = cell.kernels(source);
    const auto        check   = [&](const auto& k) {
      EXPECT_TRUE(k.step && k.pull) << kind_name(cell, source);
      EXPECT_EQ(k.start == nullptr, k.start_pull == nullptr) << kind_name(cell, source);
      EXPECT_EQ(k.observe == nullptr, cell.observables.empty()) << kind_name(cell, source);
    };
    check(kernels.single), check(kernels.precise);
    const Plainest judge;
    EXPECT_TRUE(cell.kernels(source).precise.pull_derived) << kind_name(cell, source);
  });
}

}  // namespace
}  // namespace dynode
