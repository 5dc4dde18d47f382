// dynode quantize, and training of networks whose weights act as levels, as a user drives them.
#include "tests/cli_test.h"

#include "dynode/models/model.h"

namespace dynode {
namespace {

constexpr const char* kNetwork = R"(seed: 3
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 5}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: uniform}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, mode: NOCC, params: {init: uniform}}
)";

/// What the tool says of bad input.
std::string refusal(const Outcome& outcome) {
  EXPECT_EQ(outcome.code, 2) << outcome.out << outcome.err;
  return outcome.err;
}

TEST_F(Cli, QuantizeRoundsWeightsToLevels) {
  write("q.yaml", kNetwork);
  const std::string text = good("quantize q.yaml --bits 2 --min -0.24 --max 0.24 --output q.dynode").out;
  EXPECT_SAYS(text, "5 levels: -0.24 -0.12 0 0.12 0.24\n");
  EXPECT_SAYS(text, "\n  J_0_to_1 ");
  const Model before = Model::load(path("q.yaml")), after = Model::load(path("q.dynode"));
  const std::vector<double> book = codebook_of_bits(2, -0.24, 0.24);
  const std::vector<double> raw = before.parameter("J_0_to_1").as_double(), snapped = after.parameter("J_0_to_1").as_double();
  for (size_t i = 0; i < raw.size(); ++i) EXPECT_NEAR(snapped[i], nearest_level(book, raw[i]), 1e-7);

  good("quantize q.yaml --levels 3 --min -0.2 --max 0.2 --output one.dynode --connection J_1_to_2");
  EXPECT_EQ(Model::load(path("one.dynode")).parameter("J_0_to_1"), before.parameter("J_0_to_1"));
}

TEST_F(Cli, QuantizeSaysWhatItDoesNotUnderstand) {
  write("q.yaml", kNetwork);
  const auto said = [&](const std::string& words) { return refusal(run("quantize q.yaml --output q.dynode " + words)); };
  EXPECT_SAYS(said("--min -1 --max 1"), "how many levels?");
  EXPECT_SAYS(said("--bits 2 --levels 5 --min -1 --max 1"), "bits and levels say the same thing");
  EXPECT_SAYS(said("--bits 2 --min 1 --max -1"), "a codebook cannot reach from 1 to -1");
  EXPECT_SAYS(said("--bits 2 --min -1 --max 1 --connection J_1_to_3"), "there is no connection 'J_1_to_3' to quantise");
  EXPECT_SAYS(refusal(run("quantize q.yaml --bits 2 --min -1 --max 1 --output q.npz")), "networks are written as .dynode");
}

TEST_F(Cli, NetworksTrainWithWeightsThatActAsLevels) {
  write("q.yaml", kNetwork);
  good("tasks adding --output data.npz --trials 40 --set steps=6");
  const auto file = [&](const std::string& callbacks) {
    return R"(name: q
data: {format: npz, data_path: data.npz}
model: {architecture_yaml: q.yaml}
training: {mapping: seq2seq, batch_size: 20, max_epochs: 2, optimizer: {name: adam, lr: 0.01}, loss: {losses: [{name: mse}]}}
callbacks: {)" + callbacks + "}\nlogging: {project_dir: runs}\n";
  };
  const auto trained = [&](const std::string& name, const std::string& callbacks) {
    write(name + ".yaml", file(callbacks));
    good("train " + name + ".yaml --set name=" + name);
    return Model::load(path("runs/" + name + "/checkpoints/last.dynode")).parameter("J_0_to_1");
  };
  const std::string levels = "bits: 1, min_val: -0.24, max_val: 0.24";
  const Array plain = trained("plain", "qat: {active: false, " + levels + "}");
  const Array nearest = trained("nearest", "qat: {" + levels + "}");
  const Array by_chance = trained("chance", "qat: {" + levels + ", stochastic_rounding: true}");
  EXPECT_FALSE(plain == nearest);
  EXPECT_FALSE(by_chance == nearest);
  EXPECT_EQ(trained("again", "qat: {" + levels + ", stochastic_rounding: true}"), by_chance);

  write("wrong.yaml", file("qat: {min_val: -1, max_val: 1}"));
  EXPECT_SAYS(refusal(run("train wrong.yaml")), "wrong.yaml:5");
  write("wrong.yaml", file("qat: {bits: 2, min_val: -1, max_val: 1, connections: [J_0_to_2]}"));
  EXPECT_SAYS(refusal(run("train wrong.yaml")), "there is no connection 'J_0_to_2' to quantise");
}

}  // namespace
}  // namespace dynode
