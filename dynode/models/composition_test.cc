#include "dynode/models/composition.h"

#include <cmath>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/base/random.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

Model model_of(const std::string& yaml) { return Model::from_spec(read_spec(parse_yaml(yaml, "net.yaml")), {Precision::float64, 1, {}}); }
Model model_of(const StoredModel& stored) { return Model::from_stored(stored, {Precision::float64, 1, {}}); }

bool says(const std::vector<std::string>& notes, const std::string& part) {
  return std::any_of(notes.begin(), notes.end(), [&](const std::string& n) { return n.find(part) != n.npos; });
}

Array noise(int64_t rows, int64_t steps, int64_t units) {
  Random              draw(7, "input");
  std::vector<double> x(size_t(rows * steps * units));
  for (double& v : x) v = draw.normal();
  return {{rows, steps, units}, x};
}

/// Units [begin, begin + count) of a history.
std::vector<double> part(const Array& history, size_t begin, size_t count) {
  const std::vector<double> all = history.as_double();
  const size_t              n   = size_t(history.shape[2]);
  std::vector<double>       out;
  for (size_t i = 0; i < all.size(); i += n) out.insert(out.end(), all.begin() + ptrdiff_t(i + begin), all.begin() + ptrdiff_t(i + begin + count));
  return out;
}

double difference(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size() || a.empty()) return INFINITY;
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

/// Layers of the old network, and where their units are in the new one: {old id, new id, first unit}.
struct Place {
  int    old_id, new_id;
  size_t begin;
};

/// Both compute the same, layer by layer, on random input.
void expect_same(Model& before, Model& after, const std::vector<Place>& places) {
  const Array   x = noise(3, 25, int64_t(before.plan().input_width()));
  const Results a = before.simulate(x, {.record = {"s"}}), b = after.simulate(x, {.record = {"s"}});
  for (const Place& p : places) {
    const Array& old = a.at(fmt::format("s/{}", p.old_id));
    const auto   now = part(b.at(fmt::format("s/{}", p.new_id)), p.begin, size_t(old.shape[2]));
    EXPECT_LT(difference(old.as_double(), now), 1e-12) << "layer " << p.old_id;
    double largest = 0;
    for (const double s : old.as_double()) largest = std::max(largest, std::abs(s));
    EXPECT_GT(largest, 1e-4) << "layer " << p.old_id << " does nothing";
  }
}

// two populations side by side, with internal connections and their own feedback through layer 4
const char* const kParallel = R"(seed: 3
simulation: {dt: 37, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 3}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 4, source_func: Tanh, gamma_plus: 0.01, bias_current: {distribution: uniform, params: {min: 1.5, max: 1.9}}, polarity_init: alternating}}
  - {layer_id: 2, layer_type: SingleDendrite, params: {dim: 2, source_func: Tanh, gamma_plus: [0.02, 0.03], phi_offset: {value: 0.1, learnable: false}}}
  - {layer_id: 4, layer_type: SingleDendrite, params: {dim: 3, source_func: Tanh, gamma_plus: 0.01}}
  - {layer_id: 6, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {bias: fan_in_uniform}}
  - {from_layer: 0, to_layer: 2, connection_type: sparse, params: {sparsity: 0.7}}
  - {from_layer: 1, to_layer: 1, connection_type: sparse, params: {sparsity: 0.5, constraints: {max: 0.3}}}
  - {from_layer: 1, to_layer: 4, connection_type: dense}
  - {from_layer: 2, to_layer: 4, connection_type: dense}
  - {from_layer: 4, to_layer: 2, connection_type: dense}
  - {from_layer: 4, to_layer: 6, connection_type: dense}
  - {from_layer: 2, to_layer: 6, connection_type: dense}
)";

}  // namespace

TEST(MergeLayers, ParallelLayersComputeWhatTheyDid) {
  Model              before = model_of(kParallel);
  const MergedLayers merged = merge_layers(before, {1, 2});
  EXPECT_TRUE(merged.exact);
  EXPECT_EQ(merged.ids, (LayerIds{{0, 0}, {1, 1}, {2, 1}, {4, 4}, {6, 6}}));
  Model after = model_of(merged.model);
  EXPECT_EQ(after.plan().spec.layer(1)->dim(), 6);
  EXPECT_EQ(after.plan().layers[1].polarity, (std::vector<int8_t>{1, -1, 1, -1, 0, 0}));
  expect_same(before, after, {{1, 1, 0}, {2, 1, 4}, {4, 4, 0}, {6, 6, 0}});
}

