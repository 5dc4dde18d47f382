// Forward: one tile through a window of time.
//
//   for chunk in window:
//     layer 0 ← input array
//     for stage in plan.stages:
//       for t in chunk, for layer in stage:
//         drive ← bias + Σ connections;  s[t+1] ← cell(s[t], drive)
//       for layer in stage: the state where spikes arrive += those that are due
#pragma once
#include <atomic>
#include <exception>
#include <vector>

#include "dynode/run/workspace.h"

namespace dynode {

/// Somebody wanted a run to end before its time.
struct Stopped : std::exception {
  const char* what() const noexcept override { return "the run was stopped"; }
};
/// Looked at once per chunk of time. @throws Stopped  if it has become true
inline void check_stop(const std::atomic<bool>* stop) {
  if (stop && stop->load(std::memory_order_relaxed)) throw Stopped();
}

/// The input array of a run, seen from one tile.
template <class R>
struct TileInput {
  const R* x = nullptr;      // first row of the tile, [rows][total][width of layer 0]; null where the plan takes none
  size_t   row_stride = 0;   // numbers between rows
  size_t   first_step = 0;   // step at slab 0 of the window
  const R* spans = nullptr;  // first row of the tile, [rows][steps of the run]; null: every step takes dt
  size_t   total_steps = 0;  // of the run
  const std::atomic<bool>* stop = nullptr;   // see check_stop
};

/// Completes the state in slab 0: states that are functions of others are set. Takes the times of steps, too.
template <class R>
void start(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w);

/// Advances `steps` ≤ window steps from slab 0 on. @throws Stopped
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
