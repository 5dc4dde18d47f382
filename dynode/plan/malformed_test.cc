// What people get to read when a network cannot be built: the whole message, word by word.
#include <cmath>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dynode/base/text.h"
#include "dynode/plan/plan.h"
#include "dynode/sources/source.h"
#include "dynode/spec/yaml.h"
#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/structures.h"

namespace dynode {
namespace {

/// The files of these tests.
NamedArray load(const std::string& path, const std::string& key) {
  if (path == "small.npz") return {{2, 2}, {1, 0, 0, 1}};
  if (path == "two.npz") return {{3, 2}, {1, 0, 0, 1, 2, 1}};
  if (path == "table.npz" || path == "holes.npz" || path == "short.npz") {
    if (key == "phi") return {{3}, {0, 0.25, path == "short.npz" ? 0.75 : 0.5}};
    if (key == "ib") return {{2}, {1, 2}};
    return {{2, 3}, {0, 1, 2, 3, 4, path == "holes.npz" ? HUGE_VAL : 5.0}};
  }
  if (path == "turned.npz") return key == "phi" ? NamedArray{{3}, {0, 0.25, 0.5}} : NamedArray{{2}, {2, 1}};
  throw IoError(path, "no such file");
}

std::string failure(const std::string& yaml) {
  CompileOptions options;
  options.load_array = load;
  try {
    compile(read_spec(parse_yaml(yaml, "net.yaml")), options);
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

const std::string kInput = "layers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}\n";

/// A layer 1 of this kind with these parameters, on line 3.
std::string layer(const std::string& type, const std::string& params = "") {
  return failure(kInput + "  - {layer_id: 1, layer_type: " + type + ", params: {dim: 3" +
                 (params.empty() ? "" : ", " + params) + "}}\n");
}
/// The connection 0 → 1 from two units to three, on line 5.
std::string connection(const std::string& words) {
  return failure(
      kInput +
      "  - {layer_id: 1, layer_type: CTRNN, params: {dim: 3}}\nconnections:\n  - {from_layer: 0, to_layer: 1, " +
      words + "}\n");
}
std::string simulation(const std::string& words) {
  return failure("simulation: {" + words + "}\n" + kInput +
                 "  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 3}}\n");
}

/// Names of a catalogue, as hints list them.
template <class Entries>
std::string names_of(const Entries& entries) {
  std::vector<std::string> names;
  for (const auto& e : entries) names.push_back(e.name);
  return join(names);
}

TEST(MalformedNetwork, KindsOfLayers) {
  std::vector<CellEntry> kinds;
  for (const CellEntry& cell : cells())
    if (!cell.internal) kinds.push_back(cell);
  EXPECT_EQ(
      layer("CTRN"),
      "net.yaml:3:5 layers[1]: there is no layer type 'CTRN'\n  did you mean 'CTRNN'?  there are: " + names_of(kinds));
  EXPECT_EQ(layer("Blob"), "net.yaml:3:5 layers[1]: there is no layer type 'Blob'\n  there are: " + names_of(kinds));
  EXPECT_EQ(layer("CTRNN", "source_func: Tahn"),
            "net.yaml:3:68 layers[1].params.source_func: there is no source function 'Tahn'\n  did you mean 'Tanh'?  "
            "there are: " +
                names_of(source_functions()));
  EXPECT_EQ(layer("CTRNN", "source_func: 3"),
            "net.yaml:3:68 layers[1].params.source_func: expected text, got the number 3\n  put it in quotes");
  EXPECT_EQ(failure("layers: []\n"), "net.yaml:1:9 layers: a network needs at least one layer");
}

TEST(MalformedNetwork, BlocksOfNetworksWithoutAnInputArray) {
  for (const std::string word : {"drives", "stimulus", "arousal", "perturbation"})
    EXPECT_EQ(failure(word + ": {level: 1}\nlayers: [{layer_id: 0, layer_type: Linear, params: {dim: 2}}]\n"),
              fmt::format("net.yaml:1:{} {}: '{}' is for networks without an input array\n  give simulation.input_type: none",
                          word.size() + 3, word, word));
}

TEST(MalformedNetwork, WordsThatSayTheSameOrNothing) {
  EXPECT_EQ(layer("CTRNN", "polarity: [1, 1, -1], polarity_init: alternating"),
            "net.yaml:3:92 layers[1].params.polarity_init: polarity says the signs of the units already\n  give one of them");
  EXPECT_EQ(connection("connection_type: dense, mode: fixed, connection_params: {alpha: 1}"),
            "net.yaml:5:90 connections[0].connection_params: connection_params belong to programmable connections, and this "
            "one is fixed\n  remove them, or give mode: WICC or mode: NOCC");
}

TEST(MalformedNetwork, NamesOfParameters) {
  const std::string every =
      "dim, dt, learnable_params, polarity, polarity_file, polarity_init, polarity_enforcement_method, init_state";
  EXPECT_EQ(layer("CTRNN", "alhpa: 0.1"),
            "net.yaml:3:55 layers[1].params.alhpa: CTRNN has no parameter 'alhpa'\n  did you mean 'alpha'?  it has: " +
                every + ", source_func, solver, alpha, tau, learn_alpha, noise_scaling, noise_in_eval, postact_noise_feedback, preact_noise, postact_noise");
  EXPECT_EQ(layer("GRU", "tau: 3"),
            "net.yaml:3:53 layers[1].params.tau: GRU has no parameter 'tau'\n  it has: " + every);
  EXPECT_EQ(layer("GRU", "source_func: Tanh"),
            "net.yaml:3:53 layers[1].params.source_func: GRU has no parameter 'source_func'\n  it has: " + every);
  EXPECT_EQ(failure("layers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 2, taus: 3}}\n"),
            "net.yaml:2:56 layers[0].params.taus: Linear has no parameter 'taus'\n  it has: " + every);
  EXPECT_EQ(layer("CTRNN", "learnable_params: {alhpa: true}"),
            "net.yaml:3:74 layers[1].params.learnable_params.alhpa: CTRNN has no parameter 'alhpa'\n  did you mean "
            "'alpha'?  it has: alpha");
  EXPECT_EQ(layer("GRU", "learnable_params: {weight_ih: false}"),
            "net.yaml:3:72 layers[1].params.learnable_params.weight_ih: GRU has no parameter 'weight_ih'\n"
            "  did you mean 'weight_ih_l0'?  it has: weight_ih_l0, bias_ih_l0, weight_hh_l0, bias_hh_l0");
}

TEST(MalformedNetwork, ValuesOfParameters) {
  EXPECT_EQ(layer("CTRNN", "alpha: [0.1, 0.2]"),
            "net.yaml:3:62 layers[1].params.alpha: 2 numbers for 3 units\n  give one number, or one per unit");
  EXPECT_EQ(layer("CTRNN", "alpha: 0.1, tau: 3"),
            "net.yaml:3:72 layers[1].params.tau: alpha and tau say the same thing\n  give one of them");
  EXPECT_EQ(layer("CTRNN", "alpha: -1"),
            "net.yaml:3:62 layers[1].params.alpha: alpha of unit 0 is -1, but must be within [1e-09, 10000]");
  EXPECT_EQ(layer("CTRNN", "tau: [10, -5, 10]"),
            "net.yaml:3:60 layers[1].params.tau: tau of unit 1 is -5, which makes alpha -2, but must be within [1e-09, "
            "10000]");
  EXPECT_EQ(layer("CTRNN", "tau: 0"),
            "net.yaml:3:60 layers[1].params.tau: tau of unit 0 is 0, which makes alpha inf, but must be within [1e-09, "
            "10000]");
  EXPECT_EQ(layer("SingleDendrite", "bias_current: [1.7, -0.1, 1.7]"),
            "net.yaml:3:78 layers[1].params.bias_current: bias_current of unit 1 is -0.1, but must be at least 0");
  EXPECT_EQ(layer("SingleDendrite", "gamma_plus: {distribution: linear, params: {min: 0.001, max: -0.001}}"),
            "net.yaml:3:76 layers[1].params.gamma_plus: gamma_plus of unit 1 is 0, but must be at least 1e-10");
  EXPECT_EQ(layer("SingleDendrite", "phi_offset: .inf"),
            "net.yaml:3:76 layers[1].params.phi_offset: phi_offset of unit 0 is inf, but must be finite");
  EXPECT_EQ(layer("SingleDendrite", "bias_current: {value: 1.7, constraints: {max: -2}}"),
            "net.yaml:3:78 layers[1].params.bias_current: constraints of bias_current leave no room between 0 and -2");
  EXPECT_EQ(layer("SingleDendrite", "gamma_plus: {value: 0.001, constraints: {max: 0}}"),
            "net.yaml:3:76 layers[1].params.gamma_plus: constraints of gamma_plus leave no room between 1e-10 and 0");
  EXPECT_EQ(layer("CTRNN", "learn_alpha: 3"),
            "net.yaml:3:68 layers[1].params.learn_alpha: expected true or false, got the number 3");
}

TEST(MalformedNetwork, Distributions) {
  EXPECT_EQ(layer("SingleDendrite", "bias_current: {distribution: unifrom, params: {min: 1, max: 2}}"),
            "net.yaml:3:78 layers[1].params.bias_current: there is no distribution 'unifrom'\n  did you mean "
            "'uniform'?  there is: "
            "constant, normal, uniform, lognormal, loguniform, linear, loglinear, fan_out");
  EXPECT_EQ(layer("SingleDendrite", "bias_current: {distribution: uniform, params: {mim: 1, max: 2}}"),
            "net.yaml:3:111 layers[1].params.bias_current.params.mim: uniform has no parameter 'mim'\n  did you mean "
            "'min'?  it has: "
            "min, max, block_size, block_mode");
  EXPECT_EQ(layer("SingleDendrite", "bias_current: {distribution: uniform, params: {min: 1, max: 2}, block_size: 2}"),
            "net.yaml:3:78 layers[1].params.bias_current: block_size 2 does not divide the 3 units of the layer\n"
            "  every block has as many units");
}

TEST(MalformedNetwork, StatesTimeAndSolver) {
  EXPECT_EQ(layer("CTRNN", "init_state: zeor"),
            "net.yaml:3:67 layers[1].params.init_state: there is no init_state 'zeor'\n  did you mean 'zero'?  there "
            "are: zero, keep, learn");
  EXPECT_EQ(layer("CTRNN", "init_state: 0.5"),
            "net.yaml:3:67 layers[1].params.init_state: expected text, got the number 0.5\n  put it in quotes");
  EXPECT_EQ(layer("CTRNN", "solver: PE"),
            "net.yaml:3:63 layers[1].params.solver: there is no solver 'PE'\n  there is: FE (forward Euler)");
  EXPECT_EQ(layer("CTRNN", "dt: 0"), "net.yaml:3:59 layers[1].params.dt: must be a positive number");
  EXPECT_EQ(layer("CTRNN", "dt: fast"), "net.yaml:3:59 layers[1].params.dt: expected a number, got the text 'fast'");
  EXPECT_EQ(failure(kInput + "  - {layer_id: 1, layer_type: CTRNN, params: {dim: 3}}\n"
                             "  - {layer_id: 2, layer_type: SingleDendrite, params: {dim: 3}}\n"),
            "net.yaml:4:5 layers[2]: layers of this network have different default steps (10 and 37)\n"
            "  give simulation.dt, and params.dt where a layer has its own time");
}

TEST(MalformedNetwork, Polarity) {
  EXPECT_EQ(layer("CTRNN", "polarity: [1, -1]"),
            "net.yaml:3:65 layers[1].params.polarity: polarity has 2 entries for 3 units\n  give one sign per unit");
  EXPECT_EQ(layer("CTRNN", "polarity: [1, -1, 2]"),
            "net.yaml:3:65 layers[1].params.polarity: polarity of unit 2 is 2\n  it must be -1, 0 or 1");
  EXPECT_EQ(layer("CTRNN", "polarity_init: alternate"),
            "net.yaml:3:70 layers[1].params.polarity_init: there is no polarity 'alternate'\n"
            "  did you mean 'alternating'?  there is: alternating, 50_50, excitatory, inhibitory");
  EXPECT_EQ(layer("CTRNN", "polarity_init: {excitatory_ratio: 1.5}"),
            "net.yaml:3:89 layers[1].params.polarity_init.excitatory_ratio: excitatory_ratio of polarity_init is 1.5, "
            "outside its "
            "range [0, 1]");
  EXPECT_EQ(layer("CTRNN", "polarity_init: {ratio: 0.5}"),
            "net.yaml:3:71 layers[1].params.polarity_init.ratio: polarity_init has no parameter 'ratio'\n"
            "  it has: excitatory_ratio, seed, draw, areas");
  EXPECT_EQ(
      layer("CTRNN", "polarity_enforcement_method: clip"),
      "net.yaml:3:84 layers[1].params.polarity_enforcement_method: there is no polarity_enforcement_method 'clip'\n"
      "  there is: sign_flip, clip_to_zero, relu");
  EXPECT_EQ(
      layer("CTRNN", "polarity_file: two.npz"),
      "net.yaml:3:70 layers[1].params.polarity_file: polarity has 6 entries for 3 units\n  give one sign per unit");
  EXPECT_EQ(layer("CTRNN", "polarity_file: gone.npy"), "gone.npy: no such file");
}

TEST(MalformedNetwork, Structures) {
  EXPECT_EQ(connection("connection_type: desne"),
            "net.yaml:5:5 connections[0]: there is no structure 'desne'\n  did you mean 'dense'?  there is: " +
                names_of(structures()));
  EXPECT_EQ(connection("connection_type: sparse"),
            "net.yaml:5:5 connections[0]: sparse needs 'sparsity'\n  it is: share of connections that exist (a "
            "density), larger than 0");
  EXPECT_EQ(
      connection("connection_type: sparse, params: {sparsty: 0.5}"),
      "net.yaml:5:68 connections[0].params.sparsty: a sparse connection with init normal has no parameter 'sparsty'\n"
      "  did you mean 'sparsity'?  it has: sparsity, mean, std");
  EXPECT_EQ(connection("connection_type: sparse, params: {structure: {type: sparse, params: {sparsity: 1.5}}}"),
            "net.yaml:5:113 connections[0].params.structure.params.sparsity: sparsity of sparse is 1.5, outside its "
            "range [0, 1]");
  EXPECT_EQ(
      connection("connection_type: sparse, params: {structure: {type: sparse, params: {density: 0.5}}}"),
      "net.yaml:5:103 connections[0].params.structure.params.density: structure sparse has no parameter 'density'\n"
      "  it has: allow_self_connections, sparsity");
  EXPECT_EQ(
      connection(
          "connection_type: block_structure, params: {structure: {type: block_structure, params: {block_count: 2}}}"),
      "net.yaml:5:5 connections[0]: block_structure needs 'connection_mode'\n"
      "  it is: between blocks: diagonal (to later blocks), full or none");
}

TEST(MalformedNetwork, Masks) {
  const auto masked = [](const std::string& file) {
    return connection("connection_type: custom, params: {structure: {type: custom, params: {mask_file: " + file +
                      "}}}");
  };
  EXPECT_EQ(
      connection("connection_type: custom"),
      "net.yaml:5:5 connections[0]: structure custom needs 'mask_file'\n  an .npz with the array 'mask' [to, from]");
  EXPECT_EQ(masked("small.npz"), "small.npz: mask of J_0_to_1: expected [3, 2], got [2, 2]");
  EXPECT_EQ(
      masked("two.npz"),
      "net.yaml:5:114 connections[0].params.structure.params.mask_file: mask[2, 0] is 2\n  a mask holds only 0 and 1");
  EXPECT_EQ(masked("gone.npz"), "gone.npz: no such file");
}

TEST(MalformedNetwork, WeightsAndBiases) {
  EXPECT_EQ(connection("connection_type: dense, params: {init: unifrom}"),
            "net.yaml:5:5 connections[0]: there is no initialiser 'unifrom'\n  did you mean 'uniform'?  there is: " +
                names_of(initialisers()));
  EXPECT_EQ(connection("connection_type: dense, params: {init: {name: uniform, params: {mean: 3}}}"),
            "net.yaml:5:98 connections[0].params.init.params.mean: initialiser uniform has no parameter 'mean'\n"
            "  did you mean 'min'?  it has: min, max");
  EXPECT_EQ(connection("connection_type: dense, params: {init: {name: normal, params: {std: -1}}}"),
            "net.yaml:5:102 connections[0].params.init.params.std: std of normal is -1, outside its range [0, inf]");
  EXPECT_EQ(connection("connection_type: dense, params: {init: {name: normal, params: {std: wide}}}"),
            "net.yaml:5:102 connections[0].params.init.params.std: expected a number, got the text 'wide'");
  EXPECT_EQ(connection("connection_type: dense, params: {init: custom}"),
            "net.yaml:5:5 connections[0]: initialiser custom needs 'weights_file'\n  an .npy, or an .npz with the "
            "array 'weights'");
  EXPECT_EQ(connection("connection_type: dense, params: {init: {name: custom, params: {weights_file: small.npz}}}"),
            "small.npz: weights of J_0_to_1: expected [3, 2], got [2, 2]");
  EXPECT_EQ(connection("connection_type: dense, params: {bias: ones}"),
            "net.yaml:5:73 connections[0].params.bias: unknown bias 'ones'\n"
            "  did you mean 'none'?  it can be a file, numbers or one of: none, zero, fan_in_uniform, fan_in_normal");
  EXPECT_EQ(connection("connection_type: dense, params: {constraints: {min: 1, max: -1}}"),
            "net.yaml:5:80 connections[0].params.constraints: min 1 is above max -1");
  EXPECT_EQ(connection("connection_type: dense, delay: 3"),
            "net.yaml:5:5 connections[0]: delay belongs to spike connections\n  use lag: 1 for one step");
}

TEST(MalformedNetwork, Sizes) {
  EXPECT_EQ(failure("layers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 10000000}}\n"
                    "  - {layer_id: 1, layer_type: Linear, params: {dim: 10000000}}\n"
                    "connections:\n  - {from_layer: 0, to_layer: 1, connection_type: dense}\n"),
            "net.yaml:5:5 connections[0]: 10000000 × 10000000 weights are too many\n  at most 1e9 of a connection can "
            "be held");
  EXPECT_EQ(
      failure(kInput + "  - {layer_id: 1, layer_type: GRU, params: {dim: 1000000}}\n"),
      "net.yaml:3:5 layers[1]: 3000000 × 1000000 weights are too many\n  at most 1e9 of a connection can be held");
}

TEST(MalformedNetwork, CyclesWithinOneStep) {
  const std::string three =
      "simulation: {network_evaluation_method: stepwise_gauss_seidel}\n" + kInput +
      "  - {layer_id: 1, layer_type: CTRNN, params: {dim: 3}}\n  - {layer_id: 2, layer_type: CTRNN, params: {dim: 3}}\n"
      "  - {layer_id: 3, layer_type: CTRNN, params: {dim: 3}}\nconnections:\n  - {from_layer: 0, to_layer: 1, "
      "connection_type: dense}\n"
      "  - {from_layer: 1, to_layer: 2, connection_type: dense}\n  - {from_layer: 2, to_layer: 3, connection_type: "
      "dense}\n";
  EXPECT_EQ(failure(three + "  - {from_layer: 3, to_layer: 1, connection_type: dense, lag: 0}\n"),
            "net.yaml connections: layers 2, 3, 1 wait for each other within one step: every connection of the cycle has lag 0\n"
            "  give one connection of the cycle lag: 1");
  EXPECT_EQ(failure(three + "  - {from_layer: 3, to_layer: 1, connection_type: dense}\n"), "no error")
      << "late by itself";
  EXPECT_EQ(failure(three + "  - {from_layer: 2, to_layer: 2, connection_type: dense, lag: 0}\n"),
            "net.yaml connections: layer 2 waits for itself within one step: its connection to itself has lag 0\n  give it lag: 1");
}

TEST(MalformedNetwork, RateTables) {
  EXPECT_EQ(simulation("rate_table: table.npz"), "no error");
  EXPECT_EQ(simulation("rate_table: gone.npz"), "gone.npz: no such file");
  EXPECT_EQ(simulation("rate_table: two.npz"), "two.npz: 'phi' must rise in equal steps");
  EXPECT_EQ(simulation("rate_table: turned.npz"), "turned.npz: 'ib' must rise in equal steps");
  EXPECT_EQ(simulation("rate_table: short.npz"), "short.npz: 'phi' must rise in equal steps");
  EXPECT_EQ(simulation("rate_table: holes.npz"), "holes.npz: 'g' contains a value that is not finite");
}

TEST(MalformedNetwork, LayerwiseDoesNotStopEarly) {
  EXPECT_EQ(simulation("early_stopping_forward_pass: true"),
            "net.yaml simulation.early_stopping_forward_pass: layerwise takes one layer after the other through all steps, and "
            "cannot stop early\n  network_evaluation_method: stepwise_gauss_seidel can, with the same results");
  for (const char* method : {"stepwise_gauss_seidel", "stepwise_jacobi"})
    EXPECT_EQ(simulation(std::string("early_stopping_forward_pass: true, network_evaluation_method: ") + method), "no error");
}

TEST(MalformedNetwork, TheLengthOfARunIsSaidOnce) {
  EXPECT_EQ(simulation("input_type: none, steps: 5"), "no error");
  EXPECT_EQ(simulation("input_type: none, steps: 5, duration: 3"),
            "net.yaml simulation: 5 steps and a duration of 3 differ\n  give one of them");
}

TEST(MalformedNetwork, WithoutAReaderOfFilesNamesOfFilesAreErrors) {
  const auto spec = read_spec(parse_yaml(
      kInput + "  - {layer_id: 1, layer_type: CTRNN, params: {dim: 3, polarity_file: p.npy}}\n", "net.yaml"));
  try {
    compile(spec);
    FAIL() << "no error";
  } catch (const SpecError& error) {
    EXPECT_STREQ(error.what(), "net.yaml:3:70 layers[1].params.polarity_file: files cannot be read here");
  }
}

}  // namespace
}  // namespace dynode
