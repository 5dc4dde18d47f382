// Training files: what is read, what is written, and what people are told.
#include "dynode/learn/config.h"

#include <gtest/gtest.h>

#include "dynode/io/io_test.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

const char* const kSmall = R"(
name: small
data: {data_path: images}
model: {architecture_yaml: net.yaml}
training:
  optimizer: {name: adamw, lr: 2.0e-3}
  loss: {losses: [{name: cross_entropy}]}
)";

TrainConfig config_of(const std::string& text) { return read_train_config(parse_yaml(text, "train.yaml")); }

/// The small file with one line or word replaced.
std::string with(const std::string& old_text, const std::string& new_text) {
  std::string  text = kSmall;
  const size_t at   = text.find(old_text);
  EXPECT_NE(at, text.npos) << old_text;
  return text.replace(at, old_text.size(), new_text);
}

std::string message(const std::string& text) {
  return message_of<SpecError>([&] { config_of(text); });
}

TEST(TrainConfig, SmallFilesGetDefaults) {
  const TrainConfig c = config_of(kSmall);
  EXPECT_EQ(c.name, "small");
  EXPECT_EQ(c.seed, 42u);
  EXPECT_EQ(c.data.format, DataFormat::idx);
  EXPECT_DOUBLE_EQ(c.data.val_split, 0.2);
  EXPECT_EQ(c.training.batch_size, 32);
  EXPECT_EQ(c.training.adjoint_policy().checkpoint_every, 0u);
  EXPECT_EQ(c.training.adjoint_policy().memory, kAdjointMemory);
  EXPECT_EQ(pooling_of(c).kind, Pooling::Kind::max);
  EXPECT_EQ(optimizer_of(c).weight_decay, 0.01);
  EXPECT_STREQ(schedule_of(c).entry->name, "constant");
  EXPECT_FALSE(c.logging.metrics);
  EXPECT_TRUE(c.warnings.empty());
}

TEST(TrainConfig, DefaultsAreWrittenOut) {
  const Value written = write_train_config(config_of(kSmall));
  EXPECT_EQ(written.at("training").at("optimizer").at("kwargs").at("beta2").number(), 0.999);
  EXPECT_EQ(written.at("model").at("time_pooling").at("params").at("scale").number(), 1);
  EXPECT_EQ(written.at("training").at("adjoint").text(), "auto");
}

TEST(TrainConfig, WhatIsWrittenReadsTheSame) {
  std::string text =
      with("optimizer: {name: adamw, lr: 2.0e-3}",
           "optimizer: {name: sgd, lr: 1.0e-3, kwargs: {momentum: 0.9, nesterov: true}, param_groups: [{match: "
           "log_gamma, lr: 1.0e-4}]}\n  adjoint: {checkpoint_every: 16}\n  early_stopping_patience: 3");
  text +=
      "callbacks: {lr_scheduler: {type: cosine, max_lr: 1.0e-2}}\nlogging: {metrics: [accuracy, top_2]}\n"
      "yardsticks: [{name: other, architecture_yaml: gru.yaml, max_epochs: 2, time_pooling: final}]\n";
  const Value once  = write_train_config(config_of(text));
  const Value twice = write_train_config(config_of(to_yaml(once)));
  EXPECT_EQ(once, twice);
  EXPECT_EQ(to_yaml(once), to_yaml(twice));
  EXPECT_EQ(config_of(to_yaml(once)).training.adjoint_policy().checkpoint_every, 16u);
}

TEST(TrainConfig, OtherSpellingsMeanTheSame) {
  const TrainConfig c =
      config_of(with("loss: {losses: [{name: cross_entropy}]}", "losses: [{name: cross_entropy, weight: 2}]"));
  EXPECT_EQ(c.training.loss.losses.at(0).weight, 2);
  const TrainConfig m =
      config_of(with("net.yaml}", "net.yaml, time_pooling: mean_range, range_start: 3, range_end: 9}"));
  EXPECT_EQ(pooling_of(m).range_start, 3);
  EXPECT_EQ(pooling_of(m).range_end, 9);
  const TrainConfig s =
      config_of(with("optimizer:", "mapping: seq2static\n  optimizer:") + "callbacks: {lr_scheduler: rex}");
  EXPECT_STREQ(schedule_of(s).entry->name, "rex");
}

TEST(TrainConfig, OlderWordsOfTokensAndOfNoise) {
  std::string text = with("optimizer:", "autoregressive: true\n  autoregressive_mode: next_token\n  time_steps_per_token: 4\n"
                                        "  token_pooling: {method: mean}\n  mapping: seq2seq\n  optimizer:");
  const TrainConfig c = config_of(text.replace(text.find("images"), 6, "text.npz"));
  ASSERT_TRUE(c.training.foretells_tokens());
  EXPECT_EQ(c.training.ar->time_steps_per_token, 4);
  EXPECT_EQ(c.training.ar->token_pooling.method, "mean");
  EXPECT_SAYS(c.warnings.at(0), "training.ar");
  EXPECT_EQ(config_of(with("optimizer:", "precision: 64-true\n  optimizer:")).model.dtype, NumberType::float64);
  EXPECT_SAYS(message(with("optimizer:", "precision: 16-mixed\n  optimizer:")), "give model.dtype");
  const std::string annealed = "callbacks: {noise_annealers: [{key: phi, start_value: 1, end_value: 0, percent_of_param: ";
  EXPECT_EQ(config_of(with("training:", annealed + "null}]}\ntraining:")).callbacks.noise_annealers.size(), 1u);
  EXPECT_SAYS(message(with("training:", annealed + "true}]}\ntraining:")), "give relative: true");
}

