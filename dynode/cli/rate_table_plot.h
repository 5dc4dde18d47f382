// A picture of a source-function table: g over the flux, a curve for each of some currents.
#pragma once
#include <string>

#include "dynode/io/rate_table.h"

namespace dynode::cli {

/// An SVG document.
std::string rate_table_picture(const RateTableData& table);

}  // namespace dynode::cli
