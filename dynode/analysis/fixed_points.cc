#include "dynode/analysis/fixed_points.h"

#include <algorithm>
#include <cmath>
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <limits>

#include "dynode/analysis/spectrum.h"
#include "dynode/base/error.h"
#include "dynode/base/random.h"

namespace dynode {
namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;
using Rows   = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double kMarginal = 1e-6;  // |λ| this close to 1 neither grows nor falls

/// f(s) = s′ − s and its Jacobian.
struct Residual {
  Vector f;
  Matrix a;
};

Residual residual(StateMap& map, const Vector& s, std::span<const double> x) {
  const auto             n = s.size();
  const StateMap::Linear l = map.linearise({s.data(), size_t(n)}, x);
  return {Eigen::Map<const Vector>(l.next.data(), n) - s,
          Eigen::Map<const Rows>(l.jacobian.data(), n, n) - Matrix::Identity(n, n)};
}

bool is_fixed(const Vector& s, const Vector& f, double tolerance) {
  return f.cwiseAbs().maxCoeff() <= tolerance * (1 + s.cwiseAbs().maxCoeff());
}

/// The minimum of ½|f|² that the start leads to (Levenberg-Marquardt, damped as Nielsen 1999). @return |f| there
double descend(StateMap& map, Vector& s, std::span<const double> x, const FixedPointOptions& options) {
  Residual at      = residual(map, s, x);
  double   damping = -1, growth = 2;
  for (int i = 0; i < options.iterations && !is_fixed(s, at.f, 1e-3 * options.tolerance); ++i) {
    Matrix       normal = at.a.transpose() * at.a;
    const Vector slope  = at.a.transpose() * at.f;
    if (damping < 0) damping = 1e-3 * std::max(normal.diagonal().maxCoeff(), 1e-12);
    normal.diagonal().array() += damping;
    const Vector move = normal.ldlt().solve(-slope);
    if (!move.allFinite() || move.norm() <= 1e-14 * (1 + s.norm())) break;

    const Vector next = s + move;
    try {
      const Residual there    = residual(map, next, x);
      const double   expected = 0.5 * move.dot(damping * move - slope);
      const double   gain     = 0.5 * (at.f.squaredNorm() - there.f.squaredNorm()) / expected;
      if (gain > 0) {
        s  = next;
        at = there;
        damping *= std::max(1.0 / 3, 1 - std::pow(2 * gain - 1, 3));
        growth = 2;
        continue;
      }
    } catch (const NumericsError&) {}  // too far out
    damping *= growth;
    growth *= 2;
    if (!(damping < 1e30)) break;
  }
  return at.f.norm();
}

PointKind kind_of(const std::vector<std::complex<double>>& multipliers, int unstable) {
  if (unstable == int(multipliers.size())) return PointKind::unstable;
  if (unstable > 0) return PointKind::saddle;
  const std::complex<double> slowest = multipliers.front();
  if (std::abs(slowest) > 1 - kMarginal) return PointKind::marginal;
  return std::abs(slowest.imag()) > 1e-9 * std::abs(slowest) ? PointKind::stable_focus : PointKind::stable_node;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

}  // namespace

const char* word_of(PointKind kind) {
  switch (kind) {
    case PointKind::stable_node: return "stable node";
    case PointKind::stable_focus: return "stable focus";
    case PointKind::marginal: return "marginal";
    case PointKind::saddle: return "saddle";
    case PointKind::unstable: return "unstable";
    default: return "slow";
  }
}

std::complex<double> rate_of(std::complex<double> multiplier, double dt) { return (multiplier - 1.0) / dt; }

double time_constant(std::complex<double> multiplier, double dt) {
  const double size = std::abs(multiplier);
  return size == 1 ? std::numeric_limits<double>::infinity() : size == 0 ? 0 : -dt / std::log(size);
}

FixedPoint describe_point(StateMap& map, std::span<const double> state, std::span<const double> x, bool fixed) {
  const StateMap::Linear l = map.linearise(state, x);
  FixedPoint point{.state = {state.begin(), state.end()}, .multipliers = eigenvalues(l.jacobian, state.size())};
  point.speed    = distance(l.next, point.state) / map.dt();
  point.unstable = int(std::ranges::count_if(point.multipliers, [](auto m) { return std::abs(m) > 1 + kMarginal; }));
  point.kind     = fixed ? kind_of(point.multipliers, point.unstable) : PointKind::slow;
  return point;
}

FixedPoints find_fixed_points(StateMap& map, std::span<const double> starts, std::span<const double> x,
                              const FixedPointOptions& options) {
  expects(starts.size() % map.size() == 0, "starts are whole states");
  struct Found {
    std::vector<double> state;
    double              speed;
    bool                fixed;
    int                 starts;
  };
  std::vector<Found> found;
  FixedPoints        result;
  const size_t       count = starts.size() / map.size();
  for (size_t i = 0; i < count; ++i) {
    Vector       s     = Eigen::Map<const Vector>(starts.data() + i * map.size(), Eigen::Index(map.size()));
    const double speed = descend(map, s, x, options) / map.dt();
    if (options.progress) options.progress(i + 1, count);
    const std::vector<double> next = map.step({s.data(), map.size()}, x);
    const bool fixed = is_fixed(s, Eigen::Map<const Vector>(next.data(), s.size()) - s, options.tolerance);
    if (!fixed && !(speed <= options.slow * options.typical_speed)) {
      ++result.lost;
      continue;
    }
    found.push_back({{s.begin(), s.end()}, speed, fixed, 1});
  }

  // the best of those that are close stands for all
  std::ranges::stable_sort(found, [](const Found& a, const Found& b) {
    return a.fixed != b.fixed ? a.fixed : a.fixed ? false : a.speed < b.speed;
  });
  std::vector<Found> different;
  for (Found& f : found) {
    const auto same = std::ranges::find_if(
        different, [&](const Found& d) { return distance(d.state, f.state) <= options.same * options.scale; });
    if (same != different.end()) ++same->starts;
    else different.push_back(std::move(f));
  }
  for (const Found& f : different) {
    result.points.push_back(describe_point(map, f.state, x, f.fixed));
    result.points.back().starts = f.starts;
  }
  std::ranges::stable_sort(result.points, [](const FixedPoint& a, const FixedPoint& b) {
    const bool slow_a = a.kind == PointKind::slow, slow_b = b.kind == PointKind::slow;
    if (slow_a != slow_b) return slow_b;
    return a.unstable != b.unstable ? a.unstable < b.unstable : a.starts > b.starts;
  });
  return result;
}

std::vector<double> starts_from(std::span<const double> states, size_t size, size_t count, double jitter,
                                uint64_t seed) {
  const size_t entries = states.size() / size;
  expects(entries > 0, "there are states to start from");
  std::vector<double> mean(size), deviation(size), starts(count * size);
  for (size_t i = 0; i < states.size(); ++i) mean[i % size] += states[i] / double(entries);
  for (size_t i = 0; i < states.size(); ++i)
    deviation[i % size] += std::pow(states[i] - mean[i % size], 2) / double(entries);
  Random random(seed, "fixed points/starts");
  for (size_t k = 0; k < count; ++k)
    for (size_t i = 0; i < size; ++i)
      starts[k * size + i] =
          states[k * entries / count * size + i] + jitter * std::sqrt(deviation[i]) * random.normal();
  return starts;
}

}  // namespace dynode
