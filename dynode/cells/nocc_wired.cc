#include "dynode/cells/nocc_wired.h"

#include "dynode/kernels/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/nocc_wired.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/nocc-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// Edges whose lookups are done together.
inline constexpr size_t kEdges = 16;

/// All edges of one vector of lanes, which begins at `lane`.
template <class R>
struct NoccWalk {
  using V      = Lane<R>;
  using Source = RateArraySource<R>;
  using Ports  = NoccEdge::Ports<V>;
  using Params = NoccEdge::Params<V>;
  using State  = NoccEdge::State<V>;

  /// The numbers of a step, in registers as far as they go: what is written might be anything, for all a compiler knows.
  struct Numbers {
    const R *       w, *r1, *r2, *flux;
    const uint32_t* source;
    size_t          stride;
    V               bias_current, alpha, beta, beta_out;
    NoccEdge::Rates<V> rates;

    HWY_INLINE Numbers(const WiredStep<R>& a, size_t lane)
        : w(a.edges.params[0]), r1(a.edges.state[1] + lane), r2(a.edges.state[2] + lane), flux(a.flux + lane),
          source(a.source), stride(a.edges.slab.stride), bias_current(a.edges.params[1][0]), alpha(a.edges.params[2][0]),
          beta(a.edges.params[3][0]), beta_out(a.edges.params[4][0]),
          rates(NoccEdge::rates(Params{bias_current, bias_current, alpha, beta, beta_out}, V::load(a.edges.dt + lane))) {}

    HWY_INLINE State  state(size_t k) const { return {zero<V>(), V::load(r1 + k * stride), V::load(r2 + k * stride)}; }
    HWY_INLINE Ports  ports(size_t k, const V& m) const { return {V::load(flux + source[k] * stride), m}; }
    HWY_INLINE Params params(size_t k) const { return {V(w[k]), bias_current, alpha, beta, beta_out}; }
  };

  static HWY_INLINE void step(const WiredStep<R>& a, size_t lane) {
    const Source  source(a.edges.source);
    const Numbers n(a, lane);
    R* const      next_r1 = a.edges.next[1] + lane, * const next_r2 = a.edges.next[2] + lane;
    R* const      next_d  = a.keeps_output ? a.edges.next[0] + lane : nullptr;
    typename Source::Spot spots[2 * kEdges];
    for (size_t i = 0; i < a.targets; ++i) {
      const V m   = V::load(a.m + i * n.stride + lane);
      V       sum = zero<V>();
      for (size_t begin = a.first[i], end; begin < a.first[i + 1]; begin = end) {
        end = a.first[i + 1] - begin < kEdges ? a.first[i + 1] : begin + kEdges;
        auto* spot = spots;
        for (size_t k = begin; k < end; ++k)
          NoccEdge::step(n.state(k), n.ports(k, m), n.params(k), n.rates, Asking<Source>{source, spot});
        spot = spots;
        for (size_t k = begin; k < end; ++k) {
          const State s = NoccEdge::step(n.state(k), n.ports(k, m), n.params(k), n.rates, Answering<Source>{source, spot});
          s.r1.store(next_r1 + k * n.stride);
          s.r2.store(next_r2 + k * n.stride);
          if (next_d) s.d.store(next_d + k * n.stride);
          sum += s.d;
        }
      }
      sum.store(a.sum + i * n.stride + lane);
    }
  }

  static HWY_INLINE void pull(const WiredPull<R>& b, size_t lane) {
    const WiredStep<R>& a = b.step;
    const Source  source(a.edges.source);
    const Numbers n(a, lane);
    R* const      r1_bar = b.lambda[1] + lane, * const r2_bar = b.lambda[2] + lane;
    R* const      x_bar = b.x_bar ? b.x_bar + lane : nullptr, * const w_bar = b.params_bar[0];
    typename Source::Spot spots[2 * kEdges];
    auto          bars = Bars<NoccEdge, V>{};
    for (int i = 1; i < count_of<V, Params>(); ++i) item<V>(bars.p, i) = V::load(b.params_bar[i]);
    bars.dt = V::load(b.dt_bar + lane);
    alignas(64) R m_bar[kEdges * V::width];   // through memory: a product that is added from there is not fused
    for (size_t i = 0; i < a.targets; ++i) {
      const V m = V::load(a.m + i * n.stride + lane), sum_bar = V::load(b.sum_bar + i * n.stride + lane);
      V       m_sum = V::load(b.m_bar + i * n.stride + lane);
      for (size_t begin = a.first[i], end; begin < a.first[i + 1]; begin = end) {
        end = a.first[i + 1] - begin < kEdges ? a.first[i + 1] : begin + kEdges;
        auto* spot = spots;
        for (size_t k = begin; k < end; ++k) {
          // the step before is next
          __builtin_prefetch(n.r1 + k * n.stride - a.edges.slab.size(), 0, 2);
          __builtin_prefetch(n.r2 + k * n.stride - a.edges.slab.size(), 0, 2);
          Bars<NoccEdge, V> unused{};
          NoccEdge::pull(n.state(k), n.ports(k, m), n.params(k), n.rates, Asking<Source>{source, spot}, State{}, unused);
        }
        spot = spots;
        for (size_t k = begin; k < end; ++k) {
          const size_t at = k * n.stride;
          const State  lambda{sum_bar, V::load(r1_bar + at), V::load(r2_bar + at)};
          bars.p.w = V::load(w_bar + k * V::width);
          NoccEdge::pull(n.state(k), n.ports(k, m), n.params(k), n.rates, Answering<Source>{source, spot}, lambda, bars);
          bars.s.r1.store(r1_bar + at);
          bars.s.r2.store(r2_bar + at);
          if (x_bar) bars.in.x.store(x_bar + at);
          bars.in.m.store(m_bar + (k - begin) * V::width);
          bars.p.w.store(w_bar + k * V::width);
        }
        for (size_t k = 0; k < end - begin; ++k) m_sum += V::load(m_bar + k * V::width);
      }
      m_sum.store(b.m_bar + i * n.stride + lane);
    }
    for (int i = 1; i < count_of<V, Params>(); ++i) item<V>(bars.p, i).store(b.params_bar[i]);
    bars.dt.store(b.dt_bar + lane);
  }
};

template <class R>
void couple(const WiredStep<R>& a) {
  for (size_t i = 0; i < a.sources * a.edges.slab.stride; i += Lane<R>::width)
    (Lane<R>(a.coupling) * Lane<R>::load(a.x + i)).store(a.flux + i);
}
template <class R>
void wired_step(const WiredStep<R>& a) {
  couple(a);
  for (size_t lane = 0; lane < a.edges.slab.stride; lane += Lane<R>::width) NoccWalk<R>::step(a, lane);
}
template <class R>
void wired_pull(const WiredPull<R>& b) {
  couple(b.step);
  for (size_t lane = 0; lane < b.step.edges.slab.stride; lane += Lane<R>::width) NoccWalk<R>::pull(b, lane);
}

WiredKernels<float>  WiredFloat() { return {wired_step<float>, wired_pull<float>}; }
WiredKernels<double> WiredDouble() { return {wired_step<double>, wired_pull<double>}; }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(WiredFloat);
HWY_EXPORT(WiredDouble);

template <> WiredKernels<float> nocc_wired_kernels() {
  apply_isa_override();
  return HWY_DYNAMIC_DISPATCH(WiredFloat)();
}
template <> WiredKernels<double> nocc_wired_kernels() {
  apply_isa_override();
  return HWY_DYNAMIC_DISPATCH(WiredDouble)();
}
}  // namespace dynode
#endif
