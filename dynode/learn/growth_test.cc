// Synapses that grow while a network is trained: they are counted, saved, and the same after an interruption.
#include <atomic>
#include <cmath>
#include <gtest/gtest.h>
#include <sstream>

#include "dynode/io/file.h"
#include "dynode/io/io_test.h"
#include "dynode/io/npz.h"
#include "dynode/io/safetensors.h"
#include "dynode/learn/trainer.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

TEST(GrowingNetwork, GrowsInTrainingAndGoesOnAsIfNeverInterrupted) {
  TemporaryFolder      folder;
  std::vector<float>   x(24 * 4 * 2);
  std::vector<int64_t> y(24);
  for (size_t i = 0; i < x.size(); ++i) x[i] = float(std::sin(1.3 * double(i)));
  for (size_t i = 0; i < y.size(); ++i) y[i] = int64_t(i % 2);
  save_npz(folder / "data.npz", {{"x", Array{{24, 4, 2}, x}}, {"y", Array{{24}, y}}});
  write_file(folder / "net.yaml", R"(
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 3, source_func: tanh, alpha: 0.5}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: fan_in_uniform}}
  - from_layer: 1
    to_layer: 1
    connection_type: custom
    params:
      structure: {type: custom, params: {mask: [1, 0, 0, 0, 1, 0, 0, 0, 1]}}
      init: fan_in_uniform
      synapse_growth_mask: [[0, 0.1, 0.1], [0.1, 0, 0.1], [0, 0, 0]]
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: fan_in_uniform, bias: zero}}
)");
  const auto config = [&](int epochs) {
    return read_train_config(parse_yaml("seed: 5\ndata: {format: npz, data_path: data.npz, val_split: 0.25, test_split: 0.25}\n"
                                        "model: {architecture_yaml: net.yaml, time_pooling: final}\n"
                                        "training: {batch_size: 4, max_epochs: " + std::to_string(epochs) +
                                        ", losses: [{name: cross_entropy}], optimizer: {name: adam, lr: 0.01}}\n", folder / "train.yaml"));
  };
  const auto tensor = [&](const std::string& run, const char* name) {
    return load_safetensors(folder / (run + "/checkpoints/last.dynode")).find(name)->as_array(name).as_double();
  };
  train(config(8), {.threads = 1, .run_directory = folder / "whole"});
  const auto there = tensor("whole", "synapses/J_1_to_1"), w = tensor("whole", "J_1_to_1");
  double     grown = 0, logged = 0;
  for (size_t i : {1, 2, 3, 5}) grown += there[i];
  EXPECT_GT(grown, 0);
  EXPECT_EQ(there[6] + there[7], 0) << "probability 0";
  for (size_t i = 0; i < 9; ++i) EXPECT_EQ(w[i] != 0, there[i] == 1) << i;
  std::istringstream lines(read_file(folder / "whole/metrics.jsonl"));
  for (std::string line; std::getline(lines, line);)
    if (const Value entry = parse_json(line, "metrics"); entry.find("grown")) logged += entry.at("grown").number();
  EXPECT_EQ(logged, grown);

  // stopped after some epochs and resumed
  std::atomic<bool> stop = false;
  struct Stopper final : Progress {
    explicit Stopper(std::atomic<bool>& s) : stop(s) {}
    void begin(const std::string&) override {}
    void update(const ProgressState&) override {}
    void epoch(const EpochSummary& e) override { stop = e.epoch == 3; }
    void say(const std::string&) override {}
    std::atomic<bool>& stop;
  } stopper(stop);
  train(config(8), {.threads = 1, .run_directory = folder / "pieces", .progress = &stopper, .stop = &stop});
  EXPECT_NE(tensor("pieces", "J_1_to_1"), w);
  resume(folder / "pieces", {.threads = 1});
  EXPECT_EQ(tensor("pieces", "synapses/J_1_to_1"), there);
  EXPECT_EQ(tensor("pieces", "J_1_to_1"), w);
}

}  // namespace
}  // namespace dynode
