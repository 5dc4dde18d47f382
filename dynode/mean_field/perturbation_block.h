// A block of `perturbation` in the YAML of clustered networks: what is added to (or multiplied with) a quantity.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dynode/spec/value.h"

namespace dynode::mean_field {

struct PerturbationBlock {
  std::vector<double>   values;          // [populations]
  bool                  timed = false;   // acts from onset to offset alone, in the unit of dt
  double                onset = 0;
  std::optional<double> offset = {};     // missing: to the end of the run
};

/// The quantities that can be perturbed.
const std::vector<std::string>& perturbation_targets();

/// Σ params[m] · vector m. Vectors are given, or drawn from the seed of the block and the name of the target.
/// @throws SpecError  with the place: unknown keys, wrong lengths, places that do not exist
PerturbationBlock read_perturbation(const Value& block, const std::string& target, size_t populations);

}  // namespace dynode::mean_field
