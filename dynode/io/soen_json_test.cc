#include "dynode/io/soen_json.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "dynode/io/io_test.h"
#include "dynode/io/model_file.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

/// Layers 3 and 8, signs, an internal connection with a hole; in the words of the toolkit.
const char* const kModel = R"({
  "version": "1.0", "metadata": {"format": "soen-json", "exported_at": "today"},
  "simulation": {"dt": 37, "input_type": "state", "network_evaluation_method": "layerwise", "colour": "blue"},
  "layers": {
    "layer_8": {"config": {"type": "SingleDendrite",
                           "params_config": {"dim": 2, "source_func": "Tanh", "polarity_init": {"seed": 1}, "solver": null},
                           "model_id": 1, "description": "two"},
                "noise": {"phi": 0.0, "relative": false, "extras": {}}, "perturb": null,
                "parameters": {"phi_offset": [0.1, 0.2], "bias_current": [1.5, 1.75], "log_gamma_plus": [-3, -4],
                               "log_gamma_minus": [-5, -6.5], "internal_J": [[0.5, -0.25], [0, -0.125]]},
                "buffers": {"_dt": 37}},
    "layer_3": {"config": {"type": "Linear", "params_config": {"dim": 1}}, "parameters": {}}},
  "connections": {
    "config": {"J_3_to_8": {"from": 3, "to": 8, "type": "dense", "params_config": {}},
               "J_8_to_8": {"from": 8, "to": 8, "type": "sparse", "params_config": {"sparsity": 0.75}, "learnable": false}},
    "matrices": {"J_3_to_8": [[0.125], [0.25]], "J_8_to_8": [[0.5, -0.25], [0, -0.125]]},
    "masks": {"J_3_to_8": null, "J_8_to_8": [[1, 1], [0, 1]]}}})";

StoredModel read(const std::string& text) { return read_soen_json(parse_json(text, "m.json"), "m.json"); }

