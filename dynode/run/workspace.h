// Workspace: what is happening. All mutable numbers of one worker for tiles of one shape, taken once, used again for
// every tile and every call.
//
// Histories hold a window of time: slab k of a state is s[begin + k], k = 0 … window. Recording and tape are the same
// memory, and step k+1 reads slab k. A run that is longer than the window moves it on.
// Adjoints of drives hold a chunk of the window; one more slot carries the first step of the chunk after it.
#pragma once
#include <vector>

#include "dynode/base/buffer.h"
#include "dynode/kernels/sparse.h"
#include "dynode/plan/plan.h"
#include "dynode/run/noise.h"
#include "dynode/run/prepared.h"
#include "dynode/run/tiles.h"
#include "dynode/run/wired.h"

namespace dynode {

/// Steps a stage runs before the next one starts: long enough to keep weights warm, short enough for L2.
inline constexpr size_t kForwardChunk = 16;

/// Where a layer runs ahead, its tall slab has a multiple of this many rows, so that kernels always group them alike.
inline constexpr size_t kRowGroup = 4;

/// The slab for which weights into a layer are packed.
inline Slab packing_slab(const Tile& tile, const LayerPlan& to, size_t width) {
  Slab slab = tile.slab(to.units, width);
  if (runs_ahead(tile, to)) slab.rows = kRowGroup;
  return slab;
}

/// What a workspace is for.
struct WorkspaceShape {
  Tile   tile;
  size_t window  = 0;         // steps
  bool   adjoint = false;
  bool   keep_drives = false; // every step's drives, for observables
  bool   spans   = false;     // steps have times of their own, row by row
  bool   watched_parts = false;   // a loss looks into a NOCC connection

  bool operator==(const WorkspaceShape& o) const {
    return tile.same_shape(o.tile) && window == o.window && adjoint == o.adjoint && keep_drives == o.keep_drives &&
           spans == o.spans && watched_parts == o.watched_parts;
  }
};

/// A connection as its target sees it.
template <class R>
struct Incoming {
  const SparsePattern* sparse;   // null: packed panels; else `packed` are its values
  const R* packed;
  const R* source;            // [window + 1][source slab]
  size_t   source_size, depth, stride;
  int      lag;
};

/// A connection as its source sees it.
template <class R>
struct Outgoing {
  const SparsePattern* sparse;
  const R* packed;            // transposed
  const R* drive_bar;         // [chunk + 1][target slab]
  size_t   target_size, depth, stride;
  int      lag;
};

/// A source whose history the weight gradient of a layer needs.
template <class R>
struct GradientSource {
  int      layer;             // -1: the constant 1 of biases
  int      lag;
  const R* history;           // [window + 1][slab]
  size_t   size, units, stride;
  size_t   column;            // in `turned`
};

/// Neighbouring columns of a port's weight gradient that one product forms.
struct GradientRun {
  size_t first_source;        // position in LayerSpace::gradient_sources
  size_t columns;             // of sources, unpadded
  size_t to;                  // first column in w_bar, a multiple of the vector width
};

/// Where the gradient of weights or biases lies in w_bar.
struct GradientPiece {
  size_t first, row_length;   // position in θ, and how far apart its rows are there
  size_t columns;
  size_t from;                // column in w_bar
  double timed = 0;           // ±1: of a connection that joined this one, ± dt times the gradient
};

/// Gradient of weights that are lists.
template <class R>
struct SparseGradient {
  const SparsePattern* pattern;
  int                  block;
  const R*             history;   // of the source
  size_t               size;      // of its slab
  int                  lag;
  Buffer<R>            sums;      // [entries][width], lanes apart
};

/// Spikes that arrive at a layer through one connection.
template <class R>
struct Arrivals {
  const SparsePattern* lists;      // source by source
  const R*             values;
  int                  from;
  size_t               delay;      // steps
};

/// Who fired in the last steps: a ring, for those who hear of it later. It goes on from window to window.
struct FiringLog {
  size_t                depth = 0;   // steps it holds; 0: nobody listens
  std::vector<uint32_t> fired;       // [depth][rows][units], units that fired come first
  std::vector<size_t>   count;       // [depth][rows]
};

template <class R>
struct PortSpace {
  std::vector<Incoming<R>>   incoming;
  const R*                   bias = nullptr;
  Buffer<R>                  drive;        // [window or 1][slab]
  Buffer<R>                  drive_bar;    // [chunk + 1][slab]; the last one
  bool                       late = false; // is for those who have a lag
  bool                       joined = false;   // what arrives here arrives at another port as well, which acts for both
  Buffer<R>                  w_bar;        // [units][ld]
  size_t                     ld = 0;
  std::vector<GradientRun>   runs;
  std::vector<GradientPiece> pieces;
  std::vector<SparseGradient<R>> sparse_gradients;
};

template <class R>
struct LayerSpace {
  Slab                    slab;
  size_t                  size;            // of a slab
  std::vector<Buffer<R>>  state;           // per state [window + 1][slab]
  std::vector<PortSpace<R>> ports;
  size_t                  drive_step;      // numbers between the drives of two steps; 0: only the last is kept
  bool                    keeps_drives;    // all of the window's, else the forward chunk's or the last
  bool                    runs_ahead;      // one product makes the drives of a whole chunk
  int                     wired = -1;      // position in Workspace::wired: edges that are walked with their wires
  bool                    takes_wires = false;   // its drive is what they make
  Buffer<R>               flux;            // [window][slab], the input array of a layer that takes it as drive
  std::vector<Outgoing<R>> outgoing;
  Buffer<R>               dt;              // [rows]: of every step
  bool                    follows_spans;   // takes the time of each row and step instead
  std::vector<Arrivals<R>> arrivals;       // in the order of the spec
  FiringLog               firing;
  LayerNoise<R>           noise;
  Buffer<R>               tape;            // [window or 1][tape_size]
  size_t                  tape_size = 0, tape_step = 0;   // tape_step 0: only the last is kept

