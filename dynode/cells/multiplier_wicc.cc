// Multiplier of two opposed dendrites that share one integrating loop:
//   ds/dt = γ⁺ d − γ⁻ s   d = c [g(φ + y, i_b − s) − g(φ − y, i_b + s)] + n        [forward Euler]
// a, b: the two values of g; c and n are the noise of their difference: 1 and 0 where there is none.
// adjoint of one step, λ = ∂L/∂s′, h = dt, k = h γ⁺ c λ:
//   φ̄ = k (a_φ − b_φ)   ȳ = k (a_φ + b_φ)   ī_b = k (a_i − b_i)   s̄ = (1 − h γ⁻) λ − k (a_i + b_i)
//   γ̄⁺ = h d λ   γ̄⁻ = −h s λ   h̄ = (γ⁺ d − γ⁻ s) λ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/multiplier_wicc.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct MultiplierWicc {
  static constexpr int lookups = 2, constants = 2;
  template <class V> struct State    { V s; };
  template <class V> struct Ports    { V phi; };
  template <class V> struct Params   { V phi_y, bias_current, gamma_plus, gamma_minus, g_factor, g_noise; };
  template <class V> struct Observed { V phi, g; };

  template <class V, class G>
  static HWY_INLINE V difference(const V& s, const V& phi, const Params<V>& p, const G& g) {
    const V a = g(phi + p.phi_y, p.bias_current - s), b = g(phi - p.phi_y, p.bias_current + s);
    return fma(p.g_factor, a - b, p.g_noise);
  }

  template <class V, class G>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& dt, const G& g) {
    return {s.s + dt * (p.gamma_plus * difference(s.s, in.phi, p, g) - p.gamma_minus * s.s)};
  }

  template <class V, class G>
  static HWY_INLINE void pull(const Values<MultiplierWicc, V>& v, const G& g, const State<V>& lambda,
                              Bars<MultiplierWicc, V>& bars) {
    const auto [a, a_phi, a_i] = g.with_slope(v.in.phi + v.p.phi_y, v.p.bias_current - v.s.s);
    const auto [b, b_phi, b_i] = g.with_slope(v.in.phi - v.p.phi_y, v.p.bias_current + v.s.s);
    const V d = fma(v.p.g_factor, a - b, v.p.g_noise), h_lambda = v.dt * lambda.s;
    const V k = v.p.gamma_plus * v.p.g_factor * h_lambda;
    bars.in.phi          = k * (a_phi - b_phi);
    bars.s.s             = lambda.s - v.p.gamma_minus * h_lambda - k * (a_i + b_i);
    bars.p.phi_y        += k * (a_phi + b_phi);
    bars.p.bias_current += k * (a_i - b_i);
    bars.p.gamma_plus   += d * h_lambda;
    bars.p.gamma_minus  -= v.s.s * h_lambda;
    bars.dt             += (v.p.gamma_plus * d - v.p.gamma_minus * v.s.s) * lambda.s;
  }

  template <class V, class G>
  static HWY_INLINE Observed<V> observe(const State<V>& s, const Ports<V>& in, const Params<V>& p, const G& g) {
    return {in.phi, difference(s.s, in.phi, p, g)};
  }
};

CellKernels MultiplierWiccKernels(int source) { return pointwise_kernels<MultiplierWicc>(source); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(MultiplierWiccKernels);

CellEntry multiplier_wicc() {
  return {.name = "MultiplierWICC",
          .summary = "multiplies flux by phi_y: two opposed dendrites on one loop",
          .params = {{.name = "phi_y", .value = 0.1, .unit = "Phi_0", .help = "flux that multiplies what arrives"},
                     {.name = "bias_current", .value = 2.0, .min = 0, .unit = "I_c", .help = "bias of both dendrites"},
                     {.name = "gamma_plus", .value = 0.001, .min = 1e-10, .help = "gain, 1/beta_L", .log = true},
                     {.name = "gamma_minus", .value = 0.001, .min = 1e-10, .help = "leak, alpha/beta_L", .log = true}},
          .constants = {{.name = "g_factor", .from = ConstantFacts::From::noise, .value = 1, .help = "relative noise of g"},
                        {.name = "g_noise", .from = ConstantFacts::From::noise, .help = "noise added to g"}},
          .states = {{.name = "s", .help = "integrated current, I_c"}},
          .ports = {"phi"},
          .source = "RateArray",
          .dt = 37,
          .scales_with_dt = true,
          .observables = {"phi", "g"},
          .kernels = [](int source) { return HWY_DYNAMIC_DISPATCH(MultiplierWiccKernels)(source); }};
}
}  // namespace dynode
#endif
