// Perturbations of populations: weighted sums of vectors, switched on and off, and circulant factors for matrices.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "dynode/base/error.h"

namespace dynode::mean_field {

/// A vector [length] that has values[k] at involved[k] and zeros elsewhere.
/// @throws SpecError  if the numbers of values and places differ, or a place is beyond the length or named twice
std::vector<double> scatter(const std::vector<double>& values, const std::vector<size_t>& involved, size_t length);

/// Σ coefficients[m] · vectors[m], [P].
/// @throws ShapeError  if there are not as many coefficients as vectors or the vectors differ in length
std::vector<double> combine(const std::vector<std::vector<double>>& vectors, const std::vector<double>& coefficients);

/// The same, times mask[t]: [P][T].
std::vector<double> combine(const std::vector<std::vector<double>>& vectors, const std::vector<double>& coefficients,
                            std::span<const double> mask);

/// Factors [n][n] for an efficacy matrix: ones; plus α·B for the first m columns and β·Bᵀ for the m columns from
/// `excitatory` on, in the first m rows. B, a circulant, shifts by one: B[i][j] = 1 where i = (j + m − 1) mod m.
/// @throws SpecError  unless 1 ≤ m and m, excitatory + m ≤ n
std::vector<double> circulant_factors(size_t n, size_t excitatory, size_t m, double alpha, double beta);

}  // namespace dynode::mean_field
