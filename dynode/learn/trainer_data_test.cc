// What data and losses do to training: order, time spans, masks, class weights, losses on states and weights.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <numeric>

#include "dynode/base/random.h"
#include "dynode/io/file.h"
#include "dynode/io/io_test.h"
#include "dynode/io/npz.h"
#include "dynode/io/safetensors.h"
#include "dynode/learn/dataset.h"
#include "dynode/learn/trainer.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

constexpr int kRows = 60, kSteps = 6;

class DataOfTraining : public testing::Test {
 protected:
  void SetUp() override {
    write_file(folder / "net.yaml", R"(
simulation: {dt: 2}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 6, source_func: tanh, tau: 5}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: fan_in_uniform, bias: zero}}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: fan_in_uniform}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: fan_in_uniform, bias: zero}}
)");
    Random random(11);
    for (int row = 0; row < kRows; ++row) {
      y.push_back(row % 5 == 0);   // one of five
      for (int t = 0; t < kSteps; ++t) x.push_back(float(0.7 * random.normal() + (y.back() ? 0.15 : -0.15)));
    }
  }

  /// Trains on x and y (classes per sequence), or on other arrays.
  TrainResult run(const std::string& name, std::string training, const std::vector<Npz::Entry>& more = {},
                  const std::vector<Npz::Entry>& instead = {}) {
    for (const char* key : {"max_epochs: 2", "batch_size: 8", "optimizer: {name: adamw, lr: 1.0e-2}"})
      if (const std::string text = key; training.find(text.substr(0, text.find(':') + 1)) == training.npos)
        training += ", " + text;
    std::vector<Npz::Entry> arrays = instead;
    if (arrays.empty()) arrays = {{"x", Array{{kRows, kSteps, 1}, x}}, {"y", Array{{kRows}, y}}};
    arrays.insert(arrays.end(), more.begin(), more.end());
    save_npz(folder / (name + ".npz"), arrays);
    const TrainConfig config = read_train_config(parse_yaml(
        "data: {format: npz, data_path: " + name + ".npz, val_split: 0.2, test_split: 0.2}\n" +
            "model: {architecture_yaml: net.yaml, time_pooling: " + pooling_ + "}\n" +
            "logging: {log_freq: 1, metrics: [" + metrics_ + "]}\ntraining: {" + training + "}\n",
        folder / "train.yaml"));
    return train(config, {.threads = threads_, .run_directory = folder / name});
  }

  /// A number of every line about `split`.
  std::vector<double> curve(const std::string& name, const std::string& split, const std::string& key = "loss") {
    std::vector<double> numbers;
    std::string         text = read_file(folder / (name + "/metrics.jsonl"));
    for (size_t end; (end = text.find('\n')) != text.npos; text.erase(0, end + 1)) {
      const Value line = parse_json(text.substr(0, end));
      if (line.at("split").text() == split) numbers.push_back(line.at(key).number());
    }
    return numbers;
  }
  std::string weights(const std::string& run, const char* name = "J_1_to_1") {
    return load_safetensors(folder / (run + "/checkpoints/last.dynode")).find(name)->bytes;
  }

  TemporaryFolder      folder;
  std::vector<float>   x;
  std::vector<int64_t> y;
  std::string          metrics_ = "accuracy", pooling_ = "final";
  int                  threads_ = 1;
};

const std::string kCross = "loss: {losses: [{name: cross_entropy}]}";

TEST_F(DataOfTraining, TheOrderIsAFunctionOfSeedAndEpoch) {
  // nothing is learnt, so that the loss of an update tells which sequence it saw
  const std::string slow = "batch_size: 1, optimizer: {name: sgd, lr: 1.0e-30}, " + kCross;
  const auto without_defaults = [&](const char* name, uint64_t seed) {
    save_npz(folder / (std::string(name) + ".npz"), {{"x", Array{{kRows, kSteps, 1}, x}}, {"y", Array{{kRows}, y}}});
    TrainConfig config = read_train_config(parse_yaml(
        std::string("data: {format: npz, data_path: ") + name + ".npz, val_split: 0, test_split: 0}\n" +
            "model: {architecture_yaml: net.yaml}\nlogging: {log_freq: 1}\ntraining: {max_epochs: 2, " + slow + "}\n",
        folder / "train.yaml"));
    config.seed = seed;
    train(config, {.run_directory = folder / name});
    return curve(name, "train");
  };
  const std::vector<double> a = without_defaults("a", 1), b = without_defaults("b", 1), c = without_defaults("c", 2);
  ASSERT_EQ(a.size(), 2u * kRows);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  std::vector<double> first(a.begin(), a.begin() + kRows), second(a.begin() + kRows, a.end());
  EXPECT_NE(first, second);   // another order in every epoch
  std::ranges::sort(first), std::ranges::sort(second);
  EXPECT_EQ(first, second);   // of the same sequences, each once
  EXPECT_EQ(std::ranges::adjacent_find(first), first.end());
}

