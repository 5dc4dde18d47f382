// The training file: which network learns what from which data, and how.
//
//   train.yaml ─▶ Value ─ keys of other trainers sorted out ─▶ TrainConfig { data, model, training, … }
//
// Names of losses, optimisers, schedules, poolings and metrics are checked while reading, and their parameters are
// completed by defaults, so a written TrainConfig says everything. Keys that other trainers of such files know but
// this one does not are errors with a way out, unless their value asks for nothing.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynode/base/facts.h"
#include "dynode/learn/callbacks.h"
#include "dynode/learn/optimizer.h"
#include "dynode/learn/pooling.h"
#include "dynode/learn/schedule.h"
#include "dynode/params/quantisation.h"
#include "dynode/run/adjoint_policy.h"
#include "dynode/spec/fields.h"
#include "dynode/spec/value.h"
#include "dynode/tasks/task.h"

namespace dynode {

enum class DataFormat { idx, npz, hdf5, csv, task, event_mnist, half_cheetah, walker2d, atari, synthetic };
template <>
struct EnumNames<DataFormat> {
  static constexpr std::array names{std::pair{DataFormat::idx, "idx"}, std::pair{DataFormat::npz, "npz"},
                                    std::pair{DataFormat::hdf5, "hdf5"},
                                    std::pair{DataFormat::csv, "csv"}, std::pair{DataFormat::task, "task"},
                                    std::pair{DataFormat::event_mnist, "event_mnist"},
                                    std::pair{DataFormat::half_cheetah, "half_cheetah"},
                                    std::pair{DataFormat::walker2d, "walker2d"},
                                    std::pair{DataFormat::atari, "atari"},
                                    std::pair{DataFormat::synthetic, "synthetic"}};
};

/// How an image becomes a sequence: one row of pixels per step, or one pixel.
enum class Sequence { rows, pixels };
template <>
struct EnumNames<Sequence> {
  static constexpr std::array names{std::pair{Sequence::rows, "rows"}, std::pair{Sequence::pixels, "pixels"}};
};

enum class InputEncoding { raw, one_hot };
template <>
struct EnumNames<InputEncoding> {
  static constexpr std::array names{std::pair{InputEncoding::raw, "raw"}, std::pair{InputEncoding::one_hot, "one_hot"}};
};

/// Where samples come from and what is done to them.
struct DataConfig {
  DataFormat                 format = DataFormat::idx;   // missing: by the ending of data_path
  std::string                data_path;
  std::string                val_path;   // "": see val_split
  std::string                test_path;  // "": see test_split
  Sequence                   sequence = Sequence::rows;
  std::optional<double>      min_scale, max_scale;  // inputs are mapped to [min_scale, max_scale]
  std::optional<int>         target_seq_len;        // steps, instead of those of the file
  std::optional<int>         num_classes;           // missing: one more than the largest label
  double                     val_split = 0.2;
  std::optional<double>      test_split;           // missing: 0.1 where there is no other test set
  std::optional<std::string> label_column;         // csv; missing: "label" without target_columns
  std::vector<std::string>   target_columns;       // csv
  int                        values_per_step = 1;  // csv
  std::optional<std::string> timespan_columns;     // csv; what headings of time spans begin with
  std::optional<std::string> mask_columns;         // csv; what headings of masks begin with
  std::string                task;                 // task; its name
  Value                      settings    = Value::map();
  int                        epoch_trials = 100, val_trials = 100, test_trials = 500;
  InputEncoding              input_encoding = InputEncoding::raw;
  std::optional<int>         vocab_size;       // one_hot; missing: one more than the largest token
  std::optional<int>         sequence_length;  // x [N, D]: shown for so many steps

