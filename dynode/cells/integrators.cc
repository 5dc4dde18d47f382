// Units of spiking networks as the Neuromorphic Intermediate Representation (NIR) defines them, with input x:
//   Integrator   v̇ = r x                              IF          the same, firing
//   LI           τ v̇ = v_leak − v + r x               CurrentLIF  the same, firing
//   CubaLI       τ_syn i̇ = −i + w_in x,  τ_mem v̇ = v_leak − v + r i        CubaLIF  the same, firing
// firing: s = 1 where v > v_threshold, then v = v_reset; i stays. One step, h = dt, x constant within it:
//   exact   v′ = v_leak + r x (1 − a) + (v − v_leak) a,  a = e^(−h/τ)        euler   a = 1 − h/τ
// i comes first and v sees it. A spike is a pulse of height 1 and length h, or with delta an impulse that moves i by
// w_in/τ_syn. The slope of s by v is that of a surrogate (surrogate.h); the reset has none.
// Source: Pedersen et al. 2024 (Nat. Commun. 15:8122).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/integrators.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"
#include "dynode/cells/surrogate-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {
namespace integrators {

/// Share of a distance that is left after a step.
template <class V>
HWY_INLINE V decay(const V& h, const V& tau, const V& euler) {
  const V x = h / tau;
  return where_less(constant<V>(0.5), euler, one<V>() - x, exp(-x));
}

/// Towards `to`, of which `a` of the distance is left.
template <class V>
HWY_INLINE V towards(const V& v, const V& to, const V& a) { return fma(v - to, a, to); }

template <class V>
struct Fired {
  V s, v;
};
template <class V>
HWY_INLINE Fired<V> fire(const V& v, const V& threshold, const V& reset, const Surrogate<V>& slope) {
  const V over = v - threshold, none = constant<V>(0);
  const V s = surrogate(where_less(none, over, one<V>(), none), over, slope);
  return {where_nan(v, v, s), where_nan(v, v, where_less(none, over, reset, v))};
}

}  // namespace integrators

using namespace integrators;

struct Integrator {
  template <class V> struct State  { V v; };
  template <class V> struct Ports  { V x; };
  template <class V> struct Params { V r; };
  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& h, const F&) {
    return {fma(h * p.r, in.x, s.v)};
  }
};

struct If {
  template <class V> struct State  { V s, v; };
  template <class V> struct Ports  { V x; };
  template <class V> struct Params { V r, v_threshold, v_reset, kind, width, height; };
  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& h, const F&) {
    const auto f = fire(fma(h * p.r, in.x, s.v), p.v_threshold, p.v_reset, {p.kind, p.width, p.height});
    return {f.s, f.v};
  }
};

struct Li {
  template <class V> struct State  { V v; };
  template <class V> struct Ports  { V x; };
  template <class V> struct Params { V tau, r, v_leak, euler; };
  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& h, const F&) {
    return {towards(s.v, fma(p.r, in.x, p.v_leak), decay(h, p.tau, p.euler))};
  }
};

struct CurrentLif {
  template <class V> struct State  { V s, v; };
  template <class V> struct Ports  { V x; };
  template <class V> struct Params { V tau, r, v_leak, v_threshold, v_reset, euler, kind, width, height; };
  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& h, const F&) {
    const V    v = towards(s.v, fma(p.r, in.x, p.v_leak), decay(h, p.tau, p.euler));
    const auto f = fire(v, p.v_threshold, p.v_reset, {p.kind, p.width, p.height});
    return {f.s, f.v};
  }
};

template <class V, class P>
HWY_INLINE V synapse_step(const V& i, const V& x, const P& p, const V& h) {
  const V left = decay(h, p.tau_syn, p.euler);
  const V gain = where_less(constant<V>(0.5), p.delta, one<V>() / p.tau_syn, one<V>() - left);
  return fma(i, left, gain * p.w_in * x);
}

struct CubaLi {
  template <class V> struct State  { V v, i; };
  template <class V> struct Ports  { V x; };
  template <class V> struct Params { V tau_syn, tau_mem, r, v_leak, w_in, euler, delta; };
  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& h, const F&) {
    const V i = synapse_step(s.i, in.x, p, h);
    return {towards(s.v, fma(p.r, i, p.v_leak), decay(h, p.tau_mem, p.euler)), i};
  }
};

struct CubaLif {
  template <class V> struct State  { V s, v, i; };
  template <class V> struct Ports  { V x; };
  template <class V> struct Params { V tau_syn, tau_mem, r, v_leak, w_in, v_threshold, v_reset, euler, delta, kind, width, height; };
  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& h, const F&) {
    const V    i = synapse_step(s.i, in.x, p, h);
    const V    v = towards(s.v, fma(p.r, i, p.v_leak), decay(h, p.tau_mem, p.euler));
    const auto f = fire(v, p.v_threshold, p.v_reset, {p.kind, p.width, p.height});
    return {f.s, f.v, i};
  }
};

