// Engine: whole batches, tile by tile, on several threads.
//
//   batch [rows] ─cut─▶ tiles ─groups─▶ threads: forward, loss, adjoint of a tile back to back ─▶ sums in tile order
//
// Tiles never touch each other, and partial gradients are added group by group in a fixed order, so results are the
// same bits for any number of threads, any window and any chunk.
//
// Arrays are [row][step][unit]; histories have steps + 1 entries, entry 0 being the initial state.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dynode/base/threads.h"
#include "dynode/plan/plan.h"
#include "dynode/run/adjoint.h"
#include "dynode/run/adjoint_policy.h"
#include "dynode/run/forward.h"
#include "dynode/run/steady.h"

namespace dynode {

template <class R> struct EventState;     // run/event_network.h
template <class R> class EventNetwork;

/// State of one layer before the first step.
template <class R>
struct InitialState {
  int      layer;            // position in Plan::layers
  int      state;            // position in its cell's states
  const R* values;           // [rows][units], or [units] for all rows alike
  bool     per_row;
};

template <class R>
struct RunInput {
  const R* x = nullptr;      // [rows][steps][width of layer 0]; null where the plan takes no input
  size_t   rows = 1, steps = 0;
  std::vector<InitialState<R>> initial;
  const R* spans = nullptr;  // [rows][steps] time each step takes, instead of dt where the plan takes spans; or null
  RunNoise<R> noise = {};
  std::optional<SteadyRule> until_steady = {};   // a simulation stops when its network is; nothing: it goes to the end
  const std::atomic<bool>* stop = nullptr;       // becoming true ends the run: Stopped is thrown
  const EventState<R>* from = nullptr;   // spiking networks without input array: go on from there instead
  EventState<R>* end = nullptr;          // likewise: the state after the last step is written here
};

/// A unit fired in step `step` (from 0): entry step + 1 of its layer's output is 1.
struct Spike {
  uint32_t step, row, unit;

  bool operator==(const Spike&) const = default;
};

/// What a run writes: one array, or a list of spikes.
template <class R>
struct Record {
  enum class What { state, observable, spikes };
  What what;
  int  layer, index;         // which state, or which observable, of that layer
  R*   to;                   // [rows][steps/every + 1][units] of a state, [rows][steps/every][units] of an observable
  bool last_only = false;    // only the entry after the last step: [rows][units]; not of a run that may stop early
  std::vector<Spike>* spikes = nullptr;   // of a layer that fires: what is added, by step, row, unit
  size_t first = 0, count = 0;            // of a state: these units alone, [… count]; count 0: all
  size_t every = 1;                       // the initial state and what every so many steps made; not with last_only
};

/// What a loss is shown of one tile, and where it leaves its adjoint.
template <class R>
struct TileOutputs {
  size_t                first_row, rows, steps;
  std::vector<const R*> values;   // per watched layer [rows][steps + 1][units]
  std::vector<R*>       bars;     // the same shapes, zero: add ∂L/∂value
};

/// Loss of a tile; called on several threads. The loss of the batch is the sum over tiles.
template <class R>
using TileLoss = std::function<double(const TileOutputs<R>&)>;

struct GradientOptions {
  std::vector<int> watched;          // layers (positions) whose outputs the loss reads
  size_t first_entry = 0;            // the loss reads and writes entries from here on; earlier ones mean nothing
  AdjointPolicy adjoint = {};
  std::vector<int> watched_states = {};   // per watched layer the state that is read instead, -1: none; empty: all -1
};

/// Further results of a gradient.
template <class R>
struct GradientOutputs {
  R* theta_bar = nullptr;            // [θ], as stored
  R* x_bar     = nullptr;            // [rows][steps][input width], or null
  R* spans_bar = nullptr;            // [rows][steps], or null
  std::vector<InitialState<R>> initial_bar = {};   // `values` are written: [rows][units]
};

/// ∂L/∂(history of a layer) for a whole batch.
template <class R>
struct HistoryBar {
  int      layer, state;   // state -1: the output
  const R* values;         // [rows][steps + 1][units]
};

template <class R> class Recorder;
template <class R> class Tape;

template <class R>
class Engine {
 public:
  Engine(std::shared_ptr<const Plan> plan, std::shared_ptr<Threads> threads);
  ~Engine();

  const Plan& plan() const { return *plan_; }