TEST(MergeLayers, OrderAndIdAreYours) {
  Model              before = model_of(kParallel);
  const MergedLayers merged = merge_layers(before, {2, 1}, 3);
  EXPECT_TRUE(merged.exact);
  Model after = model_of(merged.model);
  expect_same(before, after, {{1, 3, 2}, {2, 3, 0}, {4, 4, 0}, {6, 6, 0}});
}

TEST(MergeLayers, AnIdThatChangesTheOrderKeepsWhenConnectionsRead) {
  Model              before = model_of(kParallel);
  const MergedLayers merged = merge_layers(before, {1, 2}, 5);   // behind layer 4, which it feeds
  EXPECT_TRUE(merged.exact);
  Model after = model_of(merged.model);
  expect_same(before, after, {{1, 5, 0}, {2, 5, 4}, {4, 4, 0}, {6, 6, 0}});
}

TEST(MergeLayers, JacobiStaysExactEvenWithConnectionsInside) {
  std::string text = kParallel;
  text.replace(text.find("stepwise_gauss_seidel"), 21, "stepwise_jacobi");
  Model              before = model_of(text);
  const MergedLayers merged = merge_layers(before, {1, 2, 4});
  EXPECT_TRUE(merged.exact);
  Model after = model_of(merged.model);
  expect_same(before, after, {{1, 1, 0}, {2, 1, 4}, {4, 1, 6}, {6, 6, 0}});
}

TEST(MergeLayers, AFreshReadingInsideTheGroupIsNotExactAndIsSaid) {
  const Model        before = model_of(kParallel);
  const MergedLayers merged = merge_layers(before, {1, 2, 4});
  EXPECT_FALSE(merged.exact);
  EXPECT_TRUE(says(merged.model.notes, "connection 1 to 4 is inside the joint layer now and reads its source one step later"));
  EXPECT_FALSE(says(merged.model.notes, "connection 4 to 2"));   // it was a step late before
  Model after = model_of(merged.model);
  after.simulate(noise(1, 5, 3));
}

TEST(MergeLayers, ARingOfFreshReadingsIsNotExactAndIsSaid) {
  const Model before = model_of(R"(seed: 3
simulation: {dt: 37}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 2, source_func: Tanh}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 3, layer_type: SingleDendrite, params: {dim: 2, source_func: Tanh}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
  - {from_layer: 2, to_layer: 3, connection_type: dense}
)");
  const MergedLayers merged = merge_layers(before, {1, 3});
  EXPECT_FALSE(merged.exact);
  EXPECT_TRUE(says(merged.model.notes, "would have to be advanced before and after others"));
  EXPECT_TRUE(says(merged.model.notes, "the output is now that of layer 2"));
  Model after = model_of(merged.model);
  after.simulate(noise(1, 5, 2));
}

TEST(MergeLayers, RecurrentCoresBecomeBlocks) {
  for (const char* type : {"GRU", "LSTM", "MinGRU", "LeakyGRU", "RNN"}) {
    Model before = model_of(fmt::format(R"(seed: 3
layers:
  - {{layer_id: 0, layer_type: Linear, params: {{dim: 3}}}}
  - {{layer_id: 1, layer_type: {0}, params: {{dim: 2}}}}
  - {{layer_id: 2, layer_type: {0}, params: {{dim: 3}}}}
  - {{layer_id: 3, layer_type: Linear, params: {{dim: 2}}}}
connections:
  - {{from_layer: 0, to_layer: 1, connection_type: dense}}
  - {{from_layer: 0, to_layer: 2, connection_type: dense}}
  - {{from_layer: 1, to_layer: 3, connection_type: dense, params: {{bias: fan_in_uniform}}}}
  - {{from_layer: 2, to_layer: 3, connection_type: dense, params: {{bias: fan_in_uniform}}}}
)", type));
    const MergedLayers merged = merge_layers(before, {1, 2});
    EXPECT_TRUE(merged.exact);
    Model after = model_of(merged.model);
    expect_same(before, after, {{1, 1, 0}, {2, 1, 2}, {3, 3, 0}});
  }
}

TEST(MergeLayers, ProgrammableConnectionsIntoItKeepTheirCircuits) {
  const std::string text = R"(seed: 3
simulation: {dt: 37}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 3}}
  - {layer_id: 1, layer_type: MultiplierNOCC, params: {dim: 2, source_func: Tanh, beta: 30, beta_out: 9}}
  - {layer_id: 2, layer_type: MultiplierNOCC, params: {dim: 3, source_func: Tanh, beta: 40, beta_out: 9}}
  - {layer_id: 3, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, mode: MODE, connection_params: {source_func: Tanh}}
  - {from_layer: 0, to_layer: 2, connection_type: sparse, params: {sparsity: 0.8}, mode: MODE, connection_params: {source_func: Tanh}}
  - {from_layer: 1, to_layer: 3, connection_type: dense}
  - {from_layer: 2, to_layer: 3, connection_type: dense}
)";
  for (const std::string mode : {"NOCC", "WICC"}) {
    std::string with = text;
    for (size_t at; (at = with.find("MODE")) != with.npos;) with.replace(at, 4, mode);
    Model              before = model_of(with);
    const MergedLayers merged = merge_layers(before, {1, 2});
    EXPECT_TRUE(merged.exact);
    Model after = model_of(merged.model);
    expect_same(before, after, {{1, 1, 0}, {2, 1, 2}, {3, 3, 0}});
  }
}

