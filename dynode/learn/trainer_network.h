// One network learning in one run directory: the loop over epochs and updates.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "dynode/learn/dataset.h"
#include "dynode/learn/run_directory.h"
#include "dynode/learn/trainer.h"
#include "dynode/learn/trainer_evaluation.h"
#include "dynode/learn/trainer_recipe.h"
#include "dynode/learn/trainer_state.h"

namespace dynode {

template <class R>
class NetworkTrainer {
 public:
  /// @param config  as written into the run directory; with the seed of this run
  /// @param theta   initial values, as stored
  /// @throws SpecError, ShapeError  if network, data and training file do not fit together
  NetworkTrainer(const TrainConfig& config, std::shared_ptr<const Plan> plan, std::shared_ptr<const TrainingData> data,
                 std::shared_ptr<Threads> threads, std::vector<R> theta, const TrainOptions& options);

  /// Trains to the end and tests, from the checkpoint `from` or from the start. @throws IoError, DivergenceError
  TrainResult run(RunDirectory& directory, const TensorFile* from, const std::string& from_path);

 private:
  using Clock = std::chrono::steady_clock;
  /// Means over some updates.
  struct Window {
    std::vector<Metric>      metrics;
    double                   loss = 0, rows = 0, norm = 0, updates = 0;  // sums
    std::vector<double>      block_norms;                                // likewise, per block of parameters
    GrowthCount              synapses = {};                              // that came and went
    void                     add(const Window& other);
    double                   mean_loss() const { return loss / rows; }
    std::vector<NamedNumber> numbers() const;
  };

  Window fresh_window() const {
    return {.metrics = recipe_.fresh_metrics(), .block_norms = std::vector<double>(recipe_.blocks.size())};
  }
  bool   ended() const { return state_.ended || state_.epoch >= config_.training.max_epochs; }
  double seconds() const;

  void              settle_in();
  void              use(std::span<const R> theta);  // from now on
  bool              train_epoch();                  // false: stopped
  /// Rows [from, …) of this epoch that are at hand, whole minibatches; of a task these are drawn here.
  struct Rows {
    const Dataset*          data;
    std::span<const size_t> rows;
  };
  Rows              rows_from(size_t from);
  void              update(const Dataset& data, std::span<const size_t> rows, Window& window);
  /// Leaves it in theta_bar_. @return the loss
  double            gradient(const Dataset& data, std::span<const size_t> rows, Window& window);
  std::vector<R>    noisy_theta() const;
  void              take(const TensorFile& from, const std::string& path);   // all that a checkpoint has
  void              begin_with(const std::string& path);                     // another run's
  void              measure_quantised(bool epoch_over);
  TrainingProgress  progress(int64_t update) const;
  /// Noise, weights of losses and scales as they are after so many updates, in this epoch (from 0).
  /// @param in_turn  only the loss whose turn it is, where they alternate
  void              set_callbacks(int64_t update, int64_t epoch, bool in_turn = false);
  double            weight_of(size_t loss, int64_t update) const;   // of the losses in the file
  void              set_length(int64_t epoch);                      // of sequences, and of their steps
  void              set_dt(double dt);
  /// The data, as long as they are in this epoch.
  const Dataset&    all() const { return resampled_.rows() > 0 ? resampled_ : data_->all; }
  void              listen(double loss, const std::vector<Metric>& metrics);
  std::string       checkpoint() const;
  void              finish_epoch(const Window& train, double seconds);
  void              save(bool best);
  void              test(TrainResult& result);
  void              show(const Window& epoch, int64_t update, double rows_done, Clock::time_point start);
  void              log_train(const Window& window);
  void              log_scores(const char* split, double loss, const std::vector<Metric>& metrics, int64_t epoch);
  void              say(const std::string& line);
  double            rate() const;  // of the next update
  [[noreturn]] void diverged(const NumericsError& cause) const;

  const TrainConfig&                  config_;
  std::shared_ptr<const Plan>         plan_;
  std::shared_ptr<const TrainingData> data_;
  std::shared_ptr<Threads>            threads_;
  const TrainOptions&                 options_;
  Recipe                              recipe_;
  std::optional<Engine<R>>            engine_;
  std::optional<Minibatch<R>>         batch_;
  mutable Optimizer<R>                optimizer_;   // hands out its memory to be written
  std::vector<R>                      theta_, theta_bar_, part_bar_;
  std::vector<HeldEntry>              held_;           // entries of θ that go only part of a step
  std::vector<R>                      held_values_;
  std::vector<size_t>                 order_;  // of the rows of this epoch
  Dataset                             drawn_;  // trials of a task
  Dataset                             resampled_, resampled_test_;   // where lengths change
  double                              own_dt_ = 0;                   // of sequences of full length
  TrainingState                       state_;
  RunDirectory*                       directory_ = nullptr;
  Clock::time_point                   start_;
  double                              seconds_before_ = 0;  // of earlier calls
  double                              rows_trained_   = 0;  // by this call
  double                              rate_           = 0;  // of the last update
  int64_t                             updates_per_epoch_;
};

extern template class NetworkTrainer<float>;
extern template class NetworkTrainer<double>;

}  // namespace dynode
