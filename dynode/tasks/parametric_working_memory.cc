// Parametric working memory: two frequencies with a pause between them, which was higher?
//
//   f1, f2    `difference` apart, the lower one of low, low + spacing, …, high − difference; each pair and order
//             equally likely
//   input 0   (1 + φ)/2 while a frequency is shown, rising with it      φ = −1 at `low`, 1 at `high`
//   input 1   (1 − φ)/2, falling with it
//   output 0 is 1 in the response if f1 < f2, output 1 if f1 > f2; from the first frequency to the response no step
//   counts.
//
// Sources: Romo, Brody, Hernández, Lemus 1999; the two inputs: Song, Yang, Wang 2016, Training excitatory-inhibitory
// recurrent neural networks for cognitive tasks.
#include "dynode/tasks/task_terms.h"

namespace dynode {
namespace {

/// Lower frequencies there are.
size_t levels(const Arguments& a) {
  const double room = a.number("high") - a.number("low") - a.number("difference");
  return size_t(std::floor(room / a.number("spacing") + 1e-9)) + 1;
}

TaskShape shape(const Arguments& a, const At& at) {
  const double range = a.number("high") - a.number("low");
  if (!(a.number("difference") <= range))
    throw SpecError(at,
                    fmt::format("parametric_working_memory needs frequencies {} apart, but from low {} to high {} "
                                "are only {}",
                                a.number("difference"), a.number("low"), a.number("high"), range),
                    "give a smaller difference or a larger high");
  const size_t begin = count_of(a, "fixation") + 2 * count_of(a, "stimulus") + count_of(a, "delay");
  const size_t steps = begin + count_of(a, "response");
  return {.steps = steps, .inputs = 2, .outputs = 2, .answer_begin = begin, .answer_end = steps};
}

void draw(const Arguments& a, Random& random, Trial& trial) {
  trial.label           = int64_t(random.integer(2));
  const double low      = a.number("low") + double(random.integer(levels(a))) * a.number("spacing");
  const double high     = low + a.number("difference");
  const double both[]   = {trial.label == 0 ? low : high, trial.label == 0 ? high : low};
  const size_t begins[] = {count_of(a, "fixation"), trial.shape.answer_begin - count_of(a, "stimulus")};
  for (size_t i = 0; i < 2; ++i) {
    const double phi = 2 * (both[i] - a.number("low")) / (a.number("high") - a.number("low")) - 1;
    const size_t end = begins[i] + count_of(a, "stimulus");
    set_input(trial, begins[i], end, 0, (1 + phi) / 2);
    set_input(trial, begins[i], end, 1, (1 - phi) / 2);
  }
  add_noise(trial, 0, trial.shape.steps, a.number("noise"), random);
  set_target(trial, trial.shape.answer_begin, trial.shape.answer_end, size_t(trial.label), 1);
  leave_out(trial, begins[0], trial.shape.answer_begin);
}

}  // namespace

TaskEntry parametric_working_memory_task() {
  return {.name    = "parametric_working_memory",
          .summary = "say after a delay which of two frequencies was higher",
          .facts   = {steps_fact("fixation", 10, "before the first frequency", 0),
                      steps_fact("stimulus", 25, "how long each frequency is shown"),
                      steps_fact("delay", 100, "between the frequencies", 0),
                      steps_fact("response", 25, "when the answer is due"),
                      number_fact("low", 10, -1e6, 1e6, "lowest frequency"),
                      number_fact("high", 34, -1e6, 1e6, "highest frequency"),
                      number_fact("difference", 8, 1e-6, 1e6, "between the two"),
                      number_fact("spacing", 4, 1e-3, 1e6, "between pairs"), noise_fact(0.05)},
          .labels  = {"second", "first"},
          .shape   = shape,
          .draw    = draw,
          .correct = chooses_label};
}

}  // namespace dynode
