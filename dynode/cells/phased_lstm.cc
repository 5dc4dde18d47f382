// Phased LSTM: units are open during a share r of a period of their own
//   φ = frac((T′ − s)/P)   T′ = T + t, the time gone by      k = 2φ/r (φ < r/2), 2 − 2φ/r (φ < r), else the leak times φ
//   c′ = c + k (ĉ − c)   ĉ = σ(f) c + σ(i) tanh(g)        h′ = h + k (σ(o) tanh(ĉ) − h)
// The four ports gather W x + b and W h + b; the products are connections.
// Source: Neil, Pfeiffer & Liu 2016, Phased LSTM.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/phased_lstm.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct PhasedLstm {
  template <class V> struct State  { V h, c, time; };
  template <class V> struct Ports  { V i, f, g, o; };
  template <class V> struct Params { V period, shift, ratio, leak; };

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& t, const F&) {
    const V time = s.time + t, turns = (time - p.shift) / p.period, phase = turns - floor(turns);
    const V rise = constant<V>(2) * phase / p.ratio, fall = constant<V>(2) - rise;
    const V k = where_less(phase, constant<V>(0.5) * p.ratio, rise, where_less(phase, p.ratio, fall, p.leak * phase));
    const V c = sigmoid(in.f) * s.c + sigmoid(in.i) * tanh(in.g);
    return {s.h + k * (sigmoid(in.o) * tanh(c) - s.h), s.c + k * (c - s.c), time};
  }
};

CellKernels PhasedLstmKernels() { return pointwise_kernels<PhasedLstm>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(PhasedLstmKernels);

CellEntry phased_lstm() {
  return {.name = "PhasedLSTM",
          .summary = "LSTM whose units open now and then, each in a rhythm of its own",
          .params = {{.name = "period", .min = 1e-6, .unit = "unit of dt", .help = "time from one opening to the next",
                      .log = true,
                      .alternative = {.name = "period_init", .value = 10, .unit = "unit of dt",
                                      .to_parameter = [](double period, double) { return period; },
                                      .spacing = "period_spacing", .floor = "period_eps", .floor_value = 1e-3}},
                     {.name = "shift", .unit = "unit of dt", .help = "when the first period begins"},
                     {.name = "ratio", .value = 0.05, .min = 1e-6, .max = 1, .help = "share of a period in which it is open",
                      .learn = false},
                     {.name = "leak", .value = 0.001, .min = 0, .max = 1, .help = "how far it is open otherwise, per phase",
                      .learn = false}},
          .states = {{.name = "h"}, {.name = "c", .help = "memory"}, {.name = "time", .help = "time gone by"}},
          .ports = {"i", "f", "g", "o"},
          .dt = 1,
          .scales_with_dt = true,
          .core = {{"weight_ih", "bias_ih", false, {"i", "f", "g", "o"}}, {"weight_hh", "bias_hh", true, {"i", "f", "g", "o"}}},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(PhasedLstmKernels)(); }};
}
}  // namespace dynode
#endif
