// Layer normalisation over the units of a layer:  y = gain n + offset   n = (x − mean) r   r = 1/√(variance + ε)
// adjoint, λ = ∂L/∂y:  n̄ = gain λ   x̄ = r (n̄ − mean n̄ − n mean(n n̄))   gain‾ = n λ   offset‾ = λ      no state of its own
// Source: Ba, Kiros & Hinton 2016, Layer normalization.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/layer_norm.cc"
#include <hwy/foreach_target.h>
#include <algorithm>
#include "dynode/cells/column-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <Layout layout, class R>
struct Normal : Column<layout, R> {
  using V    = Lane<R>;
  using Base = Column<layout, R>;
  using Base::at, Base::number, Base::parameter, Base::stride, Base::tiles, Base::units, Base::vectors;

  struct Moments {
    V mean, r;
  };
  HWY_INLINE Moments moments(const R* x, R epsilon) const {
    // relative to the first unit, so that equal numbers deviate by nothing
    const V first = number(x, 0);
    V       sum = zero<V>(), squares = zero<V>();
    for (size_t u = 0; u < units; ++u) sum += number(x, u) - first;
    const V mean = fma(sum, V(R(1) / R(units)), first);
    for (size_t u = 0; u < units; ++u) {
      const V d = number(x, u) - mean;
      squares   = fma(d, d, squares);
    }
    return {mean, one<V>() / sqrt(fma(squares, V(R(1) / R(units)), V(epsilon)))};
  }

  HWY_INLINE void step(const R* x, const R* gain, const R* offset, R epsilon, R* y) const {
    const Moments m = moments(x, epsilon);
    for (size_t v = 0; v < vectors(); ++v)
      fma(parameter(gain, v), (V::load(x + at(v)) - m.mean) * m.r, parameter(offset, v)).store(y + at(v));
    if constexpr (!tiles) std::fill(y + units, y + stride, R(0));
  }

  HWY_INLINE void pull(const R* x, const R* gain, R epsilon, R* lambda, R* x_bar, R* gain_bar, R* offset_bar) const {
    const Moments m   = moments(x, epsilon);
    V             sum = zero<V>(), along = zero<V>();
    for (size_t u = 0; u < units; ++u) {
      const V n_bar = V(gain[u]) * number(lambda, u);
      sum += n_bar;
      along = fma((number(x, u) - m.mean) * m.r, n_bar, along);
    }
    sum *= V(R(1) / R(units)), along *= V(R(1) / R(units));
    for (size_t v = 0; v < vectors(); ++v) {
      const V l = V::load(lambda + at(v)), n = (V::load(x + at(v)) - m.mean) * m.r;
      fma(n, l, V::load(gain_bar + v * V::width)).store(gain_bar + v * V::width);
      (l + V::load(offset_bar + v * V::width)).store(offset_bar + v * V::width);
      (m.r * (parameter(gain, v) * l - sum - n * along)).store(x_bar + at(v));
      zero<V>().store(lambda + at(v));
    }
    if constexpr (!tiles) std::fill(x_bar + units, x_bar + stride, R(0));
  }
};

template <class R>
void layer_norm_step(const StepArgs<R>& a) {
  each_column<Normal, R>(a.slab, [&](const auto& column, size_t at) HWY_ATTR {
    column.step(a.drive[0] + at, a.params[0], a.params[1], R(a.settings.numbers[0]), a.next[0] + at);
  });
}

template <class R>
void layer_norm_pull(const PullArgs<R>& b) {
  const StepArgs<R>& a = b.step;
  each_column<Normal, R>(a.slab, [&](const auto& column, size_t at) HWY_ATTR {
    column.pull(a.drive[0] + at, a.params[0], R(a.settings.numbers[0]), b.lambda[0] + at, b.drive_bar[0] + at,
                b.params_bar[0], b.params_bar[1]);
  });
}

/// Duals follow one unit at a time, so there is no second adjoint: differences of the step judge the only one.
template <class R>
StepKernels<R> layer_norm_kernels() {
  return {layer_norm_step<R>, layer_norm_pull<R>, layer_norm_pull<R>, nullptr, nullptr, nullptr};
}

CellKernels LayerNormKernels() { return {layer_norm_kernels<float>(), layer_norm_kernels<double>()}; }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(LayerNormKernels);

CellEntry layer_norm() {
  return {.name          = "LayerNorm",
          .summary       = "what it receives with mean 0 and deviation 1 over its units, times a gain, plus an offset",
          .params        = {{.name = "gain", .value = 1.0, .help = "factor on each unit"},
                            {.name = "offset", .value = 0.0, .help = "added to each unit"}},
          .states        = {{.name = "s", .memoryless = true}},
          .ports         = {"x"},
          .static_map    = true,
          .couples_units = true,
          .settings = {{.name = "epsilon", .value = 1e-5, .min = 1e-12, .max = 1, .help = "added to the variance"}},
          .kernels  = [](int) { return HWY_DYNAMIC_DISPATCH(LayerNormKernels)(); }};
}
}  // namespace dynode
#endif
