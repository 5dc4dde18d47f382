// Leaky integrate-and-fire unit with delta synapses: a spike of weight w moves the voltage by w.
//   dV/dt = −V/τ_m + S(t) + Σ w δ(t − t_spike),   spike at V ≥ θ, then V = V_r for τ_ref
// One step, exact:   V′ = e_m V + k_S S + J,  J′ = what arrives in this step;  clamped units lose what arrives.
// Source: Brunel 2000.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/lif_delta.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/firing-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct LifDelta {
  template <class V>
  struct State {
    V s, v, j, c;
  };
  template <class V>
  struct Ports {
    V stimulus, events;
  };
  template <class V>
  struct Params {
    V tau_membrane, tau_refractory, threshold, reset_voltage;
    V e_m, k_s, clamped;  // constants
  };

  template <class V>
  static HWY_INLINE V flow(State<V>& s, const Ports<V>& in, const Params<V>& p, bool driven) {
    const V free = fma(p.e_m, s.v, fma(p.k_s, in.stimulus, s.j));
    s.j          = driven ? in.events : constant<V>(0);
    return free;
  }

  template <class V, class F>
  static HWY_INLINE State<V> step(State<V> s, const Ports<V>& in, const Params<V>& p, const V&, const F&) {
    const V free = flow(s, in, p, true);
    rest_or_fire(s, free, p);
    return s;
  }
};

CellKernels LifDeltaKernels() { return firing_kernels<LifDelta>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "dynode/cells/lif_terms.h"

namespace dynode {
namespace {

/// Parameters and constants in the order of LifDelta::Params.
const char* derive(const double* params, double dt, const double*, double* constants) {
  constants[0] = std::exp(-dt / params[0]);
  constants[1] = -params[0] * std::expm1(-dt / params[0]);
  constants[2] = refractory_steps(params[1], dt);
  return params[3] < params[2] ? nullptr : kNeverRests;
}

}  // namespace

HWY_EXPORT(LifDeltaKernels);

CellEntry lif_delta() {
  using From = ConstantFacts::From;
  return {.name      = "LIFDelta",
          .summary   = "leaky integrate-and-fire unit with delta synapses",
          .params    = {{.name  = "tau_membrane",
                         .value = 0.02,
                         .min   = 1e-9,
                         .unit  = "unit of dt",
                         .help  = "time constant of the membrane",
                         .learn = false},
                        {.name  = "tau_refractory",
                         .value = 0.005,
                         .min   = 0,
                         .unit  = "unit of dt",
                         .help  = "time at the reset voltage after a spike, rounded up to whole steps",
                         .learn = false},
                        {.name = "threshold", .value = 1, .help = "voltage of a spike", .learn = false},
                        {.name = "reset_voltage", .value = 0, .help = "voltage after a spike", .learn = false}},
          .constants = {{"e_m", From::parameters, 0, "decay of the voltage in a step"},
                        {"k_s", From::parameters, 0, "voltage per stimulus"},
                        {"clamped", From::parameters, 0, "steps of the refractory period"}},
          .states    = {{.name = "s", .help = "1 where the unit fired in this step, else 0", .memoryless = true},
                        {.name = "V", .help = "membrane voltage, after the reset"},
                        {.name = "J", .help = "what arrived in this step and moves the voltage in the next one"},
                        {.name = "refractory", .help = "steps left at the reset voltage"}},
          .ports     = {"stimulus", "events"},
          .dt        = 0.0005,
          .fires     = true,
          .arrivals  = {.state = 2},
          .derive    = derive,
          .kernels   = [](int) { return HWY_DYNAMIC_DISPATCH(LifDeltaKernels)(); }};
}
}  // namespace dynode
#endif
