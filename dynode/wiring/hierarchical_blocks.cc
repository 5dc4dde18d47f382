// hierarchical_blocks: blocks of blocks of blocks. In every block of every tier some units, its interneurons, are all
// connected with each other. No random numbers.
//
//   levels 2, base 2:   tier 0  [0 1] [2 3]      the first ⌈fraction · 2⌉ units of each block
//                       tier 1  [0 1  2 3]       ⌈fraction · 4⌉ units, spread over the children, lowest indices first
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/wiring/structures.h"

namespace dynode {
namespace {

std::vector<double> tier_fractions(const StructureArgs& args, size_t levels) {
  if (!args.arguments.has("tier_fractions")) {
    const double halves[] = {1, 0.5, 0.25, 0.125};
    return {halves, halves + levels};
  }
  const std::vector<double>& fractions = args.arguments.numbers("tier_fractions");
  if (fractions.size() != levels)
    throw SpecError(args.at, fmt::format("tier_fractions has {} entries for {} levels", fractions.size(), levels),
                    "give one share per level, the smallest blocks first");
  for (const double fraction : fractions)
    if (!(fraction >= 0 && fraction <= 1))
      throw SpecError(args.at, fmt::format("tier_fractions must be from 0 to 1, not {}", fraction));
  return fractions;
}

Mask hierarchical_blocks(const StructureArgs& args) {
  const auto levels = size_t(args.arguments.number("levels"));
  const auto base   = args.arguments.number("base_size");
  const auto units  = std::pow(base, double(levels));
  if (args.to != args.from || double(args.to) != units)
    throw SpecError(args.at, fmt::format("base_size {} and {} levels need {} units on both sides, not {} and {}", base,
                                         levels, units, args.from, args.to),
                    "a layer has base_size to the power of levels units");
  const std::vector<double> fractions = tier_fractions(args, levels);

  Mask   mask(args.to, args.from);
  size_t size = 1;
  for (size_t tier = 0; tier < levels; ++tier) {
    const size_t child = size;   // units of a child block
    size *= size_t(base);
    const size_t number = std::min(size_t(std::ceil(fractions[tier] * double(size))), size);
    for (size_t block = 0; block < args.to; block += size) {
      std::vector<size_t> chosen;
      if (tier == 0)
        for (size_t k = 0; k < number; ++k) chosen.push_back(block + k);
      else
        for (size_t c = 0; c < size_t(base); ++c) {
          const size_t share = number / size_t(base) + (c < number % size_t(base));
          for (size_t k = 0; k < std::min(share, child); ++k) chosen.push_back(block + c * child + k);
        }
      for (const size_t target : chosen)
        for (const size_t source : chosen) mask(target, source) = 1;
    }
  }
  return mask;
}

}  // namespace

StructureEntry hierarchical_blocks_structure() {
  return {.name    = "hierarchical_blocks",
          .summary = "blocks of blocks, joined by a few units of each",
          .facts   = {{.name     = "levels",
                       .kind     = ArgumentKind::integer,
                       .min      = 1,
                       .max      = 4,
                       .help     = "tiers of blocks",
                       .required = true},
                      {.name     = "base_size",
                       .kind     = ArgumentKind::integer,
                       .min      = 2,
                       .help     = "children of a block; units of the smallest blocks",
                       .required = true},
                      {.name = "tier_fractions",
                       .kind = ArgumentKind::numbers,
                       .min  = 0,
                       .max  = 1,
                       .help = "share of interneurons per tier; 1, 0.5, 0.25, 0.125 when missing"}},
          .make    = hierarchical_blocks};
}

}  // namespace dynode
