// Prepared: θ in the form kernels read, made once per change of θ.
//
//   θ ──real values──▶ parameters per layer (padded), biases per port, packed weights per tile shape
#pragma once
#include <memory>
#include <vector>

#include "dynode/base/buffer.h"
#include "dynode/kernels/sparse.h"
#include "dynode/plan/plan.h"
#include "dynode/run/tiles.h"
#include "dynode/sources/rate_table.h"

namespace dynode {

/// Panels of all connections for one shape of tile; empty where nobody asked yet.
template <class R>
struct Panels {
  Tile shape;
  bool fresh = false, fresh_transposed = false;
  std::vector<Buffer<R>> forward, transposed;   // per connection
};

/// Constants are lists in every layout, weights only where rows of the batch are lanes.
inline bool skips_absent(const Tile& tile, const ConnectionPlan& c) {
  return c.sparse && (c.weights < 0 || tile.layout == Layout::tiles);
}

/// Where units are contiguous, the slabs of many steps are one tall slab: a layer that does not wait for its own past
/// makes the drives of a chunk of steps in one product.
inline bool runs_ahead(const Tile& tile, const LayerPlan& layer) { return tile.layout == Layout::rows && !layer.recurrent; }

template <class R>
struct LayerNumbers {
  R                      dt = 0;
  const void*            table = nullptr;
  std::vector<Buffer<R>> params;   // per parameter [units padded], padding repeats the last unit
  std::vector<Buffer<R>> bias;     // per port [units padded]; size 0: none
  std::vector<const R*>  param_pointers;
};

template <class R>
class Prepared {
 public:
  explicit Prepared(const Plan& plan);

  /// Takes new parameters. @param theta  [plan.parameters.size()], as stored
  void set(const R* theta);

  /// Packs the weights for tiles of this shape unless it is done; `transposed` those the adjoint needs too.
  /// Not to be called while others read.
  const Panels<R>& panels(const Tile& shape, bool transposed);

  const DenseKernels<R>& dense() const { return dense_; }
  const SparseKernels<R>& sparse() const { return sparse_; }
  const LayerNumbers<R>& layer(int i) const { return layers_[size_t(i)]; }

 private:
  const Plan&                             plan_;
  DenseKernels<R>                         dense_;
  SparseKernels<R>                        sparse_;
  std::vector<R>                          theta_;    // weights as they act
  std::vector<RateTable<R>>               tables_;
  std::vector<LayerNumbers<R>>            layers_;
  std::vector<std::unique_ptr<Panels<R>>> panels_;   // stable addresses: workspaces keep pointers into them
};

}  // namespace dynode