/// What it becomes when it is compiled: every block and mask.
StoredModel complete(const StoredModel& model) {
  const auto  plan  = compile(model.spec, stored_options(model));
  const auto  theta = stored_theta<double>(*plan, model, "m.json");
  StoredModel out   = stored_model(model_tensors<double>(*plan, theta), "m.json");
  out.spec = plan->spec;
  return out;
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
  EXPECT_NE(text.find(from), text.npos) << from;
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace

TEST(SoenJson, IsToldFromASpecByItsConnections) {
  EXPECT_TRUE(is_soen_json(parse_json(kModel)));
  EXPECT_TRUE(is_soen_json(parse_json(R"({"connections": {"matrices": {}}})")));
  EXPECT_FALSE(is_soen_json(parse_json(R"({"layers": [], "connections": []})")));
  EXPECT_FALSE(is_soen_json(parse_json(R"({"connections": {}})")));
  EXPECT_FALSE(is_soen_json(parse_json("3")));
}

TEST(SoenJson, NumbersBelongToIdsAndNotToPositions) {
  const StoredModel model = complete(read(kModel));
  EXPECT_EQ(model.spec.layers[1].layer_id, 8);
  EXPECT_EQ(model.spec.layers[1].model_id, 1);
  EXPECT_EQ(model.find("layer8/bias_current")->as_double(), (std::vector<double>{1.5, 1.75}));
  EXPECT_EQ(model.find("layer8/log_gamma_minus")->as_double(), (std::vector<double>{-5, -6.5}));
  EXPECT_EQ(model.find("J_3_to_8")->as_double(), (std::vector<double>{0.125, 0.25}));
  EXPECT_EQ(model.find("J_8_to_8")->as_double(), (std::vector<double>{0.5, -0.25, 0, -0.125}));
  EXPECT_EQ(model.find("mask/J_8_to_8")->as_double(), (std::vector<double>{1, 1, 0, 1}));
  EXPECT_FALSE(model.spec.connections[1].learnable);
}

TEST(SoenJson, SignsThatWereDrawnAreReadOffTheWeights) {
  const StoredModel model = read(kModel);
  ASSERT_NE(model.find("layer8/polarity"), nullptr);
  EXPECT_EQ(model.find("layer8/polarity")->as_integers(""), (std::vector<int64_t>{1, -1}));
}

TEST(SoenJson, SaysWhatItLeavesOut) {
  const std::string notes = fmt::format("{}", fmt::join(read(kModel).notes, "\n"));
  EXPECT_SAYS(notes, "'colour' of the simulation means nothing here");
  EXPECT_SAYS(notes, "the signs of layer 8 were drawn at random");
}

TEST(SoenJson, ComesBackAsItWas) {
  const StoredModel        model = complete(read(kModel));
  std::vector<std::string> notes;
  const Value              written = write_soen_json(model, notes);
  EXPECT_TRUE(notes.empty()) << notes[0];
  const StoredModel again = complete(read(to_json(written)));
  EXPECT_EQ(again.arrays, model.arrays);
  std::vector<std::string> more;
  EXPECT_EQ(write_soen_json(again, more), written);
  EXPECT_EQ(written.at("connections").at("global_matrix"),
            parse_json("[[0, 0, 0], [0.125, 0.5, -0.25], [0.25, 0, -0.125]]"));
  EXPECT_EQ(written.at("connections").at("global_mask"), parse_json("[[0, 0, 0], [1, 1, 1], [1, 0, 1]]"));
  EXPECT_EQ(written.at("layers").at("layer_8").at("config").at("params_config").at("polarity"), parse_json("[1, -1]"));
}

TEST(SoenJson, BiasesModesAndALearntStepComeBack) {
  const Spec spec = read_spec(parse_yaml(R"(seed: 5
simulation: {dt: 20, dt_learnable: true}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: GRU, params: {dim: 2}}
  - {layer_id: 4, layer_type: SingleDendrite, params: {dim: 3, source_func: Tanh, gamma_plus: {value: 0.01, learnable: false}}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {bias: fan_in_uniform}}
  - {from_layer: 1, to_layer: 4, connection_type: one_to_one, mode: NOCC, lag: 1, connection_params: {source_func: Tanh, j_out: 0.5}}
)"));
  const auto        plan  = compile(spec);
  StoredModel       model = stored_model(model_tensors<double>(*plan, plan->theta), "m");
  model.spec = plan->spec;
  std::vector<std::string> notes;
  const StoredModel again = complete(read(to_json(write_soen_json(model, notes))));
  EXPECT_EQ(again.arrays, model.arrays);
  EXPECT_TRUE(again.spec == model.spec) << to_yaml(write_spec(again.spec));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_SAYS(notes[0], "do not know the biases");
}

TEST(SoenJson, SinglePrecisionIsWrittenInItsShortestForm) {
  StoredModel model = read(kModel);
  model.set("J_3_to_8", {{2, 1}, std::vector<float>{0.1f, 1e-9f}});
  std::vector<std::string> notes;
  const Value written = write_soen_json(model, notes);
  EXPECT_SAYS(to_json(written.at("connections").at("matrices").at("J_3_to_8")), "[[0.1],[1");
  EXPECT_EQ(read(to_json(written)).find("J_3_to_8")->as_float(), (std::vector<float>{0.1f, 1e-9f}));
}

TEST(SoenJson, MistakesAreNamedWithTheirPlace) {
  const auto refusal = [](const std::string& from, const std::string& to) {
    return message_of<Error>([&] { complete(read(changed(kModel, from, to))); });
  };
  EXPECT_SAYS(refusal("layer_3", "level_3"), "m.json:12:5 layers.level_3: 'level_3' does not name a layer");
  EXPECT_SAYS(refusal("[[1, 1], [0, 1]]", "[[1, 1], [0]]"), "has 1 entries, the rows before have 2");
  EXPECT_SAYS(refusal("[[0.125], [0.25]]", "[[0.125], [\"x\"]]"), "expected a number");
  EXPECT_SAYS(refusal("[[0.125], [0.25]]", "[[0.125, 0.25]]"), "J_3_to_8");
  EXPECT_SAYS(refusal("\"bias_current\"", "\"current\""), "m.json: has no parameter 'layer8/bias_current'");
  EXPECT_SAYS(refusal("\"to\": 8, \"type\": \"dense\"", "\"to\": 9, \"type\": \"dense\""), "there is no layer 9");
  EXPECT_SAYS(refusal("\"type\": \"Linear\", ", ""), "layer_type");
  EXPECT_SAYS(refusal("\"phi_offset\": [0.1, 0.2]", "\"phi_offset\": [0.1]"), "layer8/phi_offset");
}

}  // namespace dynode
