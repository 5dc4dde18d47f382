// Follows many operating points of the SQUID at once, one per lane; a lane whose point is done takes the next one from
// the queue, so a slow point never keeps a vector waiting.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/circuits/squid.cc"
#include <hwy/foreach_target.h>
#include "dynode/kernels/math-inl.h"

#ifndef DYNODE_CIRCUITS_SQUID_ONCE_
#define DYNODE_CIRCUITS_SQUID_ONCE_
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

#include "dynode/base/error.h"
#include "dynode/circuits/squid.h"
#include "dynode/kernels/isa.h"

namespace dynode {

inline constexpr int    kStretch = 20;    // steps between two looks at the lanes
inline constexpr double kRest    = 1e-9;  // all phase velocities below: at rest
inline constexpr double kTurn    = 2 * std::numbers::pi;

/// A step in which the mean phase went through a multiple of 2π: sums p₁+p₂ and p₁′+p₂′ before and after.
struct Crossing {
  double step, q0, v0, q1, v1;

  /// When it happened, in steps: root of the cubic through both ends with both slopes, by Newton's method.
  double when(double h) const {
    const double c0 = q0 - 2 * kTurn, c1 = h * v0, d = q1 - q0;
    const double c2 = 3 * d - h * (2 * v0 + v1), c3 = h * (v0 + v1) - 2 * d;
    double       x = -c0 / d;
    for (int i = 0; i < 4; ++i) {
      const double slope = c1 + x * (2 * c2 + x * 3 * c3);
      if (slope <= 0) break;  // touches the mark flat: the last estimate has to do
      x = std::clamp(x - (c0 + x * (c1 + x * (c2 + x * c3))) / slope, 0.0, 1.0);
    }
    return step + x;
  }
};

/// What is remembered of the point in one lane.
struct Point {
  size_t   index     = 0;  // into the table
  int64_t  steps     = 0;  // done so far
  int      crossings = 0;  // since `drop`
  bool     busy      = false;
  Crossing first{}, last{};

  void cross(const Crossing& crossing) {
    if (crossings++ == 0) first = crossing;
    last = crossing;
  }
  /// 2π per period, periods from the first crossing to the last.
  double voltage(double h) const {
    return crossings < 2 ? 0 : kTurn * (crossings - 1) / (h * (last.when(h) - first.when(h)));
  }
};

}  // namespace dynode
#endif

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

using V = Lane<double>;

HWY_INLINE bool any_at_least(V x, V mark) { return !hn::AllFalse(V::Tag(), hn::Ge(x.raw, mark.raw)); }

/// The circuit at one operating point per lane, divided by β_c: i₁ = a − k(p₁−p₂),  p₁″ = i₁ − r(p₁′ + sin p₁),
/// p₂″ = b − i₁ − r(p₂′ + sin p₂).
struct Circuit {
  V a, b, k, r;
};

/// Phases and velocities of both junctions.
struct Motion {
  V p1, p2, v1, v2;
};

struct Accelerations {
  V a1, a2;
};

HWY_INLINE Accelerations accelerations(const Circuit& circuit, V p1, V p2, V v1, V v2) {
  const V i1 = fma(circuit.k, p2 - p1, circuit.a);
  return {fma(-circuit.r, v1 + sin(p1), i1), fma(-circuit.r, v2 + sin(p2), circuit.b - i1)};
}

/// One step of classic Runge-Kutta, written for second-order equations: slopes of the phases are velocities, so only
/// accelerations are kept.
HWY_INLINE Motion advance(const Circuit& circuit, const Motion& m, double step) {
  const V h(step), half(step / 2), sixth(step / 6), hh_2(step * step / 2), hh_4(step * step / 4), hh_6(step * step / 6);

  const V    half_p1 = fma(half, m.v1, m.p1), half_p2 = fma(half, m.v2, m.p2);
  const V    full_p1 = fma(h, m.v1, m.p1), full_p2 = fma(h, m.v2, m.p2);
  const auto a = accelerations(circuit, m.p1, m.p2, m.v1, m.v2);
  const auto b = accelerations(circuit, half_p1, half_p2, fma(half, a.a1, m.v1), fma(half, a.a2, m.v2));
  const auto c = accelerations(circuit, fma(hh_4, a.a1, half_p1), fma(hh_4, a.a2, half_p2), fma(half, b.a1, m.v1),
                               fma(half, b.a2, m.v2));
  const auto d = accelerations(circuit, fma(hh_2, b.a1, full_p1), fma(hh_2, b.a2, full_p2), fma(h, c.a1, m.v1),
                               fma(h, c.a2, m.v2));

  const V bc1 = b.a1 + c.a1, bc2 = b.a2 + c.a2, abc1 = a.a1 + bc1, abc2 = a.a2 + bc2;
  return {fma(hh_6, abc1, full_p1), fma(hh_6, abc2, full_p2), fma(sixth, abc1 + (bc1 + d.a1), m.v1),
          fma(sixth, abc2 + (bc2 + d.a2), m.v2)};
}

