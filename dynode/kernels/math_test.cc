// Elementary functions against libm of the next wider type, on every instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/kernels/math_test.cc"
#include <hwy/foreach_target.h>
#include "dynode/kernels/math-inl.h"

#ifndef DYNODE_KERNELS_MATH_TEST_ONCE
#define DYNODE_KERNELS_MATH_TEST_ONCE
namespace dynode {
enum class Op { exp, log, log1p, tanh, sigmoid, softplus, sin, cos };

/// A function applied to whole vectors, and its derivative by duals.
struct MathTable {
  size_t width;
  void (*single)(Op op, size_t n, const float* x, float* y);
  void (*precise)(Op op, size_t n, const double* x, double* y);
  void (*slope_single)(Op op, size_t n, const float* x, float* slope);
  void (*slope_precise)(Op op, size_t n, const double* x, double* slope);
};
}  // namespace dynode
#endif

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class V>
HWY_INLINE V call(Op op, const V& x) {
  switch (op) {
    case Op::exp: return exp(x);
    case Op::log: return log(x);
    case Op::log1p: return log1p(x);
    case Op::tanh: return tanh(x);
    case Op::sigmoid: return sigmoid(x);
    case Op::softplus: return softplus(x);
    case Op::sin: return sin(x);
    case Op::cos: return cos(x);
  }
  return x;
}

template <class T>
void values(Op op, size_t n, const T* x, T* y) {
  using V = Lane<T>;
  for (size_t i = 0; i < n; i += V::width) call(op, V::load(x + i)).store(y + i);
}
template <class T>
void slopes(Op op, size_t n, const T* x, T* slope) {
  using D = Dual<Lane<T>, 2>;
  for (size_t i = 0; i < n; i += Lane<T>::width) {
    const D y = call(op, D(Lane<T>::load(x + i), 1));
    (y.d[1] + y.d[0]).store(slope + i);      // d[0] belongs to a variable that is not there
  }
}

MathTable Table() { return {Lane<float>::width, values<float>, values<double>, slopes<float>, slopes<double>}; }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "dynode/base/buffer.h"
#include "dynode/kernels/isa.h"

