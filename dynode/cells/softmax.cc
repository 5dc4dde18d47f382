// Softmax over the units of a layer:  p = exp(β φ − top) / Σ exp(β φ − top)   top = max β φ        no state of its own
// adjoint, λ = ∂L/∂p:  φ̄ = β d   β̄ = φ d   d = p (λ − Σ λ p)
//
// Units of a row depend on each other. Sums run over them one by one, so that a row has the same bits in both layouts.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/softmax.cc"
#include <hwy/foreach_target.h>
#include <algorithm>
#include "dynode/cells/cell.h"
#include "dynode/kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// The units of one row (rows), or of a vector of rows at a time (tiles).
template <Layout layout, class R>
struct Column {
  using V = Lane<R>;
  static constexpr bool tiles = layout == Layout::tiles;
  size_t units, stride;

  /// A unit's number: that of each row in tiles, the same in all lanes in rows.
  HWY_INLINE V number(const R* x, size_t unit) const {
    if constexpr (tiles) return V::load(x + unit * stride); else return V(x[unit]);
  }

  // all numbers, vector by vector
  HWY_INLINE size_t vectors() const { return tiles ? units : stride / V::width; }
  HWY_INLINE size_t at(size_t vector) const { return vector * (tiles ? stride : V::width); }
  HWY_INLINE V      parameter(const R* x, size_t vector) const {
    if constexpr (tiles) return V(x[vector]); else return V::load(x + vector * V::width);
  }

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

/// Calls visit(column, offset of its first number) for all rows.
template <class R, class Visit>
HWY_INLINE void each_column(const Slab& s, const Visit& visit) {
  if (s.layout == Layout::tiles)
    for (size_t m = 0; m < s.stride; m += Lane<R>::width) visit(Column<Layout::tiles, R>{s.units, s.stride}, m);
  else
    for (size_t row = 0; row < s.rows; ++row) visit(Column<Layout::rows, R>{s.units, s.stride}, row * s.stride);
}

template <class R>
void softmax_step(const StepArgs<R>& a) {
  each_column<R>(a.slab, [&](const auto& column, size_t at) HWY_ATTR {
    column.step(a.drive[0] + at, a.params[0], a.next[0] + at);
  });
}

template <class R>
void softmax_pull(const PullArgs<R>& b) {
  const StepArgs<R>& a = b.step;
  each_column<R>(a.slab, [&](const auto& column, size_t at) HWY_ATTR {
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
