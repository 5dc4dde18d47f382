// What the files of this room share: lookup by name, optional arguments, evenly spaced values.
#pragma once
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/facts.h"
#include "dynode/base/text.h"

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

/// @param what  the noun of the catalogue, "structure"
/// @throws SpecError  naming the nearest entry, if there is none called `name`
template <class Entry>
const Entry& find_by_name(const std::vector<Entry>& entries, const char* what, std::string_view name, const At& at) {
  std::vector<std::string> known;
  for (const Entry& entry : entries) {
    if (name == entry.name) return entry;
    known.push_back(entry.name);
  }
  throw SpecError(at, std::string("there is no ") + what + " '" + std::string(name) + "'",
                  did_you_mean(name, known, "there is"));
}

}  // namespace dynode
