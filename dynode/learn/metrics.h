// Metrics: how good outputs are, as numbers for people.
//
// Data come in batches, so a metric is a handful of sums that batches and threads add to, and a value made of them at
// the end:   Metric m("top_5");   m.add(batch); …   m.merge(other_thread);   m.value()
//
//   accuracy, top_<k>            share of targets whose class has the largest (is among the k largest) outputs
//   autoregressive_accuracy      the same as accuracy, but classes that do not count are wrong answers
//   precision, recall, f1        class 1 is positive, all others are negative; + 1e-8 in the denominators
//   perplexity                   exp of the mean cross-entropy        bits_per_character   that mean / ln 2
//   mse, mae                     mean error over all entries
//   success                      share of trials that the task calls correct; data of format task only
//   r2                           1 − Σ (y − s)² / Σ (y − mean of y over rows and steps)², all units together
//
// Classes below 0 or from `units` on do not count, nor do steps whose mask is 0. Outputs come without
// the entry of t = 0; pooled: steps = 1.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dynode/base/error.h"

namespace dynode {

class Task;

/// Some rows of outputs and what was asked.
template <class R>
struct MetricBatch {
  size_t         rows = 0, steps = 1, units = 0;
  const R*       output  = nullptr;   // [rows][steps][units]
  const int64_t* classes = nullptr;   // [rows][steps]; for metrics on classes
  const R*       values  = nullptr;   // [rows][steps][units]; for metrics on values
  const uint8_t* mask    = nullptr;   // [rows][steps], 0: the step does not count; nullptr: all count
  const Task*    task   = nullptr;    // whose trials the rows are; for success
  const R*       input  = nullptr;    // [rows][task's steps][inputs]
  const int64_t* labels = nullptr;    // [rows], what the trials were
};

struct MetricEntry {
  const char* name;
  const char* summary;
  bool        on_classes;         // else on values
  bool        larger_is_better;
  void (*add_float)(const MetricBatch<float>&, size_t k, std::vector<double>& sums);
  void (*add_double)(const MetricBatch<double>&, size_t k, std::vector<double>& sums);
  double (*value)(const std::vector<double>& sums);
  bool of_task = false;               // about trials of a task, whatever their targets are
};

/// All metrics, in the order of the manual; "top_k" stands for top_1, top_2, …
const std::vector<MetricEntry>& metrics();

class Metric {
 public:
  /// @throws SpecError  naming the nearest metric, if there is none called `name`
  explicit Metric(std::string_view name, const At& at = {});

  const std::string& name() const { return name_; }
  const MetricEntry& entry() const { return *entry_; }

  void add(const MetricBatch<float>& batch) { entry_->add_float(batch, k_, sums_); }
  void add(const MetricBatch<double>& batch) { entry_->add_double(batch, k_, sums_); }
  void merge(const Metric& other);

  /// The metric of everything added; NaN if nothing counted.
  double value() const { return entry_->value(sums_); }

 private:
  std::string         name_;
  const MetricEntry*  entry_;
  size_t              k_ = 1;
  std::vector<double> sums_;
};

/// Class with the largest output, the first of equals; NaN counts as largest.
template <class R>
size_t predicted_class(const R* output, size_t units);

/// counts[asked][predicted] += 1 for every class that counts.
/// @param counts  [units][units]
template <class R>
void add_confusion(const MetricBatch<R>& batch, std::vector<int64_t>& counts);

}  // namespace dynode
