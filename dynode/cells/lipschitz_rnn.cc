// Lipschitz RNN, whose recurrent matrices are more antisymmetric than symmetric:  one step of Euler's method
//   LipschitzRNN       h′ = h + t (a + tanh(x))         a = A h, x gathers U u + b and W h    t: the time of the step
//   LipschitzProduct   s = A h = (1 − β)(M + Mᵀ) h + β (M − Mᵀ) h − γ h = M h + κ Mᵀ h − γ h      κ = 1 − 2 β
//                      M: numbers of its synapses j → i
// adjoint of the product:  h̄ = Mᵀ λ + κ M λ − γ λ   M̄_ij = λ_i h_j + κ λ_j h_i   γ̄_i = −λ_i h_i
// plan/compile_equations.cc puts them together.
// Source: Erichson et al. 2021, Lipschitz recurrent neural networks.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/lipschitz_rnn.cc"
#include <hwy/foreach_target.h>
#include <algorithm>
#include "dynode/cells/column-inl.h"
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct LipschitzRnn {
  template <class V> struct State  { V h; };
  template <class V> struct Ports  { V x, a; };
  template <class V> struct Params {};

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>&, const V& t, const F&) {
    return {fma(t, in.a + tanh(in.x), s.h)};
  }

  template <class V, class F>
  static HWY_INLINE void pull(const Values<LipschitzRnn, V>& v, const F&, const State<V>& lambda,
                              Bars<LipschitzRnn, V>& bars) {
    const V y = tanh(v.in.x), moved = v.dt * lambda.h;
    bars.s.h  = lambda.h;
    bars.in.a = moved;
    bars.in.x = (one<V>() - y * y) * moved;
    bars.dt += (v.in.a + y) * lambda.h;
  }
};

template <Layout layout, class R>
struct TwoWays : Column<layout, R> {
  using V    = Lane<R>;
  using Base = Column<layout, R>;
  using Base::at, Base::number, Base::parameter, Base::stride, Base::tiles, Base::units, Base::vectors;

  HWY_INLINE void add(R* to, size_t unit, V factor, V x) const {
    const V sum = fma(factor, x, number(to, unit));
    if constexpr (tiles) sum.store(to + unit * stride);
    else to[unit] = sum.first();
  }

  /// to = M x + κ Mᵀ x − γ x; the adjoint is the same with the two factors of M swapped.
  HWY_INLINE void multiply(const SparseRows& synapses, const R* gamma, const R* m, R there, R back, const R* x,
                           R* to) const {
    for (size_t v = 0; v < vectors(); ++v) (-parameter(gamma, v) * V::load(x + at(v))).store(to + at(v));
    for (size_t j = 0; j < units; ++j)
      for (size_t k = synapses.begin[j]; k < synapses.begin[j + 1]; ++k) {
        const size_t i = synapses.column[k];
        add(to, i, V(there) * V(m[k]), number(x, j));
        add(to, j, V(back) * V(m[k]), number(x, i));
      }
  }

  /// @param m_bar  += [synapses][width]
  HWY_INLINE void pull_weights(const SparseRows& synapses, R kappa, const R* lambda, const R* x, R* gamma_bar,
                               R* m_bar) const {
    for (size_t v = 0; v < vectors(); ++v) {
      R* to = gamma_bar + v * V::width;
      (V::load(to) - V::load(lambda + at(v)) * V::load(x + at(v))).store(to);
    }
    for (size_t j = 0; j < units; ++j)
      for (size_t k = synapses.begin[j]; k < synapses.begin[j + 1]; ++k) {
        const size_t i  = synapses.column[k];
        R*           to = m_bar + k * V::width;
        const V both = fma(number(lambda, i), number(x, j), V(kappa) * number(lambda, j) * number(x, i));
        if constexpr (tiles) (V::load(to) + both).store(to);
        else to[0] += both.first();
      }
  }
};

template <class R>
R kappa_of(const StepArgs<R>& a) { return R(1 - 2 * a.settings.numbers[0]); }

template <class R>
void product_step(const StepArgs<R>& a) {
  each_column<TwoWays, R>(a.slab, [&](const auto& column, size_t at) HWY_ATTR {
    column.multiply(*a.settings.synapses, a.params[0], a.params[1], R(1), kappa_of(a), a.drive[0] + at, a.next[0] + at);
  });
}

template <class R>
void product_pull(const PullArgs<R>& b) {
  const StepArgs<R>& a = b.step;
  each_column<TwoWays, R>(a.slab, [&](const auto& column, size_t at) HWY_ATTR {
    column.multiply(*a.settings.synapses, a.params[0], a.params[1], kappa_of(a), R(1), b.lambda[0] + at,
                    b.drive_bar[0] + at);
    column.pull_weights(*a.settings.synapses, kappa_of(a), b.lambda[0] + at, a.drive[0] + at, b.params_bar[0],
                        b.params_bar[1]);
  });
  std::fill_n(b.lambda[0], a.slab.size(), R(0));
}

/// Duals follow one unit at a time, so there is no second adjoint: differences of the step judge the only one.
template <class R>
StepKernels<R> product_kernels() {
  return {product_step<R>, product_pull<R>, product_pull<R>, nullptr, nullptr, nullptr};
}

CellKernels LipschitzProductKernels() { return {product_kernels<float>(), product_kernels<double>()}; }
CellKernels LipschitzRnnKernels() { return pointwise_kernels<LipschitzRnn>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(LipschitzProductKernels);
HWY_EXPORT(LipschitzRnnKernels);

namespace {

SettingFacts beta() {
  return {.name = "beta", .value = 0.75, .min = 0.5, .max = 1,
          .help = "share of the antisymmetric part of the recurrent matrices; the rest is symmetric"};
}

}  // namespace

CellEntry lipschitz_rnn() {
  return {.name = "LipschitzRNN",
          .summary = "rate units with recurrent matrices that are mostly antisymmetric",
          .states = {{.name = "h"}},
          .ports = {"x", "a"},
          .dt = 1,
          .scales_with_dt = true,
          .settings = {beta()},
          .takes_sources = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(LipschitzRnnKernels)(); }};
}

CellEntry lipschitz_product() {
  return {.name = "LipschitzProduct",
          .summary = "product with a matrix, plus a share of that with its transpose",
          .params = {{.name = "gamma", .value = 0.001, .min = 0, .help = "subtracted from the diagonal", .learn = false},
                     {.name = "m", .value = 0.1, .help = "the matrix", .per_synapse = true}},
          .states = {{.name = "s", .memoryless = true}},
          .ports = {"h"},
          .internal = true,
          .static_map = true,
          .couples_units = true,
          .settings = {beta()},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(LipschitzProductKernels)(); }};
}
}  // namespace dynode
#endif
