// Clustered networks of excitatory and inhibitory neurons, population by population, and how arousal changes them.
//
//   order of populations: E clusters 0 … K−1, E background, I clusters 0 … K−1, I background        P = 2K + 2
//
// Synapses within a cluster, and between the E and the I cluster of one index, are strengthened by g⁺; all others
// weakened by g⁻, such that the mean between two types stays. Sources: Litwin-Kumar & Doiron 2012; Wyrick & Mazzucato 2021; the
// arousal model: Papadopoulos et al., arXiv 2404.03902.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "dynode/base/error.h"

namespace dynode::mean_field {

/// Level of arousal x ∈ [0, 1]: weaker E→E synapses and stronger external drive along the sigmoid f(x), f(½) = x_0.
struct Arousal {
  double level = 0.3, L = 0.75, x_0 = 0.2, k = 1.25;
  double M = 13.125;  // Hz

  double denominator() const;       // 1/f; levels below 1e-6 count as 1e-6, above 1 as 1
  double e_to_e_reduction() const;  // L f, the part that j_baseline[0] loses
  double mean_extra_rate() const;   // M f/2, Hz, added to every external rate
};

/// Four-vectors are indexed by types (pre, post): E→E, E→I, I→E, I→I.
struct ClusterSpec {
  int64_t               n_neurons = 2000, n_excitatory = 1600;
  int64_t               n_excitatory_background = 160, n_inhibitory_background = 40;
  int64_t               n_clusters                  = 18;
  std::array<double, 4> connectivity_fraction_probs = {0.2, 0.5, 0.5, 0.5};
  std::array<double, 4> j_baseline                  = {0.63, 0.63, -1.9, -3.8};  // divided by √n_neurons at use
  std::array<double, 4> j_potentiated               = {16.85, 5.45, 6.25, 5.0};  // g⁺
  bool                  potentiate                  = true;   // false: g⁺ = g⁻ = 1
  bool                  clip_depression             = false;  // g⁻ ≥ 0; else strong g⁺ can flip signs
  bool legacy_probability_order = false;  // probabilities by (post, pre), as VectorialNeuroModulators reads them
  bool legacy_potentiate        = false;  // potentiate: false leaves g⁺, as it does there

  int64_t populations() const { return 2 * n_clusters + 2; }
};

struct ClusterMatrices {
  std::vector<double>   probability;  // [P][P] post, pre
  std::vector<double>   strength;     // [P][P] post, pre
  std::vector<int64_t>  boundaries;   // [P+1] first neuron of each population, and the end
  std::array<double, 4> depression;   // g⁻; negative values flip the sign of synapses
};

/// @throws SpecError  if sizes do not fit each other (left-over neurons included) or a probability leaves [0, 1]
ClusterMatrices cluster_matrices(const ClusterSpec& spec);

}  // namespace dynode::mean_field
