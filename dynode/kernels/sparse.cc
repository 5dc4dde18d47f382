#include "dynode/kernels/sparse.h"

#include "dynode/kernels/isa.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/kernels/sparse.cc"
#include <hwy/foreach_target.h>
#include "dynode/kernels/lane-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// Rows of NV vectors of lanes.
template <int NV, class R>
void add_tiles(const Slab& out, const SparseRows& rows, const R* values, const R* source, R* to) {
  using V = Lane<R>;
  constexpr size_t stride = NV * V::width;
  for (size_t unit = 0; unit < out.units; ++unit) {
    V sum[NV];
    for (int j = 0; j < NV; ++j) sum[j] = V::load(to + unit * stride + j * V::width);
    for (size_t k = rows.begin[unit]; k < rows.begin[unit + 1]; ++k) {
      const V  value(values[k]);
      const R* s = source + rows.column[k] * stride;
      for (int j = 0; j < NV; ++j) sum[j] = fma(value, V::load(s + j * V::width), sum[j]);
    }
    for (int j = 0; j < NV; ++j) sum[j].store(to + unit * stride + j * V::width);
  }
}

template <class R>
void add(const Slab& out, const SparseRows& rows, const R* values, const R* source, size_t stride, R* to) {
  if (out.layout == Layout::tiles) {
    out.stride == 2 * Lane<R>::width ? add_tiles<2>(out, rows, values, source, to)
                                     : add_tiles<1>(out, rows, values, source, to);
    return;
  }
  // few rows: one number at a time, rounded as lanes are (plain * and + are, or are not, depending on the loop around)
  const hn::CappedTag<R, 1> d;
  for (size_t row = 0; row < out.rows; ++row)
    for (size_t unit = 0; unit < out.units; ++unit) {
      auto sum = hn::Set(d, to[row * out.stride + unit]);
      for (size_t k = rows.begin[unit]; k < rows.begin[unit + 1]; ++k)
        sum = hn::MulAdd(hn::Set(d, values[k]), hn::Set(d, source[row * stride + rows.column[k]]), sum);
      to[row * out.stride + unit] = hn::GetLane(sum);
    }
}

template <int NV, class R>
void gradient_tiles(const Slab& left, const SparseRows& rows, const Term<R>* terms, size_t count, R* sums) {
  using V = Lane<R>;
  constexpr size_t stride = NV * V::width;
  for (size_t unit = 0; unit < left.units; ++unit) {
    const size_t begin = rows.begin[unit], end = rows.begin[unit + 1];
    size_t k = begin;
    // four entries at a time share the loads of the adjoint
    for (; k + 4 <= end; k += 4) {
      V sum[4];
      for (int i = 0; i < 4; ++i) sum[i] = V::load(sums + (k + i) * V::width);
      for (size_t n = 0; n < count; ++n)
        for (int j = 0; j < NV; ++j) {
          const V bar = V::load(terms[n].left + unit * stride + j * V::width);
          for (int i = 0; i < 4; ++i)
            sum[i] = fma(bar, V::load(terms[n].right + rows.column[k + i] * stride + j * V::width), sum[i]);
        }
      for (int i = 0; i < 4; ++i) sum[i].store(sums + (k + i) * V::width);
    }
    for (; k < end; ++k) {
      V sum = V::load(sums + k * V::width);
      for (size_t n = 0; n < count; ++n)
        for (int j = 0; j < NV; ++j)
          sum = fma(V::load(terms[n].left + unit * stride + j * V::width),
                    V::load(terms[n].right + rows.column[k] * stride + j * V::width), sum);
      sum.store(sums + k * V::width);
    }
  }
}

template <class R>
void gradient(const Slab& left, const SparseRows& rows, const Term<R>* terms, size_t count, R* sums) {
  left.stride == 2 * Lane<R>::width ? gradient_tiles<2>(left, rows, terms, count, sums)
                                    : gradient_tiles<1>(left, rows, terms, count, sums);
}

SparseKernels<float>  SparseFloat() { return {add<float>, gradient<float>}; }
SparseKernels<double> SparseDouble() { return {add<double>, gradient<double>}; }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(SparseFloat);
HWY_EXPORT(SparseDouble);

template <> SparseKernels<float> sparse_kernels() {
  apply_isa_override();
  return HWY_DYNAMIC_DISPATCH(SparseFloat)();
}
template <> SparseKernels<double> sparse_kernels() {
  apply_isa_override();
  return HWY_DYNAMIC_DISPATCH(SparseDouble)();
}

}  // namespace dynode
#endif
