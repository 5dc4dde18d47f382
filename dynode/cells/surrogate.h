// Surrogate slopes: what a spike answers when a gradient asks for its derivative.
//
// A spike is a step, 1 above threshold and 0 below, whose slope is 0 or infinite. Back-propagation uses that of a smooth
// stand-in instead, u = (x − threshold) / width:
//
//   fast_sigmoid  c / (1 + |u|)²      arctan  c / (1 + (πu/2)²)      triangle  c max(0, 1 − |u|)      c = scale / width
//
// Runs without a gradient do not see it. Sources: Zenke & Ganguli 2018 (Neural Comput. 30:1514); Fang et al. 2021
// (ICCV); Bellec et al. 2018 (NeurIPS).
#pragma once
#include <algorithm>
#include <string_view>

#include "dynode/cells/cell.h"

namespace dynode {

/// Settings of a cell with a surrogate slope, behind its own. Their order is that of the text above.
/// @param width, help  default of the width, and what it is measured in
inline std::vector<SettingFacts> with_surrogate(std::vector<SettingFacts> own, double width, const char* help) {
  own.push_back({.name = "surrogate", .words = {"fast_sigmoid", "arctan", "triangle"},
                 .help = "slope that gradients see where the output jumps"});
  own.push_back({.name = "surrogate_width", .value = width, .min = 1e-9, .help = help});
  own.push_back({.name = "surrogate_scale", .value = 1, .min = 0, .help = "factor of that slope"});
  return own;
}

/// Whether gradients pass through the spikes of this cell.
inline bool has_surrogate(const CellEntry& cell) {
  return std::ranges::any_of(cell.settings, [](const SettingFacts& s) { return std::string_view(s.name) == "surrogate"; });
}

}  // namespace dynode
