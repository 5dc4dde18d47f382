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
  if (!r.labels.empty() && r.labels.back() == 2 * k + 2 && std::is_sorted(r.labels.begin(), r.labels.end())) {
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

std::string rates_picture(const Rates& rates, double dt) {
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
  svg += a.frame(fmt::format("Rates of clusters, 0 to {:.0f} Hz", top), "s", "cluster");
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
