// The page of a search: how scores came down, and what they have to do with each place.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/models/picture-internal.h"
#include "dynode/models/search.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using picture::Axes;
using picture::kColours;

constexpr double kSheet = 560, kLeft = 84, kTop = 28, kWidth = 440, kTall = 306;

/// From the best score to the worst of the better nine tenths, so that a few wild trials leave room for the others.
std::array<double, 2> score_range(const SearchResult& result) {
  std::vector<double> scores;
  for (const SearchTrial& t : result.trials)
    if (t.state != TrialState::failed) scores.push_back(t.score);
  if (scores.empty()) return {0, 1};
  std::ranges::sort(scores);
  if (result.larger) std::ranges::reverse(scores);
  const double best = scores.front(), worst = scores[(scores.size() - 1) * 9 / 10];
  const double room = std::max(0.08 * std::abs(worst - best), 1e-9 * std::max(1.0, std::abs(best)));
  return {std::min(best, worst) - room, std::max(best, worst) + room};
}

struct ScorePoint {
  double             x;
  const SearchTrial* trial;
};

std::string score_points(const Axes& axes, const std::vector<ScorePoint>& points, std::optional<int> best) {
  std::string svg;
  for (const ScorePoint& p : points) {
    const double y     = axes.y(std::clamp(p.trial->score, axes.y0, axes.y1));
    const bool   ended = p.trial->state == TrialState::pruned, top = best && p.trial->trial == *best;
    svg += fmt::format("<circle cx='{:.1f}' cy='{:.1f}' r='{}' fill='{}' stroke='{}' stroke-width='1.5'><title>trial {}: {:.5g}</title></circle>\n",
                       axes.x(p.x), y, top ? 6 : 4, ended ? "#ffffff" : top ? kColours[1] : kColours[0],
                       top ? kColours[1] : kColours[0], p.trial->trial, p.trial->score);
  }
  return svg;
}

std::string trials_picture(const SearchResult& result, const std::array<double, 2>& range, std::optional<int> best) {
  const Axes axes{kLeft, kTop, kWidth, kTall, 0, double(result.trials.size()) + 1, range[0], range[1]};
  std::vector<ScorePoint>            points;
  std::vector<std::array<double, 2>> so_far;
  for (const SearchTrial& t : result.trials) {
    if (t.state == TrialState::failed) continue;
    points.push_back({double(t.trial), &t});
    if (t.state != TrialState::done) continue;
    const double last = so_far.empty() ? t.score : so_far.back()[1];
    const double now  = std::clamp(result.larger ? std::max(last, t.score) : std::min(last, t.score), range[0], range[1]);
    if (!so_far.empty()) so_far.push_back({double(t.trial), so_far.back()[1]});
    so_far.push_back({double(t.trial), now});
  }
  if (!so_far.empty()) so_far.push_back({double(result.trials.size()) + 1, so_far.back()[1]});
  return picture::document(kSheet, axes.frame("", "trial", "validation " + result.metric) + axes.line(so_far, kColours[1], 1.5) +
                                       score_points(axes, points, best) + axes.border());
}

std::string place_picture(const SearchPlace& place, const SearchResult& result, const std::array<double, 2>& range,
                          std::optional<int> best) {
  std::vector<ScorePoint> points;
  double                  low = INFINITY, high = -INFINITY;
  for (const SearchTrial& t : result.trials) {
    if (t.state == TrialState::failed) continue;
    const Value& value = t.values.at(place.name());
    double       x     = 0;
    if (place.is_range()) {
      x   = place.is_log() ? std::log10(value.number()) : value.number();
      low = std::min(low, x), high = std::max(high, x);
    } else {   // side by side where they are many
      x = double(std::ranges::find(place.choices(), value) - place.choices().begin()) + 0.16 * std::sin(2.4 * t.trial);
    }
    points.push_back({x, &t});
  }
  if (!place.is_range()) low = -0.5, high = double(place.choices().size()) - 0.5;
  else if (!(high > low)) low -= 0.5, high += 0.5;
  else if (const double room = 0.05 * (high - low); true) low -= room, high += room;
  const Axes        axes{kLeft, kTop, kWidth, kTall, low, high, range[0], range[1]};
  const std::string shown = "validation " + result.metric;
  std::string       svg;
  if (place.is_range()) {
    svg = axes.frame("", place.is_log() ? "log₁₀ of the value" : "value", shown);
  } else {
    svg = Axes{kLeft, kTop, kWidth, kTall, low, high, range[0], range[1], false}.frame("", "", shown);
    for (size_t i = 0; i < place.choices().size(); ++i) {
      const Value& c = place.choices()[i];
      svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='middle' class='soft'>{}</text>\n", axes.x(double(i)), kTop + kTall + 17,
                         picture::escaped(c.is_text() ? c.text() : to_json(c, false)));
    }
  }
  return picture::document(kSheet, svg + score_points(axes, points, best) + axes.border());
}

}  // namespace

Report search_report(const SearchConfig& config, const SearchResult& result) {
  const auto             found = best_trial(result.trials, result.larger);
  const SearchTrial*     best  = found ? &result.trials[*found] : nullptr;
  const std::optional<int> number = best ? std::optional(best->trial) : std::nullopt;
  const auto             count = [&](TrialState state) { return std::ranges::count(result.trials, state, &SearchTrial::state); };
  Report                 report{.title = config.name, .kind = "search", .metric_name = result.metric, .metric_percent = result.percent};
  std::ranges::replace(report.title, '_', ' ');
  report.summary = fmt::format("{} trials of {}, judged by {} of the validation.", result.trials.size(),
                               std::filesystem::path(config.train).filename().string(), result.metric);
  if (best) {
    report.facts.emplace_back("best trial", std::to_string(best->trial));
    report.facts.emplace_back("its " + result.metric, result.percent ? fmt::format("{:.1f} %", 100 * best->score) : fmt::format("{:.5g}", best->score));
    for (const Value::Entry& e : best->values.entries())
      report.facts.emplace_back(e.key, e.value.is_number() ? fmt::format("{:.5g}", e.value.number())
                                       : e.value.is_text() ? e.value.text() : to_json(e.value, false));
  }
  report.facts.emplace_back("trials", fmt::format("{} done, {} ended early, {} failed", count(TrialState::done),
                                                  count(TrialState::pruned), count(TrialState::failed)));
  report.facts.emplace_back("sampler", EnumNames<Sampler>::names[size_t(config.sampler)].second);
  report.facts.emplace_back("seed", std::to_string(config.seed));
  const auto range = score_range(result);
  report.figures.push_back({"Trials", trials_picture(result, range, number),
                            "Circles: trials, open ones were ended early. Large: the best one. Line: the best so far. Scores far from it lie on the edge."});
  for (const SearchPlace& place : search_places(config))
    report.figures.push_back({place.name(), place_picture(place, result, range, number), ""});
  report.config_yaml = to_yaml(write(config));
  return report;
}

}  // namespace dynode
