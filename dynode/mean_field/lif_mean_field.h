// LIFMeanField: the mean-field theory of a network of LIF populations, with the names of VectorialNeuroModulators.
//
//   LIFMeanField lif_mf({.n_clusters = 2, .c_matrix = {1, 1, 1, 1}, .j_matrix = {0.1, 0.1, 0.1, 0.1},
//                        .j_ext = {2.3, 2.3}, .c_ext = {320, 320}, .nu_ext = {7, 7},
//                        .tau_membrane = {0.02, 0.02}, .tau_synaptic = {0.005, 0.005}, .threshold = {1.5, 0.75},
//                        .reset_voltage = 0, .tau_refractory = 0.005});
//   const auto sol = lif_mf.solve_rates();
//   const auto [fp_type, eigvals] = lif_mf.determine_stability(sol.x);
#pragma once
#include <complex>
#include <initializer_list>
#include <string>
#include <vector>

#include "dynode/mean_field/fixed_points.h"
#include "dynode/mean_field/landscape.h"

namespace dynode::mean_field {

/// One number for all populations, one per population, or two: [E, I], where there are not two populations.
class PerPopulation {
 public:
  PerPopulation(double all) : values_{all} {}
  PerPopulation(std::initializer_list<double> values) : values_(values) {}
  PerPopulation(std::vector<double> values) : values_(std::move(values)) {}
  const std::vector<double>& values() const { return values_; }

 private:
  std::vector<double> values_;
};

class LIFMeanField {
 public:
  /// P populations, as many as j_matrix has rows. With two values [E, I] the first n_clusters + 1 populations are E.
  struct Args {
    size_t              n_clusters = 1;
    std::vector<double> c_matrix   = {};                         // [P][P] post, pre: connections onto a neuron, ≥ 0
    std::vector<double> j_matrix   = {};                         // [P][P] post, pre: their efficacy
    PerPopulation       j_ext = 0.0, c_ext = 0.0, nu_ext = 0.0;  // external efficacy, connections, rates (Hz)
    PerPopulation       tau_membrane = 0.02, tau_synaptic = 0.005;  // s
    PerPopulation       threshold = 1.0, reset_voltage = 0.0;
    PerPopulation       tau_refractory = 0.0;  // s
  };

  /// @throws ShapeError, SpecError  where a parameter does not fit
  explicit LIFMeanField(const Args& args);

  struct Result {
    std::vector<double> x;  // [P] rates, Hz
    bool                success;
    std::string         message;
    std::vector<double> fun;  // [P] Φ(x) − x
  };
  /// Rates ν = Φ(ν) from `nu_init` [P], zeros if left out.
  Result solve_rates(const std::vector<double>& nu_init = {}) const;

  struct StabilityResult {
    std::string                       type;     // "stable node", "saddle focus", …
    std::vector<std::complex<double>> eigvals;  // of ∂Φ/∂ν − 1, falling real part
  };
  /// @param legacy_labels  foci are called nodes
  StabilityResult determine_stability(const std::vector<double>& nu_star, bool legacy_labels = false) const;

  /// Φ of all populations at `nu` [P], Hz.
  std::vector<double> response_function(const std::vector<double>& nu) const;

  /// Φ of all populations where those of `focus_pops` keep their rates of `nu_init` and the others answer to them.
  /// @throws Error  where the others find no fixed point
  std::vector<double> effective_response_function(const std::vector<size_t>& focus_pops,
                                                  const std::vector<double>& nu_init) const;

  /// For everything else: find_fixed_points, reduced_landscape, integrate_rates, …
  const Populations& populations() const { return populations_; }

 private:
  Populations populations_;
};

}  // namespace dynode::mean_field
