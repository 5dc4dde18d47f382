// Leaky integrate-and-fire unit whose synaptic current rises and decays: what a trained rate unit is converted into.
//   τ_m dV/dt = (t − t_spike > τ_ref) · (I + bias + current − V)            spike at V ≥ θ, then V = V_r
//   dI/dt = −I/τ_d + h        dh/dt = −h/τ_r + arrivals/(τ_r τ_d)           τ_r = 0: arrivals/τ_d act on I at once
// One step, forward Euler for the voltage, exact decays for the current:
//   V′ = V + dt · on · (I + bias + current − V)/τ_m + kick
//   I′ = e_d I + dt h         h′ = e_r h + arrivals/(τ_r τ_d)
// Arrivals of a step act from the next but one voltage on. Time is counted in steps and multiplied out, so that the end
// of the refractory period falls where it does in the published program, to the last bit: this file is compiled without
// contraction of products and sums.
// Source: Kim, Li, Sejnowski 2019, Simple framework for constructing functional spiking recurrent neural networks.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/double_exponential_lif.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct DoubleExponentialLif {
  template <class V> struct State  { V s, v, i, h, spike_time, steps; };
  template <class V> struct Ports  { V current, kick; };
  template <class V> struct Params {
    V tau_membrane, tau_rise, tau_decay, tau_refractory, threshold, reset_voltage, bias_current;
    V e_d, e_r, per_h, h_at_once, rise_decay;   // constants
  };

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& dt, const F&) {
    const V none = constant<V>(0), steps = s.steps + one<V>(), time = dt * steps;
    const V i    = s.i + p.h_at_once * s.h;
    const V flow = (i + p.bias_current + in.current - s.v) / p.tau_membrane;
    const V v    = s.v + dt * where_less(s.spike_time + p.tau_refractory, time, flow, none) + in.kick;
    const auto fired = [&](const V& yes, const V& no) HWY_ATTR { return where_less(v, p.threshold, no, yes); };
    return {where_nan(v, v, fired(one<V>(), none)), where_nan(v, v, fired(p.reset_voltage, v)),
            i * p.e_d + s.h * p.per_h, s.h * p.e_r, fired(s.spike_time + (time - s.spike_time), s.spike_time), steps};
  }
};

CellKernels DoubleExponentialLifKernels() { return pointwise_kernels<DoubleExponentialLif>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>

namespace dynode {
namespace {

/// Parameters and constants in the order of DoubleExponentialLif::Params.
const char* derive(const double* params, double dt, const double*, double* constants) {
  const double rise = params[1], decay = params[2];
  constants[0] = std::exp(-dt / decay);
  constants[1] = rise == 0 ? 0 : std::exp(-dt / rise);
  constants[2] = rise == 0 ? 0 : dt;
  constants[3] = rise == 0;
  constants[4] = rise == 0 ? decay : rise * decay;
  return params[5] < params[4] ? nullptr : "reset_voltage is not below threshold: the unit would fire in every step";
}

}  // namespace

HWY_EXPORT(DoubleExponentialLifKernels);

CellEntry double_exponential_lif() {
  using From = ConstantFacts::From;
  return {.name = "DoubleExponentialLIF",
          .summary = "leaky integrate-and-fire unit with a synaptic current that rises and decays",
          .params = {{.name = "tau_membrane", .value = 0.01, .min = 1e-9, .unit = "unit of dt",
                      .help = "time constant of the membrane", .learn = false},
                     {.name = "tau_rise", .value = 0.002, .min = 0, .unit = "unit of dt",
                      .help = "time constant of the rise of the synaptic current; 0: at once", .learn = false},
                     {.name = "tau_decay", .value = 0.05, .min = 1e-9, .unit = "unit of dt",
                      .help = "time constant of its decay", .learn = false},
                     {.name = "tau_refractory", .value = 0.002, .min = 0, .unit = "unit of dt",
                      .help = "time after a spike, and after the start, in which nothing is integrated", .learn = false},
                     {.name = "threshold", .value = -40, .unit = "mV", .help = "voltage of a spike", .learn = false},
                     {.name = "reset_voltage", .value = -65, .unit = "mV", .help = "voltage after a spike", .learn = false},
                     {.name = "bias_current", .value = -40, .unit = "mV", .help = "constant current", .learn = false}},
          .constants = {{"e_d", From::parameters, 0, "decay of the current in a step"},
                        {"e_r", From::parameters, 0, "decay of its rise in a step"},
                        {"per_h", From::parameters, 0, "current per rise in a step"},
                        {"h_at_once", From::parameters, 0, "1 where there is no rise"},
                        {"rise_decay", From::parameters, 0, "what the weight of an arrival is divided by"}},
          .states = {{.name = "s", .help = "1 where the unit fired in this step, else 0", .memoryless = true},
                     {.name = "V", .help = "membrane voltage, after the reset"},
                     {.name = "I", .help = "synaptic current"},
                     {.name = "h", .help = "its rise, with what arrived in this step"},
                     {.name = "spike_time", .help = "time of the last spike; 0 before the first"},
                     {.name = "steps", .help = "steps so far"}},
          .ports = {"current", "kick"},
          .dt = 0.00005,
          .fires = true,
          .arrivals = {.state = 3, .per = 11},   // h, divided by rise_decay
          .noise = {{.word = "membrane_noise", .site = NoiseFacts::Site::drive, .index = 1,
                     .help = "added to the voltage in every step, refractory or not"}},
          .derive = derive,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(DoubleExponentialLifKernels)(); }};
}
}  // namespace dynode
#endif
