// dynode convert, as a user drives it.
#include "tests/cli_test.h"

#include <cmath>
#include <fmt/format.h>

#include "dynode/io/safetensors.h"
#include "dynode/io/soen_json.h"
#include "dynode/models/model.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

const std::string kSource = DYNODE_SOURCE_DIR;

/// A checkpoint that torch wrote (scripts/write-torch-seeds).
std::string torch_file(const std::string& name) { return kSource + "/fuzz/seeds/torch/" + name; }

double difference(const Array& a, const Array& b) {
  if (a.shape != b.shape) return INFINITY;
  const std::vector<double> x = a.as_double(), y = b.as_double();
  double most = 0;
  for (size_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(x[i] - y[i]));
  return most;
}

}  // namespace

TEST_F(Cli, CheckpointsOfTorchRunAsTheyWereRecorded) {
  for (const auto& [file, recorded] : {std::pair<std::string, std::string>("gru.soen", "virtual_gru"),
                                       {"multipliers.pth", "layer_multiplier_wicc_tanh"}}) {
    const std::string folder = kSource + "/tests/golden/soen/" + recorded;
    good("simulate " + torch_file(file) + " --input " + folder + "/input.npy --output direct.npz --dtype float64");
    const Array expected = load_npz(folder + "/expected.npz").at("output");
    EXPECT_LT(difference(load_npz(path("direct.npz")).at("output"), expected), 1e-10) << file;

    for (const char* kind : {"m.dynode", "m.json"}) {
      EXPECT_SAYS(good(fmt::format("convert {} {}", torch_file(file), kind)).out, fmt::format("\n  written     {}, ", kind));
      good(fmt::format("simulate {} --input {}/input.npy --output out.npz --dtype float64", kind, folder));
      EXPECT_LT(difference(load_npz(path("out.npz")).at("output"), expected), 1e-10) << file << " " << kind;
    }
  }
}

TEST_F(Cli, ACheckpointIsTheSameNetworkAsItsSpecAndWeights) {
  const std::string file = torch_file("recurrent.soen");
  const Outcome     spec = good("convert " + file + " spec.yaml");
  EXPECT_SAYS(spec.out, "numbers (weights, masks, parameters) are not part of a spec");
  good("convert " + file + " weights.npz --dtype float64");
  const Npz weights = load_npz(path("weights.npz"));
  EXPECT_NEAR(weights.at("layer3/gamma_minus").as_double()[0], 0.02, 1e-8);   // real values

  // by hand: the words of the spec, the mask and the signs in words of their own
  Value words = load_value(path("spec.yaml"));
  EXPECT_EQ(words.at("simulation").at("dt"), Value(20.0));
  words.at("layers");
  Spec hand = read_spec(words);
  hand.layers[1].params.erase("polarity_init");
  hand.layers[1].params.set("polarity", Value(std::vector<int64_t>{1, -1, 1, 1}));
  hand.connections[0].params = Value::map({{"structure", Value::map({{"type", "custom"}, {"params", Value::map({{"mask_file", "mask.npz"}})}})},
                                           {"init", "uniform"}});
  write_npz("mask.npz", {{"mask", weights.at("mask/J_0_to_3")}});
  write("hand.yaml", to_yaml(write_spec(hand)));
  good("simulate hand.yaml --input x.npy --weights weights.npz --output hand.npz --dtype float64");
  EXPECT_SAYS(good("simulate " + file + " --input x.npy --output direct.npz --dtype float64").err,
              "warning: the signs of layer 3 were drawn at random and are read off its weights\n");
  const Array direct = load_npz(path("direct.npz")).at("output");
  EXPECT_LT(difference(direct, load_npz(path("hand.npz")).at("output")), 1e-12);
  double largest = 0;
  for (const double y : direct.as_double()) largest = std::max(largest, std::abs(y));
  EXPECT_GT(largest, 1e-4);
}

TEST_F(Cli, ModelsComeBackFromEveryFormat) {
  good("convert net.yaml net.dynode");
  good("convert net.dynode net.json");
  good("convert net.json again.dynode");
  EXPECT_TRUE(load_safetensors(path("again.dynode")).tensors == load_safetensors(path("net.dynode")).tensors);
  good("convert net.dynode w.npz");
  good("convert net.yaml third.dynode --weights w.npz");
  EXPECT_TRUE(load_safetensors(path("third.dynode")).tensors == load_safetensors(path("net.dynode")).tensors);

  // single stays single, double double
  EXPECT_EQ(load_safetensors(path("net.dynode")).find("J_0_to_1")->dtype, Dtype::F32);
  good("convert net.yaml wide.dynode --dtype float64");
  good("convert wide.dynode wide.json");
  good("convert wide.json wide2.dynode");
  EXPECT_EQ(load_safetensors(path("wide2.dynode")).find("J_0_to_1")->dtype, Dtype::F64);
  EXPECT_TRUE(load_safetensors(path("wide2.dynode")).tensors == load_safetensors(path("wide.dynode")).tensors);
}

