// Whether activity of a network dies out, lasts or grows: numbers of runs already made.
//
//   branching ratio   Σ_j |s_j[t]| Σ_i |J_ij|  ÷  Σ_k |φ_k[t]|      what a layer hands on per what it gets; 1: critical
//   susceptibility    variance over time of the mean activity
//   expansion         d[t] / d[t−1], d the distance of twins that began next to each other; 1: neutral
//   avalanches        stretches of steps in which anything is active; sizes and durations follow power laws at criticality
//
// Sources: Beggs & Plenz 2003 (J. Neurosci. 23:11167); Bertschinger & Natschläger 2004 (Neural Comput. 16:1413).
#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace dynode {

/// Mean over rows and steps. @param sent  [rows][steps]   @param received  [rows][steps]; steps without any do not count
double branching_ratio(std::span<const double> sent, std::span<const double> received);

/// Mean over rows. @param states  [rows][steps][units]
double susceptibility(std::span<const double> states, size_t rows, size_t steps, size_t units);

/// Mean over rows and steps of the logarithm of d[t] / d[t−1], both distances above 0; NaN where there are none. @param states, twins
/// [rows][steps][units]
double log_expansion(std::span<const double> states, std::span<const double> twins, size_t rows, size_t steps, size_t units);

struct Avalanches {
  std::vector<double> sizes;      // active units, summed over the steps of each
  std::vector<double> durations;  // steps
  double              size_slope = 0, duration_slope = 0;   // of log density by log size; NaN with fewer than two bins
};

/// @param states  [rows][steps][units]; a unit is active where |s| > threshold
Avalanches avalanches(std::span<const double> states, size_t rows, size_t steps, size_t units, double threshold = 0.1);

/// Slope of log density by log value, least squares over logarithmic bins that are not empty. NaN with fewer than two.
double power_law_slope(std::span<const double> values, size_t bins = 20);

}  // namespace dynode
