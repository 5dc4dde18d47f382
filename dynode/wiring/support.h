// What the files of this room share: optional arguments, evenly spaced values.
#pragma once
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "dynode/base/entries.h"
#include "dynode/base/facts.h"

namespace dynode {

/// Default of a number that has none.
inline constexpr double kNoDefault = std::numeric_limits<double>::quiet_NaN();

/// The number, if somebody gave it or it has a default.
inline std::optional<double> given_number(const Arguments& arguments, const char* name) {
  if (!arguments.has(name) || std::isnan(arguments.number(name))) return {};
  return arguments.number(name);
}

/// `count` values from `first` to `last`, evenly spaced; a single one is `first`.
inline std::vector<double> evenly_spaced(double first, double last, size_t count) {
  std::vector<double> values(count, first);
  const double gap = count > 1 ? (last - first) / double(count - 1) : 0;
  for (size_t i = 1; i < count; ++i) values[i] = i + 1 == count ? last : first + gap * double(i);
  return values;
}

}  // namespace dynode
