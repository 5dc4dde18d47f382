// Synapse lists: who receives the spikes of a unit, source by source and delay by delay, for one range of targets.
//
//   lists of source s:   │ delay 1: target, weight … │ delay 2: … │ …          begin[s · keys + key]
//
// A list holds targets in ascending order, as 16 bits from the first of the range. In float, weights that are drawn keep
// their targets in their own lower halves: memory is what the largest networks wait for, and half of the numbers would
// be targets. The upper half is then such that the whole is the nearest to what was drawn, within 0.4 %. Synapses of a
// rule are drawn here, target by target, each a function of (seed, connection, target), in two passes that draw the
// same: one counts, one writes. So nothing but the lists is ever held, ranges are built on threads of their own, and
// they do not matter.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "dynode/base/large_array.h"
#include "dynode/plan/plan.h"
#include "dynode/plan/spiking.h"
#include "dynode/run/prepared.h"

namespace dynode {

/// Units of a layer whose synapses lie together.
struct UnitRange {
  uint32_t first = 0, units = 0;  // at most 65,536
};

/// Lists of weights with their targets inside are filled up to whole chunks, with synapses of weight 0.
inline constexpr uint32_t kChunk = 8;

template <class R>
struct SynapseLists {
  uint32_t             keys     = 1;      // lists of a source
  bool                 packed   = false;  // targets are inside the weights, as the lower halves of their numbers in
  uint16_t             first    = 0;      // the layer, so that weights do not depend on the range; first: of the range
  size_t               synapses = 0;
  LargeArray<uint32_t> begin;   // [sources · keys + 1]
  LargeArray<uint16_t> target;  // [synapses] from the first of the range; packed: empty
  LargeArray<R>        weight;  // [synapses] what it adds; empty: one per list (Delivery::weight)

  uint16_t target_of(size_t k) const {
    if (!packed) return target[k];
    uint16_t t;
    std::memcpy(&t, weight.data() + k, 2);
    return uint16_t(t - first);
  }
  /// Whether it fills up a chunk.
  bool is_filling(size_t k) const { return packed && std::abs(weight[k]) < std::numeric_limits<R>::min(); }

  size_t bytes() const { return begin.size() * 4 + target.size() * 2 + weight.size() * sizeof(R); }
};

/// What is delivered of a source when its spike is `delay` steps old: lists [first, end) to a state.
template <class R>
struct Delivery {
  uint32_t first, end;
  int      state;
  R        weight;  // where synapses have none of their own
};

/// Packed lists of so many neighbouring delays are read at once, when the first of them is due: they lie side by side.
inline constexpr uint32_t kWindow = 4;

/// One connection onto one range.
template <class R>
struct RangeSynapses {
  SynapseLists<R>                       lists;
  std::vector<uint32_t>                 sources;                    // [populations + 1] of the source layer
  int                                   shortest = 1, longest = 1;  // delays, steps
  std::vector<std::vector<Delivery<R>>> deliveries;  // [population · (longest − shortest + 1) + delay − shortest]

  const std::vector<Delivery<R>>& of(size_t population, int delay) const {
    return deliveries[population * size_t(longest - shortest + 1) + size_t(delay - shortest)];
  }
};

/// Draws the synapses of a rule.
template <class R>
RangeSynapses<R> draw_synapses(const Plan& plan, const Prepared<R>& prepared, const ConnectionPlan& connection,
                               UnitRange range);

/// Takes those of a connection that has a block of weights, as they are now.
template <class R>
RangeSynapses<R> copy_synapses(const Plan& plan, const Prepared<R>& prepared, const ConnectionPlan& connection,
                               UnitRange range);

/// How many of the synapses of fixed_total_number each target of a pair of populations has, [targets].
std::vector<uint32_t> targets_of_total(const SynapseRule& rule, uint64_t seed, size_t post, size_t pre);

}  // namespace dynode