  static constexpr auto fields = field_list(
      field("format", &DataConfig::format,
            "idx: folder with the four files of MNIST; npz: arrays x, y (timespans, mask); hdf5: data, "
            "labels, or groups train, val, test of these; csv: a table; task: trials "
            "drawn while training; event_mnist: the files of idx as events; half_cheetah, walker2d: folder with "
            "trajectories (.npy), cut as published; atari: folder with pictures of games and what was done (.npz); synthetic: "
            "waves that are made up"),
      field("data_path", &DataConfig::data_path, "file with the training data; folder (idx, event_mnist, half_cheetah, walker2d, atari); not for tasks and synthetic"),
      field("val_path", &DataConfig::val_path, "npz, hdf5, csv: file with the validation data, instead of val_split"),
      field("test_path", &DataConfig::test_path, "npz, hdf5, csv: file with the test data"),
      field("sequence", &DataConfig::sequence, "idx: a row of pixels per step, or a pixel"),
      field("min_scale", &DataConfig::min_scale, "inputs are scaled to [min_scale, max_scale]"),
      field("max_scale", &DataConfig::max_scale, "inputs are scaled to [min_scale, max_scale]"),
      field("target_seq_len", &DataConfig::target_seq_len,
            "files: resample sequences to this many steps (classes and masks: the nearest)", at_least(1)),
      field("num_classes", &DataConfig::num_classes, "missing: one more than the largest label", at_least(1)),
      field("val_split", &DataConfig::val_split, "share of the training data held back for validation",
            within(0, 0.99)),
      field("test_split", &DataConfig::test_split,
            "npz, hdf5, csv without test data: share held back for the test (0.1)", within(0, 0.99)),
      field("label_column", &DataConfig::label_column, "csv: heading of the column with the class"),
      field("target_columns", &DataConfig::target_columns, "csv: headings of the columns with target values"),
      field("values_per_step", &DataConfig::values_per_step, "csv: how many columns make one step", at_least(1)),
      field("timespan_columns", &DataConfig::timespan_columns,
            "csv: dt stands for columns dt0, dt1, … with the time each step takes"),
      field("mask_columns", &DataConfig::mask_columns,
            "csv: m stands for columns m0, m1, … that are 1 where a step counts, else 0"),
      field("task", &DataConfig::task, "task: which one; `dynode tasks` lists them"),
      field("settings", &DataConfig::settings,
            "task: its settings; `dynode tasks NAME` explains them. synthetic: task (classification: which frequency; "
            "regression: the mean so far), seq_len 100, input_dim 4, dataset_size 1000, noise 0.1"),
      field("epoch_trials", &DataConfig::epoch_trials, "task: how many new trials make an epoch", at_least(1)),
      field("val_trials", &DataConfig::val_trials, "task: trials of the validation after each epoch, drawn once",
            non_negative),
      field("test_trials", &DataConfig::test_trials, "task: trials of the test, drawn once", non_negative),
      field("input_encoding", &DataConfig::input_encoding,
            "raw: inputs as they are; one_hot: npz, hdf5: x [N, T] are whole numbers, each a 1 among zeros"),
      field("vocab_size", &DataConfig::vocab_size, "one_hot: how many tokens there are; missing: one more than the largest",
            at_least(1)),
      field("sequence_length", &DataConfig::sequence_length,
            "npz, hdf5: x [N, D] are single vectors, each shown for so many steps (mapping static2seq, static2static: 100)",
            at_least(1)));
  bool operator==(const DataConfig&) const = default;
};

enum class NumberType { float32, float64 };
template <>
struct EnumNames<NumberType> {
  static constexpr std::array names{std::pair{NumberType::float32, "float32"},
                                    std::pair{NumberType::float64, "float64"}};
};

/// A word and its parameters: `max`, or {name: mean_last_n, params: {n: 5}}.
struct NamedConfig {
  std::string name;
  Value       params = Value::map();

  static constexpr auto fields = field_list(field("name", &NamedConfig::name, "which one", required),
                                            field("params", &NamedConfig::params, "its parameters"));
};

/// Which network, and how its outputs are read.
struct ModelConfig {
  std::string           architecture_yaml;  // one of these three
  Value                 architecture;       // a spec, inline
  std::string           base_model_path;
  bool                  load_exact_model_state = false;
  NamedConfig           time_pooling           = {.name = "max"};
  std::optional<double> dt;  // instead of the spec's
  std::optional<bool>   dt_learnable;
  NumberType            dtype = NumberType::float32;

  static constexpr auto fields = field_list(
      field("architecture_yaml", &ModelConfig::architecture_yaml, "file with the network"),
      field("architecture", &ModelConfig::architecture, "the network itself"),
      field("base_model_path", &ModelConfig::base_model_path, "model file whose network is taken"),
      field("load_exact_model_state", &ModelConfig::load_exact_model_state,
            "start from the numbers of base_model_path; false: draw new ones"),
      field("time_pooling", &ModelConfig::time_pooling, "from outputs of all steps to what the loss sees"),
      field("dt", &ModelConfig::dt, "integration step instead of the network's", positive),
      field("dt_learnable", &ModelConfig::dt_learnable, "whether dt is learnt, instead of the network's word"),
      field("dtype", &ModelConfig::dtype, "numbers to train with"));
};

/// Parameters that learn at a rate of their own.
struct ParamGroupConfig {
  std::string match, match_regex;  // one of them: part of a name, or a pattern
  double      lr = 0;

