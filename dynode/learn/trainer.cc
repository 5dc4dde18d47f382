// Runs of several networks: repeats with other seeds, yardsticks, and what was interrupted.
#include "dynode/learn/trainer.h"

#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <limits>
#include <optional>

#include "dynode/base/threads.h"
#include "dynode/io/file.h"
#include "dynode/io/model_file.h"
#include "dynode/io/npz.h"
#include "dynode/learn/evaluation.h"
#include "dynode/learn/trainer_network.h"
#include "dynode/learn/warnings.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace fs = std::filesystem;
namespace {

/// A network, its data and the place of its numbers: all that training needs.
struct Job {
  TrainConfig                         config;  // of this network alone
  std::shared_ptr<const Plan>         plan;
  std::shared_ptr<const TrainingData> data;
};

/// Data that were read already, for networks that want the same; paths are absolute here.
class DataShelf {
 public:
  std::shared_ptr<const TrainingData> get(const TrainConfig& config) {
    if (!data_ || !(config.data == key_) || config.seed != seed_) {
      data_ = std::make_shared<const TrainingData>(load_data(config, config.seed));
      key_  = config.data;
      seed_ = config.seed;
    }
    return data_;
  }

 private:
  std::shared_ptr<const TrainingData> data_;
  DataConfig                          key_;
  uint64_t                            seed_ = 0;
};

/// What is common to all networks of one call.
struct Call {
  const TrainOptions&      options;
  std::shared_ptr<Threads> threads;
  DataShelf                shelf = {};
};

std::string absolute(const TrainConfig& config, const std::string& path) {
  return path.empty() ? path : fs::absolute(config.resolve(path)).lexically_normal().string();
}

/// The same, checked and completed as if read from a file, with paths that hold wherever it is read.
TrainConfig settle(TrainConfig config) {
  config.data.data_path          = absolute(config, config.data.data_path);
  config.data.val_path           = absolute(config, config.data.val_path);
  config.data.test_path          = absolute(config, config.data.test_path);
  config.model.architecture_yaml = absolute(config, config.model.architecture_yaml);
  config.model.base_model_path   = absolute(config, config.model.base_model_path);
  config.training.train_from_checkpoint = absolute(config, config.training.train_from_checkpoint);
  if (auto& d = config.training.distillation) {
    d->teacher_model_path     = absolute(config, d->teacher_model_path);
    d->distillation_data_path = absolute(config, d->distillation_data_path);
  }
  for (YardstickConfig& yardstick : config.yardsticks)
    yardstick.architecture_yaml = absolute(config, yardstick.architecture_yaml);
  TrainConfig settled = read_train_config(write_train_config(config));
  settled.file        = config.file;
  settled.warnings    = config.warnings;
  return settled;
}

template <class R>
std::vector<R> initial_theta(const TrainConfig& config, const Plan& plan) {
  if (!config.model.load_exact_model_state) return {plan.theta.begin(), plan.theta.end()};
  const std::string path = config.resolve(config.model.base_model_path);
  return model_theta<R>(plan, load_safetensors(path), path);
}

void write_config(const RunDirectory& directory, const TrainConfig& config, const std::vector<std::string>& notes) {
  std::string text;
  for (const std::string& note : notes) text += "# " + note + "\n";
  directory.write("config.yaml", text + to_yaml(write_train_config(config)));
}

void start_log(const RunDirectory& directory, const Job& job, Progress* progress) {
  std::vector<std::string> warnings = job.config.warnings;
  for (const std::string& warning : warnings_of(*job.plan, job.data->all.has_spans())) warnings.push_back(warning);
  for (const std::string& warning : warnings) {
    directory.log("warning: " + warning);
    if (progress) progress->say("warning: " + warning);
  }
  directory.log(fmt::format("{} parameters, {} training samples, {} for validation, {} for the test",
                            job.plan->parameters.learnable_size(), job.data->train.size(), job.data->validation.size(),
                            job.data->test.size()));
}

template <class R>
TrainResult run_in_precision(const Job& job, RunDirectory& directory, Call& call, const TensorFile* from,
                             const std::string& from_path) {
  NetworkTrainer<R> trainer(job.config, job.plan, job.data, call.threads, initial_theta<R>(job.config, *job.plan),
                            call.options);
  try {
    return trainer.run(directory, from, from_path);
  } catch (const Error& error) {
    directory.log(error.what());
    throw;
  }
}

TrainResult run_network(const Job& job, RunDirectory& directory, Call& call, const TensorFile* from = nullptr,
                        const std::string& from_path = {}) {
  const bool single = job.config.model.dtype == NumberType::float32;
  return single ? run_in_precision<float>(job, directory, call, from, from_path)
                : run_in_precision<double>(job, directory, call, from, from_path);
}

/// Refuses a checkpoint that this run cannot begin with.
void check_start(const Job& job, const Recipe& recipe) {
  const std::string& given = job.config.training.train_from_checkpoint;
  if (given.empty()) return;
  const std::string path = job.config.resolve(given);
  const TensorFile  file = load_safetensors(path);
  if (const int64_t done = checkpoint_state(file, path).epoch; done >= job.config.training.max_epochs)
    throw SpecError({.path = "training.max_epochs"},
                    fmt::format("the checkpoint has {} epochs behind it, and the run is to have {}", done, job.config.training.max_epochs),
                    fmt::format("give max_epochs: {}, for example; they count on from there", 2 * done));
  const std::string& optimiser = job.config.training.optimizer.name;
  if (const auto before = trained_with(file, path); before && before->training.optimizer.name != optimiser)
    throw SpecError({.path = "training.optimizer.name"},
                    fmt::format("the checkpoint has the memory of {}, which {} cannot use", before->training.optimizer.name, optimiser),
                    "keep the optimiser, or begin with the numbers alone: model.base_model_path, load_exact_model_state: true");
  model_theta<double>(*job.plan, file, path);
  Optimizer<double> optimizer(recipe.optimizer, job.plan->parameters.size(), recipe.blocks);
  restore_optimizer(*job.plan, file, path, optimizer);
}

/// Everything that can be refused is refused here, before a run directory exists.
Job prepare(const TrainConfig& config, Call& call) {
  Job job{config, training_plan(config, config.seed), call.shelf.get(config)};
  check_start(job, make_recipe(config, *job.plan, *job.data));
  return job;
}

/// Settles a prepared network in its directory and trains it.
TrainResult start_network(Job job, RunDirectory& directory, Call& call) {
  TrainConfig&           config = job.config;
  const TrainingProgress start  = progress_at(config, *job.data, 0);
  directory.write("spec.yaml", to_yaml(write_spec(with_annealed_noise(*job.plan, config.callbacks.noise_annealers, start),
                                                  Defaults::write)));
  if (config.model.base_model_path.empty()) {
    config.model.architecture_yaml = "spec.yaml";
    config.model.architecture      = Value();
  }
  write_config(directory, config, call.options.notes);
  start_log(directory, job, call.options.progress);
  return run_network(job, directory, call);
}

/// Goes on with a network in its directory.
TrainResult resume_network(const TrainConfig& config, RunDirectory& directory, Call& call) {
  for (const char* name : {"last", "initial"}) {
    const std::string path = directory.checkpoint(name);
    if (!fs::exists(path)) continue;
    const TensorFile file    = load_safetensors(path);
    CompileOptions   options = model_options(file);
    options.seed             = config.seed;
    const Job job{config, compile_annealed(model_spec(file, path), options, config.callbacks.noise_annealers),
                  call.shelf.get(config)};
    return run_network(job, directory, call, &file, path);
  }
  // interrupted before its first checkpoint
  directory.cut_metrics(0);
  return run_network(prepare(config, call), directory, call);
}

/// Trains what lies in `path`, from its checkpoint if it has begun, else from `config`.
TrainResult continue_or_start(const TrainConfig& config, const std::string& path, Call& call);

void run_yardsticks(const TrainConfig& config, TrainResult& result, Call& call) {
  for (size_t i = 0; i < config.yardsticks.size() && !result.stopped; ++i) {
    const TrainConfig own = yardstick_config(config, i);
    if (call.options.progress) call.options.progress->begin(own.name);
    const std::string path = (fs::path(result.directory) / fmt::format("yardstick_{}", i + 1)).string();
    result.yardsticks.push_back({own.name, continue_or_start(own, path, call)});
    result.stopped = result.yardsticks.back().result.stopped;
  }
}

TrainResult continue_or_start(const TrainConfig& config, const std::string& path, Call& call) {
  TrainResult result;
  if (fs::exists(fs::path(path) / "config.yaml")) {
    RunDirectory      directory = RunDirectory::open(path);
    const TrainConfig written   = load_train_config(directory.file("config.yaml"));
    result                      = resume_network(written, directory, call);
    run_yardsticks(written, result, call);
  } else {
    Job          job       = prepare(config, call);
    RunDirectory directory = RunDirectory::create(path);
    result                 = start_network(std::move(job), directory, call);
    run_yardsticks(config, result, call);
  }
  return result;
}

TrainConfig repeat_config(TrainConfig config, int k) {
  config.seed += uint64_t(k);
  config.training.num_repeats = 1;
  return config;
}

/// Means over the repeats.
void summarise(TrainResult& result) {
  const double n   = double(result.repeats.size());
  result.best_loss = result.test_loss = 0;
  for (const TrainResult& repeat : result.repeats) {
    result.epochs += repeat.epochs;
    result.updates += repeat.updates;
    result.seconds += repeat.seconds;
    result.best_loss += repeat.best_loss / n;
    result.test_loss += repeat.test_loss / n;
    if (result.test.empty())
      for (const NamedNumber& number : repeat.test) result.test.push_back({number.name, 0, number.percent});
    for (size_t i = 0; i < repeat.test.size(); ++i) result.test[i].value += repeat.test[i].value / n;
  }
}

TrainResult run_repeats(const TrainConfig& config, const std::string& path, Call& call) {
  TrainResult result;
  result.directory = path;
  for (int k = 0; k < config.training.num_repeats && !result.stopped; ++k) {
    if (call.options.progress)
      call.options.progress->begin(fmt::format("repeat {} of {}", k + 1, config.training.num_repeats));
    const std::string own = (fs::path(path) / fmt::format("repeat_{}", k)).string();
    result.repeats.push_back(continue_or_start(repeat_config(config, k), own, call));
    result.stopped = result.repeats.back().stopped;
  }
  summarise(result);
  return result;
}

std::string divergence_text(const NumericsError& cause, int64_t epoch, int64_t update, double learning_rate,
                            const std::string& checkpoint) {
  std::string what = cause.what();
  what             = what.substr(0, what.find('\n'));
  return fmt::format(
      "training diverged in epoch {}, update {}, at learning rate {:.3g}: {}\n"
      "  lower the learning rate (callbacks.lr_scheduler, else training.optimizer.lr) or limit the gradient "
      "(training.gradient_clip_val){}",
      epoch, update, learning_rate, what,
      checkpoint.empty() ? "" : "; the network of the epoch before is in " + checkpoint);
}

}  // namespace

