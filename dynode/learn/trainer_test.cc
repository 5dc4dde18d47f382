// Training on small made-up sequences: it learns, it is a function of its seed, and it can be interrupted anywhere.
#include "dynode/learn/trainer.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

#include "dynode/base/random.h"
#include "dynode/io/file.h"
#include "dynode/io/io_test.h"
#include "dynode/io/model_file.h"
#include "dynode/io/npz.h"
#include "dynode/learn/run_directory.h"
#include "dynode/learn/trainer_state.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

namespace fs = std::filesystem;

/// Two classes of sequences that rise or fall, with noise.
void write_slopes(const std::string& path, int rows = 120, int steps = 6, double noise = 0.3) {
  Random               random(7);
  std::vector<float>   x;
  std::vector<int64_t> y;
  for (int row = 0; row < rows; ++row) {
    y.push_back(row % 2);
    for (int t = 0; t < steps; ++t) {
      const double slope = (row % 2 ? 1 : -1) * (2.0 * t / (steps - 1) - 1);
      x.push_back(float(slope + noise * random.normal()));
      x.push_back(float(random.normal()));
    }
  }
  save_npz(path, {{"x", Array{{rows, steps, 2}, x}}, {"y", Array{{rows}, y}}});
}

const char* const kNet = R"(
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 8, source_func: tanh, alpha: 0.5}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: fan_in_uniform, bias: zero}}
  - {from_layer: 1, to_layer: 1, connection_type: sparse, params: {sparsity: 0.5, init: fan_in_uniform}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: fan_in_uniform, bias: zero}}
)";

class Training : public testing::Test {
 protected:
  void SetUp() override {
    write_slopes(folder / "data.npz");
    write_file(folder / "net.yaml", kNet);
  }

  TrainConfig config(const std::string& training = "max_epochs: 4", const std::string& rest = "") {
    return read_train_config(parse_yaml(
        "name: slopes\ndata: {format: npz, data_path: data.npz, val_split: 0.2, test_split: 0.2}\n"
        "model: {architecture_yaml: net.yaml, time_pooling: final}\n"
        "training: {batch_size: 16, optimizer: {name: adamw, lr: 2.0e-2}, losses: [{name: cross_entropy}], " +
            training + "}\n" + rest,
        folder / "train.yaml"));
  }

  TrainResult run(const TrainConfig& c, const std::string& name, int threads = 1) {
    return train(c, {.threads = threads, .run_directory = folder / name});
  }

  std::string bytes(const std::string& name) { return read_file(folder / name); }

  /// metrics.jsonl without what depends on the clock.
  std::vector<std::string> metrics(const std::string& run) {
    std::vector<std::string> lines;
    std::string              text = bytes(run + "/metrics.jsonl");
    for (size_t end; (end = text.find('\n')) != text.npos; text.erase(0, end + 1)) {
      Value line = parse_json(text.substr(0, end));
      EXPECT_EQ(line.entries().back().key, "seconds");
      line.erase("seconds");
      lines.push_back(to_json(line));
    }
    return lines;
  }

  void expect_same_run(const std::string& a, const std::string& b) {
    EXPECT_EQ(metrics(a), metrics(b));
    for (const char* file : {"checkpoints/last.dynode", "checkpoints/best.dynode", "checkpoints/initial.dynode",
                             "evaluation.npz", "config.yaml", "spec.yaml"})
      EXPECT_TRUE(bytes(a + "/" + file) == bytes(b + "/" + file)) << file;
    EXPECT_EQ(checkpoints(a), checkpoints(b));
  }

  std::vector<std::string> checkpoints(const std::string& run) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder / (run + "/checkpoints")))
      names.push_back(entry.path().stem());
    std::sort(names.begin(), names.end());
    return names;
  }

  TemporaryFolder folder;
};

/// Interrupts after so many updates, as a signal would.
class StopAfter final : public Progress {
 public:
  explicit StopAfter(int updates) : left_(updates) {}
  void              begin(const std::string&) override {}
  void              epoch(const EpochSummary&) override {}
  void              say(const std::string&) override {}
  void              update(const ProgressState&) override { stop = --left_ <= 0; }
  std::atomic<bool> stop = false;

 private:
  int left_;
};

