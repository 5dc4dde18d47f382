// Populations of spiking networks in numbers and pictures: how fast, how regularly and how much together their units fire.
//
//   runs ──▶ population_statistics ──▶ a table, a raster by populations, boxes of the three distributions
#pragma once
#include <string>
#include <vector>

#include "dynode/models/spiking_runs.h"

namespace dynode {

/// A population over all runs. Deviations are those between runs, of samples; NaN with one run.
struct PopulationStatistics {
  std::string name  = {};
  size_t      units = 0;
  double      rate = 0, rate_deviation = 0;                // Hz, mean over its units and runs
  double      cv_isi = 0, correlation = 0, fano = 0;       // means; NaN where nothing could be measured
  std::vector<double> rates = {}, cvs = {}, correlations = {};  // of units, units and pairs of all runs
};

struct PopulationSettings {
  size_t correlated      = 200;    // units of a population whose pairs are taken, evenly spaced among those that fired
  double window          = 0.002;  // of spike counts, s
  size_t least_intervals = 10;     // of a unit with a CV
};

/// Of every label that has units, ascending. Runs have the same labels.
std::vector<PopulationStatistics> population_statistics(const std::vector<SpikingRun>& runs,
                                                        const PopulationSettings& settings = {});

/// CSV: population, units, rate_hz, rate_sd_hz (between runs), cv_isi, correlation, fano (of counts in 0.1 s).
std::string table_of(const std::vector<PopulationStatistics>& populations);

/// The first populations on top; of long runs the first 0.5 s, and of large ones every so many units.
std::string population_raster_picture(const SpikingRun& run);
/// Boxes from the first to the third quartile with the median, whiskers from 5 to 95 %, a dot at the mean; one row of
/// boxes each for rates, CVs and correlations, where there are some.
std::string population_boxes_picture(const std::vector<PopulationStatistics>& populations);

}  // namespace dynode
