// Recorded statistics of clustered networks: our own realisations, drawn with other random numbers, agree with them.
#pragma once
#include <algorithm>
#include <cmath>

#include "dynode/models/model.h"
#include "dynode/plan/spiking.h"
#include "dynode/spiking/attractor_analysis.h"
#include "dynode/spiking/statistics.h"
#include "golden_case.h"

namespace dynode::golden {

/// The keys of the recorded statistics, in their order.
inline const std::vector<std::string>& statistics_keys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> list;
    for (const char* who : {"E_clustered", "E_background", "I_clustered", "I_background"})
      for (const char* what : {"rate", "rate_sd", "cv_isi"}) list.push_back(fmt::format("{}_{}", what, who));
    for (const char* key : {"mean_active_clusters", "rate_when_active", "rate_when_inactive", "occupancy_mean",
                            "occupancy_min", "occupancy_max", "cluster_dwell_ms_mean", "cluster_dwell_ms_median",
                            "cluster_upstates_per_s", "attr_num_states", "attr_total_duration_s",
                            "attr_mean_lifespan_ms", "attr_total_occurrences", "attr_mean_probability"})
      list.push_back(key);
    for (int k = 0; k < 8; ++k) list.push_back(fmt::format("frac_time_size_{}", k));
    return list;
  }();
  return keys;
}

/// Statistics of one realisation, in the order of the keys.
inline std::vector<double> statistics_of(const Value& config, uint64_t seed, double discard) {
  using namespace spiking;
  Model         model = Model::from_spec(read_spec(config), {.threads = 1, .seed = seed});
  const Results run   = model.simulate(SimulateOptions{});
  const auto&   begin = model.plan().spiking->populations[0];
  Recording     r;
  r.dt = model.plan().layers[0].dt, r.steps = int64_t(run.steps);
  const std::vector<int64_t> list = run.at("spikes/0").as_integers("spikes");
  for (size_t i = 0; i < list.size(); i += 3)
    r.step.push_back(uint32_t(list[i])), r.neuron.push_back(uint32_t(list[i + 2]));
  for (size_t p = 0; p + 1 < begin.size(); ++p)
    r.labels.insert(r.labels.end(), begin[p + 1] - begin[p], int32_t(p + 1));

  const size_t        clusters = begin.size() / 2 - 1;
  const int64_t       from     = whole_steps(discard, r.dt);
  std::vector<double> out;
  for (const auto& [first, last] : {std::pair{begin[0], begin[clusters]},
                                    {begin[clusters], begin[clusters + 1]},
                                    {begin[clusters + 1], begin[2 * clusters + 1]},
                                    {begin[2 * clusters + 1], begin[2 * clusters + 2]}}) {
    const ClassStatistics c = class_statistics(r, first, last, from);
    out.insert(out.end(), {c.rate, c.rate_sd, c.cv_isi});
  }
  const Rates              rates    = cluster_rates(r, {}, clusters);
  const Activity           activity = get_activity(rates);
  const ActivityStatistics a        = activity_statistics(rates, activity, r.dt, from);
  double                   mean     = 0;
  for (double x : a.occupancy) mean += x / double(clusters);
  out.insert(out.end(), {a.mean_active_clusters, a.rate_when_active, a.rate_when_inactive, mean,
                         *std::ranges::min_element(a.occupancy), *std::ranges::max_element(a.occupancy),
                         a.dwell_ms_mean, a.dwell_ms_median, a.upstates_per_s});
  Activity kept{clusters, activity.columns - size_t(from), {}};
  for (size_t c = 0; c < clusters; ++c)
    kept.values.insert(kept.values.end(), activity.values.begin() + ptrdiff_t(c * activity.columns) + from,
                       activity.values.begin() + ptrdiff_t((c + 1) * activity.columns));
  const AttractorRecord record  = extract_attractors(kept, r.dt);
  const Summary         summary = AttractorAnalysis(record).summary();
  out.insert(out.end(), {double(summary.num_states), summary.total_duration_s, summary.mean_lifespan_ms,
                         double(summary.total_occurrences), summary.mean_probability});
  for (double x : time_by_size(record, 7)) out.push_back(x);
  return out;
}

inline void run_statistics_case(const Value& config, const Npz& expected, Comparison& compare) {
  constexpr size_t    own  = 10;
  const auto          mean = expected.at("mean").as_double(), sd = expected.at("sd_between_seeds").as_double();
  const double        recorded = expected.at("n_seeds").as_double()[0];
  std::vector<double> sum(statistics_keys().size());
  for (size_t seed = 0; seed < own; ++seed) {
    const std::vector<double> x =
        statistics_of(config.at("config"), 1000 + seed, config.at("discard_seconds").number());
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += x.at(i) / own;
  }
  for (size_t i = 0; i < sum.size(); ++i)
    compare.expect(statistics_keys()[i], {sum[i]}, {mean.at(i)},
                   4 * sd.at(i) * std::sqrt(1 / double(own) + 1 / recorded) + 0.005 * std::abs(mean.at(i)));
}

}  // namespace dynode::golden
