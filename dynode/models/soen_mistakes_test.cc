// Mistakes people make with SOEN networks: every one has a message that names the cause and what would be right; what is
// odd but possible is a warning.
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/io/file.h"
#include "dynode/io/io_test.h"
#include "dynode/io/npz.h"
#include "dynode/learn/config.h"
#include "dynode/models/model.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

/// Layer 0 holds four inputs, layer 1 has three dendrites; the rest is what a case is about.
struct Net {
  std::string simulation = "";                        // words
  std::string type = "SingleDendrite", params = "";   // of layer 1
  std::string layer      = "";                        // further words of layer 1
  std::string connection = "connection_type: dense";  // from 0 to 1
  std::string more       = "";                        // further connections, or blocks
  std::string input = "Linear", input_params = "";

  std::string yaml() const {
    const auto with = [](const std::string& words) { return words.empty() ? "" : ", " + words; };
    return "simulation: {" + simulation + "}\nlayers:\n  - {layer_id: 0, layer_type: " + input + ", params: {dim: 4" +
           with(input_params) + "}}\n  - {layer_id: 1, layer_type: " + type + ", params: {dim: 3" + with(params) + "}" +
           with(layer) + "}\nconnections:\n  - {from_layer: 0, to_layer: 1, " + connection + "}\n" + more;
  }
};

struct Case {
  const char*              what;
  Net                      net;
  std::vector<std::string> says;  // parts of the message
};

Model built(const std::string& yaml) { return Model::from_spec(read_spec(parse_yaml(yaml, "net.yaml"))); }

void expect_says(const std::string& message, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(message.find(part), std::string::npos) << part << "\nis not in\n" << message;
}

const std::vector<Case> kErrors = {
    // names nobody knows: the message lists those that exist
    {"layer type", {.type = "SingleDendrit"}, {"'SingleDendrit'", "did you mean 'SingleDendrite'", "MultiplierNOCC"}},
    {"source function", {.params = "source_func: Tanhh"}, {"'Tanhh'", "did you mean 'Tanh'", "RateArray"}},
    {"structure", {.connection = "connection_type: powerlaw"}, {"'powerlaw'", "did you mean 'power_law'", "dense"}},
    {"initialiser",
     {.connection = "connection_type: dense, params: {init: xavier}"},
     {"'xavier'", "xavier_normal", "uniform"}},
    {"distribution", {.params = "bias_current: {distribution: gauss}"}, {"'gauss'", "normal", "loguniform"}},
    {"mode", {.connection = "connection_type: dense, mode: NOC"}, {"unknown mode 'NOC'", "NOCC", "WICC"}},
    {"solver", {.params = "solver: RK4"}, {"'RK4'", "FE"}},
    {"method", {.simulation = "network_evaluation_method: stepwise"}, {"'stepwise'", "layerwise", "stepwise_jacobi"}},
    {"input type", {.simulation = "input_type: current"}, {"'current'", "state", "flux"}},
    {"block_mode", {.params = "bias_current: {distribution: normal, params: {block_mode: tile}}"}, {"'tile'", "tiled"}},
    {"learnable_params",
     {.params = "learnable_params: {gamma_plsu: false}"},
     {"'gamma_plsu'", "did you mean 'gamma_plus'", "phi_offset, bias_current, gamma_plus, gamma_minus"}},

    // what is there twice, or not at all
    {"duplicate pair",
     {.more = "  - {from_layer: 0, to_layer: 1, connection_type: sparse}\n"},
     {"0", "1", "connections[1]"}},
    {"unknown layer", {.more = "  - {from_layer: 1, to_layer: 7, connection_type: dense}\n"}, {"7"}},
    {"missing keys", {.more = "  - {from_layer: 1}\n"}, {"to_layer", "connection_type"}},

    // solvers
    {"PS, state-dependent source", {.params = "solver: PS"}, {"PS", "RateArray"}},
    {"PS, internal connection",
     {.params = "solver: PS, source_func: Tanh", .more = "  - {from_layer: 1, to_layer: 1, connection_type: dense}\n"},
     {"PS", "1"}},
    {"PARARNN, full internal connection",
     {.params = "solver: PARARNN", .more = "  - {from_layer: 1, to_layer: 1, connection_type: dense}\n"},
     {"PARARNN", "1"}},
    {"WICC, another solver", {.type = "MultiplierWICC", .params = "solver: PS"}, {"MultiplierWICC", "PS"}},
    {"NOCC, another solver", {.type = "MultiplierNOCC", .params = "solver: PARARNN"}, {"MultiplierNOCC", "PARARNN"}},
    {"early stopping, layerwise",
     {.simulation = "early_stopping_forward_pass: true"},
     {"early_stopping_forward_pass", "stepwise_gauss_seidel"}},

    // sizes and values
    {"block_size",
     {.params = "bias_current: {distribution: normal, params: {block_size: 2}}"},
     {"block_size", "2", "3"}},
    {"polarity length", {.input_params = "polarity: [1, -1]"}, {"2", "4"}},
    {"polarity value", {.input_params = "polarity: [1, -1, 2, 0]"}, {"2", "-1, 0 or 1"}},
    {"polarity and WICC",
     {.connection = "connection_type: dense, mode: WICC", .input_params = "polarity_init: alternating"},
     {"polarity", "WICC"}},
    {"polarity and NOCC",
     {.connection = "connection_type: dense, mode: NOCC", .input_params = "polarity_init: alternating"},
     {"polarity", "NOCC"}},
    {"polarity file", {.input_params = "polarity_file: nowhere.npy"}, {"nowhere.npy"}},
    {"mask file", {.connection = "connection_type: custom, params: {mask_file: nowhere.npz}"}, {"nowhere.npz"}},
    {"no mask", {.connection = "connection_type: custom"}, {"mask_file"}},
    {"weight file",
     {.connection = "connection_type: dense, params: {init: custom, weights_file: nowhere.npy}"},
     {"nowhere.npy"}},
    {"no weights", {.connection = "connection_type: dense, params: {init: custom}"}, {"weights_file", ".npy"}},
    {"relative noise and perturbation",
     {.layer = "noise: {phi: 0.1, relative: true}, perturb: {phi_mean: 0.1}"},
     {"relative", "perturb"}},
};

