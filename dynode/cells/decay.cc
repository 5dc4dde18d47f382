// States that decay while nothing arrives, for recurrent units that see the time:
//   Decay      s = γ h     γ = exp(−max(0, w t + b))        t: the time of the step, before its input
//   GRUD       a GRU that starts from the decayed state:  r = σ(x_r)   z = σ(x_z)   n = tanh(x_n + r h_n)
//              h′ = n + z (s − n), products of the state are those of s
//   RNNDecay   a plain unit, h′ = tanh(x), x gathers W u + b and R s
// plan/compile_decay.cc puts them together. Of GRU-D this is the part about states; missing inputs are the data's matter.
// Source: Che et al. 2018, Recurrent neural networks for multivariate time series with missing values.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/decay.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct Decay {
  template <class V> struct State  { V s; };
  template <class V> struct Ports  { V h; };
  template <class V> struct Params { V decay, decay_bias; };

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>& p, const V& t, const F&) {
    return {in.h * exp(-max(constant<V>(0), fma(p.decay, t, p.decay_bias)))};
  }
};

struct DecayedGru {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V r, z, n_x, n_h, s; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V&, const F&) {
    const V n = tanh(in.n_x + sigmoid(in.r) * in.n_h);
    return {n + sigmoid(in.z) * (in.s - n)};
  }
};

struct DecayedRnn {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V x; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V&, const F&) {
    return {tanh(in.x)};
  }
};

CellKernels DecayKernels() { return pointwise_kernels<Decay>(); }
CellKernels DecayedGruKernels() { return pointwise_kernels<DecayedGru>(); }
CellKernels DecayedRnnKernels() { return pointwise_kernels<DecayedRnn>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(DecayKernels);
HWY_EXPORT(DecayedGruKernels);
HWY_EXPORT(DecayedRnnKernels);

CellEntry decay() {
  return {.name = "Decay",
          .summary = "state that decays in the time of a step",
          .params = {{.name = "decay", .value = 0.1, .unit = "1/unit of dt", .help = "rate of decay"},
                     {.name = "decay_bias", .help = "added to time · rate; what is below 0 counts as 0"}},
          .states = {{.name = "s", .memoryless = true}},
          .ports = {"h"},
          .dt = 1,
          .scales_with_dt = true,
          .internal = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(DecayKernels)(); }};
}

CellEntry gru_d() {
  return {.name = "GRUD",
          .summary = "gated recurrent unit whose state decays between inputs",
          .states = {{.name = "h", .memoryless = true}},
          .ports = {"r", "z", "n_x", "n_h", "s"},
          .dt = 1,
          .takes_sources = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(DecayedGruKernels)(); }};
}

CellEntry rnn_decay() {
  return {.name = "RNNDecay",
          .summary = "plain recurrent unit whose state decays between inputs",
          .states = {{.name = "h", .memoryless = true}},
          .ports = {"x"},
          .dt = 1,
          .takes_sources = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(DecayedRnnKernels)(); }};
}
}  // namespace dynode
#endif
