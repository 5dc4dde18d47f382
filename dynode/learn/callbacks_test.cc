// Noise and weights of losses over time: what they are, that training sees them, that an interruption changes nothing.
#include "dynode/learn/callbacks.h"

#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/base/random.h"
#include "dynode/io/file.h"
#include "dynode/io/io_test.h"
#include "dynode/io/model_file.h"
#include "dynode/io/npz.h"
#include "dynode/learn/evaluation.h"
#include "dynode/learn/trainer.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

NoiseAnnealerConfig annealer(const std::string& text) { return read<NoiseAnnealerConfig>(parse_yaml(text, "a.yaml")); }
TrainingProgress    at(int64_t update) { return {.update = update, .updates_total = 40, .updates_per_epoch = 4}; }

TEST(NoiseAnnealer, IsStraightBetweenItsEpochs) {
  const NoiseAnnealerConfig a = annealer("{key: phi, start_value: 0.2, end_value: 0.1, start_epoch: 2, end_epoch: 7}");
  EXPECT_EQ(annealed_deviation(a, at(0)), 0.2);
  EXPECT_EQ(annealed_deviation(a, at(8)), 0.2);
  EXPECT_NEAR(annealed_deviation(a, at(13)), 0.175, 1e-15);
  EXPECT_EQ(annealed_deviation(a, at(28)), 0.1);
  EXPECT_EQ(annealed_deviation(a, at(40)), 0.1);
}

TEST(NoiseAnnealer, ChangesByEpochsOrEndsWithTheRun) {
  const NoiseAnnealerConfig a = annealer("{key: phi, start_value: 0, end_value: 1, per_step: false}");
  EXPECT_EQ(annealed_deviation(a, at(3)), 0);
  EXPECT_NEAR(annealed_deviation(a, at(7)), 0.1, 1e-15);
  EXPECT_EQ(annealed_deviation(a, at(40)), 1);
}

LossWeightSchedulerConfig scheduler(const std::string& text) {
  return read<LossWeightSchedulerConfig>(parse_yaml("{loss_name: mse, " + text + "}", "s.yaml"));
}

TEST(LossWeights, StartAndEndWhereTheySay) {
  const auto ends = [](const std::string& text) {
    return std::pair{scheduled_weight(scheduler(text), at(0)), scheduled_weight(scheduler(text), at(39))};
  };
  EXPECT_EQ(ends("params: {min_weight: 0.1, max_weight: 1}"), std::pair(0.1, 1.0));
  EXPECT_EQ(ends("scheduler_type: cosine_decay, params: {initial_weight: 2, final_weight: 1}"), std::pair(2.0, 1.0));
  EXPECT_NEAR(ends("scheduler_type: exponential_decay, params: {initial_weight: 2, final_weight: 0.5}").second, 0.5, 1e-15);
  EXPECT_NEAR(ends("scheduler_type: exponential_decay, params: {initial_weight: 2, decay_rate: 1}").second, 2 / std::exp(1), 1e-15);
}

TEST(LossWeights, GoUpAndDownInEpochsAsInUpdates) {
  const auto in_epochs = scheduler("scheduler_type: sinusoidal, params: {min_weight: 1, max_weight: 3, period_epochs: 2}");
  const auto in_steps  = scheduler("scheduler_type: sinusoidal, params: {min_weight: 1, max_weight: 3, period_steps: 8}");
  for (int64_t update = 0; update < 40; ++update)
    EXPECT_EQ(scheduled_weight(in_epochs, at(update)), scheduled_weight(in_steps, at(update)));
  EXPECT_EQ(scheduled_weight(in_steps, at(0)), 3);
  EXPECT_NEAR(scheduled_weight(in_steps, at(4)), 1, 0.1);
}

TEST(LossWeights, WaitForTheirEpochs) {
  const auto s = scheduler("params: {min_weight: 0, max_weight: 1}, start_epoch: 5, end_epoch: 6");
  EXPECT_EQ(scheduled_weight(s, at(20)), 0);
  EXPECT_NEAR(scheduled_weight(s, at(22)), 2.0 / 3, 1e-15);
  EXPECT_EQ(scheduled_weight(s, at(23)), 1);
  EXPECT_EQ(scheduled_weight(s, at(39)), 1);
}