TEST(SoenMistakes, AreExplained) {
  for (const Case& c : kErrors) {
    SCOPED_TRACE(c.what);
    expect_says(failure([&] { built(c.net.yaml()); }), c.says);
  }
}

TEST(SoenMistakes, LayersThatAreThereTwice) {
  expect_says(failure([] {
                built(
                    "layers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 1}}\n  - {layer_id: 0, layer_type: "
                    "Linear, params: {dim: 1}}\n");
              }),
              {"net.yaml:3", "layer", "0"});
  expect_says(failure([] { built("layers:\n  - {layer_id: 0}\n"); }), {"layer_type", "params"});
}

// ---- odd, but possible ----------------------------------------------------------------------------------

const std::vector<Case> kWarnings = {
    {"feedback",
     {.more = "  - {from_layer: 1, to_layer: 2, connection_type: dense}\n  - {from_layer: 2, to_layer: 1, "
              "connection_type: dense}\n"},
     {"2 to 1", "layerwise", "stepwise_gauss_seidel"}},
    {"first layer", {.input = "SingleDendrite"}, {"layer 0", "SingleDendrite"}},
    {"all_to_all", {.connection = "connection_type: all_to_all"}, {"'all_to_all' is an old name, now 'dense'"}},
    {"dynamic",
     {.connection = "connection_type: dense, mode: NOCC, params: {dynamic: {alpha: 1.6}}"},
     {"'dynamic' is an old name"}},
    {"multiplier",
     {.connection = "connection_type: dense, mode: NOCC, params: {multiplier: {alpha: 1.6}}"},
     {"'multiplier' is an old name"}},
    {"Multiplier", {.type = "Multiplier"}, {"'Multiplier' is an old name, now 'MultiplierWICC'"}},
    {"Readout", {.type = "Readout"}, {"'Readout' is an old name, now 'DendriteReadout'"}},
    {"leakyGRU", {.type = "leakyGRU"}, {"'leakyGRU' is an old name, now 'LeakyGRU'"}},
};