TEST_F(Training, LearnsAndLeavesEverythingBehind) {
  const TrainResult r = run(config("max_epochs: 6"), "run");
  ASSERT_EQ(r.test.size(), 1u);
  EXPECT_GT(r.test[0].value, 0.9);
  EXPECT_EQ(headline(r).substr(0, 14), "test accuracy ");
  EXPECT_EQ(r.epochs, 6);
  EXPECT_EQ(r.updates, 6 * 5);  // 120 samples, 24 for the test, 19 for validation: 77 in batches of 16
  EXPECT_FALSE(r.stopped);
  for (const char* file : {"config.yaml", "spec.yaml", "metrics.jsonl", "log.txt", "evaluation.npz",
                           "checkpoints/initial.dynode", "checkpoints/last.dynode", "checkpoints/best.dynode"})
    EXPECT_TRUE(fs::exists(folder / ("run/" + std::string(file)))) << file;
  EXPECT_SAYS(bytes("run/log.txt"), headline(r));

  const std::vector<std::string> lines = metrics("run");
  EXPECT_EQ(lines.size(), 6u * 2 + 1);
  const Value first = parse_json(lines.front());
  EXPECT_EQ(first.at("epoch").integer(), 1);
  EXPECT_EQ(first.at("split").text(), "train");
  EXPECT_EQ(first.at("lr").number(), 0.02);
  EXPECT_GT(first.at("grad_norm").number(), 0);
  EXPECT_EQ(parse_json(lines.back()).at("split").text(), "test");
  EXPECT_EQ(parse_json(lines.back()).at("accuracy").number(), r.test[0].value);
}

TEST_F(Training, EvaluationShowsWhatTheReportNeeds) {
  run(config("max_epochs: 1"), "run");
  const Npz file = load_npz(folder / "run/evaluation.npz");
  double    all  = 0;
  for (double n : file.at("confusion").as_double()) all += n;
  EXPECT_EQ(all, 24);
  EXPECT_EQ(file.at("example_input").shape, (std::vector<int64_t>{12, 6, 2}));
  EXPECT_EQ(file.at("example_output").shape, (std::vector<int64_t>{12, 2}));
  EXPECT_EQ(file.at("example_label").shape, (std::vector<int64_t>{12}));
  EXPECT_EQ(file.at("s/1").shape, (std::vector<int64_t>{12, 7, 8}));
  EXPECT_EQ(file.at("s/2").shape, (std::vector<int64_t>{12, 7, 2}));

  // pooled by `final`, so the output is the last entry of the last layer
  const std::vector<double> output = file.at("example_output").as_double(), history = file.at("s/2").as_double();
  for (int i = 0; i < 12; ++i) EXPECT_EQ(output[size_t(i * 2)], history[size_t(i * 14 + 12)]);
}

TEST_F(Training, ExamplesMixWrongAnswersWithRightOnes) {
  write_slopes(folder / "data.npz", 1000, 6, 1.5);
  run(config("max_epochs: 1"), "run");
  const Npz                  file      = load_npz(folder / "run/evaluation.npz");
  const std::vector<int64_t> confusion = file.at("confusion").as_integers("confusion");
  ASSERT_GE(confusion[1] + confusion[2], 4);
  EXPECT_LT(confusion[1] + confusion[2], 40);  // of 200
  const std::vector<int64_t> label = file.at("example_label").as_integers("example_label");
  const std::vector<int64_t> answer = file.at("example_prediction").as_integers("example_prediction");
  int64_t                    wrong = 0;
  for (size_t i = 0; i < label.size(); ++i) wrong += label[i] != answer[i];
  EXPECT_EQ(label.size(), 12u);
  EXPECT_GE(wrong, 4);
  EXPECT_LT(wrong, 8);
}

TEST_F(Training, GradientNormsOfBlocksMakeThatOfTheWhole) {
  run(config("max_epochs: 1", "logging: {log_freq: 1}\n"), "run");
  const Value line = parse_json(metrics("run").front());
  double      squares = 0;
  for (const Value::Entry& block : line.at("grad_norms").entries()) squares += std::pow(block.value.number(), 2);
  ASSERT_NE(line.at("grad_norms").find("b_1_to_2"), nullptr);
  EXPECT_EQ(line.at("grad_norms").find("layer1/alpha"), nullptr);  // not learnt
  EXPECT_NEAR(std::sqrt(squares), line.at("grad_norm").number(), 1e-9 * std::sqrt(squares));
}