TEST_F(Cli, SpecsAreWrittenInTodaysWordsWithTheirSeed) {
  write("old.yaml", R"(# a comment
sim_config: {dt: 37, network_evaluation_method: stepwise_gs, seed: 7}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 3}}
  - {layer_id: 1, layer_type: Multiplier, params: {dim: 2}}
connections:
  - {from: 0, to: 1, type: all_to_all}
)");
  const Outcome first = good("convert old.yaml new.yaml");
  EXPECT_SAYS(first.out, "'Multiplier' is an old name, now 'MultiplierWICC'");
  EXPECT_EQ(read_file(path("new.yaml")), R"(seed: 7
simulation: {dt: 37, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 3}}
  - {layer_id: 1, layer_type: MultiplierWICC, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
)");
  EXPECT_EQ(good("convert new.yaml newer.yaml").out.find("note"), std::string::npos);
  EXPECT_EQ(read_file(path("newer.yaml")), read_file(path("new.yaml")));
  good("convert new.yaml new.json --set simulation.dt=10");
  good("convert new.json back.yaml --set simulation.dt=37");
  EXPECT_EQ(read_file(path("back.yaml")), read_file(path("new.yaml")));

  // a model gives its spec, too, in either form
  good("convert new.yaml m.dynode");
  good("convert m.dynode m.json --spec");
  EXPECT_FALSE(is_soen_json(load_value(path("m.json"))));
  EXPECT_EQ(load_spec(path("m.json")).seed, 7u);
}

TEST_F(Cli, WeightsAreNamedAsTheOriginalPackagesDo) {
  good("convert " + torch_file("multipliers.pth") + " w.safetensors --names original");
  const TensorFile file = load_safetensors(path("w.safetensors"));
  EXPECT_NE(file.find("layers.1.log_gamma_plus"), nullptr);
  EXPECT_NE(file.find("connections.J_5_to_11"), nullptr);
  good("convert " + torch_file("gru.soen") + " w.npz --names original");
  EXPECT_NE(load_npz(path("w.npz")).find("layers.1.core.weight_ih_l0"), nullptr);

  write("ctrnn.yaml", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 3}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {bias: zero}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {bias: zero}}
)");
  EXPECT_SAYS(good("convert ctrnn.yaml c.npz --names original").out, "\n  names       of nn4n\n");
  std::vector<std::string> names = load_npz(path("c.npz")).names();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"readout_layer.bias", "readout_layer.weight", "recurrent_layer.alpha",
                                             "recurrent_layer.hidden_layer.bias", "recurrent_layer.hidden_layer.weight",
                                             "recurrent_layer.input_layer.weight"}));
}

TEST_F(Cli, TensorsWithoutANetworkKeepTheirNames) {
  EXPECT_SAYS(good("convert " + torch_file("training.pth") + " t.npz").out, "2 tensors by the names they have");
  EXPECT_EQ(load_npz(path("t.npz")).at("bias"), (Array{{2}, std::vector<float>{0.5, -0.5}}));
}

TEST_F(Cli, LayersAreJoinedTakenOutAndRenumberedOnTheWay) {
  write("wide.yaml", R"(seed: 2
simulation: {dt: 37}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 3}}
  - {layer_id: 2, layer_type: SingleDendrite, params: {dim: 4, source_func: Tanh}}
  - {layer_id: 3, layer_type: SingleDendrite, params: {dim: 2, source_func: Tanh}}
  - {layer_id: 5, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 2, connection_type: dense}
  - {from_layer: 0, to_layer: 3, connection_type: dense}
  - {from_layer: 2, to_layer: 5, connection_type: dense}
  - {from_layer: 3, to_layer: 5, connection_type: dense}
)");
  const Outcome outcome = good("convert wide.yaml m.dynode --merge 2,3 --renumber --dtype float64");
  EXPECT_SAYS(outcome.out, "\n  merged      layers 2,3; ids 3 → 2; exact\n");
  EXPECT_SAYS(outcome.out, "\n  renumbered  2 → 1, 5 → 2\n");
  good("simulate wide.yaml --input x.npy --output a.npz --dtype float64");
  good("simulate m.dynode --input x.npy --output b.npz --dtype float64");
  EXPECT_LT(difference(load_npz(path("a.npz")).at("output"), load_npz(path("b.npz")).at("output")), 1e-12);

  EXPECT_SAYS(good("convert wide.yaml part.dynode --keep 0,3").out, "the output is now that of layer 3 (2 units)");
  EXPECT_EQ(Model::load(path("part.dynode")).plan().spec.layers.size(), 2u);
  EXPECT_SAYS(good("convert wide.yaml two.dynode --add m.dynode").out, "layer 6 was the input of the second network");
  EXPECT_EQ(Model::load(path("two.dynode")).plan().spec.layers.size(), 7u);
}

