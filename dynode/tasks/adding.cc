// Adding memory: of a long row of numbers two are marked; give their sum at the end.
//
//   input 0   a number of [0, 1) per step
//   input 1   1 at one step of each half, else 0
//   target    the sum of the two marked numbers, in the last step, the only one that counts
//
// Always answering 1 gives a mean square error of 1/6. Source: Hochreiter & Schmidhuber 1997, Long short-term memory.
#include "dynode/tasks/task_terms.h"

namespace dynode {
namespace {

TaskShape shape(const Arguments& a, const At&) {
  const size_t steps = count_of(a, "steps");
  return {.steps = steps, .inputs = 2, .answer_begin = steps - 1, .answer_end = steps};
}

void draw(const Arguments&, Random& random, Trial& trial) {
  const size_t steps = trial.shape.steps, half = steps / 2, last = steps - 1;
  for (size_t t = 0; t < steps; ++t) trial.in(t, 0) = random.uniform();
  for (const size_t t : {size_t(random.integer(half)), half + size_t(random.integer(steps - half))}) {
    trial.in(t, 1) = 1;
    trial.out(last, 0) += trial.in(t, 0);
  }
  leave_out(trial, 0, last);
}

bool correct(const Arguments& a, const Trial& trial, std::span<const double> output) {
  return std::abs(output.back() - trial.target.back()) < a.number("tolerance");
}

}  // namespace

TaskEntry adding_task() {
  return {.name    = "adding",
          .summary = "add two marked numbers of a long row",
          .facts   = {count_fact("steps", 100, "numbers in a row", 2),
                      number_fact("tolerance", 0.04, 0, 1e6, "the error has to be below it")},
          .shape   = shape,
          .draw    = draw,
          .correct = correct};
}

}  // namespace dynode
