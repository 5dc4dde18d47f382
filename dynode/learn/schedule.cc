// Learning-rate schedules.
#include "dynode/learn/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "dynode/base/entries.h"

namespace dynode {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();   // a fact without a default
constexpr double kPi   = std::numbers::pi;

/// A rate of the schedule's own, else the optimiser's.
double rate_or_optimizers(const ScheduleArgs& args, const char* name) {
  const bool given = args.arguments.has(name) && !std::isnan(args.arguments.number(name));
  return given ? args.arguments.number(name) : args.optimizer_lr;
}

double updates_of(const ScheduleArgs& args, const char* epochs, const TrainingProgress& progress) {
  return args.arguments.number(epochs) * double(progress.updates_per_epoch);
}

int64_t epoch_of(const TrainingProgress& progress) { return progress.update / progress.updates_per_epoch; }

double constant(const ScheduleArgs& args, const TrainingProgress&, const ScheduleState&) {
  return rate_or_optimizers(args, "lr");
}

double step(const ScheduleArgs& args, const TrainingProgress& progress, const ScheduleState&) {
  const double drops = std::floor(double(epoch_of(progress)) / args.arguments.number("step_epochs"));
  return rate_or_optimizers(args, "lr") * std::pow(args.arguments.number("factor"), drops);
}

double exponential(const ScheduleArgs& args, const TrainingProgress& progress, const ScheduleState&) {
  const double decay = std::pow(args.arguments.number("factor"), double(epoch_of(progress)));
  return std::max(args.arguments.number("min_lr"), rate_or_optimizers(args, "lr") * decay);
}

double linear(const ScheduleArgs& args, const TrainingProgress& progress, const ScheduleState&) {
  const double max = args.arguments.number("max_lr"), min = args.arguments.number("min_lr");
  const double total = double(std::max<int64_t>(progress.updates_total, 1));
  const double p     = std::clamp(double(progress.update) / total, 0.0, 1.0);
  return args.arguments.flag("log_space") ? std::exp(std::lerp(std::log(max), std::log(min), p)) : std::lerp(max, min, p);
}

double cosine(const ScheduleArgs& args, const TrainingProgress& progress, const ScheduleState&) {
  const Arguments& a = args.arguments;
  const double max = a.number("max_lr"), min = a.number("min_lr");

  // the update the rate was last adjusted at
  const bool    often  = a.flag("adjust_on_batch");
  const int64_t grain  = often ? int64_t(a.number("batches_per_adjustment")) : progress.updates_per_epoch;
  const double  update = double(progress.update - progress.update % std::max<int64_t>(grain, 1));

  // without a warm-up the first two updates share the full rate
  const double warmup = updates_of(args, "warmup_epochs", progress);
  if (update < warmup) return std::lerp(min, max, update / warmup);
  double u = warmup > 0 ? update - warmup : std::max(update - 1, 0.0);

  // which cycle, and where in it; a cycle that has shrunk below one update is the last
  double  length = updates_of(args, "cycle_epochs", progress);
  int64_t cycle  = 0;
  if (a.flag("enable_restarts"))
    for (; u >= length && length >= 1; ++cycle) u -= length, length *= a.number("period_decay");
  const double p = std::min(u / length, 1.0);

  const auto amplitude = [&](int64_t c) {
    const double top = max * std::pow(a.number("restart_decay"), double(c));
    return (top - min) * std::pow(a.number("amplitude_decay"), double(c));
  };
  if (!a.flag("soft_restart")) return min + amplitude(cycle) * 0.5 * (1 + std::cos(kPi * p));
  const bool   fades = a.number("amplitude_decay") < 1;
  const double A     = fades ? std::lerp(amplitude(cycle), amplitude(cycle + 1), p) : amplitude(cycle);
  return min + A * 0.5 * (1 + std::cos(2 * kPi * p));
}

double rex(const ScheduleArgs& args, const TrainingProgress& progress, const ScheduleState&) {
  const double max    = rate_or_optimizers(args, "max_lr"), min = args.arguments.number("min_lr");
  const double warmup = updates_of(args, "warmup_epochs", progress);
  const double update = double(progress.update), total = double(progress.updates_total);
  if (update < warmup)
    return std::lerp(args.arguments.number("warmup_start_lr"), max, 0.5 * (1 - std::cos(kPi * update / warmup)));
  const double r = total > warmup ? std::clamp(1 - (update - warmup) / (total - warmup), 0.0, 1.0) : 0;
  return min + (max - min) * r / (0.5 + 0.5 * r);
}

/// Straight warm-up to max_lr, then what the observations made of it.
double listening(const ScheduleArgs& args, const TrainingProgress& progress, const ScheduleState& state) {
  const double max    = rate_or_optimizers(args, "max_lr");
  const double warmup = updates_of(args, "warmup_epochs", progress);
  if (double(progress.update) < warmup)
    return std::lerp(args.arguments.number("warmup_start_lr"), max, double(progress.update) / warmup);
  return std::isnan(state.lr) ? max : state.lr;
}

/// Multiplies the rate within [min_lr, max_lr]; says whether it changed.
bool change_rate(const ScheduleArgs& args, double factor, ScheduleState& state) {
  const double max = rate_or_optimizers(args, "max_lr");
  const double old = std::isnan(state.lr) ? max : state.lr;
  state.lr   = std::clamp(old * factor, args.arguments.number("min_lr"), max);
  state.good = state.bad = 0;
  return state.lr != old;
}

void observe_greedy(const ScheduleArgs& args, int64_t epoch, double value, ScheduleState& state) {
  const Arguments& a        = args.arguments;
  const auto       patience = int64_t(a.number("patience"));
  const bool       adjusts  = double(epoch) >= a.number("warmup_epochs");
  if (value < state.best) {
    const bool clear_gain = std::isinf(state.best) || value < state.best - 0.01 * std::abs(state.best);
    state.best = value, state.bad = 0;
    if (adjusts && clear_gain && epoch % patience == 0) change_rate(args, a.number("factor_increase"), state);
  } else if (++state.bad >= patience && adjusts) {
    change_rate(args, a.number("factor_decrease"), state);
  }
}

void observe_adaptive(const ScheduleArgs& args, int64_t epoch, double value, ScheduleState& state) {
  const Arguments& a = args.arguments;
  if (double(epoch) < a.number("warmup_epochs")) return;

  const double threshold = a.number("threshold");
  const double margin    = a.text("threshold_mode") == "abs" ? threshold : threshold * std::abs(state.best);
  const bool   better    = std::isinf(state.best) ? value < state.best : value < state.best - margin;
  if (better) state.best = value;
  if (state.cooldown > 0) {
    --state.cooldown;
    return;
  }
  if (better) ++state.good, state.bad = 0;
  else ++state.bad, state.good = 0;

  // a rate that is at its limit already starts no cooldown
  bool changed = false;
  if (double(state.good) >= a.number("patience_increase"))
    changed = change_rate(args, a.number("increase_factor"), state);
  else if (double(state.bad) >= a.number("patience_decrease"))
    changed = change_rate(args, a.number("decrease_factor"), state);
  if (changed) state.cooldown = int64_t(a.number("cooldown"));
}

constexpr double kSmallest = 1e-300;   // "larger than 0" for a fact

Fact rate_fact(const char* name, double value, const char* help) {
  return {.name = name, .value = value, .min = 0, .help = help};
}
Fact epochs_fact(const char* name, double value, double min, const char* help) {
  return {.name = name, .value = value, .min = min, .unit = "epochs", .help = help};
}
Fact count_fact(const char* name, double value, double min, const char* help) {
  return {.name = name, .kind = ArgumentKind::integer, .value = value, .min = min, .help = help};
}
Fact factor_fact(const char* name, double value, const char* help) {
  return {.name = name, .value = value, .min = kSmallest, .help = help};
}
Fact flag_fact(const char* name, bool value, const char* help) {
  return {.name = name, .kind = ArgumentKind::boolean, .value = double(value), .help = help};
}

std::vector<Fact> cosine_facts() {
  return {rate_fact("max_lr", 1e-3, "largest rate"),
          rate_fact("min_lr", 1e-6, "smallest rate"),
          epochs_fact("warmup_epochs", 5, 0, "straight rise from min_lr to max_lr"),
          epochs_fact("cycle_epochs", 50, kSmallest, "length of the first cycle"),
          flag_fact("enable_restarts", true, "start again after a cycle; false: stay at min_lr"),
          factor_fact("restart_decay", 1, "factor on max_lr from cycle to cycle"),
          factor_fact("period_decay", 1, "factor on the length from cycle to cycle"),
          factor_fact("amplitude_decay", 1, "factor on the height from cycle to cycle"),
          flag_fact("adjust_on_batch", true, "change at every update; false: at every epoch"),
          count_fact("batches_per_adjustment", 1, 1, "updates between changes"),
          flag_fact("soft_restart", false, "rise back along the cosine instead of jumping")};
}

}  // namespace

