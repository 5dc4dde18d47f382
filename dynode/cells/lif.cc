// Leaky integrate-and-fire unit with an exponential synaptic current:
//   dV/dt = −V/τ_m + I + S(t),   dI/dt = −I/τ_s + (arrivals)/τ_s,   spike at V ≥ θ, then V = V_r for τ_ref
// One step, exact between arrivals (analytic) or forward Euler; both are the same linear map with other constants:
//   V′ = e_m V + k_I I + k_S S          I′ = e_s I + events/τ_s          clamped: V′ = V_r while c > 0, c counts down
// `events` and spikes from connections act on V from the next step on, S within the step.
// The slope of the spike by V is that of a surrogate (surrogate.h), its width in units of θ − V_r; the reset has none.
// Source: Rotter & Diesmann 1999 (exact integration); Brunel 2000.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/lif.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/firing-inl.h"
#include "dynode/cells/surrogate-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct Lif {
  template <class V> struct State  { V s, v, i, c; };
  template <class V> struct Ports  { V stimulus, events; };
  template <class V> struct Params {
    V tau_membrane, tau_synaptic, tau_refractory, threshold, reset_voltage;
    V e_m, e_s, k_i, k_s, per_tau_s, clamped, kind, width, height;   // constants
  };

  template <class V>
  static HWY_INLINE V flow(State<V>& s, const Ports<V>& in, const Params<V>& p, bool driven) {
    const V free = fma(p.e_m, s.v, fma(p.k_i, s.i, p.k_s * in.stimulus));
    s.i          = p.e_s * s.i;
    if (driven) s.i = fma(in.events, p.per_tau_s, s.i);
    return free;
  }

  template <class V, class F>
  static HWY_INLINE State<V> step(State<V> s, const Ports<V>& in, const Params<V>& p, const V&, const F&) {
    const V free = flow(s, in, p, true), v = rest_or_fire(s, free, p);
    s.s          = surrogate(s.s, v - p.threshold, {p.kind, p.width, p.height});
    return s;
  }
};

CellKernels LifKernels() { return firing_kernels<Lif>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <algorithm>
#include <cmath>

#include "dynode/cells/surrogate.h"

namespace dynode {
namespace {

/// Parameters and constants in the order of Lif::Params.
const char* derive_lif(const double* params, double dt, const double* settings, double* constants) {
  const double tau_m = params[0], tau_s = params[1], tau_ref = params[2], threshold = params[3], reset = params[4];
  const bool   euler = settings[0] == 1;
  constants[0] = euler ? 1 - dt / tau_m : std::exp(-dt / tau_m);
  constants[1] = euler ? 1 - dt / tau_s : std::exp(-dt / tau_s);

  // τ_s τ_m / (τ_s − τ_m) (e_s − e_m) without a difference of neighbours; dt e_m where the time constants are equal
  const double x = dt / tau_m - dt / tau_s;
  constants[2] = euler ? dt : dt * constants[0] * (x == 0 ? 1 : std::expm1(x) / x);
  constants[3] = euler ? dt : -tau_m * std::expm1(-dt / tau_m);
  constants[4] = 1 / tau_s;

  // whole steps, started ones included; 11.0000001 are 11
  const double steps = tau_ref / dt;
  constants[5] = std::max(0.0, std::ceil(steps - 5e-7 * std::max(1.0, steps)));
  constants[6] = settings[1];
  constants[7] = settings[2] * (threshold - reset);
  constants[8] = settings[3] / constants[7];
  return reset < threshold ? nullptr : "reset_voltage is not below threshold: the unit would fire in every step";
}

}  // namespace

HWY_EXPORT(LifKernels);

CellEntry lif() {
  using From = ConstantFacts::From;
  return {.name = "LIF",
          .summary = "leaky integrate-and-fire unit: spikes, exponential synaptic current, refractory period",
          .params = {{.name = "tau_membrane", .value = 0.02, .min = 1e-9, .unit = "unit of dt",
                      .help = "time constant of the membrane", .learn = false},
                     {.name = "tau_synaptic", .value = 0.005, .min = 1e-9, .unit = "unit of dt",
                      .help = "time constant of the synaptic current", .learn = false},
                     {.name = "tau_refractory", .value = 0.005, .min = 0, .unit = "unit of dt",
                      .help = "time at the reset voltage after a spike, rounded up to whole steps", .learn = false},
                     {.name = "threshold", .value = 1, .help = "voltage of a spike", .learn = false},
                     {.name = "reset_voltage", .value = 0, .help = "voltage after a spike", .learn = false}},
          .constants = {{"e_m", From::parameters, 0, "decay of the voltage in a step"},
                        {"e_s", From::parameters, 0, "decay of the current in a step"},
                        {"k_i", From::parameters, 0, "voltage per current"},
                        {"k_s", From::parameters, 0, "voltage per stimulus"},
                        {"per_tau_s", From::parameters, 0, "current per weight of an arrival"},
                        {"clamped", From::parameters, 0, "steps of the refractory period"},
                        {"kind", From::parameters, 0, "which surrogate slope"},
                        {"width", From::parameters, 1, "its width, voltage"},
                        {"height", From::parameters, 1, "its height"}},
          .states = {{.name = "s", .help = "1 where the unit fired in this step, else 0", .memoryless = true},
                     {.name = "V", .help = "membrane voltage, after the reset"},
                     {.name = "I", .help = "synaptic current, voltage per time, with what arrived in this step"},
                     {.name = "refractory", .help = "steps left at the reset voltage"}},
          .ports = {"stimulus", "events"},
          .dt = 0.0005,
          .fires = true,
          .arrivals = {.state = 2, .per = 1},
          .settings = with_surrogate({{.name = "mechanism", .words = {"analytic", "euler"},
                                       .help = "analytic: exact between arrivals; euler: forward Euler"}},
                                     0.25, "its width, in units of threshold − reset_voltage"),
          .derive = derive_lif,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(LifKernels)(); }};
}
}  // namespace dynode
#endif
