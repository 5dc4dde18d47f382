#include "dynode/models/spiking_pictures.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "dynode/models/picture-internal.h"

namespace dynode {

using namespace picture;
using namespace spiking;

std::string raster_picture(const SpikingRun& run) {
  constexpr size_t kMostSpikes = 60'000;
  const Recording& r           = run.recording;
  const double     n = double(r.labels.size()), seconds = r.dt * double(r.steps);
  const Axes       a{80, 44, 840, 300, 0, std::max(seconds, 1e-9), 0, std::max(n, 1.0)};
  std::string      svg;
  // bands: clusters and background of each type
  const char* const bands[] = {"#d9ecfb", "#cfd8f7", "#fbdcd3", "#f6c3c3"};
  const auto        end_of  = [&](int32_t label) {
    return double(std::upper_bound(r.labels.begin(), r.labels.end(), label) - r.labels.begin());
  };
  const auto k = int32_t(run.clusters);
  if (run.clustered() && std::is_sorted(r.labels.begin(), r.labels.end())) {
    const double edges[] = {0, end_of(k), end_of(k + 1), end_of(2 * k + 1), n};
    for (size_t b = 0; b < 4; ++b)
      svg += fmt::format(
          "<rect x='{:.1f}' y='{:.1f}' width='{:.1f}' "
          "height='{:.1f}' fill='{}'/>\n",
          a.left, a.y(edges[b + 1]), a.width, a.y(edges[b]) - a.y(edges[b + 1]), bands[b]);
  }
  svg += a.frame(fmt::format("{} spikes", r.step.size()), "s", "neuron");
  std::string  dots;
  const size_t stride = 1 + r.step.size() / kMostSpikes;
  for (size_t i = 0; i < r.step.size(); i += stride)
    dots += fmt::format("M{:.1f} {:.1f}h1", a.x(r.dt * r.step[i]), a.y(r.neuron[i] + 0.5));
  svg += fmt::format("<path d='{}' stroke='#1b1e23' stroke-width='1'/>\n", dots);
  if (stride > 1)
    svg += fmt::format(
        "<text x='{:.1f}' y='30' text-anchor='end' "
        "class='soft'>one of {} drawn</text>\n",
        a.left + a.width, stride);
  return document(940, svg + a.border());
}

std::string rates_picture(const Rates& rates, double dt, const char* group) {
  const double seconds = dt * double(rates.columns), rows = double(std::max<size_t>(rates.rows, 1));
  const Axes   a{80, 44, 840, 300, 0, std::max(seconds, 1e-9), 0, rows};
  double       top = 1e-9;
  for (double x : rates.values) top = std::max(top, x);
  const size_t pieces = std::clamp<size_t>(rates.columns, 1, 420);
  const double w = a.width / double(pieces), h = a.height / rows;
  std::string  svg;
  for (size_t c = 0; c < rates.rows; ++c)
    for (size_t k = 0; k < pieces; ++k) {
      const size_t from = k * rates.columns / pieces, to = std::max(from + 1, (k + 1) * rates.columns / pieces);
      double       sum = 0;
      for (size_t t = from; t < std::min(to, rates.columns); ++t) sum += rates(c, t);
      const double share = sum / double(to - from) / top;
      const auto mix = [&](double x, double y) { return int(std::lround(x + (y - x) * std::clamp(share, 0.0, 1.0))); };
      svg += fmt::format(
          "<rect x='{:.1f}' y='{:.1f}' width='{:.2f}' "
          "height='{:.2f}' fill='#{:02x}{:02x}{:02x}'/>",
          a.left + w * double(k), a.y(double(c + 1)), w + 0.2, h + 0.2, mix(250, 20), mix(251, 40), mix(255, 140));
    }
  svg += a.frame(fmt::format("Rates of {}s, 0 to {:.0f} Hz", group, top), "s", group);
  return document(940, svg + a.border());
}

std::string transitions_picture(const AttractorAnalysis& analysis) {
  auto rows = analysis.per_attractor();
  std::stable_sort(rows.begin(), rows.end(),
                   [](const PerAttractor& x, const PerAttractor& y) { return x.occurrences > y.occurrences; });
  Transitions some;
  for (size_t k = 0; k < std::min<size_t>(rows.size(), 40); ++k) some.attractors.push_back(rows[k].attractor);
  some              = analysis.lexicographic(analysis.aligned(analysis.transitions(), some.attractors));
  const size_t n    = some.attractors.size();
  const double size = 300 / double(std::max<size_t>(n, 1)), left = 180, top = 44;
  std::string  svg =
      fmt::format("<text x='{:g}' y='{:g}' class='title'>From (rows) to (columns)</text>\n", left, top - 14);
  const double letter = std::min(12.0, size + 1);
  for (size_t i = 0; i < n; ++i) {
    svg += fmt::format(
        "<text x='{:.1f}' y='{:.1f}' text-anchor='end' "
        "style='font-size:{:.1f}px'>{}</text>\n",
        left - 6, top + size * (double(i) + 0.5) + letter / 3, letter,
        to_text(analysis.record().attractors[some.attractors[i]]));
    for (size_t j = 0; j < n; ++j) {
      // as the logarithm, from 10⁻³ to 1
      const double share = std::clamp(1 + std::log10(some.matrix[i * n + j] + 1e-6) / 3, 0.0, 1.0);
      const auto   mix   = [&](double x, double y) { return int(std::lround(x + (y - x) * share)); };
      svg += fmt::format(
          "<rect x='{:.1f}' y='{:.1f}' width='{:.2f}' "
          "height='{:.2f}' fill='#{:02x}{:02x}{:02x}'/>",
          left + size * double(j), top + size * double(i), size, size, mix(250, 217), mix(250, 89), mix(248, 11));
    }
  }
  svg += fmt::format(
      "<rect x='{:g}' y='{:g}' width='300' height='300' "
      "fill='none' stroke='#c9cac6'/>\n",
      left, top);
  svg += "<text x='520' y='60' class='soft'>Probability</text>\n";
  for (int k = 0; k <= 3; ++k) {
    const double share = 1 - k / 3.0;
    const auto   mix   = [&](double x, double y) { return int(std::lround(x + (y - x) * share)); };
    svg += fmt::format(
        "<rect x='520' y='{0}' width='18' height='18' "
        "fill='#{1:02x}{2:02x}{3:02x}' stroke='#c9cac6'/><text "
        "x='546' y='{4}' class='soft'>{5:g}</text>\n",
        72 + 22 * k, mix(250, 217), mix(250, 89), mix(248, 11), 86 + 22 * k, std::pow(10, -k));
  }
  return document(640, svg);
}

namespace {

/// Names of the values below their places.
std::string value_names(const Axes& a, const std::string& parameter, const std::vector<SweepPoint>& points) {
  std::string  svg;
  const size_t every = 1 + points.size() / 12;
  for (size_t k = 0; k < points.size(); k += every)
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle' class='soft'>{}</text>\n", a.x(double(k) + 0.5),
                       a.top + a.height + 17, escaped(points[k].value));
  return svg + fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>{}</text>\n", a.left + a.width / 2,
                           a.top + a.height + 38, escaped(parameter));
}

