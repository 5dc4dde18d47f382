// Weights whose plasticity is 0, and numbers of units that shall not learn, come out of training as they went in,
// whatever the optimiser does to the others.
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/io/file.h"
#include "dynode/io/io_test.h"
#include "dynode/io/npz.h"
#include "dynode/io/safetensors.h"
#include "dynode/learn/trainer.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

TEST(FrozenEntries, KeepTheirBitsUnderEveryOptimiserWithDecay) {
  TemporaryFolder      folder;
  std::vector<float>   x(24 * 4 * 2);
  std::vector<int64_t> y(24);
  for (size_t i = 0; i < x.size(); ++i) x[i] = float(std::sin(1.3 * double(i)));
  for (size_t i = 0; i < y.size(); ++i) y[i] = int64_t(i % 2);
  save_npz(folder / "data.npz", {{"x", Array{{24, 4, 2}, x}}, {"y", Array{{24}, y}}});
  const std::vector<double> factors = {0, 1, 1, 0, 0.5, 1};
  write_file(folder / "net.yaml", R"(
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 3, source_func: tanh, alpha: 0.5, learnable_params: {alpha: [true, false, true]}}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: fan_in_uniform, bias: zero, plasticity_mask: [[0, 1], [1, 0], [0.5, 1]]}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: fan_in_uniform, bias: zero}}
)");
  for (const char* optimizer : {"adamw", "adam", "sgd", "rmsprop", "lion", "muon"}) {
    const TrainConfig config = read_train_config(
        parse_yaml(std::string("data: {format: npz, data_path: data.npz, val_split: 0.25, test_split: 0.25}\n"
                               "model: {architecture_yaml: net.yaml, time_pooling: final}\n"
                               "training: {batch_size: 4, max_epochs: 2, losses: [{name: cross_entropy}], "
                               "save_initial_state: true, gradient_clip_val: 1.0, optimizer: {name: ") +
                       optimizer + ", lr: 0.05, kwargs: {weight_decay: 0.3}}}\n",
                   folder / "train.yaml"));
    train(config, {.threads = 1, .run_directory = folder / optimizer});
    const auto numbers = [&](const char* checkpoint, const char* name) {
      const std::string path = folder / (std::string(optimizer) + "/checkpoints/" + checkpoint + ".dynode");
      return load_safetensors(path).find(name)->as_array(name).as_double();
    };
    const auto before = numbers("initial", "J_0_to_1"), after = numbers("last", "J_0_to_1");
    for (size_t i = 0; i < factors.size(); ++i) {
      if (factors[i] == 0) EXPECT_EQ(after[i], before[i]) << optimizer << " " << i;
      else EXPECT_NE(after[i], before[i]) << optimizer << " " << i;
    }
    const auto alpha = numbers("last", "layer1/alpha");
    EXPECT_EQ(alpha[1], 0.5) << optimizer;
    EXPECT_NE(alpha[0], 0.5) << optimizer;
    EXPECT_NE(alpha[2], 0.5) << optimizer;
  }
}

}  // namespace
}  // namespace dynode