TEST_F(Training, CheckpointsAreModelFilesThatAnybodyCanLoad) {
  const TrainResult r    = run(config("max_epochs: 2"), "run");
  const TensorFile  file = load_safetensors(folder / "run/checkpoints/last.dynode");
  EXPECT_NE(file.find("J_1_to_1"), nullptr);
  EXPECT_NE(file.find("mask/J_1_to_1"), nullptr);
  EXPECT_NE(file.find("opt/m/J_0_to_1"), nullptr);
  EXPECT_NE(file.find("opt/v/b_1_to_2"), nullptr);
  const Plan plan = *compile(model_spec(file, "last"), model_options(file));
  EXPECT_EQ(model_theta<float>(plan, file, "last").size(), plan.parameters.size());
  const TrainingState state = checkpoint_state(file, "last");
  EXPECT_EQ(state.epoch, 2);
  EXPECT_EQ(state.step, r.updates);
  EXPECT_EQ(state.best_loss, r.best_loss);
}

TEST_F(Training, EqualSeedsGiveEqualBytes) {
  run(config(), "a");
  run(config(), "b");
  expect_same_run("a", "b");
  TrainConfig other = config();
  other.seed        = 43;
  run(other, "c");
  EXPECT_NE(metrics("a"), metrics("c"));
}

TEST_F(Training, ThreadsLeaveNoTrace) {
  TrainConfig c         = config("max_epochs: 2");
  c.training.batch_size = 70;
  run(c, "one", 1);
  run(c, "two", 2);
  expect_same_run("one", "two");
}

TEST_F(Training, CheckpointedAdjointsLeaveNoTraceInTheNumbers) {
  run(config("max_epochs: 2"), "full");
  run(config("max_epochs: 2, adjoint: {checkpoint_every: 2}"), "short");
  EXPECT_EQ(metrics("full"), metrics("short"));
}

TEST_F(Training, InterruptedRunsEndAsIfNothingHadHappened) {
  // greedy listens to validation, momentum and clipping have memory or thresholds: all must come back
  const char* const training = "max_epochs: 4, gradient_clip_val: 0.5, checkpoint_save_top_k: 2";
  const char* const schedule =
      "callbacks: {lr_scheduler: {type: greedy, max_lr: 2.0e-2, patience: 1}}\nlogging: {log_freq: 2}\n";
  run(config(training, schedule), "straight");

  // stopped in the first epoch, in the second, in the third
  StopAfter   in_first(3);
  TrainResult r = train(config(training, schedule),
                        {.run_directory = folder / "broken", .progress = &in_first, .stop = &in_first.stop});
  EXPECT_TRUE(r.stopped);
  EXPECT_EQ(r.epochs, 0);
  for (int updates : {8, 7}) {
    StopAfter later(updates);
    r = resume(folder / "broken", {.progress = &later, .stop = &later.stop});
    EXPECT_TRUE(r.stopped);
    EXPECT_EQ(headline(r), "stopped before the test");
  }
  EXPECT_EQ(r.epochs, 2);
  EXPECT_FALSE(resume(folder / "broken").stopped);
  expect_same_run("straight", "broken");

  // a run that is complete is only tested again
  resume(folder / "broken");
  expect_same_run("straight", "broken");
}

TEST_F(Training, ACrashBetweenFilesIsRepaired) {
  run(config(), "straight");
  StopAfter stop(7);  // in the second epoch of five updates
  train(config(), {.run_directory = folder / "broken", .progress = &stop, .stop = &stop.stop});

  // the crash left a torn line and a checkpoint of the epoch that will be done again
  const std::string lines = bytes("broken/metrics.jsonl");
  write_file(folder / "broken/metrics.jsonl", lines + "{\"epoch\":2,\"split\":\"validation\"}\n{\"epo");
  fs::copy(folder / "broken/checkpoints/last.dynode", folder / "broken/checkpoints/epoch_0002.dynode");
  resume(folder / "broken");
  expect_same_run("straight", "broken");
}

