// Principal components: the directions in which states differ most.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace dynode {

struct PrincipalComponents {
  size_t              size = 0;   // of a state
  std::vector<double> mean;       // [size]
  std::vector<double> variance;   // [size], falling; ≥ 0
  std::vector<double> axes;       // [size][size] one unit vector after the other; its largest entry is positive

  /// Share of the variance that each component has, [size]; 0 where nothing varies.
  std::vector<double> explained() const;
  /// @param states  [count][size]      @return [count][components]
  std::vector<double> project(std::span<const double> states, size_t components) const;
};

/// @param states  [count][size], finite, count ≥ 1
PrincipalComponents principal_components(std::span<const double> states, size_t size);

}  // namespace dynode
