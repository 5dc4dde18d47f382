#include "dynode/models/mean_field_pictures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "dynode/models/picture-internal.h"

namespace dynode {
namespace {

using namespace mean_field;
using namespace picture;

bool stable(const FixedPoint& p) { return p.eigenvalues.empty() || p.eigenvalues[0].real() < 0; }

/// A fixed point: full where it lasts, a ring where it does not.
std::string point_mark(double x, double y, bool lasts) {
  return fmt::format(
      "<circle cx='{:.1f}' cy='{:.1f}' r='5.5' fill='{}' "
      "stroke='#c4320a' stroke-width='2.2'/>\n",
      x, y, lasts ? "#c4320a" : "#ffffff");
}

double highest(const FixedPoint& p, size_t clusters) {
  return *std::max_element(p.rates.begin(),
                           p.rates.begin() + ptrdiff_t(std::clamp<size_t>(clusters, 1, p.rates.size())));
}

std::string field_panel(const Axes& a, const Landscape& land, const std::vector<FixedPoint>& points,
                        const std::vector<size_t>& focus, const std::vector<std::string>& names) {
  const size_t n1 = land.axes[0].size(), n2 = land.axes[1].size();
  const auto   force     = [&](size_t i, size_t j, size_t f) { return land.force[(i * n2 + j) * 2 + f]; };
  double       strongest = 1e-12;
  for (size_t i = 0; i < n1; ++i)
    for (size_t j = 0; j < n2; ++j) strongest = std::max(strongest, std::hypot(force(i, j, 0), force(i, j, 1)));

  // strength as shades, at most 60 × 60 of them; arrows of equal length, at
  // most 22 × 22
  std::string  svg;
  const size_t s1 = (n1 + 59) / 60, s2 = (n2 + 59) / 60, a1 = (n1 + 21) / 22, a2 = (n2 + 21) / 22;
  const double w = a.width / double((n1 + s1 - 1) / s1), h = a.height / double((n2 + s2 - 1) / s2);
  for (size_t i = 0; i < n1; i += s1)
    for (size_t j = 0; j < n2; j += s2)
      svg += fmt::format(
          "<rect x='{:.2f}' y='{:.2f}' width='{:.2f}' height='{:.2f}' "
          "fill='{}'/>",
          a.left + w * double(i / s1), a.top + a.height - h * double(j / s2 + 1), w + 0.3, h + 0.3,
          shade(std::log1p(100 * std::hypot(force(i, j, 0), force(i, j, 1)) / strongest) / std::log(101)));
  svg += a.frame(fmt::format("Force between {} and {}", names[0], names[1]), names[0] + ", Hz", names[1] + ", Hz");
  std::string arrows;
  for (size_t i = a1 / 2; i < n1; i += a1)
    for (size_t j = a2 / 2; j < n2; j += a2) {
      const double fx = force(i, j, 0), fy = -force(i, j, 1), size = std::hypot(fx, fy);
      if (!(size > 0)) continue;
      const double l = 0.38 * std::min(w * double(a1) / double(s1), h * double(a2) / double(s2)), ux = fx / size * l,
                   uy = fy / size * l;
      const double x = a.x(land.axes[0][i]), y = a.y(land.axes[1][j]);
      arrows += fmt::format(
          "M{:.1f} {:.1f}L{:.1f} {:.1f}M{:.1f} {:.1f}L{:.1f} "
          "{:.1f}L{:.1f} {:.1f}",
          x - ux, y - uy, x + ux, y + uy, x + 0.2 * ux + 0.55 * uy, y + 0.2 * uy - 0.55 * ux, x + ux, y + uy,
          x + 0.2 * ux - 0.55 * uy, y + 0.2 * uy + 0.55 * ux);
    }
  svg += fmt::format("<path d='{}' fill='none' stroke='#59626e' stroke-width='1'/>\n", arrows);
  std::vector<std::array<double, 2>> way;
  for (const auto& at : land.path) way.push_back({land.axes[0][at[0]], land.axes[1][at[1]]});
  svg += a.line(way, "#d9590b", 2.4);
  for (const bool lasts : {false, true})
    for (const FixedPoint& p : points) {
      const double x = p.rates[focus[0]], y = p.rates[focus[1]];
      if (stable(p) == lasts && x >= a.x0 && x <= a.x1 && y >= a.y0 && y <= a.y1)
        svg += point_mark(a.x(x), a.y(y), lasts);
    }
  return svg + a.border();
}

std::string answer_panel(Axes a, const Landscape& land, const std::vector<FixedPoint>& points, size_t focus,
                         const std::string& name) {
  std::vector<std::array<double, 2>> answer;
  for (size_t i = 0; i < land.axes[0].size(); ++i) answer.push_back({land.axes[0][i], land.axes[0][i] + land.force[i]});
  for (const auto& p : answer) a.y1 = std::max(a.y1, p[1]);
  std::string svg = a.frame("Answer of " + name, name + ", Hz", "its answer, Hz");
  svg += a.line({{a.x0, a.x0}, {a.x1, a.x1}}, "#a2a8b1", 1.4, true) + a.line(answer, "#3358d4", 2.4);
  for (const bool lasts : {false, true})
    for (const FixedPoint& p : points)
      if (stable(p) == lasts && p.rates[focus] >= a.x0 && p.rates[focus] <= a.x1)
        svg += point_mark(a.x(p.rates[focus]), a.y(p.rates[focus]), lasts);
  return svg + a.border();
}

}  // namespace

std::string landscape_picture(const Landscape& land, const std::vector<FixedPoint>& points,
                              const std::vector<size_t>& focus, const std::vector<std::string>& names) {
  const bool two   = focus.size() == 2;
  const auto range = [&](size_t f) {
    return std::array{land.axes[f].front(), std::max(land.axes[f].back(), land.axes[f].front() + 1e-9)};
  };
  const auto  first = range(0), second = two ? range(1) : range(0);
  const Axes  left{70, 44, 380, 300, first[0], first[1], second[0], second[1]};
  std::string svg =
      two ? field_panel(left, land, points, focus, names) : answer_panel(left, land, points, focus[0], names[0]);

  // the potential, from the start of the way
  double low = 0, high = 0, end = 1e-9;
  for (double u : land.potential) low = std::min(low, u), high = std::max(high, u);
  if (!land.displacement.empty()) end = land.displacement.back();
  const double room = std::max(0.06 * (high - low), 1e-9);
  const Axes   right{540, 44, 380, 300, 0, end, low - room, high + room};
  svg += right.frame("Potential along the way", "way, Hz", "potential, Hz²");
  std::vector<std::array<double, 2>> curve;
  for (size_t k = 0; k < land.potential.size(); ++k) curve.push_back({land.displacement[k], land.potential[k]});
  svg += right.line(curve, "#d9590b", 2.4);
  for (const Well& well : wells(land.potential, 0.01)) {
    const double x = right.x(land.displacement[well.at]), y = right.y(well.depth);
    svg += point_mark(x, y, true);
    if (std::isfinite(well.barrier))
      svg += fmt::format(
          "<text x='{:.1f}' y='{:.1f}' text-anchor='middle' class='soft' "
          "paint-order='stroke' stroke='#fff' stroke-width='4'>barrier "
          "{:.3g}</text>\n",
          std::clamp(x, right.left + 40, right.left + right.width - 40), std::max(y - 14, right.top + 14),
          well.barrier);
  }
  return document(960, svg + right.border());
}

std::string branches_picture(const std::string& parameter, const std::vector<Branch>& branches, size_t clusters,
                             double low, double high) {
  double top = 1;
  for (const Branch& b : branches)
    for (const BranchPoint& p : b) top = std::max(top, highest(p.point, clusters));
  const Axes  a{80, 44, 820, 300, low, high, 0, 1.05 * top};
  std::string svg = a.frame("Fixed points", parameter, "highest rate of an E cluster, Hz"), marks;
  for (size_t k = 0; k < branches.size(); ++k) {
    const Branch& b      = branches[k];
    const char*   colour = kColours[k % std::size(kColours)];
    // pieces of equal stability; a fold belongs to both sides
    std::vector<std::array<double, 2>> piece;
    bool                               lasts = true;
    for (const BranchPoint& p : b) {
      const std::array<double, 2> at{p.parameter, highest(p.point, clusters)};
      if (p.fold) {
        piece.push_back(at);
        marks += fmt::format(
            "<circle cx='{:.1f}' cy='{:.1f}' r='4' "
            "fill='#ffffff' stroke='{}' stroke-width='2'/>\n",
            a.x(at[0]), a.y(at[1]), colour);
        continue;
      }
      if (!piece.empty() && stable(p.point) != lasts) {
        const auto last = piece.back();
        svg += a.line(piece, colour, lasts ? 2.4 : 1.4, !lasts);
        piece = {last};
      }
      lasts = stable(p.point);
      piece.push_back(at);
    }
    if (!piece.empty()) svg += a.line(piece, colour, lasts ? 2.4 : 1.4, !lasts);
  }
  return document(940, svg + marks + a.border());
}

std::string points_picture(const std::string& parameter, const std::vector<double>& values,
                           const std::vector<FixedPoints>& found, size_t clusters) {
  double top = 1;
  for (const FixedPoints& at : found)
    for (const FixedPoint& p : at.points) top = std::max(top, highest(p, clusters));
  const double room = 0.02 * (values.back() - values.front());
  const Axes   a{80, 44, 820, 300, values.front() - room, values.back() + room, 0, 1.05 * top};
  std::string  svg = a.frame("Fixed points", parameter, "highest rate of an E cluster, Hz") + a.border();
  for (const bool lasts : {false, true})
    for (size_t k = 0; k < values.size(); ++k)
      for (const FixedPoint& p : found[k].points)
        if (stable(p) == lasts)
          svg += fmt::format(
              "<circle cx='{:.1f}' cy='{:.1f}' r='{}' fill='{}' "
              "stroke='#3358d4' stroke-width='1.3'/>\n",
              a.x(values[k]), a.y(highest(p, clusters)), lasts ? 3.4 : 2.6, lasts ? "#3358d4" : "#ffffff");
  return document(940, svg);
}

std::string rates_in_time_picture(const std::vector<double>& times, const std::vector<double>& rates,
                                  const std::vector<std::string>& names, size_t clusters) {
  const size_t p = names.size(), shown = std::min(clusters, p), every = 1 + times.size() / 800;
  double       top = 1;
  for (size_t t = 0; t < times.size(); ++t)
    for (size_t i = 0; i < shown; ++i) top = std::max(top, rates[t * p + i]);
  const Axes  a{80, 44, 700, 300, 0, std::max(times.back(), 1e-9), 0, 1.05 * top};
  std::string svg = a.frame(shown == p ? "Rates of populations" : "Rates of E clusters", "s", "Hz");
  for (size_t i = 0; i < shown; ++i) {
    std::vector<std::array<double, 2>> curve;
    for (size_t t = 0; t < times.size(); t += every) curve.push_back({times[t], rates[t * p + i]});
    const char* colour = kColours[i % std::size(kColours)];
    svg += a.line(curve, colour, 2);
    if (i < 16)
      svg += fmt::format("<path d='M800 {0:.0f}h18' stroke='{1}' stroke-width='2'/><text x='824' y='{2:.0f}' "
                         "class='soft'>{3}</text>\n",
                         54 + 18.0 * double(i), colour, 58 + 18.0 * double(i), escaped(names[i]));
  }
  return document(940, svg + a.border());
}

}  // namespace dynode
