// Specs: what is read, which old words are understood, that what is written comes back.
#include "dynode/spec/spec.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

Spec spec_of(const std::string& text) { return read_spec(parse_yaml(text, "net.yaml")); }

template <class F>
std::string message(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

const char* const kFull = R"(
seed: 7
simulation: {dt: 37, input_type: state, network_evaluation_method: stepwise_gauss_seidel, track_phi: true,
             steady_tol_abs: 1.0e-4}
layers:
  - {layer_id: 3, layer_type: DendriteReadout, params: {dim: 4, bias_current: 1.7}}
  - {layer_id: 0, layer_type: Linear, params: {dim: 10}}
  - layer_id: 1
    layer_type: SingleDendrite
    model_id: 2
    description: "hidden: one"
    params:
      dim: 12
      source_func: RateArray
      bias_current: {distribution: uniform, params: {min: 1.5, max: 1.9}, learnable: true, constraints: {min: 0.0}}
      gamma_minus: {distribution: loguniform, params: {min: 5.0e-4, max: 2.0e-3, block_size: 3, block_mode: tiled}}
    noise: {phi: 0.01, relative: false, extras: {phi_offset: 0.002}}
    perturb: {bias_current_std: 0.0}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: sparse, params: {sparsity: 0.4, init: flux_balanced}}
  - from_layer: 1
    to_layer: 1
    connection_type: dense
    params: {structure: {type: power_law, params: {alpha: 2.0, expected_fan_out: 3}},
             init: {name: normal, params: {std: 0.05}},
             allow_self_connections: false, constraints: {min: -0.24, max: 0.24}}
    lag: 1
  - {from_layer: 1, to_layer: 3, connection_type: dense, learnable: false,
     params: {mode: NOCC, connection_params: {alpha: 1.64}, init: uniform, a: -1, b: 1}}
drives: [{to_layer: 1, type: poisson}]
arousal: {level: 0.3}
)";

TEST(Spec, ReadsEverything) {
  const Spec spec = spec_of(kFull);
  EXPECT_EQ(spec.seed, 7u);
  EXPECT_EQ(spec.file, "net.yaml");
  EXPECT_EQ(spec.simulation.dt, 37.0);
  EXPECT_EQ(spec.simulation.network_evaluation_method, Evaluation::stepwise_gauss_seidel);
  EXPECT_TRUE(spec.simulation.track_phi);
  EXPECT_FALSE(spec.simulation.track_g);
  EXPECT_EQ(spec.simulation.steady_tol_abs, 1e-4);
  EXPECT_EQ(spec.simulation.steady_window_min, 50);

  ASSERT_EQ(spec.layers.size(), 3u);   // ascending
  EXPECT_EQ(spec.layers[0].layer_id, 0);
  EXPECT_EQ(spec.layers[1].layer_id, 1);
  EXPECT_EQ(spec.layers[2].layer_id, 3);
  EXPECT_EQ(spec.layers[1].dim(), 12);
  EXPECT_EQ(spec.layers[1].model_id, 2);
  EXPECT_EQ(spec.layers[1].description, "hidden: one");
  EXPECT_EQ(spec.layers[1].noise.at("extras").at("phi_offset").number(), 0.002);
  EXPECT_EQ(spec.layers[2].at.text(), "net.yaml:6:5 layers[0]");
  EXPECT_EQ(spec.layer(3)->layer_type, "DendriteReadout");
  EXPECT_EQ(spec.layer(2), nullptr);

  ASSERT_EQ(spec.connections.size(), 3u);
  EXPECT_EQ(spec.connections[1].lag, 1);
  EXPECT_FALSE(spec.connections[2].learnable);
  EXPECT_EQ(spec.connections[2].mode, "NOCC");   // moved to its one place
  EXPECT_EQ(spec.connections[2].connection_params.at("alpha").number(), 1.64);
  EXPECT_FALSE(spec.connections[2].params.has("mode"));
  EXPECT_EQ(spec.drives.list()[0].at("type").text(), "poisson");
  EXPECT_EQ(spec.arousal.at("level").number(), 0.3);
  EXPECT_TRUE(spec.stimulus.is_null());
  EXPECT_TRUE(spec.warnings.empty());
}

