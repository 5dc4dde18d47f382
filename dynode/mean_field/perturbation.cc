#include "dynode/mean_field/perturbation.h"

#include <fmt/format.h>

namespace dynode::mean_field {

std::vector<double> scatter(const std::vector<double>& values, const std::vector<size_t>& involved, size_t length) {
  if (values.size() != involved.size())
    throw SpecError({.path = "vectors"},
                    fmt::format("{} values for {} involved clusters", values.size(), involved.size()));
  std::vector<double> vector(length);
  std::vector<bool>   taken(length);
  for (size_t k = 0; k < involved.size(); ++k) {
    const size_t at = involved[k];
    if (at >= length)
      throw SpecError({.path = "involved_clusters"}, fmt::format("there is no population {} of {}", at, length));
    if (taken[at]) throw SpecError({.path = "involved_clusters"}, fmt::format("names population {} twice", at));
    taken[at] = true, vector[at] = values[k];
  }
  return vector;
}

std::vector<double> combine(const std::vector<std::vector<double>>& vectors, const std::vector<double>& coefficients) {
  if (vectors.size() != coefficients.size())
    throw ShapeError("params", {int64_t(vectors.size())}, {int64_t(coefficients.size())}, "one coefficient per vector");
  std::vector<double> sum(vectors.empty() ? 0 : vectors[0].size());
  for (size_t m = 0; m < vectors.size(); ++m) {
    if (vectors[m].size() != sum.size())
      throw ShapeError("vectors", {int64_t(sum.size())}, {int64_t(vectors[m].size())});
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += coefficients[m] * vectors[m][i];
  }
  return sum;
}

std::vector<double> combine(const std::vector<std::vector<double>>& vectors, const std::vector<double>& coefficients,
                            std::span<const double> mask) {
  std::vector<double> rows;
  for (double value : combine(vectors, coefficients))
    for (double on : mask) rows.push_back(value * on);
  return rows;
}

std::vector<double> circulant_factors(size_t n, size_t excitatory, size_t m, double alpha, double beta) {
  if (m < 1 || m > n || excitatory > n - m)
    throw SpecError({.path = "n_clusters_to_perturb"},
                    fmt::format("must be from 1 to n_clusters − n_excitatory = {} − {}, got {}", n, excitatory, m));
  std::vector<double> factors(n * n, 1);
  for (size_t j = 0; j < m; ++j) {
    const size_t i = (j + m - 1) % m;
    factors[i * n + j] += alpha;
    factors[j * n + excitatory + i] += beta;
  }
  return factors;
}

}  // namespace dynode::mean_field
