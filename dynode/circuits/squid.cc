// Follows many operating points of the SQUID at once, one per lane; a lane whose point is done takes the next one from
// the queue, so a slow point never keeps a vector waiting.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/circuits/squid.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef DYNODE_CIRCUITS_SQUID_ONCE_
#define DYNODE_CIRCUITS_SQUID_ONCE_
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

#include "dynode/base/error.h"
#include "dynode/circuits/squid.h"

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
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<double>;
using V = hn::Vec<D>;

/// sin x for |x| < 10⁶, absolute error 1e-13: x minus the nearest multiple of π, odd polynomial (least maximum error on
/// [−π/2, π/2]), sign from the parity of the multiple.
HWY_INLINE V fast_sin(V x) {
  const D                       d;
  const hn::RebindToUnsigned<D> bits;
  const V magic   = hn::Set(d, 6755399441055744.0);  // 1.5·2⁵²: adding it rounds to a whole number in the low bits
  const V shifted = hn::MulAdd(x, hn::Set(d, 1 / std::numbers::pi), magic);
  const V turns   = hn::Sub(shifted, magic);
  const V near    = hn::NegMulAdd(turns, hn::Set(d, std::numbers::pi), x);
  const V r       = hn::NegMulAdd(turns, hn::Set(d, 1.2246467991473532e-16), near);  // π beyond double
  const V u       = hn::Mul(r, r);
  V       p       = hn::Set(d, 1.5365938409059918e-10);
  p               = hn::MulAdd(p, u, hn::Set(d, -2.5026636417750177e-08));
  p               = hn::MulAdd(p, u, hn::Set(d, 2.755684087633624e-06));
  p               = hn::MulAdd(p, u, hn::Set(d, -0.00019841265024069297));
  p               = hn::MulAdd(p, u, hn::Set(d, 0.008333333308414917));
  p               = hn::MulAdd(p, u, hn::Set(d, -0.16666666666098154));
  p               = hn::MulAdd(p, u, hn::Set(d, 0.9999999999996247));
  const auto sign = hn::ShiftLeft<63>(hn::BitCast(bits, shifted));
  return hn::BitCast(d, hn::Xor(hn::BitCast(bits, hn::Mul(p, r)), sign));
}

/// The circuit at one operating point per lane, divided by β_c:  p₁″ = a − k(p₁−p₂) − (p₁′ + sin p₁)/β_c,
/// p₂″ = b − [a − k(p₁−p₂)] − (p₂′ + sin p₂)/β_c.
struct Circuit {
  V a, b, k, r;

  HWY_INLINE void accelerations(V p1, V p2, V v1, V v2, V& a1, V& a2) const {
    const V i1 = hn::NegMulAdd(k, hn::Sub(p1, p2), a);
    a1         = hn::NegMulAdd(r, hn::Add(v1, fast_sin(p1)), i1);
    a2         = hn::NegMulAdd(r, hn::Add(v2, fast_sin(p2)), hn::Sub(b, i1));
  }
};

struct Motion {
  V p1, p2, v1, v2;
};

/// One step of classic Runge-Kutta, written for a second-order system.
HWY_INLINE Motion advance(const Motion& m, const Circuit& circuit, V h, V half, V quarter_square, V half_square,
                          V sixth_square, V sixth) {
  V a1, a2, b1, b2, c1, c2, d1, d2;
  circuit.accelerations(m.p1, m.p2, m.v1, m.v2, a1, a2);

  const V p1 = hn::MulAdd(half, m.v1, m.p1), p2 = hn::MulAdd(half, m.v2, m.p2);
  circuit.accelerations(p1, p2, hn::MulAdd(half, a1, m.v1), hn::MulAdd(half, a2, m.v2), b1, b2);
  circuit.accelerations(hn::MulAdd(quarter_square, a1, p1), hn::MulAdd(quarter_square, a2, p2),
                        hn::MulAdd(half, b1, m.v1), hn::MulAdd(half, b2, m.v2), c1, c2);

  const V q1 = hn::MulAdd(h, m.v1, m.p1), q2 = hn::MulAdd(h, m.v2, m.p2);
  circuit.accelerations(hn::MulAdd(half_square, b1, q1), hn::MulAdd(half_square, b2, q2), hn::MulAdd(h, c1, m.v1),
                        hn::MulAdd(h, c2, m.v2), d1, d2);

  const V e1 = hn::Add(b1, c1), e2 = hn::Add(b2, c2), f1 = hn::Add(a1, e1), f2 = hn::Add(a2, e2);
  return {hn::MulAdd(sixth_square, f1, q1), hn::MulAdd(sixth_square, f2, q2),
          hn::MulAdd(sixth, hn::Add(f1, hn::Add(e1, d1)), m.v1), hn::MulAdd(sixth, hn::Add(f2, hn::Add(e2, d2)), m.v2)};
}