DivergenceError::DivergenceError(const NumericsError& cause, int64_t epoch, int64_t update, double learning_rate,
                                 const std::string& checkpoint)
    : NumericsError(cause), text_(divergence_text(cause, epoch, update, learning_rate, checkpoint)) {}

std::shared_ptr<const Plan> training_plan(const TrainConfig& config, uint64_t seed) {
  const ModelConfig& model = config.model;
  Spec               spec;
  CompileOptions     options{.seed = seed, .load_array = load_array, .stored = {}};
  TensorFile         base, start;
  if (!model.base_model_path.empty()) {
    const std::string path = config.resolve(model.base_model_path);
    base                   = load_safetensors(path);
    spec                   = model_spec(base, path);
    if (model.load_exact_model_state) options.stored = model_options(base).stored;
  } else if (!model.architecture_yaml.empty()) {
    spec = load_spec(config.resolve(model.architecture_yaml));
  } else {
    spec = read_spec(model.architecture);
    if (spec.file.empty()) spec.file = config.file;
  }
  if (!config.training.train_from_checkpoint.empty()) {   // its masks, too
    start          = load_safetensors(config.resolve(config.training.train_from_checkpoint));
    options.stored = model_options(start).stored;
  }
  if (model.dt) spec.simulation.dt = model.dt;
  if (model.dt_learnable) spec.simulation.dt_learnable = *model.dt_learnable;
  return compile_annealed(spec, options, config.callbacks.noise_annealers);
}

