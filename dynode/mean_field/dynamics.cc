#include "dynode/mean_field/dynamics.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace dynode::mean_field {

std::vector<double> integrate_rates(const Populations& populations, const std::vector<double>& start,
                                    const RateDynamics& d) {
  populations.check();
  const size_t p = populations.size();
  if (start.size() != p) throw ShapeError("start", {int64_t(p)}, {int64_t(start.size())});
  if (d.tau.size() != 1 && d.tau.size() != p) throw ShapeError("tau", {int64_t(p)}, {int64_t(d.tau.size())});
  for (size_t i = 0; i < d.tau.size(); ++i)
    if (!(d.tau[i] > 0)) throw SpecError({.path = fmt::format("tau[{}]", i)}, "a time constant must be > 0");
  const double shortest = *std::min_element(d.tau.begin(), d.tau.end());
  if (!(d.dt > 0 && d.dt <= shortest))
    throw SpecError({.path = "dt"},
                    fmt::format("must be > 0 and at most the shortest time constant, {}, got {}", shortest, d.dt));
  if (!(d.duration >= 0 && d.duration / d.dt < 1e9))
    throw SpecError({.path = "duration"}, fmt::format("must be ≥ 0 and fewer than 1e9 steps, got {}", d.duration));
  const size_t steps = size_t(std::llround(d.duration / d.dt));

  Populations driven = populations;
  const auto  slope  = [&](double t, const std::vector<double>& rates) {
    if (d.drive) {
      driven.nu_ext = populations.nu_ext;
      d.drive(t, driven.nu_ext);
      for (double& nu : driven.nu_ext) nu = std::max(nu, 0.0);
    }
    std::vector<double> change = response(driven, rates);
    for (size_t i = 0; i < p; ++i) change[i] = (change[i] - rates[i]) / d.tau[d.tau.size() == 1 ? 0 : i];
    return change;
  };
  const auto along = [&](const std::vector<double>& rates, double h, const std::vector<double>& change) {
    std::vector<double> next = rates;
    for (size_t i = 0; i < p; ++i) next[i] += h * change[i];
    return next;
  };

  std::vector<double> history = start, rates = start;
  history.reserve((steps + 1) * p);
  for (size_t k = 0; k < steps; ++k) {
    const double t = double(k) * d.dt, h = d.dt;
    const auto   k1 = slope(t, rates), k2 = slope(t + h / 2, along(rates, h / 2, k1)),
               k3 = slope(t + h / 2, along(rates, h / 2, k2)), k4 = slope(t + h, along(rates, h, k3));
    for (size_t i = 0; i < p; ++i) rates[i] += h / 6 * (k1[i] + 2 * (k2[i] + k3[i]) + k4[i]);
    history.insert(history.end(), rates.begin(), rates.end());
  }
  return history;
}

}  // namespace dynode::mean_field