constexpr size_t kWidth   = hn::MaxLanes(D());
constexpr size_t kVectors = 2;  // independent chains side by side hide the latency of the steps
constexpr size_t kLanes   = kVectors * kWidth;

/// Numbers of all lanes; between stretches everything lives here.
struct Lanes {
  alignas(128) double p1[kLanes] = {}, p2[kLanes] = {}, v1[kLanes] = {}, v2[kLanes] = {};
  alignas(128) double a[kLanes] = {}, b[kLanes] = {};
  Point point[kLanes];
};

HWY_NOINLINE void note_crossings(Lanes& lanes, size_t vector, size_t mask, int step, V q0, V v0, V q1, V v1) {
  const D             d;
  alignas(128) double values[4][kWidth];
  hn::Store(q0, d, values[0]);
  hn::Store(v0, d, values[1]);
  hn::Store(q1, d, values[2]);
  hn::Store(v1, d, values[3]);
  for (size_t i = 0; i < kWidth; ++i)
    if (mask >> i & 1) {
      Point& point = lanes.point[vector * kWidth + i];
      point.cross({double(point.steps + step), values[0][i], values[1][i], values[2][i], values[3][i]});
    }
}

/// Advances all lanes by kStretch steps.
HWY_NOINLINE void run_stretch(Lanes& lanes, double step, double k, double r) {
  const D d;
  const V h = hn::Set(d, step), half = hn::Set(d, step / 2), sixth = hn::Set(d, step / 6);
  const V quarter_square = hn::Set(d, step * step / 4), half_square = hn::Set(d, step * step / 2);
  const V sixth_square = hn::Set(d, step * step / 6);
  const V turn = hn::Set(d, kTurn), mark = hn::Set(d, 2 * kTurn);

  Motion  motion[kVectors];
  Circuit circuit[kVectors];
  for (size_t n = 0; n < kVectors; ++n) {
    const size_t at = n * kWidth;
    motion[n]       = {hn::Load(d, lanes.p1 + at), hn::Load(d, lanes.p2 + at), hn::Load(d, lanes.v1 + at),
                       hn::Load(d, lanes.v2 + at)};
    circuit[n]      = {hn::Load(d, lanes.a + at), hn::Load(d, lanes.b + at), hn::Set(d, k), hn::Set(d, r)};
  }

  for (int s = 0; s < kStretch; ++s) {
    Motion next[kVectors];
    for (size_t n = 0; n < kVectors; ++n)
      next[n] = advance(motion[n], circuit[n], h, half, quarter_square, half_square, sixth_square, sixth);

    // where the mean phase has made a turn, note it and take the turn back
    for (size_t n = 0; n < kVectors; ++n) {
      const V    sum     = hn::Add(next[n].p1, next[n].p2);
      const auto crossed = hn::Ge(sum, mark);
      if (HWY_UNLIKELY(!hn::AllFalse(d, crossed))) {
        uint8_t bits[8] = {};
        hn::StoreMaskBits(d, crossed, bits);
        note_crossings(lanes, n, bits[0], s, hn::Add(motion[n].p1, motion[n].p2), hn::Add(motion[n].v1, motion[n].v2),
                       sum, hn::Add(next[n].v1, next[n].v2));
        const V back = hn::IfThenElseZero(crossed, turn);
        next[n].p1   = hn::Sub(next[n].p1, back);
        next[n].p2   = hn::Sub(next[n].p2, back);
      }
      motion[n] = next[n];
    }
  }

  for (size_t n = 0; n < kVectors; ++n) {
    const size_t at = n * kWidth;
    hn::Store(motion[n].p1, d, lanes.p1 + at);
    hn::Store(motion[n].p2, d, lanes.p2 + at);
    hn::Store(motion[n].v1, d, lanes.v1 + at);
    hn::Store(motion[n].v2, d, lanes.v2 + at);
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
  std::vector<double> table(grid.ib_count * grid.phi_count);
  HWY_DYNAMIC_DISPATCH(FillTable)(circuit, grid, recipe, table.data());
  return table;
}

}  // namespace dynode
#endif
