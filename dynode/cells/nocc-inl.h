// Formulas of a NOCC connection. Edges are two SQUIDs of opposite flux each; what they drive into a target adds up to a
// current m, which comes back to them one step late.
//   β ṡ₁ = g₁ − α s₁ − β_o ṁ   g₁ = g(x + w, |i_b − s₁|)        β ṡ₂ = g₂ − α s₂ − β_o ṁ   g₂ = g(x − w, |s₂ − i_b|)
//   |u| = √(u² + 0.01)         ṁ = (Σ d − α m) / β_e   d = g₁ − g₂   β_e = β + 2 n β_o, n edges into the target
// The states of edges are those without the shared inductance, r = s + κ m with κ = β_o/β: they do not wait for ṁ, and
// Euler's steps are the same.
#if defined(DYNODE_CELLS_NOCC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_CELLS_NOCC_INL_H_
#undef DYNODE_CELLS_NOCC_INL_H_
#else
#define DYNODE_CELLS_NOCC_INL_H_
#endif

#include <type_traits>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

//   s = r − κ m    r₁′ = r₁ + h/β (g₁ − α s₁)    r₂′ likewise    d = g₁ − g₂
// adjoint, ρ = h/β, Gₖ = ρ λₖ ± λ_d, c₁ = G₁ g_i u₁/|u₁|, c₂ likewise, u₁ = i_b − s₁, u₂ = s₂ − i_b:
//   S₁ = −ρ α λ₁ − c₁   S₂ = −ρ α λ₂ + c₂   r̄ₖ = λₖ + Sₖ   m̄ = −κ (S₁ + S₂)   x̄ = G₁ g_φ + G₂ g_φ   w̄ = G₁ g_φ − G₂ g_φ
struct NoccEdge {
  static constexpr int lookups = 2;
  template <class V> struct State  { V d, r1, r2; };
  template <class V> struct Ports  { V x, m; };
  template <class V> struct Params { V w, bias_current, alpha, beta, beta_out; };

  /// What is the same for all edges that share their parameters and time step: h/β, κ.
  template <class V> struct Rates { V rate, back; };
  template <class V> static HWY_INLINE Rates<V> rates(const Params<V>& p, const V& h) {
    const V inverse = one<V>() / p.beta;
    return {h * inverse, p.beta_out * inverse};
  }

  template <class V> static HWY_INLINE V square(const V& u) { return fma(u, u, constant<V>(0.01)); }
  template <class V> static HWY_INLINE V soft_abs(const V& u) { return sqrt(square(u)); }
  /// u/|u|; in float by an approximation and one step of Newton's, roots and divisions being slow.
  template <class V> static HWY_INLINE V soft_sign(const V& u) {
    const V q = square(u);
    if constexpr (std::is_same_v<V, Lane<float>>) {
      const V y = hn::ApproximateReciprocalSqrt(q.raw);
      return u * (y * fma(constant<V>(-0.5) * q * y, y, constant<V>(1.5)));
    } else {
      return u / sqrt(q);
    }
  }

  // Multiply-adds are written out: a row gets the same bits wherever these formulas are inlined.

  template <class V, class G>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const Rates<V>& q, const G& g) {
    const V s1 = fma(-q.back, in.m, s.r1), s2 = fma(-q.back, in.m, s.r2);
    const V g1 = g(in.x + p.w, soft_abs(p.bias_current - s1));
    const V g2 = g(in.x - p.w, soft_abs(s2 - p.bias_current));
    return {g1 - g2, fma(q.rate, fma(-p.alpha, s1, g1), s.r1), fma(q.rate, fma(-p.alpha, s2, g2), s.r2)};
  }
  template <class V, class G>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& h, const G& g) {
    return step(s, in, p, rates(p, h), g);
  }

  template <class V, class G>
  static HWY_INLINE void pull(const State<V>& s, const Ports<V>& in, const Params<V>& p, const Rates<V>& q, const G& g,
                              const State<V>& lambda, Bars<NoccEdge, V>& bars) {
    const V s1 = fma(-q.back, in.m, s.r1), s2 = fma(-q.back, in.m, s.r2), u1 = p.bias_current - s1, u2 = s2 - p.bias_current;
    const auto a = g.with_slope(in.x + p.w, soft_abs(u1)), b = g.with_slope(in.x - p.w, soft_abs(u2));
    const V big1 = fma(q.rate, lambda.r1, lambda.d), big2 = fma(q.rate, lambda.r2, -lambda.d), flux1 = big1 * a.dphi;
    const V current1 = big1 * a.di * soft_sign(u1), current2 = big2 * b.di * soft_sign(u2), leak = q.rate * p.alpha;
    const V sum1 = fma(-leak, lambda.r1, -current1), sum2 = fma(-leak, lambda.r2, current2), both = sum1 + sum2;
    bars.s  = {constant<V>(0), lambda.r1 + sum1, lambda.r2 + sum2};
    bars.in = {fma(big2, b.dphi, flux1), -(q.back * both)};
    bars.p.w += fma(-big2, b.dphi, flux1);

    const V inverse = one<V>() / p.beta, fed = inverse * in.m * both;
    const V driven  = fma(-p.alpha, s1, a.y) * lambda.r1 + fma(-p.alpha, s2, b.y) * lambda.r2;
    bars.p.bias_current += current1 - current2;
    bars.p.alpha        -= q.rate * (s1 * lambda.r1 + s2 * lambda.r2);
    bars.p.beta         += q.back * fed - inverse * q.rate * driven;
    bars.p.beta_out     -= fed;
    bars.dt             += inverse * driven;
  }
  template <class V, class G>
  static HWY_INLINE void pull(const Values<NoccEdge, V>& v, const G& g, const State<V>& lambda, Bars<NoccEdge, V>& bars) {
    pull(v.s, v.in, v.p, rates(v.p, v.dt), g, lambda, bars);
  }
};

//   m′ = m + h (d − α m) / β_e      adjoint: d̄ = h/β_e λ   m̄ = (1 − hα/β_e) λ
struct NoccSum {
  template <class V> struct State  { V m; };
  template <class V> struct Ports  { V d; };
  template <class V> struct Params { V alpha, beta_eff; };

  template <class V, class G>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& h, const G&) {
    return {s.m + h / p.beta_eff * (in.d - p.alpha * s.m)};
  }

  template <class V, class G>
  static HWY_INLINE void pull(const Values<NoccSum, V>& v, const G&, const State<V>& lambda, Bars<NoccSum, V>& bars) {
    const V inverse = one<V>() / v.p.beta_eff, rate = v.dt * inverse, driven = v.in.d - v.p.alpha * v.s.m;
    bars.in.d        = rate * lambda.m;
    bars.s.m         = lambda.m - v.p.alpha * bars.in.d;
    bars.p.alpha    -= v.s.m * bars.in.d;
    bars.p.beta_eff -= driven * inverse * bars.in.d;
    bars.dt         += driven * inverse * lambda.m;
  }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