  // adjoint
  bool                    for_input = false;   // it has one only where somebody wants that of the input array
  std::vector<Buffer<R>>  lambda;          // per state, one slab
  std::vector<Buffer<R>>  params_bar;      // as PullArgs says
  Buffer<R>               dt_bar;
  Buffer<R>               scratch;         // one slab
  std::vector<GradientSource<R>> gradient_sources;
  Buffer<R>               turned;          // tiles: [chunk][lane][turned_ld], sources side by side
  size_t                  turned_ld = 0;

  /// Drive of port p at slab k of the window.
  R* drive_of(size_t p, size_t k) {
    return ports[p].drive.data() + (keeps_drives ? k : k % kForwardChunk) * drive_step;
  }

  // pointers of the step at hand, one per component
  std::vector<const R*> state_now;
  std::vector<R*>       next_now, drive_now, lambda_now, drive_bar_now, params_bar_now;
};

template <class R>
class Workspace {
 public:
  enum class Purpose { run, measure };   // to measure, nothing is allocated
  Workspace(const Plan& plan, Prepared<R>& prepared, const WorkspaceShape& shape, Purpose purpose = Purpose::run);

  WorkspaceShape             shape;
  size_t                     chunk;        // steps between two weight gradients
  std::vector<LayerSpace<R>> layers;
  std::vector<WiredEdges<R>> wired;
  Buffer<R>                  ones;         // [width]: 1, 0, 0, … the source of biases in rows
  Buffer<R>                  spans;        // [window][rows]
  std::vector<Term<R>>       terms;        // scratch, long enough for every list of terms
  NoiseSpace<R>              noise;

  size_t bytes() const { return bytes_; }  // of all buffers
  size_t state_bytes() const;              // of the states of one step

 private:
  /// A buffer of this workspace.
  Buffer<R> take(size_t size) {
    bytes_ += size * sizeof(R);
    return Buffer<R>(purpose_ == Purpose::run ? size : 0);
  }
  void mark_carriers(const Plan& plan);
  void plan_gradients(const Plan& plan, int layer, size_t width);
  void plan_noise(const Plan& plan, const Prepared<R>& prepared);

  Purpose purpose_;
  size_t  bytes_ = 0;
};

}  // namespace dynode
