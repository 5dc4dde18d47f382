// Tasks inside training: trials drawn on the way, success as a metric, and when a run has learnt enough.
#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dynode/io/file.h"
#include "dynode/io/io_test.h"
#include "dynode/io/safetensors.h"
#include "dynode/learn/dataset.h"
#include "dynode/learn/trainer.h"
#include "dynode/learn/trainer_recipe.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

class TasksInTraining : public testing::Test {
 protected:
  void SetUp() override {
    write_file(folder / "net.yaml", R"(
simulation: {dt: 1}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, layer_type: RateDale, params: {dim: 12, taus: 4}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: normal, params: {std: 1}}}}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: gaus}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: {name: normal, params: {std: 0.1}}, bias: zero}}
)");
  }

  TrainConfig config(const std::string& data = "", const std::string& training = "",
                     const std::string& metrics = "success, mse") {
    return read_train_config(parse_yaml(
        "data: {format: task, task: go-nogo, settings: {T: 30, stim_on: 4, stim_dur: 6}, epoch_trials: 20, val_trials: "
        "12, test_trials: 30" +
            data + "}\nmodel: {architecture_yaml: net.yaml, dtype: float64}\n" +
            "training: {batch_size: 4, max_epochs: 3, optimizer: {name: adam, lr: 0.01}, loss: {losses: [{name: l2}]}" +
            training + "}\nlogging: {log_freq: 1, metrics: [" + metrics + "]}\n",
        folder / "train.yaml"));
  }
  TrainResult run(const TrainConfig& c, const std::string& name, int threads = 1,
                  const std::atomic<bool>* stop = nullptr) {
    return train(c, {.threads = threads, .run_directory = folder / name, .stop = stop});
  }
  std::vector<double> curve(const std::string& name, const std::string& split, const std::string& key = "loss") {
    std::vector<double> numbers;
    std::string         text = read_file(folder / (name + "/metrics.jsonl"));
    for (size_t end; (end = text.find('\n')) != text.npos; text.erase(0, end + 1)) {
      const Value line = parse_json(text.substr(0, end));
      if (line.at("split").text() == split) numbers.push_back(line.at(key).number());
    }
    return numbers;
  }
  std::string message(const std::string& data, const std::string& training = "",
                      const std::string& metrics = "success") {
    return message_of<Error>([&] {
      const TrainConfig c = config(data, training, metrics);
      run(c, "never");
    });
  }

  TemporaryFolder folder;
};

TEST_F(TasksInTraining, TheSettingsOfATaskAreCompletedAndItsMappingIsItsOwn) {
  const TrainConfig c = config();
  EXPECT_EQ(c.data.task, "go_nogo");
  EXPECT_EQ(c.data.settings.at("threshold").number(), 0.7);
  EXPECT_EQ(c.training.mapping, Mapping::seq2seq);
  EXPECT_EQ(pooling_of(c).kind, Pooling::Kind::none);
  EXPECT_EQ(write_train_config(read_train_config(parse_yaml(to_yaml(write_train_config(c)), "again.yaml"))),
            write_train_config(c));
  const TrainConfig one =
      read_train_config(parse_yaml("data: {format: task, task: bit_stream_xor}\nmodel: {architecture_yaml: net.yaml}\n"
                                   "training: {loss: {losses: [{name: cross_entropy}]}}\n",
                                   "train.yaml"));
  EXPECT_EQ(one.training.mapping, Mapping::seq2static);
  EXPECT_EQ(pooling_of(one).kind, Pooling::Kind::final);
}