TEST(SoenMistakes, WhatIsOddIsAWarning) {
  for (const Case& c : kWarnings) {
    SCOPED_TRACE(c.what);
    std::string yaml = c.net.yaml();
    if (std::string(c.what) == "feedback")
      yaml.insert(yaml.find("connections:"), "  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}\n");
    std::string all;
    std::string said = failure([&] {
      const Model model = built(yaml);
      for (const std::string& warning : model.plan().warnings) all += warning + "\n";
    });
    EXPECT_EQ(said, "no error");
    expect_says(all, c.says);
  }
}

TEST(SoenMistakes, OnlyDendritesHaveAPower) {
  Model         model = built(Net{.simulation = "track_power: true", .type = "MultiplierWICC"}.yaml());
  const Results run   = model.simulate(Array{{1, 2, 4}, std::vector<double>(8)});
  ASSERT_EQ(run.warnings.size(), 1u);
  expect_says(run.warnings[0], {"power", "MultiplierWICC"});
}

// ---- arrays ---------------------------------------------------------------------------------------------

Array zeros(std::vector<int64_t> shape) {
  int64_t size = 1;
  for (int64_t n : shape) size *= n;
  return {std::move(shape), std::vector<double>(size_t(size))};
}

TEST(SoenMistakes, ArraysOfAnotherShape) {
  Model model = built(Net{}.yaml());
  expect_says(failure([&] { model.simulate(zeros({4})); }), {"input", "[batch, steps, units]", "[4]"});
  expect_says(failure([&] {
                model.simulate(zeros({1, 2, 4}), {.initial_states = {{"1", zeros({2})}}});
              }),
              {"initial state 1", "3", "[2]"});
  expect_says(failure([&] {
                model.simulate(zeros({1, 2, 4}), {.initial_states = {{"8", zeros({3})}}});
              }),
              {"'8'", "1"});
  const Results wide = model.simulate(zeros({1, 2, 6}));
  ASSERT_EQ(wide.warnings.size(), 1u);
  expect_says(wide.warnings[0], {"6 channels", "layer 0 takes 4"});
}

TEST(SoenMistakes, FilesThatDoNotFit) {
  const TemporaryFolder folder;
  const auto            said = [&](const std::string& connection) {
    write_file(folder / "net.yaml", Net{.connection = connection}.yaml());
    return failure([&] { Model::load(folder / "net.yaml"); });
  };
  Array twos                                  = zeros({3, 4});
  std::get<std::vector<double>>(twos.data)[5] = 2;
  save_npz(folder / "turned.npz", {{"mask", zeros({4, 3})}});
  save_npz(folder / "twos.npz", {{"mask", twos}});
  save_npz(folder / "other.npz", {{"other", zeros({3, 4})}});
  save_npy(folder / "turned.npy", zeros({4, 3}));
  const auto custom = [](const std::string& file) {
    return "connection_type: custom, params: {mask_file: " + file + "}";
  };
  const auto weights = [](const std::string& file) {
    return "connection_type: dense, params: {init: custom, weights_file: " + file + "}";
  };
  expect_says(said(custom("turned.npz")), {"turned.npz", "[3, 4]", "[4, 3]"});
  expect_says(said(custom("twos.npz")), {"2", "0"});
  expect_says(said(custom("other.npz")), {"other.npz", "'mask'"});
  expect_says(said(weights("turned.npy")), {"turned.npy", "[3, 4]", "[4, 3]"});
  expect_says(said(weights("other.npz")), {"other.npz", "'weights'"});
}

// ---- training -------------------------------------------------------------------------------------------

TEST(SoenMistakes, WordsOfATraining) {
  const auto said = [](const std::string& model, const std::string& training) {
    return failure([&] {
      read_train_config(parse_yaml("data: {format: npz, data_path: x.npz}\nmodel: {architecture_yaml: net.yaml" +
                                       model + "}\ntraining: {" + training + "}\n",
                                   "train.yaml"));
    });
  };
  expect_says(said("", "loss: {losses: [{name: mse}]}, optimizer: {name: adamm}"), {"'adamm'", "adam"});
  expect_says(said("", "loss: {losses: [{name: cross_entropie}]}"), {"'cross_entropie'", "cross_entropy"});
  expect_says(said(", time_pooling: {name: meen}", "loss: {losses: [{name: mse}]}"), {"'meen'", "mean"});
}

}  // namespace
}  // namespace dynode
