// Objective: what a run should achieve, as a sum of losses on pooled outputs; the bridge between losses on small arrays
// and the engine's tiles.
//
//   outputs of a layer [rows][steps + 1][units] ─pooling─▶ [rows][pooled] ─loss, target─▶ weight · value
#pragma once
#include <memory>
#include <vector>

#include "dynode/base/facts.h"
#include "dynode/learn/loss.h"
#include "dynode/learn/pooling.h"
#include "dynode/run/engine.h"

namespace dynode {

/// One loss on one layer.
struct ObjectiveTerm {
  int              layer;        // position in Plan::layers
  Pooling          pooling;
  const LossEntry* loss;
  Arguments        arguments;
  double           weight = 1;
};

/// Targets of one term for one batch; the other member is empty.
template <class R>
struct BatchTarget {
  std::vector<int64_t> classes;  // [rows], or [rows][steps] without pooling
  std::vector<R>       values;   // [rows][pooled size]
};

template <class R>
class Objective {
 public:
  /// @throws SpecError  if a loss couples the rows of a batch: such losses cannot be cut into tiles
  Objective(const Plan& plan, std::vector<ObjectiveTerm> terms);

  const std::vector<ObjectiveTerm>& terms() const { return terms_; }

  /// What the engine must watch for runs of `steps` steps.
  GradientOptions options(size_t steps) const;

  /// Takes the targets of the next batch; the arrays must live until the run is over.
  /// @throws ShapeError  if targets do not fit
  void set_batch(size_t rows, size_t steps, const std::vector<BatchTarget<R>>& targets);

  /// The loss of a tile of that batch; leaves pooled outputs and the value of each term behind.
  TileLoss<R> tile_loss(bool with_adjoint);

  /// Pooled outputs of a term in the last run, [rows][pooled size].
  const std::vector<R>& pooled(size_t term) const { return pooled_[term]; }
  /// Value of a term in the last run, weight included.
  double value(size_t term) const;

 private:
  const Plan&                        plan_;
  std::vector<ObjectiveTerm>         terms_;
  std::vector<int>                   watched_;      // distinct layers
  std::vector<size_t>                watched_at_;   // per term: position in watched_
  size_t                             rows_ = 0, steps_ = 0;
  const std::vector<BatchTarget<R>>* targets_ = nullptr;
  std::vector<double>                normaliser_;   // per term
  std::vector<std::vector<R>>        pooled_;       // per term
  std::vector<std::vector<double>>   row_values_;   // per term [rows]: value of the tile that starts there
};

}  // namespace dynode