TEST_F(TasksInTraining, ValidationAndTestAreDrawnOnceAndTrainingHasTrialsOfItsOwn) {
  const TrainConfig  c = config();
  const TrainingData a = load_data(c, 1), b = load_data(c, 1), other = load_data(c, 2);
  ASSERT_EQ(a.train.size(), 20u);
  ASSERT_EQ(a.validation.size(), 12u);
  ASSERT_EQ(a.test.size(), 30u);
  const auto labels = [](const Dataset& set, size_t rows) {
    std::vector<int64_t> all;
    for (size_t row = 0; row < rows; ++row) all.push_back(set.trial_label(row));
    return all;
  };
  EXPECT_EQ(labels(a.all, 12), labels(b.all, 12));
  EXPECT_EQ(labels(a.test_set(), 30), labels(b.test_set(), 30));
  EXPECT_NE(labels(a.test_set(), 30), labels(other.test_set(), 30));
  const auto drawn = [&](const char* part, uint64_t batch) {
    return draw_task_samples(a.task, 1, part, batch, 30).labels;
  };
  EXPECT_NE(drawn("train", 0), drawn("train", 1));
  EXPECT_NE(drawn("train", 0), drawn("test", 0));
  EXPECT_EQ(drawn("test", 0), labels(a.test_set(), 30));
}

TEST_F(TasksInTraining, AnyNumberOfThreadsAndInterruptionsGiveTheSameRun) {
  const TrainResult one = run(config(), "one"), three = run(config(), "three", 3);
  EXPECT_EQ(one.updates, 15);
  EXPECT_EQ(curve("one", "train"), curve("three", "train"));
  EXPECT_EQ(curve("one", "train").size(), 15u);
  const std::string last = "checkpoints/last.dynode";
  EXPECT_TRUE(read_file(folder / ("one/" + last)) == read_file(folder / ("three/" + last)));

  // the second epoch again, from the checkpoint after the first
  TrainConfig first         = config();
  first.training.max_epochs = 1;
  run(first, "part");
  std::string yaml = read_file(folder / "part/config.yaml");
  yaml.replace(yaml.find("max_epochs: 1"), 13, "max_epochs: 3");
  write_file(folder / "part/config.yaml", yaml);
  resume(folder / "part");
  EXPECT_EQ(load_safetensors(folder / ("part/" + last)).find("J_1_to_1")->bytes,
            load_safetensors(folder / ("one/" + last)).find("J_1_to_1")->bytes);
}

TEST_F(TasksInTraining, SuccessIsTheShareOfTrialsTheTaskCallsCorrect) {
  const TrainingData   data  = load_data(config(), 1);
  const Task&          task  = *data.task;
  const size_t         steps = task.shape().steps, rows = data.test.size();
  std::vector<double>  output, values, input;
  std::vector<int64_t> labels;
  size_t               right = 0;
  for (size_t row = 0; row < rows; ++row) {
    labels.push_back(data.test_set().trial_label(row));
    const bool solved = row % 3 != 0, go = labels.back() == 1;
    for (size_t t = 0; t < steps; ++t) {
      output.push_back(t >= 10 && solved == go ? 1 : 0);
      values.push_back(t >= 10 && go);
      input.push_back(0);
    }
    right += solved;
  }
  Metric success("success");
  success.add(MetricBatch<double>{.rows   = rows,
                                  .steps  = steps,
                                  .units  = 1,
                                  .output = output.data(),
                                  .values = values.data(),
                                  .task   = &task,
                                  .input  = input.data(),
                                  .labels = labels.data()});
  EXPECT_DOUBLE_EQ(success.value(), double(right) / double(rows));
}

TEST_F(TasksInTraining, ARunThatIsGoodEnoughStopsAndSaysSo) {
  const TrainResult never = run(config("", ", stop_when: {loss: 1.0e-9, success: 0.5}"), "never");
  EXPECT_EQ(never.epochs, 3);
  EXPECT_EQ(never.reached, false);
  EXPECT_NE(read_file(folder / "never/log.txt").find("ends without reaching stop_when"), std::string::npos);

  const TrainResult now = run(config("", ", stop_when: {loss: 1.0e9}"), "now");
  EXPECT_EQ(now.epochs, 1);
  EXPECT_EQ(now.reached, true);
  EXPECT_EQ(now.test.front().name, "success");
  EXPECT_NE(read_file(folder / "now/log.txt").find("reached stop_when in epoch 1, after 5 updates"), std::string::npos);
  EXPECT_EQ(resume(folder / "now").reached, true) << "what is complete stays complete";

  EXPECT_EQ(run(config("", ", stop_when: {loss: 1.0e9, min_samples: 40}"), "later").epochs, 2);
  EXPECT_FALSE(run(config(), "none").reached.has_value());
}

