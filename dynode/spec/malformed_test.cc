// What people get to read when a spec is wrong: the whole message, word by word.
#include <gtest/gtest.h>

#include "dynode/spec/json.h"
#include "dynode/spec/spec.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

std::string yaml_failure(const std::string& text) {
  try {
    read_spec(parse_yaml(text, "net.yaml"));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string json_failure(const std::string& text) {
  try {
    read_spec(parse_json(text, "net.json"));
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

const std::string kLayers =
    "layers: [{layer_id: 0, layer_type: Linear, params: {dim: 2}}, {layer_id: 1, layer_type: SingleDendrite, params: "
    "{dim: 3}}]\n";

std::string simulation(const std::string& words) { return yaml_failure("simulation: {" + words + "}\n" + kLayers); }

std::string layer(const std::string& words) { return yaml_failure("layers:\n  - {" + words + "}\n"); }

/// The connection 0 → 1 with more keys, on line 3; the keys start in column 58.
std::string connection(const std::string& words) {
  return yaml_failure(kLayers + "connections:\n  - {from_layer: 0, to_layer: 1, connection_type: dense, " + words +
                      "}\n");
}

TEST(Malformed, Texts) {
  EXPECT_EQ(yaml_failure("layers:\n\t- layer_id: 0\n"),
            "net.yaml:2:1: a tab stands where spaces are needed\n  indent with spaces");
  EXPECT_EQ(yaml_failure("a:\n  b: 1\n\tc: 2\n"),
            "net.yaml:3:1: a tab stands where spaces are needed\n  indent with spaces");
  EXPECT_EQ(yaml_failure("a: 1\nb: caf\xe9\n"),
            "net.yaml:2:7: byte 0xe9 is not UTF-8\n  save the file with the encoding UTF-8");
  EXPECT_EQ(yaml_failure("a: \xed\xa0\x80\n"),   // half a surrogate pair
            "net.yaml:1:4: byte 0xed is not UTF-8\n  save the file with the encoding UTF-8");
  EXPECT_EQ(yaml_failure("a: \x01\n"),
            "net.yaml:1:4: control characters are not allowed\n  remove the invisible character");
  EXPECT_EQ(yaml_failure("a:\n  b: 1\n c: 2\n"),
            "net.yaml:3:2: this line does not fit the lines above (while parsing a block mapping that starts at 1:1)\n"
            "  keys of one mapping, and the '-' of one list, start in the same column");
  EXPECT_EQ(yaml_failure("a: b: c\n"),
            "net.yaml:1:5: a ':' is not allowed here\n"
            "  put a text that contains ': ' in quotes; keys of one mapping start in the same column");
  EXPECT_EQ(yaml_failure("a: @b\n"), "net.yaml:1:4: a text cannot start with '@'\n  put the text in quotes");
  EXPECT_EQ(yaml_failure("a: [1, 2\n"),
            "net.yaml:2:1: did not find expected ',' or ']' (while parsing a flow sequence that starts at 1:4)");
  EXPECT_EQ(yaml_failure("a: \"b\n"),
            "net.yaml:2:1: found unexpected end of stream (while scanning a quoted scalar that starts at 1:4)");
  EXPECT_EQ(yaml_failure("a: 1e999\n"), "net.yaml:1:4 a: the number is too large for double precision");
  EXPECT_EQ(
      yaml_failure(kLayers + "---\n" + kLayers),
      "net.yaml:2:1: expected one document, found a second\n  keep what stands before this '---' in a file of its own");
  EXPECT_EQ(yaml_failure("# nothing\n"), "net.yaml:1:1: the spec is empty\n  it needs at least 'layers'");
  EXPECT_EQ(yaml_failure(std::string((64 << 20) + 1, ' ')),
            "net.yaml: more than 64 MiB of text cannot be read\n  keep large arrays in .npy or .npz files");
}

TEST(Malformed, DepthAndAliases) {
  EXPECT_EQ(yaml_failure(std::string(65, '[') + std::string(65, ']')),
            "net.yaml:1:65: lists and mappings are nested more than 64 deep");
  EXPECT_EQ(json_failure(std::string(65, '[') + std::string(65, ']')),
            "net.json:1:65: lists and mappings are nested more than 64 deep");
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'z'; ++c) {
    bomb += std::string(1, c) + ": &" + c + " [";
    for (int i = 0; i < 10; ++i) bomb += std::string(i ? ", *" : "*") + char(c - 1);
    bomb += "]\n";
  }
  EXPECT_EQ(yaml_failure(bomb), "net.yaml:6:32 f[6]: aliases stand for more than 1000000 values");
  EXPECT_EQ(yaml_failure("a: &a [1, *a]\n"), "net.yaml:1:11 a[1]: the alias '*a' stands for itself");
  EXPECT_EQ(yaml_failure("a: *b\n"), "net.yaml:1:4 a: there is no anchor '&b' above");
}

TEST(Malformed, KeysAndTags) {
  EXPECT_EQ(yaml_failure("b:\n  x: 1\n  x: 2\n"),
            "net.yaml:3:3 b.x: the key 'x' is written twice\n  the first is at 2:3");
  EXPECT_EQ(yaml_failure("a: &a {x: 1}\nb:\n  <<: *a\n"),
            "net.yaml:3:3 b: merge keys are not supported\n  write the keys out, or give the whole value by an alias");
  EXPECT_EQ(yaml_failure("? [1, 2]\n: 3\n"), "net.yaml:1:3: a key must be a plain word or text, not a list or mapping");
  EXPECT_EQ(yaml_failure("{1: {2: 3}: 4}\n"),
            "net.yaml:1:11: did not find expected ',' or '}' (while parsing a flow mapping)");
  EXPECT_EQ(yaml_failure("a: &x y\n*x : 3\n"), "net.yaml:2:1: an alias cannot be a key\n  write the key itself");
  EXPECT_EQ(yaml_failure("\"\": 3\n"), "net.yaml:1:1: a key is empty");
  EXPECT_EQ(yaml_failure("a: !foo 3\n"), "net.yaml:1:4 a: the tag !foo means nothing here\n  remove it");
  EXPECT_EQ(yaml_failure("a: !!python/object:os.system x\n"),
            "net.yaml:1:4 a: the tag !!python/object:os.system means nothing here\n  remove it");
  EXPECT_EQ(yaml_failure("a: !!int x\n"), "net.yaml:1:4 a: 'x' is not a value of the tag !!int");
}

TEST(Malformed, Json) {
  const std::string way_out = "\n  write it as a text: \".nan\", \".inf\" or \"-.inf\"";
  EXPECT_EQ(json_failure("{\"seed\": NaN}"), "net.json:1:10 seed: JSON has no NaN or infinity" + way_out);
  EXPECT_EQ(json_failure("{\"seed\": [1, -Infinity]}"), "net.json:1:14 seed[1]: JSON has no NaN or infinity" + way_out);
  EXPECT_EQ(json_failure("{\"seed\": 1,\n \"seed\": 2}"),
            "net.json:2:2 seed: the key 'seed' is written twice\n  the first is at 1:2");
  EXPECT_EQ(json_failure("{\"a\": [1,\n 2,]}"),
            "net.json:2:4 a[2]: not valid JSON: unexpected ']'; expected '[', '{', or a literal\n"
            "  is there a comma too many before it?");
  EXPECT_EQ(json_failure("{ // no\n}"), "net.json:1:3: JSON has no comments\n  remove it, or write the file in YAML");
  EXPECT_EQ(json_failure("{'a': 1}"), "net.json:1:2: texts and keys stand in double quotes");
  EXPECT_EQ(json_failure("{\"a\": [1"), "net.json:1:9 a[1]: not valid JSON: unexpected end of input; expected ']'");
  EXPECT_EQ(json_failure("{} {}"), "net.json:1:4: not valid JSON: unexpected '{'; expected end of input");
  EXPECT_EQ(json_failure("{\"a\": 1e999}"), "net.json:1:7 a: the number is too large for double precision");
  EXPECT_EQ(json_failure("{\"\": 1}"), "net.json:1:2: a key is empty");
  EXPECT_EQ(json_failure("{\"a\": \"\xff\"}"),
            "net.json:1:8: byte 0xff is not UTF-8\n  save the file with the encoding UTF-8");
}

TEST(Malformed, Simulation) {
  EXPECT_EQ(simulation("dt: fast"), "net.yaml:1:18 simulation.dt: expected a number, got the text 'fast'");
  EXPECT_EQ(simulation("dt: \"37\""),
            "net.yaml:1:18 simulation.dt: expected a number, got the text '37'\n  remove the quotes");
  EXPECT_EQ(simulation("dt: [37]"), "net.yaml:1:18 simulation.dt: expected a number, got a list");
  EXPECT_EQ(simulation("dt: 0"), "net.yaml:1:18 simulation.dt: must be > 0, got 0");
  EXPECT_EQ(simulation("dt: .nan"), "net.yaml:1:18 simulation.dt: must be > 0, got .nan");
  EXPECT_EQ(
      simulation("track_phi: yes"),
      "net.yaml:1:25 simulation.track_phi: expected true or false, got the text 'yes'\n  write true, without quotes");
  EXPECT_EQ(simulation("early_stopping_patience: 1.5"),
            "net.yaml:1:39 simulation.early_stopping_patience: expected a whole number, got the number 1.5");
  EXPECT_EQ(simulation("steps: 3000000000"),
            "net.yaml:1:21 simulation.steps: must be within -2147483648 … 2147483647, got 3000000000");
  EXPECT_EQ(simulation("input_type: stat"),
            "net.yaml:1:26 simulation.input_type: unknown word 'stat'\n  did you mean 'state'?  it can be: state, "
            "flux, none");
  EXPECT_EQ(simulation("network_evaluation_method: stepwise"),
            "net.yaml:1:41 simulation.network_evaluation_method: unknown word 'stepwise'\n"
            "  it can be: layerwise, stepwise_gauss_seidel, stepwise_jacobi");
  EXPECT_EQ(simulation("time_unit: min"),
            "net.yaml:1:25 simulation.time_unit: unknown word 'min'\n  it can be: s, ms");
  EXPECT_EQ(
      simulation("trak_phi: true"),
      "net.yaml:1:14 simulation.trak_phi: unknown key 'trak_phi'\n"
      "  did you mean 'track_phi'?  it has: dt, dt_learnable, input_type, network_evaluation_method, steps, duration, "
      "time_unit, rate_table, track_phi, track_g, track_s, track_power, early_stopping_forward_pass, "
      "early_stopping_tolerance, early_stopping_patience, early_stopping_min_steps, steady_window_min, steady_tol_abs, steady_tol_rel");
}

TEST(Malformed, Document) {
  EXPECT_EQ(yaml_failure("- 1\n"), "net.yaml:1:1: expected a mapping, got a list");
  EXPECT_EQ(yaml_failure("seed: 1\n"), "net.yaml:1:1: missing key 'layers'");
  EXPECT_EQ(yaml_failure("layers: []\n"), "net.yaml:1:9 layers: a network needs at least one layer");
  EXPECT_EQ(yaml_failure("layers: {a: 1}\n"), "net.yaml:1:9 layers: expected a list, got a mapping");
  EXPECT_EQ(
      yaml_failure(kLayers + "conections: []\n"),
      "net.yaml:2:1 conections: unknown key 'conections'\n  did you mean 'connections'?  it has: seed, simulation, "
      "layers, connections, drives, stimulus, arousal, perturbation");
  EXPECT_EQ(yaml_failure("seed: -1\n" + kLayers), "net.yaml:1:7 seed: must be >= 0, got -1");
  EXPECT_EQ(yaml_failure("seed: 1\nsimulation: {seed: 2}\n" + kLayers),
            "net.yaml:2:20 simulation.seed: 'seed' and 'simulation.seed' mean the same but have different values\n  "
            "keep 'seed'");
  EXPECT_EQ(yaml_failure(kLayers + "connections: {config: {}, matrices: {}}\n"),
            "net.yaml:2:14 connections: expected a list, got a mapping\n"
            "  a model exported with its weights is read as a model, not as a spec");
}

TEST(Malformed, Layers) {
  EXPECT_EQ(layer("layer_id: 0"), "net.yaml:2:5 layers[0]: missing keys: layer_type, params");
  EXPECT_EQ(layer("layer_id: 0, layer_type: Linear, params: {tau: 1}"),
            "net.yaml:2:47 layers[0].params: missing key 'dim'");
  EXPECT_EQ(layer("layer_id: 0, layer_type: Linear, params: "), "net.yaml:2:47 layers[0].params: missing key 'dim'");
  EXPECT_EQ(layer("layer_id: 0, layer_type: Linear, params: {dim: 0}"),
            "net.yaml:2:53 layers[0].params.dim: must be within 1 … 10000000, got 0");
  EXPECT_EQ(layer("layer_id: 0, layer_type: Linear, params: {dim: 10000001}"),
            "net.yaml:2:53 layers[0].params.dim: must be within 1 … 10000000, got 10000001");
  EXPECT_EQ(layer("layer_id: 0, layer_type: Linear, params: {dim: 2.5}"),
            "net.yaml:2:53 layers[0].params.dim: expected a whole number, got the number 2.5");
  EXPECT_EQ(layer("layer_id: -1, layer_type: Linear, params: {dim: 2}"),
            "net.yaml:2:16 layers[0].layer_id: must be >= 0, got -1");
  EXPECT_EQ(layer("layer_id: 0, layer_type: 3, params: {dim: 2}"),
            "net.yaml:2:31 layers[0].layer_type: expected text, got the number 3\n  put it in quotes");
  EXPECT_EQ(layer("layer_id: 0, layer_type: Linear, params: {dim: 2}, noise: 0.1"),
            "net.yaml:2:64 layers[0].noise: expected a mapping, got the number 0.1");
  EXPECT_EQ(
      layer("layer_id: 0, layer_type: Linear, params: {dim: 2, source_func: Tanh, source_func_type: ReLU}"),
      "net.yaml:2:93 layers[0].params.source_func_type: 'source_func_type' and 'source_func' mean the same but have "
      "different values\n  keep 'source_func'");
  EXPECT_EQ(
      layer(
          "layer_id: 4, layer_type: Linear, params: {dim: 2}}\n  - {layer_id: 4, layer_type: Linear, params: {dim: 2}"),
      "net.yaml:3:5 layers[1]: a second layer with layer_id 4\n  the first is at 2:5");
}

TEST(Malformed, Connections) {
  EXPECT_EQ(yaml_failure(kLayers + "connections:\n  - {from_layer: 0}\n"),
            "net.yaml:3:5 connections[0]: missing keys: to_layer, connection_type");
  EXPECT_EQ(yaml_failure(kLayers + "connections:\n  - {from: 0, to: 7, type: dense}\n"),
            "net.yaml:3:5 connections[0]: connection 0 → 7: there is no layer 7\n  there are layers 0, 1");
  EXPECT_EQ(connection("lag: 0}\n  - {from_layer: 0, to_layer: 1, connection_type: sparse"),
            "net.yaml:4:5 connections[1]: a second connection 0 → 1\n  the first is at 3:5");
  EXPECT_EQ(connection("lag: 2"), "net.yaml:3:63 connections[0].lag: must be within 0 … 1, got 2");
  EXPECT_EQ(connection("delay: 0"), "net.yaml:3:65 connections[0].delay: must be > 0, got 0");
  EXPECT_EQ(connection("learnable: 1"),
            "net.yaml:3:69 connections[0].learnable: expected true or false, got the number 1");
  EXPECT_EQ(connection("params: [1]"), "net.yaml:3:66 connections[0].params: expected a mapping, got a list");
}

TEST(Malformed, Modes) {
  EXPECT_EQ(connection("params: {mode: WICK}"),
            "net.yaml:3:73 connections[0].params.mode: unknown mode 'WICK'\n"
            "  did you mean 'WICC'?  it can be: fixed, WICC, NOCC, spike");
  EXPECT_EQ(connection("mode: WICC, params: {mode: NOCC}"),
            "net.yaml:3:85 connections[0].params.mode: the mode is 'NOCC' here but 'WICC' at net.yaml:3:64 "
            "connections[0].mode\n  give the mode once, beside connection_type");
  EXPECT_EQ(
      connection("mode: fixed, connection_params: {mode: spike, alpha: 1}"),
      "net.yaml:3:97 connections[0].connection_params.mode: the mode is 'spike' here but 'fixed' at net.yaml:3:64 "
      "connections[0].mode\n  give the mode once, beside connection_type");
  EXPECT_EQ(connection("connection_params: {alpha: 1}, params: {connection_params: {alpha: 2}}"),
            "net.yaml:3:117 connections[0].params.connection_params: connection_params are given in two places with "
            "different values\n  keep those beside connection_type");
}

TEST(Malformed, ConnectionParams) {
  EXPECT_EQ(connection("params: {structure: {type: sparse, sparsity: 0.2}}"),
            "net.yaml:3:93 connections[0].params.structure.sparsity: unknown key 'sparsity'\n"
            "  parameters go into 'params'; it has: type, params");
  EXPECT_EQ(connection("params: {structure: sparse}"),
            "net.yaml:3:78 connections[0].params.structure: expected a mapping, got the text 'sparse'");
  EXPECT_EQ(connection("params: {init: 3}"),
            "net.yaml:3:73 connections[0].params.init: expected a name or a mapping, got the number 3");
  EXPECT_EQ(
      connection("params: {allow_self_connections: true, structure: {params: {allow_self_connections: false}}}"),
      "net.yaml:3:142 connections[0].params.structure.params.allow_self_connections: allow_self_connections is given "
      "in two places with different values");
  EXPECT_EQ(connection("params: {constraints: {min: 1, max: 0}}"),
            "net.yaml:3:80 connections[0].params.constraints: min 1 is above max 0");
  EXPECT_EQ(connection("params: {constraints: {mim: 1}}"),
            "net.yaml:3:81 connections[0].params.constraints.mim: unknown key 'mim'\n  did you mean 'min'?  it has: "
            "min, max");
  EXPECT_EQ(
      connection("params: {bias: fan_in_unifrom}"),
      "net.yaml:3:73 connections[0].params.bias: unknown bias 'fan_in_unifrom'\n  did you mean 'fan_in_uniform'?  "
      "it can be a file, numbers or one of: none, zero, fan_in_uniform, fan_in_normal");
}

}  // namespace
}  // namespace dynode
