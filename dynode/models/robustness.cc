#include "dynode/models/robustness.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <mutex>

#include "dynode/base/display.h"
#include "dynode/base/random.h"
#include "dynode/base/text.h"
#include "dynode/base/threads.h"
#include "dynode/io/model_file.h"
#include "dynode/learn/trainer.h"
#include "dynode/learn/trainer_evaluation.h"
#include "dynode/learn/trainer_recipe.h"
#include "dynode/params/quantisation.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

namespace fs = std::filesystem;

template <class E>
std::string_view word_of(E value) {
  for (const auto& [e, name] : EnumNames<E>::names)
    if (e == value) return name;
  return {};
}

std::string resolve(const RobustnessConfig& config, const std::string& path) {
  if (path.empty() || config.file.empty() || fs::path(path).is_absolute()) return path;
  return (fs::path(config.file).parent_path() / path).string();
}

/// Whether `name` is what `pattern` says, * standing for any text.
bool matches(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] != '*') return !name.empty() && name[0] == pattern[0] && matches(pattern.substr(1), name.substr(1));
  for (size_t skip = 0; skip <= name.size(); ++skip)
    if (matches(pattern.substr(1), name.substr(skip))) return true;
  return false;
}

bool counts_levels(const RobustnessExperiment& e) { return e.quantity == "bits" || e.quantity == "levels"; }

/// Whether one run says everything.
bool is_certain(const RobustnessExperiment& e) {
  if (e.type == Disturbance::parameter) return e.spread == Spread::shift;
  if (e.type == Disturbance::weight_quantization) return !e.stochastic;
  return e.type == Disturbance::readout && e.quantity == "bits";
}

std::string level_name(const RobustnessExperiment& e) {
  if (counts_levels(e)) return e.quantity;
  const std::string what = e.type == Disturbance::parameter && e.spread == Spread::shift     ? "shift"
                           : e.type == Disturbance::parameter && e.spread == Spread::uniform ? "largest deviation"
                                                                                             : "standard deviation";
  return e.change == Change::relative ? what + " as a share" : what;
}

std::string title(const RobustnessExperiment& e) {
  if (!e.name.empty()) return e.name;
  switch (e.type) {
    case Disturbance::parameter:
      return fmt::format("{} {} of {}", word_of(e.change), e.spread == Spread::shift ? "shift" : "mismatch", e.target);
    case Disturbance::noise: return fmt::format("noise on {} of {}", e.quantity, e.target);
    case Disturbance::perturbation: return fmt::format("perturbed {} of {}", e.quantity, e.target);
    case Disturbance::readout: return e.quantity == "bits" ? "quantised readout" : "noisy readout";
    default: return fmt::format("quantised weights{}", e.target.empty() ? "" : " " + e.target);
  }
}

// ---- what is measured, on what --------------------------------------------------------------------------

struct Bench {
  TrainConfig                 config;
  std::string                 path;
  TensorFile                  file;
  std::shared_ptr<const Plan> plan;
  TrainingData                data;
  std::vector<size_t>         rows;
  Split                       split;
  Recipe                      recipe;
  uint64_t                    seed;

  const Dataset& set() const { return split == Split::test ? data.test_set() : data.all; }
};

Bench prepare(const RobustnessConfig& study) {
  const std::string path = model_path(resolve(study, study.model));  // first: if this throws, GCC 12 destroys parts of a Bench twice
  Bench bench{.config = {},
              .path   = path,
              .file   = {},
              .plan   = {},
              .data   = {},
              .rows   = {},
              .split  = study.split,
              .recipe = {},
              .seed   = study.seed};
  bench.file = load_safetensors(bench.path);
  if (!study.data.empty()) {
    bench.config = load_train_config(resolve(study, study.data));
  } else if (auto own = trained_with(bench.file, bench.path)) {
    bench.config = *own;
  } else {
    throw SpecError({.path = "data"}, "is missing: the model file does not say what it was trained with",
                    "name a training file (.yaml)");
  }

  bench.config        = config_for_model(bench.config, bench.path);
  TrainConfig& config = bench.config;
  bench.plan = training_plan(config, config.seed);
  bench.data = load_data(config, config.seed);
  if (!study.metric.empty()) config.logging.metrics = {study.metric};
  bench.recipe = make_recipe(config, *bench.plan, bench.data);

  bench.rows   = rows_of(bench.data, study.split, {.path = "split"});
  if (study.rows && size_t(*study.rows) < bench.rows.size()) {
    std::vector<size_t> some;
    for (size_t i = 0; i < size_t(*study.rows); ++i)
      some.push_back(bench.rows[i * bench.rows.size() / size_t(*study.rows)]);
    bench.rows = std::move(some);
  }
  return bench;
}

