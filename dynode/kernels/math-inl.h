// Elementary functions for lanes and duals: exp, log, log1p, tanh, sigmoid, softplus, sin, cos.
//
// NaN gives NaN; infinities, zeros and signs of zero go where the function goes. Errors are stated per function in
// units in the last place (ulp) of the exact result; math_test.cc holds them over every 4099th float and over doubles
// of all exponents. HWY_SCALAR rounds every multiply-add twice and may lose one ulp more.
// Polynomials are minimax fits (Remez) to the functions named beside them.
#if defined(DYNODE_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_KERNELS_MATH_INL_H_
#undef DYNODE_KERNELS_MATH_INL_H_
#else
#define DYNODE_KERNELS_MATH_INL_H_
#endif

#include <limits>
#include "dynode/kernels/dual-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

// ---- constants ------------------------------------------------------------------------------------------

template <class T> struct Constants;

template <>
struct Constants<float> {
  using Bits = uint32_t;
  static constexpr int   mantissa = 23, bias = 127;
  static constexpr Bits  sqrt_half = 0x3F3504F3;                            // the bits of √½
  static constexpr float log2e = 1.44269504f, ln2_hi = 0.693359375f, ln2_lo = -2.12194440e-4f;
  static constexpr float exp_low = -104, exp_high = 89;                     // beyond them exp is 0 and ∞
  static constexpr float flush_low = -88.0296919f, flush_high = 88.7228391f;   // −127 ln 2, 128 ln 2
  static constexpr float pi_a = 3.140625f, pi_b = 9.65118408203e-4f, pi_c = 2.53518159e-6f;   // 8 bits, 8 bits, rest
  // (eˣ − 1 − x)/x², |x| ≤ ½ ln 2
  static constexpr float exp[] = {0.4999999813f, 0.1666654268f, 0.0416672042f, 0.008366646943f, 0.001388248082f};
  // (2 atanh s − 2s)/s³ in s², s ≤ 3 − 2√2 and s ≤ ⅓
  static constexpr float log[]  = {0.6666677643f, 0.3997752753f, 0.2987229434f};
  static constexpr float soft[] = {0.6666641627f, 0.4002152778f, 0.2800179915f, 0.2801200971f};
  // (sin r − r)/r³ in r², |r| ≤ 1.59
  static constexpr float sin[] = {-0.166666588f, 0.008333045672f, -0.0001980801095f, 2.602102657e-6f};
};

template <>
struct Constants<double> {
  using Bits = uint64_t;
  static constexpr int    mantissa = 52, bias = 1023;
  static constexpr Bits   sqrt_half = 0x3FE6A09E667F3BCD;
  static constexpr double log2e = 1.4426950408889634, ln2_hi = 0x1.62e42feep-1, ln2_lo = 0x1.a39ef35793c76p-33;
  static constexpr double exp_low = -746, exp_high = 710;
  static constexpr double flush_low = -709.08956571282405, flush_high = 709.78271289338400;
  static constexpr double pi_a = 0x1.921fb5p+1, pi_b = 0x1.110b46p-25, pi_c = 0x1.1a62633145c07p-53;
  static constexpr double exp[] = {
      0.500000000000000528, 0.166666666666665878, 0.0416666666665753817, 0.00833333333339039337,
      0.00138888889320529846, 0.000198412697176530295, 0.0000248015046491807928, 2.75574081701179832e-6,
      2.76262991941777431e-7, 2.50537968288136287e-8};
  static constexpr double log[] = {
      0.666666666666673463, 0.399999999994128109, 0.285714287428862357, 0.2222219851395901,
      0.181835678022116663, 0.153139518896654343, 0.147970302063747259};
  static constexpr double soft[] = {
      0.666666666666663097, 0.400000000001551182, 0.285714285481176507, 0.222222239536716146,
      0.181817444781013746, 0.153865484149994281, 0.133011210674423459, 0.121049474997134635,
      0.0834495966410705839, 0.170097793454277413};
  static constexpr double sin[] = {
      -0.166666666666666653, 0.00833333333333316804, -0.000198412698411995501, 2.75573192094549431e-6,
      -2.50521067167131764e-8, 1.60589317688670799e-10, -7.64278285755178752e-13, 2.71895901036132882e-15};
};