const char* const kNet = R"(
simulation: {dt: 37, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 6, gamma_plus: 0.005}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
)";

std::vector<std::string> sites(const std::string& annealers) {
  std::vector<NoiseAnnealerConfig> list;
  const Value                      written = parse_yaml(annealers, "a.yaml");
  for (const Value& one : written.list()) list.push_back(read<NoiseAnnealerConfig>(one));
  std::vector<std::string> names;
  const auto               plan = compile_annealed(read_spec(parse_yaml(kNet, "net.yaml")), {}, list);
  for (const NoiseSite& site : plan->noise) names.push_back(site.name);
  return names;
}

TEST(NoiseAnnealer, IsRelativeWhereItSaysSo) {
  const auto plan = [](const std::string& layer) {
    std::string net = kNet;
    net.insert(net.find("gamma_plus: 0.005}") + 18, layer);
    return compile_annealed(read_spec(parse_yaml(net, "net.yaml")), {},
                            {annealer("{key: phi, start_value: 0.1, end_value: 0.3, relative: true, layer_ids: [1]}")});
  };
  EXPECT_TRUE(plan("")->noise[0].relative);
  EXPECT_EQ(plan("")->noise[0].deviation, std::vector<double>(6, 0.3));
  EXPECT_TRUE(plan(", noise: {s: 0.1, relative: true}")->noise[0].relative);
  EXPECT_SAYS(failure([&] { plan(", noise: {s: 0.1}"); }), "relative: true would hold for 's', too");
}

TEST(NoiseAnnealer, FindsWhatItMoves) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(sites("[]"), Names());
  EXPECT_EQ(sites("[{key: bias_current, target: perturb, start_value: 0.1, end_value: 0}]"), Names{"layer1/perturb/bias_current"});
  EXPECT_EQ(sites("[{key: phi, start_value: 0.1, end_value: 0}]"), (Names{"layer1/phi", "layer2/phi"}));
  EXPECT_EQ(sites("[{key: phi, start_value: 0.1, end_value: 0, layer_ids: [2]}]"), Names{"layer2/phi"});
  EXPECT_EQ(sites("[{key: j, start_value: 0.1, end_value: 0, layer_ids: [2]}]"), Names{"J_1_to_2/j"});
  EXPECT_SAYS(failure([] { sites("[{key: gama, start_value: 0.1, end_value: 0}]"); }), "no layer has 'gama' that could be noisy");
  EXPECT_SAYS(failure([] { sites("[{key: g, start_value: 0.1, end_value: 0, layer_ids: [2]}]"); }), "layer 2 has nothing called 'g'");
  EXPECT_SAYS(failure([] { sites("[{key: g, start_value: 0.1, end_value: 0, layer_ids: [7]}]"); }), "there is no layer 7");
}

class Callbacks : public testing::Test {
 protected:
  void SetUp() override {
    Random               random(7);
    std::vector<float>   x;
    std::vector<int64_t> y;
    for (int row = 0; row < 60; ++row) {
      y.push_back(row % 2);
      for (int t = 0; t < 8; ++t) x.push_back(float(0.1 * (row % 2) + 0.02 * random.normal())), x.push_back(0.1f);
    }
    save_npz(folder / "data.npz", {{"x", Array{{60, 4, 4}, x}}, {"y", Array{{60}, y}}});
    std::string net = kNet;
    net.replace(net.find("dim: 2"), 6, "dim: 4");
    write_file(folder / "net.yaml", net);
  }
  TrainConfig config(const std::string& callbacks) {
    return read_train_config(parse_yaml(
        "data: {format: npz, data_path: data.npz, test_split: 0.2}\nmodel: {architecture_yaml: net.yaml, time_pooling: final}\n"
        "training: {batch_size: 10, max_epochs: 4, checkpoint_save_all_epochs: true, losses: [{name: cross_entropy}, {name: reg_J_loss}]}\n"
        "logging: {log_freq: 1}\ncallbacks:\n" + callbacks, folder / "train.yaml"));
  }
  std::vector<Value> lines(const std::string& run, const std::string& split) {
    std::vector<Value> found;
    std::string        text = read_file(folder / (run + "/metrics.jsonl"));
    for (size_t end; (end = text.find('\n')) != text.npos; text.erase(0, end + 1)) {
      Value line = parse_json(text.substr(0, end));
      line.erase("seconds");
      if (line.at("split").text() == split) found.push_back(line);
    }
    return found;
  }
  TemporaryFolder folder;
};

