#include "dynode/models/run_report.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <tuple>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/io/file.h"
#include "dynode/io/npz.h"
#include "dynode/learn/config.h"
#include "dynode/learn/metrics.h"
#include "dynode/learn/run_directory.h"
#include "dynode/models/model.h"
#include "dynode/sources/source.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBins = 40;

std::string number(double x) { return fmt::format("{:.4g}", x); }

std::string span_of(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return number(*low) == number(*high) ? number(*low) : number(*low) + " … " + number(*high);
}

// ── metrics.jsonl ───────────────────────────────────────────────────────────────────────────────────────────────────

/// One line of metrics.jsonl: keys we know, all others are metrics.
ReportCurvePoint read_line(const Value& line) {
  ReportCurvePoint point;
  for (const Value::Entry& entry : line.entries()) {
    const std::string& key = entry.key;
    if (key == "epoch") point.epoch = int(entry.value.integer());
    else if (key == "step") point.step = entry.value.integer();
    else if (key == "split") point.split = entry.value.text();
    else if (key == "loss") point.loss = entry.value.number();
    else if (key == "lr") point.lr = entry.value.number();
    else if (key == "grad_norm") point.gradient_norm = entry.value.number();
    else if (key == "seconds") point.seconds = entry.value.number();
    else point.metrics.emplace_back(key, entry.value.number());
  }
  return point;
}

/// All whole lines; a last line without its end was being written when the run was killed.
std::vector<ReportCurvePoint> read_metrics(const RunDirectory& run) {
  std::vector<ReportCurvePoint> points;
  if (!run.has("metrics.jsonl")) return points;
  const std::string path = run.file("metrics.jsonl"), text = read_file(path);
  int               number = 0;
  for (size_t at = 0, end; (end = text.find('\n', at)) != text.npos; at = end + 1) {
    ++number;
    if (end > at)
      points.push_back(read_line(parse_json(text.substr(at, end - at), fmt::format("{} line {}", path, number))));
  }
  return points;
}

/// What the test said last; null while there was none.
const ReportCurvePoint* last_test(const std::vector<ReportCurvePoint>& points) {
  const auto found = std::find_if(points.rbegin(), points.rend(), [](const auto& p) { return p.split == "test"; });
  return found == points.rend() ? nullptr : &*found;
}

double metric_of(const ReportCurvePoint* point, const std::string& name) {
  if (point)
    for (const auto& [metric, value] : point->metrics)
      if (metric == name) return value;
  return kNotMeasured;
}

// ── network ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// The best network so far, else the last, else the first; nothing before the first checkpoint.
std::optional<Model> load_best(const RunDirectory& run) {
  for (const char* name : {"best", "last", "initial"})
    if (fs::exists(run.checkpoint(name))) return Model::load(run.checkpoint(name));
  return std::nullopt;
}

std::vector<double> present_values(const Block& block, const Model& model) {
  std::vector<double> values = model.parameter(block.name).as_double();
  if (block.mask.empty()) return values;
  size_t kept = 0;
  for (size_t i = 0; i < values.size(); ++i)
    if (block.mask[i]) values[kept++] = values[i];
  values.resize(kept);
  return values;
}

void add_network(Report& report, const Model& model) {
  const Plan& plan = model.plan();
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const LayerPlan& l = plan.layers[i];
    ReportLayer      layer{.id     = l.layer_id,
                           .name   = l.name == std::to_string(l.layer_id) ? "" : l.name,
                           .type   = l.cell->name,
                           .source = l.source < 0 ? "" : source_functions()[size_t(l.source)].name,
                           .units  = int64_t(l.units),
                           .stage  = 0,
                           .dt     = l.is_input ? kNotMeasured : l.dt,
                           .facts  = {}};
    for (size_t s = 0; s < plan.stages.size(); ++s)
      if (std::ranges::count(plan.stages[s].layers, int(i))) layer.stage = int(s) + 1;
    if (l.is_input) layer.facts.emplace_back("role", "holds the input");
    for (size_t p = 0; p < l.params.size(); ++p) {
      const Block&      block = plan.parameters[l.params[p]];
      const ParamFacts& facts = l.cell->params[p];
      layer.facts.emplace_back(facts.name,
                               fmt::format("{}{}{}{}", span_of(model.parameter(block.name).as_double()),
                                           facts.unit[0] ? " " : "", facts.unit, block.learnable ? "" : ", fixed"));
    }
    report.layers.push_back(std::move(layer));
  }

  // ports of a core share one block: one wire each
  std::vector<std::tuple<int, int, int>> seen;
  for (const ConnectionPlan& c : plan.connections) {
    if (std::ranges::count(seen, std::tuple(c.weights, c.from, c.to))) continue;
    seen.emplace_back(c.weights, c.from, c.to);
    if (c.weights < 0) {   // constants inside a programmable connection
      const auto entries = int64_t(c.sparse->column.size());
      report.connections.push_back({.name = c.name, .from = c.from, .to = c.to, .lag = c.lag, .weights = entries,
                                    .present = entries, .learnable = false});
      continue;
    }
    const Block& block = plan.parameters[c.weights];
    const auto   there = block.mask.empty() ? ptrdiff_t(block.size()) : std::ranges::count(block.mask, uint8_t(1));
    report.connections.push_back({.name      = c.name,
                                  .from      = c.from,
                                  .to        = c.to,
                                  .lag       = c.lag,
                                  .weights   = int64_t(block.size()),
                                  .present   = int64_t(there),
                                  .learnable = block.learnable});
  }
}

