// Sequences of another length: what lies between two steps is on the straight line between them.
//
// Step t of n stands for the stretch [t, t + 1) / n of a sequence and its number for the middle of it, (t + ½) / n.
// Before the first and after the last middle nothing changes.
#pragma once
#include <cstddef>
#include <vector>

namespace dynode {

/// @param x  [rows][steps][width]   @param to  ≥ 1
/// @returns  [rows][to][width], as precise as T; equal lengths: x itself
template <class T>
std::vector<T> resample_time(const std::vector<T>& x, size_t rows, size_t steps, size_t width, size_t to);

/// The step each of `to` steps lies in, for what has nothing in between (classes, masks). [to]
std::vector<size_t> nearest_steps(size_t steps, size_t to);

}  // namespace dynode