/// Interrupts after so many updates.
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

const char* const kBoth =
    "  noise_annealers: [{key: bias_current, target: perturb, start_value: 0.3, end_value: 0, end_epoch: 3},\n"
    "                    {key: phi, start_value: 0, end_value: 0.02, layer_ids: [1], per_step: false}]\n"
    "  loss_weight_schedulers: [{loss_name: reg_J_loss, params: {min_weight: 0.01, max_weight: 0.1}}]\n";

TEST_F(Callbacks, AreSeenInMetricsAndComeBackAfterAnInterruption) {
  train(config(kBoth), {.run_directory = folder / "straight"});
  const std::vector<Value> train_lines = lines("straight", "train");
  ASSERT_EQ(train_lines.size(), 4u * 4);   // 38 of 60 samples
  EXPECT_EQ(train_lines[0].at("noise/layer1/perturb/bias_current").number(), 0.3);
  EXPECT_NEAR(train_lines[6].at("noise/layer1/perturb/bias_current").number(), 0.15, 1e-15);
  EXPECT_EQ(train_lines[12].at("noise/layer1/perturb/bias_current").number(), 0);
  EXPECT_EQ(train_lines[3].at("noise/layer1/phi").number(), 0);
  EXPECT_NEAR(train_lines[4].at("noise/layer1/phi").number(), 0.005, 1e-15);
  EXPECT_EQ(train_lines[0].at("loss_weight/reg_J_loss").number(), 0.01);
  EXPECT_NEAR(train_lines[15].at("loss_weight/reg_J_loss").number(), 0.1, 1e-15);

  StopAfter stop(10);
  EXPECT_TRUE(train(config(kBoth), {.run_directory = folder / "broken", .progress = &stop, .stop = &stop.stop}).stopped);
  resume(folder / "broken");
  EXPECT_EQ(lines("straight", "train"), lines("broken", "train"));
  EXPECT_EQ(lines("straight", "test"), lines("broken", "test"));
  for (const char* file : {"spec.yaml", "config.yaml", "checkpoints/last.dynode", "checkpoints/best.dynode", "evaluation.npz"})
    EXPECT_TRUE(read_file(folder / ("straight/" + std::string(file))) == read_file(folder / ("broken/" + std::string(file)))) << file;
}

TEST_F(Callbacks, CheckpointsHaveTheNoiseAndWeightsOfTheirTime) {
  train(config(kBoth), {.run_directory = folder / "run"});
  const auto bias_of = [&](const char* file) {
    const std::string path = folder / ("run/checkpoints/" + std::string(file) + ".dynode");
    return model_spec(load_safetensors(path), path).layers[1].perturb.at("bias_current_std").number();
  };
  EXPECT_EQ(bias_of("initial"), 0.3);
  EXPECT_EQ(bias_of("last"), 0);
  // and so evaluation finds what the validation of that epoch found
  for (const Value& line : lines("run", "validation")) {
    const std::string path  = folder / fmt::format("run/checkpoints/epoch_{:04}.dynode", line.at("epoch").integer());
    if (!std::filesystem::exists(path)) continue;
    const auto written = trained_with(load_safetensors(path), path);
    EXPECT_NEAR(evaluate_model(path, *written, Split::validation, {}, 1).loss, line.at("loss").number(), 1e-6) << path;
  }
}

