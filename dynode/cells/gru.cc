// Gated recurrent unit:  r = σ(x_r)   z = σ(x_z)   n = tanh(x_n + r h_n)   h′ = (1 − z) n + z h
// adjoint, λ = ∂L/∂h′:  n̄ = (1 − z) λ (1 − n²) = x̄_n   h̄_n = r n̄   x̄_r = r (1 − r) h_n n̄
//                       x̄_z = z (1 − z) (h − n) λ   h̄ = z λ
// The four ports gather W x + b and W h + b; the products are connections (reset gate on the recurrent product).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/gru.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct Gru {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V r, z, n_x, n_h; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>&, const V&, const F&) {
    const V z = sigmoid(in.z), n = tanh(in.n_x + sigmoid(in.r) * in.n_h);
    return {n + z * (s.h - n)};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<Gru, V>& v, const F&, const State<V>& lambda, Bars<Gru, V>& bars) {
    const V r = sigmoid(v.in.r), z = sigmoid(v.in.z), n = tanh(v.in.n_x + r * v.in.n_h);
    const V n_bar = (one<V>() - z) * lambda.h * (one<V>() - n * n);
    bars.s.h    = z * lambda.h;
    bars.in.n_x = n_bar;
    bars.in.n_h = r * n_bar;
    bars.in.r   = r * (one<V>() - r) * v.in.n_h * n_bar;
    bars.in.z   = z * (one<V>() - z) * (v.s.h - n) * lambda.h;
  }
};

CellKernels GruKernels() { return pointwise_kernels<Gru>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(GruKernels);

CellEntry gru() {
  return {.name = "GRU",
          .summary = "gated recurrent unit",
          .states = {{.name = "h"}},
          .ports = {"r", "z", "n_x", "n_h"},
          .core = {{"weight_ih_l0", "bias_ih_l0", false, {"r", "z", "n_x"}},
                   {"weight_hh_l0", "bias_hh_l0", true, {"r", "z", "n_h"}}},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(GruKernels)(); }};
}
}  // namespace dynode
#endif
