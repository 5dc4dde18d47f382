// Wired edges: in tiles, the edges of a NOCC connection take what arrives at them, and hand on what they make, without
// drives in between (cells/nocc_wired.h). For connections without noise into which no loss looks.
#pragma once
#include <span>

#include "dynode/base/buffer.h"
#include "dynode/cells/nocc_wired.h"
#include "dynode/plan/plan.h"

namespace dynode {

struct WorkspaceShape;
template <class R> class Prepared;
template <class R> class Workspace;

/// The layers around the edges, and how they are wired.
template <class R>
struct WiredEdges {
  int                   edges, from, sums;   // positions in Plan::layers
  int                   output, lag;         // of `from`: which state, how late
  const SparsePattern*  flux;                // edge by edge: the unit of `from`
  const SparsePattern*  sum;                 // target by target: its edges
  WiredKernels<R>       kernels;
  Buffer<R>             scratch;             // slab of `from`
};

/// Whether parts of a NOCC connection are among these layers.
bool has_parts(const Plan& plan, std::span<const int> layers);

/// Whether this layer of edges is walked that way.
bool is_wired(const Plan& plan, int layer, const WorkspaceShape& shape);
template <class R>
WiredEdges<R> wire(const Plan& plan, int layer, Buffer<R> scratch);

/// Makes s[k+1] of the edges and the drive of their sums.
template <class R>
void step_wired(const Prepared<R>& prepared, Workspace<R>& w, WiredEdges<R>& e, size_t k);

/// The adjoint of the same step, once that of the sums is pulled back; slot: of step k in adjoints of drives.
/// @param flux_bar  whether the adjoint of what drives the edges is wanted
template <class R>
void pull_wired(const Prepared<R>& prepared, Workspace<R>& w, WiredEdges<R>& e, size_t k, size_t slot, bool flux_bar);

}  // namespace dynode
