// Multiplier of two dendrites with loops of their own, joined by an output loop:
//   g₁ = c g(φ + y, |i_b − s₁|) + ξ/2   g₂ = c g(φ − y, |s₂ − i_b|) − ξ/2   |x| = √(x² + 0.01)
//   n = fan-in from the own layer; c and ξ are the noise of g₁ − g₂: 1 and 0 where there is none
//   ṁ = (g₁ − g₂ − α m) / B   B = β + 2 n β₀        ṡₖ = Fₖ / β   Fₖ = gₖ − β₀ ṁ − α sₖ        [forward Euler]
// adjoint of one step, λ₁ λ₂ μ = ∂L/∂(s₁′ s₂′ m′), h = dt, c₁ = (i_b − s₁)/|i_b − s₁|, c₂ = (s₂ − i_b)/|s₂ − i_b|:
//   q = (h μ − h β₀ (λ₁ + λ₂)/β) / B   ḡ₁ = h λ₁/β + q   ḡ₂ = h λ₂/β − q
//   (derivatives of g₁ and g₂ contain c)
//   φ̄ = ḡ₁ g₁φ + ḡ₂ g₂φ   ȳ = ḡ₁ g₁φ − ḡ₂ g₂φ   ī_b = ḡ₁ g₁ᵢ c₁ − ḡ₂ g₂ᵢ c₂
//   s̄₁ = (1 − hα/β) λ₁ − ḡ₁ g₁ᵢ c₁   s̄₂ = (1 − hα/β) λ₂ + ḡ₂ g₂ᵢ c₂   m̄ = μ − α q
//   ᾱ = −q m − h (λ₁ s₁ + λ₂ s₂)/β   β̄ = −h (λ₁ F₁ + λ₂ F₂)/β² − q ṁ   β̄₀ = −h ṁ (λ₁ + λ₂)/β − 2 n q ṁ
//   h̄ = μ ṁ + (λ₁ F₁ + λ₂ F₂)/β
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/multiplier_nocc.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct MultiplierNocc {
  static constexpr int lookups = 2, constants = 3;
  template <class V> struct State    { V s1, s2, m; };
  template <class V> struct Ports    { V phi; };
  template <class V> struct Params   { V phi_y, bias_current, alpha, beta, beta_out, fan_in, g_factor, g_noise; };
  template <class V> struct Observed { V phi, g; };

  /// The size of a current, rounded off near 0.
  template <class V> static HWY_INLINE V soft_abs(const V& x) { return sqrt(fma(x, x, constant<V>(0.01))); }
  /// 1/B
  template <class V> static HWY_INLINE V rate_of_output(const Params<V>& p) {
    return one<V>() / (p.beta + constant<V>(2) * p.fan_in * p.beta_out);
  }

  template <class V, class G>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& dt, const G& g) {
    const V half = constant<V>(0.5) * p.g_noise;
    const V g1 = fma(p.g_factor, g(in.phi + p.phi_y, soft_abs(p.bias_current - s.s1)), half);
    const V g2 = p.g_factor * g(in.phi - p.phi_y, soft_abs(s.s2 - p.bias_current)) - half;
    const V m_dot = (g1 - g2 - p.alpha * s.m) * rate_of_output(p), h = dt / p.beta;
    return {s.s1 + h * (g1 - p.beta_out * m_dot - p.alpha * s.s1),
            s.s2 + h * (g2 - p.beta_out * m_dot - p.alpha * s.s2), s.m + dt * m_dot};
  }

  template <class V, class G>
  static HWY_INLINE void pull(const Values<MultiplierNocc, V>& v, const G& g, const State<V>& lambda,
                              Bars<MultiplierNocc, V>& bars) {
    const auto& p = v.p;
    const V x1 = p.bias_current - v.s.s1, x2 = v.s.s2 - p.bias_current, i1 = soft_abs(x1), i2 = soft_abs(x2);
    const auto [calm1, g1_phi, g1_i] = g.with_slope(v.in.phi + p.phi_y, i1);
    const auto [calm2, g2_phi, g2_i] = g.with_slope(v.in.phi - p.phi_y, i2);
    const V half = constant<V>(0.5) * p.g_noise;
    const V g1 = fma(p.g_factor, calm1, half), g2 = p.g_factor * calm2 - half;

    // what the step made on its way
    const V rate = rate_of_output(p), inverse = one<V>() / p.beta, h = v.dt * inverse;
    const V m_dot = (g1 - g2 - p.alpha * v.s.m) * rate;
    const V f1 = g1 - p.beta_out * m_dot - p.alpha * v.s.s1, f2 = g2 - p.beta_out * m_dot - p.alpha * v.s.s2;

    const V both = h * (lambda.s1 + lambda.s2), gain = lambda.s1 * f1 + lambda.s2 * f2;
    const V q = (v.dt * lambda.m - p.beta_out * both) * rate;
    const V g1_bar = h * lambda.s1 + q, g2_bar = h * lambda.s2 - q;
    const V calm1_bar = p.g_factor * g1_bar, calm2_bar = p.g_factor * g2_bar;
    const V phi_1 = calm1_bar * g1_phi, phi_2 = calm2_bar * g2_phi;
    const V current_1 = calm1_bar * g1_i * x1 / i1, current_2 = calm2_bar * g2_i * x2 / i2;

    bars.in.phi = phi_1 + phi_2;
    bars.s.s1   = lambda.s1 - h * p.alpha * lambda.s1 - current_1;
    bars.s.s2   = lambda.s2 - h * p.alpha * lambda.s2 + current_2;
    bars.s.m    = lambda.m - p.alpha * q;
    bars.p.phi_y        += phi_1 - phi_2;
    bars.p.bias_current += current_1 - current_2;
    bars.p.alpha        -= q * v.s.m + h * (lambda.s1 * v.s.s1 + lambda.s2 * v.s.s2);
    bars.p.beta         -= h * inverse * gain + q * m_dot;
    bars.p.beta_out     -= m_dot * (both + constant<V>(2) * p.fan_in * q);
    bars.dt             += lambda.m * m_dot + inverse * gain;
  }

  template <class V, class G>
  static HWY_INLINE Observed<V> observe(const State<V>& s, const Ports<V>& in, const Params<V>& p, const G& g) {
    const V d = g(in.phi + p.phi_y, soft_abs(p.bias_current - s.s1)) - g(in.phi - p.phi_y, soft_abs(s.s2 - p.bias_current));
    return {in.phi, fma(p.g_factor, d, p.g_noise)};
  }
};

