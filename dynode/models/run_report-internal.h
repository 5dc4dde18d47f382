// The parts of run_report: what each of them reads from a run directory and adds to the report.
#pragma once
#include <string>

#include "dynode/learn/config.h"
#include "dynode/learn/run_directory.h"
#include "dynode/models/model.h"
#include "dynode/models/report.h"

namespace dynode {

/// What people call a layer: its description if that is short, else "input" or nothing.
std::string layer_name(const Plan& plan, const LayerPlan& layer);
/// As written in the spec: LTC, though its last part is another cell; of parts in front of it, their cell.
std::string type_of(const Plan& plan, const LayerPlan& layer);

/// Layers and connections as they were written: what is inside a programmable connection is drawn as one arrow.
void add_network(Report& report, const Model& model);

/// Distributions of everything that is learnt, beside those before training where these are known.
void add_histograms(Report& report, const Model& model, const RunDirectory& run);

/// Confusion matrix and examples of evaluation.npz.
/// @param model  runs the examples again, so that all its variables can be shown; null, or if it gives other outputs
///               than the file has: the outputs in the file
/// @throws ShapeError  if arrays of the file do not fit together
void add_evaluation(Report& report, const RunDirectory& run, const TrainConfig& config, Model* model);

}  // namespace dynode
