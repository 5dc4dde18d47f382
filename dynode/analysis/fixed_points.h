// Fixed points and slow points of a network under constant input: the skeleton of what it computes.
//
//   starts ──Levenberg-Marquardt on q──▶ minima ──▶ fixed (s′ = s), slow (nearly), or neither ──▶ each once, linearised
//
// With s′ = step(s) the velocity is F(s) = (s′ − s)/dt, and q = ½ |F|². Eigenvalues are those of ∂F/∂s, that is
// (λ − 1)/dt for the eigenvalues λ of ∂s′/∂s: of the differential equation, where steps are those of Euler. What is
// stable is judged by the step itself, |λ| < 1, and a mode falls to 1/e in −dt / ln|λ|.
// Source: Sussillo & Barak 2013, Opening the black box.
#pragma once
#include <complex>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "dynode/analysis/state_map.h"

namespace dynode {

enum class PointKind { stable_node, stable_focus, marginal, saddle, unstable, slow };
/// "stable node", "saddle", …
const char* word_of(PointKind kind);

struct FixedPoint {
  std::vector<double>               state;        // [size]
  double                            speed = 0;    // |F|; q is half its square
  PointKind                         kind  = PointKind::slow;
  int                               unstable = 0; // directions that grow, |λ| > 1
  std::vector<std::complex<double>> multipliers;  // λ, by falling magnitude
  int                               starts = 0;   // that led here

  double q() const { return 0.5 * speed * speed; }
};

/// (λ − 1)/dt.
std::complex<double> rate_of(std::complex<double> multiplier, double dt);
/// −dt / ln|λ|: negative where the mode grows, infinite where it stays.
double time_constant(std::complex<double> multiplier, double dt);

struct FixedPointOptions {
  int    iterations = 300;   // per start
  double tolerance  = 1e-9;  // fixed: |s′ᵢ − sᵢ| at most this, relative to 1 + the largest |sᵢ|
  double slow       = 0.01;  // slow: speed at most this share of `typical_speed`; 0: none are kept
  double same       = 1e-3;  // points closer than this share of `scale` are one
  double scale      = 1;     // how far apart states of interest are, > 0
  double typical_speed = 0;  // of states of interest
  std::function<void(size_t done, size_t all)> progress = {};  // told after each start
};

struct FixedPoints {
  std::vector<FixedPoint> points;  // fixed before slow, fewer unstable directions first, then by the starts they drew
  int                     lost = 0;  // starts that came to rest nowhere
};

/// @param starts  [count][size]      @param x  [input width], constant
FixedPoints find_fixed_points(StateMap& map, std::span<const double> starts, std::span<const double> x,
                              const FixedPointOptions& options = {});

/// A point with its linearisation. `fixed` false: it is slow.
FixedPoint describe_point(StateMap& map, std::span<const double> state, std::span<const double> x, bool fixed = true);

/// `count` of the `entries` states [entries][size], evenly taken, each moved by normal numbers of `jitter` times the
/// deviation that its component has over all of them. [count][size]
std::vector<double> starts_from(std::span<const double> states, size_t size, size_t count, double jitter,
                                uint64_t seed);

}  // namespace dynode
