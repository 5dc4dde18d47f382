// Trials of a task as samples: one answer becomes a class, an answer per step target values.
#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/random.h"
#include "dynode/learn/dataset.h"

namespace dynode {

Samples draw_task_samples(std::shared_ptr<const Task> task, uint64_t seed, std::string_view part, uint64_t batch,
                          size_t rows, Threads* threads) {
  const TaskEntry& entry = task->entry();
  const uint64_t   own   = mix_bits(seed + hash_text(fmt::format("data/{}", part)));  // no trial is in two parts
  TrialBatch       drawn = task->batch(own, batch, rows, threads);

  Samples samples;
  samples.name  = fmt::format("trials of {}", entry.name);
  samples.rows  = rows;
  samples.steps = drawn.shape.steps;
  samples.width = drawn.shape.inputs;
  samples.x     = std::move(drawn.input);
  samples.spans = std::move(drawn.timespans);
  if (std::ranges::find(drawn.mask, 0) != drawn.mask.end()) samples.mask = std::move(drawn.mask);
  if (entry.one_answer) {
    samples.classes = drawn.labels;
  } else {
    samples.entries      = drawn.shape.steps;
    samples.target_width = drawn.shape.outputs;
    samples.values       = std::move(drawn.target);
  }
  samples.labels = std::move(drawn.labels);
  samples.task   = std::move(task);
  return samples;
}

}  // namespace dynode
