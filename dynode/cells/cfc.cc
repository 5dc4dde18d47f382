// Closed-form continuous-time cells: the state after a span t, from heads that connections compute
//
//   CfC      a = φ(f₁)   b = φ(f₂)   g = σ(± τ_a t + τ_b)   h′ = a (1 − κ g) + b g     κ = 1, or 0: no gate
//   CfCPure  E = exp(−t (|w| + |f₁|))                       h′ = A − A E f₁
//
// adjoint, λ = ∂L/∂h′:
//   CfC      ā = (1 − κ g) λ   b̄ = g λ   γ = g (1 − g) (b − κ a) λ   τ̄_a = ± t γ   τ̄_b = γ   t̄ = ± τ_a γ
//   CfCPure  μ = A E λ   f̄₁ = (t |f₁| − 1) μ   w̄ = t sgn(w) f₁ μ   Ā = (1 − E f₁) λ   t̄ = (|w| + |f₁|) f₁ μ
// The tape holds a, b, g and ± τ_a. Where time_a joined time_b (plan.h), that port takes ± τ_a t + τ_b, and the other is
// not there.
// Source: Hasani et al. 2022, Closed-form continuous-time neural networks.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/cfc.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// What the settings say; it takes the place of a source function.
template <class R>
struct CfcOptions {
  double scale = 1, stretch = 1;   // φ(x) = scale · tanh(stretch · x), or x
  double kappa, direction;
  bool   linear;

  explicit CfcOptions(const void* settings) {
    const double* s = static_cast<const double*>(settings);   // mode, head_activation, time_sign
    kappa     = s[0] == 2 ? 0 : 1;
    linear    = s[1] == 2;
    direction = s[2] == 1 ? -1 : 1;
    if (s[1] == 1) scale = 1.7159, stretch = 0.666;
  }

  template <class V> HWY_INLINE V phi(const V& x) const {
    return linear ? x : constant<V>(scale) * tanh(constant<V>(stretch) * x);
  }
  /// dφ/dx, given y = φ(x).
  template <class V> HWY_INLINE V slope(const V& y) const {
    return linear ? one<V>() : constant<V>(stretch * scale) - constant<V>(stretch / scale) * y * y;
  }
};

/// The formula alone, from which the judge derives its adjoint.
struct Cfc {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V ff1, ff2, time_a, time_b; };
  template <class V> struct Params {};

  template <class V, class O>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V& t, const O& o) {
    const V g = sigmoid(fma(constant<V>(o.direction) * in.time_a, t, in.time_b));
    return {fma(o.phi(in.ff1), constant<V>(1) - constant<V>(o.kappa) * g, o.phi(in.ff2) * g)};
  }
};

/// The same step, which also says what its adjoint is made of.
struct CfcTaped {
  template <class V> struct State  { V h, a, b, g, rate; };   // rate: ± τ_a
  template <class V> struct Ports  { V ff1, ff2, time_b, time_a; };
  template <class V> struct Params {};

  template <class V, class O>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V& t, const O& o) {
    State<V> s;
    s.rate = constant<V>(o.direction) * in.time_a;
    mix(in, fma(s.rate, t, in.time_b), o, s);
    return s;
  }
  template <class I, class V, class O, class S>
  static HWY_INLINE void mix(const I& in, const V& time, const O& o, S& s) {
    s.a = o.phi(in.ff1), s.b = o.phi(in.ff2), s.g = sigmoid(time);
    s.h = fma(s.a, one<V>() - constant<V>(o.kappa) * s.g, s.b * s.g);
  }
};

/// The same without time_a.
struct CfcJoinedTaped {
  template <class V> struct State  { V h, a, b, g; };
  template <class V> struct Ports  { V ff1, ff2, time; };
  template <class V> struct Params {};

  template <class V, class O>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V&, const O& o) {
    State<V> s;
    CfcTaped::mix(in, in.time, o, s);
    return s;
  }
};

