// The report page: checks the numbers, packs them as JSON, and fills the template of dynode/data/report.
#include "dynode/models/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cctype>
#include <cmath>
#include <concepts>
#include <map>
#include <set>
#include <string_view>

#include "dynode/base/error.h"
#include "dynode/models/assets.h"

namespace dynode {
namespace {

constexpr size_t kCurveRecords     = 2000;     // of one split; more are averaged in groups
constexpr size_t kTrajectoryValues = 300'000;  // of all examples together; about 2.7 bytes each

// ── text ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Length of the UTF-8 character at the start of `text`, 0 if there is none.
size_t character_length(std::string_view text) {
  const auto byte     = [&](size_t i) { return i < text.size() ? uint8_t(text[i]) : 0; };
  const auto trailing = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const int  a = byte(0), b = byte(1);
  if (a < 0x80) return 1;
  if (a >= 0xC2 && a <= 0xDF) return trailing(1) ? 2 : 0;
  if (a >= 0xE0 && a <= 0xEF)
    return trailing(1) && trailing(2) && !(a == 0xE0 && b < 0xA0) && !(a == 0xED && b > 0x9F) ? 3 : 0;
  if (a >= 0xF0 && a <= 0xF4)
    return trailing(1) && trailing(2) && trailing(3) && !(a == 0xF0 && b < 0x90) && !(a == 0xF4 && b > 0x8F) ? 4 : 0;
  return 0;
}

/// Calls put(character) for every character; bytes that are not UTF-8 become U+FFFD.
template <class Put>
void for_each_character(std::string_view text, Put put) {
  while (!text.empty()) {
    const size_t length = character_length(text);
    put(length ? text.substr(0, length) : std::string_view("\xEF\xBF\xBD"));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
}

/// Text for element content and quoted attributes.
std::string html(std::string_view text) {
  std::string out;
  for_each_character(text, [&](std::string_view c) {
    if (c == "&") out += "&amp;";
    else if (c == "<") out += "&lt;";
    else if (c == ">") out += "&gt;";
    else if (c == "\"") out += "&quot;";
    else if (c == "'") out += "&#39;";
    else if (c[0] == '\0') out += "\xEF\xBF\xBD";
    else out += c;
  });
  return out;
}

/// A JSON string that may stand inside a <script> element.
std::string json(std::string_view text) {
  std::string out = "\"";
  for_each_character(text, [&](std::string_view c) {
    if (c == "\"" || c == "\\") (out += '\\') += c;
    else if (c.size() == 1 && (uint8_t(c[0]) < 0x20 || c == "<" || c == ">" || c == "&"))
      out += fmt::format("\\u{:04x}", c[0]);
    else out += c;
  });
  return out + '"';
}
std::string json(const std::string& text) { return json(std::string_view(text)); }
std::string json(double x) { return std::isfinite(x) ? fmt::format("{:.6g}", x) : "null"; }
template <std::integral T>
std::string json(T n) {
  if constexpr (std::same_as<T, bool>) return n ? "true" : "false";
  else return fmt::format("{}", n);
}

template <class Items, class Text>
std::string json_list(const Items& items, Text text) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += text(item);
  }
  return out + ']';
}
template <class Items>
std::string json_list(const Items& items) {
  return json_list(items, [](const auto& item) { return json(item); });
}
std::string json_pairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
  return json_list(pairs, [](const auto& p) { return fmt::format("[{},{}]", json(p.first), json(p.second)); });
}

std::string json_columns(const std::map<std::string, std::vector<double>>& columns) {
  std::string out = "{";
  for (const auto& [name, values] : columns)
    out += fmt::format("{}{}:{}", out.size() > 1 ? "," : "", json(name), json_list(values));
  return out + '}';
}

