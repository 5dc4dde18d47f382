// Power and energy of dendrites: what their bias sources deliver, and what of it becomes heat.
//
//   power_bias = g i_b      power_diss = g i_b − s′ ṡ / γ⁺      power = power_bias + power_diss
//   energy[t]  = Σ_{k ≤ t} h power[k]
//
// Cells observe the powers of a step without dimension; here follow energies, sums and physical units. Without dimension
// is what has _dimensionless in its name; else powers are in W, energies in J.
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "dynode/analysis/units.h"

namespace dynode {

/// A history people can record of a dendrite, such as energy_bias or power_dimensionless.
struct PowerQuantity {
  const char* name;
  bool        energy, bias, diss, physical;
};

const std::vector<PowerQuantity>& power_quantities();
/// nullptr where there is none of this name.
const PowerQuantity* find_power_quantity(std::string_view name);

/// What the cells of one layer observed.
template <class R>
struct ObservedPower {
  size_t   rows, steps, units;
  const R* bias;                 // [rows][steps][units], no dimension
  const R* diss;                 // likewise
  double   dt;                   // time of a step, 1/omega_c
  const R* times = nullptr;      // [rows][…]: that of each step, instead of dt
  size_t   times_stride = 0;     // numbers between rows
};

/// [rows][steps][units]
template <class R>
std::vector<R> power_history(const PowerQuantity& quantity, const ObservedPower<R>& observed, const Junction& junction);

/// Energy of one row, J: the mean over rows, summed over steps and units.
struct Energy {
  double bias = 0, diss = 0;

  double total() const { return bias + diss; }
};
template <class R>
Energy energy_per_row(const ObservedPower<R>& observed, const Junction& junction);

}  // namespace dynode