TEST(Spec, HasDefaults) {
  const Spec spec =
      spec_of("layers: [{layer_id: 0, layer_type: Linear, params: {dim: 1}}]\nsimulation:\nconnections:\n");
  EXPECT_FALSE(spec.seed);
  EXPECT_FALSE(spec.simulation.dt);
  EXPECT_EQ(spec.simulation.input_type, InputType::state);
  EXPECT_EQ(spec.simulation.network_evaluation_method, Evaluation::layerwise);
  EXPECT_TRUE(spec.connections.empty());
  EXPECT_TRUE(spec.layers[0].noise.is_null());
}

TEST(Spec, WhatIsWrittenComesBack) {
  const Spec spec = spec_of(kFull);
  for (const Defaults defaults : {Defaults::skip, Defaults::write}) {
    const Value value = write_spec(spec, defaults);
    EXPECT_EQ(read_spec(value), spec);
    EXPECT_EQ(read_spec(parse_yaml(to_yaml(value))), spec);
    EXPECT_EQ(read_spec(parse_json(to_json(value))), spec);
    EXPECT_EQ(write_spec(read_spec(value), defaults), value);
  }
  Spec other = spec;
  other.connections[0].params.set("sparsity", 0.5);
  EXPECT_FALSE(other == spec);
}

TEST(Spec, WritesOnlyWhatDiffersFromDefaults) {
  const Spec spec = spec_of(
      "simulation: {dt: 10, track_s: false, steady_window_min: 50}\n"
      "layers: [{layer_id: 0, layer_type: Linear, params: {dim: 1}, model_id: 0}]\n"
      "connections: [{from: 0, to: 0, type: chain, learnable: true, params: {}}]\n");
  EXPECT_EQ(to_yaml(write_spec(spec)),
            "simulation: {dt: 10}\n"
            "layers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 1}}\n"
            "connections:\n  - {from_layer: 0, to_layer: 0, connection_type: chain}\n");
}

TEST(Spec, IsMadeInCode) {
  Spec spec;
  spec.simulation.dt = 1.0;
  spec.layers.push_back({.layer_id = 0, .layer_type = "Input", .params = Value::map({{"dim", 2}})});
  spec.layers.push_back({.layer_id = 1, .layer_type = "CTRNN", .params = Value::map({{"dim", 3}, {"tau", "slow"}})});
  spec.connections.push_back({.from_layer = 0, .to_layer = 1, .connection_type = "dense"});
  EXPECT_NO_THROW(check_spec(spec));
  EXPECT_EQ(read_spec(write_spec(spec)), spec);

  // errors name the path
  EXPECT_EQ(message([&] { read_parameter(read_spec(write_spec(spec)).layers[1].params.at("tau")); }),
            "layers[1].params.tau: expected a number, got the text 'slow'");
  spec.layers[1].params.set("dim", 0);
  EXPECT_EQ(message([&] { check_spec(spec); }), "layers[1].params.dim: must be within 1 … 10000000, got 0");
  spec.layers[1].params.erase("dim");
  EXPECT_EQ(message([&] { check_spec(spec); }), "layers[1].params: missing key 'dim'");
  spec.layers[1].params.set("dim", 3);
  spec.connections.push_back(spec.connections[0]);
  EXPECT_EQ(message([&] { check_spec(spec); }),
            "connections[1]: a second connection 0 → 1\n  the first is connections[0]");
  spec.connections[1].to_layer = 5;
  EXPECT_EQ(message([&] { check_spec(spec); }),
            "connections[1]: connection 0 → 5: there is no layer 5\n  there are layers 0, 1");
  spec.connections.pop_back();
  spec.connections[0].params.set("init", Value::list_of());
  EXPECT_EQ(message([&] { check_spec(spec); }), "connections[0].params.init: expected a name or a mapping, got a list");
  spec.layers.clear();
  EXPECT_EQ(message([&] { check_spec(spec); }), "layers: a network needs at least one layer");
}

