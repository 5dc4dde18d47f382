// LTC layers in a plan: parts, parameters, wirings, direct connections; and what people read when something is wrong.
#include <gtest/gtest.h>

#include "dynode/plan/plan.h"
#include "dynode/spec/yaml.h"
#include "dynode/wiring/neural_circuit.h"

namespace dynode {
namespace {

std::shared_ptr<const Plan> plan_of(const std::string& yaml, const CompileOptions& options = {}) {
  return compile(read_spec(parse_yaml(yaml, "net.yaml")), options);
}
std::string failure(const std::string& yaml) {
  try {
    plan_of(yaml);
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

const std::string kInput = "layers:\n  - {layer_id: 0, layer_type: Input, params: {dim: 3}}\n";

/// Three inputs into an LTC layer with these params, on line 3.
std::string liquid(const std::string& params, const std::string& connection = "connection_type: direct") {
  return kInput + "  - {layer_id: 1, layer_type: LTC, params: {" + params +
         "}}\nconnections:\n  - {from_layer: 0, to_layer: 1, " + connection + "}\n";
}

const LayerPlan& layer(const Plan& plan, const std::string& name) {
  for (const LayerPlan& l : plan.layers)
    if (l.name == name) return l;
  throw std::runtime_error("there is no layer " + name);
}
const Block& block(const Plan& plan, const std::string& name) {
  const int i = plan.parameters.find(name);
  if (i < 0) throw std::runtime_error("there is no block " + name);
  return plan.parameters[i];
}
std::vector<double> stored(const Plan& plan, const std::string& name) {
  const Block& b = block(plan, name);
  return {plan.theta.begin() + ptrdiff_t(b.offset), plan.theta.begin() + ptrdiff_t(b.offset + b.size())};
}

// ---- what is built ------------------------------------------------------------------------------------------

TEST(LiquidPlan, IsMadeOfParts) {
  const auto plan = plan_of(liquid("dim: 6, wiring: {type: FullyConnected, params: {output_dim: 2}}"));
  EXPECT_EQ(layer(*plan, "1").units, 2u) << "the outputs";
  EXPECT_EQ(layer(*plan, "1.input").units, 3u);
  EXPECT_EQ(layer(*plan, "1.sensory").units, 12u) << "a current and a conductance for each neuron";
  EXPECT_EQ(layer(*plan, "1.sensory").synapses->column.size(), 18u);
  EXPECT_EQ(layer(*plan_of(liquid("dim: 1")), "1.sensory").units, 3u) << "one for each input";
  EXPECT_EQ(layer(*plan, "1.core").units, 6u);
  EXPECT_EQ(plan->find_core(1), int(&layer(*plan, "1.core") - plan->layers.data()));
  EXPECT_EQ(plan->layers[size_t(plan->output)].name, "1");
  EXPECT_TRUE(plan->takes_spans());
  EXPECT_EQ(plan->spec.simulation.dt, 1.0);
  for (const Stage& s : plan->stages) EXPECT_FALSE(s.recurrent) << "neurons keep their synapses to themselves";
}

TEST(LiquidPlan, HasTheParametersOfTheOriginal) {
  using Shape     = std::vector<size_t>;
  const auto plan = plan_of(liquid("dim: 5"));
  for (const char* name : {"gleak", "vleak", "cm"})
    EXPECT_EQ(block(*plan, std::string("layer1/") + name).shape, Shape{5});
  for (const char* name : {"w", "sigma", "mu", "erev"}) {
    EXPECT_EQ(block(*plan, std::string("layer1/") + name).shape, (Shape{5, 5}));
    EXPECT_EQ(block(*plan, std::string("layer1/sensory_") + name).shape, (Shape{3, 5})) << "[source, target]";
  }
  for (const char* name : {"input_w", "input_b"})
    EXPECT_EQ(block(*plan, std::string("layer1/") + name).shape, Shape{3});
  for (const char* name : {"output_w", "output_b"})
    EXPECT_EQ(block(*plan, std::string("layer1/") + name).shape, Shape{5});

  const auto count = [](const std::string& params, int inputs) {
    std::string yaml = liquid(params);
    yaml.replace(yaml.find("dim: 3"), 6, "dim: " + std::to_string(inputs));
    return plan_of(yaml)->parameters.size();
  };
  EXPECT_EQ(count("dim: 50", 20), 14290u);
  EXPECT_EQ(count("dim: 8, wiring: {type: AutoNCP, params: {output_size: 1}}", 2), 350u);
  EXPECT_EQ(count("dim: 28, wiring: {type: AutoNCP, params: {output_size: 4}}", 20), 5508u);
  EXPECT_EQ(count("dim: 5, input_mapping: linear, output_mapping: null", 3), size_t(3 * 5 + 4 * 25 + 4 * 15 + 3));
}

TEST(LiquidPlan, DrawsWhatIsStoredFromItsRanges) {
  const auto plan =
      plan_of(liquid("dim: 40, initialization_ranges: {sigma: [-2, -1], gleak: [0.5, 0.5], sensory_w: [0, 0.25]}"));
  const auto within = [&](const char* name, double low, double high) {
    const auto x             = stored(*plan, name);
    const auto [least, most] = std::minmax_element(x.begin(), x.end());
    EXPECT_GE(*least, low - 1e-12) << name;
    EXPECT_LE(*most, high + 1e-12) << name;
    if (low < high) { EXPECT_GT(*most - *least, 0.8 * (high - low)) << name; }
  };
  within("layer1/w", 0.001, 1), within("layer1/sensory_w", 0, 0.25), within("layer1/cm", 0.4, 0.6);
  within("layer1/gleak", 0.5, 0.5), within("layer1/vleak", -0.2, 0.2), within("layer1/sigma", -2, -1);
  within("layer1/sensory_sigma", 3, 8), within("layer1/mu", 0.3, 0.8), within("layer1/sensory_mu", 0.3, 0.8);
  EXPECT_NE(stored(*plan, "layer1/mu")[0], stored(*plan, "layer1/sensory_mu")[0]);
}

TEST(LiquidPlan, KeepsPositiveQuantitiesAsAsked) {
  for (const auto& [word, transform, min] : {std::tuple{"softplus", Transform::softplus, -1e300},
                                             {"clamp", Transform::identity, 0.0},
                                             {"none", Transform::identity, -1e300}}) {
    const auto plan = plan_of(liquid(std::string("dim: 4, positivity: ") + word));
    for (const char* name : {"layer1/w", "layer1/sensory_w", "layer1/cm", "layer1/gleak"}) {
      EXPECT_EQ(block(*plan, name).transform, transform) << word;
      EXPECT_EQ(block(*plan, name).min, min) << word;
    }
    for (const char* name : {"layer1/vleak", "layer1/sigma", "layer1/mu", "layer1/erev"})
      EXPECT_EQ(block(*plan, name).transform, Transform::identity);
  }
  EXPECT_GE(plan_of(liquid("dim: 4"))->parameters.find("layer1/raw_w"), 0) << "softplus is the default";
}

TEST(LiquidPlan, ReversalPotentialsBeginAsTheSignsOfTheWiring) {
  const auto plan = plan_of(liquid("dim: 5, wiring: {type: FullyConnected, params: {self_connections: false}}"));
  const WiringEntry& kind = find_wiring("FullyConnected");
  Arguments          arguments;
  arguments.set("units", 5.0), arguments.set("erev_init_seed", 1111.0), arguments.set("self_connections", 0.0);
  arguments.set("seed_compat", std::string("numpy"));
  const Wiring wiring = make_wiring(kind, {.inputs = 3, .arguments = arguments});
  EXPECT_EQ(stored(*plan, "layer1/erev"), std::vector<double>(wiring.adjacency.begin(), wiring.adjacency.end()));
  EXPECT_EQ(stored(*plan, "layer1/sensory_erev"), std::vector<double>(wiring.sensory.begin(), wiring.sensory.end()));
  for (size_t i = 0; i < 25; ++i) EXPECT_EQ(block(*plan, "layer1/w").mask[i], i % 6 != 0) << "no neuron reaches itself";
  EXPECT_TRUE(block(*plan, "layer1/sensory_w").mask.empty()) << "all of them exist";
  EXPECT_EQ(layer(*plan, "1.core").synapses->column.size(), 20u);
}

TEST(LiquidPlan, ParametersOfSynapsesAreEntriesOfTheirMatrices) {
  const auto       plan = plan_of(liquid("dim: 8, wiring: {type: AutoNCP, params: {output_size: 2}}"));
  const LayerPlan &core = layer(*plan, "1.core"), &sensory = layer(*plan, "1.sensory");
  const Block &    w = block(*plan, "layer1/w"), &outer = block(*plan, "layer1/sensory_w");
  size_t           k = 0;
  for (size_t from = 0; from < 8; ++from)
    for (size_t to = 0; to < 8; ++to)
      if (w.mask[from * 8 + to]) {
        EXPECT_EQ(core.synapses->column[k], to);
        EXPECT_EQ(core.param_entries[3].entry[k++], from * 8 + to);
        EXPECT_LE(core.synapses->begin[from], k);
        EXPECT_GE(core.synapses->begin[from + 1], k);
      }
  EXPECT_EQ(k, core.synapses->column.size());
  size_t there = 0;
  for (size_t from = 0; from < 3; ++from)
    for (size_t to = 0; to < 8; ++to)
      if (outer.mask[from * 8 + to]) {
        EXPECT_EQ(sensory.synapses->column[there], to);
        for (size_t p = 0; p < 4; ++p) EXPECT_EQ(sensory.param_entries[p].entry[there], from * 8 + to);
        EXPECT_LE(sensory.synapses->begin[from], there);
        EXPECT_GT(sensory.synapses->begin[from + 1], there++);
      }
  EXPECT_EQ(sensory.synapses->column.size(), there);
  EXPECT_EQ(sensory.synapses->begin[sensory.units], there) << "outputs have no synapses";
  EXPECT_EQ(count_of(core, 3), k);
  EXPECT_EQ(count_of(core, 0), 8u);
}

TEST(LiquidPlan, SourcesStandSideBySideAsListed) {
  const auto plan = plan_of(R"(
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: LTC, params: {dim: 4, wiring: {type: FullyConnected, params: {output_dim: 1}}}}
  - {layer_id: 2, layer_type: LTC, params: {dim: 3}}
connections:
  - {from_layer: 1, to_layer: 2, connection_type: direct}
  - {from_layer: 2, to_layer: 2, connection_type: direct}
  - {from_layer: 0, to_layer: 1, connection_type: direct}
  - {from_layer: 0, to_layer: 2, connection_type: direct, lag: 1}
)");
  EXPECT_EQ(layer(*plan, "2.input").units, 6u) << "1 output, 3 of its own, 2 inputs";
  std::vector<std::tuple<std::string, int, std::vector<uint32_t>>> wanted = {{"1", 0, {0, 1, 1, 1, 1, 1, 1}},
                                                                             {"2", 1, {0, 0, 1, 2, 3, 3, 3}},
                                                                             {"0", 1, {0, 0, 0, 0, 0, 1, 2}}},
                                                                   found;
  for (const ConnectionPlan& c : plan->connections)
    if (plan->layers[size_t(c.to)].name == "2.input")
      found.emplace_back(plan->layers[size_t(c.from)].name, c.lag, c.sparse->begin);
  EXPECT_EQ(found, wanted);
}

TEST(LiquidPlan, OthersReadItsOutputs) {
  const std::string yaml = kInput + R"(
  - {layer_id: 1, layer_type: LTC, params: {dim: 7, wiring: {type: FullyConnected, params: {output_dim: 2}}}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 4}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
)";
  EXPECT_EQ(block(*plan_of(yaml), "J_1_to_2").shape, (std::vector<size_t>{4, 2}));
}

TEST(LiquidPlan, ALearntInitialStateIsThatOfTheNeurons) {
  const auto plan =
      plan_of(liquid("dim: 5, init_state: learn, wiring: {type: FullyConnected, params: {output_dim: 2}}"));
  EXPECT_EQ(block(*plan, "layer1/init_v").size(), 5u);
  EXPECT_GE(layer(*plan, "1.core").start_block, 0);
  EXPECT_EQ(layer(*plan, "1").start_block, -1);
}

TEST(LiquidPlan, LearnsWhatItIsTold) {
  const auto plan = plan_of(liquid("dim: 4, learnable_params: {sensory_erev: false, input_w: false, cm: false}"));
  for (const Block& b : plan->parameters.blocks())
    EXPECT_EQ(b.learnable, b.name != "layer1/sensory_erev" && b.name != "layer1/input_w" && b.name != "layer1/cm")
        << b.name;
}

TEST(LiquidPlan, AKeptNetworkSaysWhichSynapsesThereAre) {
  const auto     yaml = liquid("dim: 3, wiring: {type: Custom, params: {wiring_file: lost.npz}}");
  CompileOptions options;
  options.stored = [](const std::string& name) -> std::optional<NamedArray> {
    if (name == "mask/layer1/w") return NamedArray{{3, 3}, {0, 1, 0, 1, 0, 0, 0, 0, 0}};
    if (name == "layer1/raw_sensory_w") return NamedArray{{3, 3}, std::vector<double>(9, 0.5)};
    return std::nullopt;
  };
  const auto plan = plan_of(yaml, options);
  EXPECT_EQ(layer(*plan, "1.core").synapses->column, (std::vector<uint32_t>{1, 0}));
  EXPECT_EQ(layer(*plan, "1.sensory").synapses->column.size(), 9u);
}

TEST(LiquidPlan, InputsThatReachNobodyAreAWarning) {
  CompileOptions options;
  options.load_array = [](const std::string&, const std::string& key) {
    return key == "adjacency" ? NamedArray{{2, 2}, {0, 1, -1, 0}} : NamedArray{{3, 2}, std::vector<double>(6, 0.0)};
  };
  const auto plan = plan_of(liquid("dim: 2, wiring: {type: Custom, params: {wiring_file: net.npz}}"), options);
  EXPECT_EQ(plan->warnings,
            std::vector<std::string>{"layer 1 does not feel its inputs: none of their synapses exists"});
  EXPECT_EQ(stored(*plan, "layer1/erev"), (std::vector<double>{0, 1, -1, 0}));
}

// ---- what is refused ----------------------------------------------------------------------------------------

TEST(LiquidErrors, NameThePlaceAndTheWayOut) {
  struct Case {
    const char* params;
    const char* message;
  };
  for (const Case& c : {
           Case{"dim: 4, solver: eulr",
                "net.yaml:3:61 layers[1].params.solver: there is no solver 'eulr'\n"
                "  did you mean 'euler'?  there are: fused, euler, heun, rk4"},
           {"dim: 4, ode_unfolds: 0",
            "net.yaml:3:66 layers[1].params.ode_unfolds: ode_unfolds is 0, but must be a whole "
            "number within [1, 10000]"},
           {"dim: 4, ode_unfolds: 2.5",
            "net.yaml:3:66 layers[1].params.ode_unfolds: ode_unfolds is 2.5, but must be a whole "
            "number within [1, 10000]"},
           {"dim: 4, epsilon: -1", "net.yaml:3:62 layers[1].params.epsilon: epsilon is -1, but must be at least 0"},
           {"dim: 4, positivity: maybe",
            "net.yaml:3:65 layers[1].params.positivity: there is no positivity 'maybe'\n"
            "  there are: softplus, clamp, none"},
           {"dim: 4, input_mapping: afine",
            "net.yaml:3:68 layers[1].params.input_mapping: there is no input_mapping 'afine'\n"
            "  did you mean 'affine'?  there are: affine, linear, none"},
           {"dim: 4, gleak: 0.5", "net.yaml:3:53 layers[1].params.gleak: LTC has no parameter 'gleak'"},
           {"dim: 4, initialization_ranges: {gleek: [0, 1]}",
            "net.yaml:3:77 layers[1].params.initialization_ranges.gleek: initialization_ranges has no parameter "
            "'gleek'"},
           {"dim: 4, initialization_ranges: {erev: [0, 1]}",
            "net.yaml:3:77 layers[1].params.initialization_ranges.erev: initialization_ranges has no parameter 'erev'"},
           {"dim: 4, initialization_ranges: {gleak: [-0.1, 1]}",
            "net.yaml:3:84 layers[1].params.initialization_ranges.gleak: the range [-0.1, 1] of gleak begins below 0\n"
            "  gleak is a positive quantity"},
           {"dim: 4, initialization_ranges: {sensory_w: [-1, 1]}",
            "net.yaml:3:88 layers[1].params.initialization_ranges.sensory_w: the range [-1, 1] of sensory_w begins "
            "below 0"},
           {"dim: 4, initialization_ranges: {mu: [1, 0]}",
            "net.yaml:3:81 layers[1].params.initialization_ranges.mu: [1, 0] is no range for mu\n"
            "  give [lowest, highest]; equal ends make it a constant"},
           {"dim: 4, initialization_ranges: {mu: 1}",
            "net.yaml:3:81 layers[1].params.initialization_ranges.mu: expected a pair [lowest, highest], got the "
            "number 1"},
           {"dim: 4, learnable_params: {wight: false}",
            "net.yaml:3:72 layers[1].params.learnable_params.wight: LTC has no parameter 'wight'"},
           {"dim: 4, wiring: {type: AutNCP}", "net.yaml:3:68 layers[1].params.wiring.type"},
           {"dim: 4, wiring: {kind: AutoNCP}",
            "net.yaml:3:62 layers[1].params.wiring.kind: wiring has no parameter 'kind'"},
           {"dim: 4, wiring: {type: FullyConnected, params: {units: 5}}",
            "net.yaml:3:61 layers[1].params.wiring: the wiring has 5 units, but dim is 4\n  dim counts all neurons: "
            "give dim: 5"},
           {"dim: 12, wiring: {type: AutoNCP, params: {output_size: 11}}", "output_size"},
           {"dim: 4, dt: 0", "net.yaml:3:57 layers[1].params.dt: must be a positive number"},
           {"dim: 1000000", "too many"},
       })
    EXPECT_EQ(failure(liquid(c.params)).find(c.message) != std::string::npos, true) << c.params << "\n"
                                                                                    << failure(liquid(c.params));
}

TEST(LiquidErrors, OfDirectConnections) {
  const auto connection = [](const std::string& words) { return failure(liquid("dim: 4", words)); };
  EXPECT_EQ(connection("connection_type: dense"),
            "net.yaml:5:5 connections[0]: layer 1 (LTC) weighs its sources itself\n  give connection_type: direct, "
            "without params");
  EXPECT_EQ(
      connection("connection_type: direct, params: {init: uniform}"),
      "net.yaml:5:68 connections[0].params.init: a direct connection has no weights, so 'init' means nothing on it\n"
      "  remove it");
  EXPECT_EQ(
      connection("connection_type: direct, mode: NOCC"),
      "net.yaml:5:5 connections[0]: a direct connection has no weights, so 'mode' means nothing on it\n  remove it");
  EXPECT_EQ(connection("connection_type: direct, learnable: false"),
            "net.yaml:5:5 connections[0]: a direct connection has no weights, so 'learnable' means nothing on it\n  "
            "remove it");
  EXPECT_EQ(
      failure(kInput + "  - {layer_id: 1, layer_type: CTRNN, params: {dim: 3}}\n"
                       "connections:\n  - {from_layer: 0, to_layer: 1, connection_type: direct}\n"),
      "net.yaml:5:5 connections[0]: a direct connection has no weights, and layer 1 (CTRNN) none for its sources\n"
      "  connect with weights: connection_type: dense; direct leads into layers like LTC, CfC and LSTM");
  EXPECT_EQ(
      failure(kInput + "  - {layer_id: 1, layer_type: LTC, params: {dim: 3}}\n"),
      "net.yaml:3:5 layers[1]: layer 1 (LTC) has no sources\n  give it a connection with connection_type: direct");
  EXPECT_EQ(failure("simulation: {input_type: flux}\nlayers:\n  - {layer_id: 0, layer_type: LTC, params: {dim: 3}}\n"),
            "net.yaml:3:5 layers[0]: layer 0 (LTC) weighs its sources itself and takes no flux\n"
            "  put a Linear layer in front of it, with a connection of type direct");
}

}  // namespace
}  // namespace dynode