TEST_F(Cli, ConvertExplainsMistakes) {
  const auto refused = [&](const std::string& line, const std::string& message) {
    const Outcome outcome = run("convert " + line);
    EXPECT_EQ(outcome.code, 2) << line;
    EXPECT_EQ(outcome.out, "") << line;
    EXPECT_SAYS(outcome.err, "error: " + message);
  };
  refused("net.yaml out.pth", "out.pth: files of torch are read, not written\n  write .safetensors with --names original");
  refused("net.yaml out.txt", "out.txt: unknown ending '.txt'\n");
  refused("net.yaml nowhere/out.json", "nowhere/out.json: cannot be written");
  refused("missing.soen out.json", "missing.soen: ");
  refused(torch_file("evil.pth") + " out.npz", torch_file("evil.pth") + "[evil/data.pkl]: asks for posix.system");
  refused(torch_file("training.pth") + " out.dynode", torch_file("training.pth") + ": holds tensors but no network");
  refused(torch_file("gru.soen") + " out.yaml --set simulation.dt=3", "--set simulation.dt=3: a model file cannot be changed this way");
  refused("net.yaml out.dynode --names original", "--names: original names belong to weights");
  refused("net.yaml out.npz --names theirs", "--names: there is no 'theirs'");
  refused("net.yaml out.npz --spec", "--spec: a .npz file is more than a spec\n");
  refused("net.yaml out.yaml --weights w.npz", "--weights: a spec has no place for weights\n");
  refused("net.yaml out.dynode --merge 1,x", "--merge: 'x' is no layer_id");
  refused("net.yaml out.dynode --merge 1", "net.yaml: one layer has nothing to be merged with");
  refused("net.yaml out.dynode --keep 0,9", "net.yaml: there is no layer 9");
  EXPECT_FALSE(has("out.npz") || has("out.dynode") || has("out.yaml") || has("out.json"));
}

TEST_F(Cli, NetworksOfSpikesGoToNirAndBack) {
  write("spikes.yaml", R"(
seed: 4
simulation: {dt: 0.001, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 3}}
  - {layer_id: 1, layer_type: CubaLIF, description: hidden, params: {dim: 5, v_threshold: 0.1}}
  - {layer_id: 2, layer_type: LI, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: normal, params: {std: 2}}, bias: zero}}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: {name: normal, params: {std: 0.5}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: {name: normal, params: {std: 1}}}}
)");
  save_npy(path("x.npy"), {{1, 40, 3}, std::vector<double>(120, 0.7)});
  EXPECT_SAYS(good("convert spikes.yaml net.nir").out, "written     net.nir, ");
  good("convert net.nir back.dynode");
  good("simulate spikes.yaml --input x.npy --output a.npz");
  good("simulate back.dynode --input x.npy --output b.npz");
  const std::vector<double> a = load_npz(path("a.npz")).at("output").as_double();
  EXPECT_EQ(a, load_npz(path("b.npz")).at("output").as_double());
  EXPECT_GT(*std::max_element(a.begin(), a.end()), 0);
  good("simulate net.nir --input x.npy --output c.npz");
  good("convert net.nir half.dynode --dt 5e-4 --scheme euler");

  EXPECT_SAYS(run("convert net.nir x.dynode --scheme eular").err, "--scheme: there is no 'eular'\n  did you mean 'euler'?");
  EXPECT_SAYS(run("convert spikes.yaml x.dynode --dt 1").err, "--dt: is about reading .nir files");
  EXPECT_SAYS(run("convert net.nir x.dynode --dt -1").err, "--dt: -1 is no step");
}

}  // namespace dynode
