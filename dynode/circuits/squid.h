// The dc SQUID behind a dendrite: two resistively and capacitively shunted junctions in a loop.
//
//        i                    β_c p₁″ + p₁′ + sin p₁ = i₁        i₁ + i₂ = i
//     ┌──┴──┐                 β_c p₂″ + p₂′ + sin p₂ = i₂
//   β₁│  φ  │β₂               (p₁ + β₁i₁) − (p₂ + β₂i₂) = 2πφ
//     ╳ p₁  ╳ p₂
//     └──┬──┘                 g(φ, i) = ⟨(p₁′ + p₂′)/2⟩ over time
//
// Currents in units of the critical current I_c of one junction, time in 1/ω_c = Φ₀/(2πI_cR), voltage in I_cR, flux in
// Φ₀; β_k = 2πI_cL_k/Φ₀.
#pragma once
#include <cstddef>
#include <numbers>
#include <vector>

namespace dynode {

struct SquidCircuit {
  double beta_c = 0.3;                   // Stewart-McCumber parameter, > 0
  double beta_1 = std::numbers::pi / 2;  // inductance of each arm, ≥ 0, their sum > 0
  double beta_2 = std::numbers::pi / 2;
};

/// Where the table is computed: first + k·step for k < count.
struct TableGrid {
  double phi_first = 0, phi_step = 0.0025;  // flux quanta
  size_t phi_count = 201;
  double ib_first = 0.95, ib_step = 0.00775;  // I_c, ≥ 0
  size_t ib_count = 201;
};

/// How long and how finely the circuit is followed; times are rounded up to whole stretches of 20 steps.
struct SquidRecipe {
  double step     = 0.2;
  double drop     = 300;  // until here nothing is counted
  double end      = 1500;
  double slow_end = 5000;  // points with fewer than three crossings by `end` go on until the third or until here
};

/// Time-averaged voltage of the circuit, started from rest, over whole periods: from the first to the last crossing of
/// a multiple of 2π by (p₁+p₂)/2, interpolated within the step; 0 where fewer than two crossings are seen. Classic
/// Runge-Kutta of fourth order with sines good to 1e-13; a point whose phase velocities are all below 1e-9 is at rest
/// and ends early. Runs on one thread; the default table takes about a second with AVX-512.
/// @return [ib_count][phi_count], units of I_cR
/// @throws SpecError  if a value is out of range or the step is too long for the circuit
std::vector<double> squid_table(const SquidCircuit& circuit = {}, const TableGrid& grid = {},
                                const SquidRecipe& recipe = {});

}  // namespace dynode
