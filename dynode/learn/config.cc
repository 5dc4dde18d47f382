// Reading training files: other words first (config_words.h), then the fields, then every name with its parameters.
#include "dynode/learn/config.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <regex>

#include "dynode/base/text.h"
#include "dynode/learn/config_checks.h"
#include "dynode/learn/config_words.h"
#include "dynode/learn/dataset.h"
#include "dynode/learn/loss.h"
#include "dynode/learn/metrics.h"
#include "dynode/plan/arguments.h"
#include "dynode/spec/spec.h"

namespace dynode {
namespace {

// ── names and their parameters ──────────────────────────────────────────────────────────────────────────────────────

/// Parameters with every default written out.
Value completed(const std::string& owner, const std::vector<Fact>& facts, Value params) {
  if (params.is_null()) params.replace(Value::map());
  check_arguments(owner, facts, params);
  for (const Fact& fact : facts) {
    if (params.has(fact.name) || fact.required) continue;
    if (fact.kind == ArgumentKind::text && fact.text[0]) params.set(fact.name, fact.text);
    if (fact.kind == ArgumentKind::boolean) params.set(fact.name, fact.value != 0);
    if (fact.kind == ArgumentKind::integer && !std::isnan(fact.value)) params.set(fact.name, int64_t(fact.value));
    if (fact.kind == ArgumentKind::number && !std::isnan(fact.value)) params.set(fact.name, fact.value);
  }
  return params;
}

/// Parameters of a schedule without its type.
Value without_type(const Value& schedule) {
  Value params = schedule;
  params.erase("type");
  return params;
}

void settle_schedule(Value& schedule) {
  if (schedule.is_null()) return;
  if (schedule.is_text()) schedule.replace(Value::map({{"type", schedule.text()}}));
  const Value*         type   = &schedule.at("type");
  const ScheduleEntry& entry  = find_schedule(type->text(), type->at());
  Value                params = completed(fmt::format("schedule {}", entry.name), entry.facts, without_type(schedule));
  for (const Value::Entry& param : params.entries()) schedule.set(param.key, param.value);
}

void settle_pooling(NamedConfig& pooling, Mapping mapping, const At& at) {
  const PoolingEntry& entry = find_pooling(pooling.name, at);
  pooling.params            = completed(fmt::format("time pooling {}", entry.name), entry.facts, pooling.params);
  if (mapping == Mapping::seq2seq && entry.kind != Pooling::Kind::none)
    throw SpecError(at, fmt::format("mapping seq2seq compares every step, but time_pooling {} leaves one", entry.name),
                    "give time_pooling: none, or mapping: seq2static");
  if (mapping == Mapping::seq2static && entry.kind == Pooling::Kind::none)
    throw SpecError(at, "mapping seq2static has one target per sequence, but time_pooling none keeps every step",
                    "give time_pooling: final, mean or max, or mapping: seq2seq");
}

void check_source(int given, const At& at) {
  if (given == 1) return;
  throw SpecError(at, given == 0 ? "the network is missing" : "the network is given twice",
                  "give architecture_yaml: net.yaml, or architecture: {…}, or base_model_path: model.dynode");
}

void settle_model(TrainConfig& config, const Value& root) {
  ModelConfig& model = config.model;
  const At     at    = place_of(root, {"model"});
  check_source(!model.architecture_yaml.empty() + !model.architecture.is_null() + !model.base_model_path.empty(), at);
  if (model.load_exact_model_state && model.base_model_path.empty())
    throw SpecError(place_of(root, {"model", "load_exact_model_state"}), "there is no model to take the numbers from",
                    "give base_model_path: model.dynode");
  if (config.training.foretells_tokens()) {
    const TokenPoolingConfig& tokens = config.training.ar->token_pooling;
    const At                  place  = place_of(root, {"training", "ar", "token_pooling"});
    const auto                kinds  = {"final", "mean", "max", "mean_last_n"};
    if (std::ranges::find(kinds, tokens.method) == kinds.end())
      throw SpecError(place, fmt::format("there is no token pooling '{}'", tokens.method), "there are: final, mean, max, mean_last_n");
    model.time_pooling = {.name = tokens.method, .params = tokens.params};
    return settle_pooling(model.time_pooling, Mapping::seq2static, place);
  }
  const Value* given = root.at("model").find("time_pooling");
  if (!given && config.training.mapping == Mapping::seq2seq) model.time_pooling.name = "none";
  settle_pooling(model.time_pooling, config.training.mapping, place_of(root, {"model", "time_pooling"}));
}

void settle_training(TrainConfig& config, const Value& root) {
  TrainingConfig& training = config.training;
  const At        place    = place_of(root, {"training", "optimizer", "name"});

  OptimizerConfig&      optimizer = training.optimizer;
  const OptimizerEntry& entry     = find_optimizer(lower_case(optimizer.name), place);
  optimizer.name                  = entry.name;
  optimizer.kwargs                = completed(fmt::format("optimizer {}", entry.name), entry.facts, optimizer.kwargs);
  optimizer_settings(entry, check_arguments(entry.name, entry.facts, optimizer.kwargs),
                     place_of(root, {"training", "optimizer", "kwargs"}));
  for (const ParamGroupConfig& group : optimizer.param_groups) {
    const At at = place_of(root, {"training", "optimizer", "param_groups"});
    if (group.match.empty() == group.match_regex.empty())
      throw SpecError(at, "a group of parameters needs either match or match_regex");
    try {
      std::regex pattern(group.match_regex);
    } catch (const std::regex_error&) {
      throw SpecError(at, fmt::format("match_regex '{}' is no pattern", group.match_regex));
    }
  }

  settle_stretches(training, root);

  const At losses_at = place_of(root, {"training", "loss", "losses"});
  if (training.loss.losses.empty())
    throw SpecError(losses_at, "training needs at least one loss", "give losses: [{name: cross_entropy}], for example");
  for (size_t i = 0; i < training.loss.losses.size(); ++i) {
    LossConfig&      loss = training.loss.losses[i];
    const Value&     node = root.at("training").at("loss").at("losses").list()[i];
    const LossEntry& kind = find_loss(loss.name, node.at("name").at());
    const bool       weighted = std::ranges::any_of(
        kind.facts, [](const Fact& fact) { return std::string_view(fact.name) == "class_weights"; });
    const bool balanced = weighted && is_balanced(loss.params);
    if (balanced) loss.params.erase("class_weights");
    loss.params = completed(fmt::format("loss {}", kind.name), kind.facts, loss.params);
    if (balanced) loss.params.set("class_weights", "balanced");
    if (!std::isfinite(loss.weight)) node.at("weight").fail("must be a finite number");
  }

  if (training.adjoint.is_text()) {
    if (training.adjoint.text() != "full_tape" && training.adjoint.text() != "auto")
      training.adjoint.fail(fmt::format("there is no adjoint '{}'", training.adjoint.text()),
                            "there are: auto, full_tape, {checkpoint_every: 32}, {memory_mb: 512}, {truncate_every: 100}");
    return;
  }
  const std::vector<std::string> known = {"checkpoint_every", "memory_mb", "truncate_every"};
  for (const Value::Entry& e : training.adjoint.entries()) {
    if (std::ranges::find(known, e.key) == known.end())
      throw SpecError(training.adjoint.key_at(e), fmt::format("unknown key '{}'", e.key), did_you_mean(e.key, known, "it has"));
    if (e.value.integer() < 1 || e.value.integer() > 1'000'000'000)
      e.value.fail(fmt::format("must be within [1, 1e9], got {}", e.value.integer()));
  }
  if (training.adjoint.find("checkpoint_every") && training.adjoint.find("memory_mb"))
    training.adjoint.find("memory_mb")->fail("checkpoint_every says what is kept already", "give one of them");
}

/// A task says itself whether it asks for one answer or for one per step, and what its settings are.
void settle_task(TrainConfig& config, const Value& root) {
  DataConfig& data = config.data;
  const At    at   = place_of(root, {"data", "task"});
  if (data.format != DataFormat::task) {
    if (!data.task.empty()) throw SpecError(at, "a task needs format: task");
    return;
  }
  if (data.task.empty()) throw SpecError(at, "which task?", "give task: go_nogo, for example; dynode tasks lists them");
  const TaskEntry& entry = find_task(data.task, at);
  data.task              = entry.name;
  data.settings          = completed(fmt::format("task {}", entry.name), entry.facts, data.settings);
  const Task task(entry, check_arguments(entry.name, entry.facts, data.settings), place_of(root, {"data", "settings"}));
  if (task.fixed_count() > 0)
    throw SpecError(place_of(root, {"data", "settings"}), fmt::format("this set of {} is fixed", entry.name),
                    fmt::format("write it into a file: dynode tasks {} --output trials.npz, and train with format: npz",
                                entry.name));

  const Mapping own   = entry.one_answer ? Mapping::seq2static : Mapping::seq2seq;
  const Value*  given = root.at("training").find("mapping");
  if (given && config.training.mapping != own)
    throw SpecError(given->at(), fmt::format("{} asks for {}", entry.name, entry.one_answer ? "one answer" : "an answer in every step"),
                    entry.one_answer ? "give mapping: seq2static, or none" : "give mapping: seq2seq, or none");
  config.training.mapping = own;
  if (entry.one_answer && !root.at("model").find("time_pooling")) config.model.time_pooling.name = "final";
}

void settle_data(TrainConfig& config, const Value& root) {
  DataConfig& data = config.data;
  if (data.format == DataFormat::synthetic) {
    data.settings = completed("synthetic data", synthetic_facts(), data.settings);
    check_synthetic(data, place_of(root, {"data", "settings"}));
  }
  const std::string format = write(data).at("format").text();
  const auto        refuse = [&](bool given, const char* key, const char* hint) {
    if (!given) return;
    throw SpecError(place_of(root, {"data", key}), fmt::format("'{}' has no place with format {}", key, format), hint);
  };
  const DataConfig  usual;
  const bool arrays = data.format == DataFormat::npz || data.format == DataFormat::hdf5, table = data.format == DataFormat::csv;
  refuse(!data.val_path.empty() && !arrays && !table, "val_path", "it belongs to npz, hdf5 and csv");
  if (!data.val_path.empty()) refuse(data.val_split != usual.val_split, "val_split", "val_path is the validation data already");
  if (data.format == DataFormat::task) {
    refuse(!data.data_path.empty(), "data_path", "trials are drawn, not read");
    refuse(!data.test_path.empty(), "test_path", "trials are drawn, not read");
    refuse(data.test_split.has_value(), "test_split", "give test_trials");
    refuse(data.val_split != usual.val_split, "val_split", "give val_trials");
    refuse(data.num_classes.has_value(), "num_classes", "the task knows");
    refuse(data.min_scale.has_value(), "min_scale", "inputs are what the task says");
    refuse(data.target_seq_len.has_value(), "target_seq_len", "trials are as long as the task's settings say");
  } else {
    const bool made = data.format == DataFormat::synthetic;
    refuse(made && !data.data_path.empty(), "data_path", "the waves are made up");
    refuse(made && !data.test_path.empty(), "test_path", "the waves are made up; give test_split");
    if (!made && data.data_path.empty())
      throw SpecError(place_of(root, {"data"}), "missing key 'data_path'", "give data_path: train.npz, for example");
    refuse(data.epoch_trials != usual.epoch_trials, "epoch_trials", "it belongs to format: task");
    refuse(data.val_trials != usual.val_trials, "val_trials", "give val_split");
    refuse(data.test_trials != usual.test_trials, "test_trials", "give test_split");
    refuse(!made && !data.settings.empty(), "settings", "they belong to format: task, or synthetic");
  }
  if (data.format == DataFormat::idx) {
    refuse(!data.test_path.empty(), "test_path", "the t10k files of the folder are the test set");
    refuse(data.test_split.has_value(), "test_split", "the t10k files of the folder are the test set");
    if (config.training.mapping == Mapping::seq2seq)
      throw SpecError(place_of(root, {"training", "mapping"}), "images have one label per sequence",
                      "give mapping: seq2static");
  }
  if (data.format == DataFormat::event_mnist) {
    refuse(!data.test_path.empty(), "test_path", "the t10k files of the folder are the test set");
    refuse(data.test_split.has_value(), "test_split", "the t10k files of the folder are the test set");
    refuse(data.target_seq_len.has_value(), "target_seq_len", "events take times of their own");
    if (config.training.mapping == Mapping::seq2seq)
      throw SpecError(place_of(root, {"training", "mapping"}), "images have one label per sequence",
                      "give mapping: seq2static");
  }
  if (data.format == DataFormat::half_cheetah || data.format == DataFormat::walker2d) {
    refuse(!data.test_path.empty(), "test_path", "the folder holds the test set");
    refuse(data.test_split.has_value(), "test_split", "which trajectories are for the test is part of the format");
    refuse(data.val_split != usual.val_split, "val_split",
           "which trajectories are for validation is part of the format");
    refuse(data.num_classes.has_value(), "num_classes", "targets are the next observations");
    refuse(data.target_seq_len.has_value(), "target_seq_len", "windows are as long as published");
    if (config.training.mapping != Mapping::seq2seq)
      throw SpecError(place_of(root, {"training", "mapping"}), "every step has a target", "give mapping: seq2seq");
  }
  if (data.format == DataFormat::atari) {
    refuse(!data.test_path.empty(), "test_path", "the val_*.npz of the folder are the test set");
    refuse(data.test_split.has_value(), "test_split", "the val_*.npz of the folder are the test set");
    refuse(data.target_seq_len.has_value(), "target_seq_len", "there is nothing between two pictures");
    if (config.training.mapping != Mapping::seq2seq)
      throw SpecError(place_of(root, {"training", "mapping"}), "every picture has an action", "give mapping: seq2seq");
  }
  if (!data.test_path.empty()) refuse(data.test_split.has_value(), "test_split", "test_path is the test set already");
  if (!table) {
    refuse(data.label_column.has_value(), "label_column", "it names a column of a csv file");
    refuse(!data.target_columns.empty(), "target_columns", "it names columns of a csv file");
    refuse(data.values_per_step != 1, "values_per_step", "it is about columns of a csv file");
    refuse(data.timespan_columns.has_value(), "timespan_columns", "an npz file has an array timespans");
    refuse(data.mask_columns.has_value(), "mask_columns", "an npz file has an array mask");
  } else if (data.label_column && !data.target_columns.empty()) {
    refuse(true, "target_columns", "give label_column (classes) or target_columns (values), not both");
  }
  if (data.min_scale.has_value() != data.max_scale.has_value())
    throw SpecError(place_of(root, {"data"}), "min_scale and max_scale belong together", "give both, or none");
  if (data.min_scale && !(std::isfinite(*data.min_scale) && std::isfinite(*data.max_scale)))
    throw SpecError(place_of(root, {"data", "min_scale"}), "min_scale and max_scale must be finite");
}

void settle_stop_rule(const TrainConfig& config, const Value& root) {
  const Value& rule = config.training.stop_when;
  if (rule.is_null()) return;
  const At                 at    = place_of(root, {"training", "stop_when"});
  std::vector<std::string> known = {"loss", "min_samples"};
  for (const std::string& metric : config.logging.metrics.value_or(std::vector<std::string>{}))
    known.push_back(metric);
  if (!config.logging.metrics && config.data.format == DataFormat::task) known.emplace_back("success");
  bool asks = false;
  for (const Value::Entry& e : rule.entries()) {
    if (std::ranges::find(known, e.key) == known.end())
      throw SpecError(rule.key_at(e), fmt::format("nothing called '{}' is measured", e.key),
                      did_you_mean(e.key, known, "there are (logging.metrics adds more)"));
    if (e.key == "min_samples") {
      if (e.value.integer() < 0) e.value.fail("must not be negative");
    } else if (asks = true; !std::isfinite(e.value.number())) {
      e.value.fail("must be a finite number");
    }
  }
  if (!asks) throw SpecError(at, "says nothing that could be reached", "give stop_when: {loss: 0.1}, for example");
}

void settle_callbacks(TrainConfig& config, const Value& root) {
  const auto place = [&](const char* list, size_t i) { return root.at("callbacks").at(list).list()[i].at(); };
  const int  epochs = config.training.max_epochs;
  for (size_t i = 0; i < config.callbacks.noise_annealers.size(); ++i)
    check_annealer(config.callbacks.noise_annealers[i], epochs, place("noise_annealers", i));

  std::vector<const LossEntry*> scheduled;
  for (size_t i = 0; i < config.callbacks.loss_weight_schedulers.size(); ++i) {
    LossWeightSchedulerConfig& s    = config.callbacks.loss_weight_schedulers[i];
    const At                   at   = place("loss_weight_schedulers", i);
    const LossEntry&           loss = find_loss(s.loss_name, at);
    if (std::ranges::none_of(config.training.loss.losses, [&](const LossConfig& l) { return &find_loss(l.name) == &loss; }))
      throw SpecError(at, fmt::format("training has no loss '{}'", s.loss_name), "add it to training.loss.losses");
    if (std::ranges::find(scheduled, &loss) != scheduled.end())
      throw SpecError(at, fmt::format("the weight of '{}' is scheduled twice", s.loss_name), "keep one of them");
    scheduled.push_back(&loss);
    const WeightRuleEntry& rule = find_weight_rule(s.scheduler_type, at);
    s.params                    = completed(fmt::format("scheduler {}", rule.name), rule.facts, s.params);
    check_weight_scheduler(s, epochs, at);
  }
}

void settle_yardsticks(TrainConfig& config, const Value& root) {
  for (size_t i = 0; i < config.yardsticks.size(); ++i) {
    YardstickConfig& yardstick = config.yardsticks[i];
    const Value&     node      = root.at("yardsticks").list()[i];
    check_source(!yardstick.architecture_yaml.empty() + !yardstick.architecture.is_null(), node.at());
    if (yardstick.time_pooling) settle_pooling(*yardstick.time_pooling, config.training.mapping, node.at());
    settle_schedule(yardstick.lr_scheduler);
  }
}

void check_schedule_of(const TrainConfig& config, const At& at) {
  const Schedule schedule = schedule_of(config);
  check_schedule(*schedule.entry, {schedule.arguments, config.training.optimizer.lr}, at);
}

}  // namespace

TrainConfig read_train_config(const Value& value) {
  Value root = value;
  if (!root.is_placed()) root.place_children();
  std::vector<std::string> warnings;
  root.entries();
  sort_out_foreign_words(root, warnings);
  spell_out_words(root);

  TrainConfig config = read<TrainConfig>(root);
  config.warnings    = std::move(warnings);
  config.file        = root.at().file;
  settle_training(config, root);
  settle_task(config, root);
  settle_model(config, root);
  settle_targets(config, root);
  settle_data(config, root);
  settle_stop_rule(config, root);
  settle_schedule(config.callbacks.lr_scheduler);
  check_schedule_of(config, place_of(root, {"callbacks", "lr_scheduler"}));
  quantisation_of(config, place_of(root, {"callbacks", "qat"}));
  settle_start(config, root);
  measured_quantisation_of(config, place_of(root, {"callbacks", "quantized_accuracy"}));
  settle_callbacks(config, root);
  settle_listeners(config, root);
  settle_yardsticks(config, root);
  for (size_t i = 0; i < config.yardsticks.size(); ++i)
    check_schedule_of(yardstick_config(config, i), root.at("yardsticks").list()[i].at());
  if (config.logging.metrics) {
    if (config.logging.metrics->empty())
      throw SpecError(place_of(root, {"logging", "metrics"}), "a run needs at least one metric",
                      "give metrics: [accuracy]");
    for (size_t i = 0; i < config.logging.metrics->size(); ++i)
      Metric((*config.logging.metrics)[i], root.at("logging").at("metrics").list()[i].at());
  }
  return config;
}

TrainConfig load_train_config(const std::string& path) { return read_train_config(load_value(path)); }

Value write_train_config(const TrainConfig& config) { return write(config); }

std::string TrainConfig::resolve(const std::string& path) const {
  const std::filesystem::path given(path);
  return given.is_absolute() || file.empty() ? path : (std::filesystem::path(file).parent_path() / given).string();
}

TrainConfig yardstick_config(const TrainConfig& config, size_t i) {
  const YardstickConfig& yardstick = config.yardsticks[i];
  TrainConfig            own       = config;
  own.yardsticks.clear();
  own.warnings.clear();
  own.name                    = yardstick.name;
  own.training.num_repeats    = 1;
  own.model.architecture_yaml = yardstick.architecture_yaml;
  own.model.architecture      = yardstick.architecture;
  own.model.base_model_path.clear();
  own.model.load_exact_model_state = false;
  own.model.dt.reset();
  own.model.dt_learnable.reset();
  own.training.optimizer.param_groups.clear();
  own.training.train_from_checkpoint.clear();
  own.callbacks.noise_annealers.clear();
  own.callbacks.connection_noise.reset();
  own.callbacks.quantized_accuracy.reset();
  if (yardstick.max_epochs) own.training.max_epochs = *yardstick.max_epochs;
  if (yardstick.batch_size) own.training.batch_size = *yardstick.batch_size;
  if (yardstick.lr) own.training.optimizer.lr = *yardstick.lr;
  if (yardstick.min_scale) own.data.min_scale = yardstick.min_scale;
  if (yardstick.max_scale) own.data.max_scale = yardstick.max_scale;
  if (yardstick.time_pooling) own.model.time_pooling = *yardstick.time_pooling;
  if (!yardstick.lr_scheduler.is_null()) own.callbacks.lr_scheduler = yardstick.lr_scheduler;
  return own;
}

bool is_balanced(const Value& params) {
  const Value* weights = params.is_mapping() ? params.find("class_weights") : nullptr;
  return weights && weights->is_text() && weights->text() == "balanced";
}

AdjointPolicy TrainingConfig::adjoint_policy() const {
  AdjointPolicy policy;
  if (adjoint.is_text()) {
    if (adjoint.text() == "full_tape") policy.memory = SIZE_MAX;
    return policy;
  }
  if (const Value* v = adjoint.find("checkpoint_every")) policy.checkpoint_every = size_t(v->integer());
  if (const Value* v = adjoint.find("memory_mb")) policy.memory = size_t(v->integer()) << 20;
  if (const Value* v = adjoint.find("truncate_every")) policy.truncate_every = size_t(v->integer());
  return policy;
}

Pooling pooling_of(const TrainConfig& config) {
  const NamedConfig&  pooling = config.model.time_pooling;
  const PoolingEntry& entry   = find_pooling(pooling.name);
  Pooling             made    = make_pooling(entry, check_arguments(entry.name, entry.facts, pooling.params));
  if (config.training.foretells_tokens())
    made.segment = size_t(config.training.ar->time_steps_per_token), made.skip = size_t(config.training.ar->start_timestep);
  return made;
}

OptimizerSettings optimizer_of(const TrainConfig& config) {
  const OptimizerEntry& entry = find_optimizer(config.training.optimizer.name);
  return optimizer_settings(entry, check_arguments(entry.name, entry.facts, config.training.optimizer.kwargs));
}

std::optional<Quantisation> quantisation_of(const TrainConfig& config, const At& at) {
  const std::optional<QatConfig>& qat = config.callbacks.qat;
  if (!qat || !qat->active) return std::nullopt;
  return Quantisation{.codebook    = codebook_of(qat->bits, qat->levels, qat->min_val, qat->max_val, at),
                      .stochastic  = qat->stochastic_rounding,
                      .connections = qat->connections};
}

std::optional<Quantisation> measured_quantisation_of(const TrainConfig& config, const At& at) {
  const std::optional<QuantizedAccuracyConfig>& asked = config.callbacks.quantized_accuracy;
  if (!asked || !asked->active) return std::nullopt;
  return Quantisation{.codebook    = codebook_of(asked->bits, asked->levels, asked->min_val, asked->max_val, at),
                      .connections = asked->connections};
}

Schedule schedule_of(const TrainConfig& config) {
  const Value&         written = config.callbacks.lr_scheduler;
  const ScheduleEntry& entry   = find_schedule(written.is_null() ? "constant" : written.at("type").text());
  return {&entry, check_arguments(entry.name, entry.facts, written.is_null() ? Value::map() : without_type(written))};
}

std::optional<StopRule> stop_rule_of(const TrainConfig& config) {
  const Value& written = config.training.stop_when;
  if (written.is_null()) return {};
  StopRule rule;
  for (const Value::Entry& e : written.entries()) {
    if (e.key == "loss") rule.loss = e.value.number();
    else if (e.key == "min_samples") rule.min_samples = e.value.integer();
    else rule.metrics.emplace_back(e.key, e.value.number());
  }
  return rule;
}

Task task_of(const DataConfig& data) {
  const TaskEntry& entry = find_task(data.task);
  return Task(entry, check_arguments(entry.name, entry.facts, data.settings));
}

}  // namespace dynode