namespace dynode {
HWY_EXPORT(Table);
namespace {

MathTable table() { return HWY_DYNAMIC_DISPATCH(Table)(); }

void apply(Op op, const Buffer<float>& x, Buffer<float>& y) { table().single(op, x.size(), x.data(), y.data()); }
void apply(Op op, const Buffer<double>& x, Buffer<double>& y) { table().precise(op, x.size(), x.data(), y.data()); }
void slope(Op op, const Buffer<float>& x, Buffer<float>& y) { table().slope_single(op, x.size(), x.data(), y.data()); }
void slope(Op op, const Buffer<double>& x, Buffer<double>& y) {
  table().slope_precise(op, x.size(), x.data(), y.data());
}

template <class W>
W exact(Op op, W x) {
  switch (op) {
    case Op::exp: return std::exp(x);
    case Op::log: return std::log(x);
    case Op::log1p: return std::log1p(x);
    case Op::tanh: return std::tanh(x);
    case Op::sigmoid: return x > 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
    case Op::softplus: return std::max(x, W(0)) + std::log1p(std::exp(-std::abs(x)));
    case Op::sin: return std::sin(x);
    case Op::cos: return std::cos(x);
  }
  return x;
}

/// Distance of two neighbours of T around `y`, at least that of the denormals.
template <class T, class W>
W ulp(W y) {
  const int exponent = y == 0 ? -100000 : std::ilogb(y);
  return std::ldexp(W(1), std::max(exponent, std::numeric_limits<T>::min_exponent - 1) -
                              (std::numeric_limits<T>::digits - 1));
}

struct Bound {
  Op          op;
  const char* name;
  double      ulp_single, ulp_precise;
  double      low = -INFINITY, high = INFINITY;   // where the bounds hold
  bool        flushed  = false;                   // results below the smallest normal number may be zero
  bool        absolute = false;                   // error against the ulp of 1
};

const Bound kBounds[] = {
    {Op::exp, "exp", 2, 2},
    {Op::log, "log", 2, 2},
    {Op::log1p, "log1p", 2.5, 2.5},
    {Op::tanh, "tanh", 4.5, 3},
    {Op::sigmoid, "sigmoid", 3, 3, -INFINITY, INFINITY, true},
    {Op::softplus, "softplus", 3, 3, -INFINITY, INFINITY, true},
    {Op::sin, "sin", 2.6, 2.3, -1e5, 1e5, false, true},
    {Op::cos, "cos", 2.6, 2.3, -1e5, 1e5, false, true},
};

template <class T> using Wide = std::conditional_t<sizeof(T) == 4, double, long double>;

template <class T>
void check_accuracy(const Buffer<T>& x) {
  using W = Wide<T>;
  for (const Bound& bound : kBounds) {
    std::vector<W> y(x.size());
    for (size_t i = 0; i < x.size(); ++i) y[i] = exact<W>(bound.op, x[i]);
    for (const std::string& isa : isa_names()) {
      use_isa(isa);
      Buffer<T> got(x.size());
      apply(bound.op, x, got);
      double worst = 0;
      size_t where = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        if (std::isnan(x[i]) || std::isnan(y[i])) {
          ASSERT_TRUE(std::isnan(got[i])) << isa << " " << bound.name << "(" << x[i] << ") = " << got[i];
          continue;
        }
        if (!(bound.low <= x[i] && x[i] <= bound.high)) {
          ASSERT_TRUE(std::abs(got[i]) <= 1) << isa << " " << bound.name << "(" << x[i] << ") = " << got[i];
          continue;
        }
        if (std::isinf(T(y[i]))) {
          ASSERT_EQ(got[i], T(y[i])) << isa << " " << bound.name << "(" << x[i] << ")";
          continue;
        }
        if (bound.flushed && std::abs(y[i]) < 2.5 * std::numeric_limits<T>::min() && got[i] == 0) continue;
        const double error = double(std::abs(W(got[i]) - y[i]) / ulp<T, W>(bound.absolute ? W(0.75) : y[i]));
        if (!(error <= worst)) worst = error, where = i;
      }
      const double allowed = (sizeof(T) == 4 ? bound.ulp_single : bound.ulp_precise) + (isa == "scalar" ? 1 : 0);
      EXPECT_LE(worst, allowed) << isa << " " << bound.name << "(" << x[where] << ") = " << got[where];
    }
  }
  use_isa("");
}

TEST(Math, FloatIsAccurateOnEveryFourThousandthNumber) {
  Buffer<float> x((uint64_t{1} << 32) / 4099 / 16 * 16);
  for (size_t i = 0; i < x.size(); ++i) {
    const uint32_t bits = uint32_t(i * 4099);
    std::memcpy(&x[i], &bits, 4);
  }
  check_accuracy(x);
}

TEST(Math, FloatIsAccurateWhereFunctionsBend) {
  Buffer<float> x(400000);
  for (size_t i = 0; i < x.size(); ++i) x[i] = (float(i) - 200000) / 1800;     // ±111
  check_accuracy(x);
}

TEST(Math, DoubleIsAccurate) {
  std::mt19937_64 random(1);
  Buffer<double> x(160000);
  for (size_t i = 0; i < x.size(); ++i) {
    const uint64_t bits = random();
    const double   u    = double(bits >> 11) * 0x1p-53 - 0.5;
    switch (i % 4) {
      case 0: std::memcpy(&x[i], &bits, 8); break;       // all exponents
      case 1: x[i] = u * 4; break;
      case 2: x[i] = u * 1600; break;
      default: x[i] = u * 2e5;
    }
  }
  check_accuracy(x);
}

template <class T>
void check_edges() {
  using L = std::numeric_limits<T>;
  const T inf = L::infinity(), nan = L::quiet_NaN(), tiny = T(1e-20), den = L::denorm_min();
  struct Case { Op op; T x, y; };
  const Case cases[] = {
      {Op::exp, inf, inf}, {Op::exp, -inf, 0}, {Op::exp, 0, 1}, {Op::exp, T(-0.0), 1}, {Op::exp, 1000, inf},
      {Op::exp, L::lowest(), 0}, {Op::exp, den, 1}, {Op::exp, nan, nan}, {Op::exp, -nan, nan},
      {Op::log, 0, -inf}, {Op::log, T(-0.0), -inf}, {Op::log, -1, nan}, {Op::log, -den, nan}, {Op::log, -inf, nan},
      {Op::log, inf, inf}, {Op::log, 1, 0}, {Op::log, nan, nan}, {Op::log, den, std::log(den)},
      {Op::log1p, -1, -inf}, {Op::log1p, -2, nan}, {Op::log1p, -inf, nan}, {Op::log1p, inf, inf}, {Op::log1p, 0, 0},
      {Op::log1p, T(-0.0), T(-0.0)}, {Op::log1p, tiny, tiny}, {Op::log1p, -den, -den}, {Op::log1p, nan, nan},
      {Op::tanh, inf, 1}, {Op::tanh, -inf, -1}, {Op::tanh, 0, 0}, {Op::tanh, T(-0.0), T(-0.0)}, {Op::tanh, tiny, tiny},
      {Op::tanh, den, den}, {Op::tanh, -tiny, -tiny}, {Op::tanh, L::max(), 1}, {Op::tanh, nan, nan},
      {Op::tanh, -nan, nan},
      {Op::sigmoid, inf, 1}, {Op::sigmoid, -inf, 0}, {Op::sigmoid, 0, T(0.5)}, {Op::sigmoid, T(-0.0), T(0.5)},
      {Op::sigmoid, L::max(), 1}, {Op::sigmoid, L::lowest(), 0}, {Op::sigmoid, nan, nan}, {Op::sigmoid, -nan, nan},
      {Op::softplus, inf, inf}, {Op::softplus, -inf, 0}, {Op::softplus, 0, T(std::log(2.0L))},
      {Op::softplus, 1000, 1000}, {Op::softplus, L::max(), L::max()}, {Op::softplus, L::lowest(), 0},
      {Op::softplus, nan, nan}, {Op::softplus, -nan, nan},
      {Op::sin, 0, 0}, {Op::sin, T(-0.0), T(-0.0)}, {Op::sin, tiny, tiny}, {Op::sin, den, den}, {Op::sin, inf, nan},
      {Op::sin, -inf, nan}, {Op::sin, nan, nan}, {Op::cos, 0, 1}, {Op::cos, T(-0.0), 1}, {Op::cos, tiny, 1},
      {Op::cos, inf, nan}, {Op::cos, -inf, nan}, {Op::cos, nan, nan},
  };
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    for (const Case& c : cases) {
      Buffer<T> x(table().width), y(table().width);
      std::fill(x.begin(), x.end(), c.x);
      apply(c.op, x, y);
      for (const T got : y) {
        const auto what = ::testing::Message() << isa << " function " << int(c.op) << " at " << c.x << ": " << got;
        if (std::isnan(c.y)) {
          EXPECT_TRUE(std::isnan(got)) << what;
        } else if (std::isinf(c.y)) {
          EXPECT_EQ(got, c.y) << what;
        } else {
          EXPECT_NEAR(got, c.y, std::abs(c.y) * L::epsilon()) << what;
          EXPECT_EQ(std::signbit(got), std::signbit(c.y)) << what;
        }
      }
    }
  }
  use_isa("");
}