  static constexpr auto fields = field_list(
      field("match", &ParamGroupConfig::match, "parameters whose stored name contains this text"),
      field("match_regex", &ParamGroupConfig::match_regex, "parameters whose stored name contains this pattern"),
      field("lr", &ParamGroupConfig::lr, "their learning rate; schedules keep its ratio to optimizer.lr",
            required | non_negative));
};

struct OptimizerConfig {
  std::string                   name   = "adamw";
  double                        lr     = 1e-3;
  Value                         kwargs = Value::map();
  std::vector<ParamGroupConfig> param_groups;

  static constexpr auto fields =
      field_list(field("name", &OptimizerConfig::name, "adamw, adam, sgd, rmsprop, lion or muon"),
                 field("lr", &OptimizerConfig::lr, "learning rate where no schedule gives one", positive),
                 field("kwargs", &OptimizerConfig::kwargs, "parameters of the optimiser"),
                 field("param_groups", &OptimizerConfig::param_groups, "parameters with learning rates of their own"));
};

struct LossConfig {
  std::string name;
  double      weight = 1;
  Value       params = Value::map();

  static constexpr auto fields = field_list(field("name", &LossConfig::name, "which loss", required),
                                            field("weight", &LossConfig::weight, "factor within the sum"),
                                            field("params", &LossConfig::params, "parameters of the loss"));
};

struct LossesConfig {
  std::vector<LossConfig> losses;

  static constexpr auto fields = field_list(field("losses", &LossesConfig::losses, "terms of the loss", required));
};

/// One target per sequence, or one per step.
enum class Mapping { seq2static, seq2seq };
template <>
struct EnumNames<Mapping> {
  static constexpr std::array names{std::pair{Mapping::seq2static, "seq2static"},
                                    std::pair{Mapping::seq2seq, "seq2seq"}};
};

enum class ClipAlgorithm { norm, value };
template <>
struct EnumNames<ClipAlgorithm> {
  static constexpr std::array names{std::pair{ClipAlgorithm::norm, "norm"}, std::pair{ClipAlgorithm::value, "value"}};
};

/// Where targets come from.
enum class Paradigm { supervised, self_supervised, unsupervised, distillation };
template <>
struct EnumNames<Paradigm> {
  static constexpr std::array names{
      std::pair{Paradigm::supervised, "supervised"}, std::pair{Paradigm::self_supervised, "self_supervised"},
      std::pair{Paradigm::unsupervised, "unsupervised"}, std::pair{Paradigm::distillation, "distillation"}};
};

/// Which token an output foretells.
enum class ArMode { next_token, seq2seq };
template <>
struct EnumNames<ArMode> {
  static constexpr std::array names{std::pair{ArMode::next_token, "next_token"}, std::pair{ArMode::seq2seq, "seq2seq"}};
};

struct TokenPoolingConfig {
  std::string method = "final";
  Value       params = Value::map();

  static constexpr auto fields =
      field_list(field("method", &TokenPoolingConfig::method, "final, mean, max, mean_last_n: of the steps of one token"),
                 field("params", &TokenPoolingConfig::params, "its parameters"));
};

/// Networks that foretell tokens.
struct ArConfig {
  bool               enabled              = true;
  ArMode             mode                 = ArMode::next_token;
  int                time_steps_per_token = 1;
  int                start_timestep       = 0;
  TokenPoolingConfig token_pooling;
  std::string        loss        = "cross_entropy";
  double             loss_weight = 1;

