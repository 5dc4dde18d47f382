// Dual<L, K>: a lane with K partial derivatives; running a formula on duals differentiates it exactly.
//
//   D x(value, 0), y(other, 1);      two variables
//   D z = tanh(x * y);               z.x is the value, z.d[0] = ∂z/∂x, z.d[1] = ∂z/∂y
//
// At kinks the derivative is that of the branch taken: min and max take their second argument at a tie (so
// max(x, 0) has slope 0 at 0), abs has slope 0 at 0, floor and round have slope 0 everywhere.
#if defined(DYNODE_KERNELS_DUAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_KERNELS_DUAL_INL_H_
#undef DYNODE_KERNELS_DUAL_INL_H_
#else
#define DYNODE_KERNELS_DUAL_INL_H_
#endif

#include "dynode/kernels/lane-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class L, int K>
struct Dual {
  using Real = typename L::Real;

  L x;     // value
  L d[K];  // ∂x/∂(k-th seeded variable)

  Dual() = default;
  HWY_INLINE explicit Dual(Real r) : Dual(L(r), -1) {}                    // a constant
  HWY_INLINE explicit Dual(L value) : Dual(value, -1) {}                  // a constant, lane by lane
  HWY_INLINE Dual(L value, int variable) : x(value) {                     // the k-th variable
    for (int k = 0; k < K; ++k) d[k] = L(Real(k == variable));
  }
  HWY_INLINE Real first() const { return x.first(); }

  /// y = f(a) with slope f′, and y = f(a, b) with both partial slopes: the chain rule, used by every function.
  static HWY_INLINE Dual chain(L y, const Dual& a, L slope) {
    Dual r;
    r.x = y;
    for (int k = 0; k < K; ++k) r.d[k] = slope * a.d[k];
    return r;
  }
  static HWY_INLINE Dual chain(L y, const Dual& a, L slope_a, const Dual& b, L slope_b) {
    Dual r;
    r.x = y;
    for (int k = 0; k < K; ++k) r.d[k] = fma(slope_a, a.d[k], slope_b * b.d[k]);
    return r;
  }

  friend HWY_INLINE Dual operator+(const Dual& a, const Dual& b) {
    Dual r;
    r.x = a.x + b.x;
    for (int k = 0; k < K; ++k) r.d[k] = a.d[k] + b.d[k];
    return r;
  }
  friend HWY_INLINE Dual operator-(const Dual& a, const Dual& b) {
    Dual r;
    r.x = a.x - b.x;
    for (int k = 0; k < K; ++k) r.d[k] = a.d[k] - b.d[k];
    return r;
  }
  friend HWY_INLINE Dual operator-(const Dual& a) {
    Dual r;
    r.x = -a.x;
    for (int k = 0; k < K; ++k) r.d[k] = -a.d[k];
    return r;
  }
  friend HWY_INLINE Dual operator*(const Dual& a, const Dual& b) { return chain(a.x * b.x, a, b.x, b, a.x); }
  friend HWY_INLINE Dual operator/(const Dual& a, const Dual& b) {
    const L y = a.x / b.x, inverse = one<L>() / b.x;
    return chain(y, a, inverse, b, -y * inverse);
  }
  HWY_INLINE Dual& operator+=(const Dual& b) { return *this = *this + b; }
  HWY_INLINE Dual& operator-=(const Dual& b) { return *this = *this - b; }
  HWY_INLINE Dual& operator*=(const Dual& b) { return *this = *this * b; }
  HWY_INLINE Dual& operator/=(const Dual& b) { return *this = *this / b; }

  friend HWY_INLINE Dual fma(const Dual& a, const Dual& b, const Dual& c) {
    Dual r;
    r.x = fma(a.x, b.x, c.x);
    for (int k = 0; k < K; ++k) r.d[k] = fma(a.x, b.d[k], fma(b.x, a.d[k], c.d[k]));
    return r;
  }
  /// Infinite slope at 0.
  friend HWY_INLINE Dual sqrt(const Dual& a) {
    const L y = sqrt(a.x);
    return chain(y, a, L(Real(0.5)) / y);
  }
  friend HWY_INLINE Dual abs(const Dual& a) { return chain(abs(a.x), a, sign(a.x)); }
  friend HWY_INLINE Dual copysign(const Dual& a, const Dual& s) {
    return chain(copysign(a.x, s.x), a, sign(a.x) * copysign(one<L>(), s.x));
  }
  friend HWY_INLINE Dual floor(const Dual& a) { return Dual(floor(a.x)); }
  friend HWY_INLINE Dual round(const Dual& a) { return Dual(round(a.x)); }

  /// Choices by lanes, or by the values of duals.
  friend HWY_INLINE Dual where_less(L a, L b, const Dual& yes, const Dual& no) {
    Dual r;
    r.x = where_less(a, b, yes.x, no.x);
    for (int k = 0; k < K; ++k) r.d[k] = where_less(a, b, yes.d[k], no.d[k]);
    return r;
  }
  friend HWY_INLINE Dual where_equal(L a, L b, const Dual& yes, const Dual& no) {
    Dual r;
    r.x = where_equal(a, b, yes.x, no.x);
    for (int k = 0; k < K; ++k) r.d[k] = where_equal(a, b, yes.d[k], no.d[k]);
    return r;
  }
  friend HWY_INLINE Dual where_nan(L a, const Dual& yes, const Dual& no) {
    Dual r;
    r.x = where_nan(a, yes.x, no.x);
    for (int k = 0; k < K; ++k) r.d[k] = where_nan(a, yes.d[k], no.d[k]);
    return r;
  }
  friend HWY_INLINE Dual where_less(const Dual& a, const Dual& b, const Dual& yes, const Dual& no) {
    return where_less(a.x, b.x, yes, no);
  }
  friend HWY_INLINE Dual where_equal(const Dual& a, const Dual& b, const Dual& yes, const Dual& no) {
    return where_equal(a.x, b.x, yes, no);
  }
  friend HWY_INLINE Dual where_nan(const Dual& a, const Dual& yes, const Dual& no) { return where_nan(a.x, yes, no); }
  friend HWY_INLINE Dual is_nan(const Dual& a) { return Dual(is_nan(a.x)); }
  friend HWY_INLINE bool any_nan(const Dual& a) { return any_nan(a.x); }
  friend HWY_INLINE Dual min(const Dual& a, const Dual& b) { return where_less(a, b, a, b); }
  friend HWY_INLINE Dual max(const Dual& a, const Dual& b) { return where_less(b, a, a, b); }

 private:
  /// −1, 0 or 1; zero for ±0.
  static HWY_INLINE L sign(L a) { return where_equal(a, zero<L>(), zero<L>(), copysign(one<L>(), a)); }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
