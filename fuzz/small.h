// Specs that harnesses compile: whole numbers above 64 are left to the tests, they ask for more memory, not for other
// code.
#pragma once
#include <cmath>

#include "dynode/spec/value.h"

inline bool is_small(const dynode::Value& v) {
  if (v.is_list()) {
    for (const dynode::Value& item : v.list())
      if (!is_small(item)) return false;
    return v.size() <= 64;
  }
  if (v.is_mapping()) {
    for (const auto& entry : v.entries())
      if (!is_small(entry.value)) return false;
    return v.size() <= 64;
  }
  return !v.is_number() || std::trunc(v.number()) != v.number() || std::abs(v.number()) <= 64;
}
