// Callbacks: noise and weights of losses that change while a network learns, as functions of the updates done alone.
//
//   noise    start ──╲___ end        between start_epoch and end_epoch, constant outside
//   weights  a rule of the progress p = 0 … 1 and of the time u = p · length, in updates
//
//   linear             min + (max − min) p
//   exponential_decay  initial e^(−rate p), rate = decay_rate or ln(initial / final)
//   cosine_decay       final + (initial − final) (1 + cos πp) / 2
//   sinusoidal         min + (max − min) e^(−amplitude_decay φ) (1 + cos 2πφ) / 2, φ periods after the start;
//                      period k lasts period · period_decay^k; scale: log takes logarithms of min and max
#pragma once
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dynode/base/facts.h"
#include "dynode/learn/schedule.h"
#include "dynode/plan/plan.h"
#include "dynode/spec/fields.h"

namespace dynode {

enum class NoiseTarget { noise, perturb };
template <>
struct EnumNames<NoiseTarget> {
  static constexpr std::array names{std::pair{NoiseTarget::noise, "noise"}, std::pair{NoiseTarget::perturb, "perturb"}};
};

/// Deviation of one kind of noise over time. It takes the place of what the network says of it.
struct NoiseAnnealerConfig {
  std::string                     key;
  NoiseTarget                     target = NoiseTarget::noise;
  double                          start_value = 0, end_value = 0;
  int                             start_epoch = 0;
  std::optional<int>              end_epoch;
  bool                            per_step = true;
  std::optional<bool>             relative;
  std::optional<std::vector<int>> layer_ids;

  static constexpr auto fields = field_list(
      field("key", &NoiseAnnealerConfig::key, "phi, g, s, j or a parameter: what is noisy", required),
      field("target", &NoiseAnnealerConfig::target, "noise: new in every step; perturb: once per forward pass"),
      field("start_value", &NoiseAnnealerConfig::start_value, "deviation up to start_epoch", required | non_negative),
      field("end_value", &NoiseAnnealerConfig::end_value, "deviation from end_epoch on", required | non_negative),
      field("start_epoch", &NoiseAnnealerConfig::start_epoch, "epochs done when the change begins", non_negative),
      field("end_epoch", &NoiseAnnealerConfig::end_epoch, "epochs done when it ends; missing: the last", at_least(1)),
      field("per_step", &NoiseAnnealerConfig::per_step, "change at every update; false: at every epoch"),
      field("relative", &NoiseAnnealerConfig::relative,
            "the deviation is a share of the value; missing: as the layer's noise says"),
      field("layer_ids", &NoiseAnnealerConfig::layer_ids,
            "which layers, of j: connections into which; missing: all that have it"));
};

/// Weight of a loss over time, instead of the one in the list of losses.
struct LossWeightSchedulerConfig {
  std::string        loss_name, scheduler_type = "linear";
  Value              params = Value::map();
  bool               per_step = true;
  int                start_epoch = 0;
  std::optional<int> end_epoch;

  static constexpr auto fields = field_list(
      field("loss_name", &LossWeightSchedulerConfig::loss_name, "which loss", required),
      field("scheduler_type", &LossWeightSchedulerConfig::scheduler_type,
            "linear, exponential_decay, cosine_decay or sinusoidal"),
      field("params", &LossWeightSchedulerConfig::params, "parameters of the rule"),
      field("per_step", &LossWeightSchedulerConfig::per_step, "change at every update; false: at every epoch"),
      field("start_epoch", &LossWeightSchedulerConfig::start_epoch, "epochs done at progress 0", non_negative),
      field("end_epoch", &LossWeightSchedulerConfig::end_epoch, "epochs done at progress 1; missing: the last",
            at_least(1)));
};

/// Weights of auxiliary losses that listen to the validation.
struct DynamicLossWeightConfig {
  bool                     active = true;
  std::vector<std::string> loss_names;
  std::string              monitor;
  int                      patience = 3;
  double                   threshold = 0.01, reduction = 0.7, increase = 1.05, min_weight = 0;
  std::optional<double>    max_weight;

  static constexpr auto fields = field_list(
      field("active", &DynamicLossWeightConfig::active, "false: weights stay"),
      field("loss_names", &DynamicLossWeightConfig::loss_names, "which losses; missing: all but the first"),
      field("monitor", &DynamicLossWeightConfig::monitor, "val_loss, or a metric; missing: the first metric"),
      field("patience", &DynamicLossWeightConfig::patience, "worse epochs in a row before weights fall", at_least(1)),
      field("threshold", &DynamicLossWeightConfig::threshold, "share of the best value by which an epoch is worse", non_negative),
      field("reduction", &DynamicLossWeightConfig::reduction, "factor on weights then", within(1e-6, 1)),
      field("increase", &DynamicLossWeightConfig::increase, "factor on weights after a new best value", within(1, 1e6)),
      field("min_weight", &DynamicLossWeightConfig::min_weight, "no weight falls below", non_negative),
      field("max_weight", &DynamicLossWeightConfig::max_weight, "none rises above; missing: what it began with", positive));
};

/// How many steps sequences have, epoch by epoch.
struct SeqLenSchedulerConfig {
  bool               active    = true;
  int                start_len = 0, end_len = 0, start_epoch = 0;
  std::optional<int> end_epoch;
  bool               scale_dt = false;

