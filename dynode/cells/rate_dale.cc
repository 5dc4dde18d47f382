// Rate unit with a time constant of its own:  x′ = (1 − a) x + a u,  r′ = f(x′)     a = dt/τ     [forward Euler; output r]
// adjoint of one step, μ = λ_x + f′(x′) λ_r:  x̄ = (1 − a) μ   ū = a μ   τ̄ = −a (u − x)/τ μ   d̄t = (u − x)/τ μ
// x′ may have got noise since (and r′ followed), so what the step added to x is taken from the drive
// Source: Kim, Li & Sejnowski 2019 (spikeRNN).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/rate_dale.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct RateDale {
  template <class V> struct State    { V r, x; };
  template <class V> struct Ports    { V u; };
  template <class V> struct Params   { V taus; };
  template <class V> struct Observed { V phi; };

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& dt, const F& f) {
    const V x = s.x + dt / p.taus * (in.u - s.x);
    return {f(x), x};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<RateDale, V>& v, const F& f, const State<V>& lambda, Bars<RateDale, V>& bars) {
    const V mu = fma(f.slope(v.next.x, v.next.r), lambda.r, lambda.x), change = (v.in.u - v.s.x) / v.p.taus * mu;
    bars.s.r     = constant<V>(0);
    bars.in.u    = v.dt / v.p.taus * mu;
    bars.s.x     = mu - bars.in.u;
    bars.p.taus -= v.dt / v.p.taus * change;
    bars.dt     += change;
  }

  template <class V, class F>
  static HWY_INLINE State<V> start(const State<V>& s, const Params<V>&, const F& f) { return {f(s.x), s.x}; }

  template <class V, class F>
  static HWY_INLINE Observed<V> observe(const State<V>&, const Ports<V>& in, const Params<V>&, const F&) {
    return {in.u};
  }
};

CellKernels RateDaleKernels(int source) { return pointwise_kernels<RateDale>(source); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(RateDaleKernels);

CellEntry rate_dale() {
  return {.name = "RateDale",
          .summary = "rate unit r = f(x) with a time constant, fixed or learnt within a range",
          .params = {{.name = "taus", .value = 20, .min = 1e-9, .unit = "unit of dt",
                      .help = "time constant; [shortest, longest] is learnt in between", .learn = false, .range = true}},
          .states = {{.name = "r", .help = "rate", .memoryless = true}, {.name = "x", .help = "synaptic current"}},
          .ports = {"u"},
          .source = "Sigmoid",
          .dt = 1,
          .scales_with_dt = true,
          .noise = {{.word = "noise_std", .site = NoiseFacts::Site::state, .index = 1, .value = 0.1,
                     .help = "deviation of noise on x, every step"},
                    {.word = "x0_std", .site = NoiseFacts::Site::start, .index = 1, .value = 0.01,
                     .help = "deviation of x before the first step, where nobody gives it"}},
          .som_units = true,
          .source_words = {{"softplus", "ClippedSoftplus"}},
          .observables = {"phi"},
          .settings = {{.name = "noise_when", .words = {"always", "train", "off"}, .help = "in which runs there is noise"}},
          .kernels = [](int source) { return HWY_DYNAMIC_DISPATCH(RateDaleKernels)(source); }};
}
}  // namespace dynode
#endif
