// Which attractors a perturbation of rates can single out: vocabularies of states, the subspace that tells them apart
// best, directions that target one of them.
//
//   state S of k clusters ↦ x ∈ {0,1}^C        one-swap neighbours S, S′: |S Δ S′| = 2, d = (x − x′)/√k
//   maximise γ   with   dᵀΠd ≥ γ for all d,   0 ⪯ Π ⪯ I,   tr Π = M
//
// If the swaps cover every ordered pair of clusters the optimum is Π = M/(C−1) (I − 11ᵀ/C), γ = 2/k min(M/(C−1), 1).
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "dynode/spiking/attractors.h"

namespace dynode::spiking {

/// x_S of each state, [states][C]. @throws SpecError  if a state names a cluster twice or one beyond C
Table<double> state_vectors(const std::vector<Clusters>& states, size_t clusters);

/// What states have to be told from: pairs and their difference vectors.
struct Constraints {
  std::vector<std::array<size_t, 2>> pairs;        // of states of a vocabulary, or of clusters (left, joined)
  Table<double>                      differences;  // [pairs][C]
};
/// Ordered pairs of states of the vocabulary that differ by one swap.
Constraints vocabulary_pairs(const std::vector<Clusters>& vocabulary, size_t clusters);
/// Swaps of all states, whether their neighbours are in the vocabulary or not: each ordered pair of clusters once.
Constraints swap_pairs(const std::vector<Clusters>& vocabulary, size_t clusters);

/// Ordered pairs of clusters that a swap of some state exchanges.
struct Coverage {
  size_t covered, total;
  bool   full() const { return covered == total; }
};
Coverage coverage(const std::vector<Clusters>& vocabulary, size_t clusters);

struct Margin {
  double              gamma;       // min dᵀΠd; its root is the distance of neighbours of unit length in the subspace
  std::vector<double> projection;  // Π [C][C]
};
/// The optimum by an interior-point method; γ within 1e-8.
/// @param dimensions  M, in (0, C]
/// @throws SpecError  if there is no difference vector, or M is out of its range
Margin best_margin(const Table<double>& differences, double dimensions);
/// The optimum where all pairs of clusters are covered, k clusters per state.
Margin full_margin(size_t clusters, size_t k, double dimensions);
/// min dᵀΠd of some projection.
double margin_of(const std::vector<double>& projection, const Table<double>& differences);
/// γ(S; Π) of each state: min √(dᵀΠd) over its one-swap neighbours, whether they are in the vocabulary or not.
std::vector<double> state_margins(const std::vector<double>& projection, const std::vector<Clusters>& states,
                                  size_t clusters);
/// Π onto a random subspace of M dimensions, M whole, within 1 … C: the span of M normal vectors, by QR.
std::vector<double> random_subspace(size_t clusters, size_t dimensions, uint64_t seed);

/// δ* = Πx/‖Πx‖, [C]. @throws Error  if Π takes all of x away
std::vector<double> targeting_direction(const std::vector<double>& projection, const Clusters& state);

/// A state as seen from a target along a direction.
struct Role {
  enum class Kind { target, bottleneck, partial, orthogonal };
  size_t      overlap, symmetric_difference;
  Kind        kind;            // bottleneck: one swap away; partial: some clusters in common
  double      linear_score;    // δ*·x
  double      score_contrast;  // less that of the target
  const char* direction;       // "boost", "suppress", "neutral": contrast beyond ±0.05; the target itself is boosted
};
const char* label(Role::Kind kind);
Role        role_of(const Clusters& state, const Clusters& target, const std::vector<double>& direction);

/// Two partitions of the clusters into blocks of k, the second shifted by one; C a multiple of k.
std::vector<Clusters> shifted_partitions(size_t clusters, size_t k);
/// 2C/k blocks whose swaps exchange every pair of clusters: consecutive ones and strided ones {i, i + q, …}, q = C/k ≥ k.
std::vector<Clusters> covering_partitions(size_t clusters, size_t k);

struct Chosen {
  size_t      state;        // index into the candidates
  size_t      competitors;  // candidates one swap away
  const char* difficulty;   // "easy" up to 2 of them, "medium" up to 5, "hard"
};
/// The `n_targets` most probable candidates, most probable first; with `new_coverage` those alone that exchange a pair
/// of clusters none before them did, until all candidates' pairs are covered.
std::vector<Chosen> choose_vocabulary(const std::vector<Clusters>& candidates, const std::vector<double>& probabilities,
                                      size_t n_targets, size_t clusters, bool new_coverage = false);

/// Slopes of log p against α for each state, by least squares over α ≤ `most`; probabilities [alphas][states].
std::vector<double> sensitivity(const std::vector<double>& alphas, const Table<double>& probabilities,
                                double most = 0.05);
/// R² of these fits: 1 where log p is a line; NaN with fewer than three α at which the state was met, or where log p
/// does not change.
std::vector<double> linearity(const std::vector<double>& alphas, const Table<double>& probabilities,
                              double most = 0.05);

/// Whether perturbations add up: what a combined one does to log p, against the weighted sum of what its parts do.
struct Superposition {
  std::vector<double> predicted, measured;  // Δ log p of the states that were met in all runs, as they come
  std::vector<size_t> states;               // which those are
  double              r_squared, rms;       // of measured against predicted; NaN with fewer than two states
};
/// @param p0  [states] without perturbation     @param parts  [parts][states] each alone, at some strength
/// @param combined  [states]     @param weights  [parts] strength of each part in the combination, relative to alone
Superposition superposition(const std::vector<double>& p0, const Table<double>& parts,
                            const std::vector<double>& combined, const std::vector<double>& weights);

/// How far a perturbation can be turned up, the last α at which something still holds; none where it never does.
/// All of these end at the first α at which it no longer does.
struct Boundary {
  std::optional<double> target_dominates;  // the target is the most probable state
  std::optional<double> k_hot;             // states of as many clusters as the target have half of the probability
  std::optional<double> varied;            // at least `many` states have p > 0.01
};
/// @param alphas  rising     @param probabilities  [alphas][states]
Boundary metastable_boundary(const std::vector<double>& alphas, const Table<double>& probabilities,
                             const std::vector<Clusters>& states, const Clusters& target, size_t many = 5);
/// p ∝ p₀ exp(α G δ), G [states][C].
std::vector<double> predicted_probabilities(const std::vector<double>& p0, const Table<double>& g,
                                            const std::vector<double>& direction, double alpha);

}  // namespace dynode::spiking