constexpr size_t kVectors = 2;  // independent chains side by side hide the latency of the steps
constexpr size_t kLanes   = kVectors * V::width;

/// Numbers of all lanes; between stretches everything lives here.
struct Lanes {
  alignas(128) double p1[kLanes] = {}, p2[kLanes] = {}, v1[kLanes] = {}, v2[kLanes] = {};
  alignas(128) double a[kLanes] = {}, b[kLanes] = {};
  Point point[kLanes];
};

/// Takes down in which lanes of vector n the mean phase has made a turn; afterwards such a lane has its turn back.
HWY_NOINLINE void note_crossings(Lanes& lanes, size_t n, int step, const Motion& before, Motion& after) {
  alignas(128) double q0[V::width], v0[V::width], q1[V::width], v1[V::width];
  (before.p1 + before.p2).store(q0);
  (before.v1 + before.v2).store(v0);
  (after.p1 + after.p2).store(q1);
  (after.v1 + after.v2).store(v1);
  for (size_t i = 0; i < V::width; ++i)
    if (q1[i] >= 2 * kTurn) {
      Point& point = lanes.point[n * V::width + i];
      point.cross({double(point.steps + step), q0[i], v0[i], q1[i], v1[i]});
    }
  const V sum = after.p1 + after.p2, mark(2 * kTurn), turn(kTurn);
  after.p1    = where_less(sum, mark, after.p1, after.p1 - turn);
  after.p2    = where_less(sum, mark, after.p2, after.p2 - turn);
}

/// Advances all lanes by kStretch steps.
HWY_NOINLINE void run_stretch(Lanes& lanes, double step, double k, double r) {
  Motion  motion[kVectors];
  Circuit circuit[kVectors];
  for (size_t n = 0; n < kVectors; ++n) {
    const size_t at = n * V::width;
    motion[n]       = {V::load(lanes.p1 + at), V::load(lanes.p2 + at), V::load(lanes.v1 + at), V::load(lanes.v2 + at)};
    circuit[n]      = {V::load(lanes.a + at), V::load(lanes.b + at), V(k), V(r)};
  }

  for (int s = 0; s < kStretch; ++s) {
    Motion next[kVectors];
    for (size_t n = 0; n < kVectors; ++n) next[n] = advance(circuit[n], motion[n], step);
    for (size_t n = 0; n < kVectors; ++n) {
      if (HWY_UNLIKELY(any_at_least(next[n].p1 + next[n].p2, V(2 * kTurn))))
        note_crossings(lanes, n, s, motion[n], next[n]);
      motion[n] = next[n];
    }
  }

  for (size_t n = 0; n < kVectors; ++n) {
    const size_t at = n * V::width;
    motion[n].p1.store(lanes.p1 + at);
    motion[n].p2.store(lanes.p2 + at);
    motion[n].v1.store(lanes.v1 + at);
    motion[n].v2.store(lanes.v2 + at);
  }
}

void FillTable(const SquidCircuit& circuit, const TableGrid& grid, const SquidRecipe& recipe, double* table) {
  const auto whole   = [&](double time) { return int64_t(std::ceil(time / recipe.step / kStretch - 1e-9)) * kStretch; };
  const int64_t drop = whole(recipe.drop), end = whole(recipe.end), slow_end = whole(recipe.slow_end);
  const double  beta = circuit.beta_1 + circuit.beta_2, r = 1 / circuit.beta_c;
  const size_t  points = grid.ib_count * grid.phi_count;

  Lanes      lanes;
  size_t     next = 0, busy = 0;
  const auto start = [&](size_t lane) {
    lanes.p1[lane] = lanes.p2[lane] = lanes.v1[lane] = lanes.v2[lane] = lanes.a[lane] = lanes.b[lane] = 0;
    lanes.point[lane]                                                                                 = Point{};
    if (next == points) return;
    const double phi        = grid.phi_first + double(next % grid.phi_count) * grid.phi_step;
    const double ib         = grid.ib_first + double(next / grid.phi_count) * grid.ib_step;
    lanes.a[lane]           = (kTurn * phi + circuit.beta_2 * ib) / beta * r;
    lanes.b[lane]           = ib * r;
    lanes.point[lane].index = next++;
    lanes.point[lane].busy  = true;
    ++busy;
  };

  for (size_t lane = 0; lane < kLanes; ++lane) start(lane);
  while (busy > 0) {
    run_stretch(lanes, recipe.step, r / beta, r);
    for (size_t lane = 0; lane < kLanes; ++lane) {
      Point& point = lanes.point[lane];
      if (!point.busy) continue;
      point.steps += kStretch;
      const bool rest = std::abs(lanes.v1[lane]) < kRest && std::abs(lanes.v2[lane]) < kRest;
      if (rest || point.steps >= slow_end || (point.steps >= end && point.crossings >= 3)) {
        table[point.index] = rest ? 0 : point.voltage(recipe.step);
        --busy;
        start(lane);
      } else if (point.steps == drop) {
        point.crossings = 0;
      }
    }
  }
}

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(FillTable);

