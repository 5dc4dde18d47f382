#include "dynode/mean_field/fixed_points.h"

#include <algorithm>
#include <cmath>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <unsupported/Eigen/NonLinearOptimization>

#include "dynode/base/random.h"

namespace dynode::mean_field {
namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

constexpr double kConverged = 1e-10;

/// Φ(ν) − ν of the populations that are not held, and its derivative.
class Residual {
 public:
  Residual(const Populations& populations, const std::vector<double>& start, const std::vector<size_t>& held)
      : populations_(populations), all_(start) {
    for (size_t i = 0; i < populations.size(); ++i)
      if (std::find(held.begin(), held.end(), i) == held.end()) free_.push_back(i);
  }

  Vector start() const {
    Vector x(Eigen::Index(free_.size()));
    for (size_t k = 0; k < free_.size(); ++k) x[Eigen::Index(k)] = all_[free_[k]];
    return x;
  }
  const std::vector<double>& rates(const Vector& x) {
    for (size_t k = 0; k < free_.size(); ++k) all_[free_[k]] = x[Eigen::Index(k)];
    return all_;
  }

  // the two calls Eigen's solver makes
  int operator()(const Vector& x, Vector& f) {
    const std::vector<double> phi = response(populations_, rates(x));
    f.resize(x.size());
    for (size_t k = 0; k < free_.size(); ++k) f[Eigen::Index(k)] = phi[free_[k]] - x[Eigen::Index(k)];
    ++evaluations;
    return 0;
  }
  int df(const Vector& x, Matrix& jacobian) {
    const size_t              n     = populations_.size();
    const std::vector<double> slope = response_slope(populations_, rates(x));
    jacobian.resize(x.size(), x.size());
    for (size_t k = 0; k < free_.size(); ++k)
      for (size_t l = 0; l < free_.size(); ++l)
        jacobian(Eigen::Index(k), Eigen::Index(l)) = slope[free_[k] * n + free_[l]] - (k == l);
    ++evaluations;
    return 0;
  }

  int evaluations = 0;

 private:
  const Populations&  populations_;
  std::vector<double> all_;
  std::vector<size_t> free_;
};

/// Size of the residual f at x as the criterion of convergence sees it; infinite where it is no number or a rate < 0.
double error_of(const Vector& x, const Vector& f) {
  double worst = 0;
  for (Eigen::Index k = 0; k < x.size(); ++k) {
    if (!std::isfinite(x[k]) || !std::isfinite(f[k]) || x[k] < 0) return HUGE_VAL;
    worst = std::max(worst, std::abs(f[k]) / (1 + std::abs(x[k])));
  }
  return worst;
}

/// Implicit Euler steps along dν/ds = Φ − ν: (1/Δs − J) δ = f. As f shrinks the steps grow, until they are Newton's.
/// With `cautious` they stay below the inverse of all growth rates: then they always lead where the rates would go.
double relax(Residual& residual, Vector& x, double step, int most, bool cautious = false) {
  x = x.cwiseMax(0.0);
  Vector f;
  Matrix jacobian;
  residual(x, f);
  double error = error_of(x, f);
  for (int k = 0; k < most && error > 0.01 * kConverged; ++k) {
    residual.df(x, jacobian);
    if (cautious) {
      // Gershgorin's bound on growth rates
      const Vector bound = jacobian.cwiseAbs().rowwise().sum() - jacobian.diagonal().cwiseAbs() + jacobian.diagonal();
      step               = std::min(step, 0.5 / std::max(bound.maxCoeff(), 0.01));
    }
    const Matrix system = Matrix::Identity(x.size(), x.size()) / step - jacobian;
    const Vector change = system.partialPivLu().solve(f);
    const Vector next   = (x + change).cwiseMax(0.0);
    Vector       f_next;
    residual(next, f_next);
    const double error_next = error_of(next, f_next), moved = error_of(x, change);
    // as close as rounding allows
    if (error < kConverged && error_next >= error) break;
    // a long step must pay; a short one follows the path, even where that leads uphill for a while
    if (!std::isfinite(error_next) || (error_next >= error && (moved > 0.3 || next == x))) {
      step *= 0.25;
      if (!(step > 1e-9)) break;
      continue;
    }
    step *= error_next < error ? std::clamp(error / std::max(error_next, 1e-300), 1.0, 10.0) : moved < 0.1 ? 1.5 : 1.0;
    step = std::min(step, 1e12);
    x = next, f = f_next, error = error_next;
  }
  return error;
}

}  // namespace

const char* label(Stability stability, bool merge_foci) {
  switch (stability) {
    case Stability::stable_node: return "stable node";
    case Stability::stable_focus: return merge_foci ? "stable node" : "stable focus";
    case Stability::unstable_node: return "unstable node";
    case Stability::unstable_focus: return merge_foci ? "unstable node" : "unstable focus";
    case Stability::saddle: return "saddle";
    case Stability::saddle_focus: return merge_foci ? "saddle" : "saddle focus";
    case Stability::marginal: break;
  }
  return "marginal";
}

