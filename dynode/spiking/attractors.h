// Attractors: states of a network, each the set of clusters that are active together.
//
//   activity of one recording ──▶ stretches without change, long enough to count ──▶ occurrences of attractors
//   several recordings, one after another ──▶ one list: equal sets of clusters are one attractor
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dynode/spiking/recording.h"

namespace dynode::spiking {

using Clusters = std::vector<int>;  // ascending, from 0; the empty set is a state, too

/// An attractor was there, from step `start` to before step `end` of a recording.
struct Occurrence {
  size_t              attractor, recording;
  int64_t             start, end;
  std::vector<double> mean_rates;  // of its clusters meanwhile, Hz; empty where no rates were given

  int64_t steps() const { return end - start; }
};

/// Attractors of recordings that follow each other without a pause.
struct AttractorRecord {
  double                  dt = 0.0005;    // s, of all recordings
  std::vector<Clusters>   attractors;     // in the order they first appear
  std::vector<Occurrence> occurrences;    // in the order of time
  std::vector<int64_t>    recording_steps;  // [recordings]

  int64_t total_steps() const;
  double  total_seconds() const { return double(total_steps()) * dt; }
  /// Times on the common clock, s.
  double start(const Occurrence& o) const;
  double end(const Occurrence& o) const;
  double milliseconds(const Occurrence& o) const { return 1e3 * dt * double(o.steps()); }
};

/// Attractors of one recording that last at least `minimal_time_ms`.
/// @param rates  as the activity, or nullptr
AttractorRecord extract_attractors(const Activity& activity, double dt, double minimal_time_ms = 20,
                                   const Rates* rates = nullptr);

/// One record of several, in this order. @throws SpecError if their steps differ in length
AttractorRecord merge(const std::vector<AttractorRecord>& records);
/// One recording of a record as a record of its own: its attractors alone, numbered in the order they appear in it.
AttractorRecord recording_of(const AttractorRecord& record, size_t recording);

/// What is done to each recording on the way to attractors.
struct ProcessingSpec {
  Kernel                kernel                = {};
  ActivitySpec          activity              = {};
  double                minimal_life_span_ms  = 20;
  std::optional<size_t> n_excitatory_clusters = {};
};
/// cluster_rates, get_activity, extract_attractors of each recording, merged.
/// @throws SpecError  if recordings differ in labels or steps
AttractorRecord process(const std::vector<Recording>& recordings, const ProcessingSpec& spec = {});

/// Every set of two or more clusters that are ever active at once, subsets of larger ones included, in lexicographic
/// order. @throws SpecError  if more than 2²⁰ would come out
std::vector<Clusters> coactive_sets(const Activity& activity);

/// "{0, 4, 7}", "{}".
std::string to_text(const Clusters& clusters);

}  // namespace dynode::spiking
