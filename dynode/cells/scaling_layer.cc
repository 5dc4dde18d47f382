// Scaling:  s[t+1] = k φ
// adjoint: φ̄ = k λ   k̄ = φ λ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/scaling_layer.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct ScalingLayer {
  template <class V> struct State    { V s; };
  template <class V> struct Ports    { V phi; };
  template <class V> struct Params   { V scale_factor; };
  template <class V> struct Observed { V phi; };

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>& p, const V&, const F&) {
    return {in.phi * p.scale_factor};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<ScalingLayer, V>& v, const F&, const State<V>& lambda,
                              Bars<ScalingLayer, V>& bars) {
    bars.s.s             = constant<V>(0);
    bars.in.phi          = v.p.scale_factor * lambda.s;
    bars.p.scale_factor += v.in.phi * lambda.s;
  }

  template <class V, class F>
  static HWY_INLINE Observed<V> observe(const State<V>&, const Ports<V>& in, const Params<V>&, const F&) {
    return {in.phi};
  }
};

CellKernels ScalingLayerKernels() { return pointwise_kernels<ScalingLayer>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(ScalingLayerKernels);

CellEntry scaling_layer() {
  return {.name = "ScalingLayer",
          .summary = "multiplies what it receives by a factor per unit",
          .params = {{.name = "scale_factor", .value = 1.0, .help = "factor"}},
          .states = {{.name = "s", .memoryless = true}},
          .ports = {"phi"},
          .static_map = true,
          .observables = {"phi"},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(ScalingLayerKernels)(); }};
}
}  // namespace dynode
#endif