TEST_F(Callbacks, NoiseThatIsGoneIsNoNoise) {
  train(config("  noise_annealers: [{key: bias_current, target: perturb, start_value: 0, end_value: 0.3, start_epoch: 3}]\n"),
        {.run_directory = folder / "late"});
  train(config("  {}\n"), {.run_directory = folder / "never"});
  const std::vector<Value> late = lines("late", "train"), never = lines("never", "train");
  for (size_t i = 0; i < 13; ++i) EXPECT_EQ(late[i].at("loss"), never[i].at("loss")) << i;
  EXPECT_NE(late[14].at("loss"), never[14].at("loss"));
}

TEST_F(Callbacks, WeightsCount) {
  train(config("  loss_weight_schedulers: [{loss_name: reg_J_loss, params: {min_weight: 1, max_weight: 1}}]\n"),
        {.run_directory = folder / "one"});
  train(config("  {}\n"), {.run_directory = folder / "plain"});
  train(config("  loss_weight_schedulers: [{loss_name: reg_J_loss, params: {min_weight: 50, max_weight: 1}}]\n"),
        {.run_directory = folder / "other"});
  EXPECT_EQ(lines("one", "test"), lines("plain", "test"));
  EXPECT_NE(lines("other", "test"), lines("plain", "test"));
}

TEST_F(Callbacks, MistakesAreExplained) {
  const auto said = [&](const std::string& callbacks) { return failure([&] { config(callbacks); }); };
  EXPECT_SAYS(said("  noise_annealers: [{key: phi, start_value: 0, end_value: 1, start_epoch: 4}]\n"), "ends in epoch 4, but begins in epoch 4");
  EXPECT_SAYS(said("  noise_annealers: [{key: phi, start_value: -1, end_value: 1}]\n"), "start_value: must be >= 0, got -1");
  EXPECT_SAYS(said("  noise_annealers: [{start_value: 0, end_value: 1}]\n"), "missing key 'key'");
  EXPECT_SAYS(said("  noise_annealers: [{key: phi, target: perturb, relative: true, start_value: 0, end_value: 1}]\n"), "exclude each other");
  EXPECT_SAYS(said("  loss_weight_schedulers: [{loss_name: mse}]\n"), "training has no loss 'mse'");
  EXPECT_SAYS(said("  loss_weight_schedulers: [{loss_name: reg_J_loss}]\n"), "min_weight");
  EXPECT_SAYS(said("  loss_weight_schedulers: [{loss_name: reg_J_loss, scheduler_type: cosin_decay}]\n"), "did you mean 'cosine_decay'?");
  EXPECT_SAYS(said("  loss_weight_schedulers: [{loss_name: reg_J_loss, scheduler_type: exponential_decay, params: {initial_weight: 1}}]\n"),
              "needs final_weight or decay_rate");
  const std::string twice = "{key: phi, start_value: 0, end_value: 1, layer_ids: [1]}";
  EXPECT_SAYS(failure([&] { train(config("  noise_annealers: [" + twice + ", " + twice + "]\n"), {.run_directory = folder / "x"}); }),
              "callbacks.noise_annealers[1]: another annealer moves layer1/phi, too");
}

TEST_F(Callbacks, WarmUpOfGreedyMayBeABlock) {
  const TrainConfig c = config("  lr_scheduler: {type: greedy, warmup: {epochs: 2, start_lr: 1.0e-5}, intra_epoch: false, ema_beta: 0.9}\n");
  EXPECT_EQ(c.callbacks.lr_scheduler.at("warmup_epochs").number(), 2);
  EXPECT_EQ(c.callbacks.lr_scheduler.at("warmup_start_lr").number(), 1e-5);
  EXPECT_EQ(config("  lr_scheduler: {type: greedy, warmup: {epochs: 2, enabled: false}}\n").callbacks.lr_scheduler.at("warmup_epochs").number(), 0);
  EXPECT_SAYS(failure([&] { config("  lr_scheduler: {type: greedy, warmup_epochs: 2, warmup: {epochs: 2}}\n"); }), "says the same");
  EXPECT_SAYS(failure([&] { config("  lr_scheduler: {type: greedy, intra_epoch: true}\n"); }), "not available yet");
}

}  // namespace
}  // namespace dynode