/// Its adjoint, to which the tape stands where the drives were.
struct CfcTape {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V a, b, g, rate; };
  template <class V> struct Params {};

  template <class V, class O>
  static HWY_INLINE void pull(const Values<CfcTape, V>& v, const O& o, const State<V>& lambda, Bars<CfcTape, V>& bars) {
    unmix(v, o, lambda.h, bars);
    bars.in.rate = constant<V>(o.direction) * v.dt * bars.in.g;
    bars.dt     += v.in.rate * bars.in.g;
  }
  template <class X, class O, class V, class B>
  static HWY_INLINE void unmix(const X& v, const O& o, const V& lambda, B& bars) {
    const V g = v.in.g, kappa = constant<V>(o.kappa);
    bars.s.h  = constant<V>(0);
    bars.in.a = o.slope(v.in.a) * (one<V>() - kappa * g) * lambda;
    bars.in.b = o.slope(v.in.b) * g * lambda;
    bars.in.g = g * (one<V>() - g) * (v.in.b - kappa * v.in.a) * lambda;
  }
};
struct CfcJoinedTape {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V a, b, g; };
  template <class V> struct Params {};

  template <class V, class O>
  static HWY_INLINE void pull(const Values<CfcJoinedTape, V>& v, const O& o, const State<V>& lambda,
                              Bars<CfcJoinedTape, V>& bars) {
    CfcTape::unmix(v, o, lambda.h, bars);
  }
};

struct CfcPure {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V ff1; };
  template <class V> struct Params { V w_tau, A; };

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>& p, const V& t, const F&) {
    return {p.A - p.A * exp(-t * (abs(p.w_tau) + abs(in.ff1))) * in.ff1};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<CfcPure, V>& v, const F&, const State<V>& lambda, Bars<CfcPure, V>& bars) {
    const V f = v.in.ff1, rate = abs(v.p.w_tau) + abs(f), e = exp(-v.dt * rate), mu = v.p.A * e * lambda.h;
    const V sign = where_equal(v.p.w_tau, constant<V>(0), constant<V>(0), copysign(one<V>(), v.p.w_tau));
    bars.s.h       = constant<V>(0);
    bars.in.ff1    = (v.dt * abs(f) - one<V>()) * mu;
    bars.p.w_tau  += v.dt * sign * f * mu;
    bars.p.A      += (one<V>() - e * f) * lambda.h;
    bars.dt       += rate * f * mu;
  }
};

/// States of several cells side by side; whoever reads the state reads it here.
struct CfcStates {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V h; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V&, const F&) {
    return {in.h};
  }
  template <class V, class F>
  static HWY_INLINE void pull(const Values<CfcStates, V>&, const F&, const State<V>& lambda, Bars<CfcStates, V>& bars) {
    bars.s.h  = constant<V>(0);
    bars.in.h = lambda.h;
  }
};

/// The numbers of the settings are what a source function would read its table from.
template <class R>
StepArgs<R> told(StepArgs<R> a) {
  a.source = a.settings.numbers;
  return a;
}
template <class R>
void step_taped(const StepArgs<R>& a) {
  const size_t   size    = a.slab.size();
  const R* const from[]  = {a.state[0], a.state[0], a.state[0], a.state[0], a.state[0]};   // nobody reads it
  R* const       drive[] = {a.drive[0], a.drive[1], a.drive[3], a.drive[2]};
  R* const       to[]    = {a.next[0], a.tape, a.tape + size, a.tape + 2 * size, a.tape + 3 * size};
  StepArgs<R>    taped   = told(a);
  taped.state = from, taped.drive = drive, taped.next = to;
  if (drive[3]) step<Formula<CfcTaped, CfcOptions<R>, R>>(taped);
  else step<Formula<CfcJoinedTaped, CfcOptions<R>, R>>(taped);
}
template <class R>
void pull_taped(const PullArgs<R>& b) {
  const size_t size   = b.step.slab.size();
  R* const     kept[] = {b.step.tape, b.step.tape + size, b.step.tape + 2 * size, b.step.tape + 3 * size};
  R* const     bars[] = {b.drive_bar[0], b.drive_bar[1], b.drive_bar[3], b.drive_bar[2]};
  PullArgs<R>  taped  = b;
  taped.step          = told(b.step);
  taped.step.drive = kept, taped.drive_bar = bars;
  if (bars[3]) pull<CfcTape, Formula<CfcTape, CfcOptions<R>, R>>(taped);
  else pull<CfcJoinedTape, Formula<CfcJoinedTape, CfcOptions<R>, R>>(taped);
}
template <class R>
void pull_derived(const PullArgs<R>& b) {
  PullArgs<R> derived = b;
  derived.step        = told(b.step);
  pull<Cfc, Formula<Cfc, CfcOptions<R>, R, true>>(derived);
}

