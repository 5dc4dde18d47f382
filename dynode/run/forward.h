// Forward: one tile through a window of time.
//
//   for chunk in window:
//     layer 0 ← input array
//     for stage in plan.stages:
//       for t in chunk, for layer in stage:
//         drive ← bias + Σ connections;  s[t+1] ← cell(s[t], drive)
//       for layer in stage: the state where spikes arrive += those that are due
#pragma once
#include <vector>

#include "dynode/run/workspace.h"

namespace dynode {

/// The input array of a run, seen from one tile.
template <class R>
struct TileInput {
  const R* x = nullptr;      // first row of the tile, [rows][total][width of layer 0]; null where the plan takes none
  size_t   row_stride = 0;   // numbers between rows
  size_t   first_step = 0;   // step at slab 0 of the window
  const R* spans = nullptr;  // first row of the tile, [rows][steps of the run]; null: every step takes dt
  size_t   total_steps = 0;  // of the run
};

/// Completes the state in slab 0: states that are functions of others are set. Takes the times of steps, too.
template <class R>
void start(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w);

/// Advances `steps` ≤ window steps from slab 0 on.
template <class R>
void forward(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, const TileInput<R>& input, size_t steps);

/// Moves the window on: the state in slab `steps` becomes slab 0.
template <class R>
void move_window(Workspace<R>& w, size_t steps);

/// Looks at the outputs of every layer: in slab `steps`, and in all slabs of layers without memory. On a number that is
/// not finite, finds the first step of the window that has one. @throws NumericsError  with layer, row, step, unit
template <class R>
void check_finite(const Plan& plan, const Workspace<R>& w, size_t first_row, size_t first_step, size_t steps);

/// Step arguments of one layer at slab k; also used by the adjoint and the recorder.
template <class R>
StepArgs<R> step_args(const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t k);

}  // namespace dynode
