// Delayed match to sample: two stimuli with a pause between them, were they the same?
//
//   input k  ▁▁▁██▁▁▁▁▁▁██▁▁▁▁▁  1 while stimulus k of `stimuli` is shown: sample, delay, test
//   target   ▁▁▁▁▁▁▁▁▁▁▁▁▁█████  +1 match, −1 non-match, in the response
//
// Source: Miyashita & Chang 1988, Neuronal correlate of pictorial short-term memory.
#include "dynode/tasks/task_terms.h"

namespace dynode {
namespace {

const std::vector<std::string> kTypes = {"non_match", "match"};

TaskShape shape(const Arguments& a, const At& at) {
  check_type("match_to_sample", a, kTypes, at);
  const size_t begin = count_of(a, "fixation") + count_of(a, "sample") + count_of(a, "delay") + count_of(a, "test");
  const size_t steps = begin + count_of(a, "response");
  return {.steps = steps, .inputs = count_of(a, "stimuli"), .answer_begin = begin, .answer_end = steps};
}

void draw(const Arguments& a, Random& random, Trial& trial) {
  trial.label         = int64_t(draw_type("match_to_sample", a, random, kTypes));
  const size_t sample = random.integer(trial.shape.inputs);
  const size_t other  = (sample + 1 + random.integer(trial.shape.inputs - 1)) % trial.shape.inputs;
  const size_t shown = count_of(a, "fixation"), gone = shown + count_of(a, "sample");
  set_input(trial, shown, gone, sample, 1);
  set_input(trial, gone + count_of(a, "delay"), trial.shape.answer_begin, trial.label == 1 ? sample : other, 1);
  set_target(trial, trial.shape.answer_begin, trial.shape.answer_end, 0, trial.label == 1 ? 1 : -1);
  add_noise(trial, 0, trial.shape.steps, a.number("noise"), random);
}

bool correct(const Arguments& a, const Trial& trial, std::span<const double> output) {
  return goes_beyond(trial, output, a.number("threshold"), trial.label == 1);
}

}  // namespace

TaskEntry match_to_sample_task() {
  return {.name    = "match_to_sample",
          .summary = "say after a delay whether a stimulus is the one seen before (DMS)",
          .facts   = {count_fact("stimuli", 2, "different stimuli, one input each", 2, 1e4),
                      steps_fact("fixation", 20, "before the sample", 0), steps_fact("sample", 20, "first stimulus"),
                      steps_fact("delay", 50, "between the stimuli", 0), steps_fact("test", 20, "second stimulus"),
                      steps_fact("response", 50, "when the answer is due"),
                      trial_type_fact("match, non_match, or any: one half each"), noise_fact(0), threshold_fact()},
          .labels  = {"non_match", "match"},
          .shape   = shape,
          .draw    = draw,
          .correct = correct};
}

}  // namespace dynode
