// Looking up an entry of a catalogue by its name.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/text.h"

namespace dynode {

/// @param what  the noun of the catalogue, "loss"
/// @throws SpecError  naming the nearest entry, if there is none called `name`
template <class Entry>
const Entry& find_entry(const std::vector<Entry>& entries, const char* what, std::string_view name, const At& at) {
  std::vector<std::string> known;
  for (const Entry& entry : entries) {
    if (name == entry.name) return entry;
    known.push_back(entry.name);
  }
  throw SpecError(at, std::string("there is no ") + what + " '" + std::string(name) + "'",
                  did_you_mean(name, known, "there is"));
}

}  // namespace dynode