struct Moments {
  double mean, deviation;
};

Moments moments(const std::vector<double>& values) {
  double sum = 0, squares = 0;
  for (double x : values) sum += x;
  const double mean = sum / double(values.size());
  for (double x : values) squares += (x - mean) * (x - mean);
  return {mean, std::sqrt(squares / double(values.size()))};
}

std::vector<int64_t> counts(const std::vector<double>& values, double low, double high) {
  std::vector<int64_t> bins(kBins);
  for (double x : values) ++bins[std::min(kBins - 1, size_t(std::max(0.0, (x - low) / (high - low) * double(kBins))))];
  return bins;
}

/// Distributions of everything that is learnt, beside those before training where these are known.
void add_histograms(Report& report, const Model& model, const RunDirectory& run) {
  std::optional<Model> initial;
  if (fs::exists(run.checkpoint("initial"))) initial = Model::load(run.checkpoint("initial"));
  for (const Block& block : model.plan().parameters.blocks()) {
    if (!block.learnable) continue;
    const std::vector<double> now = present_values(block, model);
    if (now.size() < 2) continue;
    const std::vector<double> before = initial ? present_values(block, *initial) : std::vector<double>();
    double                    low = *std::ranges::min_element(now), high = *std::ranges::max_element(now);
    for (double x : before) low = std::min(low, x), high = std::max(high, x);
    if (high - low <= 1e-12 * std::max(std::abs(low), std::abs(high))) {  // all equal: a bin in the middle
      const double half = low == 0 ? 0.5 : 0.5 * std::abs(low);
      low -= half, high += half;
    }
    ReportHistogram h{
        .name = block.name, .low = low, .high = high, .counts = counts(now, low, high), .initial_counts = {}};
    h.mean = moments(now).mean, h.deviation = moments(now).deviation;
    if (!before.empty()) {
      h.initial_counts = counts(before, low, high);
      h.initial_mean = moments(before).mean, h.initial_deviation = moments(before).deviation;
    }
    report.histograms.push_back(std::move(h));
  }
}

// ── evaluation.npz ──────────────────────────────────────────────────────────────────────────────────────────────────

std::vector<std::string> class_names(const DataConfig& data, int64_t count) {
  static const std::vector<std::string> fashion = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                                   "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  const bool                            is_fashion =
      data.format == DataFormat::idx && lower_case(data.data_path).find("fashion") != std::string::npos;
  if (is_fashion && count == int64_t(fashion.size())) return fashion;
  std::vector<std::string> names;
  for (int64_t k = 0; k < count; ++k) names.push_back(std::to_string(k));
  return names;
}

std::vector<double> softmax(const double* x, size_t n) {
  const double        largest = *std::max_element(x, x + n);
  std::vector<double> p(n);
  double              sum = 0;
  for (size_t i = 0; i < n; ++i) sum += p[i] = std::exp(x[i] - largest);
  for (double& v : p) v /= sum;
  return p;
}

/// Rows and columns of the picture of an input of `steps` × `width` numbers; {0, 0}: there is none.
std::pair<int64_t, int64_t> picture_size(const DataConfig& data, int64_t steps, int64_t width) {
  if (data.format == DataFormat::idx && data.sequence == Sequence::pixels) {
    const int64_t side = std::llround(std::sqrt(double(steps)));
    return side * side == steps ? std::pair(side, side) : std::pair<int64_t, int64_t>{0, 0};
  }
  return width >= 8 && steps >= 8 ? std::pair(steps, width) : std::pair<int64_t, int64_t>{0, 0};
}