/// A frame whose horizontal axis has places instead of numbers.
std::string places_frame(const Axes& a, const std::string& title) {
  std::string svg = fmt::format("<text x='{:.1f}' y='{:.1f}' class='title'>{}</text>\n", a.left, a.top - 14, escaped(title));
  for (double step = tick_distance(a.y1 - a.y0), v = 0; v <= a.y1 * (1 + 1e-9); v += step)
    svg += fmt::format("<path d='M{0:.1f} {1:.1f}h{2:.1f}' stroke='#e3e3df'/><text x='{3:.1f}' y='{4:.1f}' "
                       "text-anchor='end' class='soft'>{5:g}</text>\n",
                       a.left, a.y(v), a.width, a.left - 7, a.y(v) + 4, v);
  return svg;
}

}  // namespace

std::string sweep_picture(const std::string& parameter, const std::vector<SweepPoint>& points) {
  const double n = double(points.size());
  std::string  svg;
  for (size_t k = 0; k < 2; ++k) {
    double top = 1e-9;
    for (const SweepPoint& p : points) top = std::max(top, k == 0 ? double(p.states) : p.life_span);
    const Axes                         a{70 + 440.0 * double(k), 44, 360, 300, 0, n, 0, 1.08 * top};
    std::vector<std::array<double, 2>> curve;
    std::string                        dots;
    for (size_t i = 0; i < points.size(); ++i) {
      const double y = k == 0 ? double(points[i].states) : points[i].life_span;
      curve.push_back({double(i) + 0.5, y});
      dots += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='3.5' fill='{}'/>\n", a.x(double(i) + 0.5), a.y(y), kColours[k]);
    }
    svg += places_frame(a, k == 0 ? "Attractors" : "Mean life span, ms") + a.line(curve, kColours[k], 2) + dots +
           value_names(a, parameter, points) + a.border();
  }
  return document(900, svg);
}

