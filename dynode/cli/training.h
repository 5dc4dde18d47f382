// What `train`, `resume` and `search` share: a terminal that shows progress, Ctrl-C that ends a run between two updates, and
// the lines at the end.
#pragma once
#include <functional>
#include <string>

#include "dynode/learn/trainer.h"

namespace dynode::cli {

/// Calls `work` with what training wants to know: progress goes to stdout, Ctrl-C asks it to stop after an update.
void with_training_options(int threads, const std::function<void(const TrainOptions&)>& work);

/// Runs `work` with progress on stdout, then writes the report and prints
///
///   test accuracy 86.3 %
///   report: runs/fashion_dendrites/report.html
///
/// @throws Failure  if Ctrl-C ended the run, saying how to go on
void run_training(int threads, const std::function<TrainResult(const TrainOptions&)>& work);

}  // namespace dynode::cli
