// Signs entry by entry: a mask that says which weights excite (+1), which inhibit (−1) and which are free (0).
//
//   J[to][from]      0.3  0.2 −0.1        signs    + − 0       obeying      0.3   0   −0.1
//                   −0.4 −0.2  0.5                 + − 0                    0   −0.2   0.5
//
// By Dale's law all weights of a source have one sign; a mask may break it only where that is wanted.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dynode/base/error.h"

namespace dynode {

/// Signs of all weights [to][from] out of what somebody gave.
/// @param values       [to][from], or [from] for all targets alike; only their signs matter
/// @param allow_mixed  whether one source may have weights of both signs
/// @throws ShapeError  on another number of values
/// @throws SpecError   on NaN, or on a source of both signs
std::vector<int8_t> ei_mask_signs(size_t to, size_t from, std::span<const double> values, bool allow_mixed,
                                  const At& at = {});

/// Scales the stronger of both signs down, so that the sums of all excitatory and of all inhibitory weights cancel.
/// Where one of them is 0, all weights are divided by 10.
/// @param sign     [to][from]
/// @param weights  [to][from], obeying `sign`, or their magnitudes
void balance_signs(std::span<const int8_t> sign, std::span<double> weights);

}  // namespace dynode
