// Superconducting dendrite:  ds/dt = γ⁺ g(φ + φ₀, i_b − s) − γ⁻ s        [forward Euler]
// adjoint of one step, λ = ∂L/∂s′, h = dt:  φ̄ = h γ⁺ g_φ λ   ī = h γ⁺ g_i λ   s̄ = (1 − h γ⁻) λ − ī
//                                           γ̄⁺ = h g λ   γ̄⁻ = −h s λ   h̄ = (γ⁺ g − γ⁻ s) λ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/single_dendrite.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct SingleDendrite {
  template <class V> struct State    { V s; };
  template <class V> struct Ports    { V phi; };
  template <class V> struct Params   { V phi_offset, bias_current, gamma_plus, gamma_minus; };
  template <class V> struct Observed { V phi, g; };

  template <class V, class G>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& dt, const G& g) {
    return {s.s + dt * (p.gamma_plus * g(in.phi + p.phi_offset, p.bias_current - s.s) - p.gamma_minus * s.s)};
  }

  template <class V, class G>
  static HWY_INLINE void pull(const Values<SingleDendrite, V>& v, const G& g, const State<V>& lambda,
                              Bars<SingleDendrite, V>& bars) {
    const auto [y, dphi, di] = g.with_slope(v.in.phi + v.p.phi_offset, v.p.bias_current - v.s.s);
    const V h_lambda = v.dt * lambda.s, i_bar = v.p.gamma_plus * di * h_lambda;
    bars.in.phi          = v.p.gamma_plus * dphi * h_lambda;
    bars.s.s             = lambda.s - v.p.gamma_minus * h_lambda - i_bar;
    bars.p.phi_offset   += bars.in.phi;
    bars.p.bias_current += i_bar;
    bars.p.gamma_plus   += y * h_lambda;
    bars.p.gamma_minus  -= v.s.s * h_lambda;
    bars.dt             += (v.p.gamma_plus * y - v.p.gamma_minus * v.s.s) * lambda.s;
  }

  template <class V, class G>
  static HWY_INLINE Observed<V> observe(const State<V>& s, const Ports<V>& in, const Params<V>& p, const G& g) {
    const V phi = in.phi + p.phi_offset;
    return {phi, g(phi, p.bias_current - s.s)};
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
          .states = {{.name = "s", .help = "integrated current, I_c"}},
          .ports = {"phi"},
          .source = "RateArray",
          .dt = 37,
          .observables = {"phi", "g"},
          .kernels = [](int source) { return HWY_DYNAMIC_DISPATCH(SingleDendriteKernels)(source); }};
}
}  // namespace dynode
#endif
