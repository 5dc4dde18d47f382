// Accumulation of pulses: two trains of pulses, which had more?
//
//   input 0, 1   1 with probability rate · p and rate · (1 − p) in each step of the stimulus, p = 1/(1 + e^γ),
//                γ = ±ratio; trials with as many pulses on either side are drawn again
//   output 0 (left) or 1 (right) is 1 in the response; no step of the stimulus counts.
//
// Source: Brunton, Botvinick, Brody 2013, Rats and humans can optimally accumulate evidence for decision-making.
#include "dynode/tasks/task_terms.h"

namespace dynode {
namespace {

std::vector<double> ratios(const Arguments& a) {
  if (a.has("ratios")) return a.numbers("ratios");
  return {0.5, 1.5, 2.5, 3.5};
}

TaskShape shape(const Arguments& a, const At& at) {
  if (ratios(a).empty()) throw SpecError(at, "pulse_accumulation has no ratios", "give at least one: [1.5]");
  const size_t begin = count_of(a, "fixation") + count_of(a, "stimulus");
  const size_t steps = begin + count_of(a, "response");
  return {.steps = steps, .inputs = 2, .outputs = 2, .answer_begin = begin, .answer_end = steps};
}

void draw(const Arguments& a, Random& random, Trial& trial) {
  const std::vector<double> all   = ratios(a);
  const double              gamma = (random.integer(2) == 1 ? 1 : -1) * all[random.integer(all.size())];
  const double              rate = a.number("rate"), left = rate / (1 + std::exp(gamma)), right = rate - left;
  const size_t              begin = count_of(a, "fixation"), end = trial.shape.answer_begin;
  int64_t                   ahead = 0;  // pulses on the right less those on the left
  while (ahead == 0)
    for (size_t t = begin; t < end; ++t) {
      trial.in(t, 0) = random.uniform() < left;
      trial.in(t, 1) = random.uniform() < right;
      ahead += int64_t(trial.in(t, 1)) - int64_t(trial.in(t, 0));
    }
  trial.label = ahead > 0;
  set_target(trial, end, trial.shape.answer_end, size_t(trial.label), 1);
  leave_out(trial, begin, end);
}

}  // namespace

TaskEntry pulse_accumulation_task() {
  return {.name    = "pulse_accumulation",
          .summary = "say which of two trains of pulses had more (Poisson clicks)",
          .facts   = {steps_fact("fixation", 20, "before the pulses", 0),
                      steps_fact("stimulus", 100, "how long the trains last"),
                      steps_fact("response", 40, "when the answer is due"),
                      number_fact("rate", 0.4, 0.01, 1, "pulses per step, both sides together"),
                      {.name = "ratios",
                       .kind = ArgumentKind::numbers,
                       .min  = 0,
                       .max  = 10,
                       .help = "equally likely sizes of the logarithm of right to left; [0.5, 1.5, 2.5, 3.5] if not "
                                 "given"}},
          .labels  = {"left", "right"},
          .shape   = shape,
          .draw    = draw,
          .correct = chooses_label};
}

}  // namespace dynode
