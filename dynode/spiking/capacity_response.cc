// What perturbations of growing strength do to the probabilities of states, and subspaces drawn at random.
#include <algorithm>
#include <cmath>
#include <Eigen/QR>
#include <fmt/format.h>
#include <limits>

#include "dynode/base/random.h"
#include "dynode/spiking/capacity.h"

namespace dynode::spiking {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

void check_probabilities(const std::vector<double>& alphas, const Table<double>& p) {
  if (p.rows != alphas.size())
    throw ShapeError("probabilities", {int64_t(alphas.size()), -1}, {int64_t(p.rows), int64_t(p.columns)});
}

double dot(const std::vector<double>& projection, size_t n, size_t out, size_t in) {
  return projection[out * n + out] + projection[in * n + in] - projection[out * n + in] - projection[in * n + out];
}

}  // namespace

std::vector<double> state_margins(const std::vector<double>& projection, const std::vector<Clusters>& states,
                                  size_t clusters) {
  if (projection.size() != clusters * clusters)
    throw ShapeError("projection", {int64_t(clusters), int64_t(clusters)}, {int64_t(projection.size())});
  const Table<double> x = state_vectors(states, clusters);
  std::vector<double> margins;
  for (size_t s = 0; s < states.size(); ++s) {
    double least = std::numeric_limits<double>::infinity();
    for (size_t out = 0; out < clusters; ++out)
      for (size_t in = 0; in < clusters; ++in)
        if (x(s, out) != 0 && x(s, in) == 0)
          least = std::min(least, dot(projection, clusters, out, in) / double(states[s].size()));
    margins.push_back(std::isfinite(least) ? std::sqrt(std::max(least, 0.0)) : kNone);
  }
  return margins;
}

std::vector<double> random_subspace(size_t clusters, size_t dimensions, uint64_t seed) {
  if (dimensions < 1 || dimensions > clusters)
    throw SpecError({.path = "dimensions"}, fmt::format("must be within 1 … {}, got {}", clusters, dimensions));
  Random          random(seed, "subspace");
  const auto      rows = Eigen::Index(clusters), columns = Eigen::Index(dimensions);
  Eigen::MatrixXd a(rows, columns);
  for (Eigen::Index j = 0; j < a.cols(); ++j)
    for (Eigen::Index i = 0; i < a.rows(); ++i) a(i, j) = random.normal();
  const Eigen::MatrixXd q = Eigen::HouseholderQR<Eigen::MatrixXd>(a).householderQ() *
                            Eigen::MatrixXd::Identity(a.rows(), a.cols());
  const Eigen::MatrixXd pi = q * q.transpose();
  std::vector<double>   projection(clusters * clusters);
  for (size_t i = 0; i < clusters; ++i)
    for (size_t j = 0; j < clusters; ++j) projection[i * clusters + j] = pi(Eigen::Index(i), Eigen::Index(j));
  return projection;
}

std::vector<double> linearity(const std::vector<double>& alphas, const Table<double>& p, double most) {
  check_probabilities(alphas, p);
  std::vector<double> shares(p.columns, kNone);
  for (size_t s = 0; s < p.columns; ++s) {
    std::vector<double> x, y;
    for (size_t k = 0; k < p.rows; ++k)
      if (alphas[k] <= most && p(k, s) > 0) x.push_back(alphas[k]), y.push_back(std::log(p(k, s)));
    if (x.size() < 3) continue;
    const double n = double(x.size());
    double       mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
    for (size_t k = 0; k < x.size(); ++k) mx += x[k] / n, my += y[k] / n;
    for (size_t k = 0; k < x.size(); ++k)
      xx += (x[k] - mx) * (x[k] - mx), xy += (x[k] - mx) * (y[k] - my), yy += (y[k] - my) * (y[k] - my);
    if (xx > 0 && yy > 0) shares[s] = xy * xy / (xx * yy);
  }
  return shares;
}

Superposition superposition(const std::vector<double>& p0, const Table<double>& parts,
                            const std::vector<double>& combined, const std::vector<double>& weights) {
  if (parts.rows != weights.size() || parts.columns != p0.size())
    throw ShapeError("parts", {int64_t(weights.size()), int64_t(p0.size())}, {int64_t(parts.rows), int64_t(parts.columns)});
  if (combined.size() != p0.size()) throw ShapeError("combined", {int64_t(p0.size())}, {int64_t(combined.size())});
  Superposition found{{}, {}, {}, kNone, kNone};
  for (size_t s = 0; s < p0.size(); ++s) {
    double sum = 0;
    bool   met = p0[s] > 0 && combined[s] > 0;
    for (size_t m = 0; met && m < parts.rows; ++m)
      if ((met = parts(m, s) > 0)) sum += weights[m] * std::log(parts(m, s) / p0[s]);
    if (!met) continue;
    found.states.push_back(s), found.predicted.push_back(sum), found.measured.push_back(std::log(combined[s] / p0[s]));
  }
  const size_t n = found.states.size();
  if (n < 2) return found;
  double mean = 0, left = 0, all = 0;
  for (double y : found.measured) mean += y / double(n);
  for (size_t k = 0; k < n; ++k) {
    left += std::pow(found.measured[k] - found.predicted[k], 2);
    all += std::pow(found.measured[k] - mean, 2);
  }
  found.rms       = std::sqrt(left / double(n));
  found.r_squared = all > 0 ? 1 - left / all : kNone;
  return found;
}

Boundary metastable_boundary(const std::vector<double>& alphas, const Table<double>& p,
                             const std::vector<Clusters>& states, const Clusters& target_given, size_t many) {
  check_probabilities(alphas, p);
  if (states.size() != p.columns) throw ShapeError("states", {int64_t(p.columns)}, {int64_t(states.size())});
  if (!std::is_sorted(alphas.begin(), alphas.end()))
    throw SpecError({.path = "alphas"}, "must rise", "sort them, and the rows of probabilities with them");
  const auto ascending = [](Clusters s) { std::sort(s.begin(), s.end()); return s; };
  const Clusters target = ascending(target_given);
  Boundary       found;
  bool           dominates = true, k_hot = true, varied = true;
  for (size_t a = 0; a < alphas.size(); ++a) {
    double mine = 0, best = 0, mass = 0, all = 0;
    size_t seen = 0;
    for (size_t s = 0; s < states.size(); ++s) {
      (ascending(states[s]) == target ? mine : best) = std::max(ascending(states[s]) == target ? mine : best, p(a, s));
      all += p(a, s), mass += states[s].size() == target.size() ? p(a, s) : 0, seen += p(a, s) > 0.01;
    }
    // each holds up to where it first fails; a target may come to dominate later than at the first α
    if (mine > best) {
      if (dominates) found.target_dominates = alphas[a];
    } else if (found.target_dominates) {
      dominates = false;
    }
    if ((k_hot = k_hot && all > 0 && mass >= 0.5 * all)) found.k_hot = alphas[a];
    if ((varied = varied && seen >= many)) found.varied = alphas[a];
  }
  return found;
}

}  // namespace dynode::spiking