TEST(Spec, ResolvesPathsBesideItsFile) {
  Spec spec;
  EXPECT_EQ(spec.resolve("a.npz"), "a.npz");
  spec.file = "nets/net.yaml";
  EXPECT_EQ(spec.resolve("a.npz"), "nets/a.npz");
  EXPECT_EQ(spec.resolve("/a.npz"), "/a.npz");
}

// ── old words ───────────────────────────────────────────────────────────────────────────────────────────────────────

TEST(Legacy, TranslatesOldWordsAndSaysSo) {
  const Spec spec = spec_of(R"(sim_config: {seed: 3, network_evaluation_method: Stepwise (Gauss–Seidel)}
layers:
  - {layer_id: 0, layer_type: Multiplier, params: {dim: 2, ib: 1.7,
     source_func_type: Heaviside_fit_state_dep, learnable_params: {ib: false}}}
  - {layer_id: 1, layer_type: Readout, params: {dim: 2, activation: Tanh}}
  - {layer_id: 2, layer_type: leakyGRU, params: {dim: 2}}
  - {layer_id: 3, layer_type: multiplier_nocc, params: {dim: 2, source_func: Tanh, source_func_type: Tanh}}
  - {layer_id: 4, layer_type: Input, params: {dim: 2}}
connections:
  - {from: 0, to: 1, type: all_to_all, mode: dynamic_v2, connection_params: {ib: 2.0, source_func_type: Tanh}}
  - {from: 0, to: 2, type: dense, params: {dynamic: {gamma_plus: 0.1}, init: uniform, a: -1, b: 2}}
  - {from: 0, to: 3, type: dense, params: {mode: dynamic, multiplier: {beta: 3},
     structure: {type: custom, params: {file_path: m.npz}}}}
  - {from: 1, to: 0, type: constant_fan_out, params: {init: {name: uniform, params: {a: 0, b: 1}}}}
  - {from: 1, to: 2, type: block_structure, params: {connection_mode: full}}
  - {from: 1, to: 3, type: dense, params: {connection_mode: programmable}}
)");
  EXPECT_EQ(spec.seed, 3u);
  EXPECT_EQ(spec.simulation.network_evaluation_method, Evaluation::stepwise_gauss_seidel);
  EXPECT_EQ(spec.layers[0].layer_type, "MultiplierWICC");
  EXPECT_EQ(spec.layers[0].params, Value::map({{"dim", 2},
                                               {"bias_current", 1.7},
                                               {"source_func", "Heaviside_state_dep"},
                                               {"learnable_params", Value::map({{"bias_current", false}})}}));
  EXPECT_EQ(spec.layers[1].layer_type, "DendriteReadout");
  EXPECT_EQ(spec.layers[1].params.at("source_func").text(), "Tanh");
  EXPECT_EQ(spec.layers[2].layer_type, "LeakyGRU");
  EXPECT_EQ(spec.layers[3].layer_type, "MultiplierNOCC");
  EXPECT_EQ(spec.layers[3].params, Value::map({{"dim", 2}, {"source_func", "Tanh"}}));
  EXPECT_EQ(spec.layers[4].layer_type, "Input");

  const auto& c = spec.connections;
  EXPECT_EQ(c[0].connection_type, "dense");
  EXPECT_EQ(c[0].mode, "NOCC");
  EXPECT_EQ(c[0].connection_params, Value::map({{"bias_current", 2}, {"source_func", "Tanh"}}));
  EXPECT_EQ(c[1].mode, "WICC");
  EXPECT_EQ(c[1].connection_params, Value::map({{"gamma_plus", 0.1}}));
  EXPECT_EQ(c[1].params, Value::map({{"init", "uniform"}, {"min", -1}, {"max", 2}}));
  EXPECT_EQ(c[2].mode, "NOCC");
  EXPECT_EQ(c[2].params.at("structure").at("params"), Value::map({{"mask_file", "m.npz"}}));
  EXPECT_EQ(c[3].connection_type, "constant");
  EXPECT_EQ(c[3].params.at("init").at("params"), Value::map({{"min", 0}, {"max", 1}}));
  EXPECT_EQ(c[4].params, Value::map({{"connection_mode", "full"}}));   // a word of that structure
  EXPECT_EQ(c[4].mode, "");
  EXPECT_EQ(c[5].mode, "WICC");

  EXPECT_EQ(spec.warnings, (std::vector<std::string>{
      "net.yaml:1:13 sim_config: 'sim_config' is an old name, now 'simulation'",
      "net.yaml:1:50 sim_config.network_evaluation_method: 'Stepwise (Gauss–Seidel)' is an old name, now "
      "'stepwise_gauss_seidel'",
      "net.yaml:3:31 layers[0].layer_type: 'Multiplier' is an old name, now 'MultiplierWICC'",
      "net.yaml:5:31 layers[1].layer_type: 'Readout' is an old name, now 'DendriteReadout'",
      "net.yaml:6:31 layers[2].layer_type: 'leakyGRU' is an old name, now 'LeakyGRU'",
      "net.yaml:7:31 layers[3].layer_type: 'multiplier_nocc' is an old name, now 'MultiplierNOCC'",
      "net.yaml:10:28 connections[0].type: 'all_to_all' is an old name, now 'dense'",
      "net.yaml:11:53 connections[1].params.dynamic: 'dynamic' is an old name, now 'connection_params'",
      "net.yaml:12:71 connections[2].params.multiplier: 'multiplier' is an old name, now 'connection_params'",
      "net.yaml:13:52 connections[2].params.structure.params.file_path: 'file_path' is an old name, now 'mask_file'",
      "net.yaml:16:61 connections[5].params.connection_mode: 'connection_mode' is an old name, now 'mode'",
      "net.yaml:10:46 connections[0].mode: 'dynamic_v2' is an old name, now 'NOCC'",
      "net.yaml:11:53 connections[1].params.dynamic: no mode is given; its parameters are taken for those of 'WICC'",
      "net.yaml:12:50 connections[2].params.mode: 'dynamic' is an old name, taken for 'NOCC'",
      "net.yaml:16:61 connections[5].params.connection_mode: 'programmable' is an old name, now 'WICC'"}));
  EXPECT_EQ(read_spec(write_spec(spec)), spec);
  EXPECT_TRUE(read_spec(write_spec(spec)).warnings.empty());
}

