#include "dynode/circuits/squid.h"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>

#include "dynode/base/error.h"
#include "dynode/io/npz.h"
#include "dynode/kernels/isa.h"
#include "dynode/sources/default_rate_table.h"

namespace dynode {
namespace {

/// One point: the table's only value.
double voltage(double phi, double ib, const SquidCircuit& circuit = {}, const SquidRecipe& recipe = {}) {
  return squid_table(circuit, {.phi_first = phi, .phi_count = 1, .ib_first = ib, .ib_count = 1}, recipe)[0];
}

/// The judge: the four first-order equations step by step in plain numbers, crossings on a straight line.
double judged_voltage(double phi, double ib, const SquidCircuit& circuit, double h, double drop, double end) {
  struct State {
    double p1, p2, v1, v2;
  };
  const auto slope = [&](const State& s) {
    const double i1 = (2 * M_PI * phi - (s.p1 - s.p2) + circuit.beta_2 * ib) / (circuit.beta_1 + circuit.beta_2);
    return State{s.v1, s.v2, (i1 - s.v1 - std::sin(s.p1)) / circuit.beta_c,
                 (ib - i1 - s.v2 - std::sin(s.p2)) / circuit.beta_c};
  };
  const auto plus = [](const State& s, double t, const State& d) {
    return State{s.p1 + t * d.p1, s.p2 + t * d.p2, s.v1 + t * d.v1, s.v2 + t * d.v2};
  };
  State  s{0, 0, 0, 0};
  double first = 0, last = 0;
  int    crossings = 0;
  for (int k = 0; k * h < end; ++k) {
    const State  a = slope(s), b = slope(plus(s, h / 2, a)), c = slope(plus(s, h / 2, b)), d = slope(plus(s, h, c));
    const State  next  = plus(plus(plus(plus(s, h / 6, a), h / 3, b), h / 3, c), h / 6, d);
    const double turns = (s.p1 + s.p2) / (4 * M_PI), turns_next = (next.p1 + next.p2) / (4 * M_PI);
    if (k * h >= drop && std::floor(turns_next) > std::floor(turns)) {
      last = h * (k + (std::floor(turns_next) - turns) / (turns_next - turns));
      if (crossings++ == 0) first = last;
    }
    s = next;
  }
  return crossings < 2 ? 0 : 2 * M_PI * (crossings - 1) / (last - first);
}

/// Root mean square of a − b where `use` holds.
template <class Use>
double rms(const std::vector<double>& a, const std::vector<double>& b, Use use) {
  double sum = 0, count = 0;
  for (size_t k = 0; k < a.size(); ++k)
    if (use(k)) sum += (a[k] - b[k]) * (a[k] - b[k]), ++count;
  return std::sqrt(sum / count);
}

const std::vector<double>& default_table() {
  static const std::vector<double> table = squid_table();
  return table;
}

}  // namespace

TEST(Squid, AgreesWithTheEquationsStepByStep) {
  const SquidCircuit plain, uneven{.beta_c = 0.5, .beta_1 = 0.8, .beta_2 = 2.4};
  for (const SquidCircuit& circuit : {plain, uneven})
    for (const double phi : {0.0, 0.1, 0.35, 0.5})
      for (const double ib : {1.0, 1.7, 2.4})
        EXPECT_NEAR(voltage(phi, ib, circuit), judged_voltage(phi, ib, circuit, 0.05, 300, 1500), 2e-5)
            << "phi " << phi << ", ib " << ib << ", beta_c " << circuit.beta_c;
}

TEST(Squid, HeavilyDampedWithoutFluxIsOneJunctionWithHalfTheCurrent) {
  // β_c → 0: p′ + sin p = i/2 has the mean velocity √((i/2)² − 1); the rest is of order β_c²
  for (const double ib : {2.2, 3.0, 4.0})
    EXPECT_NEAR(voltage(0, ib, {.beta_c = 0.01}, {.step = 0.01, .drop = 20, .end = 100, .slow_end = 200}),
                std::sqrt(ib * ib / 4 - 1), 1e-4);
}

TEST(Squid, IsSuperconductingBelowItsThreshold) {
  EXPECT_EQ(voltage(0, 0), 0);
  EXPECT_EQ(voltage(0, 1.99), 0);
  EXPECT_GT(voltage(0, 2.01), 0.05);
  EXPECT_EQ(voltage(0.5, 1.0), 0);
  EXPECT_GT(voltage(0.5, 1.105), 0.1);
}

TEST(Squid, VoltageIsEvenAndPeriodicInTheFlux) {
  for (const double phi : {0.1, 0.3}) {
    EXPECT_NEAR(voltage(-phi, 2.1), voltage(phi, 2.1), 1e-6);
    EXPECT_NEAR(voltage(1 + phi, 2.1), voltage(phi, 2.1), 1e-6);
  }
}

TEST(Squid, APointDoesNotDependOnItsCompany) {
  const TableGrid grid{
      .phi_first = 0.1, .phi_step = 0.05, .phi_count = 5, .ib_first = 1, .ib_step = 0.25, .ib_count = 7};
  const std::vector<double> table = squid_table({}, grid);
  for (size_t row = 0; row < 7; row += 2)
    for (size_t column = 0; column < 5; ++column)
      EXPECT_EQ(table[row * 5 + column], voltage(0.1 + double(column) * 0.05, 1 + double(row) * 0.25));
}

TEST(Squid, SlowPointsAreFollowedFurther) {
  // just above threshold a period takes longer than the usual run
  const double      ib = 1.0000035 * 2;
  const SquidRecipe impatient{.slow_end = 1500};
  EXPECT_EQ(voltage(0, ib, {}, impatient), 0);
  EXPECT_GT(voltage(0, ib, {}, {.slow_end = 12'000}), 0);
}

TEST(Squid, InstructionSetsAgreeToRounding) {
  const TableGrid           grid{.phi_step = 0.05, .phi_count = 11, .ib_step = 0.1, .ib_count = 16};
  const SquidRecipe         recipe{.end = 800};
  const std::vector<double> best = squid_table({}, grid, recipe);
  for (const std::string& name : isa_names()) {
    use_isa(name);
    EXPECT_LT(rms(squid_table({}, grid, recipe), best, [](size_t) { return true; }), 1e-9) << name;
  }
  use_isa("");
}

TEST(Squid, BuiltInTableIsWhatTheCircuitGives) {
  const std::vector<double>& table = default_table();
  ASSERT_EQ(table.size(), kDefaultTableSize * kDefaultTableSize);
  double most = 0;
  for (size_t k = 0; k < table.size(); ++k) most = std::max(most, std::abs(table[k] - double(default_rate_table()[k])));
  EXPECT_LE(most, 1e-6);
}

TEST(Squid, TableAgreesWithTheRecordedOne) {
  const char* given = std::getenv("DYNODE_GOLDEN_DIR");
  const auto  root  = std::filesystem::absolute(__FILE__).parent_path().parent_path().parent_path();
  const auto  file  = (given ? given : root.parent_path() / "shared/golden") / "soen/rate_array.npz";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "there is no recorded table at " << file;
  const Npz                 npz      = load_npz(file);
  const std::vector<double> measured = npz.at("g").as_double(), computed = npz.at("g_rcsj").as_double();
  ASSERT_EQ(computed.size(), default_table().size());
  EXPECT_LT(rms(default_table(), computed, [](size_t) { return true; }), 1e-6);
  EXPECT_LT(rms(default_table(), measured, [&](size_t k) { return computed[k] > 0.02; }), 5e-5);
  EXPECT_LT(rms(default_table(), measured, [](size_t) { return true; }), 4e-4);  // unfinished transients in `g`
}

TEST(Squid, RefusesWhatCannotBeFollowed) {
  const auto says = [](const SquidCircuit& circuit, const TableGrid& grid, const SquidRecipe& recipe) -> std::string {
    try {
      squid_table(circuit, grid, recipe);
    } catch (const SpecError& error) { return error.what(); }
    return "";
  };
  EXPECT_EQ(says({.beta_c = 0}, {}, {}), "beta_c: 0 is not above 0");
  EXPECT_EQ(says({.beta_c = NAN}, {}, {}), "beta_c: nan is not above 0");
  EXPECT_EQ(says({.beta_1 = -1}, {}, {}), "beta_1: -1 is negative");
  EXPECT_EQ(says({.beta_1 = 0, .beta_2 = 0}, {}, {}),
            "beta_1 + beta_2: a loop without inductance is not covered\n  give one arm an inductance");
  EXPECT_EQ(says({.beta_c = 0.1}, {}, {}), "step: 0.2 is too long for this circuit\n  at most 0.1");
  EXPECT_EQ(says({}, {}, {.step = -1}), "step: -1 is not above 0");
  EXPECT_EQ(says({}, {.phi_count = 0}, {}), "grid: has no points");
  EXPECT_EQ(says({}, {.phi_count = 100'000, .ib_count = 100'000}, {}),
            "grid: 100000 x 100000 points are more than 100 million");
  EXPECT_EQ(says({}, {.phi_step = 0}, {}), "phi_step: 0 is not above 0");
  EXPECT_EQ(says({}, {.phi_first = 101}, {}),
            "phi: 101 to 101.5 goes beyond -100 to 100 flux quanta\n  the voltage repeats every flux quantum");
  EXPECT_EQ(says({}, {.ib_first = -1}, {}), "ib_first: -1 is negative\n  g(phi, -i) = -g(-phi, i)");
  EXPECT_EQ(says({}, {.ib_step = 1}, {}), "step: 0.2 is too long for this circuit\n  at most 0.00498");
  EXPECT_EQ(says({}, {}, {.drop = 1500}), "drop, end, slow_end: 1500, 1500, 5000 must be increasing");
}

}  // namespace dynode