// ---- disturbances ---------------------------------------------------------------------------------------

/// The network whose layer or connection has noise of this strength.
std::shared_ptr<const Plan> with_noise(const Bench& bench, const RobustnessExperiment& e, double level) {
  Spec                     spec     = bench.plan->spec;
  Value                    strength = Value::map();
  const bool               once     = e.type == Disturbance::perturbation;
  Value*                   noise    = nullptr;
  std::vector<std::string> known;
  for (LayerSpec& l : spec.layers) {
    known.push_back(fmt::format("layer{}", l.layer_id));
    if (e.target == known.back()) noise = once ? &l.perturb : &l.noise;
  }
  for (ConnectionSpec& c : spec.connections) {
    known.push_back(fmt::format("J_{}_to_{}", c.from_layer, c.to_layer));
    if (e.target == known.back()) noise = once ? &c.perturb : &c.noise;
  }
  if (!noise)
    throw SpecError({.path = "target"}, fmt::format("there is no '{}'", e.target),
                    did_you_mean(e.target, known, "there are"));
  noise->set(once ? e.quantity + "_std" : e.quantity, level);
  if (!once && e.change == Change::relative) noise->set("relative", true);

  CompileOptions options = model_options(bench.file);
  options.load_array     = load_array;
  return compile(spec, options);
}

template <class R>
void disturb(const Plan& plan, const RobustnessExperiment& e, double level, uint64_t seed, int repeat,
             std::vector<R>& theta) {
  bool any = false;
  for (const Block& block : plan.parameters.blocks()) {
    if (!matches(e.target, block.name)) continue;
    any = true;
    std::vector<R> real(block.size());
    to_real<R>(block, theta.data(), real);
    Random              random(seed, fmt::format("{}/{}", repeat, block.name));  // not of the level
    std::vector<double> values(real.begin(), real.end());
    const double        low = std::max(block.min, e.min.value_or(-INFINITY)),
                 high       = std::min(block.max, e.max.value_or(INFINITY));
    if (low > high)
      throw SpecError({.path = "min, max"},
                      fmt::format("{} has to be within [{}, {}]", block.name, block.min, block.max),
                      "give limits that overlap with these");
    for (double& v : values) {
      const double draw  = e.spread == Spread::shift      ? 1
                           : e.spread == Spread::gaussian ? random.normal()
                                                          : 2 * random.uniform() - 1;
      const double moved = level * draw * (e.change == Change::relative ? v : 1);
      v                  = std::clamp(v + moved, low, high);
    }
    set_real<R>(block, values, theta.data());
  }
  if (!any)
    throw SpecError({.path = "target"}, fmt::format("no parameter is called '{}'", e.target),
                    did_you_mean(e.target, plan.parameters.names(), "there are"));
  project(plan.parameters, theta.data());
}

template <class R>
void quantise_weights(const Plan& plan, const RobustnessExperiment& e, double level, uint64_t seed, int repeat,
                      std::vector<R>& theta) {
  const bool   bits = e.quantity == "bits";
  Quantisation q{
      .codebook = codebook_of(bits ? std::optional<int64_t>(std::llround(level)) : std::nullopt,
                              bits ? std::nullopt : std::optional<int64_t>(std::llround(level)), *e.min, *e.max),
      .stochastic = e.stochastic};
  if (!e.target.empty()) {
    for (const Block& block : plan.parameters.blocks())
      if (block.name.starts_with("J_") && matches(e.target, block.name)) q.connections.push_back(block.name);
    if (q.connections.empty())
      throw SpecError({.path = "target"}, fmt::format("no weights are called '{}'", e.target),
                      did_you_mean(e.target, plan.parameters.names(), "there are"));
  }
  std::optional<RoundingDraw> draw;
  if (e.stochastic) draw = RoundingDraw{.seed = seed, .pass = uint64_t(repeat)};
  quantise_stored<R>(plan.parameters, q, draw, theta.data());
}

/// Noise on outputs, or levels in their place.
template <class R>
void disturb_readout(const RobustnessExperiment& e, double level, Random& random, std::vector<R>& output) {
  if (e.quantity == "noise") {
    for (R& y : output) y += R(level * random.normal() * (e.change == Change::relative ? double(std::abs(y)) : 1));
    return;
  }
  const double last = std::exp2(level) - 1, low = *e.min, width = *e.max - low;  // 2^bits levels from end to end
  for (R& y : output) y = R(low + width * std::round(std::clamp((double(y) - low) / width, 0.0, 1.0) * last) / last);
}

