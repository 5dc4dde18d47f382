// Sparse products on slabs: rows of a matrix as lists of (column, value), without the zeros.
//
//   to[unit] += Σ_k values[k] · source[column[k]]        k = begin[unit] … begin[unit + 1] − 1
//
// Weights are broadcast over the lanes of a tile, so nothing is gathered. Sums start from what is there and run over
// ascending columns: the bits are those of the dense product with zeros in between.
#pragma once
#include <cstdint>

#include "dynode/kernels/dense.h"

namespace dynode {

/// Which entries of a matrix [units][sources] exist.
struct SparseRows {
  const uint32_t* begin;    // [units + 1]
  const uint32_t* column;   // [begin[units]], ascending within a row
};

template <class R>
struct SparseKernels {
  /// to += values · source.
  /// @param stride  of the source slab
  void (*add)(const Slab& out, const SparseRows& rows, const R* values, const R* source, size_t stride, R* to);

  /// Gradient by the values, of tiles: sums[k][lane] += Σ over terms, in the order given, of left[unit] · right[column],
  /// lanes of one vector kept apart (fold them at the end). Of a term, left is the adjoint slab of the targets and
  /// right the slab of the sources; depth and stride are not looked at.
  void (*gradient)(const Slab& left, const SparseRows& rows, const Term<R>* terms, size_t count, R* sums);
};

/// The kernels for this processor.
template <class R> SparseKernels<R> sparse_kernels();
template <> SparseKernels<float>  sparse_kernels();
template <> SparseKernels<double> sparse_kernels();

}  // namespace dynode