TEST(Math, FloatEdges) { check_edges<float>(); }
TEST(Math, DoubleEdges) { check_edges<double>(); }

TEST(Math, OneNanLeavesItsNeighboursAlone) {
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    for (const Bound& bound : kBounds) {
      Buffer<float> x(64), y(64), clean(64);
      std::fill(x.begin(), x.end(), 0.3f);
      apply(bound.op, x, clean);
      x[5] = NAN;
      apply(bound.op, x, y);
      EXPECT_TRUE(std::isnan(y[5])) << isa << " " << bound.name;
      y[5] = clean[5];
      EXPECT_TRUE(std::equal(y.begin(), y.end(), clean.begin())) << isa << " " << bound.name;
    }
  }
  use_isa("");
}

TEST(Math, BoundedFunctionsStayInTheirBounds) {
  Buffer<float> x(1 << 20), y(x.size());
  for (size_t i = 0; i < x.size(); ++i) x[i] = (float(i) - float(1 << 19)) * 4e-5f;      // ±21
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    for (const Op op : {Op::tanh, Op::sigmoid, Op::sin, Op::cos}) {
      apply(op, x, y);
      for (size_t i = 0; i < x.size(); ++i) {
        ASSERT_LE(y[i], 1) << isa << " function " << int(op) << " at " << x[i];
        ASSERT_GE(y[i], op == Op::sigmoid ? 0 : -1) << isa << " function " << int(op) << " at " << x[i];
      }
    }
  }
  use_isa("");
}

template <class T>
double exact_slope(Op op, T x) {
  const double e = std::exp(-std::abs(double(x)));
  switch (op) {
    case Op::exp: return std::exp(double(x));
    case Op::log: return 1 / double(x);
    case Op::log1p: return 1 / (1 + double(x));
    case Op::tanh: return 1 / (std::cosh(double(x)) * std::cosh(double(x)));
    case Op::sigmoid: return e / ((1 + e) * (1 + e));
    case Op::softplus: return 1 / (1 + std::exp(-double(x)));
    case Op::sin: return std::cos(double(x));
    case Op::cos: return -std::sin(double(x));
  }
  return 0;
}

template <class T>
void check_slopes() {
  Buffer<T> x(4096), got(4096);
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    for (const Bound& bound : kBounds) {
      const bool logarithm = bound.op == Op::log || bound.op == Op::log1p;
      for (size_t i = 0; i < x.size(); ++i) x[i] = logarithm ? T(i + 1) / 256 : (T(i) - 2048) / 256;    // to ±8
      slope(bound.op, x, got);
      for (size_t i = 0; i < x.size(); ++i) {
        const double y = exact_slope(bound.op, x[i]), one = std::max(1.0, std::abs(y));
        ASSERT_NEAR(got[i], y, 8 * one * std::numeric_limits<T>::epsilon())
            << isa << " " << bound.name << " at " << x[i];
      }
    }
  }
  use_isa("");
}

TEST(Math, DualsCarryTheDerivativeInFloat) { check_slopes<float>(); }
TEST(Math, DualsCarryTheDerivativeInDouble) { check_slopes<double>(); }

}  // namespace
}  // namespace dynode
#endif