TEST(TrainConfig, EveryStepHasATargetWithoutPooling) {
  const TrainConfig c =
      config_of(with("{data_path: images}", "{format: npz, data_path: x.npz}") + "  mapping: seq2seq\n");
  EXPECT_EQ(pooling_of(c).kind, Pooling::Kind::none);
}

TEST(TrainConfig, KeysOfOtherTrainersThatAskForNothingAreWarnings) {
  const TrainConfig c =
      config_of(with("training:", "training:\n  accelerator: auto\n  num_workers: 4\n  use_tbptt: false") +
                "profiler: {active: false}\nlogging: {log_level: INFO, mlflow_active: false}\n");
  ASSERT_EQ(c.warnings.size(), 5u);
  EXPECT_SAYS(c.warnings[0], "train.yaml:");
  EXPECT_SAYS(c.warnings[0], "'profiler' has no effect here");
}

TEST(TrainConfig, TheExampleOfTheToolkitSaysWhatIsMissing) {
  const std::string text = R"(
seed: 42
training:
  paradigm: supervised
  batch_size: 64
  optimizer: {name: adamw, lr: 1.0e-3, kwargs: {weight_decay: 1.0e-4}, param_groups: [{match: log_gamma, lr: 1.0e-4}]}
  loss: {losses: [{name: cross_entropy, weight: 1.0}]}
data: {format: npz, data_path: pulses.npz, min_scale: 0.0, max_scale: 0.4, num_classes: 3, cache_data: true}
model: {architecture_yaml: net.yaml, time_pooling: {name: max, params: {scale: 10.0}}, dt: 37}
callbacks:
  lr_scheduler: {type: cosine, max_lr: 1.0e-3, min_lr: 1.0e-6, warmup_epochs: 5, cycle_epochs: 50}
  metrics: {confusion: {active: true}}
  qat: {active: false, bits: 4}
)";
  const std::string said = message(text);
  EXPECT_SAYS(said, "train.yaml:12:3 callbacks.metrics: 'metrics' is not available yet");
}

struct BadCase {
  const char *name, *old_text, *new_text, *expected;
};

class BadTrainConfig : public testing::TestWithParam<BadCase> {};