// ---- pieces ---------------------------------------------------------------------------------------------

/// c[0] + c[1] x + … by Horner's rule.
template <class V, size_t N>
HWY_INLINE V polynomial(V x, const typename V::Real (&c)[N]) {
  V y(c[N - 1]);
#pragma GCC unroll 16
  for (size_t i = N - 1; i > 0; --i) y = fma(y, x, V(c[i - 1]));
  return y;
}

/// Adding it to a small number rounds that to an integer and leaves the integer in the low bits: 1½ · 2^mantissa.
template <class T> constexpr T kRounder = T(3) * T(uint64_t{1} << (Constants<T>::mantissa - 1));

/// The low bits of z, moved to the top: `n` bits are kept.
template <int n, class T>
HWY_INLINE Lane<T> low_bits_up(Lane<T> z) {
  const hn::RebindToUnsigned<typename Lane<T>::Tag> du;
  return hn::BitCast(typename Lane<T>::Tag(), hn::ShiftLeft<int(sizeof(T)) * 8 - n>(hn::BitCast(du, z.raw)));
}

/// 2ⁿ for integers n in [−bias, bias + 1]; the ends give 0 and ∞.
template <class T>
HWY_INLINE Lane<T> pow2(Lane<T> n) {
  return low_bits_up<int(sizeof(T)) * 8 - Constants<T>::mantissa>(n + Lane<T>(kRounder<T> + T(Constants<T>::bias)));
}

/// y 2ⁿ, rounded once, for integers n in twice the range of exponents.
#if HWY_ARCH_X86 && (HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL)
HWY_INLINE Lane<float> scale(Lane<float> y, Lane<float> n) {
  return Lane<float>::Raw{_mm512_scalef_ps(y.raw.raw, n.raw.raw)};       // makes exp a third faster
}
HWY_INLINE Lane<double> scale(Lane<double> y, Lane<double> n) {
  return Lane<double>::Raw{_mm512_scalef_pd(y.raw.raw, n.raw.raw)};
}
#else
template <class T>
HWY_INLINE Lane<T> scale(Lane<T> y, Lane<T> n) {
  const Lane<T> half = round(n * Lane<T>(T(0.5)));
  return y * pow2(half) * pow2(n - half);
}
#endif

/// eˣ = 2ⁿ (1 + q), |q| ≤ 0.42; q keeps its relative accuracy at 0.
template <class V> struct ExpParts { V n, q; };

template <class T>
HWY_INLINE ExpParts<Lane<T>> exp_parts(Lane<T> x) {
  using V = Lane<T>;
  using C = Constants<T>;
  const V n = fma(x, V(C::log2e), V(kRounder<T>)) - V(kRounder<T>);
  const V r = fma(n, V(-C::ln2_lo), fma(n, V(-C::ln2_hi), x));
  return {n, fma(r * r, polynomial(r, C::exp), r)};
}

/// eˣ within 2 ulp, but 0 below the smallest normal number and ∞ from 2^(bias + ½) on: a shorter way than exp.
template <class T>
HWY_INLINE Lane<T> exp_flushed(Lane<T> x) {
  using V = Lane<T>;
  const auto [n, q] = exp_parts(clamp(x, V(Constants<T>::flush_low), V(Constants<T>::flush_high)));
  return (one<V>() + q) * pow2(n);
}

/// x = 2ᵏ (1 + f) with 1 + f in [√½, √2), and log(1 + f) = f − curve. For x normal, positive and finite.
template <class V> struct LogParts { V k, f, curve; };

template <class T>
HWY_INLINE LogParts<Lane<T>> log_parts(Lane<T> x) {
  using V = Lane<T>;
  using C = Constants<T>;
  using B = typename C::Bits;
  const typename V::Tag d;
  const hn::RebindToUnsigned<typename V::Tag> du;
  constexpr B one_bits = B(C::bias) << C::mantissa, mantissa_mask = (B(1) << C::mantissa) - 1;

  // the exponent becomes a number through the bits of 2^mantissa + exponent
  const auto shifted = hn::Add(hn::BitCast(du, x.raw), hn::Set(du, B(one_bits - C::sqrt_half)));
  const T    origin  = T(B(1) << C::mantissa);
  const B    origin_bits = B(C::bias + C::mantissa) << C::mantissa;
  const V k = V(hn::BitCast(d, hn::Or(hn::ShiftRight<C::mantissa>(shifted), hn::Set(du, origin_bits)))) -
              V(origin + T(C::bias));
  const V m = hn::BitCast(d, hn::Add(hn::And(shifted, hn::Set(du, mantissa_mask)), hn::Set(du, C::sqrt_half)));

  const V f = m - one<V>(), s = f / (f + V(T(2))), z = s * s;
  return {k, f, s * (f - z * polynomial(z, C::log))};
}

