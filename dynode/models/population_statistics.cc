#include "dynode/models/population_statistics.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <numeric>

#include "dynode/models/picture-internal.h"
#include "dynode/spiking/statistics.h"

namespace dynode {

using namespace picture;
using namespace spiking;

namespace {

constexpr double      kNone     = std::numeric_limits<double>::quiet_NaN();
constexpr const char* kPair[]   = {"#3358d4", "#d9590b"};  // neighbours, mostly excitatory and inhibitory
constexpr size_t      kMostDots = 60'000;

double mean_of(const std::vector<double>& x) {
  return x.empty() ? kNone : std::accumulate(x.begin(), x.end(), 0.0) / double(x.size());
}

/// Neurons of each label, labels ascending.
std::vector<std::pair<int32_t, std::vector<size_t>>> members_of(const Recording& r) {
  std::vector<std::pair<int32_t, std::vector<size_t>>> found;
  std::vector<int32_t>                                 labels = r.labels;
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  for (int32_t label : labels) found.emplace_back(label, std::vector<size_t>{});
  for (size_t i = 0; i < r.labels.size(); ++i)
    found[size_t(std::lower_bound(labels.begin(), labels.end(), r.labels[i]) - labels.begin())].second.push_back(i);
  return found;
}

/// Value below which a share of the sorted numbers lies.
double quantile(const std::vector<double>& sorted, double share) {
  const double at    = share * double(sorted.size() - 1);
  const size_t below = size_t(at), above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - double(below)) * (sorted[above] - sorted[below]);
}

struct Box {
  double low, first, middle, third, high, mean;
};
Box box_of(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  return {quantile(x, 0.05), quantile(x, 0.25), quantile(x, 0.5), quantile(x, 0.75), quantile(x, 0.95), mean_of(x)};
}

}  // namespace

std::vector<PopulationStatistics> population_statistics(const std::vector<SpikingRun>& runs,
                                                        const PopulationSettings&      s) {
  std::vector<PopulationStatistics> all;
  std::vector<std::vector<double>>  means, fano;  // [population][runs], [population][units that fire]
  for (const SpikingRun& run : runs) {
    const Recording& r = run.recording;
    const auto       members = members_of(r);
    if (all.empty())
      for (const auto& [label, neurons] : members) {
        const size_t k = size_t(label - 1);
        all.push_back({.name  = label > 0 && k < run.names.size() ? run.names[k] : fmt::format("population {}", label),
                       .units = neurons.size()});
        means.emplace_back(), fano.emplace_back();
      }
    if (members.size() != all.size())
      throw SpecError({.path = "clusters"}, fmt::format("runs of {} and of {} populations", all.size(), members.size()));
    const auto rates = neuron_rates(r), cv = interval_variation(r, 0, s.least_intervals);
    const auto variances = whole_steps(0.1, r.dt) > 0 ? fano_factors(r) : std::vector<double>(r.labels.size(), kNone);
    for (size_t p = 0; p < all.size(); ++p) {
      double              sum = 0;
      std::vector<size_t> fired;
      for (size_t i : members[p].second) {
        all[p].rates.push_back(rates[i]), sum += rates[i];
        if (rates[i] > 0) fired.push_back(i);
        if (!std::isnan(cv[i])) all[p].cvs.push_back(cv[i]);
        if (!std::isnan(variances[i])) fano[p].push_back(variances[i]);
      }
      means[p].push_back(sum / double(members[p].second.size()));
      std::vector<size_t> some;
      const size_t        count = std::min(fired.size(), s.correlated);
      for (size_t k = 0; k < count; ++k) some.push_back(fired[k * fired.size() / count]);
      if (whole_steps(s.window, r.dt) < 1) continue;  // steps longer than the window
      const auto pairs = pairwise_correlations(r, some, s.window);
      all[p].correlations.insert(all[p].correlations.end(), pairs.begin(), pairs.end());
    }
  }
  for (size_t p = 0; p < all.size(); ++p) {
    PopulationStatistics& x = all[p];
    x.rate = mean_of(means[p]), x.cv_isi = mean_of(x.cvs), x.correlation = mean_of(x.correlations);
    x.fano = mean_of(fano[p]);
    double square = 0;
    for (double m : means[p]) square += (m - x.rate) * (m - x.rate);
    x.rate_deviation = means[p].size() > 1 ? std::sqrt(square / double(means[p].size() - 1)) : kNone;
  }
  return all;
}

std::string table_of(const std::vector<PopulationStatistics>& populations) {
  const auto  number = [](double x) { return std::isnan(x) ? std::string() : fmt::format("{:.6g}", x); };
  std::string text   = "population,units,rate_hz,rate_sd_hz,cv_isi,correlation,fano\n";
  for (const PopulationStatistics& p : populations) {
    std::string name = p.name;
    for (size_t k = 0; (k = name.find('"', k)) != name.npos; k += 2) name.insert(k, "\"");
    text += fmt::format("\"{}\",{},{},{},{},{},{}\n", name, p.units, number(p.rate), number(p.rate_deviation),
                        number(p.cv_isi), number(p.correlation), number(p.fano));
  }
  return text;
}

