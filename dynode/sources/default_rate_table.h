// The table g(phi, i) that dynode brings along: squid_table() of circuits/squid.h with its default circuit and grid,
// rounded to float.
#pragma once
#include <cstddef>

namespace dynode {

inline constexpr size_t kDefaultTableSize = 201;

/// [201][201]: rows are the current i = 0.95 + 0.00775·row, columns the flux phi = 0.0025·column.
const float* default_rate_table();

}  // namespace dynode
