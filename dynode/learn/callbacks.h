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

  static constexpr auto fields = std::tuple{
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
            "which layers, of j: connections into which; missing: all that have it")};
};

/// Weight of a loss over time, instead of the one in the list of losses.
struct LossWeightSchedulerConfig {
  std::string        loss_name, scheduler_type = "linear";
  Value              params = Value::map();
  bool               per_step = true;
  int                start_epoch = 0;
  std::optional<int> end_epoch;

  static constexpr auto fields = std::tuple{
      field("loss_name", &LossWeightSchedulerConfig::loss_name, "which loss", required),
      field("scheduler_type", &LossWeightSchedulerConfig::scheduler_type,
            "linear, exponential_decay, cosine_decay or sinusoidal"),
      field("params", &LossWeightSchedulerConfig::params, "parameters of the rule"),
      field("per_step", &LossWeightSchedulerConfig::per_step, "change at every update; false: at every epoch"),
      field("start_epoch", &LossWeightSchedulerConfig::start_epoch, "epochs done at progress 0", non_negative),
      field("end_epoch", &LossWeightSchedulerConfig::end_epoch, "epochs done at progress 1; missing: the last",
            at_least(1))};
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
