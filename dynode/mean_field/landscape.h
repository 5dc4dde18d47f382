// The reduced landscape: one or two populations in focus, everyone else answering to them.
//
//   hold ν_focus on a grid ──▶ ambient rates solve ν = Φ(ν) ──▶ Φ_eff(ν_focus) ──▶ force Φ_eff − ν ──▶ path, potential
//
// Zeros of the force are fixed points of the whole; the potential shows wells and the barriers between them.
// Source: Mascaro & Amit 1999 (effective response function).
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "dynode/mean_field/fixed_points.h"

namespace dynode::mean_field {

struct LandscapeSpec {
  std::vector<size_t>              focus   = {0, 1};     // 1 or 2 different populations
  std::vector<std::array<double, 2>> limits = {{0, 60}};  // Hz, the end excluded; one pair for all or one per focus
  double                           density = 0.5;        // Hz from grid line to grid line, > 0
  std::vector<double>              ambient = {};         // [P] where the others start to be solved; empty: zeros
  int                              threads = 1;          // 0: one per core; every number gives the same landscape
};

/// With one focus population n2 = 1. Points [n1][n2] are focus rates (axes[0][i], axes[1][j]).
struct Landscape {
  std::vector<std::vector<double>>   axes;       // [focus][n] Hz
  std::vector<double>                ambient;    // [n1][n2][P] rates, those in focus as held
  std::vector<uint8_t>               converged;  // [n1][n2]
  std::vector<double>                response;   // [n1][n2][P] Φ there
  std::vector<double>                force;      // [n1][n2][focus] Φ − ν of the populations in focus
  std::vector<std::array<size_t, 2>> path;       // way of least resistance: for every j the i of the smallest force;
                                                 // with one focus population all points
  std::vector<double>                potential;     // [path − 1] −Σ F·Δr from the start of the path
  std::vector<double>                displacement;  // [path − 1] Σ |Δr|, Hz; steps that stay in place are dropped
};

/// @throws SpecError, ShapeError  if the spec does not fit the populations
Landscape reduced_landscape(const Populations& populations, const LandscapeSpec& spec);

/// A minimum of a potential between its neighbours, and what it takes to leave it.
struct Well {
  size_t at;              // index into the potential
  double depth;           // potential there
  double barrier;         // height of the lower of the two ridges around it, above `depth`; infinite without a ridge
};

/// Local minima inside a potential, ends excluded, in order; those with a barrier below `least_share` of the range of
/// the potential are left out, as ripples of the grid.
std::vector<Well> wells(const std::vector<double>& potential, double least_share = 0);

/// Which of the first clusters are active: none where (max − min)/max < threshold ("uniform"), else those above the
/// middle between the lowest and the highest rate. [rates]
std::vector<bool> active_clusters(const std::vector<double>& rates, double threshold = 0.1);

}  // namespace dynode::mean_field