std::string population_raster_picture(const SpikingRun& run) {
  const Recording& r       = run.recording;
  const auto       members = members_of(r);
  const double     all     = r.dt * double(r.steps);
  const double     seconds = r.step.size() > kMostDots ? std::min(all, 0.5) : all, n = double(r.labels.size());
  size_t           drawn   = 0;
  while (drawn < r.step.size() && r.dt * r.step[drawn] < seconds) ++drawn;
  const size_t stride = 1 + drawn / kMostDots;
  const Axes   a{120, 44, 800, 300, 0, std::max(seconds, 1e-9), n, 0};  // first units on top
  std::string  svg;
  double       word = 0;
  for (size_t p = 0; p < members.size(); ++p) {
    const double top = double(members[p].second.front()), end = double(members[p].second.back() + 1);
    const size_t k   = size_t(members[p].first - 1);
    if (p % 2)
      svg += fmt::format("<rect x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}' fill='#f4f4f1'/>\n", a.left,
                         a.y(top), a.width, a.y(end) - a.y(top));
    word = std::max(a.y((top + end) / 2) + 4, word + 12);  // words of small populations do not touch
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='end' class='soft'>{}</text>\n", a.left - 8, word,
                       escaped(k < run.names.size() ? run.names[k] : std::to_string(members[p].first)));
  }
  svg += fmt::format("<text x='{:.1f}' y='30' class='title'>{} spikes</text>\n", a.left, drawn);
  if (stride > 1)
    svg += fmt::format("<text x='{:.1f}' y='30' text-anchor='end' class='soft'>one of {} units drawn</text>\n",
                       a.left + a.width, stride);
  for (double step = tick_distance(seconds), t = 0; t <= seconds * (1 + 1e-9); t += step)
    svg += fmt::format("<path d='M{0:.1f} {1:.1f}v5' stroke='#c9cac6'/><text x='{0:.1f}' y='{2:.1f}' "
                       "text-anchor='middle' class='soft'>{3:g}</text>\n",
                       a.x(t), a.top + a.height, a.top + a.height + 19, t);
  svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle'>s</text>\n", a.left + a.width / 2,
                     a.top + a.height + 38);
  std::vector<uint8_t> of(r.labels.size());
  for (size_t p = 0; p < members.size(); ++p)
    for (size_t i : members[p].second) of[i] = uint8_t(p % 2);
  std::string dots[2];
  for (size_t k = 0; k < drawn; ++k)
    if (r.neuron[k] % stride == 0)
      dots[of[r.neuron[k]]] += fmt::format("M{:.1f} {:.1f}h1", a.x(r.dt * r.step[k]), a.y(r.neuron[k] + 0.5));
  for (size_t c = 0; c < 2; ++c)
    svg += fmt::format("<path d='{}' stroke='{}' stroke-width='1'/>\n", dots[c], kPair[c]);
  return document(940, svg + a.border());
}

std::string population_boxes_picture(const std::vector<PopulationStatistics>& populations) {
  struct Panel {
    const char*                                      title;
    std::vector<double> PopulationStatistics::*      values;
  };
  const Panel  panels[] = {{"Rate, Hz", &PopulationStatistics::rates},
                           {"CV of intervals", &PopulationStatistics::cvs},
                           {"Correlation of pairs", &PopulationStatistics::correlations}};
  const double width = 250, gap = 62, rows = double(std::max<size_t>(populations.size(), 1));
  std::string  svg;
  for (size_t k = 0; k < 3; ++k) {
    std::vector<std::pair<size_t, Box>> boxes;
    double                              low = 0, high = 1e-9;
    for (size_t p = 0; p < populations.size(); ++p)
      if (const auto& x = populations[p].*panels[k].values; !x.empty()) {
        boxes.emplace_back(p, box_of(x));
        low = std::min(low, boxes.back().second.low), high = std::max({high, boxes.back().second.high, boxes.back().second.mean});
      }
    const double margin = 0.05 * (high - low);
    const Axes   a{120 + double(k) * (width + gap), 44, width, 300, low < 0 ? low - margin : 0, high + margin, rows, 0};
    svg += fmt::format("<text x='{:.1f}' y='30' class='title'>{}</text>\n", a.left, panels[k].title);
    for (double step = tick_distance(a.x1 - a.x0), t = std::ceil(a.x0 / step) * step; t <= a.x1; t += step)
      svg += fmt::format("<path d='M{0:.1f} {1:.1f}v{2:.1f}' stroke='#e3e3df'/><text x='{0:.1f}' y='{3:.1f}' "
                         "text-anchor='middle' class='soft'>{4:g}</text>\n",
                         a.x(t), a.top, a.height, a.top + a.height + 17, std::abs(t) < 1e-9 * step ? 0 : t);
    if (k == 0)
      for (size_t p = 0; p < populations.size(); ++p)
        svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='end' class='soft'>{}</text>\n", a.left - 8,
                           a.y(double(p) + 0.5) + 4, escaped(populations[p].name));
    const double half = std::min(11.0, 0.32 * a.height / rows);
    for (const auto& [p, b] : boxes) {
      const double      y      = a.y(double(p) + 0.5);
      const char* const colour = kPair[p % 2];
      svg += fmt::format(
          "<path d='M{0:.1f} {5:.1f}H{1:.1f}M{3:.1f} {5:.1f}H{4:.1f}M{0:.1f} {6:.1f}V{7:.1f}M{4:.1f} {6:.1f}V{7:.1f}' "
          "stroke='{8}' fill='none'/><rect x='{1:.1f}' y='{9:.1f}' width='{10:.1f}' height='{11:.1f}' fill='{8}' "
          "fill-opacity='0.18' stroke='{8}'/><path d='M{2:.1f} {9:.1f}v{11:.1f}' stroke='{8}' stroke-width='2'/>"
          "<circle cx='{12:.1f}' cy='{5:.1f}' r='3' fill='{8}'/>\n",
          a.x(b.low), a.x(b.first), a.x(b.middle), a.x(b.third), a.x(b.high), y, y - half / 2, y + half / 2, colour,
          y - half, a.x(b.third) - a.x(b.first), 2 * half, a.x(b.mean));
    }
    svg += a.border();
  }
  return document(1080, svg);
}

}  // namespace dynode
