// What the test of a run left behind: the confusion matrix and the examples, with all that the network did over time.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/io/npz.h"
#include "dynode/models/hardware.h"
#include "dynode/models/run_report-internal.h"

namespace dynode {
namespace {

constexpr int64_t kRecordedValues = 16'000'000;  // of all variables together; the others are left out
constexpr int64_t kListedValues   = 24;          // targets and outputs of one example

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

// ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// One class per sample, or some values; classes per step have no place on the page.
void add_answers(std::vector<ReportExample>& examples, const Npz& file) {
  const auto n = int64_t(examples.size());
  if (file.find("example_label") && file.at("example_label").shape.size() == 1) {
    const std::vector<double>  y          = of_examples(file, "example_output", n, 2).as_double();
    const std::vector<int64_t> label      = of_examples(file, "example_label", n, 1).as_integers("example_label");
    const std::vector<int64_t> prediction = of_examples(file, "example_prediction", n, 1).as_integers("prediction");
    const size_t               units      = y.size() / size_t(n);
    for (size_t i = 0; i < size_t(n); ++i) {
      examples[i].label = label[i], examples[i].prediction = prediction[i];
      examples[i].probabilities = softmax(y.data() + i * units, units);
    }
  } else if (file.find("example_target")) {
    const std::vector<double> target = of_examples(file, "example_target", n, 2).as_double();
    const std::vector<double> output = file.at("example_output").as_double();
    const auto                each   = int64_t(target.size()) / n;
    if (output.size() != target.size() || each > kListedValues) return;
    for (int64_t i = 0; i < n; ++i) {
      examples[size_t(i)].targets = {target.begin() + i * each, target.begin() + (i + 1) * each};
      examples[size_t(i)].outputs = {output.begin() + i * each, output.begin() + (i + 1) * each};
    }
  }
}

void add_pictures(std::vector<ReportExample>& examples, const Npz& file, const DataConfig& data) {
  const Array&              input = file.at("example_input");
  const std::vector<double> x     = input.as_double();
  const auto [rows, columns]      = picture_size(data, input.shape[1], input.shape[2]);
  if (rows == 0) return;
  double low = *std::ranges::min_element(x), high = *std::ranges::max_element(x);
  if (const Array* range = file.find("input_range"); range && range->size() == 2)
    low = range->as_double()[0], high = range->as_double()[1];
  const double scale = high > low ? 1 / (high - low) : 0;
  for (size_t i = 0; i < examples.size(); ++i) {
    examples[i].image_rows = rows, examples[i].image_columns = columns;
    for (size_t k = 0; k < size_t(rows * columns); ++k)
      examples[i].image.push_back(float(std::clamp((x[i * size_t(rows * columns) + k] - low) * scale, 0.0, 1.0)));
  }
}

// ── what happened over time ─────────────────────────────────────────────────────────────────────────────────────────

/// Adds values [n][steps][units] of one variable, to every example its part.
void add_variable(std::vector<ReportExample>& examples, const ReportExample::Trajectory& about, const Array& array) {
  const std::vector<float> all    = array.as_float();
  const auto               length = ptrdiff_t(all.size() / examples.size());
  for (size_t i = 0; i < examples.size(); ++i) {
    ReportExample::Trajectory& t = examples[i].trajectories.emplace_back(about);
    t.steps = array.shape[1], t.units = array.shape[2];
    t.values.assign(all.begin() + ptrdiff_t(i) * length, all.begin() + ptrdiff_t(i + 1) * length);
  }
}

/// An observable that only repeats the output, as the drive of a linear layer does.
bool repeats_output(const Array& observed, const Array& output) {
  const auto n = size_t(observed.shape[0]), length = size_t(observed.shape[1] * observed.shape[2]),
             skip            = size_t(observed.shape[2]);
  const std::vector<float> a = observed.as_float(), b = output.as_float();
  for (size_t i = 0; i < n; ++i)
    if (!std::equal(a.begin() + ptrdiff_t(i * length), a.begin() + ptrdiff_t((i + 1) * length),
                    b.begin() + ptrdiff_t(i * (length + skip) + skip)))
      return false;
  return true;
}

/// "s/1" → s, 1;  "state/1/v" → state, 1, v.
std::vector<std::string> parts_of(const std::string& array) {
  std::vector<std::string> parts(1);
  for (char c : array)
    if (c == '/') parts.emplace_back();
    else parts.back() += c;
  parts.resize(std::max<size_t>(2, parts.size()));
  return parts;
}

/// What is known of an array called s/1, state/1/v, phi/1 or g/1.
ReportExample::Trajectory describe_variable(const Plan& plan, const std::string& array, bool classes) {
  const std::vector<std::string> parts = parts_of(array);
  ReportExample::Trajectory      about{.layer = "layer " + parts[1], .variable = parts[0]};
  if (parts[0] == "phi") about.meaning = "what arrives";
  if (parts[0] == "g") about.meaning = "source function";

  const auto layer = std::ranges::find(plan.layers, parts[1], &LayerPlan::name);
  if (layer == plan.layers.end()) return about;
  const std::string name = layer_name(plan, *layer);
  about.layer += ", " + (name.empty() ? type_of(plan, *layer) : name);
  if (parts[0] == "s") {
    const StateFacts& output = layer->cell->states[size_t(layer->cell->output)];
    about.variable           = layer->is_input ? "x" : output.name;
    about.meaning            = layer->is_input ? "input" : output.help[0] ? output.help : "output";
    about.answers            = classes && layer - plan.layers.begin() == plan.output;
  } else if (parts.size() == 3) {
    about.variable = parts[2];
    for (const LayerPlan& part : plan.layers)
      for (const StateFacts& state : part.cell->states)
        if (part.layer_id == layer->layer_id && state.name == parts[2]) about.meaning = state.help;
  }
  return about;
}

/// Whether both have the same values but for rounding.
bool is_close(const Array& a, const Array& b) {
  if (a.shape != b.shape) return false;
  const std::vector<float> x = a.as_float(), y = b.as_float();
  for (size_t i = 0; i < x.size(); ++i)
    if (!(std::abs(x[i] - y[i]) <= 1e-4f * (1 + std::abs(y[i])))) return false;
  return true;
}

/// Runs the examples again and adds every variable of every layer, if there is room and the run gives the recorded
/// outputs; it does not where there were noise or time spans, or another network has become the best one meanwhile.
bool add_all_variables(Report& report, const Npz& file, Model& model, bool classes) {
  auto&        examples = report.examples;
  const Plan&  plan   = model.plan();
  const Array& input  = file.at("example_input");
  int64_t      values = 0;
  for (const LayerPlan& l : plan.layers)
    values += int64_t(l.units * (l.cell->states.size() + std::min<size_t>(2, l.cell->observables.size()))) * int64_t(examples.size()) *
              (input.shape[1] + 1);
  if (values > kRecordedValues) return false;

  const Results run =
      model.simulate(input, {.record = {"s", "state", "phi", "g", "power"}, .track = false, .stop_early = false});
  for (const auto& [name, array] : file.entries())
    if (name.starts_with("s/") && !(run.find(name) && is_close(*run.find(name), array))) return false;
  for (const auto& [name, array] : run.arrays) {
    if (name == "output" || array.shape.size() != 3 || find_power_quantity(parts_of(name)[0])) continue;
    ReportExample::Trajectory about  = describe_variable(plan, name, classes);
    const Array*              output = run.find("s/" + parts_of(name)[1]);
    about.first                      = input.shape[1] + 1 - array.shape[1];
    if (about.first == 1 && output && repeats_output(array, *output)) continue;
    add_variable(examples, about, array);
  }
  if (const auto step = hardware_step(model, standard_junction())) {
    report.facts.emplace_back("on hardware", run_text(*step, run.steps));
    if (run.energy) report.facts.emplace_back("energy per inference", energy_text(*run.energy));
  }
  return true;
}

}  // namespace

void add_evaluation(Report& report, const RunDirectory& run, const TrainConfig& config, Model* model) {
  const Npz file = load_npz(run.file("evaluation.npz"));
  if (const Array* confusion = file.find("confusion")) {
    report.confusion   = confusion->as_integers("confusion");
    report.class_names = class_names(config.data, confusion->shape.at(0));
  }

  const Array* input = file.find("example_input");
  if (!input || input->size() == 0) return;
  const int64_t n = input->shape[0];
  of_examples(file, "example_input", n, 3);
  for (int64_t row : of_examples(file, "example_row", n, 1).as_integers("example_row"))
    report.examples.push_back({.title = fmt::format("sample {}", row)});
  add_answers(report.examples, file);
  add_pictures(report.examples, file, config.data);

  const bool classes = !report.confusion.empty();
  if (model && add_all_variables(report, file, *model, classes)) return;
  for (const auto& [name, array] : file.entries())
    if (name.starts_with("s/") && array.shape.size() == 3 && array.shape[0] == n)
      add_variable(report.examples,
                   model ? describe_variable(model->plan(), name, classes)
                         : ReportExample::Trajectory{.layer = "layer " + name.substr(2), .variable = "s"},
                   array);
}

}  // namespace dynode
