// Self-consistent rates ν = Φ(ν) of populations, and whether they last.
//
//   starts ──▶ solve() each ──▶ converged ones, each once ──▶ Jacobian, eigenvalues, label
//
// Stability refers to τ_i dν_i/ds = −ν_i + Φ_i(ν): a description of how rates relax, not of the neurons' own dynamics.
#pragma once
#include <complex>
#include <cstdint>
#include <vector>

#include "dynode/mean_field/populations.h"

namespace dynode::mean_field {

/// What became of one start.
struct Solution {
  std::vector<double> rates;           // [P] Hz, ≥ 0 where converged
  bool                converged;       // max_i |ν_i − Φ_i| / (1 + |ν_i|) < 1e-10
  double              residual;        // that maximum
  int                 evaluations;     // of Φ
};

enum class Stability { stable_node, stable_focus, unstable_node, unstable_focus, saddle, saddle_focus, marginal };

/// "stable node", "saddle focus", …; with `merge_foci` a focus is called like a node of its kind.
const char* label(Stability stability, bool merge_foci = false);

/// Signs of the real parts; a focus where an imaginary part exceeds `tolerance`, marginal where a real part does not.
Stability classify(const std::vector<std::complex<double>>& eigenvalues, double tolerance = 1e-6);

struct FixedPoint {
  std::vector<double>               rates, mu, sigma;  // [P]
  std::vector<double>               jacobian;          // [P][P]: (∂Φ_i/∂ν_j − δ_ij)/τ_i
  std::vector<std::complex<double>> eigenvalues;       // [P], falling real part
  Stability                         stability;
  int                               multiplicity;      // starts that led here
};

struct FixedPoints {
  std::vector<FixedPoint> points;     // different ones, in the order the starts found them
  std::vector<Solution>   solutions;  // one per start, failures included
  std::vector<int>        point_of;   // per start, index into points; −1 where it did not converge
};

struct FixedPointOptions {
  /// Rates are the same point if they differ by less than this (Hz, and relative to 1 + the rate).
  double same = 1e-6;
  /// τ_i of the relaxation, one for all or one per population, > 0.
  std::vector<double> relaxation = {1};
};

/// Rates ν = Φ(ν) from one start [P]: Powell's hybrid method with the exact Jacobian, Newton's to finish; where both
/// fail, implicit steps along dν/ds = −ν + Φ with rates kept ≥ 0.
/// `held` populations, if any, keep the rates of `start` (the others answer to them).
/// @throws ShapeError  if `start` does not fit
Solution solve(const Populations& populations, const std::vector<double>& start, const std::vector<size_t>& held = {});

/// A point with its Jacobian, eigenvalues and label.
FixedPoint describe(const Populations& populations, const std::vector<double>& rates,
                    const FixedPointOptions& options = {});

/// Solves from every start.
/// @throws ShapeError, SpecError  as Populations::check, and where starts or relaxation do not fit
FixedPoints find_fixed_points(const Populations& populations, const std::vector<std::vector<double>>& starts,
                              const FixedPointOptions& options = {});

/// Starts for a network of which nothing is known: each rate uniform in [0, 1), of which a random number of random
/// populations are raised to uniform in [0, 10). [count][P]
std::vector<std::vector<double>> random_starts(size_t populations, size_t count, uint64_t seed);

/// Starts for a clustered network, which random ones seldom serve: 0, 1, …, K of the K excitatory clusters (the first
/// populations) at `high`, everyone else at `low`. [K+1][P]
std::vector<std::vector<double>> cluster_starts(size_t populations, size_t clusters, double high = 40, double low = 4);

/// Fixed points along a sweep: of each of `values` (the same populations with another parameter) from `starts`, and
/// with `follow` also from the points of the value before, which keeps a branch in sight that no start reaches.
std::vector<FixedPoints> sweep(const std::vector<Populations>& values, const std::vector<std::vector<double>>& starts,
                               bool follow = false, const FixedPointOptions& options = {});

}  // namespace dynode::mean_field
