// Synapse:  y[t+1] = α y + (1 − α) z         a trace of what arrives, spikes for example
// adjoint: ȳ = α λ   z̄ = (1 − α) λ   ᾱ = (y − z) λ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/synapse.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct Synapse {
  template <class V> struct State  { V y; };
  template <class V> struct Ports  { V z; };
  template <class V> struct Params { V alpha; };

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V&, const F&) {
    return {p.alpha * s.y + (one<V>() - p.alpha) * in.z};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<Synapse, V>& v, const F&, const State<V>& lambda, Bars<Synapse, V>& bars) {
    bars.s.y      = v.p.alpha * lambda.y;
    bars.in.z     = (one<V>() - v.p.alpha) * lambda.y;
    bars.p.alpha += (v.s.y - v.in.z) * lambda.y;
  }
};

CellKernels SynapseKernels() { return pointwise_kernels<Synapse>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(SynapseKernels);

CellEntry synapse() {
  return {.name = "Synapse",
          .summary = "leaky trace of what it receives",
          .params = {{.name = "alpha", .value = 0.9, .min = 0, .max = 1, .help = "share of the trace that is left after a step"}},
          .states = {{.name = "y", .help = "trace"}},
          .ports = {"z"},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(SynapseKernels)(); }};
}
}  // namespace dynode
#endif
