// Objective: what a run should achieve, as a sum of losses; the bridge between losses on small arrays and the engine's
// tiles.
//
//   outputs of a layer [rows][steps + 1][units] ─pooling─▶ [rows][pooled] ─loss, target─▶ weight · value
//   states of layers, side by side              ─────────▶ [rows][steps][Σ units] ─loss─▶ weight · value
//   learnable weights of connections            ─────────────────────────────────loss─▶ weight · value
//
// With a mask, pooling looks at the steps of a row that count as if they were all: `final` is the last of them.
// Losses by sums and by batch (see loss.h) cost a second forward pass, those with a run of their own that run.
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dynode/base/facts.h"
#include "dynode/learn/loss.h"
#include "dynode/learn/objective_network.h"
#include "dynode/learn/pooling.h"
#include "dynode/run/engine.h"

namespace dynode {

/// One loss on one layer.
struct ObjectiveTerm {
  int              layer;        // position in Plan::layers; of no meaning for a loss by weights
  Pooling          pooling;
  const LossEntry* loss;         // nullptr: only pooled, for those who read pooled()
  Arguments        arguments;
  double           weight = 1;
  std::vector<int> more_layers = {};   // whose units follow those of `layer`; then pooling is none
  int              state = -1;   // of `layer`, instead of its output
};

/// Targets of one term for one batch; classes or values are empty.
template <class R>
struct BatchTarget {
  std::vector<int64_t> classes;    // [rows], or [rows][steps] without pooling
  std::vector<R>       values;     // [rows][pooled size]
  std::vector<uint8_t> mask = {};  // [rows][steps], 0: the step does not count; empty: all count
};

template <class R>
class Objective {
 public:
  /// @throws SpecError  if a loss needs weights that are not there
  Objective(const Plan& plan, std::vector<ObjectiveTerm> terms) : Objective(plan, std::move(terms), false) {}

  const std::vector<ObjectiveTerm>& terms() const { return terms_; }
  /// From the next run on.
  void set_weight(size_t term, double weight) { terms_[term].weight = weight; }
  /// Likewise, of its pooling.
  void set_scale(size_t term, double scale) { terms_[term].pooling.scale = scale; }

  /// θ, as stored, for losses that look at weights. @param theta  the one the engine runs with
  void set_parameters(std::span<const R> theta);

  /// Takes the targets of the next batch; the arrays must live until the run is over.
  /// @throws ShapeError  if targets do not fit
  void set_batch(size_t rows, size_t steps, const std::vector<BatchTarget<R>>& targets);

  /// Loss of that batch, with its gradient or without. Leaves pooled outputs and the value of each term behind.
  /// @throws NumericsError
  double gradient(Engine<R>& engine, const RunInput<R>& input, const AdjointPolicy& adjoint,
                  const GradientOutputs<R>& outputs);
  double loss(Engine<R>& engine, const RunInput<R>& input);

  /// For those who call the engine themselves: what it must watch for runs of `steps` steps, and the loss of a tile of
  /// the batch. @throws SpecError  if a loss cannot be had tile by tile
  GradientOptions options(size_t steps) const;
  TileLoss<R>     tile_loss(bool with_adjoint);

  /// Pooled outputs of a term in the last run, [rows][pooled size].
  const std::vector<R>& pooled(size_t term) const { return pooled_[term]; }
  /// Value of a term in the last run, weight included.
  double value(size_t term) const;
  /// N of the mean that this value is (see loss.h): with it, values of several batches become that of all their rows.
  /// 0: of weights, the same for every batch.
  double count(size_t term) const;
  /// Whether that does not hold, for a loss couples the rows of a batch.
  bool couples_rows() const { return couples(); }

 private:
  struct OwnRun;
  /// @param own  the only term is looked at in the run it is for, whatever loss.run says
  Objective(const Plan& plan, std::vector<ObjectiveTerm> terms, bool own);

  size_t      units(size_t term) const;
  size_t      entries(size_t term) const;
  void        collect(size_t term, const TileOutputs<R>& seen);
  void        hand_back(size_t term, const TileOutputs<R>& seen, const R* bar);
  LossCall<R> call(size_t term, const TileOutputs<R>& seen) const;
  TileLoss<R> first_look();
  TileLoss<R> second_look(bool with_adjoint);
  bool        couples() const;
  bool        elsewhere(size_t term) const { return !own_ && terms_[term].loss && terms_[term].loss->run != LossRun::main; }
  double      settle_rows(bool with_adjoint);
  void        take_recurrent();
  void        add_own_run(size_t term);
  const Objective* own_run_of(size_t term) const;
  double      own_run(OwnRun& own, Engine<R>& engine, const RunInput<R>& input, const AdjointPolicy& adjoint,
                      const GradientOutputs<R>* outputs);
  double      own_runs(Engine<R>& engine, const RunInput<R>& input, const AdjointPolicy& adjoint,
                       const GradientOutputs<R>* outputs);
  double      weights(R* theta_bar);

  const Plan&                         plan_;
  std::vector<ObjectiveTerm>          terms_;
  std::vector<int>                    watched_, watched_states_;   // distinct layers and states, -1: outputs
  std::vector<std::vector<size_t>>    watched_at_;   // per term and layer: position in watched_
  size_t                              rows_ = 0, steps_ = 0;
  const std::vector<BatchTarget<R>>*  targets_ = nullptr;
  std::vector<double>                 normaliser_;   // per term
  std::vector<std::vector<R>>         pooled_;       // per term
  std::vector<std::vector<R>>         pooled_bars_;  // likewise, adjoints; each tile has its rows
  std::vector<std::vector<double>>    row_values_;   // per term [rows]: value of the tile that starts there

  // losses by batch: per term slopes of the whole batch
  std::vector<std::vector<R>> batch_bars_;

  // losses by sums: per term [rows] sums of the tile that starts there; slopes of the batch
  std::vector<std::vector<std::vector<UnitSums>>> sums_;
  std::vector<std::vector<UnitSums>>              slopes_;

  // losses by weights
  struct Connection {
    WeightPlace place;
    int         block;
  };
  std::vector<Connection> connections_;
  std::vector<R>          theta_;

  // losses on recurrent weights: per term the block, its weights as they act, and [rows] slopes of the tile
  struct Recurrent {
    int                              block = -1;
    std::vector<double>              weights = {};
    std::vector<std::vector<double>> bars    = {};
  };
  std::vector<Recurrent> recurrent_;

  // losses on_network: per term the network, or nothing, and [rows] slopes of the tile
  std::vector<std::optional<ObservedNetwork>>                networks_;
  std::vector<std::vector<std::vector<std::vector<double>>>> network_bars_;

  bool                                 own_;
  std::vector<std::shared_ptr<OwnRun>> own_runs_;
};

}  // namespace dynode
