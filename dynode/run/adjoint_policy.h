// What an adjoint keeps of the forward pass, and how far back it looks.
#pragma once
#include <cstddef>

namespace dynode {

/// Memory for histories unless told otherwise, bytes: all threads together.
inline constexpr size_t kAdjointMemory = size_t{1} << 30;

/// How an adjoint remembers the forward pass (which leaves no trace in the bits), and how far back it looks.
struct AdjointPolicy {
  size_t checkpoint_every = 0;       // keep states only every k steps and recompute in between; 0: as `memory` allows
  size_t memory = kAdjointMemory;    // bytes: the fewest segments that fit are recomputed, none if all steps fit
  size_t truncate_every = 0;         // no adjoint passes from one stretch of k steps to the one before; 0: all pass
};

}  // namespace dynode
