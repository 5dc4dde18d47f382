// Populations of spiking neurons as rates: what each hears from the others, and how it answers.
//
//   ν ──▶ μ_i = τ_m,i [ Σ_j C_ij J_ij ν_j  + C^x_i J^x_i ν^x_i ]        ──▶ Φ_i(μ_i, σ_i)
//         σ²_i = τ_m,i [ Σ_j C_ij J_ij² ν_j + C^x_i (J^x_i)² ν^x_i ]
//
// The diffusion approximation: many small, independent inputs. Source: Amit & Brunel 1997, Brunel 2000.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/mean_field/transfer.h"

namespace dynode::mean_field {

/// P populations; matrices are [post][pre].
struct Populations {
  std::vector<double> c_matrix;  // [P][P] connections from one population onto a neuron of another, ≥ 0
  std::vector<double> j_matrix;  // [P][P] efficacy of one of them: the potential one spike adds in total
  std::vector<double> c_ext;     // [P] external connections of a neuron, ≥ 0
  std::vector<double> j_ext;     // [P] their efficacy
  std::vector<double> nu_ext;    // [P] their rate, Hz, ≥ 0
  std::vector<Neuron> neurons;   // [P]

  size_t size() const { return neurons.size(); }

  /// @throws ShapeError  if an array has another length than the neurons ask for
  /// @throws SpecError   if a number is not finite or out of its range, naming it and the population
  void check() const;
};

/// Mean and noise of the input of every population; see transfer() for their meaning.
struct InputStatistics {
  std::vector<double> mu, sigma;  // [P]; σ ≥ 1e-12, also where no input is left
};
InputStatistics input_statistics(const Populations& populations, std::span<const double> rates);

/// Φ_i of the input that `rates` [P] (Hz) cause, [P].
std::vector<double> response(const Populations& populations, std::span<const double> rates);

/// ∂Φ_i/∂ν_j at `rates`, [P][P], exact.
std::vector<double> response_slope(const Populations& populations, std::span<const double> rates);

}  // namespace dynode::mean_field