TEST_F(Training, EveryOptimizerResumes) {
  for (const char* optimizer :
       {"sgd, lr: 0.1, kwargs: {momentum: 0.9}", "rmsprop, lr: 0.01, kwargs: {centered: true}", "lion, lr: 0.002", "muon, lr: 0.02"}) {
    TrainConfig c        = config("max_epochs: 2");
    c.training.optimizer = read<OptimizerConfig>(parse_yaml(std::string("{name: ") + optimizer + "}"));
    fs::remove_all(folder / "a"), fs::remove_all(folder / "b");
    run(c, "a");
    StopAfter stop(7);
    train(c, {.run_directory = folder / "b", .progress = &stop, .stop = &stop.stop});
    resume(folder / "b");
    EXPECT_TRUE(bytes("a/checkpoints/last.dynode") == bytes("b/checkpoints/last.dynode")) << optimizer;
  }
}

TEST_F(Training, ResumeKnowsWhatIsNoRun) {
  EXPECT_SAYS(message_of([&] { resume(folder / "no"); }), "there is no such run directory");
  EXPECT_SAYS(message_of([&] { resume(folder.path()); }), "it has no config.yaml");
  run(config("max_epochs: 1"), "run");
  std::string damaged = bytes("run/checkpoints/last.dynode");
  damaged[damaged.size() - 5] ^= 1;
  write_file(folder / "run/checkpoints/last.dynode", damaged);
  EXPECT_SAYS(message_of([&] { resume(folder / "run"); }), "last.dynode");
}

TEST_F(Training, FrozenBlocksStayAndMaskedWeightsStayZero) {
  std::string net = kNet;
  net.replace(net.find("connection_type: dense"), 22, "connection_type: dense, learnable: false");
  write_file(folder / "net.yaml", net);
  run(config("max_epochs: 2"), "run");
  const TensorFile before = load_safetensors(folder / "run/checkpoints/initial.dynode");
  const TensorFile after  = load_safetensors(folder / "run/checkpoints/last.dynode");
  EXPECT_EQ(before.find("J_0_to_1")->bytes, after.find("J_0_to_1")->bytes);
  EXPECT_EQ(before.find("b_0_to_1")->bytes, after.find("b_0_to_1")->bytes);
  EXPECT_NE(before.find("J_1_to_2")->bytes, after.find("J_1_to_2")->bytes);
  const std::vector<double> mask    = after.find("mask/J_1_to_1")->as_array("mask").as_double();
  const std::vector<double> weights = after.find("J_1_to_1")->as_array("J").as_double();
  for (size_t i = 0; i < mask.size(); ++i) EXPECT_TRUE(mask[i] == 1 || weights[i] == 0) << i;
}

TEST_F(Training, BoxesHoldAfterEveryUpdate) {
  std::string net = kNet;
  net.replace(net.find("init: fan_in_uniform"), 20, "init: fan_in_uniform, constraints: {min: -0.1, max: 0.1}");
  write_file(folder / "net.yaml", net);
  run(config("max_epochs: 2"), "run");
  const TensorFile file    = load_safetensors(folder / "run/checkpoints/last.dynode");
  double           largest = 0;
  for (double w : file.find("J_0_to_1")->as_array("J").as_double()) largest = std::max(largest, std::abs(w));
  EXPECT_FLOAT_EQ(float(largest), 0.1f);
}

TEST_F(Training, GroupsLearnAtTheirOwnRate) {
  run(config("max_epochs: 1", ""), "run");
  TrainConfig c                     = config("max_epochs: 1");
  c.training.optimizer.param_groups = {{.match = "J_0", .match_regex = "", .lr = 0}};
  run(c, "still");
  const auto tensor = [&](const char* file, const char* name) {
    return load_safetensors(folder / file).find(name)->bytes;
  };
  EXPECT_EQ(tensor("still/checkpoints/initial.dynode", "J_0_to_1"),
            tensor("still/checkpoints/last.dynode", "J_0_to_1"));
  EXPECT_NE(tensor("still/checkpoints/initial.dynode", "J_1_to_2"),
            tensor("still/checkpoints/last.dynode", "J_1_to_2"));
  c.training.optimizer.param_groups = {{.match = "K_0", .match_regex = "", .lr = 0}};
  EXPECT_SAYS(message_of<SpecError>([&] { run(c, "none"); }), "no parameter is called like 'K_0'\n  there are: ");
  EXPECT_FALSE(fs::exists(folder / "none"));
}

