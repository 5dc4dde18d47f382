// Lanes behave like the numbers they hold, and duals like their derivatives, on every instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/kernels/lane_test.cc"
#include <hwy/foreach_target.h>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>
#include "dynode/kernels/dual-inl.h"

#ifndef DYNODE_KERNELS_LANE_TEST_ONCE
#define DYNODE_KERNELS_LANE_TEST_ONCE
namespace dynode {
enum class LaneOp {
  add, subtract, multiply, divide, negate, fma, sqrt, abs, floor, round, copysign, min, max, less, equal, nan, is_nan
};
constexpr int kLaneOps = 17;

/// An operation applied to whole vectors of (a, b, c): y [n], and by duals y and dy [3][n].
template <class T>
struct LaneTable {
  size_t width;
  void (*value)(LaneOp op, size_t n, const T* a, const T* b, const T* c, T* y);
  void (*slopes)(LaneOp op, size_t n, const T* a, const T* b, const T* c, T* y, T* dy);
  void (*turn4)(const T* from, size_t stride, T* to);   // to [4][width] = from [width][stride]
  bool trivial, facts;
};
}  // namespace dynode
#endif

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class V>
HWY_INLINE V call(LaneOp op, const V& a, const V& b, const V& c) {
  switch (op) {
    case LaneOp::add: return a + b;
    case LaneOp::subtract: return a - b;
    case LaneOp::multiply: return a * b;
    case LaneOp::divide: return a / b;
    case LaneOp::negate: return -a;
    case LaneOp::fma: return fma(a, b, c);
    case LaneOp::sqrt: return sqrt(a);
    case LaneOp::abs: return abs(a);
    case LaneOp::floor: return floor(a);
    case LaneOp::round: return round(a);
    case LaneOp::copysign: return copysign(a, b);
    case LaneOp::min: return min(a, b);
    case LaneOp::max: return max(a, b);
    case LaneOp::less: return where_less(a, b, c, a + b);
    case LaneOp::equal: return where_equal(a, b, c, a * b);
    case LaneOp::nan: return where_nan(a, b, c);
    case LaneOp::is_nan: return is_nan(a);
  }
  return a;
}

template <class T>
void value(LaneOp op, size_t n, const T* a, const T* b, const T* c, T* y) {
  using V = Lane<T>;
  for (size_t i = 0; i < n; i += V::width) call(op, V::load(a + i), V::loadu(b + i), V::load(c + i)).store(y + i);
}
template <class T>
void slopes(LaneOp op, size_t n, const T* a, const T* b, const T* c, T* y, T* dy) {
  using V = Lane<T>;
  using D = Dual<V, 3>;
  for (size_t i = 0; i < n; i += V::width) {
    const D r = call(op, D(V::load(a + i), 0), D(V::load(b + i), 1), D(V::load(c + i), 2));
    r.x.store(y + i);
    for (size_t k = 0; k < 3; ++k) r.d[k].storeu(dy + k * n + i);
  }
}
template <class T>
struct Place {
  const T* from;
  size_t   stride;
  HWY_INLINE const T* operator()(size_t lane) const { return from + lane * stride; }
};
template <class T>
void turn4(const T* from, size_t stride, T* to) {
  Lane<T> out[4];
  load4<T>(Place<T>{from, stride}, out);
  for (size_t j = 0; j < 4; ++j) out[j].storeu(to + j * Lane<T>::width);
}

/// Small facts that need no table.
template <class T>
bool facts() {
  using V = Lane<T>;
  using D = Dual<V, 2>;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  V v(T(3));
  v += V(T(1));
  v *= V(T(6));
  v -= V(T(4));
  v /= V(T(4));
  D d(V(T(3)), 0);
  d += D(T(1));
  d *= D(T(6));
  d -= D(V(T(4)));
  d /= D(T(4));
  return v.first() == 5 && d.first() == 5 && d.d[0].first() == T(1.5) && d.d[1].first() == 0 &&
         any_nan(V(nan)) && !any_nan(v) && any_nan(D(nan)) && !any_nan(d) &&
         clamp(V(nan), V(T(-1)), one<V>()).first() != clamp(V(nan), V(T(-1)), one<V>()).first() &&
         clamp(v, V(T(-1)), one<V>()).first() == 1 && clamp(zero<V>() - v, V(T(-1)), one<V>()).first() == -1;
}

