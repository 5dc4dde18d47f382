// Masks: which connections exist between two groups of units.
//
//               from 0 1 2
//   to 0             1 0 1      on[to][from], row-major, like the weights J[to][from]
//   to 1             0 1 1      fan_in(0) = 2, fan_out(2) = 2
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace dynode {

struct Mask {
  Mask() = default;
  Mask(size_t to, size_t from, bool value = false) : to(to), from(from), on(to * from, value) {}

  size_t               to = 0, from = 0;
  std::vector<uint8_t> on;   // [to][from], 0 or 1

  uint8_t& operator()(size_t target, size_t source) { return on[target * from + source]; }
  uint8_t  operator()(size_t target, size_t source) const { return on[target * from + source]; }

  /// Connections that exist.
  size_t count() const {
    size_t sum = 0;
    for (const uint8_t one : on) sum += one;
    return sum;
  }
  /// Connections per target, [to].
  std::vector<size_t> fan_in() const {
    std::vector<size_t> sum(to);
    for (size_t i = 0; i < to; ++i)
      for (size_t j = 0; j < from; ++j) sum[i] += on[i * from + j];
    return sum;
  }
  /// Connections per source, [from].
  std::vector<size_t> fan_out() const {
    std::vector<size_t> sum(from);
    for (size_t i = 0; i < to; ++i)
      for (size_t j = 0; j < from; ++j) sum[j] += on[i * from + j];
    return sum;
  }

  bool operator==(const Mask&) const = default;
};

}  // namespace dynode
