#include "dynode/mean_field/lif_mean_field.h"

#include <cmath>
#include <fmt/format.h>

namespace dynode::mean_field {
namespace {

std::vector<double> spread(const char* name, const PerPopulation& given, size_t p, size_t excitatory) {
  const std::vector<double>& v = given.values();
  if (v.size() == p) return v;
  if (v.size() != 1 && v.size() != 2)
    throw ShapeError(name, {int64_t(p)}, {int64_t(v.size())}, "give one number, [E, I], or one per population");
  std::vector<double> all(p);
  for (size_t i = 0; i < p; ++i) all[i] = v[v.size() == 2 && i >= excitatory ? 1 : 0];
  return all;
}

}  // namespace

LIFMeanField::LIFMeanField(const Args& a) {
  const size_t p = size_t(std::llround(std::sqrt(double(a.j_matrix.size())))), excitatory = a.n_clusters + 1;
  if (p == 0 || p * p != a.j_matrix.size())
    throw ShapeError("j_matrix", {-1, -1}, {int64_t(a.j_matrix.size())}, "it is square: P rows of P numbers");
  const auto all   = [&](const char* name, const PerPopulation& given) { return spread(name, given, p, excitatory); };
  const auto tau_m = all("tau_membrane", a.tau_membrane), tau_s = all("tau_synaptic", a.tau_synaptic),
             theta = all("threshold", a.threshold), reset = all("reset_voltage", a.reset_voltage),
             tau_ref = all("tau_refractory", a.tau_refractory);
  populations_       = {.c_matrix = a.c_matrix,
                        .j_matrix = a.j_matrix,
                        .c_ext    = all("c_ext", a.c_ext),
                        .j_ext    = all("j_ext", a.j_ext),
                        .nu_ext   = all("nu_ext", a.nu_ext),
                        .neurons  = {}};
  for (size_t i = 0; i < p; ++i) populations_.neurons.push_back({theta[i], reset[i], tau_m[i], tau_s[i], tau_ref[i]});
  populations_.check();
}

LIFMeanField::Result LIFMeanField::solve_rates(const std::vector<double>& nu_init) const {
  const Solution s = solve(populations_, nu_init.empty() ? std::vector<double>(populations_.size()) : nu_init);
  Result         result{s.rates, s.converged,
                s.converged ? fmt::format("converged after {} evaluations", s.evaluations)
                                    : fmt::format("no fixed point within {} evaluations; the residual is {:.3g}", s.evaluations,
                                                  s.residual),
                response(populations_, s.rates)};
  for (size_t i = 0; i < s.rates.size(); ++i) result.fun[i] -= s.rates[i];
  return result;
}

LIFMeanField::StabilityResult LIFMeanField::determine_stability(const std::vector<double>& nu_star,
                                                                bool                       legacy_labels) const {
  if (nu_star.size() != populations_.size())
    throw ShapeError("nu_star", {int64_t(populations_.size())}, {int64_t(nu_star.size())});
  const FixedPoint point = describe(populations_, nu_star);
  return {label(point.stability, legacy_labels), point.eigenvalues};
}

std::vector<double> LIFMeanField::response_function(const std::vector<double>& nu) const {
  if (nu.size() != populations_.size()) throw ShapeError("nu", {int64_t(populations_.size())}, {int64_t(nu.size())});
  return response(populations_, nu);
}

std::vector<double> LIFMeanField::effective_response_function(const std::vector<size_t>& focus_pops,
                                                              const std::vector<double>& nu_init) const {
  for (size_t f : focus_pops)
    if (f >= populations_.size())
      throw SpecError({.path = "focus_pops"}, fmt::format("there is no population {} of {}", f, populations_.size()));
  const Solution ambient = solve(populations_, nu_init, focus_pops);
  if (!ambient.converged)
    throw Error(fmt::format("the other populations find no fixed point; the residual is {:.3g}", ambient.residual));
  return response(populations_, ambient.rates);
}

}  // namespace dynode::mean_field