std::string durations_picture(const std::string& parameter, const std::vector<SweepPoint>& points) {
  double top = 1e-9;
  const auto at = [](const std::vector<double>& sorted, double share) {
    return sorted[size_t(std::lround(share * double(sorted.size() - 1)))];
  };
  std::vector<std::vector<double>> sorted;
  for (const SweepPoint& p : points) {
    sorted.push_back(p.durations);
    std::sort(sorted.back().begin(), sorted.back().end());
    if (!sorted.back().empty()) top = std::max(top, at(sorted.back(), 0.95));
  }
  const Axes   a{70, 44, 800, 300, 0, double(points.size()), 0, 1.05 * top};
  const double half = std::min(18.0, 0.3 * a.width / double(points.size()));
  std::string  svg  = places_frame(a, "Durations, ms");
  for (size_t k = 0; k < points.size(); ++k) {
    const auto& x = sorted[k];
    if (x.empty()) continue;
    const double c = a.x(double(k) + 0.5), q1 = a.y(at(x, 0.25)), q3 = a.y(at(x, 0.75));
    svg += fmt::format("<path d='M{0:.1f} {1:.1f}V{2:.1f}M{0:.1f} {3:.1f}V{4:.1f}' stroke='#3358d4'/>"
                       "<rect x='{5:.1f}' y='{3:.1f}' width='{6:.1f}' height='{7:.1f}' fill='#3358d4' fill-opacity='0.18' "
                       "stroke='#3358d4'/><path d='M{5:.1f} {8:.1f}h{6:.1f}' stroke='#3358d4' stroke-width='2'/>\n",
                       c, a.y(at(x, 0.05)), q1, q3, a.y(at(x, 0.95)), c - half, 2 * half, q1 - q3, a.y(at(x, 0.5)));
  }
  return document(940, svg + value_names(a, parameter, points) + a.border());
}

std::string discovery_picture(const AttractorAnalysis& analysis) {
  const TimeEvolution                e   = analysis.time_evolution();
  const double                       end = std::max(analysis.record().total_seconds(), 1e-9);
  double                             top = 1;
  std::vector<std::array<double, 2>> curve{{0, 0}};
  for (size_t k = 0; k < e.time_ms.size(); ++k) {
    curve.push_back({e.time_ms[k] / 1e3, double(e.unique_attractors_count[k])});
    top = std::max(top, curve.back()[1]);
  }
  const Axes a{80, 44, 540, 300, 0, end, 0, 1.05 * top};
  return document(640,
                  a.frame("Attractors seen so far", "s", "attractors") + a.line(curve, "#3358d4", 2.4) + a.border());
}

}  // namespace dynode
