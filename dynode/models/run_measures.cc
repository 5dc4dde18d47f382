#include "dynode/models/run_measures.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

#include "dynode/spiking/statistics.h"

namespace dynode {

using namespace spiking;

namespace {

RunMeasures measures_of(const SpikingRun* first, const SpikingRun* last, const AttractorAnalysis& analysis) {
  double rates[2] = {0, 0};
  for (const SpikingRun* r = first; r != last; ++r) {
    const size_t edges[] = {0, r->excitatory, r->recording.labels.size()};
    for (size_t t = 0; t < 2; ++t)
      rates[t] += edges[t] < edges[t + 1]
                      ? class_statistics(r->recording, edges[t], edges[t + 1]).rate / double(last - first)
                      : std::numeric_limits<double>::quiet_NaN();
  }
  const Summary s      = analysis.summary();
  const auto    sizes  = time_by_size(analysis.record(), first->clusters);
  double        active = 0;
  for (size_t k = 0; k < sizes.size(); ++k) active += double(k) * sizes[k];
  return {rates[0], rates[1], double(s.num_states), double(s.total_occurrences), s.mean_lifespan_ms, s.mean_probability,
          active};
}

}  // namespace

std::vector<RunMeasures> run_measures(const std::vector<SpikingRun>& runs, const AttractorAnalysis& analysis) {
  std::vector<RunMeasures> all;
  for (size_t k = 0; k < runs.size(); ++k)
    all.push_back(measures_of(&runs[k], &runs[k] + 1, AttractorAnalysis(recording_of(analysis.record(), k))));
  return all;
}

RunMeasures pooled_measures(const std::vector<SpikingRun>& runs, const AttractorAnalysis& analysis) {
  return measures_of(runs.data(), runs.data() + runs.size(), analysis);
}

MeasureSpread spread_of(const std::vector<RunMeasures>& measures) {
  MeasureSpread out;
  for (size_t m = 0; m < kRunMeasures.size(); ++m) {
    double sum = 0, square = 0, count = 0, least = std::numeric_limits<double>::infinity(), most = -least;
    for (const RunMeasures& each : measures)
      if (const double x = each[m]; !std::isnan(x)) sum += x, ++count, least = std::min(least, x), most = std::max(most, x);
    const double none = std::numeric_limits<double>::quiet_NaN(), mean = count ? sum / count : none;
    for (const RunMeasures& each : measures)
      if (const double x = each[m]; !std::isnan(x)) square += (x - mean) * (x - mean);
    const double values[] = {mean, !count ? none : count > 1 ? std::sqrt(square / (count - 1)) : 0, count ? least : none,
                             count ? most : none};
    for (size_t k = 0; k < 4; ++k) {
      out.names.push_back(std::string(kRunMeasures[m]) + std::array{"_mean", "_std", "_min", "_max"}[k]);
      out.values.push_back(values[k]);
    }
  }
  return out;
}

std::string table_of(const std::vector<SpikingRun>& runs, const std::vector<RunMeasures>& measures) {
  std::string text = fmt::format("repeat,seed,{}\n", fmt::join(kRunMeasures, ","));
  for (size_t k = 0; k < runs.size(); ++k) {
    text += fmt::format("{},{}", k, runs[k].seed);
    for (double x : measures[k]) text += std::isnan(x) ? "," : fmt::format(",{:.8g}", x);
    text += "\n";
  }
  return text;
}

Value json_number(double x) { return std::isnan(x) ? Value() : Value(x); }

}  // namespace dynode
