#include "dynode/mean_field/continuation.h"

#include <algorithm>
#include <cmath>
#include <Eigen/LU>
#include <fmt/format.h>

namespace dynode::mean_field {
namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

constexpr double kConverged = 1e-10;

/// Places are (ν / rate_scale, (λ − low) / range): numbers of order one, P + 1 of them.
class Curve {
 public:
  Curve(const Family& family, const ContinuationSpec& spec)
      : family_(family), spec_(spec), range_(spec.high - spec.low) {}

  Vector place(const std::vector<double>& rates, double parameter) const {
    Vector z(Eigen::Index(rates.size()) + 1);
    for (Eigen::Index i = 0; i + 1 < z.size(); ++i) z[i] = rates[size_t(i)] / spec_.rate_scale;
    z[z.size() - 1] = (parameter - spec_.low) / range_;
    return z;
  }
  double              parameter(const Vector& z) const { return spec_.low + range_ * z[z.size() - 1]; }
  std::vector<double> rates(const Vector& z) const {
    std::vector<double> r(size_t(z.size()) - 1);
    for (size_t i = 0; i < r.size(); ++i) r[i] = z[Eigen::Index(i)] * spec_.rate_scale;
    return r;
  }

  /// (Φ − ν)/rate_scale, and with `slope` its derivative [P][P + 1].
  Vector residual(const Vector& z, Matrix* slope = nullptr) const {
    const Populations         at = family_(parameter(z));
    const std::vector<double> nu = rates(z), phi = response(at, nu);
    const Eigen::Index        p = Eigen::Index(nu.size());
    Vector                    f(p);
    for (Eigen::Index i = 0; i < p; ++i) f[i] = (phi[size_t(i)] - nu[size_t(i)]) / spec_.rate_scale;
    if (slope) {
      const std::vector<double> d = response_slope(at, nu);
      slope->resize(p, p + 1);
      for (Eigen::Index i = 0; i < p; ++i)
        for (Eigen::Index j = 0; j < p; ++j) (*slope)(i, j) = d[size_t(i * p + j)] - (i == j);
      // the family is a function of its own: differences, inside the range
      const double here = z[p], h = 1e-6, up = std::min(here + h, 1.0), down = std::max(here - h, 0.0);
      const auto   high = response(family_(spec_.low + range_ * up), nu),
                 low    = response(family_(spec_.low + range_ * down), nu);
      for (Eigen::Index i = 0; i < p; ++i)
        (*slope)(i, p) = (high[size_t(i)] - low[size_t(i)]) / (up - down) / spec_.rate_scale;
    }
    return f;
  }

  /// Unit vector along the branch at z, turned to where `before` points.
  Vector tangent(const Vector& z, const Vector& before) const {
    Matrix slope;
    residual(z, &slope);
    Vector along = bordered(slope, before).fullPivLu().solve(Vector::Unit(z.size(), z.size() - 1));
    return along.normalized();
  }

  /// Newton's method from `guess` to the branch, square to `direction`. @return false where it does not get there
  bool correct(Vector& z, const Vector& guess, const Vector& direction) const {
    z = guess;
    for (int k = 0; k < 12; ++k) {
      Matrix slope;
      Vector f(z.size());
      f.head(z.size() - 1) = residual(z, &slope);
      f[z.size() - 1]      = direction.dot(z - guess);
      if (!f.allFinite() || !slope.allFinite()) return false;
      const Vector change = bordered(slope, direction).partialPivLu().solve(f);
      z -= change;
      if (!z.allFinite() || change.norm() > 1) return false;
      if (change.norm() < 1e-9) break;
    }
    const Vector f = residual(z);
    for (Eigen::Index i = 0; i < f.size(); ++i)
      if (!(std::abs(f[i]) * spec_.rate_scale / (1 + std::abs(z[i]) * spec_.rate_scale) < kConverged)) return false;
    return (z.head(z.size() - 1).array() > -1e-12).all();
  }

 private:
  static Matrix bordered(const Matrix& slope, const Vector& row) {
    Matrix whole(row.size(), row.size());
    whole.topRows(row.size() - 1) = slope;
    whole.bottomRows(1)           = row.transpose();
    return whole;
  }

