// What the actions of `dynode mean-field` share.
#pragma once
#include <string>
#include <vector>

#include "dynode/mean_field/fixed_points.h"
#include "dynode/models/mean_field_model.h"
#include "dynode/spec/value.h"

namespace dynode::cli {

struct MeanFieldSettings {
  std::string              action, config, output, report, svg, param, values, focus = "0,1", limits, start;
  std::vector<std::string> assignments;
  std::vector<double>      range;
  size_t                   random_starts = 100, seed = 256;
  double                   density = 0.5, step = 0.02;
  double                   tau = 20, duration = 0;   // ms; s, 0: as the spec says
  bool                     all = false, folds = false;
  int                      threads = 0;
};

/// The config with its assignments. @throws IoError, SpecError
Value config_of(const MeanFieldSettings& s);

/// Starts with 0, 1, … active clusters, then random ones.
std::vector<std::vector<double>> starts_of(const MeanFieldSettings& s, const MeanFieldNetwork& net);

/// "all alike", or the numbers of the clusters that are active.
std::string active_text(const std::vector<double>& rates, size_t clusters);
/// "4.2" or "4.2 … 51.3": rates of populations from … to.
std::string range_text(const std::vector<double>& rates, size_t from, size_t to);

/// Writes what was asked for and says so. @throws Failure
void write_outputs(const std::vector<std::pair<std::string, std::string>>& files);

void run_landscape(const MeanFieldSettings& s);
void run_sweep(const MeanFieldSettings& s);
void run_rates(const MeanFieldSettings& s);

}  // namespace dynode::cli
