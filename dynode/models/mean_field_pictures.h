// Pictures of the mean-field theory as SVG documents: branches of fixed points against a parameter, a reduced landscape.
#pragma once
#include <string>
#include <vector>

#include "dynode/mean_field/continuation.h"
#include "dynode/mean_field/landscape.h"

namespace dynode {

/// The highest rate of an excitatory cluster (the first `clusters` populations) along every branch: solid where the
/// point is stable, dashed where it is not, a ring at every fold.
std::string branches_picture(const std::string& parameter, const std::vector<mean_field::Branch>& branches,
                             size_t clusters, double low, double high);

/// The same for points found value by value: a dot for each, full where it is stable, a ring where it is not.
std::string points_picture(const std::string& parameter, const std::vector<double>& values,
                           const std::vector<mean_field::FixedPoints>& found, size_t clusters);

/// With two populations in focus: force field, way of least resistance and fixed points, and the potential along the
/// way; with one: its answer against its rate, and the potential. `points` are fixed points of the whole network.
/// @param names  of the populations in focus
std::string landscape_picture(const mean_field::Landscape& land, const std::vector<mean_field::FixedPoint>& points,
                              const std::vector<size_t>& focus, const std::vector<std::string>& names);

/// Rates [times][populations] as lines: of the first `clusters` populations where these are clusters, else of all.
std::string rates_in_time_picture(const std::vector<double>& times, const std::vector<double>& rates,
                                  const std::vector<std::string>& names, size_t clusters);

}  // namespace dynode