// ---- functions ------------------------------------------------------------------------------------------

/// eˣ. 1 ulp; ∞ and 0 beyond the range, gradually through the denormals.
template <class T>
HWY_INLINE Lane<T> exp(Lane<T> x) {
  using V = Lane<T>;
  const auto [n, q] = exp_parts(clamp(x, V(Constants<T>::exp_low), V(Constants<T>::exp_high)));
  return scale(one<V>() + q, n);
}

/// Natural logarithm. 2 ulp; −∞ at ±0, NaN below.
template <class T>
HWY_INLINE Lane<T> log(Lane<T> x) {
  using V = Lane<T>;
  using C = Constants<T>;
  using Limits = std::numeric_limits<T>;

  // denormals are lifted into the normal range
  const V tiny = V(Limits::min()), lift = V(T(uint64_t{1} << (C::mantissa + 1)));
  const V up = where_less(x, tiny, x * lift, x), shift = where_less(x, tiny, V(T(C::mantissa + 1)), zero<V>());

  const auto [k, f, curve] = log_parts(up);
  const V e = k - shift;
  V y = fma(e, V(C::ln2_hi), f - fma(e, V(-C::ln2_lo), curve));
  y = where_less(x, V(Limits::infinity()), y, x);                     // ∞ and NaN
  y = where_less(x, zero<V>(), V(Limits::quiet_NaN()), y);
  return where_equal(x, zero<V>(), V(-Limits::infinity()), y);
}

/// log(1 + x), accurate near 0. 2 ulp; −∞ at −1, NaN below.
template <class T>
HWY_INLINE Lane<T> log1p(Lane<T> x) {
  using V = Lane<T>;
  using C = Constants<T>;
  using Limits = std::numeric_limits<T>;

  // u + c = 1 + x exactly; the error of rounding u enters to first order
  const V u = one<V>() + x;
  const V c = where_less(x, one<V>(), x - (u - one<V>()), one<V>() - (u - x));
  const auto [k, f, curve] = log_parts(u);
  V y = fma(k, V(C::ln2_hi), f - (fma(k, V(-C::ln2_lo), curve) - c / u));
  y = where_less(x, V(Limits::infinity()), y, x);
  y = where_less(u, zero<V>(), V(Limits::quiet_NaN()), y);
  y = where_equal(u, zero<V>(), V(-Limits::infinity()), y);
  return where_equal(u, one<V>(), x, y);                              // tiny x, and −0
}

/// Hyperbolic tangent. 4.5 ulp (2.7e-7 absolute): odd rational fit x P(x²)/Q(x²), held at ±1, which it reaches at 9.02.
HWY_INLINE Lane<float> tanh(Lane<float> x) {
  using V = Lane<float>;
  x = clamp(x, V(-9.02f), V(9.02f));
  const V u = x * x;
  V p = fma(u, V(1.33190516e-8f), V(2.05834652e-5f));
  V q = fma(u, V(7.76201069e-7f), V(3.28309119e-4f));
  p = fma(p, u, V(3.49403353e-3f));
  q = fma(q, u, V(2.58710692e-2f));
  p = fma(p, u, V(0.133797171f));
  q = fma(q, u, V(0.467130323f));
  p = fma(p, u, V(0.999999979f));
  q = fma(q, u, V(1.0f));
  return clamp(x * p / q, V(-1.0f), V(1.0f));
}
/// 3 ulp: E/(E + 2) with E = e²ˣ − 1.
HWY_INLINE Lane<double> tanh(Lane<double> x) {
  using V = Lane<double>;
  const V a = min(V(20.0), abs(x));
  const auto [n, q] = exp_parts(a + a);
  const V scale = pow2(n), e = fma(scale, q, scale - one<V>());
  return copysign(e / (e + V(2.0)), x);
}

