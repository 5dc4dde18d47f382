// Statistics of spikes: how fast, how regularly, and how much together neurons fire.
#pragma once
#include <vector>

#include "dynode/spiking/attractors.h"

namespace dynode::spiking {

/// Mean rate of each neuron from step `from` on, Hz, [neurons].
std::vector<double> neuron_rates(const Recording& recording, int64_t from = 0);

/// Deviation over mean of the intervals between the spikes of each neuron, [neurons]; NaN with fewer than
/// `least_intervals`.
std::vector<double> interval_variation(const Recording& recording, int64_t from = 0, size_t least_intervals = 10);

/// Variance over mean of the spike counts of each neuron in windows of `window` seconds, [neurons]; NaN without spikes
/// or with fewer than two windows.
std::vector<double> fano_factors(const Recording& recording, double window = 0.1, int64_t from = 0);

/// Mean correlation of spike counts in windows of `window` seconds over all pairs of `neurons` that fire; NaN with fewer
/// than two of them.
double pairwise_correlation(const Recording& recording, const std::vector<size_t>& neurons, double window = 0.05,
                            int64_t from = 0);

/// The same for each pair (i, j > i) of those that fire, in their order. Needs memory for their counts alone.
std::vector<double> pairwise_correlations(const Recording& recording, const std::vector<size_t>& neurons,
                                          double window = 0.05, int64_t from = 0);

struct ClassStatistics {
  double rate = 0, rate_sd = 0, cv_isi = 0;  // Hz, deviation over neurons, mean over neurons (NaN if there is none)
};
/// Of neurons first … last − 1.
ClassStatistics class_statistics(const Recording& recording, size_t first, size_t last, int64_t from = 0);

struct ActivityStatistics {
  double              mean_active_clusters = 0, rate_when_active = 0, rate_when_inactive = 0;  // rates in Hz
  std::vector<double> occupancy;  // [clusters] share of the time each is active
  std::vector<double> dwell_ms;   // active stretches of single clusters, at least `minimal_ms` long
  double dwell_ms_mean = 0, dwell_ms_median = 0, upstates_per_s = 0;  // their number per cluster and second
};
/// Of what clusters do from step `from` on.
ActivityStatistics activity_statistics(const Rates& rates, const Activity& activity, double dt, int64_t from = 0,
                                       double minimal_ms = 20);

/// Share of the time in attractors that is spent in those of k clusters, k = 0 … most.
std::vector<double> time_by_size(const AttractorRecord& record, size_t most);

}  // namespace dynode::spiking
