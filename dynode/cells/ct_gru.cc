// Continuous-time GRU: a memory with M = 8 time scales τ_k = 10^(k/2), which its gates choose by the logarithm of the time
//   weights of a gate x:  w_k(x) = softmax_k(−(x − ln τ_k)²) = softmax_k(a_k(x))    a_k(x) = ln τ_k (2 x − ln τ_k)
//   CTGRURetrieval   s = Σ_k w_k(r) m_k                                  r gathers W_r u + b and R_r h
//   CTGRUShare       s = log Σ_k exp(a_k(g)), of the storage gate g
//   CTGRUScale       m′ = ((1 − w) m + w q) exp(−t/τ_k)    w = exp(a_k(g) − log Σ …)     t: the time of the step
//   CTGRU            h = Σ_k m_k
// adjoints:
//   retrieval   m̄_k = w_k λ   r̄ = 2 λ Σ w_k ln τ_k (m_k − s)           share   ḡ = 2 λ Σ w_k ln τ_k
//   scale, μ = exp(−t/τ_k) λ:   m̄ = (1 − w) μ   q̄ = w μ   ḡ = 2 ln τ_k w (q − m) μ   the log’s = −w (q − m) μ
//                               t̄ = −m′ λ/τ_k
// q = tanh(W_q u + b + R_q s), s the retrieved memory. plan/compile_equations.cc puts them together.
// Source: Mozer, Kazakov & Lindsey 2017, Discrete event, continuous time RNNs.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/ct_gru.cc"
#include <cmath>
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

inline constexpr int    kScales  = 8;
inline constexpr double kLogStep = 1.1512925464970229;   // ln 10 / 2

/// a_k(x), the square less what all scales have in common. @param log_tau  ln τ_k
template <class V>
HWY_INLINE V scale_score(const V& x, double log_tau) {
  return constant<V>(log_tau) * (constant<V>(2) * x - constant<V>(log_tau));
}

/// The weights a gate gives the scales. @return the logarithm of what exp(a_k) were divided by
template <class V>
HWY_INLINE V scale_weights(const V& x, V (&w)[kScales]) {
  V best = constant<V>(0);   // k = 0
  for (int k = 0; k < kScales; ++k) w[k] = scale_score(x, kLogStep * k), best = max(best, w[k]);
  V sum = constant<V>(0);
  for (int k = 0; k < kScales; ++k) w[k] = exp(w[k] - best), sum = sum + w[k];
  for (int k = 0; k < kScales; ++k) w[k] = w[k] / sum;
  return log(sum) + best;
}

struct CtGruRetrieval {
  template <class V> struct State  { V s; };
  template <class V> struct Ports  { V gate, m_1, m_2, m_3, m_4, m_5, m_6, m_7, m_8; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V&, const F&) {
    V w[kScales];
    scale_weights(in.gate, w);
    V s = constant<V>(0);
    for (int k = 0; k < kScales; ++k) s = fma(w[k], item<const V>(in, 1 + k), s);
    return {s};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<CtGruRetrieval, V>& v, const F&, const State<V>& lambda,
                              Bars<CtGruRetrieval, V>& bars) {
    V w[kScales];
    scale_weights(v.in.gate, w);
    V slope = constant<V>(0);
    for (int k = 0; k < kScales; ++k) {
      item<V>(bars.in, 1 + k) = w[k] * lambda.s;
      slope = fma(constant<V>(2 * kLogStep * k) * w[k], item<const V>(v.in, 1 + k) - v.next.s, slope);
    }
    bars.s.s     = constant<V>(0);
    bars.in.gate = slope * lambda.s;
  }
};

struct CtGruShare {
  template <class V> struct State  { V s; };
  template <class V> struct Ports  { V gate; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V&, const F&) {
    V w[kScales];
    return {scale_weights(in.gate, w)};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<CtGruShare, V>& v, const F&, const State<V>& lambda, Bars<CtGruShare, V>& bars) {
    V w[kScales];
    scale_weights(v.in.gate, w);
    V slope = constant<V>(0);
    for (int k = 0; k < kScales; ++k) slope = fma(constant<V>(2 * kLogStep * k), w[k], slope);
    bars.s.s     = constant<V>(0);
    bars.in.gate = slope * lambda.s;
  }
};

/// What the setting says; it takes the place of a source function.
template <class R>
struct ScaleOptions {
  double log_tau, rate;   // ln τ_k, 1/τ_k
  explicit ScaleOptions(const void* settings)
      : log_tau(kLogStep * static_cast<const double*>(settings)[0]), rate(std::exp(-log_tau)) {}
};