  static constexpr auto fields = field_list(
      field("enabled", &ArConfig::enabled, "false: no tokens"),
      field("mode", &ArConfig::mode, "next_token: y is x one token later; seq2seq: y is in the file"),
      field("time_steps_per_token", &ArConfig::time_steps_per_token, "steps that each token is shown", at_least(1)),
      field("start_timestep", &ArConfig::start_timestep, "step at which the first token appears; silence before", non_negative),
      field("token_pooling", &ArConfig::token_pooling, "from the outputs of a token's steps to one"),
      field("loss", &ArConfig::loss, "loss where training.loss is missing"),
      field("loss_weight", &ArConfig::loss_weight, "its weight"));
};

/// A network whose outputs are the targets.
struct DistillationConfig {
  std::string        teacher_model_path;
  std::string        distillation_data_path;
  double             subset_fraction = 1;
  std::optional<int> max_samples;
  int                batch_size = 32;

  static constexpr auto fields = field_list(
      field("teacher_model_path", &DistillationConfig::teacher_model_path, "model file (.dynode) that teaches"),
      field("distillation_data_path", &DistillationConfig::distillation_data_path,
            "file with its outputs as targets, instead of a teacher; it takes the place of data.data_path"),
      field("subset_fraction", &DistillationConfig::subset_fraction, "share of the sequences that is taught", within(1e-9, 1)),
      field("max_samples", &DistillationConfig::max_samples, "at most so many sequences", at_least(1)),
      field("batch_size", &DistillationConfig::batch_size, "sequences the teacher sees at a time", at_least(1)));
};

/// How the network learns.
struct TrainingConfig {
  Paradigm              paradigm    = Paradigm::supervised;
  Mapping               mapping     = Mapping::seq2static;
  int                   batch_size  = 32;
  int                   max_epochs  = 100;
  int                   num_repeats = 1;
  OptimizerConfig       optimizer;
  LossesConfig          loss;
  std::optional<double> gradient_clip_val;
  ClipAlgorithm         gradient_clip_algorithm = ClipAlgorithm::norm;
  std::optional<int>    early_stopping_patience;
  Value                 stop_when;
  int                   checkpoint_every_n_epochs  = 1;
  int                   checkpoint_save_top_k      = 3;
  bool                  checkpoint_save_last       = true;
  bool                  checkpoint_save_all_epochs = false;
  bool                  save_initial_state         = true;
  Value                 adjoint                    = "auto";
  bool                  alternate_losses           = false;
  int                   batches_per_loss           = 1;
  bool                  use_tbptt                  = false;
  std::optional<int>    tbptt_steps, tbptt_stride;
  int                   accumulate_grad_batches    = 1;
  std::string           train_from_checkpoint;
  std::optional<ArConfig>           ar;
  std::optional<DistillationConfig> distillation;

  static constexpr auto fields = field_list(
      field("mapping", &TrainingConfig::mapping, "seq2static: one target per sequence; seq2seq: one per step"),
      field("batch_size", &TrainingConfig::batch_size, "sequences per update", at_least(1)),
      field("accumulate_grad_batches", &TrainingConfig::accumulate_grad_batches,
            "batches per update, one after the other: the numbers of so many times batch_size, with the memory of one",
            within(1, 1e6)),
      field("max_epochs", &TrainingConfig::max_epochs, "passes through the training data", at_least(1)),
      field("num_repeats", &TrainingConfig::num_repeats, "runs with seeds seed, seed + 1, …", within(1, 10000)),
      field("optimizer", &TrainingConfig::optimizer, "how a gradient becomes an update"),
      field("loss", &TrainingConfig::loss, "what is made small", required),
      field("gradient_clip_val", &TrainingConfig::gradient_clip_val, "limit of the gradient", positive),
      field("gradient_clip_algorithm", &TrainingConfig::gradient_clip_algorithm,
            "norm: limit of its length; value: of each entry"),
      field("early_stopping_patience", &TrainingConfig::early_stopping_patience,
            "stop after so many epochs without a smaller validation loss", at_least(1)),
      field("stop_when", &TrainingConfig::stop_when,
            "what is good enough: {loss: 7, success: 0.95, min_samples: 1500} stops after the epoch whose validation "
            "loss is below 7 and success above 0.95, not before 1500 samples"),
      field("checkpoint_every_n_epochs", &TrainingConfig::checkpoint_every_n_epochs,
            "epochs between the checkpoints that are kept by epoch", at_least(1)),
      field("checkpoint_save_top_k", &TrainingConfig::checkpoint_save_top_k,
            "how many of these are kept, the best by validation loss", non_negative),
      field("checkpoint_save_last", &TrainingConfig::checkpoint_save_last,
            "write last.dynode, which resume needs, after every epoch"),
      field("checkpoint_save_all_epochs", &TrainingConfig::checkpoint_save_all_epochs, "keep them all"),
      field("save_initial_state", &TrainingConfig::save_initial_state, "write initial.dynode before the first update"),
      field("adjoint", &TrainingConfig::adjoint,
            "auto, full_tape, or {checkpoint_every: steps}, {memory_mb: limit}: what is kept, with the same bits; "
            "{truncate_every: steps}: gradients go back no further than the last multiple"),
      field("train_from_checkpoint", &TrainingConfig::train_from_checkpoint,
            "checkpoint of another run: this one begins with its network, its optimiser's memory, and after its epochs"),
      field("paradigm", &TrainingConfig::paradigm,
            "supervised: targets are in the data; self_supervised, unsupervised: with mapping seq2seq the inputs are the "
            "targets; distillation: a network's outputs are"),
      field("alternate_losses", &TrainingConfig::alternate_losses, "one loss per update, in turn, instead of their sum"),
      field("batches_per_loss", &TrainingConfig::batches_per_loss, "alternate_losses: updates before the next one", at_least(1)),
      field("use_tbptt", &TrainingConfig::use_tbptt,
            "learn from stretches of tbptt_steps, each from the initial state; their losses are averaged"),
      field("tbptt_steps", &TrainingConfig::tbptt_steps, "length of a stretch", at_least(1)),
      field("tbptt_stride", &TrainingConfig::tbptt_stride, "steps from one to the next; missing: tbptt_steps", at_least(1)),
      field("ar", &TrainingConfig::ar, "foretell tokens"),
      field("distillation", &TrainingConfig::distillation, "learn what another network does"));

