// Files with a source-function table g(phi, i): .npz with the axes `ib` and `phi` and the table `g` [ib][phi].
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace dynode {

/// A table on equidistant axes: flux phi in flux quanta, SQUID current ib in units of the critical current.
struct RateTableData {
  double              phi_first = 0, phi_step = 0;
  size_t              phi_count = 0;
  double              ib_first = 0, ib_step = 0;
  size_t              ib_count = 0;
  std::vector<double> g;  // [ib_count][phi_count]  mean voltage, units of I_c R

  bool operator==(const RateTableData&) const = default;
};

/// @throws IoError     if a key is missing, an axis is not increasing and equidistant (to a thousandth of its step) or
///                     a value is not finite
/// @throws ShapeError  if an axis is not a vector of at least two values, or `g` is not [ib][phi]
RateTableData load_rate_table(const std::string& path);

/// Writes double precision, deflated.
/// @throws IoError, ShapeError  as save_npz
void save_rate_table(const std::string& path, const RateTableData& table);

}  // namespace dynode