TEST_F(DataOfTraining, ARunThatStoppedEarlyIsComplete) {
  const TrainResult r = run("early", "max_epochs: 30, early_stopping_patience: 1, optimizer: {lr: 0.3}, " + kCross);
  EXPECT_LT(r.epochs, 30);
  const std::string       last   = read_file(folder / "early/checkpoints/last.dynode");
  const TrainResult       again  = resume(folder / "early");
  EXPECT_EQ(again.epochs, r.epochs);
  EXPECT_EQ(again.test_loss, r.test_loss);
  EXPECT_TRUE(read_file(folder / "early/checkpoints/last.dynode") == last);

  // epochs without gain are counted anew after every gain: it stops at the first epoch that is no better
  const std::vector<double> validation = curve("early", "validation");
  ASSERT_EQ(int64_t(validation.size()), r.epochs);
  for (size_t i = 1; i + 1 < validation.size(); ++i)
    EXPECT_LT(validation[i], *std::min_element(validation.begin(), validation.begin() + ptrdiff_t(i)));
  EXPECT_GE(validation.back(), *std::min_element(validation.begin(), validation.end() - 1));
}

TEST_F(DataOfTraining, BalancedWeightsAreThoseOfTheTrainingRows) {
  metrics_ = "recall";
  run("balanced", "losses: [{name: cross_entropy, params: {class_weights: balanced}}], max_epochs: 12");
  run("unweighted", "losses: [{name: cross_entropy}], max_epochs: 12");
  const auto recall = [&](const char* name) {   // of the rare class, over the last updates
    const std::vector<double> all = curve(name, "train", "recall");
    return std::accumulate(all.end() - 12, all.end(), 0.0);
  };
  EXPECT_GT(recall("balanced"), recall("unweighted"));

  // the same numbers by hand
  const TrainConfig  config = load_train_config(folder / "balanced/config.yaml");
  const TrainingData data   = load_data(config, config.seed);
  double             counts[2] = {0, 0};
  for (const size_t row : data.train) counts[y[row]] += 1;
  const double n = counts[0] + counts[1];
  run("by_hand", fmt::format("losses: [{{name: cross_entropy, params: {{class_weights: [{}, {}]}}}}], max_epochs: 12",
                             n / (2 * counts[0]), n / (2 * counts[1])));
  EXPECT_EQ(curve("by_hand", "train"), curve("balanced", "train"));
  EXPECT_EQ(weights("by_hand"), weights("balanced"));
  EXPECT_NE(weights("by_hand"), weights("unweighted"));

  // a run that is resumed settles them again
  EXPECT_EQ(resume(folder / "balanced").test_loss, curve("balanced", "test").front());
  EXPECT_SAYS(message_of<SpecError>([&] {
                run("three", "losses: [{name: cross_entropy, params: {class_weights: [1, 2, 3]}}]");
              }),
              "class_weights has 3 entries for 2 classes");
}

TEST_F(DataOfTraining, WhatComesBehindTheMaskHasNoEffect) {
  std::vector<int64_t> mask;
  std::vector<float>   other = x;
  for (int row = 0; row < kRows; ++row)
    for (int t = 0; t < kSteps; ++t) {
      mask.push_back(t < 2 + row % 5);
      if (!mask.back()) other[size_t(row * kSteps + t)] = 7;
    }
  const Npz::Entry m = {"mask", Array{{kRows, kSteps}, mask}};
  for (const char* pooling : {"final", "mean", "max"}) {
    const std::string training = "mapping: seq2static, " + kCross;
    pooling_                   = pooling;
    run("one", training, {m});
    run("two", training, {m}, {{"x", Array{{kRows, kSteps, 1}, other}}, {"y", Array{{kRows}, y}}});
    run("unmasked", training);
    EXPECT_EQ(curve("one", "train"), curve("two", "train")) << pooling;
    EXPECT_EQ(curve("one", "test", "accuracy"), curve("two", "test", "accuracy")) << pooling;
    EXPECT_NE(curve("one", "train"), curve("unmasked", "train")) << pooling;
    for (const char* name : {"one", "two", "unmasked"}) std::filesystem::remove_all(folder / name);
  }
}

TEST_F(DataOfTraining, MaskedTargetsOfStepsHaveNoEffect) {
  std::vector<int64_t> mask;
  std::vector<double>  target, other;
  for (int i = 0; i < kRows * kSteps; ++i) {
    mask.push_back(i % 4 != 1);
    for (int k = 0; k < 2; ++k) {
      target.push_back(std::sin(0.3 * i + k));
      other.push_back(mask.back() ? target.back() : 50);
    }
  }
  metrics_ = "mse, r2, mae";
  const Npz::Entry in = {"x", Array{{kRows, kSteps, 1}, x}}, m = {"mask", Array{{kRows, kSteps}, mask}};
  const std::string training = "mapping: seq2seq, losses: [{name: mse}]";
  pooling_                   = "none";
  run("one", training, {m}, {in, {"y", Array{{kRows, kSteps, 2}, target}}});
  run("two", training, {m}, {in, {"y", Array{{kRows, kSteps, 2}, other}}});
  EXPECT_EQ(curve("one", "train"), curve("two", "train"));
  EXPECT_EQ(weights("one"), weights("two"));
  for (const char* metric : {"mse", "r2", "mae"})
    EXPECT_EQ(curve("one", "test", metric), curve("two", "test", metric)) << metric;
  EXPECT_NEAR(curve("one", "test", "mse")[0], curve("one", "test")[0], 1e-6);   // the loss leaves out the same steps
}