TEST(Legacy, KnowsEveryNameOfTheMethods) {
  const std::string layers = "\nlayers: [{layer_id: 0, layer_type: Linear, params: {dim: 1}}]\n";
  const auto method = [&](const std::string& word) {
    return spec_of("simulation: {network_evaluation_method: '" + word + "'}" + layers)
        .simulation.network_evaluation_method;
  };
  for (const char* word : {"layerwise", "LAYERWISE", "layer", "layer_sequence", "layer-sequence", " layer "}) {
    EXPECT_EQ(method(word), Evaluation::layerwise) << word;
  }
  for (const char* word :
       {"stepwise_gauss_seidel", "stepwise (gauss-seidel)", "stepwise_gs", "Stepwise (Gauss–Seidel)"}) {
    EXPECT_EQ(method(word), Evaluation::stepwise_gauss_seidel) << word;
  }
  for (const char* word : {"stepwise_jacobi", "Stepwise (Jacobi)"})
    EXPECT_EQ(method(word), Evaluation::stepwise_jacobi) << word;
  EXPECT_TRUE(spec_of("simulation: {network_evaluation_method: Layerwise}" + layers).warnings.empty());
}

TEST(Legacy, KnowsTheGuidesWordsForBlocks) {
  const auto params = [](const std::string& words) {
    return spec_of("layers: [{layer_id: 0, layer_type: Linear, params: {dim: 12}}]\nconnections: [{from: 0, to: 0, type: "
                   "block_structure, params: " + words + "}]\n")
        .connections[0].params;
  };
  const Value guide = Value::map({{"within_block_density", 0.8}, {"cross_block_density", 0.1}, {"connection_mode", "full"}, {"block_count", 3}});
  EXPECT_EQ(params("{p_in: 0.8, p_out: 0.1, block_size: 4}"), guide);
  EXPECT_EQ(params("{p_in: 0.8, p_out: 0.1, connection_mode: full, block_count: 3}"), guide);
  EXPECT_EQ(params("{structure: {type: block_structure, params: {p_in: 0.8, p_out: 0.1, block_size: 4}}}").at("structure").at("params"), guide);
  EXPECT_EQ(params("{p_in: 1, connection_mode: none}"), Value::map({{"within_block_density", 1}, {"connection_mode", "none"}}));
  const auto said = [&](const std::string& words) { return message([&] { params(words); }); };
  EXPECT_NE(said("{block_size: 5}").find("blocks of 5 do not fill the 12 units of layer 0"), std::string::npos);
  EXPECT_NE(said("{block_size: 4, block_count: 3}").find("keep one of them"), std::string::npos);
  EXPECT_NE(said("{p_in: 1, within_block_density: 0.5}").find("mean the same but have different values"), std::string::npos);
}