namespace {

void check(bool ok, const char* path, const std::string& what, const std::string& hint = {}) {
  if (!ok) throw SpecError(At{.file = {}, .path = path}, what, hint);
}

void check(const SquidCircuit& circuit, const TableGrid& grid, const SquidRecipe& recipe) {
  const auto finite = [](double x) { return std::isfinite(x); };
  check(finite(circuit.beta_c) && circuit.beta_c > 0, "beta_c", fmt::format("{} is not above 0", circuit.beta_c));
  check(finite(circuit.beta_1) && circuit.beta_1 >= 0, "beta_1", fmt::format("{} is negative", circuit.beta_1));
  check(finite(circuit.beta_2) && circuit.beta_2 >= 0, "beta_2", fmt::format("{} is negative", circuit.beta_2));
  const double beta = circuit.beta_1 + circuit.beta_2;
  check(beta > 0, "beta_1 + beta_2", "a loop without inductance is not covered", "give one arm an inductance");

  check(grid.phi_count > 0 && grid.ib_count > 0, "grid", "has no points");
  check(grid.phi_count <= 100'000 && grid.ib_count <= 100'000 && grid.phi_count * grid.ib_count <= 100'000'000, "grid",
        fmt::format("{} x {} points are more than 100 million", grid.ib_count, grid.phi_count));
  const double phi_last = grid.phi_first + double(grid.phi_count - 1) * grid.phi_step;
  const double ib_last  = grid.ib_first + double(grid.ib_count - 1) * grid.ib_step;
  check(finite(grid.phi_step) && grid.phi_step > 0, "phi_step", fmt::format("{} is not above 0", grid.phi_step));
  check(finite(grid.ib_step) && grid.ib_step > 0, "ib_step", fmt::format("{} is not above 0", grid.ib_step));
  check(std::abs(grid.phi_first) <= 100 && std::abs(phi_last) <= 100, "phi",
        fmt::format("{} to {} goes beyond -100 to 100 flux quanta", grid.phi_first, phi_last),
        "the voltage repeats every flux quantum");
  check(grid.ib_first >= 0 && finite(ib_last), "ib_first", fmt::format("{} is negative", grid.ib_first),
        "g(phi, -i) = -g(-phi, i)");

  // three speeds bound the step: damping, the stiffest oscillation, and the phases at the largest current
  const double fastest = std::max({1 / circuit.beta_c, std::sqrt((2 / beta + 1) / circuit.beta_c), ib_last});
  check(finite(recipe.step) && recipe.step > 0, "step", fmt::format("{} is not above 0", recipe.step));
  check(recipe.step * fastest <= 1, "step", fmt::format("{} is too long for this circuit", recipe.step),
        fmt::format("at most {:.3g}", 1 / fastest));
  check(recipe.drop >= 0 && recipe.drop < recipe.end && recipe.end <= recipe.slow_end, "drop, end, slow_end",
        fmt::format("{}, {}, {} must be increasing", recipe.drop, recipe.end, recipe.slow_end));
  check(recipe.slow_end / recipe.step <= 1e9, "slow_end", "more than 1e9 steps for a point");
}

}  // namespace

std::vector<double> squid_table(const SquidCircuit& circuit, const TableGrid& grid, const SquidRecipe& recipe) {
  check(circuit, grid, recipe);
  apply_isa_override();
  std::vector<double> table(grid.ib_count * grid.phi_count);
  HWY_DYNAMIC_DISPATCH(FillTable)(circuit, grid, recipe, table.data());
  return table;
}

}  // namespace dynode
#endif
