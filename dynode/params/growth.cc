// Synapses that grow and disappear between updates.
//
//   absent   with probability p: present, weight = scale · a value of the layer's own distribution, its sign as Dale says
//   present  |w| < pruning: absent, weight = 0
//
// Frozen weights (plasticity 0) stay what they are. A weight that has just come is not looked at.
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/random.h"
#include "dynode/params/parameters.h"

namespace dynode {

template <class R>
GrowthCount grow(const ParameterMap& map, R* theta, uint64_t seed, int64_t update) {
  GrowthCount count;
  for (const Block& b : map.blocks()) {
    const Growth& g = b.growth;
    if (g.present < 0 || !b.learnable || update % g.interval != 0) continue;
    Random random(seed, fmt::format("{}/growth/{}", b.name, update));
    R*     w     = theta + b.offset;
    R*     there = theta + map[g.present].offset;
    for (size_t i = 0; i < b.size(); ++i) {
      if (!b.plasticity.empty() && b.plasticity[i] == 0) continue;
      if (there[i] != 0) {
        // what a rectified weight below 0 gives is 0
        const R acting = b.rectified && b.sign[i] && w[i] < 0 ? R(0) : w[i];
        if (!(std::abs(acting) < R(g.pruning))) continue;
        there[i] = w[i] = R(0);
        ++count.pruned;
      } else if ((b.mask.empty() || b.mask[i]) && g.probability[i] > 0 && random.uniform() < g.probability[i]) {
        double value = g.scale * g.values[random.integer(g.values.size())];
        if (!b.sign.empty() && b.sign[i]) value = std::abs(value) * (b.rectified ? 1 : b.sign[i]);
        there[i] = R(1), w[i] = R(value);
        ++count.grown;
      }
    }
  }
  return count;
}

template GrowthCount grow<float>(const ParameterMap&, float*, uint64_t, int64_t);
template GrowthCount grow<double>(const ParameterMap&, double*, uint64_t, int64_t);

}  // namespace dynode
