// Whole numbers drawn for many units at once: raw random words, and counts of events with any distribution.
//
//   count of a unit = how many entries of a table of cumulative probabilities are not above its random word
//
// Words are those of philox.h, functions of (key, step, row, unit) alone. Probabilities are kept to 2⁻³². Of small counts
// the upper byte of a word says nearly all, so units are given a byte each, and the rest of a word where it is open.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
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

/// A table read byte by byte.
struct ByteTable {
  struct More {
    uint8_t byte, counts;  // above this byte there are so many more
  };
  uint8_t              lowest = 0;
  std::vector<More>    more;
  std::vector<uint8_t> open;  // bytes whose count depends on the rest of the word
  struct Range {
    uint8_t first, end;
  };
  std::array<Range, 256> within;  // entries of the table that words with this upper byte may reach, or not

  /// The count of a whole word.
  uint32_t count(const CountTable& table, uint32_t word) const {
    const Range r = within[word >> 24];
    uint32_t    n = lowest + r.first;
    for (uint32_t k = r.first; k < r.end; ++k) n += word >= table.at[k];
    return n;
  }
};

/// @return nothing where counts are too large, or too many bytes would be open
std::optional<ByteTable> by_bytes(const CountTable& table);

template <class R>
struct DrawKernels {
  /// Words of the units 4·group, 4·group + 1, … @param to  room for `count` rounded up to 64 words
  void (*words)(PhiloxKey key, uint32_t step, uint32_t row, uint32_t group, uint32_t draw, size_t count, uint32_t* to);

  /// to[i] += weight · (count of words[i])
  void (*add_counts)(const CountTable& table, const uint32_t* words, size_t count, R weight, R* to);

  /// The same by the upper bytes of the words. @param open  where nothing is added yet,
  /// ascending, room for count + 256 @return how many
  size_t (*add_byte_counts)(const ByteTable& table, const uint8_t* bytes, size_t count, R weight, R* to, uint32_t* open);
};

/// The kernels for this processor.
template <class R>
DrawKernels<R> draw_kernels();
template <>
DrawKernels<float> draw_kernels();
template <>
DrawKernels<double> draw_kernels();

}  // namespace dynode
