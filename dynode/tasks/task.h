// Tasks: what a network is trained and judged on, as generators of trials.
//
//   const Task task(find_task("go_nogo"), arguments);       settings, checked against the task's facts
//   TrialBatch batch = task.batch(seed, 7, 64);             batch 7: inputs, targets, masks, labels
//   bool       right = task.correct(batch.trial(3), output);
//
// A trial is a function of (seed, batch, row), whatever was drawn before it and in which thread. Step t of a target
// belongs to the output that has seen the inputs 0 … t. A task of your own is an entry like those of the catalogue.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dynode/base/facts.h"
#include "dynode/base/random.h"
#include "dynode/base/threads.h"

namespace dynode {

/// Sizes of every trial of a task.
struct TaskShape {
  size_t steps = 0, inputs = 1, outputs = 1;
  size_t answer_begin = 0, answer_end = 0;  // steps whose outputs decide whether a trial counts as correct
};

struct Trial {
  TaskShape            shape;
  std::vector<double>  input;      // [steps][inputs]
  std::vector<double>  target;     // [steps][outputs]
  std::vector<uint8_t> mask;       // [steps], 0: the step has no part in losses and decisions
  std::vector<double>  timespans;  // [steps], time each step takes; empty: all take the same
  int64_t label = 0;  // what the trial was: an index into the task's labels; n_back: how many matches; else 0

  /// All zero, every step counts.
  explicit Trial(const TaskShape& shape);

  double& in(size_t step, size_t k) { return input[step * shape.inputs + k]; }
  double  in(size_t step, size_t k) const { return input[step * shape.inputs + k]; }
  double& out(size_t step, size_t k) { return target[step * shape.outputs + k]; }
  double  out(size_t step, size_t k) const { return target[step * shape.outputs + k]; }
};

/// Trials one behind the other.
struct TrialBatch {
  size_t               rows = 0;
  TaskShape            shape;
  std::vector<double>  input;      // [rows][steps][inputs]
  std::vector<double>  target;     // [rows][steps][outputs]
  std::vector<uint8_t> mask;       // [rows][steps]
  std::vector<double>  timespans;  // [rows][steps], or empty
  std::vector<int64_t> labels;     // [rows]

  Trial trial(size_t row) const;
};

/// How the answer of a spiking network is judged, which is slower and rougher than the rates it comes from.
struct SpikingRule {
  size_t delay  = 25;     // steps into the answer after which it counts
  bool   upward = false;  // answers go upwards: outputs below 0 count as 0
};

struct TaskEntry {
  const char*              name;
  const char*              summary;
  std::vector<Fact>        facts;
  std::vector<const char*> labels = {};
  /// The label is the target: one answer per trial, read in the last step that counts.
  bool one_answer = false;
  SpikingRule spiking = {};
  /// Sizes. @throws SpecError  where settings do not go together
  TaskShape (*shape)(const Arguments&, const At&) = nullptr;
  /// Fills a trial that is zero.
  void (*draw)(const Arguments&, Random&, Trial&) = nullptr;
  /// Whether these outputs [steps][outputs] solve the trial.
  bool (*correct)(const Arguments&, const Trial&, std::span<const double> output) = nullptr;
  /// How many trials a fixed set has, 0: trials are drawn; nullptr: the task has no such sets.
  size_t (*fixed_count)(const Arguments&) = nullptr;
  /// Fills trials `first`, `first` + 1, … of the fixed set.
  void (*fixed)(const Arguments&, size_t first, std::span<Trial>) = nullptr;
};

/// All tasks, in the order of the manual.
const std::vector<TaskEntry>& tasks();

/// Hyphens stand for underscores: go-nogo is go_nogo.
/// @throws SpecError  naming the nearest task, if there is none called `name`
const TaskEntry& find_task(std::string_view name, const At& at = {});

/// The values of `facts` that hold where nobody gives others.
Arguments default_settings(const TaskEntry& entry);

/// A task with its settings.
class Task {
 public:
  /// @param settings  checked against the entry's facts
  /// @throws SpecError  where they do not go together
  explicit Task(const TaskEntry& entry, const Arguments& settings, const At& at = {});
  explicit Task(const TaskEntry& entry) : Task(entry, default_settings(entry)) {}

  const TaskEntry& entry() const { return entry_; }
  const TaskShape& shape() const { return shape_; }
  /// Trials of a fixed set; 0: trials are drawn.
  size_t fixed_count() const;

  /// A fixed set has no batches and no seed: `row` counts through it.
  /// @throws SpecError  if the fixed set has no such row
  Trial trial(uint64_t seed, uint64_t batch, uint64_t row) const;

  /// Rows 0 … rows − 1 of a batch; of a fixed set rows batch · rows onwards.
  /// @param threads  the result does not depend on them
  /// @throws SpecError  if the fixed set has fewer rows
  TrialBatch batch(uint64_t seed, uint64_t batch, size_t rows, Threads* threads = nullptr) const;

  /// @param output  [steps of the trial][outputs], without the entry of t = 0
  /// @throws ShapeError  if there are more or fewer
  bool correct(const Trial& trial, std::span<const double> output) const;

 private:
  std::vector<Trial> fixed_trials(size_t first, size_t count) const;

  TaskEntry entry_;
  Arguments settings_;
  TaskShape shape_;
  At        at_;
};

}  // namespace dynode