TEST_F(TasksInTraining, TheRuleAsksForEverythingAtOnce) {
  const StopRule rule{.loss = 7, .metrics = {{"success", 0.95}}, .min_samples = 1500};
  Metric         success("success");
  EXPECT_FALSE(reaches(rule, 6, {success}, 1500)) << "nothing was measured";
  const Task          task(find_task("go_nogo"));
  std::vector<double> output(task.shape().steps), values = output;
  int64_t             nogo = 0;
  success.add(MetricBatch<double>{.rows   = 1,
                                  .steps  = output.size(),
                                  .units  = 1,
                                  .output = output.data(),
                                  .values = values.data(),
                                  .task   = &task,
                                  .input  = values.data(),
                                  .labels = &nogo});
  EXPECT_TRUE(reaches(rule, 6, {success}, 1500));
  EXPECT_FALSE(reaches(rule, 7, {success}, 1500));
  EXPECT_FALSE(reaches(rule, 6, {success}, 1499));
  EXPECT_FALSE(reaches({.loss = {}, .metrics = {{"success", 1}}}, 6, {success}, 1500)) << "better than, not as good as";
}

TEST_F(TasksInTraining, OneAnswerIsAClass) {
  write_file(folder / "two.yaml", R"(
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 6, source_func: tanh, tau: 2}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
simulation: {dt: 1}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: fan_in_uniform}}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: fan_in_uniform}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: fan_in_uniform}}
)");
  const TrainConfig c =
      read_train_config(parse_yaml("data: {format: task, task: bit_stream_xor, settings: {pad: 6}, epoch_trials: 16, "
                                   "val_trials: 0, test_trials: 50}\n"
                                   "model: {architecture_yaml: two.yaml}\ntraining: {batch_size: 8, max_epochs: 1, "
                                   "loss: {losses: [{name: cross_entropy}]}}\n"
                                   "logging: {metrics: [success, accuracy]}\n",
                                   folder / "train.yaml"));
  const TrainResult r = run(c, "one_answer");
  ASSERT_EQ(r.test.size(), 2u);
  EXPECT_EQ(r.test[0].value, r.test[1].value);
}

TEST_F(TasksInTraining, WhatDoesNotGoTogetherIsRefused) {
  const auto says = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  says(message(", data_path: x.npz"), "'data_path' has no place with format task");
  says(message(", val_split: 0.1"), "'val_split' has no place with format task\n  give val_trials");
  says(message("", ", mapping: seq2static"), "go_nogo asks for an answer in every step");
  says(message("", ", stop_when: {sucess: 0.9}"), "did you mean 'success'?");
  says(message("", ", stop_when: {min_samples: 5}"), "says nothing that could be reached");
  says(message("", ", stop_when: {r2: 0.5}"), "nothing called 'r2' is measured");
  TrainConfig blind     = config("", ", stop_when: {loss: 5}");
  blind.data.val_trials = 0;
  says(message_of<SpecError>([&] { run(blind, "blind"); }),
       "looks at the validation, but there is none\n  give data.val_trials");
  const auto data = [&](const std::string& text) {
    return message_of<SpecError>([&] {
      read_train_config(parse_yaml(
          "data: {" + text + "}\nmodel: {architecture_yaml: net.yaml}\ntraining: {loss: {losses: [{name: l2}]}}\n",
          "t.yaml"));
    });
  };
  says(data("format: task"), "which task?");
  says(data("format: task, task: go_nogoo"), "did you mean 'go_nogo'?");
  says(data("format: npz, data_path: x.npz, task: go_nogo"), "a task needs format: task");
  says(data("format: task, task: go_nogo, settings: {stim_onn: 3}"), "did you mean 'stim_on'?");
  says(data("format: task, task: go_nogo, settings: {stim_on: 190}"),
       "the answer of go_nogo would begin at step 215, but the trial has 199 steps");
  says(data("format: task, task: bit_stream_xor, settings: {set: test}"),
       "dynode tasks bit_stream_xor --output trials.npz");
  says(data("format: npz"), "missing key 'data_path'");
}

}  // namespace
}  // namespace dynode
