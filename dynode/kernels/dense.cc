// Dense products, packing, transposition and the doors between slabs and user arrays, for every instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/kernels/dense.cc"
#include <hwy/foreach_target.h>
#include <cstring>
#include "dynode/kernels/panel-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

// ---- products -------------------------------------------------------------------------------------------

template <class R>
void apply(const Slab& out, const Term<R>* terms, size_t count, const R* bias, R* to) {
  alignas(64) static constexpr R zeros[Lane<R>::width] = {};
  const FromBias<R> start = bias ? FromBias<R>{bias, 1} : FromBias<R>{zeros, 0};
  run_product(out, Product<R, FromBias<R>>{terms, count, to, start, out.stride, 0});
}

template <class R>
void add(const Slab& out, const Term<R>* terms, size_t count, R* to) {
  run_product(out, Product<R, FromThere>{terms, count, to, {}, out.stride, 0});
}

template <class R>
void gradient(const Slab& left, const Term<R>* terms, size_t count, size_t columns, size_t ld, R* w_bar) {
  const Product<R, FromThere> product{terms, count, w_bar, {}, left.stride, ld};
  const size_t vectors = left.layout == Layout::rows ? 0 : left.stride / Lane<R>::width;
  if (vectors == 0) run_gradient<0>(left, columns, product);
  if (vectors == 1) run_gradient<1>(left, columns, product);
  if (vectors == 2) run_gradient<2>(left, columns, product);
}

// ---- turning round --------------------------------------------------------------------------------------

/// Rows of a matrix for load4; rows from `rows` on are zeros.
template <class R>
struct RowsOrZeros {
  const R* from;
  size_t   stride, rows;

  HWY_INLINE const R* operator()(size_t row) const {
    alignas(64) static constexpr R zeros[16] = {};
    return row < rows ? from + row * stride : zeros;
  }
};
/// The same where all rows exist.
template <class R>
struct Rows {
  const R* from;
  size_t   stride;
  HWY_INLINE const R* operator()(size_t row) const { return from + row * stride; }
};

/// Four columns of the rows [0, width) of `from`, of which `rows` exist.
template <class R>
HWY_INLINE void load_columns(const R* from, size_t stride, size_t rows, Lane<R> (&column)[4]) {
  if (rows >= Lane<R>::width) load4<R>(Rows<R>{from, stride}, column);
  else                        load4<R>(RowsOrZeros<R>{from, stride, rows}, column);
}

template <class R>
void transpose(size_t units, size_t lanes, const R* from, size_t ld, R* to) {
  constexpr size_t W = Lane<R>::width;
  if (W == 1 || lanes % 4 != 0) {
    for (size_t unit = 0; unit < units; ++unit)
      for (size_t lane = 0; lane < lanes; ++lane) to[lane * ld + unit] = from[unit * lanes + lane];
    return;
  }
  for (size_t unit = 0; unit < units; unit += W)
    for (size_t lane = 0; lane < lanes; lane += 4) {
      Lane<R> column[4];
      load_columns(from + unit * lanes + lane, lanes, units - unit, column);
      for (size_t j = 0; j < 4; ++j) column[j].storeu(to + (lane + j) * ld + unit);
    }
}

// ---- packing --------------------------------------------------------------------------------------------

template <class R>
size_t packed_size(const Slab& out, size_t depth) {
  constexpr size_t W = Lane<R>::width, line = 64 / sizeof(R);
  const size_t units = out.layout == Layout::tiles ? out.units : out.stride;
  return (units * depth + W + line - 1) / line * line;     // whole vectors may be written past the last panel
}

/// Panel after panel, [source][unit of the panel]; units that only pad a vector get weight zero.
template <class R>
void pack(const Slab& out, size_t depth, const R* w, size_t w_unit, size_t w_source, R* packed) {
  using V = Lane<R>;
  constexpr size_t W = V::width;
  const bool   tiles = out.layout == Layout::tiles;
  const size_t most  = tiles ? kTileHeight[out.stride / W] : row_width(out.rows);
  const Pieces panels(tiles ? out.units : out.stride / W, most);

  for (size_t p = 0, first = 0; p < panels.count; ++p) {
    const size_t height = panels[p] * (tiles ? 1 : W);
    const size_t real   = first >= out.units ? 0 : height < out.units - first ? height : out.units - first;
    size_t k = 0;

    // whole vectors run over into the units of the next source: so sources ascend, and blocks of units descend
    if (W > 1 && w_source == 1) {
      // sources side by side: turned four at a time
      const size_t turned = depth / 4 * 4;
      for (size_t u = (height - 1) / W * W + W; u > 0 && turned > 0; u -= W)
        for (k = 0; k < turned; k += 4) {
          V column[4];
          const size_t block = u - W;
          load_columns(w + (first + block) * w_unit + k, w_unit, block < real ? real - block : 0, column);
          for (size_t j = 0; j < 4; ++j) column[j].storeu(packed + (k + j) * height + block);
        }
    } else if (W > 1 && w_unit == 1 && first + (height + W - 1) / W * W <= out.units) {
      // units side by side: copied
      for (; k < depth; ++k)
        for (size_t u = 0; u < height; u += W)
          V::loadu(w + first + u + k * w_source).storeu(packed + k * height + u);
    }

    // what is left one by one; padding gets zero
    for (; k < depth; ++k) {
      R* to = packed + k * height;
      for (size_t u = 0; u < real; ++u) to[u] = w[(first + u) * w_unit + k * w_source];
      for (size_t u = real; u < height; ++u) to[u] = R(0);
    }
    packed += height * depth;
    first += height;
  }
}