TEST_F(Training, EarlyStoppingKeepsTheBest) {
  TrainConfig c           = config("max_epochs: 40, early_stopping_patience: 2, checkpoint_save_top_k: 1");
  c.training.optimizer.lr = 0.3;
  const TrainResult r     = run(c, "run");
  EXPECT_LT(r.epochs, 40);
  EXPECT_EQ(r.epochs, r.best_epoch + 2);
  EXPECT_EQ(checkpoints("run"), (std::vector<std::string>{"best", epoch_name(r.best_epoch), "initial", "last"}));
  EXPECT_TRUE(bytes("run/checkpoints/best.dynode") == bytes("run/checkpoints/" + epoch_name(r.best_epoch) + ".dynode"));
  EXPECT_SAYS(bytes("run/log.txt"), "ends early: no smaller validation loss for 2 epochs");
}

TEST_F(Training, CheckpointsByEpochFollowTheirKeys) {
  run(config(
          "max_epochs: 4, checkpoint_every_n_epochs: 2, checkpoint_save_all_epochs: true, save_initial_state: false"),
      "all");
  EXPECT_EQ(checkpoints("all"), (std::vector<std::string>{"best", "epoch_0002", "epoch_0004", "last"}));
  run(config("max_epochs: 3, checkpoint_save_top_k: 0, checkpoint_save_last: false"), "few");
  EXPECT_EQ(checkpoints("few"), (std::vector<std::string>{"best", "initial"}));
}

TEST_F(Training, DivergenceSaysWhereAndWhatToDo) {
  TrainConfig c        = config("max_epochs: 3");
  c.training.optimizer = read<OptimizerConfig>(parse_yaml("{name: sgd, lr: 1.0e+38}"));
  try {
    run(c, "run");
    FAIL() << "this cannot converge";
  } catch (const NumericsError& error) {
    EXPECT_SAYS(error.what(), "training diverged in epoch 1, update ");
    EXPECT_SAYS(error.what(), "at learning rate 1e+38");
    EXPECT_SAYS(error.what(), "lower the learning rate");
    EXPECT_SAYS(bytes("run/log.txt"), error.what());
  }
}

TEST_F(Training, RepeatsHaveSeedsAndFoldersOfTheirOwn) {
  const TrainResult r = run(config("max_epochs: 1, num_repeats: 2"), "run");
  ASSERT_EQ(r.repeats.size(), 2u);
  EXPECT_DOUBLE_EQ(r.test[0].value, (r.repeats[0].test[0].value + r.repeats[1].test[0].value) / 2);
  EXPECT_SAYS(headline(r), " ± ");
  EXPECT_NE(metrics("run/repeat_0"), metrics("run/repeat_1"));
  TrainConfig second = config("max_epochs: 1");
  second.seed        = 43;
  run(second, "second");
  EXPECT_EQ(metrics("run/repeat_1"), metrics("second"));

  // what is missing is done, what is there stays
  fs::remove_all(folder / "run/repeat_1");
  resume(folder / "run");
  EXPECT_EQ(metrics("run/repeat_1"), metrics("second"));
}

TEST_F(Training, YardsticksAreTrainedNextToTheNetwork) {
  std::string other = kNet;
  other.replace(other.find("dim: 8"), 6, "dim: 4");
  write_file(folder / "other.yaml", other);
  const TrainConfig c =
      config("max_epochs: 2", "yardsticks: [{name: four units, architecture_yaml: other.yaml, max_epochs: 1}]\n");
  const TrainResult r = run(c, "run");
  ASSERT_EQ(r.yardsticks.size(), 1u);
  EXPECT_EQ(r.yardsticks[0].name, "four units");
  EXPECT_EQ(r.yardsticks[0].result.epochs, 1);
  EXPECT_TRUE(fs::exists(folder / "run/yardstick_1/evaluation.npz"));

  // interrupted in the yardstick: the network is done, the yardstick goes on
  StopAfter stop(12);
  EXPECT_TRUE(train(c, {.run_directory = folder / "broken", .progress = &stop, .stop = &stop.stop}).stopped);
  EXPECT_FALSE(resume(folder / "broken").stopped);
  expect_same_run("run", "broken");
  expect_same_run("run/yardstick_1", "broken/yardstick_1");
}