TEST(MergeLayers, TheSpecOfTheResultSaysItsParameters) {
  const Model        before = model_of(kParallel);
  const MergedLayers merged = merge_layers(before, {1, 2});
  const Model        drawn  = Model::from_spec(merged.model.spec, {Precision::float64, 1, {}});   // without its numbers
  const Array gamma = drawn.parameter("layer1/gamma_plus");
  const std::vector<double> expected = {0.01, 0.01, 0.01, 0.01, 0.02, 0.03};
  EXPECT_LT(difference(gamma.as_double(), expected), 1e-15);
  EXPECT_EQ(merged.model.spec.layer(1)->params.at("phi_offset").at("learnable"), Value(true));
  EXPECT_EQ(merged.model.spec.layer(1)->params.at("learnable_params").at("phi_offset"),
            Value(std::vector<Value>{true, true, true, true, false, false}));   // unit by unit, as it was
  EXPECT_FALSE(says(merged.model.notes, "phi_offset"));
}

TEST(MergeLayers, RefusesWhatWouldBeAnotherFunction) {
  const auto refusal = [](const std::string& from, const std::string& to, const std::vector<int>& group) {
    std::string text = kParallel;
    if (!from.empty()) text.replace(text.find(from), from.size(), to);
    const Model before = model_of(text);
    return failure([&] { merge_layers(before, group); });
  };
  EXPECT_EQ(refusal("", "", {1, 3}), "net.yaml: there is no layer 3\n  there are: 0, 1, 2, 4, 6");
  EXPECT_EQ(refusal("", "", {1, 1}), "net.yaml: a layer is named twice among those to merge");
  EXPECT_EQ(refusal("", "", {1, 6}), "net.yaml: layer 1 is a SingleDendrite, layer 6 a Linear: they cannot be merged");
  EXPECT_EQ(refusal("", "", {0, 6}), "net.yaml: layer 0 takes the input, whose width would change: it cannot be merged");
  EXPECT_EQ(refusal("dim: 2, source_func: Tanh", "dim: 2, source_func: ReLU", {1, 2}),
            "net.yaml: layers 1 and 2 differ in 'source_func', which all units of a layer share\n  make them equal first");
  EXPECT_EQ(refusal("to_layer: 2, connection_type: sparse", "to_layer: 2, mode: NOCC, connection_type: sparse", {1, 2}),
            "net.yaml: connections 0 to 1 and 0 to 2 would become one, but differ in mode\n  make them equal first");
  const Model before = model_of(kParallel);
  EXPECT_EQ(failure([&] { merge_layers(before, {1, 2}, 4); }), "net.yaml: layer 4 is there already\n  choose another id, or one of the group");
}

TEST(Composition, OtherIdsAreTheSameNetwork) {
  Model before = model_of(kParallel);
  Model after  = model_of(renumber(before.stored(), consecutive_ids(before.plan().spec)));
  EXPECT_EQ(after.parameter_names()[0], "layer1/phi_offset");
  expect_same(before, after, {{1, 1, 0}, {2, 2, 0}, {4, 3, 0}, {6, 4, 0}});
  EXPECT_TRUE(says(renumber(before.stored(), {{1, 2}, {2, 1}}).notes, "another order"));
  EXPECT_EQ(failure([&] { renumber(before.stored(), {{1, 4}}); }), "net.yaml: two layers would have the id 4");
  EXPECT_EQ(failure([&] { renumber(before.stored(), {{3, 4}}); }), "net.yaml: there is no layer 3\n  there are: 0, 1, 2, 4, 6");
}