TEST(Legacy, InfersTheModeFromItsParameters) {
  const auto mode = [](const std::string& params) {
    return spec_of(
               "layers: [{layer_id: 0, layer_type: Linear, params: {dim: 1}}]\nconnections: [{from: 0, to: 0, type: "
               "dense, " +
               params + "}]\n")
        .connections[0]
        .mode;
  };
  EXPECT_EQ(mode("connection_params: {}"), "");
  EXPECT_EQ(mode("connection_params: {bias_current: 2}"), "NOCC");
  EXPECT_EQ(mode("connection_params: {gamma_plus: 2, bias_current: 1}"), "NOCC");
  EXPECT_EQ(mode("connection_params: {gamma_plus: 2}"), "WICC");
  EXPECT_EQ(mode("connection_params: {half_flux_offset: true}"), "NOCC");
  EXPECT_EQ(mode("connection_params: {mode: wicc, j_in: 1}"), "WICC");
  EXPECT_EQ(mode("mode: V1"), "WICC");
  EXPECT_EQ(mode("mode: multiplier_v2"), "NOCC");
  EXPECT_EQ(mode("mode: Spike"), "spike");
  EXPECT_EQ(mode("mode: v2, params: {mode: NOCC}"), "NOCC");   // twice the same
  EXPECT_EQ(mode("mode: fixed"), "fixed");
}

TEST(Legacy, WarnsOfParametersWithoutUse) {
  const Spec spec = spec_of(
      "layers: [{layer_id: 0, layer_type: Linear, params: {dim: 1}}]\n"
      "connections: [{from: 0, to: 0, type: dense, mode: fixed, connection_params: {alpha: 1}}]\n");
  EXPECT_EQ(spec.warnings,
            std::vector<std::string>{"net.yaml:2:77 connections[0].connection_params: a fixed connection has no "
                                     "use for connection_params"});
}

// ── connection params ───────────────────────────────────────────────────────────────────────────────────────────────

ConnectionParams params_of(const std::string& text) {
  return read_connection_params({.connection_type = "sparse", .params = parse_yaml(text)});
}

TEST(ConnectionParams, ReadsTheNestedForm) {
  const ConnectionParams p = params_of(
      "{structure: {type: power_law, params: {alpha: 2, allow_self_connections: false}}, init: {name: uniform, params: "
      "{min: -1}},"
      " constraints: {min: -0.2}, bias: fan_in_uniform, learnable: false, ei_balance: true, polarity: false, alpha: 3, "
      "std: 1}");
  EXPECT_EQ(p.structure, "power_law");
  EXPECT_EQ(p.structure_params, Value::map({{"alpha", 2}}));
  EXPECT_EQ(p.init, "uniform");
  EXPECT_EQ(p.init_params, Value::map({{"min", -1}}));
  EXPECT_FALSE(p.allow_self_connections);
  EXPECT_EQ(p.min, -0.2);
  EXPECT_FALSE(p.max);
  EXPECT_EQ(p.bias, "fan_in_uniform");
  EXPECT_FALSE(p.learnable);
  EXPECT_EQ(p.rest, Value::map({{"ei_balance", true}, {"polarity", false}}));
  EXPECT_EQ(p.flat, Value::map({{"alpha", 3}, {"std", 1}}));
  EXPECT_EQ(p.structure_param("alpha")->integer(), 2);   // nested first
  EXPECT_EQ(p.init_param("std")->integer(), 1);
  EXPECT_EQ(p.init_param("mean"), nullptr);
  EXPECT_EQ(p.mode, "fixed");
  EXPECT_TRUE(p.mode_params.empty());
}

