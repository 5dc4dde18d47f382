#include "dynode/models/run_report.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <optional>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/io/file.h"
#include "dynode/learn/metrics.h"
#include "dynode/models/run_report-internal.h"
#include "dynode/spec/json.h"

namespace dynode {
namespace {

namespace fs = std::filesystem;

std::string number(double x) { return fmt::format("{:.4g}", x); }

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
    else if (key == "grad_norms")
      for (const Value::Entry& block : entry.value.entries())
        point.block_norms.emplace_back(block.key, block.value.number());
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

/// The best network so far, else the last, else the first; nothing before the first checkpoint.
std::optional<Model> load_best(const RunDirectory& run, const TrainConfig& config) {
  const bool single = config.model.dtype == NumberType::float32;
  for (const char* name : {"best", "last", "initial"})
    if (fs::exists(run.checkpoint(name)))
      return Model::load(run.checkpoint(name), {.precision = single ? Precision::float32 : Precision::float64});
  return std::nullopt;
}

// ── words ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// "28 Linear → 128 SingleDendrite → 10 Linear"
std::string layers_text(const Plan& plan) {
  std::vector<std::string> words;
  for (const LayerPlan& l : plan.layers)
    if (l.name == std::to_string(l.layer_id))
      words.push_back(fmt::format("{} {}", grouped(int64_t(l.units)), type_of(plan, l)));
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
  const std::string       data = config.data.format == DataFormat::task
                                     ? config.data.task
                                 : config.data.format == DataFormat::synthetic
                                     ? "made-up waves"
                                     : fs::path(config.data.data_path).filename().string();

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
  fact("updates", fmt::format("{} of {} samples", grouped(updates), config.training.rows_per_update()));
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
    const TrainConfig          config = load_train_config(own.file("config.yaml"));
    const std::optional<Model> model  = load_best(own, config);
    const auto                 points = read_metrics(own);
    report.yardsticks.push_back(
        {config.name, metric_of(last_test(points), report.metric_name),
         model ? grouped(int64_t(model->plan().parameters.learnable_size())) + " parameters" : ""});
  }
}

}  // namespace

Report run_report(const std::string& run_directory) {
  const RunDirectory   run    = RunDirectory::open(run_directory);
  const TrainConfig    config = load_train_config(run.file("config.yaml"));
  std::optional<Model> model  = load_best(run, config);
  const auto           points = read_metrics(run);

  Report report;
  report.config_yaml = read_file(run.file("config.yaml"));
  if (run.has("spec.yaml")) report.spec_yaml = read_file(run.file("spec.yaml"));

  // what was measured
  for (const ReportCurvePoint& p : points) {
    if (p.split != "test") report.curve.push_back(p);
    if (!p.metrics.empty()) report.metric_name = p.metrics[0].first;
  }
  const MetricEntry& metric = Metric(report.metric_name).entry();
  report.metric_percent     = metric.of_task || (metric.on_classes && metric.larger_is_better);
  report.test_metric        = metric_of(last_test(points), report.metric_name);
  add_words(report, config, model, points);
  add_yardsticks(report, run);

  // what was learnt
  if (model) {
    add_network(report, *model);
    add_histograms(report, *model, run);
  }
  if (run.has("evaluation.npz")) add_evaluation(report, run, config, model ? &*model : nullptr);
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
