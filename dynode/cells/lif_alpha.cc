// Leaky integrate-and-fire unit with alpha-shaped synaptic currents:
//   dV/dt = −V/τ_m + I + S(t),   I = Σ w (t/τ_s²) e^{−t/τ_s} after a spike of weight w,   spike at V ≥ θ, then V = V_r for τ_ref
// As two decays, I′ = −I/τ_s + A/τ_s, A′ = −A/τ_s + Σ (w/τ_s) δ, exact between arrivals:
//   V′ = e_m V + k_I I + k_A A + k_S S      I′ = e_s (I + dt/τ_s A)      A′ = e_s A + events/τ_s
// Source: Rotter & Diesmann 1999.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/lif_alpha.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/firing-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct LifAlpha {
  template <class V>
  struct State {
    V s, v, i, a, c;
  };
  template <class V>
  struct Ports {
    V stimulus, events;
  };
  template <class V>
  struct Params {
    V tau_membrane, tau_synaptic, tau_refractory, threshold, reset_voltage;
    V e_m, e_s, k_i, k_a, k_s, rise, per_tau_s, clamped;  // constants
  };

  template <class V>
  static HWY_INLINE V flow(State<V>& s, const Ports<V>& in, const Params<V>& p, bool driven) {
    const V free = fma(p.e_m, s.v, fma(p.k_i, s.i, fma(p.k_a, s.a, p.k_s * in.stimulus)));
    s.i          = p.e_s * fma(p.rise, s.a, s.i);
    s.a          = p.e_s * s.a;
    if (driven) s.a = fma(in.events, p.per_tau_s, s.a);
    return free;
  }

  template <class V, class F>
  static HWY_INLINE State<V> step(State<V> s, const Ports<V>& in, const Params<V>& p, const V&, const F&) {
    const V free = flow(s, in, p, true);
    rest_or_fire(s, free, p);
    return s;
  }
};

CellKernels LifAlphaKernels() { return firing_kernels<LifAlpha>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "dynode/cells/lif_terms.h"

namespace dynode {
namespace {

/// Parameters and constants in the order of LifAlpha::Params.
const char* derive(const double* params, double dt, const double*, double* constants) {
  const double tau_m = params[0], tau_s = params[1];
  constants[0] = std::exp(-dt / tau_m);
  constants[1] = std::exp(-dt / tau_s);
  constants[2] = voltage_per_current(tau_m, tau_s, dt);
  constants[3] = voltage_per_rise(tau_m, tau_s, dt) / tau_s;
  constants[4] = -tau_m * std::expm1(-dt / tau_m);
  constants[5] = dt / tau_s;
  constants[6] = 1 / tau_s;
  constants[7] = refractory_steps(params[2], dt);
  return params[4] < params[3] ? nullptr : kNeverRests;
}

}  // namespace

HWY_EXPORT(LifAlphaKernels);

CellEntry lif_alpha() {
  using From = ConstantFacts::From;
  return {.name      = "LIFAlpha",
          .summary   = "leaky integrate-and-fire unit with alpha-shaped synaptic currents",
          .params    = {{.name  = "tau_membrane",
                         .value = 0.02,
                         .min   = 1e-9,
                         .unit  = "unit of dt",
                         .help  = "time constant of the membrane",
                         .learn = false},
                        {.name  = "tau_synaptic",
                         .value = 0.002,
                         .min   = 1e-9,
                         .unit  = "unit of dt",
                         .help  = "time from an arrival to the peak of its current",
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
                        {"e_s", From::parameters, 0, "decay of the current in a step"},
                        {"k_i", From::parameters, 0, "voltage per current"},
                        {"k_a", From::parameters, 0, "voltage per rise"},
                        {"k_s", From::parameters, 0, "voltage per stimulus"},
                        {"rise", From::parameters, 0, "current per rise"},
                        {"per_tau_s", From::parameters, 0, "rise per weight of an arrival"},
                        {"clamped", From::parameters, 0, "steps of the refractory period"}},
          .states    = {{.name = "s", .help = "1 where the unit fired in this step, else 0", .memoryless = true},
                        {.name = "V", .help = "membrane voltage, after the reset"},
                        {.name = "I", .help = "synaptic current, voltage per time"},
                        {.name = "A",
                         .help = "what the current rises by per synaptic time constant, with what arrived in this step"},
                        {.name = "refractory", .help = "steps left at the reset voltage"}},
          .ports     = {"stimulus", "events"},
          .dt        = 0.0005,
          .fires     = true,
          .arrivals  = {.state = 3, .per = 1},
          .derive    = derive,
          .kernels   = [](int) { return HWY_DYNAMIC_DISPATCH(LifAlphaKernels)(); }};
}
}  // namespace dynode
#endif
