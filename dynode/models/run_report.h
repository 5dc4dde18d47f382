// From a run directory to its report: what training wrote down, gathered for the page.
//
//   config.yaml spec.yaml metrics.jsonl evaluation.npz checkpoints/ yardstick_*/  ──▶  Report  ──▶  report.html
#pragma once
#include <string>
#include <vector>

#include "dynode/models/report.h"

namespace dynode {

/// Everything a run directory says; parts it does not have yet are left out, as of a run that was interrupted.
/// @throws IoError    if it is no run directory, or a file in it cannot be read
/// @throws SpecError  if a file in it does not say what training writes
Report run_report(const std::string& run_directory);

/// Writes report.html into a run directory, or into every repeat of a run with repeats.
/// @return the paths of what was written
std::vector<std::string> write_run_report(const std::string& run_directory);

}  // namespace dynode
