// What tests of words of training files share: a small network, three sets of data, and the numbers that are logged.
#pragma once
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "dynode/io/file.h"
#include "dynode/io/npz.h"
#include "dynode/learn/config.h"
#include "dynode/learn/dataset.h"
#include "dynode/learn/trainer.h"
#include "dynode/learn/trainer_evaluation.h"
#include "dynode/learn/trainer_recipe.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode {

inline const char* const kNet = "{seed: 1, simulation: {dt: 20}, layers: [{layer_id: 0, layer_type: Linear, params: {dim: 2}}, "
                         "{layer_id: 1, layer_type: SingleDendrite, params: {dim: 4, source_func: Tanh, gamma_plus: 0.01, gamma_minus: 0.01}}, "
                         "{layer_id: 2, layer_type: Linear, params: {dim: 2}}], connections: ["
                         "{from_layer: 0, to_layer: 1, connection_type: dense}, {from_layer: 1, to_layer: 2, connection_type: dense}]}";

class TrainerWords : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / ("dynode_words_" + std::to_string(getpid()))).string();
    std::filesystem::create_directories(folder_);
    // 12 sequences of 10 steps with a class, and with values per step
    std::vector<double> x;
    std::vector<int64_t> y;
    for (int i = 0; i < 12 * 10 * 2; ++i) x.push_back(std::sin(0.9 * i));
    for (int i = 0; i < 12; ++i) y.push_back(i % 2);
    save_npz(file("static.npz"), {{"x", Array{{12, 10, 2}, x}}, {"y", Array{{12}, y}}}, Packing::stored);
    save_npz(file("steps.npz"), {{"x", Array{{12, 10, 2}, x}}, {"y", Array{{12, 10, 2}, x}}}, Packing::stored);
    std::vector<int64_t> tokens;
    for (int i = 0; i < 12 * 5; ++i) tokens.push_back((i * i + i / 2) % 3);
    save_npz(file("tokens.npz"), {{"x", Array{{12, 5}, tokens}}}, Packing::stored);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name) const { return folder_ + "/" + name; }

  /// A training file: data, and more words of training, callbacks and the rest in YAML's flow style.
  TrainConfig config(const std::string& data, const std::string& training, const std::string& callbacks = "", const std::string& net = kNet,
                     const std::string& model = "") const {
    return read_train_config(parse_yaml("data: {data_path: " + file(data) + "}\nmodel: {architecture: " + net + model +
                                        "}\ntraining: {batch_size: 4, max_epochs: 3, " + training + "}\ncallbacks: {" + callbacks +
                                        "}\nlogging: {project_dir: " + file("runs") + ", log_freq: 1}\n"));
  }
  static std::vector<Value> lines(const TrainResult& result, const std::string& split) {
    std::vector<Value> found;
    const std::string  text = read_file(result.directory + "/metrics.jsonl");
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      const Value  v   = parse_json(text.substr(at, end - at), "metrics");
      if (v.at("split").text() == split) found.push_back(v);
      at = end + 1;
    }
    return found;
  }
  std::string folder_;
};

/// A network in double precision with a minibatch, as a training file asks for them.
struct WordsBench {
  explicit WordsBench(const TrainConfig& config, bool states = false)
      : data(load_data(config, config.seed)),
        plan(training_plan(config, config.seed)),
        recipe(make_recipe(config, *plan, data)),
        engine(plan, std::make_shared<Threads>(1)),
        batch(*plan, recipe.terms, {}, states),
        theta(plan->theta.begin(), plan->theta.end()) {
    use(theta);
  }
  void use(const std::vector<double>& numbers) { engine.set_parameters(numbers), batch.set_parameters(numbers); }

  TrainingData                data;
  std::shared_ptr<const Plan> plan;
  Recipe                      recipe;
  Engine<double>              engine;
  Minibatch<double>           batch;
  std::vector<double>         theta;
};

}  // namespace dynode
