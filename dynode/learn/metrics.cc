// Metrics out of sums.
#include "dynode/learn/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "dynode/base/entries.h"
#include "dynode/tasks/task.h"

namespace dynode {
namespace {

constexpr double kTiny = 1e-8;   // in the denominators of precision, recall and f1
using Sums = std::vector<double>;

double ratio(double part, double whole) {
  return whole > 0 ? part / whole : std::numeric_limits<double>::quiet_NaN();
}

void reserve(Sums& sums, size_t size) {
  if (sums.size() < size) sums.resize(size);
}

/// Calls body(position) for every step that counts.
template <class R, class Body>
void for_steps(const MetricBatch<R>& batch, Body body) {
  for (size_t p = 0; p < batch.rows * batch.steps; ++p)
    if (!batch.mask || batch.mask[p]) body(p);
}

/// Calls body(z [units], class) for every class that counts.
template <class R, class Body>
void for_counted(const MetricBatch<R>& batch, Body body) {
  for_steps(batch, [&](size_t p) {
    if (batch.classes[p] >= 0 && batch.classes[p] < int64_t(batch.units))
      body(batch.output + p * batch.units, size_t(batch.classes[p]));
  });
}

/// Outputs before that of class y: larger ones, NaN, and equal ones with a smaller index.
template <class R>
size_t rank_of(const R* z, size_t units, size_t y) {
  size_t rank = 0;
  for (size_t c = 0; c < units; ++c) rank += c != y && (!(z[c] <= z[y]) || (z[c] == z[y] && c < y));
  return rank;
}

// sums: hits, counted
template <class R>
void add_hits(const MetricBatch<R>& batch, size_t k, Sums& sums) {
  reserve(sums, 2);
  for_counted(batch, [&](const R* z, size_t y) { sums[0] += rank_of(z, batch.units, y) < k, sums[1] += 1; });
}

template <class R>
void add_all_hits(const MetricBatch<R>& batch, size_t k, Sums& sums) {
  reserve(sums, 2);
  for_counted(batch, [&](const R* z, size_t y) { sums[0] += rank_of(z, batch.units, y) < k; });
  for_steps(batch, [&](size_t) { sums[1] += 1; });
}

double share(const Sums& sums) { return sums.empty() ? ratio(0, 0) : ratio(sums[0], sums[1]); }

// sums: right positives, predicted positives, asked positives, counted
template <class R>
void add_positives(const MetricBatch<R>& batch, size_t, Sums& sums) {
  reserve(sums, 4);
  for_counted(batch, [&](const R* z, size_t y) {
    const bool predicted = predicted_class(z, batch.units) == 1, asked = y == 1;
    sums[0] += predicted && asked;
    sums[1] += predicted;
    sums[2] += asked;
    sums[3] += 1;
  });
}

bool nothing(const Sums& sums) { return sums.empty() || sums[3] == 0; }
double precision(const Sums& sums) { return nothing(sums) ? ratio(0, 0) : sums[0] / (sums[1] + kTiny); }
double recall(const Sums& sums) { return nothing(sums) ? ratio(0, 0) : sums[0] / (sums[2] + kTiny); }
double f1(const Sums& sums) {
  const double p = precision(sums), r = recall(sums);
  return 2 * p * r / (p + r + kTiny);
}

// sums: cross-entropy, counted
template <class R>
void add_surprise(const MetricBatch<R>& batch, size_t, Sums& sums) {
  reserve(sums, 2);
  for_counted(batch, [&](const R* z, size_t y) {
    const double top = *std::max_element(z, z + batch.units);
    double       sum = 0;
    for (size_t c = 0; c < batch.units; ++c) sum += std::exp(double(z[c]) - top);
    sums[0] += top + std::log(sum) - double(z[y]);
    sums[1] += 1;
  });
}

double perplexity(const Sums& sums) { return std::exp(share(sums)); }
double bits(const Sums& sums) { return share(sums) / std::numbers::ln2; }

// sums: error, entries
template <class R>
void add_squares(const MetricBatch<R>& batch, size_t, Sums& sums) {
  reserve(sums, 2);
  for_steps(batch, [&](size_t p) {
    for (size_t i = p * batch.units; i < (p + 1) * batch.units; ++i) {
      const double error = double(batch.output[i]) - double(batch.values[i]);
      sums[0] += error * error;
    }
    sums[1] += double(batch.units);
  });
}

template <class R>
void add_magnitudes(const MetricBatch<R>& batch, size_t, Sums& sums) {
  reserve(sums, 2);
  for_steps(batch, [&](size_t p) {
    for (size_t i = p * batch.units; i < (p + 1) * batch.units; ++i)
      sums[0] += std::abs(double(batch.output[i]) - double(batch.values[i]));
    sums[1] += double(batch.units);
  });
}

// sums: Σ error², positions, then Σ y and Σ y² of every unit
template <class R>
void add_moments(const MetricBatch<R>& batch, size_t, Sums& sums) {
  reserve(sums, 2 + 2 * batch.units);
  for_steps(batch, [&](size_t p) {
    for (size_t i = 0; i < batch.units; ++i) {
      const double y = batch.values[p * batch.units + i], error = double(batch.output[p * batch.units + i]) - y;
      sums[0] += error * error;
      sums[2 + 2 * i] += y;
      sums[3 + 2 * i] += y * y;
    }
    sums[1] += 1;
  });
}

double r2(const Sums& sums) {
  if (sums.empty() || sums[1] == 0) return ratio(0, 0);
  double spread = 0;
  for (size_t i = 2; i < sums.size(); i += 2) spread += std::max(sums[i + 1] - sums[i] * sums[i] / sums[1], 0.0);
  if (spread == 0) return sums[0] == 0 ? 1 : 0;   // constant targets: hit or missed
  return 1 - sums[0] / spread;
}

// sums: trials solved, trials
template <class R>
void add_successes(const MetricBatch<R>& batch, size_t, Sums& sums) {
  expects(batch.task, "only trials of a task succeed");
  reserve(sums, 2);
  const Task&         task   = *batch.task;
  const size_t        inputs = task.shape().steps * task.shape().inputs, outputs = batch.steps * batch.units;
  Trial               trial(task.shape());
  std::vector<double> output(outputs);
  for (size_t row = 0; row < batch.rows; ++row) {
    sums[1] += 1;
    if (batch.classes) {  // one answer
      sums[0] += int64_t(predicted_class(batch.output + row * outputs, batch.units)) == batch.labels[row];
      continue;
    }
    std::copy_n(batch.input + row * inputs, inputs, trial.input.begin());
    std::copy_n(batch.values + row * outputs, outputs, trial.target.begin());
    if (batch.mask) std::copy_n(batch.mask + row * batch.steps, batch.steps, trial.mask.begin());
    trial.label = batch.labels[row];
    std::copy_n(batch.output + row * outputs, outputs, output.begin());
    sums[0] += task.correct(trial, output);
  }
}

}  // namespace

const std::vector<MetricEntry>& metrics() {
  static const std::vector<MetricEntry> entries = {
      {"accuracy", "share of right answers", true, true, add_hits<float>, add_hits<double>, share},
      {"top_k", "share of answers among the k largest outputs", true, true, add_hits<float>, add_hits<double>, share},
      {"autoregressive_accuracy", "share of right answers; targets that do not count are wrong", true, true,
       add_all_hits<float>, add_all_hits<double>, share},
      {"precision", "share of answers 1 that are right", true, true, add_positives<float>, add_positives<double>,
       precision},
      {"recall", "share of targets 1 that are found", true, true, add_positives<float>, add_positives<double>, recall},
      {"f1", "harmonic mean of precision and recall", true, true, add_positives<float>, add_positives<double>, f1},
      {"perplexity", "exp of the mean cross-entropy", true, false, add_surprise<float>, add_surprise<double>,
       perplexity},
      {"bits_per_character", "mean cross-entropy in bits", true, false, add_surprise<float>, add_surprise<double>,
       bits},
      {"mse", "mean square error", false, false, add_squares<float>, add_squares<double>, share},
      {"mae", "mean absolute error", false, false, add_magnitudes<float>, add_magnitudes<double>, share},
      {"r2", "share of the variance that is explained", false, true, add_moments<float>, add_moments<double>, r2},
      {"success", "share of trials that the task calls correct", false, true, add_successes<float>,
       add_successes<double>, share, true},
  };
  return entries;
}

Metric::Metric(std::string_view name, const At& at) : name_(name) {
  const std::string_view digits = name.substr(0, 4) == "top_" ? name.substr(4) : "";
  const bool counts = !digits.empty() && digits.size() <= 6 && digits[0] != '0' &&
                      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (counts) k_ = std::stoul(std::string(digits));
  else if (name == "top_k") throw SpecError(at, "top_k needs a number in place of k", "top_5, for example");
  entry_ = &find_entry(metrics(), "metric", counts ? "top_k" : name, at);
}

void Metric::merge(const Metric& other) {
  expects(entry_ == other.entry_ && k_ == other.k_, "only equal metrics merge");
  reserve(sums_, other.sums_.size());
  for (size_t i = 0; i < other.sums_.size(); ++i) sums_[i] += other.sums_[i];
}

template <class R>
size_t predicted_class(const R* output, size_t units) {
  size_t best = 0;
  for (size_t c = 1; c < units && !std::isnan(output[best]); ++c)
    if (!(output[c] <= output[best])) best = c;
  return best;
}

template <class R>
void add_confusion(const MetricBatch<R>& batch, std::vector<int64_t>& counts) {
  expects(counts.size() == batch.units * batch.units, "a confusion matrix has one row and one column per class");
  for_counted(batch, [&](const R* z, size_t y) { ++counts[y * batch.units + predicted_class(z, batch.units)]; });
}

template size_t predicted_class(const float*, size_t);
template size_t predicted_class(const double*, size_t);
template void add_confusion(const MetricBatch<float>&, std::vector<int64_t>&);
template void add_confusion(const MetricBatch<double>&, std::vector<int64_t>&);

}  // namespace dynode
