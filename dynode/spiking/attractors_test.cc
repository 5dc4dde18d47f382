#include "dynode/spiking/attractor_analysis.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

namespace dynode::spiking {
namespace {

/// Rows of '#' and '.', one step of 1 ms each.
Activity drawn(const std::vector<std::string>& rows) {
  Activity a{rows.size(), rows[0].size(), {}};
  for (const auto& row : rows)
    for (char c : row) a.values.push_back(c == '#');
  return a;
}

const Activity kFirst  = drawn({"####....####", "..##....##.."});  // {0} {0,1} {} {0,1} {0}, two to four steps
const Activity kSecond = drawn({"....####", "........"});          // {} {0}

AttractorRecord both(double minimal_ms = 2) {
  return merge({extract_attractors(kFirst, 0.001, minimal_ms), extract_attractors(kSecond, 0.001, minimal_ms)});
}

TEST(Attractors, AreStretchesWithoutChange) {
  const AttractorRecord r = extract_attractors(kFirst, 0.001, 2);
  EXPECT_EQ(r.attractors, (std::vector<Clusters>{{0}, {0, 1}, {}}));
  ASSERT_EQ(r.occurrences.size(), 5u);
  EXPECT_EQ(r.occurrences[2].start, 4);
  EXPECT_EQ(r.occurrences[2].end, 8);
  EXPECT_EQ(r.occurrences[4].attractor, 0u);
  EXPECT_EQ(extract_attractors(kFirst, 0.001, 3).occurrences.size(), 1u);
}

TEST(Attractors, KnowTheRatesOfTheirClusters) {
  Rates rates{2, 12, std::vector<double>(24, 1)};
  rates(0, 2) = 5, rates(1, 3) = 9;
  const AttractorRecord r = extract_attractors(kFirst, 0.001, 2, &rates);
  EXPECT_EQ(r.occurrences[1].mean_rates, (std::vector<double>{3, 5}));
  EXPECT_TRUE(r.occurrences[2].mean_rates.empty());
}

TEST(Attractors, OfSeveralRecordingsShareTheirNames) {
  const AttractorRecord r = both();
  EXPECT_EQ(r.attractors.size(), 3u);
  ASSERT_EQ(r.occurrences.size(), 7u);
  EXPECT_EQ(r.occurrences[5].attractor, 2u);
  EXPECT_DOUBLE_EQ(r.start(r.occurrences[5]), 0.012);
  EXPECT_DOUBLE_EQ(r.end(r.occurrences[6]), 0.020);
  EXPECT_DOUBLE_EQ(r.total_seconds(), 0.020);
  EXPECT_THROW(merge({r, extract_attractors(kFirst, 0.002, 2)}), SpecError);
}

TEST(Attractors, OfOneRecordingAreThoseOfItAlone) {
  const AttractorRecord all = both(), second = recording_of(all, 1);
  const AttractorRecord again = merge({recording_of(all, 0), second});
  EXPECT_EQ(again.attractors, all.attractors);
  EXPECT_EQ(again.occurrences.size(), all.occurrences.size());
  EXPECT_EQ(second.recording_steps, (std::vector<int64_t>{all.recording_steps[1]}));
  // numbered in the order of this recording
  for (size_t k = 0, met = 0; k < second.occurrences.size(); ++k) {
    EXPECT_LE(second.occurrences[k].attractor, met);
    EXPECT_EQ(second.occurrences[k].recording, 0u);
    met = std::max(met, second.occurrences[k].attractor + 1);
  }
  EXPECT_LT(second.attractors.size(), all.attractors.size());
}

TEST(Attractors, OfManyClustersAtOnceCountTheirSubsets) {
  EXPECT_EQ(coactive_sets(drawn({"#.", "#.", "##", ".#"})),
            (std::vector<Clusters>{{0, 1}, {0, 1, 2}, {0, 2}, {1, 2}, {2, 3}}));
}

TEST(AttractorAnalysis, CountsTimeAndOccurrences) {
  const AttractorAnalysis a(both());
  const auto              rows = a.per_attractor();
  EXPECT_EQ(rows[0].occurrences, 3u);
  EXPECT_DOUBLE_EQ(rows[0].total_duration, 8);
  EXPECT_DOUBLE_EQ(rows[0].std_duration, std::sqrt((2 * std::pow(2 - 8 / 3.0, 2) + std::pow(4 - 8 / 3.0, 2)) / 2));
  EXPECT_DOUBLE_EQ(a.probabilities()[1], 4 / 20.0);
  EXPECT_DOUBLE_EQ(a.marginal_probability({0}), 12 / 20.0);
  EXPECT_EQ(a.life_span().mean, (std::vector<double>{2.6667, 2, 4}));
  EXPECT_EQ(a.life_span({}, true).mean[0], 2);
  EXPECT_EQ(a.occurrence_table()[4].occurrence, 2u);
  EXPECT_EQ(a.occurrence_table()[4].next, std::optional<size_t>(2));
  EXPECT_EQ(a.summary().total_occurrences, 7u);
  const auto sizes = a.by_size(2);
  EXPECT_DOUBLE_EQ(sizes[1].discovered, 0.5);
  EXPECT_DOUBLE_EQ(sizes[2].discovered, 1);
}

TEST(AttractorAnalysis, FollowsTransitionsWithinRecordings) {
  const AttractorAnalysis a(both());
  // {0} → {0,1}, {0,1} → {}, {} → {0,1}, {0,1} → {0}; then {} → {0} of the second recording
  const Transitions t = a.transitions();
  EXPECT_EQ(t.matrix, (std::vector<double>{0, 1 / 3.0, 0, 0.5, 0, 0.5, 0.5, 0.5, 0}));
  EXPECT_DOUBLE_EQ(a.sequence_probability({0, 1, 2}), 1 / 6.0);
  EXPECT_EQ(a.lexicographic(t).attractors, (std::vector<size_t>{2, 0, 1}));
  EXPECT_DOUBLE_EQ(a.lexicographic(t).matrix[1], 0.5);  // {} → {0}
  const auto events = a.transition_events();
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[3].symmetry_class, (std::array<size_t, 3>{2, 1, 1}));
  EXPECT_EQ(events[3].overlap, Clusters{0});
}

TEST(AttractorAnalysis, LooksThroughWindows) {
  const AttractorAnalysis a(both());
  EXPECT_EQ(a.attractors({0.004, 0.009}), (std::vector<size_t>{1, 2}));
  EXPECT_EQ(a.attractors({-0.008, {}}), (std::vector<size_t>{0, 2}));
  EXPECT_EQ(a.attractors({0.009, 0.004}), (std::vector<size_t>{1, 2}));
  EXPECT_DOUBLE_EQ(a.probabilities({0.004, 0.009})[1], 0.8);
  EXPECT_EQ(a.num_states({0, 1}), 3u);  // beyond the end: all
}

TEST(AttractorAnalysis, SeesStatesBeingDiscovered) {
  const AttractorAnalysis a(both());
  const TimeEvolution     e = a.time_evolution(0.002);
  ASSERT_EQ(e.time_ms.size(), 10u);
  EXPECT_EQ(e.unique_attractors_count[0], 2u);  // one starts at 0, one at 2 ms
  EXPECT_EQ(e.unique_attractors_count[1], 3u);
  EXPECT_DOUBLE_EQ(e.discovery_rate_per_s[1], 500);
  EXPECT_NEAR(e.transition_l2_norm[0], 2, 1e-9);
  EXPECT_NEAR(e.transition_l2_norm[1], 2 / (std::sqrt(2.0) + 1), 1e-9);  // one more transition that is sure
}

}  // namespace
}  // namespace dynode::spiking