std::string base64(const std::vector<uint8_t>& bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string    out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t   here  = std::min<size_t>(3, bytes.size() - i);
    const uint32_t three = bytes[i] << 16 | (here > 1 ? bytes[i + 1] << 8 : 0) | (here > 2 ? bytes[i + 2] : 0);
    for (size_t k = 0; k < 4; ++k) out += k <= here ? digits[three >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

// ── checks ──────────────────────────────────────────────────────────────────────────────────────────────────────────

int64_t class_count(const Report& report) {
  return report.class_names.empty() ? std::llround(std::sqrt(double(report.confusion.size())))
                                    : int64_t(report.class_names.size());
}

void check_size(std::string_view name, const std::vector<int64_t>& shape, size_t got) {
  size_t size = 1;
  for (int64_t extent : shape) {
    if (extent < 0 || (extent > 0 && size > (size_t(1) << 48) / size_t(extent)))
      throw ShapeError(name, shape, {int64_t(got)}, "extents must be sensible counts");
    size *= size_t(extent);
  }
  if (size != got) throw ShapeError(name, shape, {int64_t(got)});
}

void check(const Report& report) {
  const int64_t classes = class_count(report);
  if (!report.confusion.empty()) check_size("confusion", {classes, classes}, report.confusion.size());

  const auto layer_count = int(report.layers.size());
  for (const ReportConnection& c : report.connections)
    for (int end : {c.from, c.to})
      if (end < 0 || end >= layer_count)
        throw SpecError({},
                        fmt::format("connection '{}' of the report has its end at layer {}, but there are {} layers",
                                    c.name, end, layer_count),
                        "ends are positions in the list of layers, counted from 0");

  for (const ReportHistogram& h : report.histograms) {
    if (!(h.low < h.high) || !std::isfinite(h.high - h.low))
      throw SpecError({}, fmt::format("histogram '{}' goes from {} to {}", h.name, h.low, h.high),
                      "low must be below high, both finite");
    if (!h.initial_counts.empty())
      check_size("initial counts of " + h.name, {int64_t(h.counts.size())}, h.initial_counts.size());
  }

  for (const ReportExample& e : report.examples) {
    for (int64_t k : {e.label, e.prediction})
      if (k < -1 || (classes > 0 && k >= classes))
        throw SpecError({}, fmt::format("example '{}' has class {}, but there are {} classes", e.title, k, classes),
                        "classes count from 0; -1 means none");
    if (!e.probabilities.empty() && classes > 0)
      check_size("probabilities of " + e.title, {classes}, e.probabilities.size());
    if (!e.image.empty()) check_size("image of " + e.title, {e.image_rows, e.image_columns}, e.image.size());
    if (!e.outputs.empty()) check_size("targets of " + e.title, {int64_t(e.outputs.size())}, e.targets.size());
    for (const auto& t : e.trajectories) check_size("trajectory of " + t.layer, {t.steps, t.units}, t.values.size());
  }

  for (const ReportRaster& r : report.rasters) {
    check_size("units of " + r.title, {int64_t(r.times.size())}, r.spiking.size());
    check_size("output of " + r.title, {int64_t(r.output_times.size())}, r.output.size());
    check_size("rate output of " + r.title, {int64_t(r.output_times.size())}, r.rate_output.size());
  }
  for (const ReportStateSpace& s : report.state_space) {
    for (const ReportStateSpace::Run& r : s.runs)
      check_size("places of a run", {int64_t(r.places.size()) / std::max<int64_t>(1, s.components), s.components}, r.places.size());
    for (const ReportStateSpace::Point& p : s.points) {
      check_size("place of a point", {s.components}, p.place.size());
      check_size("eigenvalues of a point", {int64_t(p.re.size())}, p.im.size());
      if (p.condition < 0 || p.condition >= int64_t(s.conditions.size()))
        throw SpecError({}, fmt::format("a point of the report has condition {} of {}", p.condition, s.conditions.size()));
    }
    for (const ReportStateSpace::Condition& c : s.conditions)
      check_size("Lyapunov exponents", {int64_t(c.lyapunov.size())}, c.deviation.size());
  }
  for (const ReportSweep& s : report.sweeps) {
    if (s.levels.empty()) throw SpecError({}, fmt::format("sweep '{}' of the report has no levels", s.name));
    check_size("mean of " + s.name, {int64_t(s.levels.size())}, s.mean.size());
    check_size("deviation of " + s.name, {int64_t(s.levels.size())}, s.deviation.size());
  }
}

// ── data ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Means of groups of `group` records of the same epoch; values that are not finite do not count.
struct CurveColumns {
  std::vector<int>                           epoch;
  std::vector<int64_t>                       step, records;
  std::vector<double>                        loss, lr, seconds, gradient;
  std::map<std::string, std::vector<double>> metrics, block_norms;
};

using NamedNumbers = std::vector<std::pair<std::string, double>>;

double find_number(const NamedNumbers& numbers, const std::string& name) {
  for (const auto& [key, value] : numbers)
    if (key == name) return value;
  return kNotMeasured;
}

CurveColumns columns_of(const std::vector<const ReportCurvePoint*>& points, size_t group) {
  CurveColumns columns;
  for (const auto* p : points) {
    for (const auto& metric : p->metrics) columns.metrics[metric.first];
    for (const auto& block : p->block_norms) columns.block_norms[block.first];
  }

  for (size_t first = 0, end = 0; first < points.size(); first = end) {
    while (end < points.size() && end - first < group && points[end]->epoch == points[first]->epoch) ++end;
    const auto mean = [&](auto value) {
      double sum = 0;
      size_t n   = 0;
      for (size_t i = first; i < end; ++i)
        if (const double v = value(*points[i]); std::isfinite(v)) sum += v, ++n;
      return n ? sum / double(n) : kNotMeasured;
    };
    columns.epoch.push_back(points[first]->epoch);
    columns.step.push_back(points[end - 1]->step);
    columns.records.push_back(int64_t(end - first));
    columns.loss.push_back(mean([](const ReportCurvePoint& p) { return p.loss; }));
    columns.lr.push_back(mean([](const ReportCurvePoint& p) { return p.lr; }));
    columns.gradient.push_back(mean([](const ReportCurvePoint& p) { return p.gradient_norm; }));
    columns.seconds.push_back(points[end - 1]->seconds);
    for (auto& entry : columns.metrics)
      entry.second.push_back(mean([&](const ReportCurvePoint& p) { return find_number(p.metrics, entry.first); }));
    for (auto& entry : columns.block_norms)
      entry.second.push_back(mean([&](const ReportCurvePoint& p) { return find_number(p.block_norms, entry.first); }));
  }
  return columns;
}

/// Splits in the order of their first record, and how many records a point stands for.
std::pair<std::string, size_t> curve_json(const std::vector<ReportCurvePoint>& curve) {
  std::vector<std::pair<std::string, std::vector<const ReportCurvePoint*>>> splits;
  for (const auto& p : curve) {
    auto split = std::find_if(splits.begin(), splits.end(), [&](const auto& s) { return s.first == p.split; });
    if (split == splits.end()) split = splits.insert(splits.end(), {p.split, {}});
    split->second.push_back(&p);
  }
  size_t group = 1;
  for (const auto& split : splits) group = std::max(group, (split.second.size() + kCurveRecords - 1) / kCurveRecords);

  const auto text = json_list(splits, [&](auto split) {
    std::stable_sort(split.second.begin(), split.second.end(),
                     [](const auto* a, const auto* b) { return a->step < b->step; });
    const CurveColumns c = columns_of(split.second, group);
    return fmt::format(
        R"({{"name":{},"epoch":{},"step":{},"records":{},"loss":{},"lr":{},"seconds":{},"gradient":{},"metrics":{},"block_norms":{}}})",
        json(split.first), json_list(c.epoch), json_list(c.step), json_list(c.records), json_list(c.loss),
        json_list(c.lr), json_list(c.seconds), json_list(c.gradient), json_columns(c.metrics),
        json_columns(c.block_norms));
  });
  return {text, group};
}

/// What is left for each of the large trajectories when the small ones are kept whole.
size_t values_per_trajectory(const Report& report) {
  std::vector<size_t> sizes;
  for (const auto& e : report.examples)
    for (const auto& t : e.trajectories) sizes.push_back(t.values.size());
  std::sort(sizes.begin(), sizes.end());
  size_t left = kTrajectoryValues;
  for (size_t i = 0; i < sizes.size(); ++i) {
    const size_t share = left / (sizes.size() - i);
    if (sizes[i] > share) return share;
    left -= sizes[i];
  }
  return kTrajectoryValues;
}

/// At most `allowed` values, 16 bits each between the smallest and the largest; 65535 stands for what is not finite.
std::string trajectory_json(const ReportExample::Trajectory& t, size_t allowed) {
  const auto kept        = [](int64_t n, int64_t stride) { return (n + stride - 1) / stride; };
  int64_t    step_stride = 1, unit_stride = 1;
  while (kept(t.steps, step_stride) > 1 && size_t(kept(t.steps, step_stride) * kept(t.units, unit_stride)) > allowed) {
    const bool long_enough = kept(t.steps, step_stride) > 200 || kept(t.units, unit_stride) <= 32;
    ++(long_enough ? step_stride : unit_stride);
  }
  std::vector<float> values;
  for (int64_t s = 0; s < t.steps; s += step_stride)
    for (int64_t u = 0; u < t.units; u += unit_stride) values.push_back(t.values[size_t(s * t.units + u)]);

  double low = INFINITY, high = -INFINITY;
  for (float v : values)
    if (std::isfinite(v)) low = std::min<double>(low, v), high = std::max<double>(high, v);
  if (!(low <= high)) low = high = 0;
  std::vector<uint8_t> bytes;
  for (float v : values) {
    const unsigned code = !std::isfinite(v) ? 65535
                          : high > low      ? unsigned(std::lround((v - low) / (high - low) * 65534))
                                            : 0;
    bytes.push_back(uint8_t(code & 255));
    bytes.push_back(uint8_t(code >> 8));
  }
  return fmt::format(
      R"({{"layer":{},"variable":{},"meaning":{},"answers":{},"first":{},"steps":{},"units":{},"all_units":{},"step_stride":{},"unit_stride":{},"low":{},"high":{},"packed":"{}"}})",
      json(t.layer), json(t.variable), json(t.meaning), json(t.answers), t.first, kept(t.steps, step_stride),
      kept(t.units, unit_stride), t.units, step_stride, unit_stride, json(low), json(high), base64(bytes));
}

std::string example_json(const ReportExample& e, size_t allowed) {
  std::vector<uint8_t> grey;
  for (float v : e.image) grey.push_back(std::isfinite(v) ? uint8_t(std::lround(255 * std::clamp(v, 0.0f, 1.0f))) : 0);
  std::vector<ReportExample::Trajectory const*> trajectories;
  for (const auto& t : e.trajectories)
    if (!t.values.empty()) trajectories.push_back(&t);
  return fmt::format(
      R"({{"title":{},"label":{},"prediction":{},"probabilities":{},"targets":{},"outputs":{},"rows":{},"columns":{},"image":{},"trajectories":{}}})",
      json(e.title), e.label, e.prediction, json_list(e.probabilities), json_list(e.targets), json_list(e.outputs),
      e.image_rows, e.image_columns, grey.empty() ? "null" : '"' + base64(grey) + '"',
      json_list(trajectories, [&](const auto* t) { return trajectory_json(*t, allowed); }));
}

std::string state_space_json(const ReportStateSpace& s) {
  return fmt::format(
      R"({{"dt":{},"units":{},"runs_all":{},"lyapunov_runs":{},"components":{},"explained":{},"labels":{},"runs":{},"conditions":{},"points":{}}})",
      json(s.dt), s.units, s.runs_all, s.lyapunov_runs, s.components, json_list(s.explained), json_list(s.labels),
      json_list(s.runs, [](const auto& r) { return fmt::format(R"({{"label":{},"places":{}}})", r.label, json_list(r.places)); }),
      json_list(s.conditions, [](const auto& c) {
        return fmt::format(R"({{"name":{},"lyapunov":{},"deviation":{}}})", json(c.name), json_list(c.lyapunov), json_list(c.deviation));
      }),
      json_list(s.points, [](const auto& p) {
        return fmt::format(
            R"({{"kind":{},"condition":{},"unstable":{},"starts":{},"speed":{},"time_constant":{},"place":{},"re":{},"im":{}}})",
            json(p.kind), p.condition, p.unstable, p.starts, json(p.speed), json(p.time_constant), json_list(p.place),
            json_list(p.re), json_list(p.im));
      }));
}

std::string data_json(const Report& report) {
  const auto [curve, group] = curve_json(report.curve);
  const auto confusion_row  = [&, n = class_count(report)](int64_t i) {
    return json_list(std::vector(report.confusion.begin() + i * n, report.confusion.begin() + (i + 1) * n));
  };
  std::vector<int64_t> rows(report.confusion.empty() ? 0 : size_t(class_count(report)));
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = int64_t(i);
  const size_t allowed = values_per_trajectory(report);

  std::string out = "{";
  const auto  add = [&](std::string_view key, const std::string& value) {
    out += fmt::format("{}\n\"{}\":{}", out.size() > 1 ? "," : "", key, value);
  };
  add("title", json(report.title));
  add("kind", json(report.kind));
  add("metric", fmt::format(R"({{"name":{},"percent":{},"test":{}}})", json(report.metric_name),
                            json(report.metric_percent), json(report.test_metric)));
  add("classes", json_list(report.class_names));
  add("curve", curve);
  add("curve_thinned", json(group));
  add("confusion", json_list(rows, confusion_row));
  add("layers", json_list(report.layers, [](const ReportLayer& l) {
        return fmt::format(
            R"({{"id":{},"name":{},"type":{},"source":{},"units":{},"stage":{},"stepwise":{},"dt":{},"facts":{}}})",
            l.id, json(l.name), json(l.type), json(l.source), l.units, l.stage, json(l.stepwise), json(l.dt),
            json_pairs(l.facts));
      }));
  add("connections", json_list(report.connections, [](const ReportConnection& c) {
        return fmt::format(
            R"({{"name":{},"kind":{},"from":{},"to":{},"lag":{},"weights":{},"present":{},"learnable":{}}})",
            json(c.name), json(c.kind), c.from, c.to, c.lag, c.weights, c.present, json(c.learnable));
      }));
  add("histograms", json_list(report.histograms, [](const ReportHistogram& h) {
        return fmt::format(
            R"({{"name":{},"unit":{},"low":{},"high":{},"counts":{},"mean":{},"deviation":{},"initial_counts":{},"initial_mean":{},"initial_deviation":{}}})",
            json(h.name), json(h.unit), json(h.low), json(h.high), json_list(h.counts), json(h.mean), json(h.deviation),
            json_list(h.initial_counts), json(h.initial_mean), json(h.initial_deviation));
      }));
  add("sweeps", json_list(report.sweeps, [](const ReportSweep& s) {
        return fmt::format(R"({{"name":{},"level":{},"levels":{},"mean":{},"deviation":{},"repeats":{}}})", json(s.name),
                           json(s.level_name), json_list(s.levels), json_list(s.mean), json_list(s.deviation), s.repeats);
      }));
  add("rasters", json_list(report.rasters, [](const ReportRaster& r) {
        return fmt::format(
            R"({{"title":{},"seconds":{},"units":{},"excitatory":{},"rate_excitatory":{},"rate_inhibitory":{},"times":{},"spiking":{},"output_times":{},"output":{},"rate_output":{}}})",
            json(r.title), json(r.seconds), r.units, r.excitatory, json(r.rate_excitatory), json(r.rate_inhibitory),
            json_list(r.times), json_list(r.spiking), json_list(r.output_times), json_list(r.output),
            json_list(r.rate_output));
      }));
  if (!report.state_space.empty()) add("state_space", state_space_json(report.state_space[0]));
  add("examples", json_list(report.examples, [&](const ReportExample& e) { return example_json(e, allowed); }));
  return out + "\n}";
}

// ── head of the page ────────────────────────────────────────────────────────────────────────────────────────────────

constexpr const char* kThinSpace = "\u202f";

struct Amount {
  std::string number, unit;
};
Amount amount(const Report& report, double x) {
  if (!std::isfinite(x)) return {"–", ""};
  return report.metric_percent ? Amount{fmt::format("{:.1f}", 100 * x), "%"} : Amount{fmt::format("{:.4g}", x), ""};
}
std::string amount_text(const Report& report, double x) {
  const auto [number, unit] = amount(report, x);
  return unit.empty() ? number : number + kThinSpace + unit;
}

std::string bar(const Report& report, const std::string& name, const std::string& note, double value, double full,
                bool is_this) {
  std::string difference;
  if (!is_this && std::isfinite(value) && std::isfinite(report.test_metric)) {
    const double d = value - report.test_metric;
    difference =
        fmt::format("<span class=\"difference\">{}{}</span>", d < 0 ? "−" : "+", amount(report, std::abs(d)).number);
  }
  return fmt::format(
      "<li{}><span class=\"name\">{}{}</span><span class=\"amount\">{}{}</span>"
      "<span class=\"track\"><i style=\"width:{:.1f}%\"></i></span></li>\n",
      is_this ? " class=\"this\"" : "", html(name),
      note.empty() ? "" : fmt::format(" <span class=\"note\">{}</span>", html(note)), amount_text(report, value),
      difference, std::isfinite(value) && full > 0 ? std::clamp(100 * value / full, 0.0, 100.0) : 0.0);
}

std::string headline(const Report& report) {
  if (!std::isfinite(report.test_metric)) return {};
  const auto [number, unit] = amount(report, report.test_metric);
  std::string metric        = report.metric_name;
  std::replace(metric.begin(), metric.end(), '_', ' ');
  std::string out =
      fmt::format("<div class=\"headline\"><div><p class=\"what\">test {}</p><p class=\"value\">{}{}</p></div>",
                  html(metric), number, unit.empty() ? "" : fmt::format("<span class=\"unit\">{}</span>", unit));
  if (!report.yardsticks.empty()) {
    double full = report.metric_percent ? 1.0 : report.test_metric;
    for (const auto& y : report.yardsticks)
      if (!report.metric_percent && std::isfinite(y.value)) full = std::max(full, y.value);
    out += "\n<ul class=\"bars\" aria-label=\"Comparison by the same metric\">\n" +
           bar(report, "this network", {}, report.test_metric, full, true);
    for (const auto& y : report.yardsticks) out += bar(report, y.name, y.note, y.value, full, false);
    out += "</ul>";
  }
  return out + "</div>";
}

std::string facts(const Report& report) {
  if (report.facts.empty()) return {};
  std::string out = "<dl class=\"facts\">";
  for (const auto& [name, value] : report.facts)
    out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", html(name), html(value));
  return out + "</dl>";
}

std::string config(const Report& report) {
  std::string out, kind = report.kind;
  kind[0] = char(std::toupper(kind[0]));
  for (const auto& [name, text] :
       {std::pair(kind + " configuration, all defaults written out", &report.config_yaml),
        std::pair(std::string("Network specification"), &report.spec_yaml)})
    if (!text->empty())
      out += fmt::format("<details><summary>{}</summary><pre tabindex=\"0\">{}</pre></details>\n", name, html(*text));
  return out;
}

// ── page ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The template with `places` filled in and the parts that are not in `parts` left out. What is filled in is not
/// looked at again.
std::string fill(std::string_view text, const std::map<std::string, std::string, std::less<>>& places,
                 const std::set<std::string, std::less<>>& parts) {
  constexpr std::string_view kIf = "<!--if ", kEnd = "<!--end ", kClose = "-->";
  std::string                out;
  while (!text.empty()) {
    const size_t at = std::min(text.find("{{"), text.find("<!--"));
    out += text.substr(0, at);
    if (at == text.npos) break;
    text.remove_prefix(at);

    if (text.starts_with("{{")) {
      const size_t end   = text.find("}}");
      const auto   place = places.find(text.substr(2, end - 2));
      expects(end != text.npos && place != places.end(), "the page of the report has an unknown place");
      out += place->second;
      text.remove_prefix(end + 2);
    } else if (text.starts_with(kIf)) {
      const size_t close = text.find(kClose);
      const auto   name  = text.substr(kIf.size(), close - kIf.size());
      const size_t end   = text.find(fmt::format("{}{}{}", kEnd, name, kClose));
      expects(end != text.npos, "a part of the report's page has no end");
      text.remove_prefix(parts.contains(name) ? close + kClose.size() : end);
    } else if (text.starts_with(kEnd)) {
      text.remove_prefix(text.find(kClose) + kClose.size());
    } else {
      out += text.substr(0, 4);
      text.remove_prefix(4);
    }
  }
  return out;
}

std::string wirings(const Report& report) {
  std::string figures;
  for (const std::string& svg : report.wirings) figures += "<figure class=\"wiring\">" + svg + "</figure>";
  return figures;
}

std::string figures(const Report& report) {
  std::string all;
  for (const ReportFigure& f : report.figures)
    all += fmt::format("<figure class=\"drawing\"><h3>{}</h3>{}<figcaption>{}</figcaption></figure>\n", html(f.title), f.svg,
                       html(f.caption));
  return all;
}

}  // namespace

std::string render_report(const Report& report) {
  check(report);
  const ReportAssets& assets = report_assets();

  std::set<std::string, std::less<>> parts;
  const auto any = [&](auto value) { return std::any_of(report.curve.begin(), report.curve.end(), value); };
  if (any([](const ReportCurvePoint& p) { return std::isfinite(p.loss) || !p.metrics.empty(); }))
    parts.insert("curves");
  if (any([](const ReportCurvePoint& p) { return std::isfinite(p.gradient_norm); })) parts.insert("gradients");
  if (!report.confusion.empty()) parts.insert("confusion");
  if (!report.layers.empty()) parts.insert("network");
  if (!report.examples.empty()) parts.insert("examples");
  if (!report.histograms.empty()) parts.insert("weights");
  if (!report.sweeps.empty()) parts.insert("sweeps");
  if (!report.state_space.empty()) parts.insert("state_space");
  if (!report.rasters.empty()) parts.insert("rasters");
  if (!report.figures.empty()) parts.insert("figures");
  if (!report.config_yaml.empty() || !report.spec_yaml.empty()) parts.insert("config");

  std::string script;
  for (auto piece : {assets.base, assets.curves, assets.confusion, assets.network, assets.examples, assets.weights,
                     assets.sweeps, assets.rasters, assets.state_space})
    script += piece;
  return fill(
      assets.page,
      {{"title", html(report.title)},
       {"sweeps_title", report.kind == "robustness" ? "Robustness" : "Scaling factor"},
       {"kind", html(report.kind)},
       {"summary", report.summary.empty() ? "" : fmt::format("<p class=\"summary\">{}</p>", html(report.summary))},
       {"headline", headline(report)},
       {"facts", facts(report)},
       {"wirings", wirings(report)},
       {"figures", figures(report)},
       {"config", config(report)},
       {"data", data_json(report)},
       {"style", std::string(assets.style)},
       {"script", script},
       {"chart_style", std::string(assets.chart_style)},
       {"chart_script", std::string(assets.chart_script)},
       {"chart_licence", "uPlot\n" + std::string(assets.chart_licence)}},
      parts);
}

}  // namespace dynode
