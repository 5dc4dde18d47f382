// Waves that are made up, to try networks and training files without data.
//
//   classification   x = sin(2π (c + 1) t/T + phase) + noise: c periods more or less; asked for is c
//   regression       a sine of 1 … 5 periods with height, phase and noise of its own per number; asked for is its mean so
//                    far, at the end the mean of all
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

#include "dynode/base/random.h"
#include "dynode/learn/dataset.h"
#include "dynode/plan/arguments.h"

namespace dynode {
namespace {

constexpr char kClassification[] = "classification", kRegression[] = "regression";

Arguments synthetic_arguments(const DataConfig& config) {
  return check_arguments("synthetic data", synthetic_facts(), config.settings);
}

}  // namespace

const std::vector<Fact>& synthetic_facts() {
  static const std::vector<Fact> facts = {
      {.name = "task", .kind = ArgumentKind::text, .help = "classification: which frequency; regression: the mean so far",
       .text = kClassification},
      {.name = "seq_len", .kind = ArgumentKind::integer, .value = 100, .min = 1, .max = 1e6, .help = "steps"},
      {.name = "input_dim", .kind = ArgumentKind::integer, .value = 4, .min = 1, .max = 1e6, .help = "numbers per step"},
      {.name = "dataset_size", .kind = ArgumentKind::integer, .value = 1000, .min = 1, .max = 1e8, .help = "sequences"},
      {.name = "noise", .value = 0.1, .min = 0, .help = "standard deviation of what is added to every number"}};
  return facts;
}

void check_synthetic(const DataConfig& config, const At& at) {
  const std::string task = synthetic_arguments(config).text("task");
  if (task != kClassification && task != kRegression)
    throw SpecError(at, fmt::format("there are no synthetic data for '{}'", task),
                    "there are: classification, regression; data.format: task has trials of neuroscience");
  if (task == kRegression && config.num_classes) throw SpecError(at, "means are no classes", "remove data.num_classes");
}

Samples make_synthetic_samples(const DataConfig& config, Mapping mapping, uint64_t seed) {
  const Arguments a    = synthetic_arguments(config);
  const auto      size = [&](const char* name) { return size_t(a.number(name)); };
  const bool      classes = a.text("task") == kClassification;
  const auto      count   = uint64_t(config.num_classes.value_or(10));
  Samples         samples;
  samples.name    = "synthetic data";
  samples.rows    = size("dataset_size");
  samples.steps   = size("seq_len");
  samples.width   = size("input_dim");
  samples.entries = mapping == Mapping::seq2seq ? samples.steps : 1;
  if (!classes) samples.target_width = samples.width;

  std::vector<float> x(samples.rows * samples.steps * samples.width);
  Random             random(seed, "data/synthetic");
  for (size_t row = 0; row < samples.rows; ++row) {
    float*         sequence = x.data() + row * samples.steps * samples.width;
    const uint64_t label    = random.integer(count);
    for (size_t d = 0; d < samples.width; ++d) {
      const double periods = double(1 + (classes ? label : random.integer(5)));
      const double height = classes ? 1 : 0.5 + random.uniform(), phase = 2 * std::numbers::pi * random.uniform();
      for (size_t t = 0; t < samples.steps; ++t)
        sequence[t * samples.width + d] =
            float(height * std::sin(2 * std::numbers::pi * periods * double(t) / double(samples.steps) + phase) +
                  a.number("noise") * random.normal());
    }
    if (classes) {
      samples.classes.insert(samples.classes.end(), samples.entries, int64_t(label));
      continue;
    }
    std::vector<double> sums(samples.width);
    for (size_t t = 0; t < samples.steps; ++t)
      for (size_t d = 0; d < samples.width; ++d) {
        sums[d] += double(sequence[t * samples.width + d]);
        if (samples.entries > 1 || t + 1 == samples.steps) samples.values.push_back(sums[d] / double(t + 1));
      }
  }
  const auto [low, high] = std::ranges::minmax_element(x);
  samples.low = double(*low), samples.high = double(*high);
  samples.x = std::move(x);
  return samples;
}

}  // namespace dynode
