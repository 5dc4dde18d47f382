// Source functions against closed forms and, for the table, against a plain bilinear interpolation.
#include <cmath>
#include <functional>
#include <gtest/gtest.h>
#include <limits>

#include "dynode/cells/slab_test.h"
#include "dynode/kernels/isa.h"

namespace dynode {
namespace {

struct Point {
  double phi, current;
};
struct Seen {
  std::vector<double> y, dphi, di;
};

/// g and both slopes at these points; a readout hands them out: s = g(φ, i_b), φ̄ = g_φ, ī = g_i.
template <class R>
Seen evaluate(const std::string& source, const std::vector<Point>& points, const void* table = &test_table<R>()) {
  const auto   kernels = find_cell("DendriteReadout")->kernels(find_source(source)).template of<R>();
  const size_t n       = points.size();
  Slab         slab{Layout::rows, n, 1, (n + 15) / 16 * 16};
  Buffer<R>    phi(slab.stride), offset(slab.stride), current(slab.stride), state(slab.stride), next(slab.stride),
      lambda(slab.stride), phi_bar(slab.stride), offset_bar(slab.stride), current_bar(slab.stride), dt_bar(16),
      factor(slab.stride), noise(slab.stride), unused(slab.stride);   // the readout's g may be noisy: it is not
  for (size_t i = 0; i < n; ++i)
    phi[i] = R(points[i].phi), current[i] = R(points[i].current), lambda[i] = factor[i] = R(1);
  const R* params[] = {offset.data(), current.data(), factor.data(), noise.data()};
  const R* states[] = {state.data()};
  R *drives[] = {phi.data()}, *nexts[] = {next.data()}, *lambdas[] = {lambda.data()}, *drive_bars[] = {phi_bar.data()},
    *params_bars[] = {offset_bar.data(), current_bar.data(), unused.data(), unused.data()};
  const R dt = 1;
  const StepArgs<R> step{slab, &dt, table, {}, params, states, drives, nexts, nullptr};
  kernels.step(step);
  kernels.pull({step, lambdas, drive_bars, params_bars, dt_bar.data()});
  return {{next.begin(), next.begin() + n},
          {phi_bar.begin(), phi_bar.begin() + n},
          {current_bar.begin(), current_bar.begin() + n}};
}

/// Slope of a function of one argument as cells with f(v) ask for it: f′(x) given x and f(x).
template <class R>
std::vector<double> slopes_given_values(const std::string& source, const std::vector<double>& x) {
  const auto   kernels = find_cell("CTRNN")->kernels(find_source(source)).template of<R>();
  const size_t n       = x.size();
  Slab         slab{Layout::rows, n, 1, (n + 15) / 16 * 16};
  Buffer<R>    drive(slab.stride), alpha(slab.stride), r(slab.stride), v(slab.stride), r_next(slab.stride),
      v_next(slab.stride), r_lambda(slab.stride), v_lambda(slab.stride), drive_bar(slab.stride), alpha_bar(slab.stride),
      dt_bar(16);
  for (size_t i = 0; i < slab.stride; ++i) alpha[i] = R(1);
  for (size_t i = 0; i < n; ++i) drive[i] = R(x[i]), r_lambda[i] = R(1);
  const R* params[] = {alpha.data()};
  const R* states[] = {r.data(), v.data()};
  R *      drives[] = {drive.data()}, *nexts[] = {r_next.data(), v_next.data()},
    *lambdas[] = {r_lambda.data(), v_lambda.data()}, *drive_bars[] = {drive_bar.data()},
    *params_bars[] = {alpha_bar.data()};
  const R dt = 1;
  const StepArgs<R> step{slab, &dt, &test_table<R>(), {}, params, states, drives, nexts, nullptr};
  kernels.step(step);
  kernels.pull({step, lambdas, drive_bars, params_bars, dt_bar.data()});
  return {drive_bar.begin(), drive_bar.begin() + n};
}

struct Closed {
  const char*                   name;
  std::function<double(double)> value, slope;
};

const std::vector<Closed>& closed_forms() {
  const auto sigmoid = [](double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); };
  const auto sech2   = [](double x) { return 1 / (std::cosh(x) * std::cosh(x)); };
  static const std::vector<Closed> all = {
      {"Tanh", [](double x) { return std::tanh(x); }, sech2},
      {"ReLU", [](double x) { return std::fmax(x, 0); }, [](double x) { return x > 0 ? 1.0 : 0.0; }},
      {"Sigmoid", sigmoid, [=](double x) { return sigmoid(x) * sigmoid(-x); }},
      {"ReTanh", [](double x) { return std::fmax(std::tanh(x), 0); }, [=](double x) { return x > 0 ? sech2(x) : 0.0; }},
      {"Identity", [](double x) { return x; }, [](double) { return 1.0; }},
      {"ClippedReLU", [](double x) { return std::fmin(std::fmax(x, 0), 20); },
       [](double x) { return x > 0 && x <= 20 ? 1.0 : 0.0; }},
      {"ClippedSoftplus", [](double x) { return std::fmin(std::log1p(std::exp(x)), 20); },
       [=](double x) { return x < 20 ? sigmoid(x) : 0.0; }},
      {"SimpleGELU", [](double x) { return x / 2 * (1 + std::tanh(0.8 * x)); },
       [=](double x) { return (1 + std::tanh(0.8 * x)) / 2 + 0.4 * x * sech2(0.8 * x); }},
      {"Telu", [](double x) { return x * std::tanh(std::exp(x)); },
       [=](double x) { return std::tanh(std::exp(x)) + (x < 6 ? x * std::exp(x) * sech2(std::exp(x)) : 0.0); }}};
  return all;
}

template <class R>
class Sources : public ::testing::Test {
 protected:
  void TearDown() override { use_isa(""); }
};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Sources, Precisions);

