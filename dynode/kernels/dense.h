// Dense products on slabs, and how a slab (all numbers of one layer at one step) lies in memory.
//
//   tiles   [unit][stride]   stride = rows of the batch as lanes, one or two vectors; units are never padded
//   rows    [row][stride]    stride = units, padded to whole vectors; for less than a vector of rows
//
// Weights are packed once per change, into panels that the kernels read front to back. Every sum runs over its terms
// and sources in the same order in both layouts, so a row has the same bits alone and in any batch.
// All buffers lie on 64-byte boundaries (base/buffer.h) unless a kernel says otherwise.
#pragma once
#include <cstddef>

namespace dynode {

enum class Layout { tiles, rows };

/// Shape of a slab. In `tiles` the rows of the batch are the lanes, so `rows` equals `stride`.
struct Slab {
  Layout layout;
  size_t units, rows, stride;

  size_t size() const { return layout == Layout::tiles ? units * stride : rows * stride; }
};

/// One product of a sum of products. A slab gathers all its connections in one call, in registers.
template <class R>
struct Term {
  const R* left;    // packed weights (apply, add), or the adjoint of a drive (gradient)
  const R* right;   // the source slab, or its turned form (gradient in tiles)
  size_t   depth;   // length of the sum; 0 leaves the term out
  size_t   stride;  // of the source
};

template <class R>
struct DenseKernels {
  size_t width;   // numbers per vector

  /// Numbers that `pack` writes for a product into `out` from `depth` sources.
  size_t (*packed_size)(const Slab& out, size_t depth);

  /// Packs weights w[unit·w_unit + source·w_source] for products into slabs of this layout, units, rows and stride;
  /// swap the two steps to pack the transpose. `packed` holds packed_size(out, depth) numbers.
  void (*pack)(const Slab& out, size_t depth, const R* w, size_t w_unit, size_t w_source, R* packed);

  /// out[unit] = bias[unit] + Σ terms. bias: [units padded to whole vectors], null for zero.
  /// The accumulators start from the bias. Padding units of rows get their bias.
  void (*apply)(const Slab& out, const Term<R>* terms, size_t count, const R* bias, R* to);

  /// out += Σ terms; the accumulators start from what is there.
  void (*add)(const Slab& out, const Term<R>* terms, size_t count, R* to);

  /// Weight gradient: w_bar [units][ld] += Σ over terms, in the order given, of left ⊗ right. The accumulators start
  /// from w_bar, so cutting the list of terms into chunks leaves the same bits.
  ///   tiles  left: drive adjoint [unit][lanes]; right: turned source [lane][term.stride], unaligned; depth = lanes
  ///   rows   left: [row][left.stride]; right: [row][term.stride], 0 for the same row again; depth = rows, ascending
  /// Writes up to `columns` rounded up to whole vectors (as far as right is read), so ld is at least that; w_bar and
  /// ld are multiples of a vector. Columns past `columns` get what the padding of right gives: zeros stay zeros.
  void (*gradient)(const Slab& left, const Term<R>* terms, size_t count, size_t columns, size_t ld, R* w_bar);

  /// to [lane][ld] = from [unit][lanes]. Writes units rounded up to whole vectors: ld (and the end of `to`) leave room.
  void (*transpose)(size_t units, size_t lanes, const R* from, size_t ld, R* to);

  /// User rows [row][unit], `from_stride` numbers apart, unaligned → slab, rows ≤ slab.rows; padding becomes zero.
  void (*from_rows)(size_t rows, size_t units, const R* from, size_t from_stride, const Slab& slab, R* to);

  /// Slab → user rows [row][unit], `to_stride` numbers apart, unaligned; writes nothing beyond `units` of a row.
  void (*to_rows)(const Slab& slab, const R* from, size_t rows, size_t units, R* to, size_t to_stride);

  /// y += a·x. size: rounded up to whole vectors.
  void (*axpy)(size_t size, R a, const R* x, R* y);

  /// Runs n·24 independent multiply-adds on vectors: the calibration of every benchmark.
  double (*spin)(size_t n);
};

/// The kernels for this processor.
template <class R> DenseKernels<R> dense_kernels();
template <> DenseKernels<float>  dense_kernels();
template <> DenseKernels<double> dense_kernels();

}  // namespace dynode