TEST(Composition, NamesOfArraysAreTakenApartAndPutTogether) {
  for (const char* name : {"J_0_to_12", "b_3_to_4", "mask/J_0_to_1", "J_0_to_1/beta_eff", "layer7/log_gamma_plus", "mask/layer1/w",
                           "layer1/hidden_proj.weight", "dt", "J_0_to_", "layer/x", "J_0_to_1x", "opt/m/J_0_to_1"})
    EXPECT_EQ(parse_array_name(name).text(), name);
  EXPECT_EQ(parse_array_name("mask/layer1/w").from, 1);
  EXPECT_EQ(parse_array_name("synapse_growth_mask/J_2_to_3").to, 3);
  for (const char* name : {"dt", "J_0_to_", "layer/x", "J_0_to_1x"}) EXPECT_EQ(parse_array_name(name).of, ArrayName::Of::network) << name;
}

TEST(Composition, APartKeepsItsWeights) {
  Model             before = model_of(kParallel);
  const StoredModel stored = subgraph(before.stored(), {0, 1});
  Model             after  = model_of(stored);
  EXPECT_TRUE(says(stored.notes, "the output is now that of layer 1 (4 units)"));
  EXPECT_EQ(after.parameter("J_1_to_1"), before.parameter("J_1_to_1"));
  EXPECT_EQ(after.plan().spec.connections.size(), 2u);
  expect_same(before, after, {{1, 1, 0}});   // layer 1 heard nothing from the others
  EXPECT_EQ(without_layers(before.stored(), {2, 4, 6}).arrays, stored.arrays);
  EXPECT_EQ(failure([&] { without_layers(before.stored(), {0, 1, 2, 4, 6}); }), "net.yaml: no layer would be left");
}

TEST(Composition, TwoNetworksSideBySideDoNotMeet) {
  Model             first = model_of(kParallel);
  StoredModel       other = model_of(kParallel).stored();
  for (auto& [name, array] : other.arrays)
    if (name == "J_4_to_6") array = {array.shape, std::vector<double>(array.size(), 0.5)};
  const StoredModel both = side_by_side(first.stored(), other);
  EXPECT_EQ(both.spec.layers.size(), 10u);
  EXPECT_EQ(both.spec.layers[5].layer_id, 7);
  EXPECT_EQ(both.spec.layers[5].model_id, 1);
  EXPECT_TRUE(says(both.notes, "layer 7 was the input of the second network"));
  Model after = model_of(both);
  EXPECT_EQ(after.parameter("J_11_to_13").as_double(), std::vector<double>(6, 0.5));
  expect_same(first, after, {{1, 1, 0}, {2, 2, 0}, {4, 4, 0}, {6, 6, 0}});

  // and the second alone is the second
  Model second = model_of(other), alone = model_of(subgraph(both, {7, 8, 9, 11, 13}));
  expect_same(second, alone, {{1, 8, 0}, {2, 9, 0}, {4, 11, 0}, {6, 13, 0}});
  other.spec.simulation.dt = 10;
  EXPECT_EQ(failure([&] { side_by_side(first.stored(), other); }),
            "net.yaml: its dt is 10, that of the first network 37\n  give both the same simulation.dt");
}

TEST(Composition, LayersMadeOfPartsTakeTheirMasksAlong) {
  Model before = model_of(R"(seed: 3
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 3, layer_type: LTC, params: {dim: 6, wiring: {type: AutoNCP, params: {units: 6, output_size: 2, sparsity_level: 0.5}}}}
connections:
  - {from_layer: 0, to_layer: 3, connection_type: direct}
)");
  const StoredModel stored = renumber(before.stored(), {{3, 1}});
  EXPECT_NE(stored.find("mask/layer1/w"), nullptr);
  EXPECT_EQ(stored.find("mask/layer3/w"), nullptr);
  Model after = model_of(stored);
  expect_same(before, after, {{3, 1, 0}});
}

TEST(Composition, AStoredModelIsTheModel) {
  Model before = model_of(kParallel);
  Model after  = model_of(before.stored());
  expect_same(before, after, {{1, 1, 0}, {2, 2, 0}, {4, 4, 0}, {6, 6, 0}});
  StoredModel short_of_one = before.stored();
  std::erase_if(short_of_one.arrays, [](const auto& entry) { return entry.first == "layer1/log_gamma_plus"; });
  EXPECT_EQ(failure([&] { model_of(short_of_one); }),
            "net.yaml: has no parameter 'layer1/log_gamma_plus'\n  its network and its numbers do not fit");
}

}  // namespace dynode
