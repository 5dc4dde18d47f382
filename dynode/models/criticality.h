// Whether the activity of a network dies out, lasts or grows, layer by layer (analysis/criticality.h).
//
//   inputs ───────────────▶ run ───────▶ branching, susceptibility, avalanches
//   first step nudged ──▶ twin run ──▶ expansion
//
// Without noise of the network's own.
#pragma once
#include <vector>

#include "dynode/analysis/criticality.h"
#include "dynode/models/model.h"

namespace dynode {

struct CriticalityOptions {
  double   nudge     = 1e-5;   // of the twin's first inputs: deviation, as a share of the mean |x|
  double   threshold = 0.1;    // |s| above which a unit is active
  uint64_t seed      = 1;
};

struct LayerCriticality {
  int        layer_id;
  double     branching;        // NaN where nothing comes in or goes out through weights, or no flux is known
  double     susceptibility;
  double     log_expansion;    // per step
  Avalanches avalanches;
};

/// Of every layer with a state, in the order of layers. @param x  [rows][steps][units] or [steps][units]
/// @throws ShapeError, NumericsError
std::vector<LayerCriticality> criticality(Model& model, const Array& x, const CriticalityOptions& options = {});

}  // namespace dynode
