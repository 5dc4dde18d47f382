// Pictures of spiking runs as SVG documents.
#pragma once
#include <string>

#include "dynode/models/spiking_runs.h"

namespace dynode {

/// A dot per spike, at most 60,000 of them, over bands for the populations.
std::string raster_picture(const SpikingRun& run);
/// Rows of clusters, shades of rates.
std::string rates_picture(const spiking::Rates& rates, double dt);
/// Transition probabilities of the attractors met most often.
std::string transitions_picture(const spiking::AttractorAnalysis& analysis);
/// Number of different attractors against time.
std::string discovery_picture(const spiking::AttractorAnalysis& analysis);

}  // namespace dynode
