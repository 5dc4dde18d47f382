// Noise of a run: which sites of the plan are on, and where their numbers go in (plan/noise_site.h says what they are).
//
//   drives      added where they are made                        λ passes
//   states      added between two steps; what the step itself made of an output is kept for its pull
//   parameters  a tile has one row then, whose parameters are drawn for every step
//   weights     packed anew for every step
//
// Relative noise is a factor, which the adjoint draws again.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dynode/base/buffer.h"
#include "dynode/kernels/dense.h"
#include "dynode/kernels/philox.h"
#include "dynode/plan/plan.h"

namespace dynode {

template <class R> class Prepared;
template <class R> class Workspace;

/// Standard normal numbers in place of drawn ones.
template <class R>
struct GivenNoise {
  int      site;     // position in Plan::noise; not of weights
  const R* values;   // [rows][steps][units]; of a start [rows][units]
};

/// Which noise a run has.
template <class R>
struct RunNoise {
  bool     on        = true;    // false: none at all
  bool     training  = false;   // true: also noise that belongs to training
  uint64_t pass      = 0;       // runs with the same number have the same noise
  size_t   first_row = 0;       // row of the whole batch that is row 0 of this run
  std::vector<GivenNoise<R>> given = {};
  std::vector<double> shares = {};   // per site: what of its deviation counts; empty: all of it
};

/// Whether a site makes numbers in such a run.
template <class R>
bool is_on(const Plan& plan, int site, const RunNoise<R>& noise);

/// Whether rows have parameters of their own, so that every row is a tile.
template <class R>
bool has_row_parameters(const Plan& plan, const RunNoise<R>& noise);

/// Noise of one layer: positions in Plan::noise, and memory.
template <class R>
struct LayerNoise {
  std::vector<int>       drives, states, starts, parameters, weights_in, weights_out;   // the last two: in NoiseSpace::weights
  std::vector<Buffer<R>> calm;           // per state: what steps made, [window][slab]; size 0: the history has it
  std::vector<Buffer<R>> values;         // per parameter and constant, as drawn; size 0: as they are
  std::vector<Buffer<R>> factor, bar;    // of relative noise on a parameter: what multiplies it, the gradient of a step
  std::vector<const R*>  params_now;
  std::vector<R*>        params_bar_now;
};

/// A connection with noisy weights.
template <class R>
struct NoisyWeights {
  int              connection = -1;
  std::vector<int> sites;
  bool             own_gradient = false;          // noise is relative: formed entry by entry, with the factors of each step
  Slab             matrix_slab = {};              // rows: [to][from]
  Buffer<R>        matrix;
  Buffer<R>        forward, transposed;           // packed
  int64_t          packed_step = -1, transposed_step = -1;
  Buffer<R>        gradient;                      // [to][from], where it is learnt
};

/// What a workspace knows of noise.
template <class R>
struct NoiseSpace {
  struct Site {
    bool      on = false;
    PhiloxKey key{};
    const R*  given = nullptr;   // first row of the tile
    size_t    row_stride = 0;    // numbers between its rows
  };
  std::vector<Site>            sites;
  std::vector<NoisyWeights<R>> weights;
  size_t                       first_row = 0;
  Buffer<R>                    numbers;   // one slab

  /// Noisy weights of this connection, or null.
  NoisyWeights<R>* find(size_t connection) {
    for (auto& w : weights)
      if (size_t(w.connection) == connection) return &w;
    return nullptr;
  }
};

/// Takes what the run wants, for a tile whose first row is `first_row`.
template <class R>
void begin_noise(const Plan& plan, Workspace<R>& w, const RunNoise<R>& noise, size_t first_row, size_t steps);

/// to = from with the noise of this site and step; `from` may be `to`.
template <class R>
void disturb(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int site, const Slab& slab, size_t step,
             const R* from, R* to);

/// Adds noise to the drives of `count` steps from slab k on.
template <class R>
void disturb_drives(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t k, size_t step,
                    size_t count);

/// Multiplies adjoints by the factors of relative noise: of the states that a step made, or of its drives.
template <class R>
void scale_lambda(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t step);
template <class R>
void scale_drive_bars(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t step);

/// Makes LayerSpace::next_now the place where the step at slab k leaves its states (forward) or left them (adjoint):
/// the history, or beside it where noise follows.
template <class R>
void choose_next(Workspace<R>& w, int layer, size_t k);
/// After the step: adds noise to its states, and completes those that follow from others.
template <class R>
void disturb_states(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t k, size_t step);

/// The layer's parameters at this step.
template <class R>
const R* const* noisy_params(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t step);
/// Where the pull of a step adds its gradient of parameters; `take` then adds that to the layer's.
template <class R>
R* const* noisy_params_bar(Workspace<R>& w, int layer);
template <class R>
void take_params_bar(Workspace<R>& w, int layer);

/// Packs the noisy weights that arrive at a layer, as they are at this step, or (for the adjoint) those that leave it, as
/// they are when entry `entry` of its history is read: in step entry − 1 without lag, in step `entry` with it.
template <class R>
void pack_arriving(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t step);
template <class R>
void pack_leaving(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, int layer, size_t entry);
/// Whether noisy weights that arrive at a layer change from step to step.
template <class R>
bool weights_change(const Plan& plan, const Workspace<R>& w, int layer);

/// Gradients of weights with relative noise, over the steps of a chunk in descending order.
template <class R>
void form_noisy_gradients(const Plan& plan, const Prepared<R>& prepared, Workspace<R>& w, size_t begin, size_t end,
                          size_t first_step);

}  // namespace dynode