  const Family&           family_;
  const ContinuationSpec& spec_;
  double                  range_;
};

BranchPoint described(const Curve& curve, const Family& family, const ContinuationSpec& spec, const Vector& z,
                      bool fold) {
  const double parameter = std::clamp(curve.parameter(z), spec.low, spec.high);
  return {parameter, describe(family(parameter), curve.rates(z), spec.options), fold};
}

/// From z (on the branch) along `direction` until the range ends.
Branch walk(const Curve& curve, const Family& family, const ContinuationSpec& spec, Vector z, Vector direction) {
  Branch             branch;
  const Eigen::Index last  = z.size() - 1;
  const Vector       start = z;
  double             step  = spec.step / 4;
  while (branch.size() < spec.most_points) {
    Vector next;
    if (step < 1e-7 * spec.step) break;  // the branch does not go on as a smooth curve
    if (!curve.correct(next, z + step * direction, direction)) {
      step /= 2;
      continue;
    }
    if (next[last] > 1 || next[last] < 0) {
      // the end of the range: the parameter is held there
      const double border = next[last] > 1 ? 1 : 0, share = (border - z[last]) / (next[last] - z[last]);
      Vector       guess = z + share * (next - z), at_border;
      guess[last]        = border;
      if (z[last] != border && curve.correct(at_border, guess, Vector::Unit(z.size(), last))) {
        at_border[last] = border;
        branch.push_back(described(curve, family, spec, at_border, false));
      }
      break;
    }
    const Vector turned = curve.tangent(next, direction);
    if (turned.dot(direction) < 0.95 && step > 1e-4 * spec.step) {  // too sharp a bend for this step
      step /= 2;
      continue;
    }
    if (direction[last] * turned[last] < 0) {
      // a fold in between: bisect for dλ/ds = 0
      double near = 0, far = step;
      Vector fold = next;
      while (far - near > 1e-7) {
        const double middle = (near + far) / 2;
        Vector       at;
        if (!curve.correct(at, z + middle * direction, direction)) break;
        fold                                                                    = at;
        (curve.tangent(at, direction)[last] * direction[last] > 0 ? near : far) = middle;
      }
      branch.push_back(described(curve, family, spec, fold, true));
    }
    z = next, direction = turned;
    branch.push_back(described(curve, family, spec, z, false));
    step = std::min(step * 1.5, spec.step);
    if (branch.size() > 10 && (z - start).norm() < spec.step / 2) break;  // a closed loop
  }
  return branch;
}

void check(const ContinuationSpec& spec) {
  if (!(spec.low < spec.high) || !std::isfinite(spec.high - spec.low))
    throw SpecError({.path = "range"}, fmt::format("needs low < high, got {}, {}", spec.low, spec.high));
  if (!(spec.step > 0 && spec.step <= 1))
    throw SpecError({.path = "step"}, fmt::format("must be in (0, 1], got {}", spec.step));
  if (!(spec.rate_scale > 0))
    throw SpecError({.path = "rate_scale"}, fmt::format("must be > 0, got {}", spec.rate_scale));
}

/// Whether the branch passes through these rates at this value of the parameter.
bool passes(const Branch& branch, const Family& family, double parameter, const std::vector<double>& rates,
            double same) {
  for (size_t k = 0; k + 1 < branch.size(); ++k) {
    const BranchPoint &a = branch[k], &b = branch[k + 1];
    if ((a.parameter - parameter) * (b.parameter - parameter) > 0) continue;
    const double share = a.parameter == b.parameter ? 0 : (parameter - a.parameter) / (b.parameter - a.parameter);
    std::vector<double> guess = a.point.rates;
    double              apart = 0;
    for (size_t i = 0; i < guess.size(); ++i) {
      guess[i] += share * (b.point.rates[i] - a.point.rates[i]);
      apart = std::max(apart, std::abs(guess[i] - rates[i]));
    }
    if (apart > 5) continue;
    const Solution solution = solve(family(parameter), guess);
    bool           equal    = solution.converged;
    for (size_t i = 0; i < rates.size(); ++i)
      equal &= std::abs(solution.rates[i] - rates[i]) <= 10 * same * (1 + std::abs(rates[i]));
    if (equal) return true;
  }
  return false;
}

}  // namespace

Branch follow_branch(const Family& family, const ContinuationSpec& spec, double parameter,
                     const std::vector<double>& rates) {
  check(spec);
  if (!(parameter >= spec.low && parameter <= spec.high))
    throw SpecError({.path = "parameter"},
                    fmt::format("must be from {} to {}, got {}", spec.low, spec.high, parameter));
  const Populations here = family(parameter);
  here.check();
  const Solution solution = solve(here, rates);
  if (!solution.converged) return {};
  const Curve  curve(family, spec);
  const Vector z  = curve.place(solution.rates, parameter);
  const Vector up = curve.tangent(z, Vector::Unit(z.size(), z.size() - 1));

  Branch branch = walk(curve, family, spec, z, -up);
  std::reverse(branch.begin(), branch.end());
  branch.push_back(described(curve, family, spec, z, false));
  for (BranchPoint& point : walk(curve, family, spec, z, up)) branch.push_back(std::move(point));
  return branch;
}

std::vector<Branch> find_branches(const Family& family, const ContinuationSpec& spec, const std::vector<double>& values,
                                  const std::vector<std::vector<double>>& starts) {
  std::vector<Branch> branches;
  for (const double value : values)
    for (const FixedPoint& point : find_fixed_points(family(value), starts, spec.options).points)
      if (std::none_of(branches.begin(), branches.end(), [&](const Branch& known) {
            return passes(known, family, value, point.rates, spec.options.same);
          }))
        if (Branch branch = follow_branch(family, spec, value, point.rates); !branch.empty())
          branches.push_back(std::move(branch));
  return branches;
}

}  // namespace dynode::mean_field
