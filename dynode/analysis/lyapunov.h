// Lyapunov exponents: how fast neighbouring trajectories part.
//
//   s₀ ─▶ s₁ ─▶ … ─▶ s_T     a frame of k vectors walks back: Q R ← (∂sₜ₊₁/∂sₜ)ᵀ Q
//                            exponents = Σ ln Rᵢᵢ / (steps · dt)
//
// The product of transposed Jacobians grows as that of the Jacobians does, and its frame needs k derivatives a step,
// not one per unit. Exact derivatives, orthonormalised in every step.
// Source: Benettin et al. 1980, for the adjoint.
#pragma once
#include <span>
#include <vector>

#include "dynode/analysis/state_map.h"

namespace dynode {

/// The `count` largest exponents of each row, by falling value; per unit of time (of dt). −∞ where a direction is lost
/// at once. [rows][count]
/// @param states  [rows][steps + 1][size] trajectories, as StateMap::run gives them
/// @param x       [rows][steps][input width]
/// @param align   steps at the end that only turn the frame, fewer than there are
/// @throws SpecError  if `count` is not in 1 … size
std::vector<double> lyapunov_exponents(StateMap& map, std::span<const double> states, std::span<const double> x,
                                       size_t rows, size_t count, size_t align = 0);

}  // namespace dynode