TEST_F(Training, NamesThatExistGetANumber) {
  TrainConfig c         = config("max_epochs: 1");
  c.logging.project_dir = folder / "runs";
  EXPECT_EQ(train(c).directory, folder / "runs/slopes");
  EXPECT_EQ(train(c).directory, folder / "runs/slopes-2");
}

TEST_F(Training, ValuesAtEveryStepCanBeLearntInDouble) {
  // the running mean of the input
  Random              random(3);
  std::vector<double> x, y;
  for (int row = 0; row < 60; ++row) {
    double mean = 0;
    for (int t = 0; t < 8; ++t) {
      x.push_back(random.normal());
      mean = 0.5 * mean + 0.5 * x.back();
      y.push_back(mean);
    }
  }
  save_npz(folder / "mean.npz", {{"x", Array{{60, 8, 1}, x}}, {"y", Array{{60, 8}, y}}});
  std::string net = kNet;
  net.replace(net.find("dim: 2"), 6, "dim: 1");
  net.replace(net.rfind("dim: 2"), 6, "dim: 1");
  write_file(folder / "net.yaml", net);
  const TrainConfig c = read_train_config(parse_yaml(
      "data: {format: npz, data_path: mean.npz}\nmodel: {architecture_yaml: net.yaml, dtype: float64}\n"
      "training: {mapping: seq2seq, batch_size: 8, max_epochs: 20, optimizer: {lr: 1.0e-2}, losses: [{name: mse}]}\n",
      folder / "t.yaml"));
  const TrainResult r = run(c, "run");
  EXPECT_EQ(r.test[0].name, "mse");
  EXPECT_LT(r.test[0].value, 0.02);  // the variance of the target is 1/3
  EXPECT_EQ(load_safetensors(folder / "run/checkpoints/last.dynode").find("J_0_to_1")->dtype, Dtype::F64);
  EXPECT_EQ(load_npz(folder / "run/evaluation.npz").find("confusion"), nullptr);
}

TEST_F(Training, AModelCanBeTheStart) {
  run(config("max_epochs: 2"), "first");
  const auto start = [&](bool exact, const char* name) {
    TrainConfig c = config("max_epochs: 1");
    c.model.architecture_yaml.clear();
    c.model.base_model_path        = folder / "first/checkpoints/last.dynode";
    c.model.load_exact_model_state = exact;
    c.seed                         = 99;
    run(c, name);
    return load_safetensors(folder / (std::string(name) + "/checkpoints/initial.dynode"));
  };
  const TensorFile last = load_safetensors(folder / "first/checkpoints/last.dynode");
  const TensorFile same = start(true, "same"), anew = start(false, "anew");
  for (const char* name : {"J_0_to_1", "mask/J_1_to_1", "b_1_to_2"})
    EXPECT_TRUE(same.find(name)->bytes == last.find(name)->bytes) << name;
  EXPECT_FALSE(anew.find("J_0_to_1")->bytes == last.find("J_0_to_1")->bytes);
}

TEST_F(Training, WhatDoesNotFitIsRefusedBeforeAnythingIsWritten) {
  const auto  said       = [&](TrainConfig c) { return message_of<Error>([&] { run(c, "run"); }); };
  TrainConfig c          = config();
  c.training.loss.losses = {{.name = "mse"}};
  EXPECT_SAYS(said(c), "needs target values, but the targets are classes");
  c                 = config();
  c.logging.metrics = {"mse"};
  EXPECT_SAYS(said(c), "'mse' is about values, but the targets are classes");
  c                  = config();
  c.data.num_classes = 3;
  EXPECT_SAYS(said(c), "the data have 3 classes, but the last layer (2) has 2 units\n  give it dim: 3");
  c                         = config();
  c.model.architecture_yaml = "no.yaml";
  EXPECT_SAYS(said(c), "no.yaml: there is no such file");
  std::string net = kNet;
  net.replace(net.find("dim: 2"), 6, "dim: 3");
  write_file(folder / "net.yaml", net);
  EXPECT_SAYS(said(config()), "inputs: expected [any, any, 3], got [120, 6, 2]\n  give the first layer dim: 2");
  EXPECT_FALSE(fs::exists(folder / "run"));
}

}  // namespace
}  // namespace dynode
