// The network as losses on_network see it: layers side by side, links between them, the numbers that act.
#pragma once
#include <span>
#include <vector>

#include "dynode/learn/loss.h"
#include "dynode/plan/plan.h"

namespace dynode {

struct ObservedNetwork {
  LossNetwork      view;
  std::vector<int> layers;   // of view: positions in Plan::layers
  std::vector<int> blocks;   // of view.numbers: blocks of parameters
};

/// All layers that the spec names. @param arguments  of the loss; its layer_ids say which layers are asked for
/// @throws SpecError  if layer_ids names none
ObservedNetwork observe_network(const Plan& plan, const LossEntry& loss, const Arguments& arguments);

/// Real values of a block as they act.
template <class R>
std::vector<double> acting_weights(const ParameterMap& map, const std::vector<R>& theta, int block);

/// Slopes by these, as slopes by stored values, added to θ̄.
template <class R>
void add_acting_slopes(const ParameterMap& map, const std::vector<R>& theta, int block, const std::vector<double>& slopes,
                       R* theta_bar);

}  // namespace dynode
