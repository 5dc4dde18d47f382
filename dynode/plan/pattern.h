// Patterns: matrices as lists of the entries that exist, and the three that programmable connections are made of.
#pragma once
#include <memory>

#include "dynode/plan/plan.h"
#include "dynode/wiring/mask.h"

namespace dynode {

/// The entries of a mask [to][from]; entry k is position to · columns + from of its block of weights.
SparsePattern pattern_of(const Mask& mask);

/// The same entries, source by source.
SparsePattern transposed(const SparsePattern& pattern, size_t from);

/// Constant weights: row r reads the one column `column[r]`, times `value`.
SparsePattern selection(const std::vector<uint32_t>& column, double value);

/// Gives a connection its lists, both ways round. @param from  units of its source
void set_pattern(ConnectionPlan& connection, SparsePattern pattern, size_t from);

}  // namespace dynode
