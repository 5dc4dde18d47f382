// Distillation: what a network says in every step becomes the target of another one.
//
//   inputs ──scaled──▶ teacher ──▶ outputs of its last layer [rows][steps][units]: target values
//                                  pooled as those of the pupil, where these are: [rows][units]
#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/random.h"
#include "dynode/io/model_file.h"
#include "dynode/io/npz.h"
#include "dynode/learn/dataset.h"
#include "dynode/learn/evaluation.h"
#include "dynode/learn/pooling.h"
#include "dynode/run/engine.h"

namespace dynode {
namespace {

constexpr char kTeacher[] = "training.distillation.teacher_model_path";

template <class R>
std::vector<double> outputs_of(const std::shared_ptr<const Plan>& plan, const TensorFile& file, const std::string& path,
                               const Dataset& inputs, size_t batch) {
  Engine<R>            engine(plan, std::make_shared<Threads>(1));
  const std::vector<R> theta = model_theta<R>(*plan, file, path);
  engine.set_parameters(theta);
  const LayerPlan&    last = plan->layers[size_t(plan->output)];
  const size_t        history = (inputs.steps() + 1) * last.units;
  std::vector<double> values;
  std::vector<R>      x, spans, s;
  BatchTarget<R>      none;
  for (size_t at = 0; at < inputs.rows(); at += batch) {
    std::vector<size_t> rows(std::min(batch, inputs.rows() - at));
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = at + i;
    x.resize(rows.size() * inputs.steps() * inputs.width());
    s.resize(rows.size() * history);
    inputs.fill<R>(rows, x.data(), none, plan->takes_spans() ? &spans : nullptr);
    const Record<R> record{Record<R>::What::state, plan->output, last.cell->output, s.data()};
    RunInput<R>     input{.x = x.data(), .rows = rows.size(), .steps = inputs.steps(), .initial = {}};
    input.spans           = spans.empty() ? nullptr : spans.data();
    input.noise.first_row = at;
    engine.simulate(input, {&record, 1});
    for (size_t row = 0; row < rows.size(); ++row)   // without the initial entry
      values.insert(values.end(), s.begin() + ptrdiff_t(row * history + last.units), s.begin() + ptrdiff_t((row + 1) * history));
  }
  return values;
}

/// These rows alone.
Samples chosen_rows(const Samples& samples, const std::vector<size_t>& rows) {
  Samples    chosen = samples;
  const auto pick   = [&](auto& list) {
    const size_t                     size = list.size() / samples.rows;
    std::remove_cvref_t<decltype(list)> picked;
    for (const size_t row : rows)
      picked.insert(picked.end(), list.begin() + ptrdiff_t(row * size), list.begin() + ptrdiff_t((row + 1) * size));
    list = std::move(picked);
  };
  std::visit(pick, chosen.x);
  pick(chosen.classes), pick(chosen.values), pick(chosen.spans), pick(chosen.mask);
  chosen.validation = size_t(std::ranges::count_if(rows, [&](size_t row) { return row >= samples.rows - samples.validation; }));
  chosen.rows       = rows.size();
  return chosen;
}

}  // namespace

Samples taught_rows(Samples samples, const DistillationConfig& config, uint64_t seed) {
  const auto   share = size_t(std::llround(config.subset_fraction * double(samples.rows)));
  const size_t count = std::min(std::max<size_t>(share, 1), size_t(config.max_samples.value_or(INT32_MAX)));
  if (count >= samples.rows) return samples;
  std::vector<size_t> rows = Random(seed, "data/taught").choose(samples.rows, count);
  std::ranges::sort(rows);
  return chosen_rows(samples, rows);
}

Samples pooled_targets(Samples samples, const TrainConfig& config) {
  const Pooling       pooling = pooling_of(config);
  const size_t        units = samples.target_width, size = samples.steps * units;
  std::vector<double> pooled(samples.rows * units), counted;
  for (size_t row = 0; row < samples.rows; ++row) {
    const double* values = samples.values.data() + row * size;
    counted.clear();
    for (size_t t = 0; t < samples.steps; ++t)   // steps whose mask is 0 are none
      if (samples.mask.empty() || samples.mask[row * samples.steps + t])
        counted.insert(counted.end(), values + t * units, values + (t + 1) * units);
    if (counted.empty()) throw IoError(samples.name, fmt::format("mask leaves no step of row {}", row), kRowHint);
    pool(pooling, counted.data(), counted.size() / units, units, pooled.data() + row * units);
  }
  samples.values  = std::move(pooled);
  samples.entries = 1;
  return samples;
}

Samples taught(Samples samples, const TrainConfig& config, double low, double high) {
  if (samples.rows == 0) return samples;
  const DistillationConfig& d    = *config.training.distillation;
  const std::string         path = config.resolve(d.teacher_model_path);
  const TensorFile          file = load_safetensors(path);
  CompileOptions            options = model_options(file);
  options.load_array               = load_array;
  const auto    plan = compile(model_spec(file, path), options);
  const Dataset inputs(samples, config.data, low, high);
  if (inputs.width() != plan->input_width())
    throw SpecError({.path = kTeacher},
                    fmt::format("{} takes {} numbers per step, but the data have {}", path, plan->input_width(), inputs.width()),
                    "a teacher and its pupil see the same inputs");
  samples.values = in_double(*plan, file) ? outputs_of<double>(plan, file, path, inputs, size_t(d.batch_size))
                                          : outputs_of<float>(plan, file, path, inputs, size_t(d.batch_size));
  samples.classes.clear();
  samples.target_width = plan->layers[size_t(plan->output)].units;
  samples.entries      = samples.steps;
  return config.training.mapping == Mapping::seq2static ? pooled_targets(std::move(samples), config) : samples;
}

}  // namespace dynode
