// What runs do, in single numbers: of each repeat, and over repeats as <name>_mean, _std, _min and _max.
#pragma once
#include <array>
#include <string>
#include <vector>

#include "dynode/models/spiking_runs.h"
#include "dynode/spec/value.h"

namespace dynode {

inline constexpr std::array<const char*, 7> kRunMeasures = {"rate_e_hz",        "rate_i_hz",        "num_states",
                                                            "total_occurrences", "mean_lifespan_ms", "mean_probability",
                                                            "mean_active_clusters"};
/// In the order of kRunMeasures; NaN where there is none, as the rate of inhibitory units of a network without such.
using RunMeasures = std::array<double, kRunMeasures.size()>;

/// Of each run. @param analysis  of all of them, in this order
std::vector<RunMeasures> run_measures(const std::vector<SpikingRun>&           runs,
                                      const spiking::AttractorAnalysis&        analysis);
/// Of all runs as one: attractors that are equal are one, rates are means over the runs.
RunMeasures pooled_measures(const std::vector<SpikingRun>& runs, const spiking::AttractorAnalysis& analysis);

/// "rate_e_hz_mean", "rate_e_hz_std", … and their values; the deviation is that of a sample, 0 of one run. NaN where a
/// measure is that in every run.
struct MeasureSpread {
  std::vector<std::string> names;
  std::vector<double>      values;
};
MeasureSpread spread_of(const std::vector<RunMeasures>& measures);

/// CSV: repeat, seed and the measures, a line for each run.
std::string table_of(const std::vector<SpikingRun>& runs, const std::vector<RunMeasures>& measures);

/// A number as JSON knows it: null for NaN.
Value json_number(double x);

}  // namespace dynode