Stability classify(const std::vector<std::complex<double>>& eigenvalues, double tolerance) {
  bool rises = false, falls = false, turns = false;
  for (const auto& value : eigenvalues) {
    if (!(std::abs(value.real()) > tolerance)) return Stability::marginal;
    (value.real() > 0 ? rises : falls) = true;
    turns |= std::abs(value.imag()) > tolerance;
  }
  if (rises && falls) return turns ? Stability::saddle_focus : Stability::saddle;
  if (rises) return turns ? Stability::unstable_focus : Stability::unstable_node;
  return turns ? Stability::stable_focus : Stability::stable_node;
}

Solution solve(const Populations& populations, const std::vector<double>& start, const std::vector<size_t>& held) {
  if (start.size() != populations.size())
    throw ShapeError("start", {int64_t(populations.size())}, {int64_t(start.size())});
  Residual residual(populations, start, held);
  Vector   x = residual.start();
  if (x.size() == 0) return {start, true, 0, 0};

  Eigen::HybridNonLinearSolver<Residual> powell(residual);
  powell.parameters.xtol   = 1e-12;
  powell.parameters.maxfev = 100 * (x.size() + 1);
  powell.solve(x);
  double error = x.allFinite() && (x.array() > -1e-6).all() ? relax(residual, x, 1e12, 8) : HUGE_VAL;
  if (!(error < kConverged)) x = residual.start(), error = relax(residual, x, 0.1, 200);
  if (!(error < kConverged)) {
    Vector path = residual.start();
    for (int round = 0; round < 20 && !(error < kConverged); ++round) {
      relax(residual, path, 0.1, 100, true);
      x     = path;
      error = relax(residual, x, 1e12, 10);
    }
  }
  return {residual.rates(x), error < kConverged, error, residual.evaluations};
}

FixedPoint describe(const Populations& populations, const std::vector<double>& rates,
                    const FixedPointOptions& options) {
  const size_t    n  = populations.size();
  InputStatistics in = input_statistics(populations, rates);
  FixedPoint      point{rates, std::move(in.mu), std::move(in.sigma), response_slope(populations, rates), {}, {}, 1};
  Matrix          matrix(n, n);
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < n; ++j) {
      double& entry = point.jacobian[i * n + j];
      entry         = (entry - (i == j)) / options.relaxation[options.relaxation.size() == 1 ? 0 : i];
      matrix(Eigen::Index(i), Eigen::Index(j)) = entry;
    }
  const Eigen::EigenSolver<Matrix> solver(matrix, false);
  for (Eigen::Index k = 0; k < matrix.rows(); ++k) point.eigenvalues.push_back(solver.eigenvalues()[k]);
  std::sort(point.eigenvalues.begin(), point.eigenvalues.end(), [](const auto& a, const auto& b) {
    return a.real() != b.real() ? a.real() > b.real() : a.imag() > b.imag();
  });
  point.stability = classify(point.eigenvalues);
  return point;
}

FixedPoints find_fixed_points(const Populations& populations, const std::vector<std::vector<double>>& starts,
                              const FixedPointOptions& options) {
  populations.check();
  const size_t times = options.relaxation.size();
  if (times != 1 && times != populations.size())
    throw ShapeError("relaxation", {int64_t(populations.size())}, {int64_t(times)});
  for (size_t i = 0; i < times; ++i)
    if (!(options.relaxation[i] > 0))
      throw SpecError({.path = "relaxation[" + std::to_string(i) + "]"}, "a time constant must be > 0");

  FixedPoints found;
  for (const std::vector<double>& start : starts) {
    found.solutions.push_back(solve(populations, start));
    const Solution& solution = found.solutions.back();
    found.point_of.push_back(-1);
    if (!solution.converged) continue;
    const auto same = [&](const FixedPoint& point) {
      for (size_t i = 0; i < populations.size(); ++i)
        if (!(std::abs(point.rates[i] - solution.rates[i]) <= options.same * (1 + std::abs(point.rates[i]))))
          return false;
      return true;
    };
    const auto known       = std::find_if(found.points.begin(), found.points.end(), same);
    found.point_of.back() = int(known - found.points.begin());
    if (known != found.points.end()) ++known->multiplicity;
    else found.points.push_back(describe(populations, solution.rates, options));
  }
  return found;
}

std::vector<std::vector<double>> random_starts(size_t populations, size_t count, uint64_t seed) {
  Random                           random(seed, "mean_field/starts");
  std::vector<std::vector<double>> starts(count, std::vector<double>(populations));
  for (auto& start : starts) {
    for (double& rate : start) rate = random.uniform();
    for (size_t i : random.choose(populations, random.integer(populations + 1))) start[i] = 10 * random.uniform();
  }
  return starts;
}

std::vector<std::vector<double>> cluster_starts(size_t populations, size_t clusters, double high, double low) {
  expects(clusters <= populations, "more clusters than populations");
  std::vector<std::vector<double>> starts(clusters + 1, std::vector<double>(populations, low));
  for (size_t active = 0; active <= clusters; ++active) std::fill_n(starts[active].begin(), active, high);
  return starts;
}

std::vector<FixedPoints> sweep(const std::vector<Populations>& values, const std::vector<std::vector<double>>& starts,
                               bool follow, const FixedPointOptions& options) {
  std::vector<FixedPoints> branches;
  for (const Populations& populations : values) {
    std::vector<std::vector<double>> from = starts;
    if (follow && !branches.empty())
      for (const FixedPoint& point : branches.back().points) from.push_back(point.rates);
    branches.push_back(find_fixed_points(populations, from, options));
  }
  return branches;
}

}  // namespace dynode::mean_field
