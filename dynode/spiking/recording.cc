#include "dynode/spiking/recording.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <numeric>

namespace dynode::spiking {

void Recording::check() const {
  if (!(dt > 0)) throw SpecError({.path = "dt"}, fmt::format("must be > 0, got {}", dt));
  if (step.size() != neuron.size()) throw ShapeError("spike_neuron", {int64_t(step.size())}, {int64_t(neuron.size())});
  for (size_t k = 0; k < step.size(); ++k) {
    if (int64_t(step[k]) >= steps)
      throw SpecError({.path = fmt::format("spike_step[{}]", k)}, fmt::format("is {} of {} steps", step[k], steps));
    if (neuron[k] >= labels.size())
      throw SpecError({.path = fmt::format("spike_neuron[{}]", k)},
                      fmt::format("is {} of {} neurons", neuron[k], labels.size()));
  }
}

int64_t whole_steps(double duration, double dt) { return int64_t(std::floor(duration / dt + 1e-9)); }

namespace {

/// Place before the first or after the last of n, mirrored: d c b a | a b c d | d c b a.
size_t mirrored(int64_t place, int64_t n) {
  place %= 2 * n;
  if (place < 0) place += 2 * n;
  return size_t(place < n ? place : 2 * n - 1 - place);
}

void smooth_gaussian(double* x, int64_t n, double sigma) {
  const int64_t       radius = int64_t(4 * sigma + 0.5);
  std::vector<double> weight(size_t(radius) + 1), padded(size_t(n + 2 * radius));
  double              sum = 0;
  for (int64_t k = 0; k <= radius; ++k) {
    weight[size_t(k)] = std::exp(-0.5 * double(k) * double(k) / (sigma * sigma));
    sum += (k ? 2 : 1) * weight[size_t(k)];
  }
  for (double& w : weight) w /= sum;
  for (int64_t t = 0; t < n + 2 * radius; ++t) padded[size_t(t)] = x[mirrored(t - radius, n)];
  for (int64_t t = 0; t < n; ++t) {
    const double* here  = padded.data() + t + radius;
    double        total = *here * weight[0];
    for (int64_t k = radius; k > 0; --k) total += (here[-k] + here[k]) * weight[size_t(k)];
    x[t] = total;
  }
}

void smooth_box(double* x, int64_t n, int64_t width) {
  std::vector<double> before(size_t(n) + 1);  // sums
  for (int64_t t = 0; t < n; ++t) before[size_t(t) + 1] = before[size_t(t)] + x[t];
  const int64_t ahead = (width - 1) / 2;
  for (int64_t t = 0; t < n; ++t) {
    const int64_t from = std::clamp<int64_t>(t + ahead - (width - 1), 0, n),
                  to   = std::clamp<int64_t>(t + ahead + 1, 0, n);
    x[t]               = (before[size_t(to)] - before[size_t(from)]) / double(width);
  }
}

}  // namespace

Rates cluster_rates(const Recording& recording, const Kernel& kernel, std::optional<size_t> n_excitatory_clusters) {
  recording.check();
  const double dt_ms = 1e3 * recording.dt;
  const bool   gauss = kernel.type == Kernel::Type::gaussian;
  const double width = kernel.kernel_ms ? (gauss ? *kernel.kernel_ms / dt_ms : *kernel.kernel_ms) : kernel.param;
  if (!(width > 0) || !std::isfinite(width))
    throw SpecError({.path = kernel.kernel_ms ? "kernel_ms" : "kernel_param"},
                    fmt::format("must be > 0, got {}", width));

  std::map<int32_t, size_t> sizes, rows;
  for (int32_t label : recording.labels) ++sizes[label];
  for (const auto& [label, size] : sizes) rows[label] = rows.size();  // ascending
  const size_t count = n_excitatory_clusters.value_or(rows.size());
  if (count > rows.size())
    throw SpecError({.path = "n_excitatory_clusters"},
                    fmt::format("is {}, but neurons have {} labels", count, rows.size()));
  std::vector<size_t> row_of;
  for (int32_t label : recording.labels) row_of.push_back(rows[label]);

  // sums over neurons, as rates; then along time; then per neuron
  Rates rates{count, size_t(recording.steps), std::vector<double>(count * size_t(recording.steps))};
  for (size_t k = 0; k < recording.step.size(); ++k)
    if (const size_t row = row_of[recording.neuron[k]]; row < count) rates(row, recording.step[k]) += 1;
  for (double& r : rates.values) r /= recording.dt;
  for (const auto& [label, size] : sizes) {
    const size_t row = rows[label];
    if (row >= count || recording.steps == 0) continue;
    double* x = &rates(row, 0);
    if (gauss) smooth_gaussian(x, recording.steps, width);
    else smooth_box(x, recording.steps, std::max<int64_t>(1, whole_steps(width, dt_ms)));
    for (int64_t t = 0; t < recording.steps; ++t) x[t] /= double(size);
  }
  return rates;
}

Activity get_activity(const Rates& rates, const ActivitySpec& spec) {
  std::vector<double> baseline(rates.rows);
  if (spec.baseline_rate.empty()) {
    for (size_t c = 0; c < rates.rows && rates.columns > 0; ++c)
      baseline[c] = std::accumulate(&rates(c, 0), &rates(c, 0) + rates.columns, 0.0) / double(rates.columns);
  } else if (spec.baseline_rate.size() == 1) {
    baseline.assign(rates.rows, spec.baseline_rate[0]);
  } else if (spec.baseline_rate.size() == rates.rows) {
    baseline = spec.baseline_rate;
  } else {
    throw ShapeError("baseline_rate", {int64_t(rates.rows)}, {int64_t(spec.baseline_rate.size())});
  }

  Activity   active{rates.rows, rates.columns, std::vector<uint8_t>(rates.values.size())};
  const auto compare = [&] {
    for (size_t c = 0; c < rates.rows; ++c)
      for (size_t t = 0; t < rates.columns; ++t) active(c, t) = rates(c, t) > baseline[c];
  };
  compare();
  if (spec.first_pass) return active;
  for (int k = 0; k < spec.max_iters; ++k) {
    double sum   = 0;
    size_t count = 0;
    for (size_t i = 0; i < rates.values.size(); ++i)
      if (active.values[i]) sum += rates.values[i], ++count;
    if (count == 0) break;
    const double level = sum / double(count);
    const double mean  = std::accumulate(baseline.begin(), baseline.end(), 0.0) / double(baseline.size());
    if (std::abs(level - mean) < spec.tol) break;
    baseline.assign(rates.rows, level);
    compare();
  }
  return active;
}

Activity smooth_activity(const Activity& activity, double minimal_length_ms, double dt_ms) {
  Activity      filled  = activity;
  const int64_t minimal = whole_steps(minimal_length_ms, dt_ms);
  for (size_t c = 0; c < activity.rows; ++c) {
    int64_t last = -1;  // active step
    for (int64_t t = 0; t < int64_t(activity.columns); ++t) {
      if (!activity(c, size_t(t))) continue;
      if (last >= 0 && t - last - 1 < minimal)
        for (int64_t gap = last + 1; gap < t; ++gap) filled(c, size_t(gap)) = 1;
      last = t;
    }
  }
  return filled;
}

}  // namespace dynode::spiking