  AdjointPolicy adjoint_policy() const;
  /// Sequences per update.
  size_t rows_per_update() const { return size_t(batch_size) * size_t(accumulate_grad_batches); }
  bool          foretells_tokens() const { return ar && ar->enabled; }
  /// Whether targets are made from the inputs, whatever else the file has.
  bool makes_targets() const {
    return (foretells_tokens() && ar->mode == ArMode::next_token) ||
           (mapping == Mapping::seq2seq && (paradigm == Paradigm::self_supervised || paradigm == Paradigm::unsupervised)) ||
           (distillation && !distillation->teacher_model_path.empty());
  }
};

/// training.stop_when: all that a validation has to reach.
struct StopRule {
  std::optional<double>                       loss;         // it is below this
  std::vector<std::pair<std::string, double>> metrics;      // each is better than this
  int64_t                                     min_samples = 0;
};

/// Weights act as levels of a codebook while they learn; gradients pass straight through.
struct QatConfig {
  bool                     active = true;
  std::optional<int>       bits, levels;  // one of them
  double                   min_val = 0, max_val = 0;
  std::vector<std::string> connections;
  bool                     stochastic_rounding = false, update_on_train_epoch_start = false;

  static constexpr auto fields = field_list(
      field("active", &QatConfig::active, "false: weights act as they are"),
      field("bits", &QatConfig::bits, "2^bits + 1 levels, one of them zero", within(0, 16)),
      field("levels", &QatConfig::levels, "so many levels, instead of bits", at_least(1)),
      field("min_val", &QatConfig::min_val, "lowest level", required),
      field("max_val", &QatConfig::max_val, "highest level", required),
      field("connections", &QatConfig::connections, "J_0_to_1, …; missing: all"),
      field("stochastic_rounding", &QatConfig::stochastic_rounding,
            "updates see one of the two levels around a weight by chance; evaluations the nearest"),
      field("update_on_train_epoch_start", &QatConfig::update_on_train_epoch_start,
            "accepted; levels are never out of date here"));
};

/// Weights that are a little wrong while gradients are taken.
struct ConnectionNoiseConfig {
  bool                     active = true;
  std::vector<std::string> connections;
  double                   std      = 0;
  bool                     relative = false, per_step = true;
  std::optional<uint64_t>  seed;

