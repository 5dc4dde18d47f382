// Continuous-time rate unit:  v′ = (1 − α) v + α x,  r′ = f(v′)        α = dt/τ        [forward Euler; output r]
// adjoint of one step, μ = λ_v + f′(v′) λ_r:  v̄ = (1 − α) μ   x̄ = α μ   ᾱ = (x − v) μ = (v′ − v)/α μ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/ctrnn.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct Ctrnn {
  template <class V> struct State    { V r, v; };
  template <class V> struct Ports    { V x; };
  template <class V> struct Params   { V alpha; };
  template <class V> struct Observed { V phi; };

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V&, const F& f) {
    const V v = s.v + p.alpha * (in.x - s.v);
    return {f(v), v};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<Ctrnn, V>& v, const F& f, const State<V>& lambda, Bars<Ctrnn, V>& bars) {
    const V mu = fma(f.slope(v.next.v, v.next.r), lambda.r, lambda.v);
    bars.s.r      = constant<V>(0);
    bars.in.x     = v.p.alpha * mu;
    bars.s.v      = mu - bars.in.x;
    bars.p.alpha += (v.next.v - v.s.v) * (one<V>() / v.p.alpha) * mu;
  }

  template <class V, class F>
  static HWY_INLINE State<V> start(const State<V>& s, const Params<V>&, const F& f) { return {f(s.v), s.v}; }

  template <class V, class F>
  static HWY_INLINE Observed<V> observe(const State<V>&, const Ports<V>& in, const Params<V>&, const F&) {
    return {in.x};
  }
};

CellKernels CtrnnKernels(int source) { return pointwise_kernels<Ctrnn>(source); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(CtrnnKernels);

CellEntry ctrnn() {
  return {.name = "CTRNN",
          .summary = "leaky rate unit with potential v and rate r = f(v)",
          .params = {{.name = "alpha", .min = 1e-9, .max = 1e4, .help = "share of the potential renewed per step, dt/tau",
                      .learn = false,
                      .alternative = {"tau", 100, "unit of dt", [](double tau, double dt) { return dt / tau; }}}},
          .states = {{.name = "r", .help = "rate", .memoryless = true}, {.name = "v", .help = "potential"}},
          .ports = {"x"},
          .source = "ReLU",
          .dt = 10,
          .pull_reads_drive = false,
          .noise = {{.word = "preact_noise", .site = NoiseFacts::Site::drive, .help = "deviation of noise inside the leak"},
                    {.word = "postact_noise", .site = NoiseFacts::Site::state, .help = "deviation of noise on the rate"}},
          .observables = {"phi"},
          .settings = {{.name = "noise_scaling", .words = {"alpha", "none", "sqrt"},
                        .help = "v gets alpha, 1 or sqrt(2 alpha) times preact_noise"},
                       {.name = "noise_in_eval", .words = {"false", "true"},
                        .help = "noise also outside of training"},
                       {.name = "postact_noise_feedback", .words = {"true", "false"},
                        .help = "postact_noise also returns to the layer itself; false: only others read it"}},
          .kernels = [](int source) { return HWY_DYNAMIC_DISPATCH(CtrnnKernels)(source); }};
}
}  // namespace dynode
#endif