template <class T>
LaneTable<T> table() {
  struct Pair { Lane<T> a; Dual<Lane<T>, 2> b; };
  return {Lane<T>::width, value<T>, slopes<T>, turn4<T>, std::is_trivially_default_constructible_v<Pair>, facts<T>()};
}
LaneTable<float>  FloatTable() { return table<float>(); }
LaneTable<double> DoubleTable() { return table<double>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "dynode/base/buffer.h"
#include "dynode/kernels/isa.h"

namespace dynode {
HWY_EXPORT(FloatTable);
HWY_EXPORT(DoubleTable);
namespace {

template <class T> LaneTable<T> lane_table();
template <> LaneTable<float>  lane_table() { return HWY_DYNAMIC_DISPATCH(FloatTable)(); }
template <> LaneTable<double> lane_table() { return HWY_DYNAMIC_DISPATCH(DoubleTable)(); }

/// One number with its partial derivatives by a, b, c.
template <class T> struct Expected { T y, dy[3]; };

template <class T>
Expected<T> expected(LaneOp op, T a, T b, T c) {
  const T sign_a = T((a > 0) - (a < 0));
  switch (op) {
    case LaneOp::add: return {a + b, {1, 1, 0}};
    case LaneOp::subtract: return {a - b, {1, -1, 0}};
    case LaneOp::multiply: return {a * b, {b, a, 0}};
    case LaneOp::divide: return {a / b, {1 / b, -a / (b * b), 0}};
    case LaneOp::negate: return {-a, {-1, 0, 0}};
    case LaneOp::fma: return {std::fma(a, b, c), {b, a, 1}};
    case LaneOp::sqrt: return {std::sqrt(a), {T(0.5) / std::sqrt(a), 0, 0}};
    case LaneOp::abs: return {std::abs(a), {sign_a, 0, 0}};
    case LaneOp::floor: return {std::floor(a), {0, 0, 0}};
    case LaneOp::round: return {std::nearbyint(a), {0, 0, 0}};
    case LaneOp::copysign: return {std::copysign(a, b), {sign_a * std::copysign(T(1), b), 0, 0}};
    case LaneOp::min: return a < b ? Expected<T>{a, {1, 0, 0}} : Expected<T>{b, {0, 1, 0}};
    case LaneOp::max: return b < a ? Expected<T>{a, {1, 0, 0}} : Expected<T>{b, {0, 1, 0}};
    case LaneOp::less: return a < b ? Expected<T>{c, {0, 0, 1}} : Expected<T>{a + b, {1, 1, 0}};
    case LaneOp::equal: return a == b ? Expected<T>{c, {0, 0, 1}} : Expected<T>{a * b, {b, a, 0}};
    case LaneOp::nan: return std::isnan(a) ? Expected<T>{b, {0, 1, 0}} : Expected<T>{c, {0, 0, 1}};
    case LaneOp::is_nan: return {T(std::isnan(a)), {0, 0, 0}};
  }
  return {};
}

template <class T>
void expect_same(T got, T want, const ::testing::Message& what) {
  if (std::isnan(want)) EXPECT_TRUE(std::isnan(got)) << what << ": " << got;
  else if (std::isinf(want) || want == 0) EXPECT_EQ(got, want) << what;
  else EXPECT_NEAR(got, want, 4 * std::numeric_limits<T>::epsilon() * std::abs(want)) << what;
}

template <class T>
void check_operations(const std::vector<T>& numbers, bool derivatives) {
  const size_t some = numbers.size(), n = (some * some + 15) / 16 * 16;
  Buffer<T> a(n), b(n), c(n), y(n), dual_y(n), dy(3 * n);
  for (size_t i = 0; i < some * some; ++i) a[i] = numbers[i % some], b[i] = numbers[i / some], c[i] = T(i) / 3;
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    const auto table = lane_table<T>();
    for (int k = 0; k < kLaneOps; ++k) {
      const LaneOp op = LaneOp(k);
      table.value(op, n, a.data(), b.data(), c.data(), y.data());
      table.slopes(op, n, a.data(), b.data(), c.data(), dual_y.data(), dy.data());
      for (size_t i = 0; i < some * some; ++i) {
        const auto what = ::testing::Message() << isa << " operation " << k << " of " << a[i] << ", " << b[i];
        const auto want = expected<T>(op, a[i], b[i], c[i]);
        expect_same(y[i], want.y, what);
        expect_same(dual_y[i], want.y, what);
        for (size_t j = 0; derivatives && j < 3; ++j)
          expect_same(dy[j * n + i], want.dy[j], ::testing::Message() << what << " by argument " << j);
      }
    }
  }
  use_isa("");
}

template <class T> std::vector<T> plain() { return {T(0.25), 1, T(1.5), 2.5, 3, T(7.3), 100, T(0.7)}; }
template <class T> std::vector<T> strange() {
  using L = std::numeric_limits<T>;
  return {0, T(-0.0), 1, -1, T(-2.5), T(0.5), L::infinity(), -L::infinity(), L::quiet_NaN(), L::max(), L::denorm_min()};
}

TEST(Lane, OperationsAndDerivativesMatchScalarsInFloat) { check_operations(plain<float>(), true); }
TEST(Lane, OperationsAndDerivativesMatchScalarsInDouble) { check_operations(plain<double>(), true); }
TEST(Lane, StrangeNumbersMatchScalarsInFloat) { check_operations(strange<float>(), false); }
TEST(Lane, StrangeNumbersMatchScalarsInDouble) { check_operations(strange<double>(), false); }

template <class T>
void check_turning() {
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    const auto   table  = lane_table<T>();
    const size_t stride = 7;
    std::vector<T> from(table.width * stride + 1), to(4 * table.width);
    for (size_t i = 0; i < from.size(); ++i) from[i] = T(i);
    table.turn4(from.data() + 1, stride, to.data());
    for (size_t j = 0; j < 4; ++j)
      for (size_t i = 0; i < table.width; ++i) EXPECT_EQ(to[j * table.width + i], from[1 + i * stride + j]) << isa;
  }
  use_isa("");
}
TEST(Lane, Load4TurnsFloatsRound) { check_turning<float>(); }
TEST(Lane, Load4TurnsDoublesRound) { check_turning<double>(); }

TEST(Lane, IsTrivialAndObeysSmallFacts) {
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    EXPECT_TRUE(lane_table<float>().trivial && lane_table<double>().trivial) << isa;
    EXPECT_TRUE(lane_table<float>().facts) << isa;
    EXPECT_TRUE(lane_table<double>().facts) << isa;
  }
  use_isa("");
}

}  // namespace
}  // namespace dynode
#endif
