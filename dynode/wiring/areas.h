// Networks in parts: areas of units, groups of channels, units chosen at random.
//
//   hidden, areas of 2, 1 and 1 units     to area 1   W B B      W within an area
//                                                     F W B      F forward, from an earlier area to a later one
//                                                     F F W      B backward
//
// Units are numbered area after area. In each area the first ⌊size · excitatory⌋ units excite, the others inhibit.
// Source: nn4n, MultiArea, MultiAreaEI, MultiIO, RandomInput.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/random.h"
#include "dynode/wiring/mask.h"

namespace dynode {

/// Sizes of areas that lie one after another.
/// @param areas  one number: so many areas of equal size; several: their sizes
/// @throws SpecError  if they do not make up all units
std::vector<size_t> area_sizes(size_t units, std::span<const double> areas, const At& at = {});

/// Area of every unit, [units].
std::vector<size_t> area_of_units(std::span<const size_t> sizes);

/// Which units lie in one of these areas, [units]. @param chosen  positions of areas; empty: all
/// @throws SpecError  if there is no such area
std::vector<uint8_t> units_of_areas(std::span<const size_t> sizes, std::span<const double> chosen, const char* word,
                                    const At& at = {});

/// +1 or −1 per unit, [units].
std::vector<int8_t> area_signs(std::span<const size_t> sizes, double excitatory);

/// Which kinds of connections exist between different areas, named source to target.
struct BetweenAreas {
  bool ee = true, ei = true, ie = true, ii = true;
};

/// Connections between areas.
/// @param density  [forward, backward] or [forward, backward, within] (missing: 1), or, row by row, one for every pair
///                 [to area][from area]; each entry of a block exists with that probability
/// @param sign     [units], or empty; `between` then says which kinds exist between areas
/// @throws SpecError  on another number of densities, on a density outside 0 … 1
Mask connect_areas(std::span<const size_t> sizes, std::span<const double> density, std::span<const int8_t> sign,
                   const BetweenAreas& between, Random& random, const At& at = {});

/// Channels in groups, each with units of its own.
/// @param group_sizes  channels per group; empty: one group of all
/// @param table        [groups][units], 0 or 1, row by row; empty: all ones
/// @return [units][channels]
/// @throws SpecError  if sizes or table do not fit
Mask connect_groups(size_t channels, size_t units, std::span<const double> group_sizes, std::span<const double> table,
                    const At& at = {});

/// Units that get all inputs, and units that are read out.
struct ChosenUnits {
  std::vector<uint8_t> input, readout;   // [units]
};

/// ⌊units · input⌋ units with input, ⌊units · readout⌋ that are read out, drawn evenly.
/// @param overlap  false: only units without input are read out
/// @throws SpecError  if there are not enough of them
ChosenUnits choose_units(size_t units, double input, double readout, bool overlap, Random& random, const At& at = {});

}  // namespace dynode
