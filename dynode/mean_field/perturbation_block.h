// A block of `perturbation` in the YAML of clustered networks: what is added to (or multiplied with) a quantity.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dynode/spec/value.h"

namespace dynode::mean_field {

struct PerturbationBlock {
  std::vector<double>   values;          // [populations], of the one that listens, or that has the quantity
  std::vector<double>   matrix = {};     // [populations][populations] post, pre, instead: j and j_baseline alone
  bool                  timed = false;   // acts from onset to offset alone, in the unit of dt
  double                onset = 0;
  std::optional<double> offset = {};     // missing: to the end of the run
  bool                  ascending = true;   // or populations are listed in another order, which values follow
};

/// The quantities that can be perturbed.
const std::vector<std::string>& perturbation_targets();

/// By target.
using Perturbations = std::map<std::string, PerturbationBlock>;

/// A block says one of: Σ params[m] · vector m, with vectors that are given or drawn from the seed of the block and the
/// name of the target; `value`, the same for all populations; `matrix`; `circulant` {alpha, beta,
/// n_clusters_to_perturb}, factors for j (circulant_factors, with as many columns before the inhibitory ones as there are
/// excitatory populations; all clusters where no number is given).
/// @throws SpecError  with the place: unknown keys and targets, wrong lengths, places that do not exist
PerturbationBlock read_perturbation(const Value& block, const std::string& target, size_t populations);
/// All blocks that are not empty. @param written  a mapping, or null
Perturbations read_perturbations(const Value& written, size_t populations);

/// What is added to a quantity of a population; 0 without a block.
double change_of(const Perturbations& perturbations, const std::string& target, size_t population);
/// The same, mean over populations.
double mean_change(const Perturbations& perturbations, const std::string& target, size_t populations);

/// In this order: j_baseline multiplies by 1 + v of the population that listens, j_potentiated those within clusters by
/// 1 + v of the one that speaks, j by v of the one that listens; matrices likewise, entry by entry.
/// @param strength  [P][P] post, pre     @param clusters  of each type, as clustered networks have them; 0: none
void perturb_efficacies(const Perturbations& perturbations, size_t clusters, std::vector<double>& strength);

}  // namespace dynode::mean_field
