// What integrate-and-fire units of several synapse kinds derive from their time constants.
#pragma once
#include <algorithm>
#include <cmath>

namespace dynode {

inline constexpr const char* kNeverRests = "reset_voltage is not below threshold: the unit would fire in every step";

/// Whole steps, started ones included; 11.0000001 are 11.
inline double refractory_steps(double tau, double dt) {
  const double steps = tau / dt;
  return std::max(0.0, std::ceil(steps - 5e-7 * std::max(1.0, steps)));
}

/// ∫ e^{−(dt − t)/τ_m} e^{−t/τ_s} dt over a step, without a difference of neighbours.
inline double voltage_per_current(double tau_m, double tau_s, double dt) {
  const double x = dt / tau_m - dt / tau_s;
  return dt * std::exp(-dt / tau_m) * (x == 0 ? 1 : std::expm1(x) / x);
}

/// ∫ e^{−(dt − t)/τ_m} t e^{−t/τ_s} dt over a step.
inline double voltage_per_rise(double tau_m, double tau_s, double dt) {
  const double x = dt / tau_m - dt / tau_s;
  double       phi = 0;   // ∫₀¹ u e^{xu} du
  if (std::abs(x) > 0.5) {
    phi = (std::exp(x) * (x - 1) + 1) / (x * x);
  } else {
    double term = 1;      // x^k / k!
    for (int k = 0; k < 20; term *= x / ++k) phi += term / (k + 2);
  }
  return dt * dt * std::exp(-dt / tau_m) * phi;
}

}  // namespace dynode