// ---- doors ----------------------------------------------------------------------------------------------

template <class R>
void from_rows(size_t rows, size_t units, const R* from, size_t from_stride, const Slab& slab, R* to) {
  using V = Lane<R>;
  if (slab.layout == Layout::rows) {
    for (size_t row = 0; row < slab.rows; ++row) {
      const size_t real = row < rows ? units : 0;
      if (real > 0) std::memcpy(to + row * slab.stride, from + row * from_stride, real * sizeof(R));
      std::memset(to + row * slab.stride + real, 0, (slab.stride - real) * sizeof(R));
    }
    return;
  }

  // four units of a vector of rows at a time
  const size_t lanes = slab.stride;
  size_t unit = 0;
  for (; unit + 4 <= units; unit += 4)
    for (size_t lane = 0; lane < lanes; lane += V::width) {
      V column[4];
      load_columns(from + lane * from_stride + unit, from_stride, lane < rows ? rows - lane : 0, column);
      for (size_t j = 0; j < 4; ++j) column[j].store(to + (unit + j) * lanes + lane);
    }

  // last units one by one: nothing behind the end of a row is ours to read
  for (; unit < units; ++unit)
    for (size_t lane = 0; lane < lanes; ++lane)
      to[unit * lanes + lane] = lane < rows ? from[lane * from_stride + unit] : R(0);
}

template <class R>
void to_rows(const Slab& slab, const R* from, size_t rows, size_t units, R* to, size_t to_stride) {
  using V = Lane<R>;
  constexpr size_t W = V::width;
  if (slab.layout == Layout::rows) {
    for (size_t row = 0; row < rows; ++row)
      std::memcpy(to + row * to_stride, from + row * slab.stride, units * sizeof(R));
    return;
  }

  // a vector of units of four rows at a time
  const size_t lanes = slab.stride, turned = W > 1 && lanes % 4 == 0 ? units / W * W : 0;
  for (size_t unit = 0; unit < turned; unit += W)
    for (size_t lane = 0; lane < rows; lane += 4) {
      V column[4];
      load_columns(from + unit * lanes + lane, lanes, W, column);
      for (size_t j = 0; j < 4 && lane + j < rows; ++j) column[j].storeu(to + (lane + j) * to_stride + unit);
    }

  // last units one by one
  for (size_t unit = turned; unit < units; ++unit)
    for (size_t row = 0; row < rows; ++row) to[row * to_stride + unit] = from[unit * lanes + row];
}

// ---- small ones -----------------------------------------------------------------------------------------

template <class R>
void axpy(size_t size, R a, const R* x, R* y) {
  using V = Lane<R>;
  for (size_t i = 0; i < size; i += V::width) fma(V(a), V::load(x + i), V::load(y + i)).store(y + i);
}

template <class R>
double spin(size_t n) {
  using V = Lane<R>;
  V acc[12];                                    // enough to hide latency, few enough for 16 registers
  for (int i = 0; i < 12; ++i) acc[i] = V(R(i));
  const V a(R(0.999)), b(R(0.001));
  for (; n > 0; --n)
#pragma GCC unroll 2
    for (int twice = 0; twice < 2; ++twice)
#pragma GCC unroll 16
      for (int i = 0; i < 12; ++i) acc[i] = fma(acc[i], a, b);
  for (int i = 1; i < 12; ++i) acc[0] += acc[i];
  return double(acc[0].first());
}

template <class R>
DenseKernels<R> kernels() {
  return {Lane<R>::width, packed_size<R>, pack<R>, apply<R>, add<R>, gradient<R>, transpose<R>, from_rows<R>,
          to_rows<R>, axpy<R>, spin<R>};
}
DenseKernels<float>  FloatKernels() { return kernels<float>(); }
DenseKernels<double> DoubleKernels() { return kernels<double>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "dynode/kernels/isa.h"

namespace dynode {
HWY_EXPORT(FloatKernels);
HWY_EXPORT(DoubleKernels);

template <>
DenseKernels<float> dense_kernels() {
  apply_isa_override();
  return HWY_DYNAMIC_DISPATCH(FloatKernels)();
}
template <>
DenseKernels<double> dense_kernels() {
  apply_isa_override();
  return HWY_DYNAMIC_DISPATCH(DoubleKernels)();
}
}  // namespace dynode
#endif
