// Distributions: the values a layer's parameter starts with, one per unit.
//
//   {distribution: loguniform, params: {min: 1e-4, max: 1e-2, block_size: 2}}  ──▶  [width] values
//
// Every distribution has block_size n and block_mode: "shared" draws width/n values and repeats each n times, "tiled"
// draws n values and repeats them as a whole. Facts with the default NaN have no default.
#pragma once
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/facts.h"

namespace dynode {

class Random;

/// What a distribution may look at.
struct DistributionArgs {
  size_t                     width = 0;   // units of the layer
  const Arguments&           arguments;   // checked against the facts of the distribution
  Random&                    random;      // the parameter's own stream
  const std::vector<double>& fan_out;     // [width] outgoing connections of each unit, or empty; for fan_out
  At                         at = {};     // where the distribution is written, for errors
};

struct DistributionEntry {
  const char*         name;
  const char*         summary;
  std::vector<Fact>   facts;
  std::vector<double> (*make)(const DistributionArgs&, size_t count);   // `count` values; blocks are the caller's
};

/// All distributions, in the order of the manual.
const std::vector<DistributionEntry>& distributions();

/// @throws SpecError  naming the nearest distribution, if there is none called `name`
const DistributionEntry& find_distribution(std::string_view name, const At& at = {});

/// Values [width].
/// @throws SpecError  if the arguments do not fit, such as a block_size that does not divide the width
std::vector<double> draw_parameter(const DistributionEntry& distribution, const DistributionArgs& args);

}  // namespace dynode