TYPED_TEST(Sources, FunctionsOfTheFluxAreTheirClosedForms) {
  using R                       = TypeParam;
  const double        tolerance = sizeof(R) == 8 ? 1e-14 : 2e-6;
  std::vector<double> x         = {0, 0.5, -0.5, 19.5, 20.5};
  for (int i = -300; i <= 300; ++i) x.push_back(double(R(0.031 * i + 0.007)));
  std::vector<Point> points;
  for (double v : x) points.push_back({v, 1.3});
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    for (const Closed& f : closed_forms()) {
      const Seen seen  = evaluate<R>(f.name, points);
      const auto given = slopes_given_values<R>(f.name, x);
      for (size_t i = 0; i < x.size(); ++i) {
        ASSERT_NEAR(seen.y[i], f.value(x[i]), tolerance * std::max(1.0, std::abs(x[i])))
            << f.name << " at " << x[i] << ", " << isa;
        ASSERT_NEAR(seen.dphi[i], f.slope(x[i]), tolerance * std::max(1.0, std::abs(x[i])))
            << f.name << " at " << x[i] << ", " << isa;
        ASSERT_NEAR(given[i], f.slope(x[i]), tolerance * std::max(1.0, std::abs(x[i])))
            << f.name << " at " << x[i] << ", " << isa;
        ASSERT_EQ(seen.di[i], 0.0) << f.name << " does not read the current";
      }
    }
  }
}

TYPED_TEST(Sources, FarOutTheyReachTheirLimits) {
  using R                         = TypeParam;
  const double             far    = 1e4;
  const std::vector<Point> points = {{far, 1.7}, {-far, 1.7}};
  const auto               limits = [&](const char* name) {
    const Seen seen = evaluate<R>(name, points);
    return std::vector<double>{seen.y[0], seen.y[1], seen.dphi[0], seen.dphi[1]};
  };
  using Numbers = std::vector<double>;
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    EXPECT_EQ(limits("Tanh"), (Numbers{1, -1, 0, 0}));
    EXPECT_EQ(limits("ReLU"), (Numbers{far, 0, 1, 0}));
    EXPECT_EQ(limits("Sigmoid"), (Numbers{1, 0, 0, 0}));
    EXPECT_EQ(limits("ReTanh"), (Numbers{1, 0, 0, 0}));
    EXPECT_EQ(limits("SimpleGELU"), (Numbers{far, 0, 1, 0}));
    EXPECT_EQ(limits("Telu"), (Numbers{far, 0, 1, 0}));
    EXPECT_EQ(limits("ClippedReLU"), (Numbers{20, 0, 0, 0}));
    EXPECT_EQ(limits("ClippedSoftplus"), (Numbers{20, 0, 0, 0}));
  }
}

TYPED_TEST(Sources, NotANumberTravels) {
  using R = TypeParam;
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    for (const SourceEntry& f : source_functions()) {
      const Seen seen = evaluate<R>(f.name, {{NAN, 1.7}, {0.2, NAN}, {NAN, NAN}, {0.2, 1.7}});
      EXPECT_TRUE(std::isnan(seen.y[0])) << f.name << ", " << isa;
      EXPECT_EQ(std::isnan(seen.y[1]), f.uses_current) << f.name << ", " << isa;
      EXPECT_TRUE(std::isnan(seen.y[2])) << f.name << ", " << isa;
      EXPECT_TRUE(std::isfinite(seen.y[3])) << f.name << ", " << isa;
    }
  }
}

