// Weights found by running the network: every unit gets the flux it works best at, or activity neither dies out nor grows.
//
//   flux matching   run ─▶ mean output s_j of every unit ─▶ J_ij so that Σ_j J_ij s_j + φ₀ is the target ─▶ again
//   criticality     Adam on the weights, down the slope of branching_loss and local_expansion_loss; the best stay
//
// Only learnable weights of fixed connections change; masks, signs and boxes hold.
#pragma once
#include <optional>
#include <utility>
#include <vector>

#include "dynode/models/model.h"

namespace dynode {

struct FluxMatching {
  int    iterations = 5;
  double target     = 0.5;   // of all that arrives at a unit, its offset included
  std::optional<std::pair<double, double>> range = {};   // instead: targets spread evenly over the units of a layer
  bool   by_fan_in  = false; // connections share a unit's flux by how many weights they have there; false: evenly
  bool   node_wise  = false; // weights of a unit look at the mean output of all their sources; false: each at its own
  double step       = 1;     // share of the way that an iteration goes
  double floor      = 0.01;  // least mean output that is divided by
  std::vector<std::string>            connections = {};   // J_0_to_1, …; empty: all that learn
  std::vector<std::pair<int, double>> layers      = {};   // layer_id and a target of its own
};

/// Mean flux of a layer, offset included, before and after; NaN where it has none.
struct MatchedFlux {
  int    layer_id;
  double before, after, target;   // target: mean over units
  size_t unreachable = 0;         // units at which nothing may push towards the target
};

/// @param x  [rows][steps][units]   @throws SpecError, ShapeError, NumericsError
std::vector<MatchedFlux> match_flux(Model& model, const Array& x, const FluxMatching& how = {});

struct CriticalityTuning {
  int    iterations = 100;
  double rate = 0.01, clip = 1;          // of Adam; clip: largest norm of the gradient
  int    patience = 10;                  // iterations without a new best before the rate halves
  double branching = 1, expansion = 1;   // weights of the two losses; 0: without
  double activity  = 0;                  // weight of a penalty on silent layers, and on outputs above 1
};

struct CriticalityTuned {
  double before, after;         // loss of the weights as they came, and of those that stay
  int    best = 0, iterations;  // which iteration they are of
};

/// @param x  as above   @throws SpecError  if there is nothing to tune
CriticalityTuned tune_criticality(Model& model, const Array& x, const CriticalityTuning& how = {});

}  // namespace dynode
