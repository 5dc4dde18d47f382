// Synapse of an input:  g[t+1] = w s(φ)   s(φ) = 1/(1 + exp(−σ (φ − µ)))       a conductance
// adjoint, a = w s (1 − s) λ:  φ̄ = σ a   w̄ = s λ   σ̄ = (φ − µ) a   µ̄ = −σ a
// Source: Hasani et al. 2021, Liquid time-constant networks.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/sensory_synapse.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct SensorySynapse {
  template <class V> struct State  { V g; };
  template <class V> struct Ports  { V phi; };
  template <class V> struct Params { V w, sigma, mu; };

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>& p, const V&, const F&) {
    return {p.w * sigmoid(p.sigma * (in.phi - p.mu))};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<SensorySynapse, V>& v, const F&, const State<V>& lambda,
                              Bars<SensorySynapse, V>& bars) {
    const V above = v.in.phi - v.p.mu, s = sigmoid(v.p.sigma * above), a = v.p.w * s * (one<V>() - s) * lambda.g;
    bars.s.g    = constant<V>(0);
    bars.in.phi = v.p.sigma * a;
    bars.p.w     += s * lambda.g;
    bars.p.sigma += above * a;
    bars.p.mu    -= v.p.sigma * a;
  }
};

CellKernels SensorySynapseKernels() { return pointwise_kernels<SensorySynapse>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(SensorySynapseKernels);

CellEntry sensory_synapse() {
  return {.name = "SensorySynapse",
          .summary = "conductance synapse of an input",
          .params = {{.name = "w", .value = 0.5, .help = "conductance when open"},
                     {.name = "sigma", .value = 5.5, .help = "steepness of opening"},
                     {.name = "mu", .value = 0.55, .help = "input at which it is half open"}},
          .states = {{.name = "g", .help = "conductance", .memoryless = true}},
          .ports = {"phi"},
          .internal = true,
          .static_map = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(SensorySynapseKernels)(); }};
}
}  // namespace dynode
#endif
