// Words of training files that hang together across blocks: stretches and losses in turn, targets that are made, what
// listens to epochs. All throw SpecError with the place.
#pragma once
#include <initializer_list>

#include "dynode/learn/config.h"

namespace dynode {

/// Where `path` was written, or the nearest place above it.
At place_of(const Value& root, std::initializer_list<const char*> path);

/// use_tbptt, and losses in turn.
void settle_stretches(TrainingConfig& training, const Value& root);
/// What a run begins with, and noisy weights.
void settle_start(const TrainConfig& config, const Value& root);
/// Targets that are made instead of read, and tokens.
void settle_targets(const TrainConfig& config, const Value& root);
/// Lengths, scales, states and weights of losses that change from epoch to epoch.
void settle_listeners(TrainConfig& config, const Value& root);

}  // namespace dynode
