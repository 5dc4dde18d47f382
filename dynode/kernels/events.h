// Spikes on slabs: which units fired, and adding their outgoing weights where they arrive.
//
//   to[column[k]] += values[k]      k = begin[unit] … begin[unit + 1] − 1, for every unit that fired
//
// The work is proportional to spikes, not to units. Units come in ascending order and each list in its own, so sums
// have one order whatever the layout.
#pragma once
#include <cstdint>

#include "dynode/kernels/sparse.h"

namespace dynode {

template <class R>
struct EventKernels {
  /// Units of one row whose number is not 0, ascending. @param fired  room for slab.units @return how many
  size_t (*find)(const Slab& slab, size_t row, const R* s, uint32_t* fired);

  /// Adds the lists of `count` units that fired to one row of a slab.
  /// @param lists  source by source: begin [sources + 1], column: target units, each at most once in a list
  void (*add)(const Slab& out, size_t row, const SparseRows& lists, const R* values, const uint32_t* fired,
              size_t count, R* to);
};

/// The kernels for this processor.
template <class R> EventKernels<R> event_kernels();
template <> EventKernels<float>  event_kernels();
template <> EventKernels<double> event_kernels();

}  // namespace dynode
