// All edges of a NOCC connection in one walk, target by target. As a layer of its own an edge reads its source, the
// current of its target and the adjoint of that from lists as long as the edges, and hands its results on likewise;
// here they come and go through registers. The formulas, and the bits of every row, are the same.
//
// For tiles, RateArray, and parameters that are alike for all edges except the weight.
#pragma once
#include "dynode/cells/cell.h"

namespace dynode {

template <class R>
struct WiredStep {
  StepArgs<R>     edges;      // ports are not looked at, nor is d written unless keeps_output
  const uint32_t* first;      // [targets + 1] first edge of each target
  const uint32_t* source;     // [edges]
  R               coupling;   // of sources into edges
  size_t          sources, targets;
  const R*        x;          // slab of the sources
  const R*        m;          // slab of the targets' currents
  R*              sum;        // out: what the edges drive into each target; not in a pull
  R*              flux;       // scratch [sources][lanes]
  bool            keeps_output;
};

template <class R>
struct WiredPull {
  WiredStep<R> step;
  R* const*    lambda;     // of the edges, as in PullArgs; that of d is not looked at …
  const R*     sum_bar;    // … but this is, the adjoint of `sum`
  R*           m_bar;      // += slab of the targets
  R*           x_bar;      // out: adjoint of the edges' drive; null: nobody wants it
  R* const*    params_bar; // += of the edges, as in PullArgs; of what they share the first entry
  R*           dt_bar;     // += [lanes]
};

template <class R>
struct WiredKernels {
  void (*step)(const WiredStep<R>&);
  void (*pull)(const WiredPull<R>&);
};

/// The kernels for this processor.
template <class R> WiredKernels<R> nocc_wired_kernels();
template <> WiredKernels<float>  nocc_wired_kernels();
template <> WiredKernels<double> nocc_wired_kernels();

}  // namespace dynode
