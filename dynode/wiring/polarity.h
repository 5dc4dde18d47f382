// Polarity (Dale's law): whether a unit excites (+1), inhibits (−1) or does either (0), and weights that obey.
//
// The sign belongs to the source: it holds for column j of every weight matrix J[to][from] that leaves the unit.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/facts.h"

namespace dynode {

class Random;

/// Signs by name: "alternating" or "50_50" (+1, −1, +1, …), "excitatory", "inhibitory".
/// @throws SpecError  on another name
std::vector<int8_t> polarity_pattern(std::string_view name, size_t units, const At& at = {});

/// Facts of a drawn polarity: excitatory_ratio, seed, draw, areas.
const std::vector<Fact>& polarity_facts();

/// Signs drawn at random.
///   draw "count":        ⌊units · (1 − excitatory_ratio)⌋ inhibitory units, drawn evenly
///   draw "independent":  each unit is inhibitory with probability 1 − excitatory_ratio
///   draw "areas":        nothing random: in each area the first ⌊size · excitatory_ratio⌋ units are excitatory
/// @param arguments  checked against polarity_facts
/// @param random     the stream that belongs to the seed among the arguments
/// @throws SpecError  on another `draw`
std::vector<int8_t> draw_polarity(size_t units, const Arguments& arguments, Random& random, const At& at = {});

/// Signs somebody listed.
/// @throws SpecError  if there are not `units` of them, or one is not −1, 0 or 1
std::vector<int8_t> check_polarity(size_t units, const std::vector<double>& values, const At& at = {});

/// What initial weights with the wrong sign become.
enum class PolarityEnforcement {
  sign_flip,      // |w| with the sign of the source
  clip_to_zero,   // 0
  relu            // |w|: weights are stored without sign and multiplied by it when they are used
};

/// @throws SpecError  naming the nearest method
PolarityEnforcement polarity_enforcement(std::string_view name, const At& at = {});

/// Makes weights obey; columns of free sources stay as they are.
/// @param sign     [from]
/// @param weights  [to][from]
void enforce_polarity(std::span<const int8_t> sign, PolarityEnforcement method, std::span<double> weights);

}  // namespace dynode
