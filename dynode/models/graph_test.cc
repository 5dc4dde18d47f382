#include "dynode/models/graph.h"

#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/io/io_test.h"
#include "dynode/spec/yaml.h"
#include "dynode/wiring/distributions.h"
#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/structures.h"

namespace dynode {
namespace {

Spec spec_of(const std::string& yaml) { return read_spec(parse_yaml(yaml, "net.yaml")); }

/// A builder writes what somebody would have written.
void expect_writes(const Graph& graph, const std::string& yaml) {
  EXPECT_EQ(write_spec(graph.spec()), write_spec(spec_of(yaml))) << graph.yaml();
}

Array ramp(int64_t rows, int64_t steps, int64_t units) {
  std::vector<double> values(size_t(rows * steps * units));
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.4 * double(i % 7) / 7;
  return {{rows, steps, units}, std::move(values)};
}

Graph small() {
  Graph g({.dt = 37, .track_phi = true, .track_s = true}, {.precision = Precision::float64, .seed = 3});
  g.add_layer(0, layers::Linear(4)).add_layer(1, layers::SingleDendrite(3)).add_layer(2, layers::Linear(2));
  g.connect(0, 1, {.init = init::uniform(-0.2, 0.2)}).connect(1, 2, {.bias = "zero"});
  return g;
}

// ---- what is written ------------------------------------------------------------------------------------

TEST(Graphs, WriteTheSpecSomebodyWouldHaveWritten) {
  Graph g({.dt = 37, .network_evaluation_method = Evaluation::stepwise_gauss_seidel}, {.seed = 7});
  g.add_layer(0, layers::Linear(10))
      .add_layer(1,
                 layers::SingleDendrite(12, {{"source_func", "RateArray"},
                                             {"phi_offset", 0.23},
                                             {"bias_current", param::uniform(1.5, 1.9).learnable().within(0, 2.4)},
                                             {"gamma_minus", param::loguniform(5e-4, 2e-3).blocks(3, "tiled")}}),
                 {.description      = "hidden",
                  .learnable_params = {{"gamma_minus", false}},
                  .noise            = {{"phi", 0.01}, {"relative", false}},
                  .perturb          = {{"bias_current_std", 0.05}}})
      .add_layer(2, layers::MultiplierNOCC(4, {{"phi_y", 0.1}}))
      .connect(0, 1, {.structure = structure::sparse(0.4), .init = init::flux_balanced()})
      .connect(1, 1,
               {.structure              = structure::power_law(2.0, 3),
                .init                   = init::normal({{"std", 0.05}}),
                .constraints            = {.min = -0.24, .max = 0.24},
                .learnable              = false,
                .allow_self_connections = false})
      .connect(1, 2, {.init = init::uniform(-0.15, 0.15), .mode = "NOCC", .connection_params = {{"alpha", 1.5}}});
  expect_writes(g, R"(
seed: 7
simulation: {dt: 37, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 10}}
  - layer_id: 1
    layer_type: SingleDendrite
    description: hidden
    params:
      dim: 12
      source_func: RateArray
      phi_offset: 0.23
      bias_current: {distribution: uniform, params: {min: 1.5, max: 1.9}, learnable: true, constraints: {min: 0, max: 2.4}}
      gamma_minus: {distribution: loguniform, params: {min: 5.0e-4, max: 2.0e-3}, block_size: 3, block_mode: tiled}
      learnable_params: {gamma_minus: false}
    noise: {phi: 0.01, relative: false}
    perturb: {bias_current_std: 0.05}
  - {layer_id: 2, layer_type: MultiplierNOCC, params: {dim: 4, phi_y: 0.1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: sparse,
     params: {structure: {type: sparse, params: {sparsity: 0.4}}, init: {name: flux_balanced}}}
  - {from_layer: 1, to_layer: 1, connection_type: power_law, learnable: false,
     params: {structure: {type: power_law, params: {alpha: 2, expected_fan_out: 3}}, init: {name: normal, params: {std: 0.05}},
              allow_self_connections: false, constraints: {min: -0.24, max: 0.24}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, mode: NOCC, connection_params: {alpha: 1.5},
     params: {init: {name: uniform, params: {min: -0.15, max: 0.15}}}}
)");
}

TEST(Graphs, GiveTheNumbersOfTheFile) {
  Graph g  = small();
  Model of = Model::from_spec(spec_of(g.yaml()), {.precision = Precision::float64});
  EXPECT_EQ(g(ramp(2, 9, 4)), of.simulate(ramp(2, 9, 4)).at("output"));
}

TEST(Graphs, KeepLayersInTheOrderOfTheirNumbers) {
  Graph g;
  g.add_layer(5, layers::Linear(2)).add_layer(0, layers::Linear(3)).connect(0, 5);
  EXPECT_EQ(g(ramp(1, 4, 3)).shape, (std::vector<int64_t>{1, 5, 2}));
}

TEST(Graphs, DendritesOfTheLayerFactoryHaveNoOffset) {
  EXPECT_EQ(*layers::SingleDendrite(2).params.value().find("phi_offset"), Value(0.0));
  EXPECT_EQ(*layers::SingleDendrite(2, {{"phi_offset", 0.1}}).params.value().find("phi_offset"), Value(0.1));
}

TEST(Parameters, AreWrittenAsShortAsPossible) {
  EXPECT_EQ(Value(Parameter(1.7)), Value(1.7));
  EXPECT_EQ(Value(param::values({1, 2})), Value::list_of({1, 2}));
  EXPECT_EQ(Value(param::value(1.7).at_most(2)), parse_yaml("{value: 1.7, constraints: {max: 2}}"));
  EXPECT_EQ(Value(param::fan_out()), parse_yaml("{distribution: fan_out}"));
}

TEST(Parts, NamesOfTheFactoriesAreInTheCatalogues) {
  const std::vector<structure::Kind> structure_kinds = {structure::dense,
                                                        structure::one_to_one,
                                                        structure::inverse_one_to_one,
                                                        structure::chain,
                                                        structure::sparse,
                                                        structure::constant_fan_out,
                                                        structure::power_law,
                                                        structure::exponential,
                                                        structure::block_structure,
                                                        structure::hierarchical_blocks,
                                                        structure::custom,
                                                        structure::multi_area,
                                                        structure::area_input,
                                                        structure::area_readout,
                                                        structure::input_groups,
                                                        structure::readout_groups,
                                                        structure::random_inputs,
                                                        structure::random_readouts};
  const std::vector<init::Kind>      init_kinds      = {
                init::normal,         init::uniform,        init::linear,         init::constant,        init::zero,
                init::xavier_normal,  init::xavier_uniform, init::kaiming_normal, init::kaiming_uniform, init::fan_in_normal,
                init::fan_in_uniform, init::gaus,           init::gamma,          init::orthogonal,      init::flux_balanced,
                init::custom_weights};
  const std::vector<param::Kind> param_kinds = {param::constant,   param::normal, param::uniform,   param::lognormal,
                                                param::loguniform, param::linear, param::loglinear, param::fan_out};
  const auto                     expect_all  = [](const auto& catalogue, const auto& kinds) {
    for (const auto& kind : kinds)
      EXPECT_TRUE(std::ranges::any_of(catalogue, [&](const auto& entry) {
        return std::string(kind.name) == entry.name;
      })) << kind.name;
  };
  expect_all(structures(), structure_kinds);
  expect_all(initialisers(), init_kinds);
  expect_all(distributions(), param_kinds);
}

TEST(Parts, LayersOfTheFactoriesAreInTheCatalogue) {
  for (const layers::Kind& kind :
       {layers::Input, layers::Linear, layers::ScalingLayer, layers::NonLinear, layers::Softmax, layers::SingleDendrite,
        layers::MultiplierWICC, layers::MultiplierNOCC, layers::DendriteReadout, layers::RNN, layers::GRU, layers::LSTM,
        layers::MinGRU, layers::LeakyGRU, layers::CTRNN, layers::RateDale, layers::LIF, layers::CfC})
    EXPECT_NE(find_cell(kind.name), nullptr) << kind.name;
}

// ---- running --------------------------------------------------------------------------------------------

TEST(Graphs, KeepWhatWasTracked) {
  Graph       g = small();
  const Array y = g(ramp(2, 9, 4));
  EXPECT_EQ(y.shape, (std::vector<int64_t>{2, 10, 2}));
  EXPECT_EQ(g.s_history().at(2), y);
  EXPECT_EQ(g.phi_history().at(1).shape, (std::vector<int64_t>{2, 9, 3}));
  EXPECT_EQ(failure([&] { g.g_history(); }), "no g was recorded\n  set track_g in the simulation and run");
}

TEST(Graphs, KeepThePowerOfDendrites) {
  Graph g({.track_power = true});
  g.add_layer(0, layers::Linear(2)).add_layer(1, layers::SingleDendrite(3)).connect(0, 1);
  g(ramp(2, 9, 2));
  EXPECT_EQ(g.power_history().at(1).shape[2], 3);
  EXPECT_NE(g.results().find("energy_diss/1"), nullptr);
}

TEST(Graphs, CompileWhenSomebodyAsks) {
  Graph g = small();
  EXPECT_EQ(g.parameters().at("J_0_to_1").shape, (std::vector<int64_t>{3, 4}));
  EXPECT_NE(g.summary().find("SingleDendrite"), std::string::npos);
  g.add_layer(3, layers::Linear(1)).connect(2, 3);
  EXPECT_EQ(g(ramp(1, 3, 4)).shape.back(), 1);
  EXPECT_EQ(g.parameters().count("J_2_to_3"), 1u);
}

TEST(Graphs, ParametersAreSetByName) {
  Graph       g = small();
  const Array w{{3, 4}, std::vector<double>(12, 0.125)};
  g.set_parameters({{"J_0_to_1", w}});
  EXPECT_EQ(g.parameters().at("J_0_to_1"), w);
  EXPECT_NE(failure([&] { g.set_parameters({{"J_0_to_7", w}}); }).find("did you mean"), std::string::npos);
  const auto drawn = [](uint64_t seed) { return small().reset_parameters(seed).parameters().at("J_0_to_1"); };
  EXPECT_EQ(drawn(5), drawn(5));
  EXPECT_NE(drawn(5), drawn(6));
}

TEST(Graphs, KeepTheirParametersWhenTheSimulationChanges) {
  Graph       g = small();
  const Array w{{3, 4}, std::vector<double>(12, 0.125)};
  g.set_parameters({{"J_0_to_1", w}});
  g.set_simulation({.dt = 10});
  EXPECT_EQ(g.parameters().at("J_0_to_1"), w);
  EXPECT_EQ(g.spec().simulation.dt, 10);
}

TEST(Graphs, PartsOfThemKeepTheirParameters) {
  Graph      g      = small();
  const auto values = g.parameters();
  Graph      part   = g.subgraph({0, 1});
  EXPECT_EQ(part.spec().connections.size(), 1u);
  EXPECT_EQ(part.parameters().at("J_0_to_1"), values.at("J_0_to_1"));
  EXPECT_EQ(part(ramp(1, 5, 4)), (g(ramp(1, 5, 4)), g.s_history().at(1)));
  EXPECT_EQ(failure([&] { g.subgraph({0, 9}); }), "there is no layer 9\n  there are: 0, 1, 2");
}

TEST(Graphs, KeepMasksThatTheirSeedWouldNotDraw) {
  Graph drawn({.dt = 37}, {.seed = 5});
  drawn.add_layer(0, layers::Linear(4)).add_layer(1, layers::SingleDendrite(6)).add_layer(2, layers::Linear(3));
  drawn.connect(0, 1, {.structure = structure::sparse(0.5)}).connect(1, 2);
  StoredModel stored = drawn.model().stored();
  stored.spec.seed   = 77;
  Graph       g(Model::from_stored(stored));
  const Array w = g.parameters().at("J_0_to_1");
  EXPECT_EQ(g.subgraph({0, 1}).parameters().at("J_0_to_1"), w);
  EXPECT_EQ(g.set_simulation({.dt = 10}).parameters().at("J_0_to_1"), w);
}

TEST(Graphs, TakeTheStepOfANewSimulationAlsoWhereItIsLearnt) {
  Graph g = small();
  g.set_parameters(g.parameters());
  g.set_simulation({.dt = 20, .dt_learnable = true});
  EXPECT_EQ(g.parameters().at("dt").as_double(), std::vector<double>{20});
  g.set_simulation({.dt = 10, .dt_learnable = true});
  EXPECT_EQ(g.parameters().at("dt").as_double(), std::vector<double>{10});
}

// ---- files ----------------------------------------------------------------------------------------------

TEST(Graphs, ComeBackFromFiles) {
  const TemporaryFolder folder;
  Graph                 g = small();
  g.set_parameters({{"J_0_to_1", Array{{3, 4}, std::vector<double>(12, 0.125)}}});
  g.save(folder / "net.dynode");
  Graph same = Graph::load(folder / "net.dynode", {.precision = Precision::float64});
  EXPECT_EQ(same(ramp(2, 9, 4)), g(ramp(2, 9, 4)));
  EXPECT_EQ(same.yaml(), g.yaml());
  for (const char* name : {"net.yaml", "net.json"}) {
    g.save_spec(folder / name);
    EXPECT_EQ(write_spec(Graph::load(folder / name).spec()), write_spec(g.spec())) << name;
  }
  EXPECT_NE(failure([&] { g.save_spec(folder / "net.txt"); }).find("specs are .yaml"), std::string::npos);
}

// ---- layers in a row ------------------------------------------------------------------------------------

TEST(Sequentials, ConnectNeighbours) {
  Sequential net({layers::Linear(10), layers::GRU(6)}, {.connection_init = init::xavier_uniform()});
  net.append(layers::Softmax(3));
  expect_writes(net, R"(
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 10}}
  - {layer_id: 1, layer_type: GRU, params: {dim: 6}}
  - {layer_id: 2, layer_type: Softmax, params: {dim: 3}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: xavier_uniform}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: {name: xavier_uniform}}}
)");
  EXPECT_EQ(net(ramp(2, 5, 10)).shape, (std::vector<int64_t>{2, 6, 3}));
  EXPECT_TRUE(Sequential({layers::Linear(2), layers::Linear(2)}, {.auto_connect = false}).spec().connections.empty());
}