  static constexpr auto fields = field_list(
      field("active", &SeqLenSchedulerConfig::active, "false: sequences keep their length"),
      field("start_len", &SeqLenSchedulerConfig::start_len, "steps up to start_epoch", required | at_least(1)),
      field("end_len", &SeqLenSchedulerConfig::end_len, "steps from end_epoch on", required | at_least(1)),
      field("start_epoch", &SeqLenSchedulerConfig::start_epoch, "epochs done when the change begins", non_negative),
      field("end_epoch", &SeqLenSchedulerConfig::end_epoch, "epochs done when it ends; missing: the last", at_least(1)),
      field("scale_dt", &SeqLenSchedulerConfig::scale_dt,
            "steps last longer where there are fewer: with end_len they are as the network says"));
};

/// Scale of time_pooling over time.
struct PoolingScaleConfig {
  bool               active      = true;
  double             start_scale = 1, end_scale = 1;
  int                start_epoch = 0;
  std::optional<int> end_epoch;

  static constexpr auto fields = field_list(
      field("active", &PoolingScaleConfig::active, "false: the scale stays"),
      field("start_scale", &PoolingScaleConfig::start_scale, "scale up to start_epoch", required),
      field("end_scale", &PoolingScaleConfig::end_scale, "scale from end_epoch on", required),
      field("start_epoch", &PoolingScaleConfig::start_epoch, "epochs done when the change begins", non_negative),
      field("end_epoch", &PoolingScaleConfig::end_epoch, "epochs done when it ends; missing: the last", at_least(1)));
};

/// Whose last states go on.
enum class StateSelection { random, first, last, each };
template <>
struct EnumNames<StateSelection> {
  static constexpr std::array names{std::pair{StateSelection::random, "random"}, std::pair{StateSelection::first, "first"},
                                    std::pair{StateSelection::last, "last"}, std::pair{StateSelection::each, "each"}};
};

struct StatefulConfig {
  bool           active              = true;
  bool           enable_for_training = true, enable_for_validation = false;
  StateSelection sample_selection = StateSelection::random;

  static constexpr auto fields = field_list(
      field("active", &StatefulConfig::active, "false: every batch begins in the initial state"),
      field("enable_for_training", &StatefulConfig::enable_for_training, "in training"),
      field("enable_for_validation", &StatefulConfig::enable_for_validation, "in validation and test"),
      field("sample_selection", &StatefulConfig::sample_selection,
            "whose states all sequences of the next batch begin in: a random one's, the first one's, the last one's; each: row "
            "by row their own"));
};

/// A rule for the weight of a loss.
struct WeightRuleEntry {
  const char*       name;
  const char*       summary;
  std::vector<Fact> facts;
  /// @param p  progress, 0 … 1   @param u  time since the start   @param epoch  length of an epoch, in the unit of u
  double (*weight)(const Arguments&, double p, double u, double epoch);
};

const std::vector<WeightRuleEntry>& weight_rules();

/// @throws SpecError  naming the nearest rule, if there is none called `name`
const WeightRuleEntry& find_weight_rule(std::string_view name, const At& at = {});

/// @throws SpecError  if values do not go together
void check_annealer(const NoiseAnnealerConfig& annealer, int max_epochs, const At& at = {});
void check_weight_scheduler(const LossWeightSchedulerConfig& scheduler, int max_epochs, const At& at = {});

/// Deviation, and weight, of the update that comes after `now.update` updates.
double annealed_deviation(const NoiseAnnealerConfig& annealer, const TrainingProgress& now);
double scheduled_weight(const LossWeightSchedulerConfig& scheduler, const TrainingProgress& now);

/// Steps of sequences in epoch `epoch` (from 0), and the scale of poolings, on a straight line between their ends.
/// @param epochs  of the whole run
int    scheduled_length(const SeqLenSchedulerConfig& scheduler, int64_t epoch, int epochs);
double scheduled_scale(const PoolingScaleConfig& scheduler, int64_t epoch, int epochs);

/// What a dynamic loss weight remembers; belongs into a checkpoint.
struct DynamicWeight {
  double  factor = 1, best = std::numeric_limits<double>::quiet_NaN();
  int64_t worse  = 0;   // epochs in a row
};
/// Hears what was monitored after an epoch.
void observe(const DynamicLossWeightConfig& config, double value, bool larger_is_better, DynamicWeight& state);
/// The weight of an auxiliary loss that has `weight` by itself.
double dynamic_weight(const DynamicLossWeightConfig& config, const DynamicWeight& state, double weight);

/// The network with its noise as annealers have it: at its largest, or at `now`. @param plan  compiled from it
/// @throws SpecError  if nothing has what an annealer wants to be noisy
Spec with_annealed_noise(const Plan& plan, const std::vector<NoiseAnnealerConfig>& annealers,
                         const std::optional<TrainingProgress>& now = {});

/// The same compiled with its noise at its largest; without annealers just compiled.
std::shared_ptr<const Plan> compile_annealed(const Spec& spec, const CompileOptions& options,
                                             const std::vector<NoiseAnnealerConfig>& annealers);

/// Which sites of the plan's noise an annealer moves. @throws SpecError  if two annealers want the same
std::vector<std::vector<int>> annealed_sites(const Plan& plan, const std::vector<NoiseAnnealerConfig>& annealers);

/// What of its deviation each of `count` sites of noise has at `now`; empty without annealers.
/// @param sites  as annealed_sites has them
std::vector<double> noise_shares(const std::vector<NoiseAnnealerConfig>& annealers,
                                 const std::vector<std::vector<int>>& sites, size_t count, const TrainingProgress& now);

}  // namespace dynode
