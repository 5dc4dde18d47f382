// Spectra of weight matrices.
#pragma once
#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace dynode {

/// Eigenvalues of a square matrix, by falling magnitude. @param matrix  [n][n], finite
std::vector<std::complex<double>> eigenvalues(std::span<const double> matrix, size_t n);

/// The largest magnitude of an eigenvalue; 0 for n = 0.
double spectral_radius(std::span<const double> matrix, size_t n);

}  // namespace dynode
