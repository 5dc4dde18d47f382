// Leaky integrate-and-fire unit with exponential currents of two time constants, excitatory and inhibitory:
//   dV/dt = −V/τ_m + E − I + S(t),  dE/dt = −E/τ_e + (arrivals w > 0)/τ_e,  dI/dt = −I/τ_i + |arrivals w < 0|/τ_i
//   spike at V ≥ θ, then V = V_r for τ_ref
// One step, exact:   V′ = e_m V + k_E E − k_I I + k_S S     E′ = e_e E + events/τ_e     I′ = e_i I + inhibitory_events/τ_i
// Source: Vogels & Abbott 2005; the CUBA benchmark of Brette et al. 2007.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/lif_currents.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/firing-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct LifCurrents {
  template <class V>
  struct State {
    V s, v, e, i, c;
  };
  template <class V>
  struct Ports {
    V stimulus, events, inhibitory_events;
  };
  template <class V>
  struct Params {
    V tau_membrane, tau_excitatory, tau_inhibitory, tau_refractory, threshold, reset_voltage;
    V e_m, e_e, e_i, k_e, k_i, k_s, per_tau_e, per_tau_i, clamped;  // constants
  };

  template <class V>
  static HWY_INLINE V flow(State<V>& s, const Ports<V>& in, const Params<V>& p, bool driven) {
    const V free = fma(p.e_m, s.v, fma(-p.k_i, s.i, fma(p.k_e, s.e, p.k_s * in.stimulus)));
    s.e          = p.e_e * s.e;
    s.i          = p.e_i * s.i;
    if (driven) s.e = fma(in.events, p.per_tau_e, s.e), s.i = fma(in.inhibitory_events, p.per_tau_i, s.i);
    return free;
  }

  template <class V, class F>
  static HWY_INLINE State<V> step(State<V> s, const Ports<V>& in, const Params<V>& p, const V&, const F&) {
    const V free = flow(s, in, p, true);
    rest_or_fire(s, free, p);
    return s;
  }
};

CellKernels LifCurrentsKernels() { return firing_kernels<LifCurrents>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "dynode/cells/lif_terms.h"

namespace dynode {
namespace {

/// Parameters and constants in the order of LifCurrents::Params.
const char* derive(const double* params, double dt, const double*, double* constants) {
  const double tau_m = params[0];
  constants[0]       = std::exp(-dt / tau_m);
  for (int k = 0; k < 2; ++k) {
    const double tau = params[1 + k];
    constants[1 + k] = std::exp(-dt / tau);
    constants[3 + k] = voltage_per_current(tau_m, tau, dt);
    constants[6 + k] = 1 / tau;
  }
  constants[5] = -tau_m * std::expm1(-dt / tau_m);
  constants[8] = refractory_steps(params[3], dt);
  return params[5] < params[4] ? nullptr : kNeverRests;
}

}  // namespace

HWY_EXPORT(LifCurrentsKernels);

CellEntry lif_currents() {
  using From = ConstantFacts::From;
  return {.name       = "LIFCurrents",
          .summary    = "leaky integrate-and-fire unit with excitatory and inhibitory exponential currents",
          .params     = {{.name  = "tau_membrane",
                          .value = 0.02,
                          .min   = 1e-9,
                          .unit  = "unit of dt",
                          .help  = "time constant of the membrane",
                          .learn = false},
                         {.name  = "tau_excitatory",
                          .value = 0.005,
                          .min   = 1e-9,
                          .unit  = "unit of dt",
                          .help  = "time constant of the excitatory current",
                          .learn = false},
                         {.name  = "tau_inhibitory",
                          .value = 0.01,
                          .min   = 1e-9,
                          .unit  = "unit of dt",
                          .help  = "time constant of the inhibitory current",
                          .learn = false},
                         {.name  = "tau_refractory",
                          .value = 0.005,
                          .min   = 0,
                          .unit  = "unit of dt",
                          .help  = "time at the reset voltage after a spike, rounded up to whole steps",
                          .learn = false},
                         {.name = "threshold", .value = 1, .help = "voltage of a spike", .learn = false},
                         {.name = "reset_voltage", .value = 0, .help = "voltage after a spike", .learn = false}},
          .constants  = {{"e_m", From::parameters, 0, "decay of the voltage in a step"},
                         {"e_e", From::parameters, 0, "decay of the excitatory current"},
                         {"e_i", From::parameters, 0, "decay of the inhibitory current"},
                         {"k_e", From::parameters, 0, "voltage per excitatory current"},
                         {"k_i", From::parameters, 0, "voltage per inhibitory current"},
                         {"k_s", From::parameters, 0, "voltage per stimulus"},
                         {"per_tau_e", From::parameters, 0, "excitatory current per weight"},
                         {"per_tau_i", From::parameters, 0, "inhibitory current per weight"},
                         {"clamped", From::parameters, 0, "steps of the refractory period"}},
          .states     = {{.name = "s", .help = "1 where the unit fired in this step, else 0", .memoryless = true},
                         {.name = "V", .help = "membrane voltage, after the reset"},
                         {.name = "E", .help = "excitatory current, voltage per time"},
                         {.name = "I", .help = "inhibitory current, voltage per time, a positive number"},
                         {.name = "refractory", .help = "steps left at the reset voltage"}},
          .ports      = {"stimulus", "events", "inhibitory_events"},
          .dt         = 0.0005,
          .fires      = true,
          .arrivals   = {.state = 2, .per = 1},
          .inhibitory = {.state = 3, .per = 2},
          .derive     = derive,
          .kernels    = [](int) { return HWY_DYNAMIC_DISPATCH(LifCurrentsKernels)(); }};
}
}  // namespace dynode
#endif
