// What an update may do to θ: projections onto the constraints, and plasticity per entry.
#include <algorithm>
#include <limits>

#include "dynode/params/parameters.h"

namespace dynode {

template <class R>
void project(const ParameterMap& map, R* theta) {
  for (const Block& b : map.blocks()) {
    R*      x    = theta + b.offset;
    const R low  = b.min <= -1e300 ? -std::numeric_limits<R>::infinity() : R(stored_value(b.transform, b.min));
    const R high = b.max >= 1e300 ? std::numeric_limits<R>::infinity() : R(stored_value(b.transform, b.max));
    if (low > -std::numeric_limits<R>::infinity() || high < std::numeric_limits<R>::infinity())
      for (size_t i = 0; i < b.size(); ++i) x[i] = std::clamp(x[i], low, high);
    // choices rather than branches: masks have no pattern that a processor could foresee
    const int8_t* sign = b.sign.data();
    if (!b.rectified)
      for (size_t i = 0, n = b.sign.size(); i < n; ++i) {
        const R up = std::max(x[i], R(0)), down = std::min(x[i], R(0)), bound = sign[i] > 0 ? up : down;
        x[i] = sign[i] != 0 ? bound : x[i];
      }
    const uint8_t* mask = b.mask.data();
    for (size_t i = 0, n = b.mask.size(); i < n; ++i) x[i] = mask[i] ? x[i] : R(0);
    if (b.growth.present < 0) continue;
    R* there = theta + map[b.growth.present].offset;
    for (size_t i = 0; i < b.size(); ++i)
      if (there[i] == 0) x[i] = R(0);
      else there[i] = R(1);
  }
}

template <class R>
void apply_plasticity(const ParameterMap& map, R* gradient) {
  for (const Block& b : map.blocks()) {
    R* g = gradient + b.offset;
    for (size_t i = 0; i < b.plasticity.size(); ++i)
      if (b.plasticity[i] == 0) g[i] = R(0);
      else if (!b.plastic_steps) g[i] *= R(b.plasticity[i]);
  }
}

std::vector<HeldEntry> held_entries(const ParameterMap& map) {
  std::vector<HeldEntry> entries;
  for (const Block& b : map.blocks())
    for (size_t i = 0; i < b.plasticity.size() && b.learnable; ++i)
      if (b.plasticity[i] == 0 || (b.plastic_steps && b.plasticity[i] < 1))
        entries.push_back({b.offset + i, b.plasticity[i]});
  return entries;
}

#define DYNODE_INSTANCES(R)                          \
  template void project<R>(const ParameterMap&, R*); \
  template void apply_plasticity<R>(const ParameterMap&, R*);
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
