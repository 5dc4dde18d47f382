#include "dynode/spiking/statistics.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <numeric>

namespace dynode::spiking {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct Moments {
  double mean = 0, variance = 0;  // population variance
};
Moments moments(const std::vector<double>& x) {
  Moments m;
  if (x.empty()) return {kNone, kNone};
  for (double v : x) m.mean += v;
  m.mean /= double(x.size());
  for (double v : x) m.variance += (v - m.mean) * (v - m.mean);
  m.variance /= double(x.size());
  return m;
}

double seconds_from(const Recording& r, int64_t from) { return r.dt * double(std::max<int64_t>(r.steps - from, 0)); }

/// Spike counts of `neurons` in whole windows, [neurons][windows].
Table<double> counts_of(const Recording& recording, const std::vector<size_t>& neurons, double window, int64_t from) {
  const int64_t width = whole_steps(window, recording.dt);
  if (width < 1)
    throw SpecError({.path = "window"}, fmt::format("must be at least a step of {} s, got {}", recording.dt, window));
  const int64_t windows = std::max<int64_t>(0, (recording.steps - from) / width);
  Table<double> counts{neurons.size(), size_t(windows), {}};
  counts.values.resize(counts.rows * counts.columns);
  constexpr uint32_t    kOther = ~uint32_t(0);
  std::vector<uint32_t> row_of(recording.labels.size(), kOther);
  for (size_t k = 0; k < neurons.size(); ++k) {
    if (neurons[k] >= row_of.size())
      throw SpecError({.path = "neurons"}, fmt::format("there is no neuron {} of {}", neurons[k], row_of.size()));
    row_of[neurons[k]] = uint32_t(k);
  }
  for (size_t k = 0; k < recording.step.size(); ++k)
    if (const int64_t t = int64_t(recording.step[k]) - from;
        t >= 0 && t / width < windows && row_of[recording.neuron[k]] != kOther)
      counts(row_of[recording.neuron[k]], size_t(t / width)) += 1;
  return counts;
}

}  // namespace

std::vector<double> neuron_rates(const Recording& recording, int64_t from) {
  recording.check();
  std::vector<double> rates(recording.labels.size());
  for (size_t k = 0; k < recording.step.size(); ++k)
    if (int64_t(recording.step[k]) >= from) rates[recording.neuron[k]] += 1;
  for (double& r : rates) r /= seconds_from(recording, from);
  return rates;
}

std::vector<double> interval_variation(const Recording& recording, int64_t from, size_t least_intervals) {
  recording.check();
  const size_t                     n = recording.labels.size();
  std::vector<std::vector<double>> intervals(n);
  std::vector<int64_t>             last(n, -1);
  for (size_t k = 0; k < recording.step.size(); ++k) {
    const int64_t t = recording.step[k];
    if (t < from) continue;
    int64_t& before = last[recording.neuron[k]];
    if (before >= 0) intervals[recording.neuron[k]].push_back(double(t - before));
    before = t;
  }
  std::vector<double> cv(n, kNone);
  for (size_t i = 0; i < n; ++i)
    if (intervals[i].size() >= std::max<size_t>(least_intervals, 1)) {
      const Moments m = moments(intervals[i]);
      cv[i]           = std::sqrt(m.variance) / m.mean;
    }
  return cv;
}

std::vector<double> fano_factors(const Recording& recording, double window, int64_t from) {
  recording.check();
  std::vector<size_t> all(recording.labels.size());
  std::iota(all.begin(), all.end(), size_t(0));
  const Table<double> counts = counts_of(recording, all, window, from);
  std::vector<double> fano(counts.rows, kNone);
  for (size_t i = 0; i < counts.rows && counts.columns > 1; ++i) {
    const Moments m = moments({&counts(i, 0), &counts(i, 0) + counts.columns});
    if (m.mean > 0) fano[i] = m.variance * double(counts.columns) / double(counts.columns - 1) / m.mean;
  }
  return fano;
}

double pairwise_correlation(const Recording& recording, const std::vector<size_t>& neurons, double window,
                            int64_t from) {
  recording.check();
  const Table<double> counts = counts_of(recording, neurons, window, from);
  if (counts.columns < 2) return kNone;
  // with standardised counts z the sum over all pairs of z·z′ is ((Σz)² − Σz²)/2
  std::vector<double> sum(counts.columns);
  double              used = 0;
  for (size_t i = 0; i < counts.rows; ++i) {
    const Moments m = moments({&counts(i, 0), &counts(i, 0) + counts.columns});
    if (!(m.variance > 0)) continue;
    used += 1;
    for (size_t w = 0; w < counts.columns; ++w) sum[w] += (counts(i, w) - m.mean) / std::sqrt(m.variance);
  }
  if (used < 2) return kNone;
  const double square = std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0) / double(counts.columns);
  return (square - used) / (used * (used - 1));
}