CellKernels IntegratorKernels() { return pointwise_kernels<Integrator>(); }
CellKernels IfKernels() { return pointwise_kernels<If>(); }
CellKernels LiKernels() { return pointwise_kernels<Li>(); }
CellKernels CurrentLifKernels() { return pointwise_kernels<CurrentLif>(); }
CellKernels CubaLiKernels() { return pointwise_kernels<CubaLi>(); }
CellKernels CubaLifKernels() { return pointwise_kernels<CubaLif>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "dynode/cells/surrogate.h"

namespace dynode {
namespace {

const ParamFacts kTau       = {.name = "tau", .value = 0.02, .min = 1e-9, .unit = "unit of dt", .help = "time constant", .learn = false};
const ParamFacts kTauSyn    = {.name = "tau_syn", .value = 0.005, .min = 1e-9, .unit = "unit of dt", .help = "time constant of the current", .learn = false};
const ParamFacts kTauMem    = {.name = "tau_mem", .value = 0.02, .min = 1e-9, .unit = "unit of dt", .help = "time constant of the voltage", .learn = false};
const ParamFacts kR         = {.name = "r", .value = 1, .help = "voltage per current", .learn = false};
const ParamFacts kLeak      = {.name = "v_leak", .value = 0, .help = "voltage at rest", .learn = false};
const ParamFacts kIn        = {.name = "w_in", .value = 1, .help = "factor of the input", .learn = false};
const ParamFacts kThreshold = {.name = "v_threshold", .value = 1, .help = "voltage above which it fires", .learn = false};
const ParamFacts kReset     = {.name = "v_reset", .value = 0, .help = "voltage after a spike", .learn = false};

const StateFacts kSpike   = {.name = "s", .help = "1 where the unit fired in this step, else 0", .memoryless = true};
const StateFacts kVoltage = {.name = "v", .help = "voltage"};
const StateFacts kCurrent = {.name = "i", .help = "synaptic current"};

const SettingFacts kScheme = {.name = "scheme", .words = {"exact", "euler"}, .help = "exact for an input that is constant within a step, or forward Euler"};
const SettingFacts kSpikes = {.name = "spike_input", .words = {"pulse", "delta"}, .help = "a spike is a pulse as long as a step, or an impulse"};

ConstantFacts constant_of(const char* name, double value, const char* help) {
  return {name, ConstantFacts::From::parameters, value, help};
}

/// Settings that the formula needs as numbers: those of the cell in their order, then kind, width and height.
template <int own, bool fires>
const char* derive_constants(const double*, double, const double* settings, double* constants) {
  for (int k = 0; k < own; ++k) constants[k] = settings[k];
  if constexpr (fires) {
    constants[own] = settings[own], constants[own + 1] = settings[own + 1];
    constants[own + 2] = settings[own + 2] / settings[own + 1];
  }
  return nullptr;
}

template <int own, bool fires>
CellEntry entry(const char* name, const char* summary, std::vector<ParamFacts> params, std::vector<StateFacts> states,
                CellKernels (*kernels)(int)) {
  std::vector<ConstantFacts> constants;
  std::vector<SettingFacts>  settings;
  if (own > 0) constants.push_back(constant_of("euler", 0, "1: forward Euler")), settings.push_back(kScheme);
  if (own > 1) constants.push_back(constant_of("delta", 0, "1: spikes are impulses")), settings.push_back(kSpikes);
  if (fires) {
    constants.push_back(constant_of("kind", 0, "which surrogate slope"));
    constants.push_back(constant_of("width", 1, "its width"));
    constants.push_back(constant_of("height", 1, "its height"));
    settings = with_surrogate(std::move(settings), 0.25, "its width, voltage");
  }
  return {.name = name,
          .summary = summary,
          .params = std::move(params),
          .constants = std::move(constants),
          .states = std::move(states),
          .ports = {"x"},
          .dt = 0.001,
          .scales_with_dt = true,
          .fires = fires,
          .settings = std::move(settings),
          .derive = own || fires ? derive_constants<own, fires> : nullptr,
          .kernels = kernels};
}

}  // namespace

HWY_EXPORT(IntegratorKernels);
HWY_EXPORT(IfKernels);
HWY_EXPORT(LiKernels);
HWY_EXPORT(CurrentLifKernels);
HWY_EXPORT(CubaLiKernels);
HWY_EXPORT(CubaLifKernels);

CellEntry integrator() {
  return entry<0, false>("Integrator", "integrates its input", {kR}, {kVoltage},
                         [](int) { return HWY_DYNAMIC_DISPATCH(IntegratorKernels)(); });
}
CellEntry integrate_and_fire() {
  return entry<0, true>("IF", "integrates its input and fires", {kR, kThreshold, kReset}, {kSpike, kVoltage},
                        [](int) { return HWY_DYNAMIC_DISPATCH(IfKernels)(); });
}
CellEntry leaky_integrator() {
  return entry<1, false>("LI", "leaky integrator", {kTau, kR, kLeak}, {kVoltage},
                         [](int) { return HWY_DYNAMIC_DISPATCH(LiKernels)(); });
}
CellEntry current_lif() {
  return entry<1, true>("CurrentLIF", "leaky integrate-and-fire unit whose input is its current",
                        {kTau, kR, kLeak, kThreshold, kReset}, {kSpike, kVoltage},
                        [](int) { return HWY_DYNAMIC_DISPATCH(CurrentLifKernels)(); });
}
CellEntry cuba_li() {
  return entry<2, false>("CubaLI", "leaky integrator of an exponential synaptic current",
                         {kTauSyn, kTauMem, kR, kLeak, kIn}, {kVoltage, kCurrent},
                         [](int) { return HWY_DYNAMIC_DISPATCH(CubaLiKernels)(); });
}
CellEntry cuba_lif() {
  return entry<2, true>("CubaLIF", "leaky integrate-and-fire unit with an exponential synaptic current, as in NIR",
                        {kTauSyn, kTauMem, kR, kLeak, kIn, kThreshold, kReset}, {kSpike, kVoltage, kCurrent},
                        [](int) { return HWY_DYNAMIC_DISPATCH(CubaLifKernels)(); });
}
}  // namespace dynode
#endif
