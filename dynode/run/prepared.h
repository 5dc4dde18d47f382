// Prepared: θ in the form kernels read, made once per change of θ.
//
//   θ ──signs, levels──▶ weights as they act ──▶ parameters per layer (real, padded), biases per port, packed weights per
//                                                tile shape
#pragma once
#include <algorithm>
#include <memory>
#include <vector>

#include "dynode/base/buffer.h"
#include "dynode/kernels/events.h"
#include "dynode/kernels/noise.h"
#include "dynode/kernels/sparse.h"
#include "dynode/params/quantisation.h"
#include "dynode/plan/plan.h"
#include "dynode/run/tiles.h"
#include "dynode/sources/rate_table.h"

namespace dynode {

/// Panels of all connections for one shape of tile; empty where nobody asked yet.
template <class R>
struct Panels {
  Tile shape;
  bool spans;   // of runs whose steps have times of their own
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

/// Whether the connection that this one joins (plan.h) acts for both: where the time of all steps is one fixed number. In
/// double precision each acts for itself, as the formula says.
template <class R>
bool is_joined(const Plan& plan, const ConnectionPlan& c, bool spans) {
  if (sizeof(R) > sizeof(float) || c.joins < 0) return false;
  return (plan.layers[size_t(c.to)].own_dt || (!spans && plan.dt_block < 0)) &&
         std::none_of(plan.noise.begin(), plan.noise.end(), [&](const NoiseSite& s) {
           return s.what == NoiseSite::What::drive && s.layer == c.to;
         });
}

/// Whether units send each other spikes.
inline bool carries_spikes(const Plan& plan) {
  return std::any_of(plan.connections.begin(), plan.connections.end(), [](const ConnectionPlan& c) { return c.delay > 0; });
}

template <class R>
struct LayerNumbers {
  R                      dt = 0;
  const void*            table = nullptr;
  std::vector<Buffer<R>> params;   // per parameter [units or synapses, padded], padding repeats the last one
  std::vector<Buffer<R>> bias;     // per port [units padded]; size 0: none
  std::vector<Buffer<R>> joined_bias;   // likewise, with those of connections that joined; size 0: none did
  std::vector<const R*>  param_pointers;
  SparseRows             synapses = {};
  CellSettings           settings = {};
};

template <class R>
class Prepared {
 public:
  explicit Prepared(const Plan& plan);

  /// Takes new parameters. @param theta  [plan.parameters.size()], as stored
  /// @param quantisation  null: weights act as they are      @param draw  of stochastic rounding; nothing: nearest levels
  void set(const R* theta, const Quantisation* quantisation = nullptr, const std::optional<RoundingDraw>& draw = {});

  /// Takes what of their deviations sites of noise have in the next runs; empty: all of it.
  void set_noise_shares(const std::vector<double>& shares);

  /// Packs the weights for tiles of this shape unless it is done; `transposed` those the adjoint needs too, `spans` for
  /// runs whose steps have times of their own. Not to be called while others read.
  const Panels<R>& panels(const Tile& shape, bool transposed, bool spans);

  const DenseKernels<R>& dense() const { return dense_; }
  const SparseKernels<R>& sparse() const { return sparse_; }
  const EventKernels<R>& events() const { return events_; }
  const NoiseKernels<R>& noise() const { return noise_; }
  /// What a spike adds where it arrives, in the order of the connection's transposed lists.
  const Buffer<R>& spike_values(int connection) const { return spike_values_[size_t(connection)]; }
  const LayerNumbers<R>& layer(int i) const { return layers_[size_t(i)]; }

  /// Deviation and mean of a site of noise per unit (of weights: per source), padded with 0; no mean: null.
  const Buffer<R>& deviation(int site) const { return deviations_[size_t(site)]; }
  const R* mean(int site) const { return means_[size_t(site)].size() ? means_[size_t(site)].data() : nullptr; }
  /// Numbers of a block as they act.
  const R* block(int i) const { return theta_.data() + plan_.parameters[i].offset; }
  /// Weights as they act, [to][Plan::row_length].
  const R* weights(const ConnectionPlan& k) const { return theta_.data() + plan_.first_weight(k); }

 private:
  void derive_constants(size_t layer);
  void join_biases(size_t layer);
  void weigh_spikes(size_t connection);
  void scale_noise();

  const Plan&                             plan_;
  DenseKernels<R>                         dense_;
  SparseKernels<R>                        sparse_;
  EventKernels<R>                         events_;
  NoiseKernels<R>                         noise_;
  std::vector<R>                          theta_;    // weights as they act
  std::vector<RateTable<R>>               tables_;
  std::vector<LayerNumbers<R>>            layers_;
  std::vector<int>                        joining_;  // per connection: the one that joins it, -1: none
  std::vector<Buffer<R>>                  deviations_, means_;   // per site of noise
  std::vector<double>                     shares_;               // likewise; empty: 1
  std::vector<Buffer<R>>                  spike_values_;   // per connection; empty where it carries no spikes
  std::vector<std::unique_ptr<Panels<R>>> panels_;   // stable addresses: workspaces keep pointers into them
};

}  // namespace dynode