std::vector<double> pairwise_correlations(const Recording& recording, const std::vector<size_t>& neurons,
                                          double window, int64_t from) {
  recording.check();
  Table<double>       z = counts_of(recording, neurons, window, from);
  std::vector<size_t> used;
  for (size_t i = 0; i < z.rows && z.columns >= 2; ++i) {
    const Moments m = moments({&z(i, 0), &z(i, 0) + z.columns});
    if (!(m.variance > 0)) continue;
    for (size_t w = 0; w < z.columns; ++w) z(i, w) = (z(i, w) - m.mean) / std::sqrt(m.variance);
    used.push_back(i);
  }
  std::vector<double> pairs;
  for (size_t a = 0; a < used.size(); ++a)
    for (size_t b = a + 1; b < used.size(); ++b)
      pairs.push_back(std::inner_product(&z(used[a], 0), &z(used[a], 0) + z.columns, &z(used[b], 0), 0.0) /
                      double(z.columns));
  return pairs;
}

ClassStatistics class_statistics(const Recording& recording, size_t first, size_t last, int64_t from) {
  if (first >= last || last > recording.labels.size())
    throw SpecError({.path = "neurons"}, fmt::format("{} … {} of {} are none", first, last, recording.labels.size()));
  const auto          rates = neuron_rates(recording, from), cv = interval_variation(recording, from);
  const Moments       rate = moments({rates.begin() + ptrdiff_t(first), rates.begin() + ptrdiff_t(last)});
  std::vector<double> known;
  std::copy_if(cv.begin() + ptrdiff_t(first), cv.begin() + ptrdiff_t(last), std::back_inserter(known),
               [](double x) { return !std::isnan(x); });
  return {rate.mean, std::sqrt(rate.variance), moments(known).mean};
}

ActivityStatistics activity_statistics(const Rates& rates, const Activity& activity, double dt, int64_t from,
                                       double minimal_ms) {
  if (rates.rows != activity.rows || rates.columns != activity.columns)
    throw ShapeError("rates", {int64_t(activity.rows), int64_t(activity.columns)},
                     {int64_t(rates.rows), int64_t(rates.columns)});
  ActivityStatistics s;
  const size_t       steps = activity.columns, begin = size_t(std::min<int64_t>(from, int64_t(steps)));
  const int64_t      least = std::max<int64_t>(1, whole_steps(minimal_ms, 1e3 * dt));
  double             up = 0, down = 0, active = 0, quiet = 0;
  for (size_t c = 0; c < activity.rows; ++c) {
    double  mine = 0;
    int64_t run  = 0;
    for (size_t t = begin; t <= steps; ++t) {
      const bool on = t < steps && activity(c, t);
      if (t < steps) {
        (on ? up : down) += rates(c, t), (on ? active : quiet) += 1;
        mine += on;
      }
      if (on) ++run;
      else {
        if (run >= least) s.dwell_ms.push_back(1e3 * dt * double(run));
        run = 0;
      }
    }
    s.occupancy.push_back(mine / double(std::max<size_t>(1, steps - begin)));
  }
  s.mean_active_clusters     = std::accumulate(s.occupancy.begin(), s.occupancy.end(), 0.0);
  s.rate_when_active         = active ? up / active : kNone;
  s.rate_when_inactive       = quiet ? down / quiet : kNone;
  std::vector<double> sorted = s.dwell_ms;
  std::sort(sorted.begin(), sorted.end());
  const size_t n    = sorted.size();
  s.dwell_ms_mean   = moments(sorted).mean;
  s.dwell_ms_median = n == 0 ? kNone : n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
  s.upstates_per_s  = double(n) / double(activity.rows) / (dt * double(steps - begin));
  return s;
}

std::vector<double> time_by_size(const AttractorRecord& record, size_t most) {
  std::vector<double> share(most + 1);
  double              all = 0;
  for (const Occurrence& o : record.occurrences) {
    all += double(o.steps());
    if (const size_t size = record.attractors[o.attractor].size(); size <= most) share[size] += double(o.steps());
  }
  for (double& x : share) x = all > 0 ? x / all : 0;
  return share;
}

}  // namespace dynode::spiking