const std::vector<ScheduleEntry>& schedules() {
  static const std::vector<ScheduleEntry> entries = {
      {"constant", "one rate", {rate_fact("lr", kNone, "rate; the optimizer's when missing")}, constant},
      {"step",
       "drops by a factor every few epochs",
       {rate_fact("lr", kNone, "first rate; the optimizer's when missing"),
        epochs_fact("step_epochs", 10, kSmallest, "epochs between drops"),
        factor_fact("factor", 0.1, "what a drop multiplies by")},
       step},
      {"exponential",
       "decays by a factor every epoch",
       {rate_fact("lr", kNone, "first rate; the optimizer's when missing"),
        factor_fact("factor", 0.95, "factor per epoch"), rate_fact("min_lr", 0, "smallest rate")},
       exponential},
      {"linear",
       "falls evenly over the whole run",
       {rate_fact("max_lr", 1e-3, "first rate"), rate_fact("min_lr", 1e-6, "last rate"),
        flag_fact("log_space", false, "evenly in the logarithm")},
       linear},
      {"cosine", "warm-up, then cosine cycles", cosine_facts(), cosine},
      {"rex",
       "warm-up, then slow at first and fast at last",
       {rate_fact("max_lr", kNone, "largest rate; the optimizer's when missing"), rate_fact("min_lr", 0, "last rate"),
        epochs_fact("warmup_epochs", 0, 0, "rise along half a cosine"),
        rate_fact("warmup_start_lr", 1e-6, "rate at which the warm-up starts")},
       rex},
      {"greedy",
       "grows on clear progress, shrinks without",
       {rate_fact("max_lr", 0.01, "largest rate, the first after the warm-up"),
        rate_fact("min_lr", 1e-6, "smallest rate"),
        epochs_fact("warmup_epochs", 0, 0, "straight rise to max_lr"),
        rate_fact("warmup_start_lr", 1e-6, "rate at which the warm-up starts"),
        factor_fact("factor_increase", 1.1, "factor on a new best that is more than 1 % better"),
        factor_fact("factor_decrease", 0.9, "factor after `patience` epochs without a new best"),
        count_fact("patience", 3, 1, "epochs; growing happens only in multiples of it")},
       listening,
       observe_greedy},
      {"adaptive",
       "grows after good epochs, shrinks after bad ones",
       {rate_fact("max_lr", kNone, "largest rate, the first after the warm-up; the optimizer's when missing"),
        rate_fact("min_lr", 1e-6, "smallest rate"),
        epochs_fact("warmup_epochs", 3, 0, "straight rise to max_lr"),
        rate_fact("warmup_start_lr", 1e-7, "rate at which the warm-up starts"),
        factor_fact("increase_factor", 1.2, "factor after good epochs"),
        factor_fact("decrease_factor", 0.7, "factor after bad epochs"),
        count_fact("patience_increase", 3, 1, "good epochs in a row before growing"),
        count_fact("patience_decrease", 5, 1, "bad epochs in a row before shrinking"),
        {.name = "threshold", .value = 1e-4, .min = 0, .help = "gain from which on an epoch is good"},
        {.name = "threshold_mode", .kind = ArgumentKind::text, .help = "rel (of the best value) or abs", .text = "rel"},
        count_fact("cooldown", 0, 0, "epochs after a change that do not count"),
        {.name = "monitor_metric", .kind = ArgumentKind::text, .help = "what is observed", .text = "val_loss"}},
       listening,
       observe_adaptive},
  };
  return entries;
}

