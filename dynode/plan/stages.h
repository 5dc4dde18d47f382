// Stages: in which order the layers of a plan are advanced.
//
// Each connection reads its source either fresh (lag 0: value at t+1) or one step late (lag 1: value at t).
// Layers that depend on each other form one stage and walk together step by step; every other layer is a stage of
// its own and may run a whole chunk of steps before its successor starts.
#pragma once
#include <span>
#include <vector>

#include "dynode/plan/plan.h"

namespace dynode {

/// Groups layers into stages, sources before targets. Inside a stage layers stand so that a source of lag 0 comes
/// before its target; otherwise they keep the order of `layers`.
/// @param at  the place an error names
/// @throws SpecError  if every connection of a cycle has lag 0; names the cycle
std::vector<Stage> arrange_stages(std::span<const LayerPlan> layers, std::span<const ConnectionPlan> connections,
                                  const At& at = {});

}  // namespace dynode
