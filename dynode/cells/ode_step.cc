// Rate units that follow a differential equation between inputs:  dh/dt = γ tanh(x) − δ h        K steps of Euler's method
//   one of them:  h′ = h + t/K (γ tanh(x) − δ h)        x gathers W u + b and R h; the products are connections
// adjoint, k = t/K, y = tanh(x):  h̄ = (1 − k δ) λ   x̄ = k γ (1 − y²) λ   γ̄ = k y λ   δ̄ = −k h λ   t̄ = (γ y − δ h) λ / K
// ODERNN is such a layer, with δ = 0 unless it is given or learnt (then a CT-RNN); ODELSTM has an LSTM in front, which
// reads the input and the state, and the equation follows what that gives out. plan/compile_ode.cc puts them together.
// Sources: Funahashi & Nakamura 1993; Rubanova et al. 2019, Latent ODEs; Lechner & Hasani 2020, ODE-LSTM.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/ode_step.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// What the settings say; it takes the place of a source function.
template <class R>
struct OdeOptions {
  double share;  // 1/K
  explicit OdeOptions(const void* settings) : share(1 / static_cast<const double*>(settings)[0]) {}
};

struct OdeStep {
  template <class V>
  struct State {
    V h;
  };
  template <class V>
  struct Ports {
    V x, h;
  };
  template <class V>
  struct Params {
    V scale, decay;
  };

  template <class V, class O>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>& p, const V& t, const O& o) {
    return {in.h + constant<V>(o.share) * t * (p.scale * tanh(in.x) - p.decay * in.h)};
  }

  template <class V, class O>
  static HWY_INLINE void pull(const Values<OdeStep, V>& v, const O& o, const State<V>& lambda, Bars<OdeStep, V>& bars) {
    const V share = constant<V>(o.share), k = share * v.dt, y = tanh(v.in.x), moved = k * lambda.h;
    bars.s.h  = constant<V>(0);
    bars.in.h = lambda.h - v.p.decay * moved;
    bars.in.x = v.p.scale * (one<V>() - y * y) * moved;
    bars.p.scale += y * moved;
    bars.p.decay -= v.in.h * moved;
    bars.dt += share * (v.p.scale * y - v.p.decay * v.in.h) * lambda.h;
  }
};

/// The numbers of the settings are what a source function would read its table from.
template <class R>
StepArgs<R> ode_told(StepArgs<R> a) {
  a.source = a.settings.numbers;
  return a;
}
template <class F, class R>
void ode_step_as_told(const StepArgs<R>& a) {
  step<F>(ode_told(a));
}
template <class F, class R>
void ode_pull_as_told(const PullArgs<R>& b) {
  PullArgs<R> c = b;
  c.step        = ode_told(b.step);
  pull<OdeStep, F>(c);
}

template <class R>
StepKernels<R> ode_kernels() {
  using F = Formula<OdeStep, OdeOptions<R>, R>;
  StepKernels<R> k{ode_step_as_told<F, R>, ode_pull_as_told<F, R>, nullptr, nullptr, nullptr, nullptr};
  if constexpr (sizeof(R) == 8) k.pull_derived = ode_pull_as_told<Formula<OdeStep, OdeOptions<R>, R, true>, R>;
  return k;
}

CellKernels OdeStepKernels() { return {ode_kernels<float>(), ode_kernels<double>()}; }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(OdeStepKernels);

CellEntry ode_rnn() {
  return {.name           = "ODERNN",
          .summary        = "rate units that follow a differential equation between inputs",
          .params         = {{.name = "scale", .value = 1, .help = "largest rate of change", .learn = false},
                             {.name  = "decay",
                              .value = 0,
                              .min   = 0,
                              .unit  = "1/unit of dt",
                              .help  = "rate of decay to 0",
                              .learn = false}},
          .states         = {{.name = "h", .memoryless = true}},
          .ports          = {"x", "h"},
          .dt             = 1,
          .scales_with_dt = true,
          .settings =
              {{.name = "unfolds", .value = 4, .min = 1, .max = 1000, .whole = true, .help = "sub-steps of a step"}},
          .takes_sources = true,
          .kernels       = [](int) { return HWY_DYNAMIC_DISPATCH(OdeStepKernels)(); }};
}

CellEntry ode_lstm() {
  CellEntry cell = ode_rnn();
  cell.name      = "ODELSTM";
  cell.summary   = "LSTM whose state follows a differential equation between inputs";
  cell.settings.push_back({.name = "forget_bias", .value = 3, .help = "added to the forget gate of the LSTM"});
  return cell;
}
}  // namespace dynode
#endif