/// The array `name`, whose first axis is the examples. @throws ShapeError
const Array& of_examples(const Npz& file, const std::string& name, int64_t n, size_t axes) {
  const Array&         array = file.at(name);
  std::vector<int64_t> expected(axes, -1);
  expected[0] = n;
  if (array.shape.size() != axes || array.shape[0] != n)
    throw ShapeError(file.file() + ": " + name, expected, array.shape);
  return array;
}

void add_examples(Report& report, const Npz& file, const TrainConfig& config, const std::optional<Model>& model) {
  const Array* input = file.find("example_input");
  if (!input || input->size() == 0) return;
  const int64_t n = input->shape[0];
  of_examples(file, "example_input", n, 3);
  const int64_t              steps = input->shape[1], width = input->shape[2], size = steps * width;
  const std::vector<double>  x   = input->as_double();
  const std::vector<int64_t> row = of_examples(file, "example_row", n, 1).as_integers("example_row");

  // one class per sample; classes per step and values have no place on the page
  const bool           classes = file.find("example_label") && file.at("example_label").shape.size() == 1;
  std::vector<double>  y;
  std::vector<int64_t> label, prediction;
  if (classes) {
    y          = of_examples(file, "example_output", n, 2).as_double();
    label      = of_examples(file, "example_label", n, 1).as_integers("example_label");
    prediction = of_examples(file, "example_prediction", n, 1).as_integers("example_prediction");
  }

  // brightness
  double low = *std::ranges::min_element(x), high = *std::ranges::max_element(x);
  if (const Array* range = file.find("input_range"); range && range->size() == 2)
    low = range->as_double()[0], high = range->as_double()[1];
  const double scale                     = high > low ? 1 / (high - low) : 0;
  const auto [image_rows, image_columns] = picture_size(config.data, steps, width);

  for (int64_t i = 0; i < n; ++i) {
    ReportExample e;
    e.title = fmt::format("test sample {}", row[size_t(i)]);
    if (classes) {
      const size_t units = y.size() / size_t(n);
      e.label = label[size_t(i)], e.prediction = prediction[size_t(i)];
      e.probabilities = softmax(y.data() + size_t(i) * units, units);
    }
    if (image_rows > 0) {
      e.image_rows = image_rows, e.image_columns = image_columns;
      for (int64_t k = 0; k < size; ++k)
        e.image.push_back(float(std::clamp((x[size_t(i * size + k)] - low) * scale, 0.0, 1.0)));
    }
    for (const auto& [name, array] : file.entries()) {
      if (!name.starts_with("s/") || array.shape.size() != 3 || array.shape[0] != n) continue;
      const int64_t            length = array.shape[1] * array.shape[2];
      const std::vector<float> all    = array.as_float();
      std::string              title  = "layer " + name.substr(2);
      if (model)
        for (const LayerPlan& l : model->plan().layers)
          if (l.name == name.substr(2))
            title = fmt::format("layer {}, {}: {}", l.name, l.cell->name, l.cell->states[size_t(l.cell->output)].name);
      e.trajectories.push_back(
          {title, array.shape[1], array.shape[2], {all.begin() + i * length, all.begin() + (i + 1) * length}});
    }
    report.examples.push_back(std::move(e));
  }
}

// ── words ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// "28 Linear → 128 SingleDendrite → 10 Linear"
std::string layers_text(const Plan& plan) {
  std::vector<std::string> words;
  for (const LayerPlan& l : plan.layers)
    if (l.name == std::to_string(l.layer_id))
      words.push_back(fmt::format("{} {}", grouped(int64_t(l.units)), l.cell->name));
  return join(words, " → ");
}

/// Comment lines on top of config.yaml: what the run was made with.
std::string notes_of(const std::string& config_yaml) {
  std::vector<std::string> notes;
  for (size_t at = 0; config_yaml.compare(at, 2, "# ") == 0;) {
    const size_t end = config_yaml.find('\n', at);
    notes.push_back(config_yaml.substr(at + 2, end == config_yaml.npos ? end : end - at - 2));
    if (end == config_yaml.npos) break;
    at = end + 1;
  }
  return join(notes);
}