  static constexpr auto fields = field_list(
      field("active", &ConnectionNoiseConfig::active, "false: none"),
      field("connections", &ConnectionNoiseConfig::connections, "J_0_to_1, …; missing: all"),
      field("std", &ConnectionNoiseConfig::std, "standard deviation", non_negative),
      field("relative", &ConnectionNoiseConfig::relative, "std is a share of the weight"),
      field("per_step", &ConnectionNoiseConfig::per_step, "drawn for every update; false: for every epoch"),
      field("seed", &ConnectionNoiseConfig::seed, "missing: that of the run"));
};

/// How good the network would be with weights of few levels.
struct QuantizedAccuracyConfig {
  bool                     active = true;
  std::optional<int>       bits, levels;  // one of them
  double                   min_val = 0, max_val = 0;
  std::vector<std::string> connections;
  std::optional<int>       eval_every_n_steps, max_eval_batches;

  static constexpr auto fields = field_list(
      field("active", &QuantizedAccuracyConfig::active, "false: not measured"),
      field("bits", &QuantizedAccuracyConfig::bits, "2^bits + 1 levels, one of them zero", within(0, 16)),
      field("levels", &QuantizedAccuracyConfig::levels, "so many levels, instead of bits", at_least(1)),
      field("min_val", &QuantizedAccuracyConfig::min_val, "lowest level", required),
      field("max_val", &QuantizedAccuracyConfig::max_val, "highest level", required),
      field("connections", &QuantizedAccuracyConfig::connections, "J_0_to_1, …; missing: all"),
      field("eval_every_n_steps", &QuantizedAccuracyConfig::eval_every_n_steps,
            "updates from one measurement to the next; missing: after every epoch", at_least(1)),
      field("max_eval_batches", &QuantizedAccuracyConfig::max_eval_batches,
            "batches (of batch_size) of the validation data that are looked at; missing: all", at_least(1)));
};

struct CallbacksConfig {
  Value                    lr_scheduler;  // {type: cosine, …}; null: constant at optimizer.lr
  std::optional<QatConfig> qat;
  std::vector<NoiseAnnealerConfig>       noise_annealers;
  std::vector<LossWeightSchedulerConfig> loss_weight_schedulers;
  std::optional<DynamicLossWeightConfig> dynamic_loss_weight;
  std::optional<SeqLenSchedulerConfig>   seq_len_scheduler;
  std::optional<PoolingScaleConfig>      time_pooling_scale_scheduler;
  std::optional<StatefulConfig>          stateful_training;
  std::optional<ConnectionNoiseConfig>   connection_noise;
  std::optional<QuantizedAccuracyConfig> quantized_accuracy;

  static constexpr auto fields = field_list(
      field("lr_scheduler", &CallbacksConfig::lr_scheduler, "learning rate over time: type and its parameters"),
      field("qat", &CallbacksConfig::qat, "weights act as levels of a codebook while they learn"),
      field("noise_annealers", &CallbacksConfig::noise_annealers, "deviations of noise over time"),
      field("loss_weight_schedulers", &CallbacksConfig::loss_weight_schedulers, "weights of losses over time"),
      field("dynamic_loss_weight", &CallbacksConfig::dynamic_loss_weight,
            "weights of auxiliary losses fall while what is monitored gets worse"),
      field("seq_len_scheduler", &CallbacksConfig::seq_len_scheduler, "sequences get longer, epoch by epoch"),
      field("time_pooling_scale_scheduler", &CallbacksConfig::time_pooling_scale_scheduler,
            "scale of time_pooling over time"),
      field("stateful_training", &CallbacksConfig::stateful_training,
            "last states of a batch are the first ones of the next; an epoch begins anew"),
      field("connection_noise", &CallbacksConfig::connection_noise,
            "weights are noisy while gradients are taken, new for every update"),
      field("quantized_accuracy", &CallbacksConfig::quantized_accuracy,
            "metrics of the validation data with weights of few levels, beside those of the network as it is"));
};

/// What is written, where.
struct LoggingConfig {
  std::string                             project_dir = "runs";
  std::string                             project_name, group_name, experiment_name;  // "": no folder of that name
  int                                     log_freq = 50;
  std::optional<std::vector<std::string>> metrics;  // missing: accuracy with classes, mse with values

