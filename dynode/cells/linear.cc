// Linear:  s[t+1] = φ                         hands its drive on; also the layer that holds the input
// adjoint: φ̄ = λ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/linear.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct Linear {
  template <class V> struct State    { V s; };
  template <class V> struct Ports    { V phi; };
  template <class V> struct Params   {};
  template <class V> struct Observed { V phi; };

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V&, const F&) {
    return {in.phi};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<Linear, V>&, const F&, const State<V>& lambda, Bars<Linear, V>& bars) {
    bars.s.s    = constant<V>(0);
    bars.in.phi = lambda.s;
  }

  template <class V, class F>
  static HWY_INLINE Observed<V> observe(const State<V>&, const Ports<V>& in, const Params<V>&, const F&) {
    return {in.phi};
  }
};

CellKernels LinearKernels() { return pointwise_kernels<Linear>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(LinearKernels);

CellEntry linear() {
  return {.name = "Linear",
          .summary = "hands on what it receives; also the input of a network",
          .alias = "Input",
          .states = {{.name = "s", .memoryless = true}},
          .ports = {"phi"},
          .pull_reads_drive = false,
          .static_map = true,
          .observables = {"phi"},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(LinearKernels)(); }};
}
}  // namespace dynode
#endif