CellKernels MultiplierNoccKernels(int source) { return pointwise_kernels<MultiplierNocc>(source); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(MultiplierNoccKernels);

CellEntry multiplier_nocc() {
  return {.name = "MultiplierNOCC",
          .summary = "multiplies flux by phi_y: two dendrites joined by an output loop",
          .params = {{.name = "phi_y", .value = 0.1, .unit = "Phi_0", .help = "flux that multiplies what arrives"},
                     {.name = "bias_current", .value = 2.1, .min = 0, .unit = "I_c", .help = "bias of both dendrites"},
                     {.name = "alpha", .value = 1.64053, .min = 0, .help = "resistance of the loops"},
                     {.name = "beta", .value = 303.85, .min = 1e-6, .help = "inductance of the dendrites' loops"},
                     {.name = "beta_out", .value = 91.156, .min = 0, .help = "inductance of the output loop"}},
          .constants = {{.name  = "fan_in",
                         .from  = ConstantFacts::From::fan_in_of_self,
                         .value = 1,
                         .help  = "connections from the own layer, each part of the output loop"},
                        {.name = "g_factor", .from = ConstantFacts::From::noise, .value = 1, .help = "relative noise of g"},
                        {.name = "g_noise", .from = ConstantFacts::From::noise, .help = "noise added to g"}},
          .states = {{.name = "s1", .help = "current of the first dendrite, I_c"},
                     {.name = "s2", .help = "current of the second dendrite, I_c"},
                     {.name = "m", .help = "current of the output loop, I_c"}},
          .ports = {"phi"},
          .source = "RateArray",
          .output = 2,
          .dt = 37,
          .scales_with_dt = true,
          .observables = {"phi", "g"},
          .kernels = [](int source) { return HWY_DYNAMIC_DISPATCH(MultiplierNoccKernels)(source); }};
}
}  // namespace dynode
#endif
