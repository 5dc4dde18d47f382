// Affine map per unit:  s[t+1] = w φ + b
// adjoint: φ̄ = w λ   w̄ = φ λ   b̄ = λ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/affine_map.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct AffineMap {
  template <class V> struct State    { V s; };
  template <class V> struct Ports    { V phi; };
  template <class V> struct Params   { V w, b; };
  template <class V> struct Observed { V phi; };

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>& p, const V&, const F&) {
    return {fma(in.phi, p.w, p.b)};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<AffineMap, V>& v, const F&, const State<V>& lambda, Bars<AffineMap, V>& bars) {
    bars.s.s    = constant<V>(0);
    bars.in.phi = v.p.w * lambda.s;
    bars.p.w += v.in.phi * lambda.s;
    bars.p.b += lambda.s;
  }

  template <class V, class F>
  static HWY_INLINE Observed<V> observe(const State<V>&, const Ports<V>& in, const Params<V>&, const F&) {
    return {in.phi};
  }
};

CellKernels AffineMapKernels() { return pointwise_kernels<AffineMap>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(AffineMapKernels);

CellEntry affine_map() {
  return {.name = "AffineMap",
          .summary = "factor and offset per unit",
          .params = {{.name = "w", .value = 1.0, .help = "factor"}, {.name = "b", .help = "offset"}},
          .states = {{.name = "s", .memoryless = true}},
          .ports = {"phi"},
          .internal = true,
          .static_map = true,
          .observables = {"phi"},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(AffineMapKernels)(); }};
}
}  // namespace dynode
#endif
