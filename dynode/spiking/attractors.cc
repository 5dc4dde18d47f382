#include "dynode/spiking/attractors.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <numeric>
#include <set>

namespace dynode::spiking {

int64_t AttractorRecord::total_steps() const {
  return std::accumulate(recording_steps.begin(), recording_steps.end(), int64_t(0));
}

double AttractorRecord::start(const Occurrence& o) const {
  return dt * double(std::accumulate(recording_steps.begin(), recording_steps.begin() + ptrdiff_t(o.recording), o.start));
}

double AttractorRecord::end(const Occurrence& o) const {
  return dt * double(std::accumulate(recording_steps.begin(), recording_steps.begin() + ptrdiff_t(o.recording), o.end));
}

AttractorRecord extract_attractors(const Activity& activity, double dt, double minimal_time_ms, const Rates* rates) {
  if (rates && (rates->rows != activity.rows || rates->columns != activity.columns))
    throw ShapeError("rates", {int64_t(activity.rows), int64_t(activity.columns)},
                     {int64_t(rates->rows), int64_t(rates->columns)});
  AttractorRecord            record{dt, {}, {}, {int64_t(activity.columns)}};
  std::map<Clusters, size_t> known;
  const int64_t              least  = std::max<int64_t>(1, whole_steps(minimal_time_ms, 1e3 * dt));
  const auto                 differ = [&](size_t a, size_t b) {
    for (size_t c = 0; c < activity.rows; ++c)
      if (activity(c, a) != activity(c, b)) return true;
    return false;
  };
  for (size_t from = 0, to = 0; from < activity.columns; from = to) {
    for (to = from + 1; to < activity.columns && !differ(from, to);) ++to;
    if (int64_t(to - from) < least) continue;
    Clusters clusters;
    for (size_t c = 0; c < activity.rows; ++c)
      if (activity(c, from)) clusters.push_back(int(c));
    const auto [at, fresh] = known.emplace(clusters, record.attractors.size());
    if (fresh) record.attractors.push_back(clusters);
    Occurrence o{at->second, 0, int64_t(from), int64_t(to), {}};
    if (rates)
      for (int c : clusters) {
        const double* row = &(*rates)(size_t(c), 0);
        o.mean_rates.push_back(std::accumulate(row + from, row + to, 0.0) / double(to - from));
      }
    record.occurrences.push_back(std::move(o));
  }
  return record;
}

AttractorRecord merge(const std::vector<AttractorRecord>& records) {
  AttractorRecord            all;
  std::map<Clusters, size_t> known;
  for (const AttractorRecord& one : records) {
    if (all.recording_steps.empty()) all.dt = one.dt;
    else if (one.dt != all.dt)
      throw SpecError({.path = "dt"}, fmt::format("recordings have steps of {} and {} s", all.dt, one.dt));
    const size_t first = all.recording_steps.size();
    all.recording_steps.insert(all.recording_steps.end(), one.recording_steps.begin(), one.recording_steps.end());
    for (Occurrence o : one.occurrences) {
      const Clusters& clusters = one.attractors[o.attractor];
      const auto [at, fresh]   = known.emplace(clusters, all.attractors.size());
      if (fresh) all.attractors.push_back(clusters);
      o.attractor = at->second, o.recording += first;
      all.occurrences.push_back(std::move(o));
    }
  }
  return all;
}

AttractorRecord recording_of(const AttractorRecord& record, size_t recording) {
  AttractorRecord     one{record.dt, {}, {}, {record.recording_steps.at(recording)}};
  std::vector<size_t> number(record.attractors.size(), SIZE_MAX);
  for (Occurrence o : record.occurrences) {
    if (o.recording != recording) continue;
    if (number[o.attractor] == SIZE_MAX) {
      number[o.attractor] = one.attractors.size();
      one.attractors.push_back(record.attractors[o.attractor]);
    }
    o.attractor = number[o.attractor], o.recording = 0;
    one.occurrences.push_back(std::move(o));
  }
  return one;
}

AttractorRecord process(const std::vector<Recording>& recordings, const ProcessingSpec& spec) {
  std::vector<AttractorRecord> each;
  for (size_t k = 0; k < recordings.size(); ++k) {
    if (recordings[k].labels != recordings[0].labels)
      throw SpecError({.path = fmt::format("recordings[{}]", k)},
                      "its neurons have other labels than those of the first");
    const Rates    rates    = cluster_rates(recordings[k], spec.kernel, spec.n_excitatory_clusters);
    const Activity activity = get_activity(rates, spec.activity);
    each.push_back(extract_attractors(activity, recordings[k].dt, spec.minimal_life_span_ms, &rates));
  }
  return merge(each);
}

std::vector<Clusters> coactive_sets(const Activity& activity) {
  std::set<Clusters> patterns, sets;
  for (size_t t = 0; t < activity.columns; ++t) {
    Clusters clusters;
    for (size_t c = 0; c < activity.rows; ++c)
      if (activity(c, t)) clusters.push_back(int(c));
    if (clusters.size() > 1) patterns.insert(std::move(clusters));
  }
  constexpr size_t kMost = size_t(1) << 20;
  for (const Clusters& pattern : patterns) {
    if (pattern.size() > 20 || sets.size() > kMost)
      throw SpecError({.path = "activity"},
                      fmt::format("{} clusters active at once have too many subsets", pattern.size()));
    for (size_t mask = 0; mask < size_t(1) << pattern.size(); ++mask) {
      Clusters some;
      for (size_t c = 0; c < pattern.size(); ++c)
        if (mask >> c & 1) some.push_back(pattern[c]);
      if (some.size() > 1) sets.insert(std::move(some));
    }
  }
  return {sets.begin(), sets.end()};
}

std::string to_text(const Clusters& clusters) { return fmt::format("{{{}}}", fmt::join(clusters, ", ")); }

}  // namespace dynode::spiking
