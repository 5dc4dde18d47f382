// Softmax over the units of a layer:  p = exp(β φ − top) / Σ exp(β φ − top)   top = max β φ        no state of its own
// adjoint, λ = ∂L/∂p:  φ̄ = β d   β̄ = φ d   d = p (λ − Σ λ p)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/softmax.cc"
#include <hwy/foreach_target.h>
#include <algorithm>
#include "dynode/cells/column-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <Layout layout, class R>
struct Shares : Column<layout, R> {
  using V = Lane<R>;
  using Base = Column<layout, R>;
  using Base::at, Base::number, Base::parameter, Base::stride, Base::tiles, Base::units, Base::vectors;

  HWY_INLINE void step(const R* phi, const R* beta, R* p) const {
    V top = V(beta[0]) * number(phi, 0);
    for (size_t u = 1; u < units; ++u) top = max(top, V(beta[u]) * number(phi, u));
    for (size_t v = 0; v < vectors(); ++v) exp(fma(parameter(beta, v), V::load(phi + at(v)), -top)).store(p + at(v));

    V sum = zero<V>();
    for (size_t u = 0; u < units; ++u) sum += number(p, u);
    const V share = one<V>() / sum;
    for (size_t v = 0; v < vectors(); ++v) (share * V::load(p + at(v))).store(p + at(v));
    if constexpr (!tiles) std::fill(p + units, p + stride, R(0));   // padding is nobody's share
  }

  HWY_INLINE void pull(const R* phi, const R* beta, const R* p, R* lambda, R* phi_bar, R* beta_bar) const {
    V mean = zero<V>();
    for (size_t u = 0; u < units; ++u) mean = fma(number(lambda, u), number(p, u), mean);
    for (size_t v = 0; v < vectors(); ++v) {
      const V d = V::load(p + at(v)) * (V::load(lambda + at(v)) - mean);
      (parameter(beta, v) * d).store(phi_bar + at(v));
      fma(V::load(phi + at(v)), d, V::load(beta_bar + v * V::width)).store(beta_bar + v * V::width);
      zero<V>().store(lambda + at(v));
    }
  }
};

template <class R>
void softmax_step(const StepArgs<R>& a) {
  each_column<Shares, R>(a.slab, [&](const auto& column, size_t at) HWY_ATTR {
    column.step(a.drive[0] + at, a.params[0], a.next[0] + at);
  });
}

template <class R>
void softmax_pull(const PullArgs<R>& b) {
  const StepArgs<R>& a = b.step;
  each_column<Shares, R>(a.slab, [&](const auto& column, size_t at) HWY_ATTR {
    column.pull(a.drive[0] + at, a.params[0], a.next[0] + at, b.lambda[0] + at, b.drive_bar[0] + at, b.params_bar[0]);
  });
}

template <class R>
void softmax_observe(const StepArgs<R>& a, R* const* out) {
  std::copy_n(a.drive[0], a.slab.size(), out[0]);
}

/// Duals follow one unit at a time, so there is no second adjoint: differences of the step judge the only one.
template <class R>
StepKernels<R> softmax_kernels() {
  return {softmax_step<R>, softmax_pull<R>, softmax_pull<R>, nullptr, nullptr, softmax_observe<R>};
}

CellKernels SoftmaxKernels() { return {softmax_kernels<float>(), softmax_kernels<double>()}; }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(SoftmaxKernels);

CellEntry softmax() {
  return {.name = "Softmax",
          .summary = "shares of the units of a layer, all positive, 1 in sum",
          .params = {{.name = "beta", .value = 1.0, .min = 0.01, .help = "sharpness: factor on what arrives"}},
          .states = {{.name = "s", .help = "share", .memoryless = true}},
          .ports = {"phi"},
          .static_map = true,
          .couples_units = true,
          .observables = {"phi"},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(SoftmaxKernels)(); }};
}
}  // namespace dynode
#endif
