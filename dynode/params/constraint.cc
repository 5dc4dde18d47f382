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
    if (!b.rectified)
      for (size_t i = 0; i < b.sign.size(); ++i)
        if (b.sign[i]) x[i] = b.sign[i] > 0 ? std::max(x[i], R(0)) : std::min(x[i], R(0));
    for (size_t i = 0; i < b.mask.size(); ++i)
      if (!b.mask[i]) x[i] = R(0);
  }
}

template <class R>
void apply_plasticity(const ParameterMap& map, R* gradient) {
  for (const Block& b : map.blocks()) {
    R* g = gradient + b.offset;
    for (size_t i = 0; i < b.plasticity.size(); ++i) g[i] = b.plasticity[i] == 0 ? R(0) : g[i] * R(b.plasticity[i]);
  }
}

std::vector<size_t> frozen_entries(const ParameterMap& map) {
  std::vector<size_t> positions;
  for (const Block& b : map.blocks())
    for (size_t i = 0; i < b.plasticity.size() && b.learnable; ++i)
      if (b.plasticity[i] == 0) positions.push_back(b.offset + i);
  return positions;
}

#define DYNODE_INSTANCES(R)                          \
  template void project<R>(const ParameterMap&, R*); \
  template void apply_plasticity<R>(const ParameterMap&, R*);
DYNODE_INSTANCES(float)
DYNODE_INSTANCES(double)
#undef DYNODE_INSTANCES

}  // namespace dynode