TEST(SourceFacts, NamesAreUniqueAndFoundInAnyCase) {
  const auto& all = source_functions();
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_STRNE(all[i].summary, "");
    EXPECT_EQ(find_source(all[i].name), int(i));
    std::string shouted = all[i].name;
    for (char& c : shouted) c = char(std::toupper(c));
    EXPECT_EQ(find_source(shouted), int(i));
    EXPECT_EQ(all[i].uses_table, std::string(all[i].name) == "RateArray");
  }
  EXPECT_EQ(find_source("Tang"), -1);
  EXPECT_EQ(find_source(""), -1);
}

// ---- the table ------------------------------------------------------------------------------------------

/// A grid with its plain interpolation: value and slopes, slopes at a knot from the right and above.
struct Grid {
  GridAxis            flux, current;
  std::vector<double> g;  // [current][flux]

  double at(ptrdiff_t row, ptrdiff_t column) const {
    if (row < 0 || row >= ptrdiff_t(current.size)) return 0;  // the margin
    return g[size_t(row) * flux.size + size_t(std::min(column, ptrdiff_t(flux.size) - 1))];
  }
  std::vector<double> look_up(double phi, double i) const {
    const double turn = phi - std::floor(phi), sign = turn < 0.5 ? 1 : turn > 0.5 ? -1 : 0;
    const double x = std::min(turn, 1 - turn) / flux.step, y = (i - current.first) / current.step;
    if (y < -1 || y >= double(current.size)) return {0, 0, 0};
    const double column = std::floor(x), row = std::floor(y), fx = x - column, fy = y - row;
    const auto   c = ptrdiff_t(column), r = ptrdiff_t(row);
    const double a = at(r, c), b = at(r, c + 1), d = at(r + 1, c), e = at(r + 1, c + 1);
    return {(1 - fy) * ((1 - fx) * a + fx * b) + fy * ((1 - fx) * d + fx * e),
            sign * ((1 - fy) * (b - a) + fy * (e - d)) / flux.step, ((1 - fx) * (d - a) + fx * (e - b)) / current.step};
  }
};

/// 3 currents × 5 fluxes; steps are powers of two, so knots are exact.
const Grid& small_grid() {
  static const Grid grid{{0, 0.125, 5}, {1.0, 0.25, 3}, {1, 2, 4, 3, 0.5, 2, 5, 1, 0, 7, 3, 3, 8, 2, 1}};
  return grid;
}

void expect_looked_up(const Grid& grid, const Seen& seen, const std::vector<Point>& points, double tolerance,
                      double slope_tolerance) {
  for (size_t i = 0; i < points.size(); ++i) {
    const auto wanted = grid.look_up(points[i].phi, points[i].current);
    ASSERT_NEAR(seen.y[i], wanted[0], tolerance) << points[i].phi << ", " << points[i].current;
    ASSERT_NEAR(seen.dphi[i], wanted[1], slope_tolerance) << points[i].phi << ", " << points[i].current;
    ASSERT_NEAR(seen.di[i], wanted[2], slope_tolerance) << points[i].phi << ", " << points[i].current;
  }
}

TYPED_TEST(Sources, TheTableIsReadBilinearly) {
  using R                 = TypeParam;
  const Grid&        grid = small_grid();
  const RateTable<R> table(grid.flux, grid.current, grid.g.data());
  // inside, below, above and in the margins, over several periods; never a knot
  std::vector<Point> points;
  for (int p = -40; p < 40; ++p)
    for (int c = 0; c < 24; ++c) points.push_back({double(R(0.047 * p + 0.011)), double(R(0.55 + 0.061 * c))});
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    expect_looked_up(grid, evaluate<R>("RateArray", points, &table), points, sizeof(R) == 8 ? 1e-13 : 1e-5,
                     sizeof(R) == 8 ? 1e-11 : 2e-4);
  }
}

