// Evaluation: loss and metrics of a network on a part of the data, and what the report wants to show of it.
//
//   evaluation.npz
//     confusion            [classes asked][classes predicted]      with one class per sequence
//     example_row          [n]                                     positions in the test set
//     example_input        [n][steps][width]                       as the network saw it
//     example_output       [n][units] (or [n][steps][units])       pooled
//     example_label        [n] (or [n][steps])                     with classes; example_prediction likewise
//     example_target       [n][targets]                            with values
//     s/<layer_id>         [n][steps + 1][units]                   outputs of the last three layers
//     input_range          [2]                                     min_scale and max_scale of the data, where given
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dynode/base/random.h"
#include "dynode/io/npz.h"
#include "dynode/learn/dataset.h"
#include "dynode/learn/metrics.h"
#include "dynode/learn/objective.h"
#include "dynode/run/engine.h"

namespace dynode {

/// Loss of a set that comes in batches: each term is a mean over what it counts in the whole set.
struct SetLoss {
  std::vector<double> values = {}, counts = {};   // per term: Σ N_batch · value, Σ N_batch; of weights value, 0
  double value() const;
};

/// Steps [begin, end) of sequences.
struct Stretch {
  size_t begin = 0, end = SIZE_MAX;
};

/// A minibatch in memory, and the loss that looks at it.
template <class R>
class Minibatch {
  struct Start {
    int            layer, state;
    std::vector<R> values;   // [rows][units]
  };

 public:
  /// States that runs begin in.
  struct States {
    std::vector<Start> starts;
    size_t             rows;   // of each
  };

  /// @param states  also keeps the last states of every run, for those that go on from there
  Minibatch(const Plan& plan, const std::vector<ObjectiveTerm>& terms, const AdjointPolicy& adjoint, bool states = false);

  /// θ, as the engine has it, for losses on weights.
  void set_parameters(std::span<const R> theta) { objective_.set_parameters(theta); }

  /// Weight of a term of the objective, from the next run on.
  void set_weight(size_t term, double weight) { objective_.set_weight(term, weight); }
  /// Likewise, of what it is pooled by.
  void set_scale(size_t term, double scale) { objective_.set_scale(term, scale); }

  /// Takes these rows, or a stretch of each. @throws ShapeError  if targets do not fit the loss
  void load(const Dataset& data, std::span<const size_t> rows, Stretch stretch = {});

  /// What the means of the losses count of these rows, per term. Leaves them loaded; states wait.
  std::vector<double> counts(const Dataset& data, std::span<const size_t> rows, Stretch stretch);
  /// Multiplies the weights of all terms. @param shares  per term
  void share(std::span<const double> shares);

  /// The next runs begin where the last one ended.
  void carry_states(StateSelection whose, Random random);
  /// They begin in the initial state.
  void forget_states() { starts_.clear(); }
  /// Hands the states out that the next run would begin in, and takes them back.
  States take_states() { return {std::exchange(starts_, {}), start_rows_}; }
  void   put_states(States states) { starts_ = std::move(states.starts), start_rows_ = states.rows; }
  /// What evaluations do with the states of their batches; nothing: each begins in the initial state.
  std::optional<StateSelection> carries = {};

  /// Loss per row, with the gradient by θ or without.
  double gradient(Engine<R>& engine, R* theta_bar);
  double loss(Engine<R>& engine);

  /// Whether only the loss of all rows at once is the loss of a set.
  bool couples_rows() const { return objective_.couples_rows(); }
  /// Adds the loss of the last run to the loss of a set.
  void add_to(SetLoss& loss) const;
  /// Adds the outputs of the last run.
  void add_to(std::vector<Metric>& metrics) const;
  void add_to_confusion(std::vector<int64_t>& counts) const;

  /// What metrics see of the last run; it points into this minibatch.
  MetricBatch<R> outputs() const;

  size_t                rows() const { return rows_; }
  const std::vector<R>& pooled() const { return objective_.pooled(0); }
  const std::vector<R>& input() const { return x_; }
  RunInput<R>           run_input() const;

  RunNoise<R> noise = {};   // of the next run

 private:
  void cut(Stretch stretch, size_t width);

  Objective<R>                objective_;
  size_t                      first_kept_;   // term; those from here on have last states
  std::vector<Start>          starts_;
  size_t                      start_rows_ = 0;
  AdjointPolicy               adjoint_;
  size_t                      rows_ = 0, steps_ = 0, units_, entries_ = 1;
  std::vector<R>              x_;        // [rows][steps][width]
  bool                        takes_spans_;
  std::vector<R>              spans_;    // [rows][steps], or empty
  const Task*                 task_ = nullptr;
  std::vector<int64_t>        labels_;   // [rows] of trials
  std::vector<BatchTarget<R>> targets_;  // the same for every term that looks at targets
};

struct Scores {
  double               loss = 0;  // of the whole set, as if it were one batch
  std::vector<Metric>  metrics;
  std::vector<int64_t> confusion;  // [classes][classes], where asked for
};

/// Runs over `rows` of `data`, in batches unless a loss couples rows.
/// @param classes  0: no confusion matrix
template <class R>
Scores evaluate(Engine<R>& engine, Minibatch<R>& batch, const Dataset& data, std::span<const size_t> rows,
                std::vector<Metric> metrics, int64_t classes = 0);

/// The examples of evaluation.npz, twelve in all: up to four that are read wrongly, a row of each class, then others.
template <class R>
std::vector<Npz::Entry> example_arrays(Engine<R>& engine, Minibatch<R>& batch, const Dataset& data,
                                       std::span<const size_t> rows);

}  // namespace dynode
