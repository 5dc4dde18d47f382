// What the files of this room share: facts, words, periods, decisions.
#pragma once
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <string>
#include <vector>

#include "dynode/base/text.h"
#include "dynode/tasks/task.h"

namespace dynode {

inline Fact count_fact(const char* name, double value, const char* help, double min = 1, double max = 1e7) {
  return {.name = name, .kind = ArgumentKind::integer, .value = value, .min = min, .max = max, .help = help};
}
inline Fact steps_fact(const char* name, double value, const char* help, double min = 1) {
  Fact fact = count_fact(name, value, help, min);
  fact.unit = "steps";
  return fact;
}
inline Fact number_fact(const char* name, double value, double min, double max, const char* help) {
  return {.name = name, .value = value, .min = min, .max = max, .help = help};
}
inline Fact trial_type_fact(const char* help) {
  return {.name = "trial_type", .kind = ArgumentKind::text, .help = help, .text = "any"};
}
inline Fact threshold_fact() { return number_fact("threshold", 0.7, 0, 1e6, "an answer has to go beyond it"); }
inline Fact noise_fact(double value) {
  return number_fact("noise", value, 0, 1e6, "deviation of the normal noise on each input and step");
}

inline size_t count_of(const Arguments& a, const char* name) { return size_t(a.number(name)); }

/// Place of a text setting's value among `words`. @throws SpecError  naming the nearest
inline size_t word_of(const char* task, const Arguments& a, const char* name, const std::vector<std::string>& words,
                      const At& at = {}) {
  const std::string& text  = a.text(name);
  const auto         found = std::ranges::find(words, text);
  if (found == words.end())
    throw SpecError(at, fmt::format("{} has no {} '{}'", task, name, text), did_you_mean(text, words, "there are"));
  return size_t(found - words.begin());
}

/// Which of `types` a trial is: the one asked for by trial_type, or any, each equally likely.
inline size_t draw_type(const char* task, const Arguments& a, Random& random, std::vector<std::string> types) {
  const size_t drawn = random.integer(types.size());  // always, so that the other numbers stay
  types.emplace_back("any");
  const size_t asked = word_of(task, a, "trial_type", types);
  return asked + 1 == types.size() ? drawn : asked;
}
inline void check_type(const char* task, const Arguments& a, std::vector<std::string> types, const At& at) {
  types.emplace_back("any");
  word_of(task, a, "trial_type", types, at);
}

/// Trials of T time points, the first of which is the start: T − 1 steps.
inline Fact time_points_fact(double value) {
  return count_fact("T", value, "time points of a trial, its start included: it has T - 1 steps", 2);
}
/// @throws SpecError  if no step is left to answer
inline void check_answer(const char* task, size_t begin, size_t steps, const At& at) {
  if (begin < steps) return;
  throw SpecError(
      at, fmt::format("the answer of {} would begin at step {}, but the trial has {} steps", task, begin, steps),
      fmt::format("give T of at least {}, or shorter stimuli", begin + 2));
}

inline void set_input(Trial& trial, size_t begin, size_t end, size_t k, double value) {
  for (size_t t = begin; t < end; ++t) trial.in(t, k) = value;
}
inline void set_target(Trial& trial, size_t begin, size_t end, size_t k, double value) {
  for (size_t t = begin; t < end; ++t) trial.out(t, k) = value;
}
inline void leave_out(Trial& trial, size_t begin, size_t end) {
  for (size_t t = begin; t < end; ++t) trial.mask[t] = 0;
}
inline void add_noise(Trial& trial, size_t begin, size_t end, double deviation, Random& random) {
  if (deviation == 0) return;
  for (size_t i = begin * trial.shape.inputs; i < end * trial.shape.inputs; ++i)
    trial.input[i] += deviation * random.normal();
}

/// Whether the only output goes beyond `level` upwards, or downwards beyond −`level`, somewhere in the answer.
inline bool goes_beyond(const Trial& trial, std::span<const double> output, double level, bool upwards) {
  for (size_t t = trial.shape.answer_begin; t < trial.shape.answer_end; ++t)
    if (upwards ? output[t] > level : output[t] < -level) return true;
  return false;
}

/// The output with the largest sum over the answer; the number of outputs where two are equal or one is not finite.
inline size_t choice_of(const Trial& trial, std::span<const double> output) {
  const size_t        n = trial.shape.outputs;
  std::vector<double> sums(n);
  for (size_t t = trial.shape.answer_begin; t < trial.shape.answer_end; ++t)
    for (size_t k = 0; k < n; ++k) sums[k] += output[t * n + k];
  const size_t best = size_t(std::ranges::max_element(sums) - sums.begin());
  for (size_t k = 0; k < n; ++k)
    if (k != best && !(sums[k] < sums[best])) return n;
  return best;
}

/// Where the label is the output that should be largest.
inline bool chooses_label(const Arguments&, const Trial& trial, std::span<const double> output) {
  return choice_of(trial, output) == size_t(trial.label);
}

}  // namespace dynode
