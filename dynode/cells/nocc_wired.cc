#include "dynode/cells/nocc_wired.h"

#include "dynode/kernels/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/nocc_wired.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/nocc-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// Edges whose lookups are done together.
inline constexpr size_t kEdgeBlock = 16;

/// All edges, of tiles of NV vectors.
template <int NV, class R>
struct NoccWalk {
  using V      = Lane<R>;
  using Source = RateArraySource<R>;
  using Ports  = NoccEdge::Ports<V>;
  using Params = NoccEdge::Params<V>;
  using State  = NoccEdge::State<V>;
  static constexpr size_t stride = NV * V::width;

  /// What a step reads of its vector, in registers: writes to memory might change anything, for all a compiler knows.
  struct Numbers {
    const R *       w, *r1, *r2, *flux;
    const uint32_t* source;
    V               bias_current, alpha, beta, beta_out;
    NoccEdge::Rates<V> rates;

    HWY_INLINE Numbers(const WiredStep<R>& a, size_t lane)
        : w(a.edges.params[0]), r1(a.edges.state[1] + lane), r2(a.edges.state[2] + lane), flux(a.flux + lane),
          source(a.source), bias_current(a.edges.params[1][0]), alpha(a.edges.params[2][0]),
          beta(a.edges.params[3][0]), beta_out(a.edges.params[4][0]),
          rates(NoccEdge::rates(params(0), V::load(a.edges.dt + lane))) {}

    HWY_INLINE State  state(size_t k) const { return {zero<V>(), V::load(r1 + k * stride), V::load(r2 + k * stride)}; }
    HWY_INLINE Ports  ports(size_t k, const V& m) const { return {V::load(flux + source[k] * stride), m}; }
    HWY_INLINE Params params(size_t k) const { return {V(w[k]), bias_current, alpha, beta, beta_out}; }

    /// Of edge k, its target's current being m.
    template <class F>
    HWY_INLINE State step(size_t k, const V& m, const F& f) const {
      return NoccEdge::step(state(k), ports(k, m), params(k), rates, f);
    }
    template <class F>
    HWY_INLINE void pull(size_t k, const V& m, const F& f, const State& lambda, Bars<NoccEdge, V>& bars) const {
      NoccEdge::pull(state(k), ports(k, m), params(k), rates, f, lambda, bars);
    }
  };

  static HWY_INLINE void step(const WiredStep<R>& a) {
    const Source  source(a.edges.source);
    const Numbers numbers[2] = {{a, 0}, {a, stride - V::width}};
    R* const      next_r1 = a.edges.next[1], * const next_r2 = a.edges.next[2];
    R* const      next_d  = a.keeps_output ? a.edges.next[0] : nullptr;
    typename Source::Spot spots[2 * kEdgeBlock];
    for (size_t i = 0; i < a.targets; ++i) {
      V sum[2] = {zero<V>(), zero<V>()};
      for (size_t begin = a.first[i], end; begin < a.first[i + 1]; begin = end) {
        end = a.first[i + 1] - begin < kEdgeBlock ? a.first[i + 1] : begin + kEdgeBlock;
        for (int j = 0; j < NV; ++j) {
          const Numbers& n    = numbers[j];
          const size_t   lane = size_t(j) * V::width;
          const V        m    = V::load(a.m + i * stride + lane);
          auto*          spot = spots;
          for (size_t k = begin; k < end; ++k) n.step(k, m, Asking<Source>{source, spot});
          spot = spots;
          for (size_t k = begin; k < end; ++k) {
            const State  s  = n.step(k, m, Answering<Source>{source, spot});
            const size_t at = k * stride + lane;
            s.r1.store(next_r1 + at);
            s.r2.store(next_r2 + at);
            if (next_d) s.d.store(next_d + at);
            sum[j] += s.d;
          }
        }
      }
      for (int j = 0; j < NV; ++j) sum[j].store(a.sum + i * stride + size_t(j) * V::width);
    }
  }

  static HWY_INLINE void pull(const WiredPull<R>& b) {
    const WiredStep<R>& a = b.step;
    const Source  source(a.edges.source);
    const Numbers numbers[2] = {{a, 0}, {a, stride - V::width}};
    R* const      r1_bar = b.lambda[1], * const r2_bar = b.lambda[2];
    R* const      w_bar = b.params_bar[0], * const x_bar = b.x_bar;
    typename Source::Spot spots[2 * kEdgeBlock];
    alignas(64) R m_bar[kEdgeBlock * V::width];   // through memory: a product that is added from there is not fused
    Bars<NoccEdge, V> bars{};
    V                 dt_bar[2];
    for (int i = 1; i < count_of<V, Params>(); ++i) item<V>(bars.p, i) = V::load(b.params_bar[i]);
    for (int j = 0; j < NV; ++j) dt_bar[j] = V::load(b.dt_bar + size_t(j) * V::width);
    for (size_t i = 0; i < a.targets; ++i) {
      for (size_t begin = a.first[i], end; begin < a.first[i + 1]; begin = end) {
        end = a.first[i + 1] - begin < kEdgeBlock ? a.first[i + 1] : begin + kEdgeBlock;
        for (int j = 0; j < NV; ++j) {
          const Numbers& n    = numbers[j];
          const size_t   lane = size_t(j) * V::width, own = i * stride + lane;
          const V        m = V::load(a.m + own), sum_bar = V::load(b.sum_bar + own);
          auto*          spot = spots;
          for (size_t k = begin; k < end; ++k) {
            // the step before is next
            __builtin_prefetch(n.r1 + k * stride - a.edges.slab.size(), 0, 2);
            __builtin_prefetch(n.r2 + k * stride - a.edges.slab.size(), 0, 2);
            Bars<NoccEdge, V> unused{};
            n.pull(k, m, Asking<Source>{source, spot}, {}, unused);
          }
          spot    = spots;
          bars.dt = dt_bar[j];
          for (size_t k = begin; k < end; ++k) {
            const size_t at = k * stride + lane;
            const State  lambda{sum_bar, V::load(r1_bar + at), V::load(r2_bar + at)};
            bars.p.w = V::load(w_bar + k * V::width);
            n.pull(k, m, Answering<Source>{source, spot}, lambda, bars);
            bars.s.r1.store(r1_bar + at);
            bars.s.r2.store(r2_bar + at);
            if (x_bar) bars.in.x.store(x_bar + at);
            bars.in.m.store(m_bar + (k - begin) * V::width);
            bars.p.w.store(w_bar + k * V::width);
          }
          dt_bar[j] = bars.dt;
          V m_sum = V::load(b.m_bar + own);
          for (size_t k = 0; k < end - begin; ++k) m_sum += V::load(m_bar + k * V::width);
          m_sum.store(b.m_bar + own);
        }
      }
    }
    for (int i = 1; i < count_of<V, Params>(); ++i) item<V>(bars.p, i).store(b.params_bar[i]);
    for (int j = 0; j < NV; ++j) dt_bar[j].store(b.dt_bar + size_t(j) * V::width);
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
  a.edges.slab.stride == Lane<R>::width ? NoccWalk<1, R>::step(a) : NoccWalk<2, R>::step(a);
}
template <class R>
void wired_pull(const WiredPull<R>& b) {
  couple(b.step);
  b.step.edges.slab.stride == Lane<R>::width ? NoccWalk<1, R>::pull(b) : NoccWalk<2, R>::pull(b);
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
