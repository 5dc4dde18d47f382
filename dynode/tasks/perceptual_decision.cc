// Perceptual decision: noisy evidence for two sides, which has more? (Dots that move to the left or right.)
//
//   input of the right side  (1 + c/100)/2 + noise in each step of the stimulus      c coherence in %
//   input of the other side  (1 − c/100)/2 + noise
//   output 0 (left) or 1 (right) is 1 in the response; no step of the stimulus counts. Without coherence the right side
//   is a toss.
//
// Sources: Britten, Shadlen, Newsome, Movshon 1992; as a task for networks: Song, Yang, Wang 2016.
#include "dynode/tasks/task_terms.h"

namespace dynode {
namespace {

std::vector<double> coherences(const Arguments& a) {
  if (a.has("coherences")) return a.numbers("coherences");
  return {0, 3.2, 6.4, 12.8, 25.6, 51.2};
}

TaskShape shape(const Arguments& a, const At& at) {
  if (coherences(a).empty()) throw SpecError(at, "perceptual_decision has no coherences", "give at least one: [12.8]");
  const size_t begin = count_of(a, "fixation") + count_of(a, "stimulus");
  const size_t steps = begin + count_of(a, "response");
  return {.steps = steps, .inputs = 2, .outputs = 2, .answer_begin = begin, .answer_end = steps};
}

void draw(const Arguments& a, Random& random, Trial& trial) {
  const std::vector<double> all = coherences(a);
  trial.label                   = int64_t(random.integer(2));
  const double share            = all[random.integer(all.size())] / 100;
  const size_t side = size_t(trial.label), begin = count_of(a, "fixation"), end = trial.shape.answer_begin;
  set_input(trial, begin, end, side, (1 + share) / 2);
  set_input(trial, begin, end, 1 - side, (1 - share) / 2);
  add_noise(trial, begin, end, a.number("noise"), random);
  set_target(trial, end, trial.shape.answer_end, side, 1);
  leave_out(trial, begin, end);
}

}  // namespace

TaskEntry perceptual_decision_task() {
  return {.name    = "perceptual_decision",
          .summary = "say for which of two sides there is more noisy evidence (random dots)",
          .facts   = {steps_fact("fixation", 20, "before the stimulus", 0),
                      steps_fact("stimulus", 100, "how long the evidence lasts"),
                      steps_fact("response", 40, "when the answer is due"),
                      {.name = "coherences",
                       .kind = ArgumentKind::numbers,
                       .min  = 0,
                       .max  = 100,
                       .unit = "%",
                       .help = "equally likely strengths of the evidence; [0, 3.2, 6.4, 12.8, 25.6, 51.2] if not given"},
                      noise_fact(0.5)},
          .labels  = {"left", "right"},
          .shape   = shape,
          .draw    = draw,
          .correct = chooses_label};
}

}  // namespace dynode
