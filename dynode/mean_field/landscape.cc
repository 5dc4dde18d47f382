#include "dynode/mean_field/landscape.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

#include "dynode/base/threads.h"

namespace dynode::mean_field {
namespace {

constexpr double kMostPoints = 1e8;

void check(const Populations& populations, const LandscapeSpec& spec) {
  populations.check();
  const auto fail = [](const char* key, const std::string& what) { throw SpecError({.path = key}, what); };
  if (spec.focus.empty() || spec.focus.size() > 2)
    fail("focus_pops", fmt::format("needs one or two populations, got {}", spec.focus.size()));
  for (size_t f : spec.focus)
    if (f >= populations.size())
      fail("focus_pops", fmt::format("there is no population {} of {}", f, populations.size()));
  if (spec.focus.size() == 2 && spec.focus[0] == spec.focus[1]) fail("focus_pops", "names a population twice");
  if (spec.focus.size() == populations.size()) fail("focus_pops", "leaves no population to answer");
  if (spec.limits.size() != 1 && spec.limits.size() != spec.focus.size())
    fail("grid_lims", fmt::format("needs one pair or {}, got {}", spec.focus.size(), spec.limits.size()));
  if (!(spec.density > 0)) fail("grid_density", fmt::format("must be > 0, got {}", spec.density));
  double points = 1;
  for (size_t f = 0; f < spec.focus.size(); ++f) {
    const auto& [from, to] = spec.limits[spec.limits.size() == 1 ? 0 : f];
    if (!(from >= 0 && to > from && std::isfinite(to)))
      fail("grid_lims", fmt::format("needs 0 ≤ from < to, got {}, {}", from, to));
    points *= (to - from) / spec.density;
  }
  if (points > kMostPoints) fail("grid_density", fmt::format("asks for {:.3g} points", points));
  if (!spec.ambient.empty() && spec.ambient.size() != populations.size())
    throw ShapeError("ambient_init", {int64_t(populations.size())}, {int64_t(spec.ambient.size())});
}

}  // namespace

Landscape reduced_landscape(const Populations& populations, const LandscapeSpec& spec) {
  check(populations, spec);
  Landscape    land;
  const size_t p = populations.size(), focus = spec.focus.size();
  for (size_t f = 0; f < focus; ++f) {
    const auto& [from, to] = spec.limits[spec.limits.size() == 1 ? 0 : f];
    land.axes.emplace_back();
    const size_t count = size_t(std::ceil((to - from) / spec.density - 1e-9));
    for (size_t k = 0; k < count; ++k) land.axes[f].push_back(from + double(k) * spec.density);
  }
  const size_t n1 = land.axes[0].size(), n2 = focus == 2 ? land.axes[1].size() : 1;

  land.ambient.resize(n1 * n2 * p), land.response.resize(n1 * n2 * p), land.force.resize(n1 * n2 * focus);
  land.converged.resize(n1 * n2);
  Threads(spec.threads).run(n1, [&](size_t i, size_t) {
    for (size_t j = 0; j < n2; ++j) {
      const size_t        at    = i * n2 + j;
      std::vector<double> start = spec.ambient.empty() ? std::vector<double>(p) : spec.ambient;
      start[spec.focus[0]]      = land.axes[0][i];
      if (focus == 2) start[spec.focus[1]] = land.axes[1][j];
      const Solution            ambient = solve(populations, start, spec.focus);
      const std::vector<double> phi     = response(populations, ambient.rates);
      std::copy(ambient.rates.begin(), ambient.rates.end(), land.ambient.begin() + ptrdiff_t(at * p));
      std::copy(phi.begin(), phi.end(), land.response.begin() + ptrdiff_t(at * p));
      land.converged[at] = ambient.converged;
      for (size_t f = 0; f < focus; ++f) land.force[at * focus + f] = phi[spec.focus[f]] - start[spec.focus[f]];
    }
  });

  // the way of least resistance
  const auto strength = [&](size_t i, size_t j) {
    return std::hypot(land.force[(i * n2 + j) * 2], land.force[(i * n2 + j) * 2 + 1]);
  };
  if (focus == 1) {
    for (size_t i = 0; i < n1; ++i) land.path.push_back({i, 0});
  } else {
    for (size_t j = 0; j < n2; ++j) {
      size_t weakest = 0;
      for (size_t i = 1; i < n1; ++i)
        if (strength(i, j) < strength(weakest, j)) weakest = i;
      land.path.push_back({weakest, j});
    }
  }

  double potential = 0, walked = 0;
  for (size_t m = 1; m < land.path.size(); ++m) {
    double work = 0, square = 0;
    for (size_t f = 0; f < focus; ++f) {
      const double step = land.axes[f][land.path[m][f]] - land.axes[f][land.path[m - 1][f]];
      work += land.force[(land.path[m][0] * n2 + land.path[m][1]) * focus + f] * step;
      square += step * step;
    }
    if (square == 0) continue;
    land.potential.push_back(potential -= work);
    land.displacement.push_back(walked += std::sqrt(square));
  }
  return land;
}

std::vector<Well> wells(const std::vector<double>& u, double least_share) {
  std::vector<Well> found;
  const auto        ends  = std::minmax_element(u.begin(), u.end());
  const double      least = u.empty() ? 0 : least_share * (*ends.second - *ends.first);
  for (size_t k = 1; k + 1 < u.size(); ++k) {
    size_t end = k;  // a flat bottom counts once
    while (end + 1 < u.size() && u[end + 1] == u[k]) ++end;
    if (u[k - 1] > u[k] && end + 1 < u.size() && u[end + 1] > u[k]) {
      // highest point to each side before the potential falls below this well
      const auto ridge = [&](auto next) {
        double highest = u[k];
        for (size_t m = k; m > 0 && m + 1 < u.size(); highest = std::max(highest, u[m]))
          if (m = next(m); u[m] < u[k]) return highest;
        return std::numeric_limits<double>::infinity();
      };
      const double left = ridge([](size_t m) { return m - 1; }), right = ridge([](size_t m) { return m + 1; });
      if (const double barrier = std::min(left, right) - u[k]; barrier >= least) found.push_back({k, u[k], barrier});
    }
    k = end;
  }
  return found;
}

std::vector<bool> active_clusters(const std::vector<double>& rates, double threshold) {
  std::vector<bool> active(rates.size());
  if (rates.empty()) return active;
  const auto [low, high] = std::minmax_element(rates.begin(), rates.end());
  if (*high - *low < threshold * *high || *high <= 0) return active;
  for (size_t i = 0; i < rates.size(); ++i) active[i] = rates[i] > (*low + *high) / 2;
  return active;
}

}  // namespace dynode::mean_field
