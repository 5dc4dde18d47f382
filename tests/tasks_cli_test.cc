// dynode tasks, as a user drives it.
#include "tests/cli_test.h"

#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/tasks/task.h"

namespace dynode {
namespace {

TEST_F(Cli, TasksAreListedAndExplained) {
  const std::string all = good("tasks").out;
  for (const TaskEntry& entry : tasks()) {
    EXPECT_SAYS(all, fmt::format("\n  {}: {}\n", entry.name, entry.summary));
    const std::string one = good(fmt::format("tasks {}", entry.name)).out;
    for (const Fact& fact : entry.facts) EXPECT_SAYS(one, fmt::format("\n  {} ", fact.name));
    for (const std::string& text : {all, one}) {
      std::istringstream lines(text);
      for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), kDisplayWidth) << line;
    }
  }
  EXPECT_SAYS(good("tasks go-nogo --set T=100").out, "\n  trial       99 steps · 1 input · 1 output\n");
}

TEST_F(Cli, TasksWritesTheTrialsOfTheLibrary) {
  const std::string text = good("tasks adding --output a.npz --trials 5 --seed 3 --set steps=8").out;
  EXPECT_SAYS(text, "\ntrain on it with  data: {format: npz, data_path: a.npz}  training: {mapping: seq2seq}\n");
  const Npz file     = load_npz(path("a.npz"));
  Arguments settings = default_settings(find_task("adding"));
  settings.set("steps", 8.0);
  const TrialBatch batch = Task(find_task("adding"), settings).batch(3, 0, 5);
  EXPECT_EQ(file.at("x").shape, (std::vector<int64_t>{5, 8, 2}));
  EXPECT_EQ(file.at("x").as_float(), std::vector<float>(batch.input.begin(), batch.input.end()));
  EXPECT_EQ(file.at("y").as_float(), std::vector<float>(batch.target.begin(), batch.target.end()));
  EXPECT_EQ(file.at("mask").as_integers("mask"), std::vector<int64_t>(batch.mask.begin(), batch.mask.end()));

  const std::string first = read_file(path("a.npz"));
  good("tasks adding --output a.npz --trials 5 --seed 3 --set steps=8 --threads 1");
  EXPECT_EQ(read_file(path("a.npz")), first);
  good("tasks adding --output a.npz --trials 5 --seed 4 --set steps=8");
  EXPECT_NE(read_file(path("a.npz")), first);
}

TEST_F(Cli, TasksArePictures) {
  for (const TaskEntry& entry : tasks()) {
    good(fmt::format("tasks {} --plot a.svg", entry.name));
    const std::string svg = read_file(path("a.svg"));
    EXPECT_SAYS(svg, "<svg ");
    EXPECT_SAYS(svg, entry.summary);
    for (size_t i = 0; i < std::min<size_t>(4, entry.labels.size()); ++i) EXPECT_SAYS(svg, fmt::format(">{}</text>", entry.labels[i]));
    EXPECT_EQ(svg.find("nan"), svg.npos);
  }
  EXPECT_SAYS(run("tasks go_nogo --plot a.png").err, "pictures are written as .svg");
  EXPECT_SAYS(run("tasks --plot a.svg").err, "which task?");
}

TEST_F(Cli, TrainingDrawsTrialsOfTasks) {
  write("rate.yaml", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, layer_type: RateDale, params: {dim: 8}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
)");
  write("go.yaml", R"(name: go
data: {format: task, task: go_nogo, settings: {T: 20, stim_on: 2, stim_dur: 3}, epoch_trials: 10, val_trials: 10, test_trials: 20}
model: {architecture_yaml: rate.yaml}
training: {max_epochs: 2, batch_size: 1, loss: {losses: [{name: l2}]}, stop_when: {success: 0.999, loss: 1.0e-6}}
)");
  const std::string text = good("train go.yaml").out;
  EXPECT_SAYS(text, "ends without reaching stop_when");
  EXPECT_SAYS(text, "test success");
  EXPECT_SAYS(good("evaluate runs/go --split validation").out, "trials of go_nogo, the validation set: 10 × 19 steps");
  EXPECT_SAYS(run("evaluate runs/go --split train").err, "training draws its trials anew");
  EXPECT_SAYS(run("train go.yaml --set data.settings.stim_dur=30").err, "the answer of go_nogo would begin at step 32");
}

TEST_F(Cli, NetworksGoToMatlabFilesAndBack) {
  write("rate.yaml", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, layer_type: RateDale, params: {dim: 8, taus: [4, 20], polarity_init: {excitatory_ratio: 0.5}, polarity_enforcement_method: relu}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, learnable: false}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: gaus}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {bias: zero, polarity: false}}
)");
  good("convert rate.yaml rate.mat --dtype float64");
  good("convert rate.mat rate.dynode --dtype float64");
  good("convert rate.dynode again.mat");
  EXPECT_EQ(read_file(path("again.mat")), read_file(path("rate.mat")));
  EXPECT_SAYS(good("info rate.mat").out, "RateDale");
  write("broken.mat", read_file(path("rate.mat")).substr(0, 300));
  EXPECT_SAYS(run("info broken.mat").err, "it is damaged, or not all of it is there");
  EXPECT_EQ(run("info broken.mat").code, 2);
}

TEST_F(Cli, TrialsOfTasksCanBeTrainedOn) {
  write("one.yaml", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 6}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
)");
  good("tasks adding --output data.npz --trials 60 --set steps=6");
  write("seq.yaml", R"(name: seq
data: {format: npz, data_path: data.npz}
model: {architecture_yaml: one.yaml}
training:
  mapping: seq2seq
  batch_size: 20
  max_epochs: 1
  optimizer: {name: adamw, lr: 1.0e-2}
  loss: {losses: [{name: mse}]}
logging: {project_dir: runs}
)");
  good("train seq.yaml");
}

TEST_F(Cli, TasksExplainsMistakes) {
  const auto refused = [&](const std::string& line, const std::string& message) {
    const Outcome outcome = run("tasks " + line);
    EXPECT_EQ(outcome.code, 2) << line;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.substr(0, message.size() + 7), "error: " + message);
  };
  refused("gonogo", "there is no task 'gonogo'\n  did you mean 'go_nogo'?");
  refused("xor --set dealy=3", "--set dealy: xor has no parameter 'dealy'\n  did you mean 'delay'?");
  refused("xor --set delay=-3", "--set delay: delay of xor is -3, outside its range");
  refused("xor --set T=10", "--set: the answer of xor would begin at step 170, but the trial has 9 steps\n");
  refused("xor --set trial_type=same", "--set: xor has no trial_type 'same'");
  refused("xor --output a.npy", "a.npy: trials are written as .npz\n");
  refused("xor --output nowhere/a.npz", "nowhere/a.npz: cannot be written");
  refused("xor --output a.npz --trials 0", "--trials: 0 is below 1");
  refused("xor --output a.npz --trials 100000000", "--trials: 100,000,000 trials are");
  refused("--output a.npz", "--output: which task?\n");
  refused("bit_stream_xor --output a.npz --set set=test --trials 10001", "--set: this set of bit_stream_xor has 10000 trials");
  EXPECT_FALSE(has("a.npz"));
}

}  // namespace
}  // namespace dynode
