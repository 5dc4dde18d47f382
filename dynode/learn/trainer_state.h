// TrainingState: the counters of a run. With θ and the optimiser's memory they are all that a checkpoint must know.
#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "dynode/io/safetensors.h"
#include "dynode/learn/config.h"
#include "dynode/learn/optimizer.h"
#include "dynode/plan/plan.h"
#include "dynode/spec/fields.h"

namespace dynode {

/// A checkpoint that is kept by epoch.
struct KeptCheckpoint {
  int64_t epoch = 0;
  double  loss  = 0;  // of the validation of that epoch

  static constexpr auto fields = field_list(field("epoch", &KeptCheckpoint::epoch, "which epoch"),
                                            field("loss", &KeptCheckpoint::loss, "its validation loss"));
};

struct TrainingState {
  int64_t                     epoch               = 0;  // epochs done
  int64_t                     step                = 0;  // updates done
  double                      best_loss           = std::numeric_limits<double>::infinity();
  int64_t                     best_epoch          = 0;
  int64_t                     epochs_without_gain = 0;
  bool                        ended               = false;  // by early stopping or stop_when
  bool                        reached             = false;  // stop_when
  int64_t                     metrics_lines       = 0;      // of metrics.jsonl
  std::vector<KeptCheckpoint> kept;
  double                      schedule_lr   = std::numeric_limits<double>::quiet_NaN();
  double                      schedule_best = std::numeric_limits<double>::infinity();
  int64_t                     schedule_good = 0, schedule_bad = 0, schedule_cooldown = 0;
  double                      dynamic_factor = 1, dynamic_best = std::numeric_limits<double>::quiet_NaN();
  int64_t                     dynamic_worse  = 0;

  static constexpr auto fields =
      field_list(field("epoch", &TrainingState::epoch, "epochs done"),
                 field("step", &TrainingState::step, "updates done"),
                 field("best_loss", &TrainingState::best_loss, "smallest validation loss"),
                 field("best_epoch", &TrainingState::best_epoch, "its epoch"),
                 field("epochs_without_gain", &TrainingState::epochs_without_gain, "epochs since then"),
                 field("ended", &TrainingState::ended, "whether the run ended before max_epochs"),
                 field("reached", &TrainingState::reached, "whether stop_when was reached"),
                 field("metrics_lines", &TrainingState::metrics_lines, "lines of metrics.jsonl"),
                 field("kept", &TrainingState::kept, "checkpoints kept by epoch"),
                 field("schedule_lr", &TrainingState::schedule_lr, "rate of a schedule that listens"),
                 field("schedule_best", &TrainingState::schedule_best, "best value it heard"),
                 field("schedule_good", &TrainingState::schedule_good, "good epochs it heard"),
                 field("schedule_bad", &TrainingState::schedule_bad, "bad epochs it heard"),
                 field("schedule_cooldown", &TrainingState::schedule_cooldown, "epochs it will not count"),
                 field("dynamic_factor", &TrainingState::dynamic_factor, "on weights of auxiliary losses"),
                 field("dynamic_best", &TrainingState::dynamic_best, "best value that dynamic_loss_weight heard"),
                 field("dynamic_worse", &TrainingState::dynamic_worse, "worse epochs in a row since"));

  ScheduleState schedule() const;
  void          set_schedule(const ScheduleState& s);
  DynamicWeight dynamic() const { return {dynamic_factor, dynamic_best, dynamic_worse}; }
  void          set_dynamic(const DynamicWeight& d) { dynamic_factor = d.factor, dynamic_best = d.best, dynamic_worse = d.worse; }
};

/// The bytes of a checkpoint: a model file with the optimiser's memory (opt/m/<block>, opt/v/<block>) and, in its
/// metadata, `dynode.train`: {config, state}. Equal runs give equal bytes.
/// @param spec  the network as it is now; null: as it was compiled
template <class R>
std::string checkpoint_bytes(const Plan& plan, std::span<const R> theta, Optimizer<R>& optimizer,
                             const TrainConfig& config, const TrainingState& state, const Spec* spec = nullptr);

/// What a checkpoint says of its run. @throws IoError  if it is a model file, but no checkpoint
TrainingState checkpoint_state(const TensorFile& file, const std::string& path);

/// Fills the optimiser's memory. @throws IoError  if it is not there, ShapeError
template <class R>
void restore_optimizer(const Plan& plan, const TensorFile& file, const std::string& path, Optimizer<R>& optimizer);

}  // namespace dynode
