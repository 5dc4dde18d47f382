// Structures in which every source draws a fixed number of targets.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "dynode/base/random.h"
#include "dynode/wiring/structures.h"

namespace dynode {

/// How far a target is from a source. Within a layer: units on a row-major grid of width ⌈√n⌉, Euclidean. Between
/// layers: sources at (0, k), targets at (H, k), H = max(⌈√from⌉, ⌈√to⌉), city blocks.
class Distance {
 public:
  explicit Distance(const StructureArgs& args);
  double operator()(size_t target, size_t source) const;

 private:
  bool   internal_;
  size_t width_;
};

/// Every source draws min(expected_fan_out, possible) different targets; target i weighs exp(log_weight(i, source)).
/// Without allow_self a source of a square mask cannot draw itself.
template <class F>
Mask draw_fan_out(const StructureArgs& args, F log_weight);

Fact expected_fan_out_fact();

template <class F>
Mask draw_fan_out(const StructureArgs& args, F log_weight) {
  struct Candidate { double key; size_t target; };
  const auto fan_out = size_t(args.arguments.number("expected_fan_out"));
  const bool no_self = !args.allow_self && args.to == args.from;
  Mask       mask(args.to, args.from);

  // the largest keys log w − log(−log u) are a draw without replacement in proportion to w (Gumbel's trick)
  std::vector<Candidate> candidates;
  for (size_t source = 0; source < args.from; ++source) {
    candidates.clear();
    for (size_t target = 0; target < args.to; ++target) {
      const double u = 1 - args.random.uniform();   // in (0, 1]
      if (no_self && target == source) continue;
      candidates.push_back({log_weight(target, source) - std::log(-std::log(u)), target});
    }
    const size_t count = std::min(fan_out, candidates.size());
    std::partial_sort(candidates.begin(), candidates.begin() + ptrdiff_t(count), candidates.end(),
                      [](const Candidate& a, const Candidate& b) { return a.key > b.key; });
    for (size_t i = 0; i < count; ++i) mask(candidates[i].target, source) = 1;
  }
  return mask;
}

}  // namespace dynode