struct CtGruScale {
  template <class V> struct State  { V m; };
  template <class V> struct Ports  { V gate, share, q; };
  template <class V> struct Params {};

  template <class V, class O>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>&, const V& t, const O& o) {
    const V stored = exp(scale_score(in.gate, o.log_tau) - in.share);
    return {fma(stored, in.q - s.m, s.m) * exp(-constant<V>(o.rate) * t)};
  }

  template <class V, class O>
  static HWY_INLINE void pull(const Values<CtGruScale, V>& v, const O& o, const State<V>& lambda, Bars<CtGruScale, V>& bars) {
    const V stored = exp(scale_score(v.in.gate, o.log_tau) - v.in.share);
    const V kept = exp(-constant<V>(o.rate) * v.dt) * lambda.m, through_gate = stored * (v.in.q - v.s.m) * kept;
    bars.s.m      = (one<V>() - stored) * kept;
    bars.in.q     = stored * kept;
    bars.in.gate  = constant<V>(2 * o.log_tau) * through_gate;
    bars.in.share = -through_gate;
    bars.dt -= constant<V>(o.rate) * v.next.m * lambda.m;
  }
};

struct CtGru {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V m; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>&, const V&, const F&) {
    return {in.m};
  }
};

/// The numbers of the settings are what a source function would read its table from.
template <class R>
StepArgs<R> scale_told(StepArgs<R> a) {
  a.source = a.settings.numbers;
  return a;
}
template <class F, class R>
void scale_step_as_told(const StepArgs<R>& a) {
  step<F>(scale_told(a));
}
template <class F, class R>
void scale_pull_as_told(const PullArgs<R>& b) {
  PullArgs<R> c = b;
  c.step        = scale_told(b.step);
  pull<CtGruScale, F>(c);
}

template <class R>
StepKernels<R> scale_kernels() {
  using F = Formula<CtGruScale, ScaleOptions<R>, R>;
  StepKernels<R> k{scale_step_as_told<F, R>, scale_pull_as_told<F, R>, nullptr, nullptr, nullptr, nullptr};
  if constexpr (sizeof(R) == 8) k.pull_derived = scale_pull_as_told<Formula<CtGruScale, ScaleOptions<R>, R, true>, R>;
  return k;
}

CellKernels CtGruRetrievalKernels() { return pointwise_kernels<CtGruRetrieval>(); }
CellKernels CtGruShareKernels() { return pointwise_kernels<CtGruShare>(); }
CellKernels CtGruScaleKernels() { return {scale_kernels<float>(), scale_kernels<double>()}; }
CellKernels CtGruKernels() { return pointwise_kernels<CtGru>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(CtGruRetrievalKernels);
HWY_EXPORT(CtGruShareKernels);
HWY_EXPORT(CtGruScaleKernels);
HWY_EXPORT(CtGruKernels);

CellEntry ct_gru() {
  return {.name = "CTGRU",
          .summary = "gated recurrent unit whose memory has eight time scales",
          .states = {{.name = "h", .memoryless = true}},
          .ports = {"m"},
          .dt = 1,
          .takes_sources = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(CtGruKernels)(); }};
}

CellEntry ct_gru_retrieval() {
  return {.name = "CTGRURetrieval",
          .summary = "mean of eight memories, weighted by a gate",
          .states = {{.name = "s", .memoryless = true}},
          .ports = {"gate", "m_1", "m_2", "m_3", "m_4", "m_5", "m_6", "m_7", "m_8"},
          .internal = true,
          .static_map = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(CtGruRetrievalKernels)(); }};
}

CellEntry ct_gru_share() {
  return {.name = "CTGRUShare",
          .summary = "what the weights of a gate are divided by, as a logarithm",
          .states = {{.name = "s", .memoryless = true}},
          .ports = {"gate"},
          .internal = true,
          .static_map = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(CtGruShareKernels)(); }};
}

CellEntry ct_gru_scale() {
  return {.name = "CTGRUScale",
          .summary = "memory with one time scale",
          .states = {{.name = "m"}},
          .ports = {"gate", "share", "q"},
          .dt = 1,
          .scales_with_dt = true,
          .internal = true,
          .settings = {{.name = "scale", .value = 0, .min = 0, .max = 7, .whole = true, .help = "its time is 10^(scale/2)"}},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(CtGruScaleKernels)(); }};
}
}  // namespace dynode
#endif
