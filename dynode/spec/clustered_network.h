// The YAML of clustered networks as VectorialNeuroModulators writes it, as a spec.
#pragma once
#include <string>
#include <vector>

#include "dynode/spec/value.h"

namespace dynode {

/// Whether a file is one: it has init_params and architecture.
bool is_clustered_network(const Value& value);

/// A LIF layer with a clustered connection and a Poisson drive; arousal, stimulus and perturbation stay as they are.
/// @throws SpecError  on unknown keys, and numbers that contradict each other
Value spec_of_clustered_network(const Value& value, std::vector<std::string>& warnings);

}  // namespace dynode