TYPED_TEST(Sources, AtTheKnotsSlopesAreThoseToTheRightAndAbove) {
  using R                 = TypeParam;
  const Grid&        grid = small_grid();
  const RateTable<R> table(grid.flux, grid.current, grid.g.data());
  std::vector<Point> points;
  for (double phi = 0; phi < 0.5; phi += 0.125)
    for (double current = 0.75; current <= 1.5; current += 0.25) points.push_back({phi, current});
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    const Seen seen = evaluate<R>("RateArray", points, &table);
    for (size_t i = 0; i < points.size(); ++i) {
      const auto wanted = grid.look_up(points[i].phi, points[i].current);
      EXPECT_EQ((std::vector<double>{seen.y[i], seen.dphi[i], seen.di[i]}), wanted)
          << points[i].phi << ", " << points[i].current;
    }
    // exactly half a period: the value is that of the last column, the slope 0
    const Seen half = evaluate<R>("RateArray", {{0.5, 1.25}, {-0.5, 1.25}, {7.5, 1.25}}, &table);
    EXPECT_EQ(half.y, (std::vector<double>{7, 7, 7}));
    EXPECT_EQ(half.dphi, (std::vector<double>{0, 0, 0}));
  }
}

TYPED_TEST(Sources, TheTableIsEvenPeriodicAndZeroOutside) {
  using R                 = TypeParam;
  const Grid&        grid = small_grid();
  const RateTable<R> table(grid.flux, grid.current, grid.g.data());
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    // sixteenths are exact, so folding leaves no trace
    for (double phi = 1.0 / 16; phi < 0.5; phi += 1.0 / 8) {
      const Seen s =
          evaluate<R>("RateArray", {{phi, 1.2}, {-phi, 1.2}, {phi + 3, 1.2}, {phi - 5, 1.2}, {1 - phi, 1.2}}, &table);
      for (double y : s.y) EXPECT_EQ(y, s.y[0]);
      EXPECT_EQ(s.dphi[1], -s.dphi[0]);
      EXPECT_EQ(s.dphi[2], s.dphi[0]);
      EXPECT_EQ(s.dphi[3], s.dphi[0]);
      EXPECT_EQ(s.dphi[4], -s.dphi[0]);
    }
    const Seen outside =
        evaluate<R>("RateArray", {{0.2, 0.74}, {0.2, 1.76}, {0.2, -1e6}, {0.2, 1e6}, {0.2, 0}}, &table);
    for (const auto* list : {&outside.y, &outside.dphi, &outside.di})
      for (double x : *list) EXPECT_EQ(x, 0);
    // the margins: half a step outside, half the value
    const Seen margin = evaluate<R>("RateArray", {{0, 1.0}, {0, 0.875}, {0, 1.5}, {0, 1.625}}, &table);
    EXPECT_EQ(margin.y, (std::vector<double>{1, 0.5, 3, 1.5}));
    // a flux too large to have a fraction is a whole number of periods
    EXPECT_EQ(evaluate<R>("RateArray", {{1e20, 1.0}}, &table).y[0], 1);
  }
}

TYPED_TEST(Sources, TheBuiltInTableIsReadWhereItShould) {
  using R              = TypeParam;
  const float*       g = default_rate_table();
  const Grid         grid{{0, 0.0025, kDefaultTableSize},
                  {0.95, 0.00775, kDefaultTableSize},
                  {g, g + kDefaultTableSize * kDefaultTableSize}};
  std::vector<Point> points;
  for (int n = 0; n < 4000; ++n)
    points.push_back({double(R(number_at("phi", size_t(n), 0, -1.5, 1.5))),
                      double(R(number_at("current", size_t(n), 0, 0.9, 2.6)))});
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    const Seen seen       = evaluate<R>("RateArray", points);
    size_t     near_knots = 0;
    for (size_t i = 0; i < points.size(); ++i) {
      const auto wanted = grid.look_up(points[i].phi, points[i].current);
      ASSERT_NEAR(seen.y[i], wanted[0], sizeof(R) == 8 ? 1e-12 : 2e-5) << points[i].phi << ", " << points[i].current;
      // in float a point next to a knot may stand on its other side
      const double off = std::max(std::abs(seen.dphi[i] - wanted[1]), std::abs(seen.di[i] - wanted[2]));
      if (off > (sizeof(R) == 8 ? 1e-8 : 5e-3)) ++near_knots;
    }
    EXPECT_LE(near_knots, sizeof(R) == 8 ? 0u : 12u) << isa;
  }
}

TEST(RateTable, TheSourceReadWithoutCurrentTakesTheOneOfAUsualBias) {
  const std::vector<double> x      = {0.1, 0.2, 0.3};
  const auto                slopes = slopes_given_values<double>("RateArray", x);
  const Seen                seen   = evaluate<double>("RateArray", {{0.1, 1.7}, {0.2, 1.7}, {0.3, 1.7}});
  for (size_t i = 0; i < x.size(); ++i) EXPECT_EQ(slopes[i], seen.dphi[i]);
}

}  // namespace
}  // namespace dynode