  static constexpr auto fields = field_list(
      field("project_dir", &LoggingConfig::project_dir, "folder for run directories"),
      field("project_name", &LoggingConfig::project_name, "makes project_<name>/ below it"),
      field("group_name", &LoggingConfig::group_name, "makes group_<name>/ below the experiment"),
      field("experiment_name", &LoggingConfig::experiment_name, "makes experiment_<name>/ below the project"),
      field("log_freq", &LoggingConfig::log_freq, "updates between lines of metrics.jsonl", at_least(1)),
      field("metrics", &LoggingConfig::metrics, "what is measured; the first is the headline of the run"));
};

/// A network to compare with: trained after the main one on the same data, same loss, same metrics.
struct YardstickConfig {
  std::string                name;
  std::string                architecture_yaml;  // one of these two
  Value                      architecture;
  std::optional<int>         max_epochs, batch_size;  // missing: as the main network
  std::optional<double>      lr;
  std::optional<double>      min_scale, max_scale;
  std::optional<NamedConfig> time_pooling;
  Value                      lr_scheduler;

  static constexpr auto fields =
      field_list(field("name", &YardstickConfig::name, "what the report calls it", required),
                 field("architecture_yaml", &YardstickConfig::architecture_yaml, "file with the network"),
                 field("architecture", &YardstickConfig::architecture, "the network itself"),
                 field("max_epochs", &YardstickConfig::max_epochs, "instead of training.max_epochs", at_least(1)),
                 field("batch_size", &YardstickConfig::batch_size, "instead of training.batch_size", at_least(1)),
                 field("lr", &YardstickConfig::lr, "instead of training.optimizer.lr", positive),
                 field("min_scale", &YardstickConfig::min_scale, "instead of data.min_scale"),
                 field("max_scale", &YardstickConfig::max_scale, "instead of data.max_scale"),
                 field("time_pooling", &YardstickConfig::time_pooling, "instead of model.time_pooling"),
                 field("lr_scheduler", &YardstickConfig::lr_scheduler, "instead of callbacks.lr_scheduler"));
};

struct TrainConfig {
  std::string                  name = "run";
  std::string                  description;
  uint64_t                     seed = 42;
  DataConfig                   data;
  ModelConfig                  model;
  TrainingConfig               training;
  CallbacksConfig              callbacks;
  LoggingConfig                logging;
  std::vector<YardstickConfig> yardsticks;
  std::string                  file;      // paths are relative to this file; "": to where we are
  std::vector<std::string>     warnings;  // keys without effect, for people

  static constexpr auto fields =
      field_list(field("name", &TrainConfig::name, "name of the run and its directory"),
                 field("description", &TrainConfig::description, "free text"),
                 field("seed", &TrainConfig::seed, "of weights, splits and orders; the spec's own seed does not count"),
                 field("data", &TrainConfig::data, "where samples come from", required),
                 field("model", &TrainConfig::model, "which network", required),
                 field("training", &TrainConfig::training, "how it learns", required),
                 field("callbacks", &TrainConfig::callbacks, "what changes while it learns"),
                 field("logging", &TrainConfig::logging, "what is written"),
                 field("yardsticks", &TrainConfig::yardsticks, "networks to compare with"));

  /// `path` as seen from the training file.
  std::string resolve(const std::string& path) const;
};

/// @throws SpecError  with the place: unknown keys and names, wrong types, what is not available yet
TrainConfig read_train_config(const Value& value);

/// Reads a .yaml, .yml or .json file. @throws IoError, SpecError
TrainConfig load_train_config(const std::string& path);

/// Everything, defaults included; read_train_config(write_train_config(c)) gives c again.
Value write_train_config(const TrainConfig& config);

/// The training file of yardstick number i (from 0): the main one with its words in place. It has no yardsticks.
TrainConfig yardstick_config(const TrainConfig& config, size_t i);

/// Whether parameters of a loss ask for class_weights: balanced, which only the data can settle.
bool is_balanced(const Value& params);

// What the words mean; all were checked while reading.

Pooling           pooling_of(const TrainConfig& config);
OptimizerSettings optimizer_of(const TrainConfig& config);

struct Schedule {
  const ScheduleEntry* entry;
  Arguments            arguments;
};
Schedule schedule_of(const TrainConfig& config);
/// Nothing where weights act as they are.
std::optional<Quantisation> quantisation_of(const TrainConfig& config, const At& at = {});
/// That of quantized_accuracy; nothing where it is not asked for.
std::optional<Quantisation> measured_quantisation_of(const TrainConfig& config, const At& at = {});

/// Nothing where stop_when is not given.
std::optional<StopRule> stop_rule_of(const TrainConfig& config);

/// The task with its settings; data.format must be task.
Task task_of(const DataConfig& data);

}  // namespace dynode
