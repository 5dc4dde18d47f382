#include "dynode/learn/evaluation.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/format.h>
#include <numeric>

#include "dynode/base/threads.h"
#include "dynode/io/model_file.h"
#include "dynode/io/model_formats.h"
#include "dynode/learn/run_directory.h"
#include "dynode/learn/trainer.h"
#include "dynode/learn/trainer_evaluation.h"
#include "dynode/learn/trainer_recipe.h"
#include "dynode/learn/warnings.h"
#include "dynode/spec/json.h"

namespace dynode {
namespace {

std::vector<std::string> usual_metrics(const Dataset& data, size_t classes) {
  if (!data.has_classes()) return {"mse", "mae", "r2"};
  if (classes > 10) return {"accuracy", "top_5"};
  if (classes > 4) return {"accuracy", "top_3"};
  return {"accuracy"};
}

template <class R>
void run(const TensorFile& file, const std::string& model, const std::shared_ptr<const Plan>& plan,
         const Recipe& recipe, const Dataset& set, const std::vector<size_t>& rows, int threads, ModelScores& result) {
  const std::vector<R> theta = model_theta<R>(*plan, file, model);
  Engine<R>            engine(plan, std::make_shared<Threads>(threads));
  Minibatch<R>         batch(*plan, recipe.terms, {});
  engine.set_parameters(theta);
  batch.set_parameters(theta);
  const auto   start  = std::chrono::steady_clock::now();
  const Scores scores = evaluate<R>(engine, batch, set, rows, recipe.fresh_metrics(), result.classes);
  result.seconds      = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.loss         = scores.loss;
  result.confusion    = scores.confusion;
  for (const Metric& metric : scores.metrics)
    result.metrics.push_back({metric.name(), metric.value(), in_percent(metric)});
}

}  // namespace

std::optional<TrainConfig> trained_with(const TensorFile& model, const std::string& path) {
  const auto found = model.metadata.find("dynode.train");
  if (found == model.metadata.end()) return {};
  return read_train_config(parse_json(found->second, path + " (dynode.train)").at("config"));
}

TrainConfig plain_config(Value file) {
  for (const char* block : {"model", "training"})
    if (!file.has(block)) file.set(block, Value::map());
  file.find("model")->set("base_model_path", "model");
  Value&     training = *file.find("training");
  const bool asked    = training.has("loss") || training.has("losses");
  if (!asked) training.set("loss", Value::map({{"losses", Value::list_of({Value::map({{"name", "mse"}})})}}));
  TrainConfig result = read_train_config(file);
  if (!asked && load_data(result, result.seed).all.has_classes()) {
    training.set("loss", Value::map({{"losses", Value::list_of({Value::map({{"name", "cross_entropy"}})})}}));
    result = read_train_config(file);
  }
  return result;
}

std::string model_path(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code none;
  if (!fs::is_directory(path, none)) {
    if (ending_of(path) == ".dynode") return path;
    throw IoError(path, "is no model by its ending", "give a model file (.dynode) or the folder of a training run");
  }
  const RunDirectory run = RunDirectory::open(path);
  for (const char* name : {"best", "last"})
    if (fs::exists(run.checkpoint(name), none)) return run.checkpoint(name);
  if (fs::exists(fs::path(path) / "repeat_0", none))
    throw IoError(path, "has several networks", "name one of them: " + (fs::path(path) / "repeat_0").string());
  throw IoError(path, "has no checkpoint yet", fmt::format("dynode resume {} goes on with the run", path));
}

TrainConfig config_for_model(TrainConfig config, const std::string& model) {
  for (std::string* path : {&config.data.data_path, &config.data.val_path, &config.data.test_path})
    if (!path->empty()) *path = config.resolve(*path);
  config.file.clear();
  config.model.architecture_yaml.clear();
  config.model.architecture           = Value();
  config.model.base_model_path        = model;
  config.model.load_exact_model_state = true;
  config.model.dt.reset();
  config.model.dt_learnable.reset();
  config.training.train_from_checkpoint.clear();
  config.training.optimizer.param_groups.clear();
  config.callbacks.noise_annealers.clear();   // the model has its noise as it was
  config.callbacks.connection_noise.reset();
  config.callbacks.quantized_accuracy.reset();
  return config;
}

std::vector<size_t> rows_of(const TrainingData& data, Split split, const At& at) {
  if (data.task && (split == Split::train || split == Split::all))
    throw SpecError(at, "training draws its trials anew", "test and validation have trials of their own");
  std::vector<size_t> rows = split == Split::train        ? data.train
                             : split == Split::validation ? data.validation
                             : split == Split::test       ? data.test
                                                          : std::vector<size_t>(data.all.rows());
  if (split == Split::all) std::iota(rows.begin(), rows.end(), size_t(0));
  if (rows.empty())
    throw IoError((split == Split::test ? data.test_set() : data.all).name(),
                  fmt::format("the {} set has no rows", EnumNames<Split>::names[size_t(split)].second),
                  "a part of the data becomes one by data.test_split or data.val_split");
  return rows;
}

bool in_double(const Plan& plan, const TensorFile& model) {
  return std::ranges::any_of(plan.parameters.blocks(), [&](const Block& b) {
    const Tensor* tensor = model.find(b.stored_name());
    return tensor && tensor->dtype == Dtype::F64;
  });
}

ModelScores evaluate_model(const std::string& model, TrainConfig config, Split split,
                          const std::vector<std::string>& metrics, int threads) {
  config = config_for_model(std::move(config), model);
  const std::shared_ptr<const Plan> plan = training_plan(config, config.seed);
  const TensorFile                  file = load_safetensors(model);

  // data, and what is measured
  const TrainingData data  = load_data(config, config.seed);
  const Dataset&     set   = split == Split::test ? data.test_set() : data.all;
  const auto         rows  = rows_of(data, split, {.path = "--split"});
  const auto         units = plan->layers[size_t(plan->output)].units;
  std::vector<std::string> measured = metrics;
  if (metrics.empty()) {
    if (config.logging.metrics) measured = *config.logging.metrics;
    if (!data.task) std::erase(measured, "success");
    for (const std::string& name : usual_metrics(set, units))
      if (std::ranges::find(measured, name) == measured.end()) measured.push_back(name);
  }
  config.logging.metrics = measured;
  const Recipe recipe    = make_recipe(config, *plan, data);

  ModelScores result;
  result.data     = set.name();
  result.rows     = int64_t(rows.size());
  result.steps    = int64_t(set.steps());
  result.classes  = set.has_classes() ? int64_t(units) : 0;
  result.warnings = warnings_of(*plan, set.has_spans());
  if (in_double(*plan, file)) run<double>(file, model, plan, recipe, set, rows, threads, result);
  else run<float>(file, model, plan, recipe, set, rows, threads, result);
  return result;
}

}  // namespace dynode
