// Superconducting dendrite:  ds/dt = γ⁺ y − γ⁻ s   y = c g(φ + φ₀, i_b − s) + n        [forward Euler]
// c and n are the noise of g: 1 and 0 where there is none.
// power, in units of Φ₀ I_c ω_c / 2π:  bias  y i_b      dissipated  y i_b − s′ ṡ / γ⁺
// adjoint of one step, λ = ∂L/∂s′, h = dt, k = h γ⁺ c λ:  φ̄ = k g_φ   ī = k g_i   s̄ = (1 − h γ⁻) λ − ī
//                                                         γ̄⁺ = h y λ   γ̄⁻ = −h s λ   h̄ = (γ⁺ y − γ⁻ s) λ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/single_dendrite.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct SingleDendrite {
  static constexpr int lookups = 1, constants = 2;
  template <class V> struct State    { V s; };
  template <class V> struct Ports    { V phi; };
  template <class V> struct Params   { V phi_offset, bias_current, gamma_plus, gamma_minus, g_factor, g_noise; };
  template <class V> struct Observed { V phi, g, power_bias, power_diss; };

  template <class V, class G>
  static HWY_INLINE V noisy_g(const V& phi, const V& i, const Params<V>& p, const G& g) {
    return fma(p.g_factor, g(phi, i), p.g_noise);
  }

  template <class V, class G>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& dt, const G& g) {
    const V y = noisy_g(in.phi + p.phi_offset, p.bias_current - s.s, p, g);
    return {s.s + dt * (p.gamma_plus * y - p.gamma_minus * s.s)};
  }

  template <class V, class G>
  static HWY_INLINE void pull(const Values<SingleDendrite, V>& v, const G& g, const State<V>& lambda,
                              Bars<SingleDendrite, V>& bars) {
    const auto [calm, dphi, di] = g.with_slope(v.in.phi + v.p.phi_offset, v.p.bias_current - v.s.s);
    const V y = fma(v.p.g_factor, calm, v.p.g_noise), h_lambda = v.dt * lambda.s;
    const V k = v.p.gamma_plus * v.p.g_factor * h_lambda, i_bar = k * di;
    bars.in.phi          = k * dphi;
    bars.s.s             = lambda.s - v.p.gamma_minus * h_lambda - i_bar;
    bars.p.phi_offset   += bars.in.phi;
    bars.p.bias_current += i_bar;
    bars.p.gamma_plus   += y * h_lambda;
    bars.p.gamma_minus  -= v.s.s * h_lambda;
    bars.dt             += (v.p.gamma_plus * y - v.p.gamma_minus * v.s.s) * lambda.s;
  }

  /// Of a step as it is before noise is added to the state.
  template <class V, class G>
  static HWY_INLINE Observed<V> observe(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& dt, const G& g) {
    const V phi = in.phi + p.phi_offset, y = noisy_g(phi, p.bias_current - s.s, p, g);
    const V bias = y * p.bias_current, rate = p.gamma_plus * y - p.gamma_minus * s.s;
    return {phi, y, bias, bias - (s.s + dt * rate) * rate / max(p.gamma_plus, V(1e-12))};
  }
};

CellKernels SingleDendriteKernels(int source) { return pointwise_kernels<SingleDendrite>(source); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(SingleDendriteKernels);

CellEntry single_dendrite() {
  return {.name = "SingleDendrite",
          .summary = "superconducting dendrite: leaky integration of flux quanta",
          .params = {{.name = "phi_offset", .value = 0.23, .unit = "Phi_0", .help = "flux added to what arrives"},
                     {.name = "bias_current", .value = 1.7, .min = 0, .unit = "I_c", .help = "bias of the dendrite"},
                     {.name = "gamma_plus", .value = 0.001, .min = 1e-10, .help = "gain, 1/beta_L", .log = true},
                     {.name = "gamma_minus", .value = 0.001, .min = 1e-10, .help = "leak, alpha/beta_L", .log = true}},
          .constants = {{.name = "g_factor", .from = ConstantFacts::From::noise, .value = 1, .help = "relative noise of g"},
                        {.name = "g_noise", .from = ConstantFacts::From::noise, .help = "noise added to g"}},
          .states = {{.name = "s", .help = "integrated current, I_c"}},
          .ports = {"phi"},
          .source = "RateArray",
          .dt = 37,
          .scales_with_dt = true,
          .observables = {"phi", "g", "power_bias_dimensionless", "power_diss_dimensionless"},
          .kernels = [](int source) { return HWY_DYNAMIC_DISPATCH(SingleDendriteKernels)(source); }};
}
}  // namespace dynode
#endif
