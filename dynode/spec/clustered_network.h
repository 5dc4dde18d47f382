// The YAML of clustered networks as VectorialNeuroModulators writes it, as a spec.
#pragma once
#include <string>
#include <vector>

#include "dynode/spec/value.h"

namespace dynode {

/// Whether a file is one: it has architecture, and init_params (simulation in the oldest layout).
bool is_clustered_network(const Value& value);

/// The oldest layout in today's words: simulation becomes init_params, its random_seed that of settings.
/// @throws SpecError  if there are two seeds
Value clustered_network_of_today(Value value);

/// A LIF layer with a clustered connection and a Poisson drive; arousal, stimulus and perturbation stay as they are.
/// @throws SpecError  on unknown keys, and numbers that contradict each other
Value spec_of_clustered_network(const Value& value, std::vector<std::string>& warnings);

}  // namespace dynode