// ---- one run --------------------------------------------------------------------------------------------

/// @param e  nothing: the network as it is
template <class R>
double measure(const Bench& bench, const std::vector<R>& trained, const RobustnessExperiment* e, double level,
               int repeat) {
  const uint64_t              seed  = e ? bench.seed ^ hash_text(title(*e)) : bench.seed;
  std::shared_ptr<const Plan> plan  = bench.plan;
  std::vector<R>              theta = trained;
  if (e && e->type == Disturbance::parameter) disturb(*plan, *e, level, seed, repeat, theta);
  if (e && e->type == Disturbance::weight_quantization) quantise_weights(*plan, *e, level, seed, repeat, theta);
  if (e && (e->type == Disturbance::noise || e->type == Disturbance::perturbation)) plan = with_noise(bench, *e, level);

  Engine<R>    engine(plan, std::make_shared<Threads>(1));
  Minibatch<R> batch(*plan, bench.recipe.terms, {});
  engine.set_parameters(theta);
  batch.set_parameters(theta);
  Metric           metric(bench.recipe.metrics.at(0));
  Random           random(seed, fmt::format("{}/readout", repeat));
  constexpr size_t kRows = 256;
  for (size_t at = 0; at < bench.rows.size(); at += kRows) {
    batch.load(bench.set(), std::span(bench.rows).subspan(at, std::min(kRows, bench.rows.size() - at)));
    batch.noise = {.pass = uint64_t(repeat), .first_row = at};
    batch.loss(engine);
    MetricBatch<R> outputs = batch.outputs();
    std::vector<R> read    = batch.pooled();
    if (e && e->type == Disturbance::readout) disturb_readout(*e, level, random, read);
    outputs.output = read.data();
    metric.add(outputs);
  }
  return metric.value();
}

template <class R>
void run(const RobustnessConfig& study, const Bench& bench, int threads,
         const std::function<void(size_t, size_t)>& progress, RobustnessResult& result) {
  const std::vector<R> trained = model_theta<R>(*bench.plan, bench.file, bench.path);
  struct Job {
    const RobustnessExperiment* experiment;
    double                      level;
    int                         repeat;
    double*                     value;
  };
  std::vector<Job> jobs = {{nullptr, 0, 0, &result.baseline}};
  for (const RobustnessExperiment& e : study.experiments) {
    const size_t repeats = is_certain(e) ? 1 : size_t(e.repeats.value_or(study.repeats));
    result.curves.push_back({title(e), level_name(e), e.levels, {}, {}, {}});
    result.curves.back().values.assign(e.levels.size(), std::vector<double>(repeats));
  }
  for (size_t i = 0; i < study.experiments.size(); ++i)
    for (size_t l = 0; l < result.curves[i].levels.size(); ++l)
      for (size_t k = 0; k < result.curves[i].values[l].size(); ++k)
        jobs.push_back({&study.experiments[i], result.curves[i].levels[l], int(k), &result.curves[i].values[l][k]});

  Threads    workers(threads);
  std::mutex one_at_a_time;
  size_t     done = 0;
  workers.run(jobs.size(), [&](size_t job, size_t) {
    const Job& j = jobs[job];
    *j.value     = measure<R>(bench, trained, j.experiment, j.level, j.repeat);
    const std::lock_guard lock(one_at_a_time);
    if (progress) progress(++done, jobs.size());
  });
  result.runs = int64_t(jobs.size());

  for (RobustnessCurve& curve : result.curves)
    for (const std::vector<double>& values : curve.values) {
      double sum = 0, squares = 0;
      for (double v : values) sum += v;
      const double mean = sum / double(values.size());
      for (double v : values) squares += (v - mean) * (v - mean);
      curve.mean.push_back(mean);
      curve.deviation.push_back(values.size() > 1 ? std::sqrt(squares / double(values.size() - 1)) : 0);
    }
}

