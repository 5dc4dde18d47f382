// Training: from a training file to a network that has learnt, in a run directory that can be resumed.
//
//   order(seed, epoch) ─▶ minibatch ─▶ engine.gradient ─▶ clip ─▶ optimiser step at the scheduled rate ─▶ project
//         epoch over: validation ─▶ schedule, early stopping, checkpoints     the end: test with the best checkpoint
//
// "Best" is the smallest validation loss (without a validation split: training loss), or what met training.stop_when.
// Everything is a function of the training file and its seed: any number of threads, and any number of interruptions
// followed by resume(), give the same bytes, but for `seconds` in metrics.jsonl and what is meant for people in log.txt.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/learn/config.h"
#include "dynode/learn/progress.h"
#include "dynode/plan/plan.h"

namespace dynode {

struct TrainOptions {
  int                      threads       = 1;        // 0: one per core
  std::string              run_directory = {};       // "": where run_path() says, with -2, -3, … if that is taken
  Progress*                progress      = nullptr;  // shown what happens, if given
  const std::atomic<bool>* stop          = nullptr;  // becoming true ends the run after the current update
  std::vector<std::string> notes         = {};       // lines on top of config.yaml: version, instruction set
};

/// How one network did.
struct TrainResult {
  std::string              directory;
  int64_t                  epochs = 0, updates = 0;
  int64_t                  best_epoch = 0;
  double                   best_loss  = 0;  // validation loss of that epoch
  double                   test_loss  = 0;
  std::vector<NamedNumber> test;             // metrics, in the order of logging.metrics
  double                   seconds = 0;      // spent by this call
  bool                     stopped = false;  // by TrainOptions::stop: nothing was tested, resume() goes on
  std::optional<bool>      reached = {};     // whether training.stop_when was; missing: there is none

  struct Yardstick;
  std::vector<Yardstick>   yardsticks;
  std::vector<TrainResult> repeats;  // with num_repeats > 1; then the numbers above are means over them
};

struct TrainResult::Yardstick {
  std::string name;
  TrainResult result;
};

/// A loss, gradient or state that stopped being finite while training.
class DivergenceError : public NumericsError {
 public:
  DivergenceError(const NumericsError& cause, int64_t epoch, int64_t update, double learning_rate,
                  const std::string& checkpoint);
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

/// The network a training file asks for.
/// @throws IoError, SpecError
std::shared_ptr<const Plan> training_plan(const TrainConfig& config, uint64_t seed);

/// Trains, tests, trains and tests the yardsticks. @throws IoError, SpecError, ShapeError, DivergenceError
TrainResult train(const TrainConfig& config, const TrainOptions& options = {});

/// Goes on where the run in `run_directory` ended: at its last checkpoint, with the training file it wrote there.
/// A run that is complete is tested again. @throws as train
TrainResult resume(const std::string& run_directory, const TrainOptions& options = {});

/// "test accuracy 86.3 %"; with repeats "test accuracy 86.3 ± 0.2 %".
std::string headline(const TrainResult& result);

}  // namespace dynode
