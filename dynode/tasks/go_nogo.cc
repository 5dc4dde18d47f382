// Go-NoGo: a pulse asks for an answer, no pulse for none.
//
//   input   ▁▁▁▁████▁▁▁▁▁▁▁▁▁▁  go: 1 in [stim_on, stim_on + stim_dur)     ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  nogo: 0
//   target  ▁▁▁▁▁▁▁▁██████████  go: 1 from the end of the pulse            ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  nogo: 0
//
// Source: Kim, Li, Sejnowski 2019, Simple framework for constructing functional spiking recurrent neural networks.
#include "dynode/tasks/task_terms.h"

namespace dynode {
namespace {

const std::vector<std::string> kTypes = {"nogo", "go"};

TaskShape shape(const Arguments& a, const At& at) {
  check_type("go_nogo", a, kTypes, at);
  const size_t steps = count_of(a, "T") - 1, end = count_of(a, "stim_on") + count_of(a, "stim_dur");
  check_answer("go_nogo", end, steps, at);
  return {.steps = steps, .answer_begin = end, .answer_end = steps};
}

void draw(const Arguments& a, Random& random, Trial& trial) {
  trial.label = int64_t(draw_type("go_nogo", a, random, kTypes));
  if (trial.label == 0) return;
  set_input(trial, count_of(a, "stim_on"), trial.shape.answer_begin, 0, 1);
  set_target(trial, trial.shape.answer_begin, trial.shape.answer_end, 0, 1);
}

bool correct(const Arguments& a, const Trial& trial, std::span<const double> output) {
  if (trial.label == 1) return goes_beyond(trial, output, a.number("threshold"), true);
  const double limit = a.number("nogo_limit");
  return std::ranges::all_of(output.subspan(trial.shape.answer_begin), [&](double o) { return std::abs(o) < limit; });
}

}  // namespace

TaskEntry go_nogo_task() {
  return {
      .name    = "go_nogo",
      .summary = "answer after a pulse, stay silent without one",
      .facts   = {time_points_fact(200), steps_fact("stim_on", 50, "when the pulse begins", 0),
                  steps_fact("stim_dur", 25, "how long it lasts"), trial_type_fact("go, nogo, or any: one half each"),
                  threshold_fact(), number_fact("nogo_limit", 0.3, 0, 1e6, "after no pulse the output stays within it")},
      .labels  = {"nogo", "go"},
      .spiking = {.upward = true},
      .shape   = shape,
      .draw    = draw,
      .correct = correct};
}

}  // namespace dynode
