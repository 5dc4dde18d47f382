// Leaky integrate-and-fire unit with exponential conductances, in units of the leak:
//   τ_m dV/dt = −V + g_E (E_e − V) + g_I (E_i − V) + τ_m S(t),   dg/dt = −g/τ + Σ |w| δ,   spike at V ≥ θ, then V = V_r for τ_ref
// Voltages are measured from rest. Within a step conductances stand still (exponential Euler):
//   g = 1 + g_E + g_I,  V∞ = (g_E E_e + g_I E_i + τ_m S)/g,  V′ = V∞ + (V − V∞) e^{−g dt/τ_m},  g_E′ = e_e g_E + events
// Source: the COBA benchmark of Brette et al. 2007.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/lif_conductance.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/firing-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct LifConductance {
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
    V tau_membrane, tau_excitatory, tau_inhibitory, tau_refractory, threshold, reset_voltage, reversal_excitatory,
        reversal_inhibitory;
    V minus_dt, e_e, e_i, clamped;  // constants
  };

  /// The formula as it stands.
  template <class V>
  static HWY_INLINE V relax(const State<V>& s, const Ports<V>& in, const Params<V>& p) {
    const V g    = one<V>() + s.e + s.i;
    const V rest = fma(s.e, p.reversal_excitatory, fma(s.i, p.reversal_inhibitory, p.tau_membrane * in.stimulus)) / g;
    return fma(s.v - rest, exp(p.minus_dt * g), rest);
  }

  template <class V>
  static HWY_INLINE void decay(State<V>& s, const Ports<V>& in, const Params<V>& p, bool driven) {
    s.e = driven ? fma(p.e_e, s.e, in.events) : p.e_e * s.e;
    s.i = driven ? fma(p.e_i, s.i, in.inhibitory_events) : p.e_i * s.i;
  }

  template <class V, class F>
  static HWY_INLINE State<V> step(State<V> s, const Ports<V>& in, const Params<V>& p, const V&, const F&) {
    const V free = relax(s, in, p);
    decay(s, in, p, true);
    rest_or_fire(s, free, p);
    return s;
  }

  /// For networks of events, in float where x = g dt/τ_m ≤ ½ without division and exponential:
  /// V′ = V + (dt/τ_m) (g V∞ − g V) (1 − e⁻ˣ)/x, the last factor as a polynomial (minimax, relative error 8e-8).
  template <class R>
  static HWY_INLINE Lane<R> flow(State<Lane<R>>& s, const Ports<Lane<R>>& in, const Params<Lane<R>>& p, bool driven) {
    using V = Lane<R>;
    V       free;
    const V x = p.minus_dt * (one<V>() + s.e + s.i);
    if (sizeof(R) == 4 && HWY_LIKELY(hn::AllTrue(typename V::Tag(), hn::Lt(abs(x).raw, V(R(0.5)).raw)))) {
      const V     up  = fma(s.e, p.reversal_excitatory - s.v,
                            fma(s.i, p.reversal_inhibitory - s.v, fma(p.tau_membrane, in.stimulus, -s.v)));
      constexpr R k[] = {R(0.99999992), R(0.4999925), R(0.16654815), R(0.04100128), R(0.006771038)};
      free            = fma(p.minus_dt * -up, polynomial(x, k), s.v);
    } else {
      free = relax(s, in, p);
    }
    decay(s, in, p, driven);
    return free;
  }
};

CellKernels LifConductanceKernels() { return firing_kernels<LifConductance>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "dynode/cells/lif_terms.h"

namespace dynode {
namespace {

/// Parameters and constants in the order of LifConductance::Params.
const char* derive(const double* params, double dt, const double*, double* constants) {
  constants[0] = -dt / params[0];
  constants[1] = std::exp(-dt / params[1]);
  constants[2] = std::exp(-dt / params[2]);
  constants[3] = refractory_steps(params[3], dt);
  return params[5] < params[4] ? nullptr : kNeverRests;
}

}  // namespace

HWY_EXPORT(LifConductanceKernels);

CellEntry lif_conductance() {
  using From = ConstantFacts::From;
  return {.name       = "LIFConductance",
          .summary    = "leaky integrate-and-fire unit with excitatory and inhibitory exponential conductances",
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
                          .help  = "time constant of the excitatory conductance",
                          .learn = false},
                         {.name  = "tau_inhibitory",
                          .value = 0.01,
                          .min   = 1e-9,
                          .unit  = "unit of dt",
                          .help  = "time constant of the inhibitory conductance",
                          .learn = false},
                         {.name  = "tau_refractory",
                          .value = 0.005,
                          .min   = 0,
                          .unit  = "unit of dt",
                          .help  = "time at the reset voltage after a spike, rounded up to whole steps",
                          .learn = false},
                         {.name = "threshold", .value = 1, .help = "voltage of a spike", .learn = false},
                         {.name = "reset_voltage", .value = 0, .help = "voltage after a spike", .learn = false},
                         {.name  = "reversal_excitatory",
                          .value = 6,
                          .help  = "voltage to which excitation draws, from rest",
                          .learn = false},
                         {.name  = "reversal_inhibitory",
                          .value = -2,
                          .help  = "voltage to which inhibition draws, from rest",
                          .learn = false}},
          .constants  = {{"minus_dt", From::parameters, 0, "step in membrane time constants, negative"},
                         {"e_e", From::parameters, 0, "decay of the excitatory conductance"},
                         {"e_i", From::parameters, 0, "decay of the inhibitory conductance"},
                         {"clamped", From::parameters, 0, "steps of the refractory period"}},
          .states     = {{.name = "s", .help = "1 where the unit fired in this step, else 0", .memoryless = true},
                         {.name = "V", .help = "membrane voltage, after the reset"},
                         {.name = "gE", .help = "excitatory conductance per leak"},
                         {.name = "gI", .help = "inhibitory conductance per leak"},
                         {.name = "refractory", .help = "steps left at the reset voltage"}},
          .ports      = {"stimulus", "events", "inhibitory_events"},
          .dt         = 0.0005,
          .fires      = true,
          .arrivals   = {.state = 2},
          .inhibitory = {.state = 3},
          .derive     = derive,
          .kernels    = [](int) { return HWY_DYNAMIC_DISPATCH(LifConductanceKernels)(); }};
}
}  // namespace dynode
#endif
