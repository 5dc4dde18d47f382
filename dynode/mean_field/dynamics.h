// Rates in time: how populations approach, leave and follow their fixed points.
//
//   τ_i dν_i/dt = −ν_i + Φ_i(ν, input(t))        classical Runge-Kutta steps
//
// τ is the time a population's rate needs to answer: a description, of the order of the membrane time constant.
#pragma once
#include <functional>
#include <span>
#include <vector>

#include "dynode/mean_field/populations.h"

namespace dynode::mean_field {

struct RateDynamics {
  double              duration = 1, dt = 1e-3;  // s, > 0; dt is also the distance of records
  std::vector<double> tau = {0.02};             // [1] or [P], s, > 0
  /// Adds to the external rates [P] (Hz) at time t, s; called at every stage of a step. None: constant input.
  std::function<void(double t, std::span<double> nu_ext)> drive = {};
};

/// Rates from `start` [P] on: [steps + 1][P], entry 0 is the start, steps = duration/dt to the nearest.
/// External rates below 0 count as 0.
/// @throws ShapeError, SpecError  as Populations::check, and where start or dynamics do not fit (dt ≤ τ)
std::vector<double> integrate_rates(const Populations& populations, const std::vector<double>& start,
                                    const RateDynamics& dynamics);

}  // namespace dynode::mean_field
