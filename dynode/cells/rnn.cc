// Plain recurrent unit:  h′ = tanh(x)        x gathers W x + b and W h + b; the products are connections
// adjoint: x̄ = (1 − h′²) λ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/rnn.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct Rnn {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V x; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V&, const F&) {
    return {tanh(in.x)};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<Rnn, V>& v, const F&, const State<V>& lambda, Bars<Rnn, V>& bars) {
    bars.s.h  = constant<V>(0);
    bars.in.x = (one<V>() - v.next.h * v.next.h) * lambda.h;
  }
};

CellKernels RnnKernels() { return pointwise_kernels<Rnn>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(RnnKernels);

CellEntry rnn() {
  return {.name = "RNN",
          .summary = "plain recurrent unit, tanh",
          .states = {{.name = "h", .memoryless = true}},
          .ports = {"x"},
          .pull_reads_drive = false,
          .core = {{"weight_ih_l0", "bias_ih_l0", false, {"x"}}, {"weight_hh_l0", "bias_hh_l0", true, {"x"}}},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(RnnKernels)(); }};
}
}  // namespace dynode
#endif
