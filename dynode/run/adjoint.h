// Adjoint: the forward pass read backwards, through the same window.
//
//   for chunk in window, last first:
//     for stage in plan.stages, last first:
//       for t in chunk, last first, for layer in stage, last first:
//         λ += ∂L/∂s[t+1] + Σ Wᵀ (drive adjoints of those who read it);  (λ, drive adjoint) ← pull(cell)
//     weight gradients of the chunk, t descending
//
// λ of a layer is the adjoint of its state at t+1 on the way in and of its state at t on the way out. Sums over time
// run in descending order of steps, whatever the chunk, so its length leaves no trace in the bits.
#pragma once
#include <vector>

#include "dynode/run/forward.h"
#include "dynode/run/workspace.h"

namespace dynode {

/// ∂L/∂(output) of one layer, seen from one tile.
template <class R>
struct OutputBar {
  int      layer;
  const R* bar;              // [rows][steps of the run + 1][units]; entry 0 belongs to the initial state
  size_t   first_entry = 0;  // entries before it are zero
  int      state = -1;       // of this state instead of the output
};

/// What the adjoint is asked for besides parameters, seen from one tile.
template <class R>
struct TileGradient {
  std::vector<OutputBar<R>> outputs;
  size_t total_steps = 0;              // of the run
  size_t truncate_every = 0;           // nothing passes from step k·truncate_every to the one before it; 0: all passes
  R*     x_bar = nullptr;              // [rows][total_steps][input units] or null
  R*     spans_bar = nullptr;          // [rows][total_steps], zero at first, or null
  const std::atomic<bool>* stop = nullptr;   // see check_stop
};

/// Clears all adjoints: the run ends here.
template <class R>
void start_backward(Workspace<R>& w);

/// Pulls the adjoint back through `steps` steps whose histories are in the window. `first_step`: the step at slab 0.
/// @throws Stopped
template <class R>
void backward(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, const TileGradient<R>& wanted,
              size_t first_step, size_t steps);

/// After the whole run: turns λ into the adjoint of the initial states as they were given.
template <class R>
void finish_backward(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, const TileGradient<R>& wanted);

/// Adds the tile's gradients to `gradient` [θ], by real values.
template <class R>
void collect_gradient(const Plan& plan, const Prepared<R>& prepared, const Workspace<R>& w, R* gradient);

}  // namespace dynode
