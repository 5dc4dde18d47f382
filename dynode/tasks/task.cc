// A task with its settings: trials by number, batches of them, and the judge.
#include "dynode/tasks/task.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace dynode {
namespace {

constexpr double kMostNumbers = 1e8;  // in one trial

/// A stream of random numbers of its own for every trial.
Random random_of(const TaskEntry& entry, uint64_t seed, uint64_t batch, uint64_t row) {
  return Random(seed, mix_bits(mix_bits(hash_text(entry.name) + batch) + row));
}

}  // namespace

Trial::Trial(const TaskShape& s)
    : shape(s), input(s.steps * s.inputs), target(s.steps * s.outputs), mask(s.steps, uint8_t{1}) {}

Trial TrialBatch::trial(size_t row) const {
  expects(row < rows, "a batch has no such row");
  Trial      trial(shape);
  const auto part = [&](const auto& all, auto& one) {
    const auto first = all.begin() + ptrdiff_t(row * one.size());
    std::copy(first, first + ptrdiff_t(one.size()), one.begin());
  };
  part(input, trial.input);
  part(target, trial.target);
  part(mask, trial.mask);
  if (!timespans.empty()) {
    trial.timespans.resize(shape.steps);
    part(timespans, trial.timespans);
  }
  trial.label = labels[row];
  return trial;
}

Arguments default_settings(const TaskEntry& entry) {
  Arguments settings;
  for (const Fact& fact : entry.facts) {
    if (fact.kind == ArgumentKind::text) settings.set(fact.name, std::string(fact.text));
    else if (fact.kind != ArgumentKind::numbers && !std::isnan(fact.value)) settings.set(fact.name, fact.value);
  }
  return settings;
}

Task::Task(const TaskEntry& entry, const Arguments& settings, const At& at)
    : entry_(entry), settings_(settings), shape_(entry.shape(settings, at)), at_(at) {
  const double numbers = double(shape_.steps) * double(shape_.inputs + shape_.outputs);
  if (numbers > kMostNumbers)
    throw SpecError(at,
                    fmt::format("a trial of {} has {} steps of {} inputs and {} outputs: too many", entry.name,
                                shape_.steps, shape_.inputs, shape_.outputs),
                    "at most 100 million numbers");
}

size_t Task::fixed_count() const { return entry_.fixed_count ? entry_.fixed_count(settings_) : 0; }

std::vector<Trial> Task::fixed_trials(size_t first, size_t count) const {
  const size_t most = fixed_count();
  if (first > most || count > most - first)
    throw SpecError(at_, fmt::format("this set of {} has {} trials; {} were asked for, from number {} on", entry_.name,
                                     most, count, first));
  std::vector<Trial> trials(count, Trial(shape_));
  entry_.fixed(settings_, first, trials);
  return trials;
}

Trial Task::trial(uint64_t seed, uint64_t batch, uint64_t row) const {
  if (fixed_count() > 0) return fixed_trials(row, 1)[0];
  Random random = random_of(entry_, seed, batch, row);
  Trial  trial(shape_);
  entry_.draw(settings_, random, trial);
  return trial;
}

TrialBatch Task::batch(uint64_t seed, uint64_t index, size_t rows, Threads* threads) const {
  TrialBatch batch;
  batch.rows  = rows;
  batch.shape = shape_;
  batch.input.resize(rows * shape_.steps * shape_.inputs);
  batch.target.resize(rows * shape_.steps * shape_.outputs);
  batch.mask.resize(rows * shape_.steps);
  batch.labels.resize(rows);
  const auto put = [&](size_t row, const Trial& trial) {
    std::ranges::copy(trial.input, batch.input.begin() + ptrdiff_t(row * trial.input.size()));
    std::ranges::copy(trial.target, batch.target.begin() + ptrdiff_t(row * trial.target.size()));
    std::ranges::copy(trial.mask, batch.mask.begin() + ptrdiff_t(row * trial.mask.size()));
    std::ranges::copy(trial.timespans, batch.timespans.begin() + ptrdiff_t(row * trial.timespans.size()));
    batch.labels[row] = trial.label;
  };
  if (rows == 0) return batch;
  if (fixed_count() > 0) {
    const size_t             first  = index > fixed_count() ? fixed_count() : index * rows;
    const std::vector<Trial> trials = fixed_trials(first, rows);
    batch.timespans.resize(rows * trials[0].timespans.size());
    for (size_t row = 0; row < rows; ++row) put(row, trials[row]);
    return batch;
  }
  // the first trial tells whether steps take times of their own
  const Trial first = trial(seed, index, 0);
  batch.timespans.resize(rows * first.timespans.size());
  put(0, first);
  if (threads) {
    threads->run(rows - 1, [&](size_t row, size_t) { put(row + 1, trial(seed, index, row + 1)); });
  } else {
    for (size_t row = 1; row < rows; ++row) put(row, trial(seed, index, row));
  }
  return batch;
}

bool Task::correct(const Trial& trial, std::span<const double> output) const {
  const TaskShape& shape = trial.shape;   // a trial may be told in finer steps than the task draws it
  if (output.size() != shape.steps * shape.outputs)
    throw ShapeError(fmt::format("outputs of {}: expected {} steps of {}, got {} numbers", entry_.name, shape.steps,
                                 shape.outputs, output.size()));
  return entry_.correct(settings_, trial, output);
}

}  // namespace dynode