template <class R>
StepKernels<R> cfc_kernels() {
  StepKernels<R> k{step_taped<R>, pull_taped<R>, nullptr, nullptr, nullptr, nullptr};
  if constexpr (sizeof(R) == 8) k.pull_derived = pull_derived<R>;
  return k;
}

CellKernels CfcKernels() { return {cfc_kernels<float>(), cfc_kernels<double>()}; }
CellKernels CfcPureKernels() { return pointwise_kernels<CfcPure>(); }
CellKernels CfcStatesKernels() { return pointwise_kernels<CfcStates>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(CfcKernels);
HWY_EXPORT(CfcPureKernels);
HWY_EXPORT(CfcStatesKernels);

CellEntry cfc() {
  const auto whole = [](const char* name, double value, const char* help) {
    return SettingFacts{.name = name, .value = value, .min = 0, .max = 1e7, .whole = true, .help = help};
  };
  const auto words = [](const char* name, std::vector<const char*> list, double value, const char* help) {
    return SettingFacts{.name = name, .value = value, .words = std::move(list), .help = help};
  };
  return {.name = "CfC",
          .summary = "closed-form continuous-time unit: heads on [input, state], mixed by a gate in time",
          .states = {{.name = "h", .memoryless = true}},
          .ports = {"ff1", "ff2", "time_a", "time_b"},
          .dt = 1,
          .scales_with_dt = true,
          .pull_reads_drive = false,
          // the first three are read by the kernel, the others say how the layer is put together
          .settings = {words("mode", {"default", "pure", "no_gate"}, 0, "how the heads are mixed"),
                       words("head_activation", {"tanh", "lecun_tanh", "linear"}, 0, "of ff1 and ff2, unless pure"),
                       words("time_sign", {"+", "-"}, 0, "of time_a in the gate"),
                       words("activation", {"lecun_tanh", "tanh", "relu", "silu", "gelu"}, 0, "of the backbone"),
                       whole("backbone_units", 128, "units of each layer of the backbone"),
                       whole("backbone_layers", 1, "0: heads read input and state themselves"),
                       {.name = "backbone_dropout", .min = 0, .max = 1,
                        .help = "share of the backbone left out in training"},
                       words("dropout_first_layer", {"false", "true"}, 1,
                             "false: the first layer of the backbone is whole, as in ncps for PyTorch"),
                       whole("proj_size", 0, "linear outputs in place of the units; 0: none"),
                       words("mixed_memory", {"false", "state", "input", "true"}, 0,
                             "an LSTM in front gives the cell its state (true means the same) or its input"),
                       {.name = "forget_bias", .value = 1, .help = "added to the forget gate of that LSTM"},
                       words("fully_recurrent", {"false", "true"}, 1,
                             "with a wiring: all synapses within each of its layers, or those it has"),
                       words("mask_time_heads", {"false", "true"}, 0,
                             "absent synapses are absent in time_a and time_b, too")},
          .takes_sources = true,
          .tape_size = [](const Slab& slab, size_t, const double*) { return 4 * slab.size(); },
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(CfcKernels)(); }};
}

CellEntry cfc_pure() {
  return {.name = "CfCPure",
          .summary = "closed-form continuous-time unit without a gate",
          .params = {{.name = "w_tau", .value = 0, .unit = "1/unit of dt", .help = "rate of settling"},
                     {.name = "A", .value = 1, .help = "state it settles at"}},
          .states = {{.name = "h", .memoryless = true}},
          .ports = {"ff1"},
          .dt = 1,
          .scales_with_dt = true,
          .internal = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(CfcPureKernels)(); }};
}

CellEntry cfc_states() {
  return {.name = "CfCStates",
          .summary = "states of closed-form continuous-time units in layers, side by side",
          .states = {{.name = "h", .memoryless = true}},
          .ports = {"h"},
          .pull_reads_drive = false,
          .internal = true,
          .static_map = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(CfcStatesKernels)(); }};
}
}  // namespace dynode
#endif
