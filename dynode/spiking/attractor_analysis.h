// What attractors tell: how long they last, how often they come, what follows what, and how many there are.
// Times are seconds on the common clock of all recordings, durations milliseconds. Names and rules are those of
// VectorialNeuroModulators; in a window, probabilities refer to its length.
#pragma once
#include <array>
#include <map>
#include <optional>
#include <vector>

#include "dynode/spiking/attractors.h"

namespace dynode::spiking {

/// A part of the time, s; negative times count from the end, a pair the wrong way round is turned, times beyond the
/// recordings stand for all. An occurrence belongs to it if it starts in it, ends included; it is not cut.
struct Window {
  std::optional<double> from = {}, to = {};
};

struct PerAttractor {
  size_t attractor, occurrences, num_clusters;
  double total_duration, mean_duration, std_duration;  // ms; sample deviation, 0 for one occurrence
  double first_start, last_end;                        // s
};

/// A line of the table of occurrences.
struct OccurrenceRow {
  size_t                attractor, recording, occurrence;  // occurrence: counts those of this attractor, from 1
  double                t_start, t_end, duration;          // s, s, ms
  std::optional<size_t> previous, next;                    // attractors before and after
  size_t                num_clusters;
};

/// One attractor followed by another in the same recording.
struct TransitionEvent {
  size_t                a, b;
  double                time;  // start of b, s
  Clusters              overlap;
  std::array<size_t, 3> symmetry_class;             // clusters of a, of b, of both
  size_t                transition, occurrence;     // the pair, in order of first appearance; counts its events, from 1
  size_t                symmetry_class_occurrence;  // the same of its symmetry class
};

struct Transitions {
  std::vector<size_t> attractors;  // of rows and columns
  std::vector<double> matrix;      // [from][to] share of the occurrences of `from` that `to` follows
};

struct TimeEvolution {
  std::vector<double> time_ms;
  std::vector<double> transition_l2_norm;  // 2‖Tᵢ − Tᵢ₋₁‖/(‖Tᵢ‖ + ‖Tᵢ₋₁‖), T of all occurrences so far
  std::vector<size_t> unique_attractors_count;
  std::vector<double> discovery_rate_per_s;  // 0 at first
};

struct Summary {
  size_t num_states = 0, total_occurrences = 0;
  double total_duration_s = 0, mean_lifespan_ms = 0, mean_probability = 0;  // means over states
};

/// What states of one size do.
struct SizeRow {
  size_t size, states, occurrences;
  double mean_lifespan;  // ms, over occurrences
  double discovered;     // share of all sets of this size
};

class AttractorAnalysis {
 public:
  explicit AttractorAnalysis(AttractorRecord record);
  const AttractorRecord& record() const { return record_; }

  /// Attractors of the window, in order of index.
  std::vector<size_t>        attractors(const Window& window = {}) const;
  size_t                     num_states(const Window& window = {}) const { return attractors(window).size(); }
  std::vector<PerAttractor>  per_attractor(const Window& window = {}) const;
  std::vector<OccurrenceRow> occurrence_table() const;
  /// Share of the time that each of attractors(window) lasts.
  std::vector<double> probabilities(const Window& window = {}) const;
  /// Share of the time in which all of `clusters` are active, by attractors.
  double marginal_probability(const Clusters& clusters, const Window& window = {}) const;
  /// Mean (or median) and population deviation of the life span of each of attractors(window), ms, to four
  /// decimals.
  struct LifeSpan {
    std::vector<double> mean, deviation;
  };
  LifeSpan life_span(const Window& window = {}, bool median = false) const;

  Transitions transitions(const Window& window = {}) const;
  /// The same, rows and columns in lexicographic order of their clusters.
  Transitions lexicographic(const Transitions& transitions) const;
  /// Embedded in other rows and columns; what is not known there is 0.
  Transitions aligned(const Transitions& transitions, const std::vector<size_t>& attractors) const;
  /// Product of the transitions from each to the next. @throws SpecError  if fewer than two are named
  double                       sequence_probability(const std::vector<size_t>& attractors) const;
  std::vector<TransitionEvent> transition_events() const;

  /// On a grid up to the end: every `dt` seconds (by default a hundredth of the time, at least 1 ms).
  TimeEvolution time_evolution(std::optional<double> dt = {}) const;
  TimeEvolution time_evolution_in(size_t num_steps) const {
    return time_evolution(record_.total_seconds() / double(num_steps));
  }

  Summary              summary() const;
  std::vector<SizeRow> by_size(size_t n_clusters) const;

 private:
  /// [from, to], s.
  std::array<double, 2>          bounds(const Window& window) const;
  std::vector<const Occurrence*> inside(const Window& window) const;

  AttractorRecord record_;
};

}  // namespace dynode::spiking
