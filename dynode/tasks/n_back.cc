// N-back: is this item the one of `n` items ago?
//
//   input k  one row of items, each 1 at its input for item_steps, then a gap
//   target   in the gap after an item +1 match, −1 none; 0 while items are shown and after the first n
//
// Source: Kirchner 1958, Age differences in short-term retention of rapidly changing information.
#include "dynode/tasks/task_terms.h"

namespace dynode {
namespace {

TaskShape shape(const Arguments& a, const At& at) {
  const size_t n = count_of(a, "n"), items = count_of(a, "items"), shown = count_of(a, "item_steps");
  if (items <= n)
    throw SpecError(at, fmt::format("n_back has {} items, none of them has {} before it", items, n),
                    fmt::format("give items of at least {}", n + 1));
  const size_t period = shown + count_of(a, "gap"), steps = items * period;
  return {.steps = steps, .inputs = count_of(a, "symbols"), .answer_begin = n * period + shown, .answer_end = steps};
}

void draw(const Arguments& a, Random& random, Trial& trial) {
  const size_t        n = count_of(a, "n"), items = count_of(a, "items"), shown = count_of(a, "item_steps");
  const size_t        period = shown + count_of(a, "gap"), symbols = trial.shape.inputs;
  std::vector<size_t> item(items);
  for (size_t i = 0; i < items; ++i) {
    const bool match = random.uniform() < a.number("match_share");
    const auto any = random.integer(symbols), step = 1 + random.integer(symbols - 1);
    item[i] = i < n ? any : match ? item[i - n] : (item[i - n] + step) % symbols;
    set_input(trial, i * period, i * period + shown, item[i], 1);
    if (i < n) continue;
    trial.label += match;
    set_target(trial, i * period + shown, (i + 1) * period, 0, match ? 1 : -1);
  }
}

bool correct(const Arguments& a, const Trial& trial, std::span<const double> output) {
  const size_t n = count_of(a, "n"), shown = count_of(a, "item_steps"), gap = count_of(a, "gap");
  for (size_t i = n; i < count_of(a, "items"); ++i) {
    const size_t begin = i * (shown + gap) + shown;
    double       sum   = 0;
    for (size_t t = begin; t < begin + gap; ++t) sum += output[t];
    if (!(sum * trial.out(begin, 0) > a.number("threshold") * double(gap))) return false;
  }
  return true;
}

}  // namespace

TaskEntry n_back_task() {
  return {
      .name    = "n_back",
      .summary = "say of every item whether it is the one of n items ago",
      .facts = {count_fact("n", 2, "how far to look back", 1, 1e4), count_fact("items", 10, "items of a trial", 2, 1e5),
                count_fact("symbols", 4, "different items, one input each", 2, 1e4),
                steps_fact("item_steps", 10, "how long an item is shown"),
                steps_fact("gap", 10, "after each item; when the answer is due"),
                number_fact("match_share", 0.5, 0, 1, "share of items that match"),
                number_fact("threshold", 0, 0, 1e6, "the mean of each answer has to go beyond it")},
      .shape = shape,
      .draw  = draw,
      .correct = correct};
}

}  // namespace dynode
