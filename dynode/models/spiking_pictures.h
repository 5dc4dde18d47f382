// Pictures of spiking runs as SVG documents.
#pragma once
#include <string>

#include "dynode/models/spiking_runs.h"

namespace dynode {

/// A dot per spike, at most 60,000 of them, over bands for the populations.
std::string raster_picture(const SpikingRun& run);
/// Rows of clusters (or another `group`), shades of rates.
std::string rates_picture(const spiking::Rates& rates, double dt, const char* group = "cluster");
/// Transition probabilities of the attractors met most often.
std::string transitions_picture(const spiking::AttractorAnalysis& analysis);

/// A value of a sweep, and the attractors its runs met.
struct SweepPoint {
  std::string         value     = {};
  size_t              states    = 0;
  double              life_span = 0;   // ms, mean over states
  std::vector<double> durations = {};  // of occurrences, ms
};
/// How many attractors there are, and how long they live, against the values.
std::string sweep_picture(const std::string& parameter, const std::vector<SweepPoint>& points);
/// A box of durations for each value.
std::string durations_picture(const std::string& parameter, const std::vector<SweepPoint>& points);

/// Number of different attractors against time.
std::string discovery_picture(const spiking::AttractorAnalysis& analysis);

}  // namespace dynode
