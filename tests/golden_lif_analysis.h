// Recorded analyses of spikes and states: rates, activity, attractors, what follows what; capacity and vocabularies.
#pragma once
#include <numeric>

#include "dynode/spiking/attractor_analysis.h"
#include "dynode/spiking/capacity.h"
#include "golden_lif_mean_field.h"

namespace dynode::golden {

inline spiking::Rates table_of(const Array& array) {
  return {size_t(array.shape.at(0)), size_t(array.shape.at(1)), array.as_double()};
}

inline std::vector<double> as_doubles(const std::vector<uint8_t>& bits) { return {bits.begin(), bits.end()}; }

/// Sets rates_0, rates_1, … with everything expected of each.
inline void run_activity_case(const Npz& inputs, const Npz& expected, Comparison& compare) {
  using namespace spiking;
  for (size_t q = 0; inputs.find(fmt::format("rates_{}", q)); ++q) {
    const Rates rates = table_of(inputs.at(fmt::format("rates_{}", q)));
    const auto  get   = [&](const char* name) { return expected.at(fmt::format("{}_{}", name, q)).as_double(); };
    const auto  with  = [&](const char* name, const ActivitySpec& spec) {
      compare.expect_equal(name, as_doubles(get_activity(rates, spec).values), get(name));
    };
    with("activity", {}), with("activity_tol5", {.tol = 5}), with("activity_firstpass", {.first_pass = true}),
        with("activity_fixed", {.baseline_rate = {10}});
    const Activity          activity = get_activity(rates);
    const AttractorAnalysis analysis(extract_attractors(activity, 0.0005, 5, &rates));
    std::vector<double>     counts, totals;
    for (const PerAttractor& row : analysis.per_attractor())
      counts.push_back(double(row.occurrences)), totals.push_back(row.total_duration);
    compare.expect_equal("attr_counts", counts, get("attr_counts"));
    compare.expect("attr_total", totals, get("attr_total"), 0, 1e-9);
    compare.expect_equal("n_unique_coactive", {double(coactive_sets(activity).size())}, get("n_unique_coactive"));
  }
}

/// Bits of a matrix, packed along time, first step in the highest bit.
inline std::vector<double> packed(const spiking::Activity& activity) {
  std::vector<double> bytes;
  for (size_t c = 0; c < activity.rows; ++c)
    for (size_t from = 0; from < activity.columns; from += 8) {
      int byte = 0;
      for (size_t t = from; t < from + 8; ++t) byte = 2 * byte + (t < activity.columns && activity(c, t));
      bytes.push_back(byte);
    }
  return bytes;
}

inline spiking::Clusters clusters_of_list(const Value& list) {
  spiking::Clusters clusters;
  for (const Value& item : list.list()) clusters.push_back(int(item.integer()));
  return clusters;
}

inline std::vector<double> flat_numbers(const Value& rows) {
  std::vector<double> all;
  for (const Value& row : rows.list()) {
    const auto some = row.is_list() ? flat_numbers(row) : std::vector{row.number()};
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

inline std::vector<double> numbers_from(const std::vector<size_t>& counts) { return {counts.begin(), counts.end()}; }

inline void run_analysis_case(const fs::path& path, const Value& config, const Npz& inputs, const Npz& expected,
                              Comparison& compare) {
  using namespace spiking;
  const double           dt = config.at("dt").number(), kernel = config.at("kernel_param").number();
  const size_t           clusters = size_t(config.at("n_excitatory_clusters").integer());
  std::vector<Recording> recordings;
  for (int64_t r = 0; r < config.at("n_recordings").integer(); ++r) {
    Recording  recording{.dt = dt, .steps = config.at("n_steps").integer(), .step = {}, .neuron = {}, .labels = {}};
    const auto list = [&](const std::string& name) { return inputs.at(name).as_integers(name); };
    for (int64_t t : list(fmt::format("spike_step_{}", r))) recording.step.push_back(uint32_t(t));
    for (int64_t n : list(fmt::format("spike_neuron_{}", r))) recording.neuron.push_back(uint32_t(n));
    for (int64_t l : list("cluster_labels")) recording.labels.push_back(int32_t(l));
    recordings.push_back(recording);

    const auto get  = [&](const char* name) { return expected.at(fmt::format("{}_{}", name, r)).as_double(); };
    const auto some = [&](const Rates& rates) {
      std::vector<double> every;
      for (size_t c = 0; c < rates.rows; ++c)
        for (size_t t = 0; t < rates.columns; t += 10) every.push_back(rates(c, t));
      return every;
    };
    const Rates         rates = cluster_rates(recording, {.param = kernel}, clusters);
    std::vector<double> sums;
    for (size_t c = 0; c < rates.rows; ++c)
      sums.push_back(std::accumulate(&rates(c, 0), &rates(c, 0) + rates.columns, 0.0));
    compare.expect("rates_gaussian", some(rates), get("rates_gaussian"), 1e-12, 1e-5);
    expect_relative(compare, "rates_gaussian_rowsum", sums, get("rates_gaussian_rowsum"), 1e-9);
    compare.expect("rates_box", some(cluster_rates(recording, {.type = Kernel::Type::box, .param = kernel}, clusters)),
                   get("rates_box"), 1e-12, 1e-5);
    const Activity activity = get_activity(rates);
    compare.expect_equal("activity", packed(activity), get("activity_packed"));
    compare.expect_equal("smoothed activity",
                         packed(smooth_activity(activity, config.at("smoothing_gap_ms").number(), 1e3 * dt)),
                         get("activity_smoothed_packed"));
  }

  const AttractorAnalysis a(process(recordings, {.kernel                = {.param = kernel},
                                                 .activity              = {},
                                                 .minimal_life_span_ms  = config.at("minimal_life_span_ms").number(),
                                                 .n_excitatory_clusters = clusters}));
  const AttractorRecord&  record = a.record();
  const Value             e      = load_value((path / "expected.json").string());
  const auto              rest   = [&](const std::string& name, const std::vector<double>& got, const Value& wanted) {
    compare.expect(name, got, flat_numbers(wanted), 0, 1e-9);
  };

  const auto& attractors = e.at("attractors").list();
  if (attractors.size() != record.attractors.size())
    return compare.fail(fmt::format("{} attractors instead of {}", record.attractors.size(), attractors.size()));
  const auto per = a.per_attractor();
  for (size_t k = 0; k < attractors.size(); ++k) {
    const std::string   name = fmt::format("attractor {} ", k);
    std::vector<double> starts, ends, durations, rates, repeats;
    for (const Occurrence& o : record.occurrences) {
      if (o.attractor != k) continue;
      starts.push_back(record.start(o)), ends.push_back(record.end(o)), durations.push_back(record.milliseconds(o));
      rates.insert(rates.end(), o.mean_rates.begin(), o.mean_rates.end()), repeats.push_back(double(o.recording));
    }
    if (clusters_of_list(attractors[k].at("clusters")) != record.attractors[k])
      compare.fail(name + "has other clusters");
    compare.expect(name + "starts", starts, flat_numbers(attractors[k].at("starts")), 1e-4);
    compare.expect(name + "ends", ends, flat_numbers(attractors[k].at("ends")), 1e-4);
    rest(name + "durations", durations, attractors[k].at("occurrence_durations_ms"));
    rest(name + "total", {per[k].total_duration}, Value::list_of({attractors[k].at("total_duration_ms")}));
    rest(name + "rates", rates, attractors[k].at("occurrence_mean_rates"));
    compare.expect_equal(name + "repeats", repeats, flat_numbers(e.at("repeat_indices").at(std::to_string(k))));
  }

  const Summary s = a.summary();
  rest("summary",
       {double(s.num_states), s.total_duration_s, s.mean_lifespan_ms, double(s.total_occurrences), s.mean_probability},
       Value::list_of({e.at("summary").at("num_states"), e.at("summary").at("total_duration_s"),
                       e.at("summary").at("mean_lifespan_ms"), e.at("summary").at("total_occurrences"),
                       e.at("summary").at("mean_probability")}));
  rest("probabilities", a.probabilities(), e.at("probabilities"));
  rest("lifespan_mean_ms", a.life_span().mean, e.at("lifespan_mean_ms"));
  rest("lifespan_std_ms", a.life_span().deviation, e.at("lifespan_std_ms"));
  std::map<std::string, std::vector<double>> columns;
  for (const PerAttractor& row : per) {
    const auto add = [&](const char* name, double value) { columns[name].push_back(value); };
    add("attractor_idx", double(row.attractor)), add("occurrences", double(row.occurrences));
    add("total_duration", row.total_duration), add("mean_duration", row.mean_duration),
        add("std_duration", row.std_duration);
    add("num_clusters", double(row.num_clusters)), add("first_start", row.first_start), add("last_end", row.last_end);
  }
  for (const Value::Entry& column : e.at("per_attractor").entries())
    rest(column.key, columns[column.key], column.value);
  rest("occurrences", columns["occurrences"], e.at("occurrences"));
  rest("num_clusters", columns["num_clusters"], e.at("num_clusters"));

  std::vector<double> order;
  for (const Occurrence& o : record.occurrences) order.push_back(double(o.attractor));
  compare.expect_equal("occurrence order", order, expected.at("occurrence_order").as_double());
  const Transitions t = a.transitions();
  compare.expect("transition matrix", t.matrix, expected.at("transition_matrix").as_double(), 0, 1e-9);
  const auto& lexicographic = e.at("lex_order").list();
  const auto  sorted        = a.lexicographic(t).attractors;
  for (size_t k = 0; k < sorted.size(); ++k)
    if (k >= lexicographic.size() || record.attractors[sorted[k]] != clusters_of_list(lexicographic[k]))
      compare.fail("lexicographic order differs");
  for (const Value::Entry& entry : e.at("marginal_probability").entries())
    rest("marginal probability", {a.marginal_probability({std::stoi(entry.key)})}, Value::list_of({entry.value}));

  const auto& evolution = e.at("time_evolution");
  const auto  grid      = flat_numbers(evolution.at("time_ms"));
  const auto  got       = a.time_evolution_in(grid.size());
  rest("time_ms", got.time_ms, evolution.at("time_ms"));
  compare.expect("transition_l2_norm", got.transition_l2_norm, flat_numbers(evolution.at("transition_l2_norm")), 1e-9,
                 1e-9);
  rest("unique_attractors_count", numbers_from(got.unique_attractors_count), evolution.at("unique_attractors_count"));
  rest("discovery_rate_per_s", got.discovery_rate_per_s, evolution.at("discovery_rate_per_s"));

  const auto   edges = flat_numbers(e.at("window"));
  const Window window{edges.at(0), edges.at(1)};
  rest("states in the window", {double(a.num_states(window))}, Value::list_of({e.at("window_num_states")}));
  rest("window_probabilities", a.probabilities(window), e.at("window_probabilities"));
  rest("window_transition", a.transitions(window).matrix, e.at("window_transition"));

  const auto& events = e.at("transition_events").list();
  const auto  mine   = a.transition_events();
  if (events.size() > mine.size())
    return compare.fail(fmt::format("{} transitions instead of {}", mine.size(), events.size()));
  for (size_t k = 0; k < events.size(); ++k) {
    const TransitionEvent& m    = mine[k];
    const std::string      name = fmt::format("transition {}", k);
    if (record.attractors[m.a] != clusters_of_list(events[k].at("a")) ||
        record.attractors[m.b] != clusters_of_list(events[k].at("b")) ||
        m.overlap != clusters_of_list(events[k].at("overlap")))
      compare.fail(name + " is another");
    compare.expect(name + " time", {m.time}, {events[k].at("time").number()}, 1e-4);
    compare.expect_equal(name, {double(m.transition), double(m.occurrence), double(m.symmetry_class_occurrence)},
                         {events[k].at("transition_idx").number(), events[k].at("occurrences").number(),
                          events[k].at("symmetry_class_occurrences").number()});
    compare.expect_equal(name + " class", numbers_from({m.symmetry_class.begin(), m.symmetry_class.end()}),
                         flat_numbers(events[k].at("symmetry_class")));
  }
}

inline std::vector<spiking::Clusters> states_of(const Value& list) {
  std::vector<spiking::Clusters> states;
  for (const Value& item : list.list()) states.push_back(clusters_of_list(item));
  return states;
}

inline void run_capacity_case(const Value& config, const Npz& expected, Comparison& compare) {
  using namespace spiking;
  const auto& items = config.at("items").list();
  for (size_t q = 0; q < items.size(); ++q) {
    const size_t        c      = size_t(items[q].at("C").integer());
    const auto          states = states_of(items[q].at("vocabulary"));
    const bool          own    = items[q].at("constraint").text().starts_with("vocabulary pairs");
    const auto          get = [&](const char* name) { return expected.at(fmt::format("{}_{}", name, q)).as_double(); };
    const Constraints   constraints = own ? vocabulary_pairs(states, c) : swap_pairs(states, c);
    std::vector<double> pairs, gammas;
    for (const auto& pair : constraints.pairs) pairs.insert(pairs.end(), pair.begin(), pair.end());
    for (double m : numbers_of(items[q].at("M"))) gammas.push_back(best_margin(constraints.differences, m).gamma);
    const Coverage covered = coverage(states, c);
    compare.expect_equal("X", state_vectors(states, c).values, get("X"));
    compare.expect_equal("pairs", pairs, get("pairs"));
    compare.expect("differences", constraints.differences.values, get("diffs"), 1e-14);
    compare.expect(fmt::format("gamma_{}", q), gammas, get("gamma"), 1e-6);
    compare.expect_equal("coverage", {double(covered.full()), double(covered.covered), double(covered.total)},
                         get("coverage"));
    if (!expected.find(fmt::format("Pi_centred_{}", q))) continue;

    // directions by the centred projection, and what they make of the other states
    const auto projection = full_margin(c, states[0].size(), 1).projection;
    compare.expect("Pi_centred", projection, get("Pi_centred"), 1e-14);
    std::vector<double> directions;
    for (const Clusters& state : states) {
      const auto delta = targeting_direction(projection, state);
      directions.insert(directions.end(), delta.begin(), delta.end());
    }
    compare.expect("delta_star", directions, get("delta_star"), 1e-14);
    const std::vector<double> first(directions.begin(), directions.begin() + ptrdiff_t(c));
    const auto&               roles = config.at("roles_relative_to_first").list();
    for (size_t k = 0; k < roles.size(); ++k) {
      const Role role = role_of(states[k], states[0], first);
      compare.expect(fmt::format("role {}", k),
                     {double(role.overlap), double(role.symmetric_difference), role.linear_score, role.score_contrast},
                     {roles[k].at("overlap").number(), roles[k].at("symmetric_diff").number(),
                      roles[k].at("linear_score").number(), roles[k].at("score_contrast").number()},
                     1e-14);
      if (label(role.kind) != roles[k].at("role").text() || role.direction != roles[k].at("direction").text())
        compare.fail(fmt::format("role {} is {}, {}", k, label(role.kind), role.direction));
    }
    for (const auto& [name, array] : expected.entries())
      if (name.starts_with("p_pred_alpha"))
        compare.expect(name,
                       predicted_probabilities(expected.at("p0").as_double(), table_of(expected.at("G")), first,
                                               std::stod(name.substr(12))),
                       array.as_double(), 1e-14);
  }
}

inline void run_vocabulary_case(const Value& config, const Npz& inputs, const Npz& expected, Comparison& compare) {
  using namespace spiking;
  const auto          states = states_of(config.at("attractors"));
  const auto          chosen = choose_vocabulary(states, inputs.at("probabilities").as_double(),
                                                 size_t(config.at("n_targets").integer()), size_t(config.at("C").integer()));
  std::vector<double> flat;
  for (const Chosen& c : chosen)
    for (int cluster : states[c.state]) flat.push_back(cluster);
  compare.expect_equal("greedy", flat, expected.at("greedy").as_double());
  compare.expect_equal("top_k", flat, expected.at("top_k").as_double());
  const auto& difficulty = config.at("expected_difficulty").list();
  if (difficulty.size() != chosen.size()) compare.fail("another number of states");
  for (size_t k = 0; k < std::min(difficulty.size(), chosen.size()); ++k)
    if (states[chosen[k].state] != clusters_of_list(difficulty[k].at("attractor")) ||
        int64_t(chosen[k].competitors) != difficulty[k].at("n").integer() ||
        chosen[k].difficulty != difficulty[k].at("difficulty").text())
      compare.fail(fmt::format("state {} is {} with {} competitors", k, chosen[k].difficulty, chosen[k].competitors));
}

/// Runs a case of processing or analysis. @return false if it is of another kind
inline bool run_spike_analysis_case(const fs::path& path, const Value& config, Comparison& compare,
                                    Precision precision) {
  const std::string kind = config.at("kind").text();
  if (kind != "activity_detection" && kind != "snn_analysis" && kind != "capacity" && kind != "vocabulary")
    return false;
  if (precision == Precision::float32) return true;  // computed in double alone
  const auto inputs   = [&] { return load_npz((path / "inputs.npz").string()); };
  const Npz  expected = load_npz((path / "expected.npz").string());
  if (kind == "activity_detection") run_activity_case(inputs(), expected, compare);
  else if (kind == "snn_analysis") run_analysis_case(path, config, inputs(), expected, compare);
  else if (kind == "capacity") run_capacity_case(config, expected, compare);
  else run_vocabulary_case(config, inputs(), expected, compare);
  return true;
}

}  // namespace dynode::golden