TrainResult train(const TrainConfig& config, const TrainOptions& options) {
  Call              call{options, std::make_shared<Threads>(options.threads)};
  const TrainConfig settled = settle(config);
  const bool        repeats = settled.training.num_repeats > 1;
  Job               job     = prepare(repeats ? repeat_config(settled, 0) : settled, call);
  for (size_t i = 0; i < settled.yardsticks.size(); ++i) {
    const TrainConfig own = yardstick_config(settled, i);
    make_recipe(own, *training_plan(own, own.seed), *job.data);
  }

  RunDirectory directory = options.run_directory.empty() ? RunDirectory::create_next(run_path(config))
                                                         : RunDirectory::create(options.run_directory);
  if (options.progress) options.progress->begin(fmt::format("{} in {}", settled.name, directory.path()));
  TrainResult result;
  if (repeats) {
    write_config(directory, settled, options.notes);
    result = run_repeats(settled, directory.path(), call);
  } else {
    result = start_network(std::move(job), directory, call);
    run_yardsticks(settled, result, call);
  }
  return result;
}

TrainResult resume(const std::string& run_directory, const TrainOptions& options) {
  Call               call{options, std::make_shared<Threads>(options.threads)};
  const RunDirectory directory = RunDirectory::open(run_directory);
  const TrainConfig  config    = load_train_config(directory.file("config.yaml"));
  if (options.progress) options.progress->begin(fmt::format("{} in {}", config.name, directory.path()));
  return config.training.num_repeats > 1 ? run_repeats(config, directory.path(), call)
                                         : continue_or_start(config, directory.path(), call);
}

std::string headline(const TrainResult& result) {
  if (result.test.empty()) return result.stopped ? "stopped before the test" : "no test set";
  const NamedNumber& mean = result.test.front();
  if (result.repeats.size() < 2) return "test " + mean.text();
  double squares = 0;
  for (const TrainResult& repeat : result.repeats)
    if (!repeat.test.empty()) squares += std::pow(repeat.test.front().value - mean.value, 2);
  const double deviation = std::sqrt(squares / double(result.repeats.size() - 1));
  return mean.percent ? fmt::format("test {} {:.1f} ± {:.1f} %", mean.name, 100 * mean.value, 100 * deviation)
                      : fmt::format("test {} {:.4g} ± {:.2g}", mean.name, mean.value, deviation);
}

}  // namespace dynode
