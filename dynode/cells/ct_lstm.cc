// Continuous-time LSTM: between inputs the memory decays towards a target of its own
//   a = σ(f) c + σ(i) tanh(g)    c̄′ = σ(f̄) c̄ + σ(ī) tanh(g)    δ = log(1 + exp(d))
//   c′ = c̄′ + (a − c̄′) exp(−δ t)    h′ = σ(o) tanh(c′)          t: the time of the step, which follows its input
// The seven ports gather W x + b and W h + b; the products are connections.
// Source: Mei & Eisner 2017, The neural Hawkes process.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/ct_lstm.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct CtLstm {
  template <class V> struct State  { V h, c, c_bar; };
  template <class V> struct Ports  { V i, f, g, o, i_bar, f_bar, d; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>&, const V& t, const F&) {
    const V g = tanh(in.g), a = sigmoid(in.f) * s.c + sigmoid(in.i) * g;
    const V c_bar = sigmoid(in.f_bar) * s.c_bar + sigmoid(in.i_bar) * g;
    const V c = c_bar + (a - c_bar) * exp(-t * softplus(in.d));
    return {sigmoid(in.o) * tanh(c), c, c_bar};
  }
};

CellKernels CtLstmKernels() { return pointwise_kernels<CtLstm>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(CtLstmKernels);

CellEntry ct_lstm() {
  return {.name = "CTLSTM",
          .summary = "LSTM whose memory decays while time passes",
          .states = {{.name = "h", .memoryless = true},
                     {.name = "c", .help = "memory"},
                     {.name = "c_bar", .help = "what the memory decays to"}},
          .ports = {"i", "f", "g", "o", "i_bar", "f_bar", "d"},
          .dt = 1,
          .scales_with_dt = true,
          .core = {{"weight_ih", "bias_ih", false, {"i", "f", "g", "o", "i_bar", "f_bar", "d"}},
                   {"weight_hh", "bias_hh", true, {"i", "f", "g", "o", "i_bar", "f_bar", "d"}}},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(CtLstmKernels)(); }};
}
}  // namespace dynode
#endif
