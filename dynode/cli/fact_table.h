// Facts of a kind as a table people read: parameter, type, default, range, unit, meaning.
#pragma once
#include <string>
#include <vector>

#include "dynode/base/facts.h"

namespace dynode::cli {

/// "0 … 1", "≥ 0", "≤ 1", or nothing.
std::string range_text(double min, double max);
/// The default as one writes it; "required" or nothing where there is none.
std::string default_text(const Fact& fact);
/// @param heading  of the first column
std::string fact_table(const std::vector<Fact>& facts, size_t indent, const char* heading = "parameter");

}  // namespace dynode::cli
