#include "dynode/cli/task_plot.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"

namespace dynode::cli {
namespace {

constexpr double  kWidth = 760, kLeft = 96, kRight = 16, kTop = 66, kStrip = 74, kGap = 12, kBetween = 34;
constexpr size_t  kMostTrials = 4, kSearched = 200, kMostLines = 8, kMostPoints = 4000;
const char* const kColours[] = {"#1f6fb2", "#d1495b", "#2a9d6f", "#e09f3e", "#7b5ea7", "#5c6b73", "#b5651d", "#1b998b"};

/// A trial of each label, in the order of labels; without labels the first ones.
std::vector<Trial> shown_trials(const Task& task, uint64_t seed) {
  const auto&        labels = task.entry().labels;
  const size_t       wanted = labels.empty() ? 3 : std::min(labels.size(), kMostTrials);
  const size_t       most   = task.fixed_count() > 0 ? std::min(task.fixed_count(), kSearched) : kSearched;
  std::vector<Trial> shown;
  for (size_t row = 0; row < most && shown.size() < wanted; ++row) {
    Trial      trial = task.trial(seed, 0, row);
    const auto same  = [&](const Trial& other) { return other.label == trial.label; };
    if (labels.empty() || std::ranges::none_of(shown, same)) shown.push_back(std::move(trial));
  }
  std::ranges::stable_sort(shown, {}, &Trial::label);
  return shown;
}

struct Range {
  double low = 0, high = 1;
  void   take(const std::vector<double>& values) {
      for (const double v : values)
      if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  }
};

/// Values [steps][lines] as steps of a staircase between y and y + kStrip.
std::string strip(double y, const char* name, const std::vector<double>& values, size_t steps, size_t lines,
                  Range range) {
  const double inner = kWidth - kLeft - kRight, margin = 6, tall = kStrip - 2 * margin;
  const auto   at_x = [&](double t) { return kLeft + inner * t / double(steps); };
  const auto   at_y = [&](double v) { return y + margin + tall * (range.high - v) / (range.high - range.low); };
  std::string  svg  = fmt::format(
        "<rect x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}' fill='none' stroke='#ccd3d8'/>\n"
          "<text x='{:.1f}' y='{:.1f}' text-anchor='end'>{}</text>\n",
        kLeft, y, inner, kStrip, kLeft - 10, y + kStrip / 2 + 4, name);
  for (const double v : {range.low, range.high})
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='end' class='tick'>{:.3g}</text>\n", kLeft - 10,
                       at_y(v) + (v == range.high ? 6 : 2), v);
  const size_t stride = std::max<size_t>(1, steps / kMostPoints);
  for (size_t k = 0; k < std::min(lines, kMostLines); ++k) {
    std::string path;
    for (size_t t = 0; t < steps; t += stride) {
      const double v = std::isfinite(values[t * lines + k]) ? values[t * lines + k] : 0;
      path += fmt::format("{}{:.1f} {:.1f}H{:.1f}", t == 0 ? "M" : "L", at_x(double(t)), at_y(v),
                          at_x(double(std::min(t + stride, steps))));
    }
    svg += fmt::format("<path d='{}' fill='none' stroke='{}' stroke-width='1.6' opacity='0.9'/>\n", path, kColours[k]);
  }
  if (lines > 1) {  // which colour is which
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='end' class='tick'>", kLeft - 10, y + kStrip / 2 + 18);
    for (size_t k = 0; k < std::min(lines, kMostLines); ++k)
      svg += fmt::format("<tspan fill='{}' dx='3'>{}</tspan>", kColours[k], k);
    svg += "</text>\n";
  }
  if (lines > kMostLines)
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' text-anchor='end' class='tick'>and {} more</text>\n",
                       kWidth - kRight - 4, y + 12, lines - kMostLines);
  return svg;
}

/// Runs of steps that satisfy `is`, as rectangles.
template <class Is>
std::string bands(double y, double height, size_t steps, const char* colour, Is is) {
  const double inner = kWidth - kLeft - kRight;
  std::string  svg;
  for (size_t t = 0; t < steps; ++t) {
    if (!is(t)) continue;
    const size_t begin = t;
    while (t < steps && is(t)) ++t;
    svg += fmt::format("<rect x='{:.1f}' y='{:.1f}' width='{:.1f}' height='{:.1f}' fill='{}'/>\n",
                       kLeft + inner * double(begin) / double(steps), y, inner * double(t - begin) / double(steps),
                       height, colour);
  }
  return svg;
}

}  // namespace

std::string task_picture(const Task& task, uint64_t seed) {
  const TaskEntry&         entry  = task.entry();
  const TaskShape&         shape  = task.shape();
  const std::vector<Trial> trials = shown_trials(task, seed);
  Range                    inputs, targets;
  for (const Trial& trial : trials) inputs.take(trial.input), targets.take(trial.target);

  const double each = 2 * kStrip + kGap + kBetween, height = kTop + each * double(trials.size()) + 14;
  std::string  svg = fmt::format(
       "<svg xmlns='http://www.w3.org/2000/svg' width='{0:.0f}' height='{1:.0f}' viewBox='0 0 {0:.0f} {1:.0f}' "
        "font-family='system-ui,sans-serif' font-size='13' fill='#2b3338'>\n"
        "<style>.tick{{font-size:10px;fill:#7a868d}}</style>\n<rect width='100%' height='100%' fill='white'/>\n"
        "<text x='16' y='26' font-size='17' font-weight='600'>{2}</text>\n<text x='16' y='46'>{3}</text>\n",
       kWidth, height, entry.name, entry.summary);
  double y = kTop;
  for (const Trial& trial : trials) {
    const bool        named    = trial.label >= 0 && size_t(trial.label) < entry.labels.size();
    const std::string title    = named ? entry.labels[size_t(trial.label)] : "a trial";
    const auto        left_out = [&](size_t t) { return trial.mask[t] == 0; };
    const auto answer = [&](size_t t) { return !entry.one_answer && t >= shape.answer_begin && t < shape.answer_end; };
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' font-weight='600'>{}</text>\n", kLeft, y + 14, title);
    y += 22;
    svg += bands(y + kStrip + kGap, kStrip, shape.steps, "#eef6ee", answer);
    svg += bands(y, 2 * kStrip + kGap, shape.steps, "#eceff1", left_out);
    svg += strip(y, shape.inputs == 1 ? "input" : "inputs", trial.input, shape.steps, shape.inputs, inputs);
    svg += strip(y + kStrip + kGap, shape.outputs == 1 ? "target" : "targets", trial.target, shape.steps, shape.outputs,
                 targets);
    y += each - 22;
  }
  svg += fmt::format(
      "<text x='{:.1f}' y='{:.1f}' class='tick'>step 0</text><text x='{:.1f}' y='{:.1f}' text-anchor='end' "
      "class='tick'>"
      "step {} · green: where the answer is read · grey: steps that do not count</text>\n</svg>\n",
      kLeft, height - 6, kWidth - kRight, height - 6, shape.steps);
  return svg;
}

}  // namespace dynode::cli