TEST(ConnectionParams, ReadsTheFlatForm) {
  const ConnectionParams p = params_of("{sparsity: 0.4, init: normal, std: 0.05, allow_self_connections: false}");
  EXPECT_EQ(p.structure, "sparse");
  EXPECT_EQ(p.init, "normal");
  EXPECT_FALSE(p.allow_self_connections);
  EXPECT_EQ(p.flat, Value::map({{"sparsity", 0.4}, {"std", 0.05}}));
  EXPECT_EQ(p.structure_param("sparsity")->number(), 0.4);
}

TEST(ConnectionParams, HaveDefaults) {
  const ConnectionParams p = read_connection_params({.connection_type = "dense", .learnable = false});
  EXPECT_EQ(p.structure, "dense");
  EXPECT_EQ(p.init, "normal");
  EXPECT_EQ(p.bias, "none");
  EXPECT_TRUE(p.allow_self_connections);
  EXPECT_FALSE(p.learnable);   // of the connection
  EXPECT_TRUE(p.flat.empty());
  EXPECT_EQ(params_of("{bias: Zero}").bias, "zero");
  EXPECT_EQ(params_of("{bias: b.npy}").bias, "b.npy");
  EXPECT_EQ(params_of("{init: {params: {std: 2}}, structure: {params: {p: 1}}}").structure, "sparse");
}

TEST(ConnectionParams, CollectWarningsForCode) {
  std::vector<std::string> warnings;
  const ConnectionParams p =
      read_connection_params({.connection_type = "dense",
                              .params = Value::map({{"connection_params", Value::map({{"alpha", 1}})}}),
                              .mode = "v2"},
                             &warnings);
  EXPECT_EQ(p.mode, "NOCC");
  EXPECT_EQ(p.mode_params, Value::map({{"alpha", 1}}));
  EXPECT_EQ(warnings, std::vector<std::string>{"mode: 'v2' is an old name, now 'NOCC'"});
}

// ── parameters ──────────────────────────────────────────────────────────────────────────────────────────────────────

ParameterSpec parameter(const std::string& text) {
  return read_parameter(parse_yaml("p: " + text, "net.yaml").at("p"));
}

TEST(ParameterSpec, ReadsEveryForm) {
  EXPECT_EQ(parameter("1.5").value, 1.5);
  EXPECT_EQ(parameter(".inf").value, std::numeric_limits<double>::infinity());
  EXPECT_EQ(parameter("[1, 2.5]").values, (std::vector<double>{1, 2.5}));
  EXPECT_EQ(parameter("{value: [3]}").values, std::vector<double>{3});

  const ParameterSpec p = parameter(
      "{distribution: uniform, params: {min: 1, max: 2, block_size: 3, block_mode: Tiled}, learnable: false, "
      "constraints: {min: 0, max: 5}}");
  EXPECT_FALSE(p.value);
  EXPECT_TRUE(p.values.empty());
  EXPECT_EQ(p.distribution, "uniform");
  EXPECT_EQ(p.params, Value::map({{"min", 1}, {"max", 2}}));
  EXPECT_EQ(p.learnable, false);
  EXPECT_EQ(p.min, 0.0);
  EXPECT_EQ(p.max, 5.0);
  EXPECT_EQ(p.block_size, 3);
  EXPECT_EQ(p.block_mode, "tiled");

  const ParameterSpec only = parameter("{learnable: true, block_size: 2}");   // the default of the kind
  EXPECT_EQ(only.learnable, true);
  EXPECT_EQ(only.block_size, 2);
  EXPECT_FALSE(only.value);
  EXPECT_EQ(parameter("{value: 2}").at.text(), "net.yaml:1:4 p");
}

