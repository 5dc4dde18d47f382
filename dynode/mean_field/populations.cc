#include "dynode/mean_field/populations.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace dynode::mean_field {
namespace {

constexpr double kLeastVariance = 1e-24;

void check_length(const char* name, const std::vector<double>& values, std::vector<int64_t> shape) {
  size_t wanted = 1;
  for (int64_t n : shape) wanted *= size_t(n);
  if (values.size() != wanted) throw ShapeError(name, shape, {int64_t(values.size())});
}

template <class Allowed>
void check_value(const char* name, size_t population, double value, const Allowed& allowed, const char* range) {
  if (std::isfinite(value) && allowed(value)) return;
  throw SpecError({.path = fmt::format("{}[{}]", name, population)},
                  fmt::format("must be {}, got {}", range, value));
}

}  // namespace

void Populations::check() const {
  const int64_t p = int64_t(size());
  if (p == 0) throw ShapeError("neurons", {-1}, {0}, "at least one population is needed");
  check_length("c_matrix", c_matrix, {p, p}), check_length("j_matrix", j_matrix, {p, p});
  check_length("c_ext", c_ext, {p}), check_length("j_ext", j_ext, {p}), check_length("nu_ext", nu_ext, {p});

  const auto any      = [](double) { return true; };
  const auto positive = [](double x) { return x > 0; };
  const auto not_less = [](double x) { return x >= 0; };
  for (size_t k = 0; k < c_matrix.size(); ++k) {
    check_value("c_matrix", k, c_matrix[k], not_less, "≥ 0");
    check_value("j_matrix", k, j_matrix[k], any, "finite");
  }
  for (size_t i = 0; i < size(); ++i) {
    const Neuron& n = neurons[i];
    check_value("c_ext", i, c_ext[i], not_less, "≥ 0");
    check_value("j_ext", i, j_ext[i], any, "finite");
    check_value("nu_ext", i, nu_ext[i], not_less, "≥ 0");
    check_value("tau_membrane", i, n.tau_m, positive, "> 0");
    check_value("tau_synaptic", i, n.tau_s, not_less, "≥ 0");
    check_value("tau_refractory", i, n.tau_ref, not_less, "≥ 0");
    check_value("threshold", i, n.threshold, any, "finite");
    check_value("reset_voltage", i, n.v_reset, [&](double v) { return v < n.threshold; }, "below the threshold");
  }
}

InputStatistics input_statistics(const Populations& p, std::span<const double> rates) {
  const size_t    n = p.size();
  InputStatistics in{std::vector<double>(n), std::vector<double>(n)};
  for (size_t i = 0; i < n; ++i) {
    double mean = p.c_ext[i] * p.j_ext[i] * p.nu_ext[i], variance = mean * p.j_ext[i];
    for (size_t j = 0; j < n; ++j) {
      const double drive = p.c_matrix[i * n + j] * p.j_matrix[i * n + j] * rates[j];
      mean += drive, variance += drive * p.j_matrix[i * n + j];
    }
    in.mu[i]    = p.neurons[i].tau_m * mean;
    in.sigma[i] = std::sqrt(std::max(p.neurons[i].tau_m * variance, kLeastVariance));
  }
  return in;
}

std::vector<double> response(const Populations& p, std::span<const double> rates) {
  const InputStatistics in = input_statistics(p, rates);
  std::vector<double>   phi(p.size());
  for (size_t i = 0; i < p.size(); ++i) phi[i] = transfer_rate(in.mu[i], in.sigma[i], p.neurons[i]);
  return phi;
}

std::vector<double> response_slope(const Populations& p, std::span<const double> rates) {
  const size_t          n  = p.size();
  const InputStatistics in = input_statistics(p, rates);
  std::vector<double>   slope(n * n);
  for (size_t i = 0; i < n; ++i) {
    const Response r = transfer(in.mu[i], in.sigma[i], p.neurons[i]);
    // dσ = dσ²/2σ
    const double by_mean     = r.d_mu * p.neurons[i].tau_m,
                 by_variance = r.d_sigma * p.neurons[i].tau_m / (2 * in.sigma[i]);
    for (size_t j = 0; j < n; ++j) {
      const double strength = p.j_matrix[i * n + j];
      slope[i * n + j]      = p.c_matrix[i * n + j] * strength * (by_mean + by_variance * strength);
    }
  }
  return slope;
}

}  // namespace dynode::mean_field
