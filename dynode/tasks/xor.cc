// XOR of two pulses: have they the same sign?
//
//   input 0  ▁▁▁██▁▁▁▁▁▁▁▁▁▁▁▁▁  ±1 in [stim_on, stim_on + stim_dur)
//   input 1  ▁▁▁▁▁▁▁██▁▁▁▁▁▁▁▁▁  ±1 for stim_dur steps, `delay` steps after the first has ended
//   target   ▁▁▁▁▁▁▁▁▁▁██████▁▁  +1 same, −1 different, for 100 steps from 10 steps after the second
//
// Source: Kim, Li, Sejnowski 2019, Simple framework for constructing functional spiking recurrent neural networks.
#include "dynode/tasks/task_terms.h"

namespace dynode {
namespace {

constexpr size_t kWait = 10, kAnswer = 100;

const std::vector<std::string> kTypes = {"++", "+-", "-+", "--"};

TaskShape shape(const Arguments& a, const At& at) {
  check_type("xor", a, kTypes, at);
  const size_t steps = count_of(a, "T") - 1;
  const size_t begin = count_of(a, "stim_on") + 2 * count_of(a, "stim_dur") + count_of(a, "delay") + kWait;
  check_answer("xor", begin, steps, at);
  return {.steps = steps, .inputs = 2, .answer_begin = begin, .answer_end = std::min(begin + kAnswer, steps)};
}

void draw(const Arguments& a, Random& random, Trial& trial) {
  const std::string& type  = kTypes[draw_type("xor", a, random, kTypes)];
  const size_t       first = count_of(a, "stim_on"), length = count_of(a, "stim_dur");
  const size_t       second = first + length + count_of(a, "delay");
  set_input(trial, first, first + length, 0, type[0] == '+' ? 1 : -1);
  set_input(trial, second, second + length, 1, type[1] == '+' ? 1 : -1);
  trial.label = type[0] == type[1];
  set_target(trial, trial.shape.answer_begin, trial.shape.answer_end, 0, trial.label == 1 ? 1 : -1);
}

bool correct(const Arguments& a, const Trial& trial, std::span<const double> output) {
  return goes_beyond(trial, output, a.number("threshold"), trial.label == 1);
}

}  // namespace

TaskEntry xor_task() {
  return {.name    = "xor",
          .summary = "say whether two pulses, one after the other, have the same sign",
          .facts   = {time_points_fact(300), steps_fact("stim_on", 50, "when the first pulse begins", 0),
                      steps_fact("stim_dur", 50, "how long each pulse lasts"),
                      steps_fact("delay", 10, "between the pulses", 0),
                      trial_type_fact("signs of the pulses: ++, +-, -+, --, or any: one quarter each"), threshold_fact()},
          .labels  = {"different", "same"},
          .spiking = {.delay = 30},
          .shape   = shape,
          .draw    = draw,
          .correct = correct};
}

}  // namespace dynode