  /// Takes parameters; every later run uses them. @param theta  [θ], as stored, satisfying the constraints
  void set_parameters(std::span<const R> theta);
  std::span<const R> parameters() const { return theta_; }

  /// Weights act as levels of a codebook in every later run, and gradients pass straight through; nothing: as they are.
  /// Stochastic rounding draws per pass in runs that train. @throws SpecError  where it does not fit the plan
  void set_quantisation(std::optional<Quantisation> quantisation);

  /// @return steps that were run; where it stopped early, records mean nothing behind them
  /// @throws NumericsError  if an output stops being finite
  size_t simulate(const RunInput<R>& input, std::span<const Record<R>> records);

  /// @return the loss, summed over tiles. @throws NumericsError
  /// @throws SpecError  where spikes have no derivative: layers without a surrogate, connections of events
  double gradient(const RunInput<R>& input, const TileLoss<R>& loss, const GradientOptions& options,
                  const GradientOutputs<R>& outputs);

  /// Loss without its gradient.
  double loss(const RunInput<R>& input, const TileLoss<R>& loss, const GradientOptions& options);

  // ── forward now, adjoint later ───────────────────────────────────────────────────────────────────────────────────
  /// Simulates and keeps all histories. @param records  states only   @throws as gradient
  std::unique_ptr<Tape<R>> simulate_taped(const RunInput<R>& input, std::span<const Record<R>> records);
  /// The adjoint of that run, also more than once. @param input  as it was given then
  /// @throws SpecError  if parameters were set since
  void pull_taped(Tape<R>& tape, const RunInput<R>& input, std::span<const HistoryBar<R>> bars,
                  const GradientOutputs<R>& outputs);

  /// Steps whose histories a gradient keeps at a time: all, or a segment that is recomputed from its first state.
  /// Depends on plan, sizes, options and number of threads alone.
  size_t segment(const RunInput<R>& input, const AdjointPolicy& policy);

  /// Memory of all workspaces so far, bytes.
  size_t workspace_bytes() const;

 private:
  struct Worker;

  void          check_input(const RunInput<R>& input) const;
  /// Prepares parameters as this run wants them, unless they are.
  void          round_weights(const RunNoise<R>& noise);
  void          refuse_spikes() const;
  std::vector<Tile> cut(const RunInput<R>& input) const;
  Workspace<R>& workspace(Worker& worker, const WorkspaceShape& shape);
  TileInput<R>  seen_from(const Tile& tile, const RunInput<R>& input) const;
  void          set_start(Workspace<R>& w, const RunInput<R>& input, const Tile& tile);
  size_t        simulate_until_steady(const RunInput<R>& input, std::span<const Record<R>> records,
                                      const std::vector<Tile>& tiles, Recorder<R>& recorder);
  double        run(const RunInput<R>& input, const TileLoss<R>& loss, const GradientOptions& options,
                    const GradientOutputs<R>* outputs);
  double        tile_gradient(Worker& worker, const Tile& tile, size_t window, const RunInput<R>& input,
                              const TileLoss<R>& loss, const GradientOptions& options,
                              const GradientOutputs<R>* outputs, R* partial);
  void          pull_start(Workspace<R>& w, const TileGradient<R>& wanted, const Tile& tile, const RunInput<R>& input,
                           const GradientOutputs<R>& outputs);
  void          clear_partials(size_t groups);
  void          sum_partials(size_t groups, R* theta_bar) const;

  std::shared_ptr<const Plan>          plan_;
  std::shared_ptr<Threads>             threads_;
  Prepared<R>                          prepared_;
  std::vector<R>                       theta_;
  std::optional<Quantisation>          quantisation_;
  uint64_t                             version_ = 0;     // of what is prepared
  bool                                 fresh_ = false;   // prepared_ has θ …
  std::optional<uint64_t>              pass_;            // … rounded for this pass; nothing: to the nearest levels
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<EventNetwork<R>>     events_;          // where the plan is one of spikes alone
  std::vector<std::vector<R>>          partials_;   // gradient per group of tiles
  std::shared_ptr<std::vector<std::unique_ptr<Workspace<R>>>> idle_;   // workspaces that tapes gave back
  struct Segment { size_t rows, steps, memory; bool spans; size_t chosen; };
  std::vector<Segment>                 segments_;   // what `segment` has worked out so far
};

}  // namespace dynode