TEST(ParameterSpec, NamesTheFault) {
  const auto failure = [](const std::string& text) { return message([&] { parameter(text); }); };
  EXPECT_EQ(failure("fast"), "net.yaml:1:4 p: expected a number, got the text 'fast'");
  EXPECT_EQ(failure("true"), "net.yaml:1:4 p: expected a number, a list of numbers or a mapping, got true");
  EXPECT_EQ(failure("[]"), "net.yaml:1:4 p: expected numbers, got an empty list");
  EXPECT_EQ(failure("[1, x]"), "net.yaml:1:8 p[1]: expected a number, got the text 'x'");
  EXPECT_EQ(failure("{value: 1, distribution: normal}"),
            "net.yaml:1:12 p.value: a parameter has either a value or a distribution, not both");
  EXPECT_EQ(failure("{params: {std: 1}}"),
            "net.yaml:1:13 p.params: params belong to a distribution, but none is given\n  add 'distribution'");
  EXPECT_EQ(failure("{distribution: normal, params: {block_size: 0}}"),
            "net.yaml:1:48 p.params.block_size: must be within 1 … 10000000, got 0");
  EXPECT_EQ(failure("{block_mode: share}"),
            "net.yaml:1:17 p.block_mode: unknown word 'share'\n  did you mean 'shared'?  it can be: shared, tiled");
  EXPECT_EQ(
      failure("{distribution: normal, parms: {}}"),
      "net.yaml:1:27 p.parms: unknown key 'parms'\n  did you mean 'params'?  it has: value, distribution, params, "
      "learnable, constraints, block_size, block_mode");
  EXPECT_EQ(failure("{value: 1, constraints: {min: 2, max: 1}}"), "net.yaml:1:28 p.constraints: min 2 is above max 1");
}

// ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────

class SpecFile : public testing::Test {
 protected:
  SpecFile() : folder_(std::filesystem::path(testing::TempDir()) / "dynode_spec_test") {
    std::filesystem::create_directories(folder_);
  }
  ~SpecFile() override { std::filesystem::remove_all(folder_); }

  std::string written(const std::string& name, const std::string& text) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  std::filesystem::path folder_;
};

TEST_F(SpecFile, IsReadByItsEnding) {
  const std::string yaml = "layers: [{layer_id: 0, layer_type: Linear, params: {dim: 1}}]\n";
  const std::string json = R"({"layers": [{"layer_id": 0, "layer_type": "Linear", "params": {"dim": 1}}]})";
  const Spec spec = load_spec(written("a.yaml", yaml));
  EXPECT_EQ(spec.file, (folder_ / "a.yaml").string());
  EXPECT_EQ(spec.resolve("m.npz"), (folder_ / "m.npz").string());
  EXPECT_EQ(load_spec(written("a.YML", yaml)), spec);
  EXPECT_EQ(load_spec(written("a.json", json)), spec);
}

TEST_F(SpecFile, FailuresNameTheFile) {
  const std::string folder = folder_.string();
  EXPECT_EQ(message([&] { load_spec(folder + "/none.yaml"); }), folder + "/none.yaml: there is no such file");
  std::filesystem::create_directories(folder + "/d.yaml");
  EXPECT_EQ(message([&] { load_spec(folder + "/d.yaml"); }), folder + "/d.yaml: is a directory, not a file");
  EXPECT_EQ(message([&] { load_spec(written("empty.yaml", "")); }), folder + "/empty.yaml: the file is empty");
  EXPECT_EQ(message([&] { load_spec(written("a.txt", "x")); }),
            folder + "/a.txt: unknown ending '.txt'\n  known are .yaml, .yml and .json");
  EXPECT_EQ(message([&] { load_spec(written("net", "x")); }),
            folder + "/net: the name has no ending\n  known are .yaml, .yml and .json");
  EXPECT_EQ(message([&] { load_spec(written("b.yaml", "a: b: c")); }).substr(0, folder.size() + 12),
            folder + "/b.yaml:1:5:");
  EXPECT_EQ(message([&] { load_spec(written("blank.json", " \n")); }),
            folder + "/blank.json:1:1: not valid JSON: unexpected end of input; expected '[', '{', or a literal");
}

}  // namespace
}  // namespace dynode
