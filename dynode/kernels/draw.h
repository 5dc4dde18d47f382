// Whole numbers drawn for many units at once: raw random words, and counts of events with any distribution.
//
//   count of a unit = how many entries of a table of cumulative probabilities are not above its random word
//
// Words are those of philox.h, functions of (key, step, row, unit) alone. Probabilities are kept to 2⁻³².
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dynode/kernels/philox.h"

namespace dynode {

/// Cumulative probabilities as words: count ≥ lowest + k + 1 where the word is at least at[k].
struct CountTable {
  uint32_t              lowest = 0;  // counts below it never happen
  std::vector<uint32_t> at;          // ascending, all above 0

  bool operator==(const CountTable&) const = default;
};

/// Counts with P(n) = ∫ Poisson(n; max(0, mean + spread · z)) Beta(z; 10, 10) dz; spread 0: of Poisson. mean + |spread| ≤ 1e6.
CountTable poisson_table(double mean, double spread = 0);

template <class R>
struct DrawKernels {
  /// Words of the units 4·group, 4·group + 1, … @param to  room for `count` rounded up to 64 words
  void (*words)(PhiloxKey key, uint32_t step, uint32_t row, uint32_t group, uint32_t draw, size_t count, uint32_t* to);

  /// to[i] += weight · (count of words[i])
  void (*add_counts)(const CountTable& table, const uint32_t* words, size_t count, R weight, R* to);
};

/// The kernels for this processor.
template <class R>
DrawKernels<R> draw_kernels();
template <>
DrawKernels<float> draw_kernels();
template <>
DrawKernels<double> draw_kernels();

}  // namespace dynode
