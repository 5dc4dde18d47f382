// Long short-term memory:  c′ = σ(f) c + σ(i) tanh(g)    h′ = σ(o) tanh(c′)
// adjoint, μ = λ_c + λ_h o (1 − tanh² c′):  c̄ = f μ   ī = i (1 − i) g μ   f̄ = f (1 − f) c μ   ḡ = (1 − g²) i μ
//                                           ō = o (1 − o) tanh(c′) λ_h        [letters stand for the gates' values]
// The four ports gather W x + b and W h + b; the products are connections.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/lstm.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct Lstm {
  template <class V> struct State  { V h, c; };
  template <class V> struct Ports  { V i, f, g, o; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>&, const V&, const F&) {
    const V c = sigmoid(in.f) * s.c + sigmoid(in.i) * tanh(in.g);
    return {sigmoid(in.o) * tanh(c), c};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<Lstm, V>& v, const F&, const State<V>& lambda, Bars<Lstm, V>& bars) {
    const V i = sigmoid(v.in.i), f = sigmoid(v.in.f), g = tanh(v.in.g), o = sigmoid(v.in.o), y = tanh(v.next.c);
    const V mu = fma(lambda.h * o, one<V>() - y * y, lambda.c);
    bars.s.h  = constant<V>(0);
    bars.s.c  = f * mu;
    bars.in.i = i * (one<V>() - i) * g * mu;
    bars.in.f = f * (one<V>() - f) * v.s.c * mu;
    bars.in.g = (one<V>() - g * g) * i * mu;
    bars.in.o = o * (one<V>() - o) * y * lambda.h;
  }
};

CellKernels LstmKernels() { return pointwise_kernels<Lstm>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(LstmKernels);

CellEntry lstm() {
  return {.name = "LSTM",
          .summary = "long short-term memory",
          .states = {{.name = "h", .memoryless = true}, {.name = "c", .help = "memory"}},
          .ports = {"i", "f", "g", "o"},
          .core = {{"weight_ih_l0", "bias_ih_l0", false, {"i", "f", "g", "o"}},
                   {"weight_hh_l0", "bias_hh_l0", true, {"i", "f", "g", "o"}}},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(LstmKernels)(); }};
}
}  // namespace dynode
#endif