TEST_F(DataOfTraining, TimeSpansReachTheNetwork) {
  const auto spans = [&](float odd) {
    std::vector<float> s;
    for (int i = 0; i < kRows * kSteps; ++i) s.push_back(i % 3 == 0 ? odd : 2);
    return Npz::Entry{"timespans", Array{{kRows, kSteps}, s}};
  };
  run("fixed", kCross, {spans(0.5)});   // a CTRNN has fixed its share per step
  EXPECT_SAYS(read_file(folder / "fixed/log.txt"),
              "warning: the data have time spans, but no layer of this network makes use of them");
  std::string       net  = read_file(folder / "net.yaml");
  const std::string rate = "CTRNN, params: {dim: 6, source_func: tanh, tau: 5}";
  net.replace(net.find(rate), rate.size(),
              "SingleDendrite, params: {dim: 6, source_func: Tanh, gamma_plus: 0.2, gamma_minus: 0.2}");
  write_file(folder / "net.yaml", net);
  run("dt", kCross);
  run("same", kCross, {spans(2)});   // dt of the network
  run("other", kCross, {spans(0.5)});
  EXPECT_NEAR(curve("dt", "train").back(), curve("same", "train").back(), 1e-5);
  EXPECT_GT(std::abs(curve("other", "train").back() - curve("same", "train").back()), 1e-5);
  EXPECT_EQ(read_file(folder / "other/log.txt").find("time spans"), std::string::npos);
}

TEST_F(DataOfTraining, LossesOnStatesAndWeightsShapeTheNetwork) {
  const auto with = [&](const char* name, const std::string& loss) {
    run(name, "max_epochs: 15, losses: [{name: cross_entropy, weight: 0.01}" + loss + "]");
  };
  with("plain", "");
  with("quiet", ", {name: fr, params: {metric: power, layer_ids: [1]}, weight: 10}");
  with("small", ", {name: rnn_conn, params: {layer: hidden}, weight: 1}");
  const auto size = [&](const char* name) {
    double sum = 0;
    for (double w : load_safetensors(folder / (std::string(name) + "/checkpoints/last.dynode"))
                        .find("J_1_to_1")->as_array("J").as_double())
      sum += w * w;
    return sum;
  };
  EXPECT_LT(size("small"), 0.5 * size("plain"));
  const auto power = [&](const char* name) {
    double sum = 0;
    for (double s : load_npz(folder / (std::string(name) + "/evaluation.npz")).at("s/1").as_double()) sum += s * s;
    return sum;
  };
  EXPECT_LT(power("quiet"), 0.7 * power("plain"));

  // only states: metrics still look at the outputs
  run("states", "losses: [{name: fr_dist, params: {layer_ids: [1]}}]");
  EXPECT_TRUE(std::isfinite(curve("states", "test", "accuracy").front()));
  EXPECT_EQ(load_npz(folder / "states/evaluation.npz").at("example_output").shape, (std::vector<int64_t>{12, 2}));

  // losses that couple rows do not see threads, nor interruptions
  const std::string coupled = "batch_size: 48, losses: [{name: cross_entropy}, {name: fr, params: {layer_ids: [1]}}, "
                              "{name: average_state_magnitude_loss, params: {layer_ids: [1, 2]}}]";
  run("one", coupled);
  threads_ = 3;
  run("three", coupled);
  EXPECT_EQ(curve("one", "train"), curve("three", "train"));
  EXPECT_EQ(weights("one"), weights("three"));
}

TEST_F(DataOfTraining, LayersOfLossesAreChecked) {
  const auto said = [&](const std::string& loss) {
    return message_of<SpecError>([&] { run("no", "losses: [{name: cross_entropy}, {name: " + loss + "}]"); });
  };
  EXPECT_SAYS(said("fr, params: {layer_ids: [7]}"), "layer_ids: there is no layer 7");
  EXPECT_SAYS(said("fr, params: {layer_ids: [1, 1]}"), "layer_ids: layer 1 is listed twice");
  EXPECT_SAYS(said("fr, params: {layer_ids: []}"), "layer_ids is empty");
  EXPECT_SAYS(said("pop_kl, params: {layer_ids: [1, 2]}"), "needs 2 layers of equal size");
  EXPECT_SAYS(said("pop_kl"), "needs 2 layers of equal size");
  EXPECT_SAYS(said("state_pred, params: {tau: 6, layer_ids: [1]}"), "there are only 6 steps");
  EXPECT_SAYS(said("hebbian"), "layer 2 has no weights to itself\n  add a connection from layer 2 to layer 2");
  EXPECT_SAYS(said("rnn_conn"), "rnn_conn needs 'layer'");
}

}  // namespace
}  // namespace dynode
