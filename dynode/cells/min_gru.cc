// Minimal gated unit:  z = σ(x_z)   h′ = (1 − z) h + z tanh(x_h)        gates see the input alone
// adjoint, n = tanh(x_h):  h̄ = (1 − z) λ   x̄_z = z (1 − z) (n − h) λ   x̄_h = z (1 − n²) λ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/min_gru.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct MinGru {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V h, z; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>&, const V&, const F&) {
    return {s.h + sigmoid(in.z) * (tanh(in.h) - s.h)};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<MinGru, V>& v, const F&, const State<V>& lambda, Bars<MinGru, V>& bars) {
    const V z = sigmoid(v.in.z), n = tanh(v.in.h);
    bars.s.h  = lambda.h - z * lambda.h;
    bars.in.z = z * (one<V>() - z) * (n - v.s.h) * lambda.h;
    bars.in.h = z * (one<V>() - n * n) * lambda.h;
  }
};

CellKernels MinGruKernels() { return pointwise_kernels<MinGru>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(MinGruKernels);

CellEntry min_gru() {
  return {.name = "MinGRU",
          .summary = "minimal gated unit, its gate sees the input alone",
          .states = {{.name = "h"}},
          .ports = {"h", "z"},
          .core = {{"hidden_proj.weight", nullptr, false, {"h"}}, {"gate_proj.weight", nullptr, false, {"z"}}},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(MinGruKernels)(); }};
}
}  // namespace dynode
#endif