const ScheduleEntry& find_schedule(std::string_view name, const At& at) {
  return find_entry(schedules(), "learning-rate schedule", name, at);
}

void check_schedule(const ScheduleEntry& schedule, const ScheduleArgs& args, const At& at) {
  const std::string_view name = schedule.name;
  const Arguments&       a    = args.arguments;
  const auto known = [&](const char* fact) { return a.has(fact) && !std::isnan(a.number(fact)); };
  if (known("min_lr") && name != "exponential") {
    const double max = rate_or_optimizers(args, "max_lr");
    if (a.number("min_lr") > max)
      throw SpecError(at, "min_lr " + std::to_string(a.number("min_lr")) + " is above max_lr " + std::to_string(max));
  }
  if (name == "linear" && a.flag("log_space") && !(a.number("min_lr") > 0))
    throw SpecError(at, "log_space needs a min_lr larger than 0", "give min_lr: 1e-6, for example");
  if (name == "adaptive" && a.text("threshold_mode") != "rel" && a.text("threshold_mode") != "abs")
    throw SpecError(at, "threshold_mode '" + a.text("threshold_mode") + "' is unknown", "there is: rel, abs");
}

double learning_rate(const ScheduleEntry& schedule, const ScheduleArgs& args, const TrainingProgress& progress,
                     const ScheduleState& state) {
  return schedule.rate(args, progress, state);
}

void observe(const ScheduleEntry& schedule, const ScheduleArgs& args, int64_t epoch, double value,
             ScheduleState& state) {
  if (schedule.observe) schedule.observe(args, epoch, value, state);
}

}  // namespace dynode