void add_words(Report& report, const TrainConfig& config, const std::optional<Model>& model,
               const std::vector<ReportCurvePoint>& points) {
  report.title = config.name;
  std::ranges::replace(report.title, '_', ' ');
  int64_t epochs = 0, updates = 0;
  double  seconds = 0;
  for (const ReportCurvePoint& p : points) {
    epochs = std::max<int64_t>(epochs, p.epoch), updates = std::max(updates, p.step);
    if (p.seconds > seconds) seconds = p.seconds;
  }
  const ReportCurvePoint* test = last_test(points);
  const std::string       data = fs::path(config.data.data_path).filename().string();

  report.summary = config.description;
  if (report.summary.empty())
    report.summary = fmt::format("{} learning {} for {} epoch{}.", model ? layers_text(model->plan()) : "A network",
                                 data, epochs, epochs == 1 ? "" : "s");
  if (!test) report.summary += " The run is not complete: nothing was tested yet.";

  const auto fact = [&](const char* name, const std::string& text) {
    if (!text.empty()) report.facts.emplace_back(name, text);
  };
  if (model) {
    fact("network", layers_text(model->plan()));
    fact("parameters", grouped(int64_t(model->plan().parameters.learnable_size())) + " learnable");
  }
  fact("data", data);
  fact("epochs", test ? fmt::format("{} of {}, the best was {}", epochs, config.training.max_epochs, test->epoch)
                      : fmt::format("{} of {}", epochs, config.training.max_epochs));
  fact("updates", fmt::format("{} of {} samples", grouped(updates), config.training.batch_size));
  const Value* schedule =
      config.callbacks.lr_scheduler.is_mapping() ? config.callbacks.lr_scheduler.find("type") : nullptr;
  fact("optimiser", fmt::format("{}, {}", config.training.optimizer.name,
                                schedule ? schedule->text() + " learning rate"
                                         : "learning rate " + number(config.training.optimizer.lr)));
  std::vector<std::string> losses;
  for (const LossConfig& loss : config.training.loss.losses) losses.push_back(loss.name);
  fact("loss", join(losses, " + "));
  if (seconds > 0) fact("time", duration_text(seconds));
  fact("numbers", config.model.dtype == NumberType::float32 ? "float32" : "float64");
  fact("seed", std::to_string(config.seed));
  fact("made with", notes_of(report.config_yaml));
}

void add_yardsticks(Report& report, const RunDirectory& run) {
  for (int i = 1; run.has(fmt::format("yardstick_{}/config.yaml", i)); ++i) {
    const RunDirectory         own    = RunDirectory::open(run.file(fmt::format("yardstick_{}", i)));
    const std::optional<Model> model  = load_best(own);
    const auto                 points = read_metrics(own);
    report.yardsticks.push_back(
        {load_train_config(own.file("config.yaml")).name, metric_of(last_test(points), report.metric_name),
         model ? grouped(int64_t(model->plan().parameters.learnable_size())) + " parameters" : ""});
  }
}

}  // namespace

Report run_report(const std::string& run_directory) {
  const RunDirectory         run    = RunDirectory::open(run_directory);
  const TrainConfig          config = load_train_config(run.file("config.yaml"));
  const std::optional<Model> model  = load_best(run);
  const auto                 points = read_metrics(run);

  Report report;
  report.config_yaml = read_file(run.file("config.yaml"));
  if (run.has("spec.yaml")) report.spec_yaml = read_file(run.file("spec.yaml"));

  // what was measured
  for (const ReportCurvePoint& p : points) {
    if (p.split != "test") report.curve.push_back(p);
    if (!p.metrics.empty()) report.metric_name = p.metrics[0].first;
  }
  const MetricEntry& metric = Metric(report.metric_name).entry();
  report.metric_percent     = metric.on_classes && metric.larger_is_better;
  report.test_metric        = metric_of(last_test(points), report.metric_name);
  add_words(report, config, model, points);
  add_yardsticks(report, run);

  // what was learnt
  if (model) {
    add_network(report, *model);
    add_histograms(report, *model, run);
  }
  if (run.has("evaluation.npz")) {
    const Npz file = load_npz(run.file("evaluation.npz"));
    if (const Array* confusion = file.find("confusion")) {
      report.confusion   = confusion->as_integers("confusion");
      report.class_names = class_names(config.data, confusion->shape.at(0));
    }
    add_examples(report, file, config, model);
  }
  return report;
}

std::vector<std::string> write_run_report(const std::string& run_directory) {
  const RunDirectory       run     = RunDirectory::open(run_directory);
  const int                repeats = load_train_config(run.file("config.yaml")).training.num_repeats;
  std::vector<std::string> written;
  if (repeats > 1) {
    for (int k = 0; run.has(fmt::format("repeat_{}/config.yaml", k)); ++k)
      for (const std::string& path : write_run_report(run.file(fmt::format("repeat_{}", k)))) written.push_back(path);
    return written;
  }
  run.write("report.html", render_report(run_report(run_directory)));
  return {run.file("report.html")};
}

}  // namespace dynode