/// Logistic function 1/(1 + e⁻ˣ). 3 ulp down to the smallest normal number, 0 below it.
template <class T>
HWY_INLINE Lane<T> sigmoid(Lane<T> x) {
  return one<Lane<T>>() / (one<Lane<T>>() + exp_flushed(-x));
}

/// log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|). 3 ulp down to the smallest normal number, 0 below it.
template <class T>
HWY_INLINE Lane<T> softplus(Lane<T> x) {
  using V = Lane<T>;
  const V e = exp_flushed(-abs(x)), s = e / (e + V(T(2))), z = s * s;
  return max(zero<V>(), x) + fma(s * z, polynomial(z, Constants<T>::soft), s + s);
}

/// ±sin of x − h π for |x − h π| up to 1.59, the sign being the lowest bit of z.
template <class T>
HWY_INLINE Lane<T> sin_reduced(Lane<T> x, Lane<T> h, Lane<T> z) {
  using V = Lane<T>;
  using C = Constants<T>;
  const V r = fma(h, V(-C::pi_c), fma(h, V(-C::pi_b), fma(h, V(-C::pi_a), x)));
  const V u = r * r, y = r * fma(u, polynomial(u, C::sin), one<V>());
  return clamp(V(hn::Xor(y.raw, low_bits_up<1>(z).raw)), V(T(-1)), one<V>());
}

/// Sine of x in rad. Up to |x| = 1e5: float 1.6e-7 absolute, double 2.5e-16. Beyond, the error grows with |x|
/// (float 1e-7 |x| / 1e5, double 1e-16 |x| / 1e8) until the result is just some number in [−1, 1]. NaN at ±∞.
template <class T>
HWY_INLINE Lane<T> sin(Lane<T> x) {
  const Lane<T> rounder(kRounder<T>), z = fma(x, Lane<T>(T(0.31830988618379067154)), rounder);
  return sin_reduced(x, z - rounder, z);
}

/// Cosine of x in rad; as accurate as sin.
template <class T>
HWY_INLINE Lane<T> cos(Lane<T> x) {
  // cos x = −sin(x − π/2) turned by whole half-turns; the odd rounder turns the sign
  const Lane<T> half(T(0.5)), rounder(kRounder<T> + T(1));
  const Lane<T> z = fma(x, Lane<T>(T(0.31830988618379067154)), -half) + rounder;
  return sin_reduced(x, z - rounder + half, z);
}

// ---- duals ----------------------------------------------------------------------------------------------

template <class L, int K>
HWY_INLINE Dual<L, K> exp(const Dual<L, K>& x) {
  const L y = exp(x.x);
  return Dual<L, K>::chain(y, x, y);
}
template <class L, int K>
HWY_INLINE Dual<L, K> log(const Dual<L, K>& x) {
  return Dual<L, K>::chain(log(x.x), x, one<L>() / x.x);
}
template <class L, int K>
HWY_INLINE Dual<L, K> log1p(const Dual<L, K>& x) {
  return Dual<L, K>::chain(log1p(x.x), x, one<L>() / (one<L>() + x.x));
}
template <class L, int K>
HWY_INLINE Dual<L, K> tanh(const Dual<L, K>& x) {
  const L y = tanh(x.x);
  return Dual<L, K>::chain(y, x, one<L>() - y * y);
}
template <class L, int K>
HWY_INLINE Dual<L, K> sigmoid(const Dual<L, K>& x) {
  const L y = sigmoid(x.x);
  return Dual<L, K>::chain(y, x, y * (one<L>() - y));
}
template <class L, int K>
HWY_INLINE Dual<L, K> softplus(const Dual<L, K>& x) {
  return Dual<L, K>::chain(softplus(x.x), x, sigmoid(x.x));
}
template <class L, int K>
HWY_INLINE Dual<L, K> sin(const Dual<L, K>& x) {
  return Dual<L, K>::chain(sin(x.x), x, cos(x.x));
}
template <class L, int K>
HWY_INLINE Dual<L, K> cos(const Dual<L, K>& x) {
  return Dual<L, K>::chain(cos(x.x), x, -sin(x.x));
}

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
