// Gated unit as a differential equation:  dh/dt = (1 − z) (g − h)        K steps of Euler's method between inputs
//   GRUODEReset   s = σ(r) h                                             r gathers W_r u + b and R_r h
//   GRUODE        h′ = h + t/K (1 − σ(z)) (tanh(g) − h)                  z likewise; g gathers W_g u + b and R_g s
// adjoint, k = t/K, o = 1 − σ(z), n = tanh(g):  h̄ = (1 − k o) λ   ḡ = k o (1 − n²) λ   z̄ = −k o (1 − o) (n − h) λ
//                                               t̄ = o (n − h) λ / K
// plan/compile_equations.cc puts them together.
// Source: De Brouwer et al. 2019, GRU-ODE-Bayes.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/gru_ode.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// What the setting says; it takes the place of a source function.
template <class R>
struct GruOdeOptions {
  double share;  // 1/K
  explicit GruOdeOptions(const void* settings) : share(1 / static_cast<const double*>(settings)[0]) {}
};

struct GruOde {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V z, g, h; };
  template <class V> struct Params {};

  template <class V, class O>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V& t, const O& o) {
    return {fma(constant<V>(o.share) * t * sigmoid(-in.z), tanh(in.g) - in.h, in.h)};
  }

  template <class V, class O>
  static HWY_INLINE void pull(const Values<GruOde, V>& v, const O& o, const State<V>& lambda, Bars<GruOde, V>& bars) {
    const V share = constant<V>(o.share), k = share * v.dt, open = sigmoid(-v.in.z), n = tanh(v.in.g), away = n - v.in.h;
    const V moved = k * open * lambda.h;
    bars.s.h  = constant<V>(0);
    bars.in.h = lambda.h - moved;
    bars.in.g = (one<V>() - n * n) * moved;
    bars.in.z = -(one<V>() - open) * away * moved;
    bars.dt += share * open * away * lambda.h;
  }
};

struct GruOdeReset {
  template <class V> struct State  { V s; };
  template <class V> struct Ports  { V r, h; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V&, const F&) {
    return {sigmoid(in.r) * in.h};
  }
};

/// The numbers of the settings are what a source function would read its table from.
template <class R>
StepArgs<R> gru_ode_told(StepArgs<R> a) {
  a.source = a.settings.numbers;
  return a;
}
template <class F, class R>
void gru_ode_step_as_told(const StepArgs<R>& a) {
  step<F>(gru_ode_told(a));
}
template <class F, class R>
void gru_ode_pull_as_told(const PullArgs<R>& b) {
  PullArgs<R> c = b;
  c.step        = gru_ode_told(b.step);
  pull<GruOde, F>(c);
}

template <class R>
StepKernels<R> gru_ode_kernels() {
  using F = Formula<GruOde, GruOdeOptions<R>, R>;
  StepKernels<R> k{gru_ode_step_as_told<F, R>, gru_ode_pull_as_told<F, R>, nullptr, nullptr, nullptr, nullptr};
  if constexpr (sizeof(R) == 8) k.pull_derived = gru_ode_pull_as_told<Formula<GruOde, GruOdeOptions<R>, R, true>, R>;
  return k;
}

CellKernels GruOdeKernels() { return {gru_ode_kernels<float>(), gru_ode_kernels<double>()}; }
CellKernels GruOdeResetKernels() { return pointwise_kernels<GruOdeReset>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(GruOdeKernels);
HWY_EXPORT(GruOdeResetKernels);

CellEntry gru_ode() {
  return {.name = "GRUODE",
          .summary = "gated recurrent unit as a differential equation",
          .states = {{.name = "h", .memoryless = true}},
          .ports = {"z", "g", "h"},
          .dt = 1,
          .scales_with_dt = true,
          .settings =
              {{.name = "unfolds", .value = 4, .min = 1, .max = 1000, .whole = true, .help = "sub-steps of a step"}},
          .takes_sources = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(GruOdeKernels)(); }};
}

CellEntry gru_ode_reset() {
  return {.name = "GRUODEReset",
          .summary = "state behind a gate",
          .states = {{.name = "s", .memoryless = true}},
          .ports = {"r", "h"},
          .internal = true,
          .static_map = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(GruOdeResetKernels)(); }};
}
}  // namespace dynode
#endif