TEST_P(BadTrainConfig, IsExplained) {
  const BadCase& c = GetParam();
  EXPECT_SAYS(message(with(c.old_text, c.new_text)), c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadTrainConfig,
    testing::Values(
        BadCase{"UnknownKey", "training:", "training:\n  batchsize: 3",
                "train.yaml:6:3 training.batchsize: unknown key 'batchsize'\n  did you mean 'batch_size'?"},
        BadCase{"NoData", "data: {data_path: images}", "", "missing key 'data'"},
        BadCase{"NoLoss", "[{name: cross_entropy}]", "[]", "training needs at least one loss"},
        BadCase{"UnknownLoss", "cross_entropy", "crossentropy", "did you mean 'cross_entropy'?"},
        BadCase{"LossParameter", "{name: cross_entropy}", "{name: cross_entropy, params: {smooth: 1}}",
                "loss cross_entropy has no parameter 'smooth'"},
        BadCase{"UnknownOptimizer", "adamw", "adamm", "there is no optimizer 'adamm'\n  did you mean 'adamw'?"},
        BadCase{"OptimizerParameter", "lr: 2.0e-3", "lr: 2.0e-3, kwargs: {momentum: 0.9}",
                "optimizer adamw has no parameter 'momentum'"},
        BadCase{"NegativeRate", "lr: 2.0e-3", "lr: -1", "training.optimizer.lr: must be > 0, got -1"},
        BadCase{"GroupWithoutMatch", "lr: 2.0e-3", "lr: 2.0e-3, param_groups: [{lr: 1}]",
                "either match or match_regex"},
        BadCase{"BadPattern", "lr: 2.0e-3", "lr: 2.0e-3, param_groups: [{match_regex: '(', lr: 1}]",
                "'(' is no pattern"},
        BadCase{"NoNetwork", "{architecture_yaml: net.yaml}", "{dt: 37}", "the network is missing"},
        BadCase{"TwoNetworks", "net.yaml", "net.yaml, base_model_path: a.dynode", "the network is given twice"},
        BadCase{"ExactStateOfNothing", "net.yaml", "net.yaml, load_exact_model_state: true",
                "there is no model to take the numbers from"},
        BadCase{"UnknownPooling", "net.yaml", "net.yaml, time_pooling: maximum", "there is no time pooling 'maximum'"},
        BadCase{"RangeWithoutRange", "net.yaml", "net.yaml, time_pooling: max, range_start: 2",
                "a range of steps belongs to another time pooling\n  give time_pooling: mean_range"},
        BadCase{"NoPooling", "net.yaml", "net.yaml, time_pooling: none",
                "mapping seq2static has one target per sequence"},
        BadCase{"LossesTwice", "optimizer:", "losses: [{name: mse}]\n  optimizer:", "losses are listed in two places"},
        BadCase{"Schedule", "training:", "callbacks: {lr_scheduler: {type: cosin}}\ntraining:",
                "there is no learning-rate schedule 'cosin'\n  did you mean 'cosine'?"},
        BadCase{"ScheduleBounds",
                "training:", "callbacks: {lr_scheduler: {type: cosine, min_lr: 1}}\ntraining:", "is above max_lr"},
        BadCase{"Adjoint",
                "optimizer:", "adjoint: tape\n  optimizer:", "there is no adjoint 'tape'\n  there are: auto, full_tape"},
        BadCase{"AdjointZero", "optimizer:", "adjoint: {checkpoint_every: 0}\n  optimizer:", "must be within [1, 1e9], got 0"},
        BadCase{"AdjointWord", "optimizer:", "adjoint: {truncate_evry: 3}\n  optimizer:",
                "unknown key 'truncate_evry'\n  did you mean 'truncate_every'?"},
        BadCase{"AdjointTwice", "optimizer:", "adjoint: {checkpoint_every: 3, memory_mb: 8}\n  optimizer:",
                "checkpoint_every says what is kept already"},
        BadCase{"Metric", "training:", "logging: {metrics: [acuracy]}\ntraining:",
                "logging.metrics[0]: there is no metric 'acuracy'"},
        BadCase{"NoMetric", "training:", "logging: {metrics: []}\ntraining:", "a run needs at least one metric"},
        BadCase{"ScaleAlone", "images", "images, min_scale: 0", "min_scale and max_scale belong together"},
        BadCase{"SplitOfImages", "images", "images, test_split: 0.1", "the t10k files of the folder are the test set"},
        BadCase{"LabelOfImages", "images", "images, label_column: y", "it names a column of a csv file"},
        BadCase{"Teacher", "optimizer:", "paradigm: distillation\n  optimizer:",
                "who teaches?\n  give distillation: {teacher_model_path: teacher.dynode}"},
        BadCase{"Tokens", "optimizer:", "ar: {}\n  optimizer:", "tokens come from npz or hdf5 files"},
        BadCase{"Turns", "optimizer:", "alternate_losses: true\n  optimizer:", "there is only one loss"},
        BadCase{"Truncated", "optimizer:", "use_tbptt: true\n  optimizer:", "how long is a stretch?\n  give tbptt_steps: 100, for example"},
        BadCase{"ImageSteps", "optimizer:", "mapping: seq2seq\n  optimizer:", "images have one label per sequence"},
        BadCase{"Balance", "cross_entropy", "mse, params: {class_weights: balanced}",
                "loss mse has no parameter 'class_weights'"}),
    [](const auto& test) { return test.param.name; });

TEST(TrainConfig, ListsAreNoTrainingFile) { EXPECT_SAYS(message("[1, 2]"), "expected a mapping, got a list"); }

TEST(TrainConfig, YardsticksAreTheSameFileWithTheirOwnWords) {
  const TrainConfig c =
      config_of(std::string(kSmall) +
                "yardsticks: [{name: GRU 8, architecture_yaml: gru.yaml, max_epochs: 2, lr: 0.1, min_scale: 0, "
                "max_scale: 3, time_pooling: final, lr_scheduler: {type: step}}]\n");
  const TrainConfig y = yardstick_config(c, 0);
  EXPECT_EQ(y.name, "GRU 8");
  EXPECT_EQ(y.model.architecture_yaml, "gru.yaml");
  EXPECT_EQ(y.training.max_epochs, 2);
  EXPECT_EQ(y.training.batch_size, c.training.batch_size);
  EXPECT_EQ(y.training.optimizer.lr, 0.1);
  EXPECT_EQ(y.data.max_scale, 3);
  EXPECT_EQ(pooling_of(y).kind, Pooling::Kind::final);
  EXPECT_STREQ(schedule_of(y).entry->name, "step");
  EXPECT_TRUE(y.yardsticks.empty());
}

TEST(TrainConfig, PathsAreSeenFromTheFile) {
  TrainConfig c = config_of(kSmall);
  c.file        = "/a/b/train.yaml";
  EXPECT_EQ(c.resolve("net.yaml"), "/a/b/net.yaml");
  EXPECT_EQ(c.resolve("/x/net.yaml"), "/x/net.yaml");
  EXPECT_SAYS(message_of([] { load_train_config("/nowhere/train.yaml"); }),
              "/nowhere/train.yaml: there is no such file");
}

}  // namespace
}  // namespace dynode
