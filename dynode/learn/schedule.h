// Schedules: the learning rate of the next update.
//
//   max ┤   ╱╲            ╱╲                 warm-up, then a rule; the rate is a pure function of how many updates
//       │  ╱  ╲          ╱  ╲                are done, except for greedy and adaptive, which also look at a
//   min ┤─╱    ╲________╱    ╲___            state fed by observe() after each validation
//        warm-up   cycle 0     cycle 1
//
//   constant   lr
//   step       lr · factor^⌊epoch / step_epochs⌋
//   exponential  max(min_lr, lr · factor^epoch)
//   linear     max → min over all updates, straight or in the logarithm
//   cosine     warm-up min → max; then min + A (1 + cos πp)/2, cycle c of length cycle_epochs · period_decay^c,
//              A = (max · restart_decay^c − min) · amplitude_decay^c; soft_restart: cos 2πp, A going over into the next
//   rex        half-cosine warm-up; then min + (max − min) r / (0.5 + 0.5 r), r = 1 − progress
//   greedy     × factor_increase on a new best, × factor_decrease after `patience` epochs without one
//   adaptive   × increase_factor / decrease_factor after so many good / bad epochs
//
// Source of rex: Chen et al. 2022, "REX: Revisiting budgeted training".
#pragma once
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/facts.h"

namespace dynode {

/// Where training stands.
struct TrainingProgress {
  int64_t update            = 0;   // updates done
  int64_t updates_total     = 1;   // of the whole run
  int64_t updates_per_epoch = 1;
};

/// What greedy and adaptive remember; belongs into a checkpoint.
struct ScheduleState {
  double  lr   = std::numeric_limits<double>::quiet_NaN();   // NaN: no validation changed it yet
  double  best = std::numeric_limits<double>::infinity();    // best observed value
  int64_t good = 0, bad = 0;                                 // epochs since the last change
  int64_t cooldown = 0;                                      // epochs that will not count
  bool operator==(const ScheduleState&) const = default;
};

/// What a schedule may look at.
struct ScheduleArgs {
  const Arguments& arguments;      // checked against its facts
  double           optimizer_lr;   // used where a schedule has no rate of its own
};

struct ScheduleEntry {
  const char*       name;
  const char*       summary;
  std::vector<Fact> facts;         // a number with the default NaN has no default
  double (*rate)(const ScheduleArgs&, const TrainingProgress&, const ScheduleState&);
  void (*observe)(const ScheduleArgs&, int64_t epoch, double value, ScheduleState&) = nullptr;
};

/// All schedules, in the order of the manual.
const std::vector<ScheduleEntry>& schedules();

/// @throws SpecError  naming the nearest schedule, if there is none called `name`
const ScheduleEntry& find_schedule(std::string_view name, const At& at = {});

/// @throws SpecError  if the arguments do not go together
void check_schedule(const ScheduleEntry& schedule, const ScheduleArgs& args, const At& at = {});

/// Learning rate of the update that comes after `progress.update` updates.
double learning_rate(const ScheduleEntry& schedule, const ScheduleArgs& args, const TrainingProgress& progress,
                     const ScheduleState& state = {});

/// Tells the schedule what validation said after `epoch` (from 0); smaller is better. Nothing happens for schedules
/// that do not listen.
void observe(const ScheduleEntry& schedule, const ScheduleArgs& args, int64_t epoch, double value,
             ScheduleState& state);

}  // namespace dynode
