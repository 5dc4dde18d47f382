// Quantisation: weights that act as levels of a codebook, in runs of a network that is still learning or for good.
//
//   codebook, 9 levels in [−0.24, 0.24]     −0.24 −0.18 −0.12 −0.06 0 0.06 0.12 0.18 0.24
//   nearest     w ↦ the level closest to it, the lower one of two
//   stochastic  w ↦ one of the levels beside it, the upper with probability (w − lower)/(upper − lower)
//
// There is exactly one zero among the levels, so absent weights stay absent and no weight changes its sign.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/params/parameters.h"

namespace dynode {

/// Levels in ascending order: zero, and levels − 1 others, evenly spaced on each side of it that [low, high] has; half
/// of them below where it has both, the odd one above. An interval without zero has all of them, from end to end.
/// @param levels  at least 1      @param low, high  finite, low ≤ high
/// @throws SpecError  on anything else, and where levels − 1 others have no room
std::vector<double> uniform_codebook(int64_t levels, double low, double high, const At& at = {});

/// 2^bits + 1 levels. @param bits  0 … 16
std::vector<double> codebook_of_bits(int64_t bits, double low, double high, const At& at = {});

/// The codebook of people's words: one of bits and levels. @throws SpecError  both, neither, or out of range
std::vector<double> codebook_of(std::optional<int64_t> bits, std::optional<int64_t> levels, double low, double high,
                                const At& at = {});

/// The level nearest to x, the lower one of two. @pre the codebook is not empty
double nearest_level(std::span<const double> codebook, double x);

/// The upper one of the two levels around x if u < (x − lower)/(upper − lower), else the lower; beyond the ends the end.
/// @param u  [0, 1)
double stochastic_level(std::span<const double> codebook, double x, double u);

/// Which weights act as levels.
struct Quantisation {
  std::vector<double>      codebook;
  bool                     stochastic  = false;   // in training; elsewhere weights act as their nearest levels
  std::vector<std::string> connections = {};      // J_0_to_1, …; empty: all
  bool                     fixed_too   = true;    // also connections that are not learnable
};

/// Positions of the blocks it means: weights of connections between layers.
/// @throws SpecError  on a connection that is not there
std::vector<int> quantised_blocks(const ParameterMap& map, const Quantisation& quantisation);

/// Where the random numbers of stochastic rounding come from: the same for equal seeds and passes.
struct RoundingDraw {
  uint64_t seed = 0, pass = 0;
};

/// Replaces weights by levels. Those outside the block's constraints are not used.
/// @param weights  [θ], as they act      @param draw  nothing: nearest levels
/// @throws SpecError  where no level satisfies the constraints of a block
template <class R>
void quantise(const ParameterMap& map, const Quantisation& quantisation, const std::optional<RoundingDraw>& draw, R* weights);

/// The same for weights as stored: afterwards those that act are levels.
template <class R>
void quantise_stored(const ParameterMap& map, const Quantisation& quantisation, const std::optional<RoundingDraw>& draw,
                     R* theta);

}  // namespace dynode
