// Copy memory: repeat a row of symbols after a long pause.
//
//   input    s₁ … s_S  blank × (delay − 1)  go  blank × S       input 0 blank, 1 … symbols, symbols + 1 go: one is 1
//   target   blank × (S + delay)                s₁ … s_S        output 0 blank, 1 … symbols
//
// Sources: Hochreiter & Schmidhuber 1997; in this form Arjovsky, Shah, Bengio 2016, Unitary evolution recurrent neural
// networks.
#include "dynode/tasks/task_terms.h"

namespace dynode {
namespace {

TaskShape shape(const Arguments& a, const At&) {
  const size_t length = count_of(a, "length"), begin = length + count_of(a, "delay"), symbols = count_of(a, "symbols");
  return {.steps        = begin + length,
          .inputs       = symbols + 2,
          .outputs      = symbols + 1,
          .answer_begin = begin,
          .answer_end   = begin + length};
}

void draw(const Arguments& a, Random& random, Trial& trial) {
  const size_t begin = trial.shape.answer_begin, length = count_of(a, "length"), symbols = count_of(a, "symbols");
  set_input(trial, length, trial.shape.steps, 0, 1);
  set_target(trial, 0, begin, 0, 1);
  trial.in(begin - 1, 0)           = 0;
  trial.in(begin - 1, symbols + 1) = 1;
  for (size_t i = 0; i < length; ++i) {
    const size_t symbol          = 1 + random.integer(symbols);
    trial.in(i, symbol)          = 1;
    trial.out(begin + i, symbol) = 1;
  }
}

bool correct(const Arguments&, const Trial& trial, std::span<const double> output) {
  const size_t n = trial.shape.outputs;
  for (size_t t = trial.shape.answer_begin; t < trial.shape.answer_end; ++t) {
    const auto   wanted = std::ranges::max_element(trial.target.begin() + ptrdiff_t(t * n),
                                                   trial.target.begin() + ptrdiff_t((t + 1) * n));
    const size_t best   = size_t(wanted - trial.target.begin());
    for (size_t i = t * n; i < (t + 1) * n; ++i)
      if (i != best && !(output[i] < output[best])) return false;
  }
  return true;
}

}  // namespace

TaskEntry copy_memory_task() {
  return {.name    = "copy_memory",
          .summary = "repeat a row of symbols after a long delay",
          .facts = {count_fact("symbols", 8, "different symbols", 1, 1e4), steps_fact("length", 10, "symbols in a row"),
                    steps_fact("delay", 100, "from the last symbol to the sign to repeat")},
          .shape = shape,
          .draw  = draw,
          .correct = correct};
}

}  // namespace dynode
