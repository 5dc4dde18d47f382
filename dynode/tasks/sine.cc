// Sine: from a slow sine and cosine make a faster sine.
//
//   input 0, 1   sin α, cos α      α evenly spaced from 0 to 2π input_periods, both ends included
//   target       sin β             β evenly spaced from 0 to 2π target_periods
//
// With random_phase both turn on by an angle of their own per trial, β by target_periods/input_periods as much.
// Source: the tutorial of ncps (48 steps, 1.5 and 3 periods, one sequence).
#include <numbers>

#include "dynode/tasks/task_terms.h"

namespace dynode {
namespace {

TaskShape shape(const Arguments& a, const At&) {
  const size_t steps = count_of(a, "steps");
  return {.steps = steps, .inputs = 2, .answer_end = steps};
}

void draw(const Arguments& a, Random& random, Trial& trial) {
  const double turn = 2 * std::numbers::pi, ratio = a.number("target_periods") / a.number("input_periods");
  const double phase = a.flag("random_phase") ? turn * random.uniform() : 0;
  for (size_t t = 0; t < trial.shape.steps; ++t) {
    const double along = double(t) / double(trial.shape.steps - 1);
    const double alpha = turn * a.number("input_periods") * along + phase;
    trial.in(t, 0)     = std::sin(alpha);
    trial.in(t, 1)     = std::cos(alpha);
    trial.out(t, 0)    = std::sin(turn * a.number("target_periods") * along + ratio * phase);
  }
}

bool correct(const Arguments& a, const Trial& trial, std::span<const double> output) {
  double sum = 0;
  for (size_t t = 0; t < output.size(); ++t) sum += (output[t] - trial.target[t]) * (output[t] - trial.target[t]);
  return sum / double(output.size()) < a.number("tolerance");
}

}  // namespace

TaskEntry sine_task() {
  return {.name    = "sine",
          .summary = "make a sine of another frequency from a sine and a cosine",
          .facts   = {count_fact("steps", 48, "steps of a trial", 2),
                      number_fact("input_periods", 1.5, 1e-3, 1e6, "periods of the inputs in a trial"),
                      number_fact("target_periods", 3, 1e-3, 1e6, "periods of the target in a trial"),
                      {.name = "random_phase",
                       .kind = ArgumentKind::boolean,
                       .help = "begin each trial at a random angle; else all trials are the same"},
                      number_fact("tolerance", 0.01, 0, 1e6, "the mean square error has to be below it")},
          .shape   = shape,
          .draw    = draw,
          .correct = correct};
}

}  // namespace dynode