/// What a mistake in an experiment would be found by only after an hour.
void check(const RobustnessExperiment& e, const At& at) {
  const auto need = [&](bool there, const char* what, const std::string& hint) {
    if (!there) throw SpecError(at, fmt::format("an experiment of type {} needs '{}'", word_of(e.type), what), hint);
  };
  const auto one_of = [&](const std::vector<std::string>& words) {
    need(!e.quantity.empty(), "quantity", "one of " + join(words));
    if (std::ranges::find(words, e.quantity) == words.end())
      throw SpecError(at, fmt::format("there is no quantity '{}'", e.quantity),
                      did_you_mean(e.quantity, words, "it can be"));
  };
  need(!e.levels.empty(), "levels", "a list of numbers, one point of the curve each");
  for (double level : e.levels)
    if (!std::isfinite(level) || (level < 0 && e.type != Disturbance::parameter))
      throw SpecError(at, fmt::format("{} is no level", level),
                      "give finite numbers, those of noise and codebooks at least 0");
  switch (e.type) {
    case Disturbance::parameter: need(!e.target.empty(), "target", "layer1/bias_current, J_0_to_1, J_*"); break;
    case Disturbance::noise:
    case Disturbance::perturbation:
      need(!e.target.empty(), "target", "layer1 or J_0_to_1");
      need(!e.quantity.empty(), "quantity", "phi, g, s, bias_current; j of a connection");
      if (e.type == Disturbance::perturbation && e.change == Change::relative)
        throw SpecError(at, "perturbations are amounts", "remove change: relative");
      break;
    case Disturbance::readout: one_of({"noise", "bits"}); break;
    case Disturbance::weight_quantization: one_of({"bits", "levels"}); break;
  }
  if (e.min && e.max && !(*e.min < *e.max))
    throw SpecError(at, fmt::format("min {} is not below max {}", *e.min, *e.max));
  if (!counts_levels(e)) return;
  need(e.min && e.max, "min and max", "the range that the levels divide");
  for (double level : e.levels)
    if (level != std::round(level) || level < 1 || level > (e.quantity == "bits" ? 16 : 65537))
      throw SpecError(at, fmt::format("{} is no number of {}", level, e.quantity));
}

}  // namespace

RobustnessConfig read_robustness_config(const Value& given) {
  Value value = given;
  value.place_children();
  RobustnessConfig config = read<RobustnessConfig>(value);
  config.file             = value.at().file;
  const Value::List& list = value.at("experiments").list();
  if (list.empty()) value.at("experiments").fail("there are no experiments");
  for (size_t i = 0; i < list.size(); ++i) check(config.experiments[i], list[i].at());
  return config;
}

RobustnessResult study_robustness(const RobustnessConfig& config, int threads,
                                  const std::function<void(size_t, size_t)>& progress) {
  const auto       start = std::chrono::steady_clock::now();
  const Bench      bench = prepare(config);
  const Metric     metric(bench.recipe.metrics.at(0));
  RobustnessResult result{.model    = bench.path,
                          .data     = bench.set().name(),
                          .metric   = metric.name(),
                          .percent  = in_percent(metric),
                          .rows     = int64_t(bench.rows.size()),
                          .curves   = {},
                          .warnings = bench.plan->warnings};
  if (in_double(*bench.plan, bench.file)) run<double>(config, bench, threads, progress, result);
  else run<float>(config, bench, threads, progress, result);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

Value robustness_results(const RobustnessResult& result) {
  Value experiments = Value::list_of();
  for (const RobustnessCurve& curve : result.curves) {
    Value values = Value::list_of();
    for (const auto& of_level : curve.values) values.push_back(of_level);
    experiments.push_back(Value::map({{"name", curve.name},
                                      {"level", curve.level_name},
                                      {"levels", curve.levels},
                                      {"mean", curve.mean},
                                      {"deviation", curve.deviation},
                                      {"values", values}}));
  }
  return Value::map({{"model", result.model},
                     {"data", result.data},
                     {"rows", result.rows},
                     {"metric", result.metric},
                     {"baseline", result.baseline},
                     {"experiments", experiments}});
}

Report robustness_report(const RobustnessConfig& config, const RobustnessResult& result) {
  Report report{.title          = config.name,
                .kind           = "robustness",
                .metric_name    = result.metric,
                .metric_percent = result.percent,
                .test_metric    = result.baseline};
  std::ranges::replace(report.title, '_', ' ');
  report.summary = fmt::format("How {} over {} rows of {} changes when the network is not what it was trained to be.",
                               result.metric, grouped(result.rows), fs::path(result.data).filename().string());
  report.facts   = {{"model", config.model},
                    {"data", fmt::format("{}, {} set", fs::path(result.data).filename().string(), word_of(config.split))},
                    {"runs", grouped(result.runs)},
                    {"time", duration_text(result.seconds)},
                    {"seed", std::to_string(config.seed)}};
  for (const RobustnessCurve& curve : result.curves)
    report.sweeps.push_back({curve.name, curve.level_name, curve.levels, curve.mean, curve.deviation,
                             int(curve.values.empty() ? 0 : curve.values[0].size())});
  report.config_yaml = to_yaml(write(config));
  return report;
}

}  // namespace dynode