// ---- bad input ------------------------------------------------------------------------------------------

TEST(Graphs, SayWhatIsWrong) {
  const auto compile = [](auto build) {
    return failure([&] {
      Graph g;
      g.add_layer(0, layers::Linear(4)).add_layer(1, layers::SingleDendrite(3));
      build(g);
      g.model();
    });
  };
  const auto expect_says = [](const std::string& said, const std::string& what) {
    EXPECT_NE(said.find(what), std::string::npos) << said;
  };
  expect_says(compile([](Graph& g) { g.add_layer(1, layers::Linear(2)); }), "layer 1 is there already");
  expect_says(compile([](Graph& g) { g.connect(0, 1).connect(0, 1); }), "connections[1]");
  expect_says(compile([](Graph& g) { g.connect(0, 9); }), "layer 9");
  expect_says(compile([](Graph& g) {
                g.add_layer(2, layers::GRU(2, {{"gamma_plsu", 1}})).connect(1, 2);
              }),
              "gamma_plsu");
  expect_says(compile([](Graph& g) { g.connect(0, 1, {.init = init::uniform({{"mx", 1}})}); }), "'mx'");
  expect_says(compile([](Graph& g) { g.connect(0, 1, {.init = init::uniform(1, 2, 3)}); }),
              "uniform takes 2 values, got 3\n  in this order: min, max");
  expect_says(compile([](Graph& g) { g.connect(0, 1, {.init = {"unifrom"}}); }), "did you mean 'uniform'");
  expect_says(compile([](Graph& g) { g.connect(0, 1, {.mode = "NOC"}); }), "unknown mode 'NOC'");
  expect_says(failure([] { NamedValues{{"a", 1}, {"a", 2}}; }), "'a' is given twice");
}

}  // namespace
}  // namespace dynode
