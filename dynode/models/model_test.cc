#include "dynode/base/failure_test.h"
#include "dynode/models/model.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "dynode/base/random.h"
#include "dynode/io/io_test.h"
#include "dynode/io/npz.h"
#include "dynode/kernels/isa.h"
#include "dynode/run/random_spec_test.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Shape   = std::vector<int64_t>;
using Numbers = std::vector<double>;

Model model_of(const std::string& yaml, const ModelOptions& options = {.precision = Precision::float64}) {
  return Model::from_spec(read_spec(parse_yaml(yaml, "net.yaml")), options);
}

/// Numbers of deviation 0.7.
Array random_array(const std::string& what, Shape shape) {
  Random random(1, what);
  size_t size = 1;
  for (int64_t n : shape) size *= size_t(n);
  Numbers values(size);
  for (double& v : values) v = 0.7 * random.normal();
  return {std::move(shape), std::move(values)};
}
Array numbers(Shape shape, Numbers values) { return {std::move(shape), std::move(values)}; }

std::string bytes_of(const std::string& path) {
  std::ifstream     file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Two inputs, three dendrites with a mask and signs, one readout.
const char* const kSmall = R"(
simulation: {dt: 0.5}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2, polarity: [1, -1]}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 3, source_func: Tanh, gamma_plus: 0.3, gamma_minus: 0.2}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: uniform, params: {min: 0.1, max: 0.4}}}}
  - {from_layer: 1, to_layer: 1, connection_type: sparse, params: {sparsity: 0.5, constraints: {min: -0.3, max: 0.3}, std: 0.2}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {bias: zero, std: 0.5}}
)";

// ---- files ----------------------------------------------------------------------------------------------

TEST(ModelFiles, AModelFileGivesTheSameModelAndTheSameBytes) {
  TemporaryFolder folder;
  for (Precision precision : {Precision::float32, Precision::float64})
    for (uint64_t seed = 1; seed <= 30; ++seed) {
      Model first = Model::from_spec(random_spec(seed, {.smooth = false}), {.precision = precision});
      first.save(folder / "a.dynode");
      Model second = Model::load(folder / "a.dynode", {.precision = precision});
      second.save(folder / "b.dynode");
      ASSERT_EQ(bytes_of(folder / "a.dynode"), bytes_of(folder / "b.dynode")) << seed;
      const Array           x = random_array("x", {3, 7, int64_t(first.plan().input_width())});
      const SimulateOptions all{.record = {"s", "state", "phi"}, .initial_states = {}};
      ASSERT_EQ(first.simulate(x, all).arrays, second.simulate(x, all).arrays) << seed;
      ASSERT_EQ(first.parameter_names(), second.parameter_names());
    }
}

TEST(ModelFiles, TrainedNumbersAreKeptToTheLastBit) {
  TemporaryFolder folder;
  for (Precision precision : {Precision::float32, Precision::float64}) {
    Model       first = model_of(kSmall, {.precision = precision});
    const Array x     = random_array("x", {4, 9, 2});
    for (int step = 0; step < 5; ++step)
      first.descend(first.gradient(x, {{.loss = "mse", .target = random_array("y", {4, 9, 2})}}), 0.1);
    first.save(folder / "m.dynode");
    Model second = Model::load(folder / "m.dynode", {.precision = precision}),
          third  = model_of(kSmall, {.precision = precision});
    third.load_parameters(folder / "m.dynode");
    const auto wanted = first.simulate(x, {.record = {"s"}, .initial_states = {}}).arrays;
    EXPECT_EQ(second.simulate(x, {.record = {"s"}, .initial_states = {}}).arrays, wanted);
    EXPECT_EQ(third.simulate(x, {.record = {"s"}, .initial_states = {}}).arrays, wanted) << "as weights of a spec";
  }
}

TEST(ModelFiles, DrawnMasksAndSignsAreKeptWhateverTheSeed) {
  TemporaryFolder folder;
  Model           first = model_of(kSmall);
  first.save(folder / "m.dynode");
  Model second = Model::load(folder / "m.dynode", {.precision = Precision::float64, .seed = 99});
  for (size_t i = 0; i < first.plan().parameters.blocks().size(); ++i)
    EXPECT_EQ(first.plan().parameters.blocks()[i].mask, second.plan().parameters.blocks()[i].mask);
  EXPECT_EQ(first.plan().layers[0].polarity, second.plan().layers[0].polarity);
  EXPECT_EQ(first.parameter("J_1_to_1"), second.parameter("J_1_to_1"));
}

TEST(ModelFiles, FilesASpecNamesAreOnlyNeededWhereNothingWasKept) {
  TemporaryFolder folder;
  save_npz(folder / "mask.npz", {{"mask", numbers({2, 2}, {1, 1, 1, 1})}});
  save_npz(folder / "table.npz", {{"phi", numbers({3}, {0, 0.25, 0.5})},
                                  {"ib", numbers({2}, {1, 2})},
                                  {"g", numbers({2, 3}, {0, 0.1, 0.2, 0.3, 0.5, 0.4})}});
  std::ofstream(folder / "net.yaml") << R"(
simulation: {rate_table: table.npz}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 2}}
connections: [{from_layer: 0, to_layer: 1, connection_type: custom, params: {mask_file: mask.npz}}]
)";
  Model first = Model::load(folder / "net.yaml");
  first.save(folder / "m.dynode");
  std::filesystem::remove(folder / "mask.npz");
  Model       second = Model::load(folder / "m.dynode");
  const Array x      = random_array("x", {2, 5, 2});
  EXPECT_EQ(first.simulate(x).arrays, second.simulate(x).arrays);
  std::filesystem::remove(folder / "table.npz");
  EXPECT_SAYS(failure([&] { Model::load(folder / "m.dynode"); }), "table.npz");
}

TEST(ModelFiles, ParametersComeFromNpzFilesByRealOrStoredName) {
  TemporaryFolder folder;
  Model           m = model_of(kSmall);
  save_npz(folder / "w.npz", {{"J_0_to_1", numbers({3, 2}, {1, -2, 3, -4, 5, -6})},
                              {"layer1/gamma_plus", numbers({3}, {0.1, 0.2, 0.3})},
                              {"layer1/log_gamma_minus", numbers({3}, {-1, -2, -3})},
                              {"b_1_to_2", numbers({2}, {7, 8})}});
  m.load_parameters(folder / "w.npz");
  EXPECT_EQ(m.parameter("J_0_to_1").as_double(), (Numbers{1, -2, 3, -4, 5, -6}));
  EXPECT_NEAR(m.parameter("layer1/gamma_plus").as_double()[2], 0.3, 1e-16);
  EXPECT_EQ(m.parameter("layer1/log_gamma_minus").as_double(), (Numbers{-1, -2, -3}));
  EXPECT_NEAR(m.parameter("layer1/gamma_minus").as_double()[1], std::exp(-2.0), 1e-16);
  EXPECT_EQ(m.parameter("b_1_to_2").as_double(), (Numbers{7, 8}));
}

TEST(ModelFiles, WhatDoesNotFitIsRefused) {
  TemporaryFolder folder;
  Model           m    = model_of(kSmall);
  const auto      load = [&](const std::string& name, Array values) {
    save_npz(folder / "w.npz", {{name, std::move(values)}});
    return failure([&] { m.load_parameters(folder / "w.npz"); });
  };
  EXPECT_SAYS(load("J_0_to_2", numbers({3, 2}, Numbers(6))),
              "there is no parameter 'J_0_to_2'\n  did you mean 'J_0_to_1'?");
  EXPECT_EQ(load("J_0_to_1", numbers({2, 3}, Numbers(6))), "J_0_to_1: expected [3, 2], got [2, 3]");
  Numbers mask(9);
  for (size_t i = 0; i < 9; ++i) mask[i] = !m.plan().parameters[m.plan().parameters.find("J_1_to_1")].mask[i];
  EXPECT_SAYS(load("mask/J_1_to_1", numbers({3, 3}, mask)),
              "mask/J_1_to_1 differs from the mask of this network at [0, 0]");
  EXPECT_EQ(load("mask/J_1_to_2", numbers({2, 3}, {1, 1, 1, 1, 1, 1})), "no error")
      << "a dense connection has all of them";
  EXPECT_SAYS(load("mask/J_1_to_2", numbers({2, 3}, {1, 1, 1, 1, 0, 1})), "at [1, 1]");
  // what stands before the wrong one is not taken either
  const Array before = m.parameter("b_1_to_2");
  save_npz(folder / "w.npz", {{"b_1_to_2", numbers({2}, {5, 6})}, {"J_0_to_1", numbers({1}, {0})}});
  EXPECT_SAYS(failure([&] { m.load_parameters(folder / "w.npz"); }), "J_0_to_1: expected [3, 2], got [1]");
  EXPECT_EQ(m.parameter("b_1_to_2"), before);
  EXPECT_SAYS(failure([&] { Model::load(folder / "gone.yaml"); }), "gone.yaml");
  EXPECT_SAYS(failure([&] { Model::load(folder / "gone.dynode"); }), "gone.dynode");
  std::ofstream(folder / "bad.dynode") << "nothing of the kind";
  EXPECT_SAYS(failure([&] { Model::load(folder / "bad.dynode"); }), "bad.dynode");
}

// ---- parameters -----------------------------------------------------------------------------------------

TEST(ModelParameters, AreKnownByName) {
  Model m = model_of(kSmall);
  EXPECT_EQ(m.parameter_names(),
            (std::vector<std::string>{"layer1/phi_offset", "layer1/bias_current", "layer1/gamma_plus",
                                      "layer1/gamma_minus", "J_0_to_1", "J_1_to_1", "J_1_to_2", "b_1_to_2"}));
  EXPECT_EQ(m.parameter("layer1/phi_offset"), numbers({3}, {0.23, 0.23, 0.23}));
  EXPECT_EQ(m.parameter("J_1_to_2").shape, (Shape{2, 3}));
  EXPECT_EQ(failure([&] { m.parameter("J_1_to_3"); }),
            "there is no parameter 'J_1_to_3'\n  did you mean 'J_1_to_1'?  there are: layer1/phi_offset, "
            "layer1/bias_current, "
            "layer1/gamma_plus, layer1/gamma_minus, J_0_to_1, J_1_to_1, J_1_to_2, b_1_to_2");
  EXPECT_EQ(failure([&] { m.set_parameter("b_1_to_2", numbers({3}, {1, 2, 3})); }), "b_1_to_2: expected [2], got [3]");
  EXPECT_EQ(failure([&] {
              m.set_parameter("layer1/gamma_plus", numbers({3}, {1, 0, 1}));
            }),
            "layer1/gamma_plus: value 0 at position 1 is not positive");
  EXPECT_EQ(failure([&] {
              m.set_parameter("layer1/log_gamma_plus", numbers({3}, {1, 0, NAN}));
            }),
            "layer1/log_gamma_plus: value nan at position 2 is not finite");
}

TEST(ModelParameters, AreProjectedOntoTheConstraintsWhenSet) {
  Model m = model_of(kSmall);
  m.set_parameter("J_1_to_1", numbers({3, 3}, Numbers(9, 5)));
  const auto& mask = m.plan().parameters[m.plan().parameters.find("J_1_to_1")].mask;
  for (size_t i = 0; i < 9; ++i) EXPECT_EQ(m.parameter("J_1_to_1").as_double()[i], mask[i] ? 0.3 : 0.0);
  m.set_parameter("J_0_to_1", numbers({3, 2}, {1, 1, -1, -1, 0, 0}));
  EXPECT_EQ(m.parameter("J_0_to_1").as_double(), (Numbers{1, 0, 0, -1, 0, 0})) << "signs of the sources";
}

TEST(ModelParameters, OneNumberMayComeWithoutAxes) {
  Model m = model_of(
      "simulation: {dt: 2, dt_learnable: true}\nlayers: [{layer_id: 0, layer_type: Linear, params: {dim: 1}}]\n");
  m.set_parameter("dt", numbers({}, {3}));
  EXPECT_EQ(m.parameter("dt").as_double(), Numbers{3});
  m.set_parameter("dt", numbers({1}, {4}));
  EXPECT_EQ(m.parameter("dt").as_double(), Numbers{4});
  EXPECT_EQ(m.parameter("dt").shape, Shape{});
}

// ---- simulate -------------------------------------------------------------------------------------------

TEST(ModelSimulate, RecordsWhatIsAskedForInThatOrder) {
  Model       m     = model_of(kSmall);
  const Array x     = random_array("x", {2, 5, 2});
  const auto  names = [&](std::vector<std::string> record) {
    std::vector<std::string> list;
    for (const auto& [name, array] : m.simulate(x, {.record = std::move(record), .initial_states = {}}).arrays)
      list.push_back(name);
    return list;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(names({}), Names{"output"});
  EXPECT_EQ(names({"output"}), Names{"output"});
  EXPECT_EQ(names({"g/1", "s/2"}), (Names{"g/1", "s/2", "output"}));
  EXPECT_EQ(names({"s/1", "s", "s/2", "output"}), (Names{"s/1", "s/0", "s/2", "output"})) << "each once";
  EXPECT_EQ(names({"phi", "s"}), (Names{"phi/1", "phi/2", "s/0", "s/1", "s/2", "output"}));
  const Results r = m.simulate(x, {.record = {"s", "phi"}, .initial_states = {}});
  EXPECT_EQ(r.at("s/1").shape, (Shape{2, 6, 3})) << "with the initial state";
  EXPECT_EQ(r.at("phi/1").shape, (Shape{2, 5, 3})) << "one per step";
  EXPECT_EQ(r.at("output"), r.at("s/2"));
  EXPECT_EQ(r.find("g/1"), nullptr);
  EXPECT_EQ(failure([&] { r.at("s/3"); }),
            "results: there is no 's/3'\n  did you mean 's/0'?  it has: s/0, s/1, s/2, phi/1, phi/2, output");
  EXPECT_EQ(failure([&] { names({"phii"}); }),
            "'phii' cannot be recorded\n  did you mean 'phi'?  there are: s, state, phi, g, spikes, output, s/0, s/1, phi/1, "
            "g/1, s/2, phi/2, power, power_bias, power_diss, energy, energy_bias, energy_diss, power_dimensionless, "
            "power_bias_dimensionless, power_diss_dimensionless, energy_dimensionless, energy_bias_dimensionless, "
            "energy_diss_dimensionless");
  EXPECT_SAYS(failure([&] { names({"state/1/v"}); }), "'state/1/v' cannot be recorded");
  EXPECT_EQ(names({"state"}), Names{"output"}) << "no layer has another one";
}

TEST(ModelSimulate, FollowsTheEquations) {
  Model m = model_of(kSmall);
  m.set_parameter("J_1_to_1", numbers({3, 3}, Numbers(9)));
  const Array   x  = random_array("x", {1, 4, 2});
  const Results r  = m.simulate(x, {.record = {"s", "phi", "g"}, .initial_states = {}});
  const Numbers in = x.as_double(), w = m.parameter("J_0_to_1").as_double(), s = r.at("s/1").as_double();
  for (size_t t = 0; t < 4; ++t)
    for (size_t u = 0; u < 3; ++u) {
      const double phi = 0.23 + w[2 * u] * in[2 * t] + w[2 * u + 1] * in[2 * t + 1];
      EXPECT_NEAR(r.at("phi/1").as_double()[3 * t + u], phi, 1e-15);
      EXPECT_NEAR(r.at("g/1").as_double()[3 * t + u], std::tanh(phi), 1e-15);
      EXPECT_NEAR(s[3 * (t + 1) + u], s[3 * t + u] + 0.5 * (0.3 * std::tanh(phi) - 0.2 * s[3 * t + u]), 1e-15);
    }
}

TEST(ModelSimulate, TakesOneRowWithoutItsAxis) {
  Model       m = model_of(kSmall);
  const Array x = random_array("x", {6, 2});
  const Array row{{1, 6, 2}, x.data};
  EXPECT_EQ(m.simulate(x).arrays, m.simulate(row).arrays);
  EXPECT_EQ(m.simulate(x).at("output").shape, (Shape{1, 7, 2}));
}

TEST(ModelSimulate, PadsNarrowInputsAndCutsWideOnesWithAWarning) {
  Model       m      = model_of(kSmall);
  const Array narrow = numbers({1, 2, 1}, {1, 2}), padded = numbers({1, 2, 2}, {1, 0, 2, 0}),
              wide     = numbers({1, 2, 3}, {1, 0, 7, 2, 0, 8});
  const Results wanted = m.simulate(padded), from_narrow = m.simulate(narrow), from_wide = m.simulate(wide);
  EXPECT_EQ(from_narrow.arrays, wanted.arrays);
  EXPECT_TRUE(from_narrow.warnings.empty());
  EXPECT_EQ(from_wide.arrays, wanted.arrays);
  EXPECT_EQ(from_wide.warnings,
            (std::vector<std::string>{"the input has 3 channels, layer 0 takes 2: the rest was left out"}));
}

TEST(ModelSimulate, RefusesInputsThatAreNone) {
  Model      m     = model_of(kSmall);
  const auto given = [&](Array x) { return failure([&] { m.simulate(x); }); };
  EXPECT_EQ(given(numbers({4}, Numbers(4))),
            "input: expected [any, any, 2], got [4]\n  axes are [batch, steps, units]");
  EXPECT_EQ(given(numbers({1, 1, 1, 4}, Numbers(4))),
            "input: expected [any, any, 2], got [1, 1, 1, 4]\n  axes are [batch, steps, units]");
  EXPECT_EQ(given(numbers({0, 3, 2}, {})), "input: expected [any, any, 2], got [0, 3, 2]\n  it is empty");
  EXPECT_EQ(given(numbers({2, 0, 2}, {})), "input: expected [any, any, 2], got [2, 0, 2]\n  it is empty");
  Numbers x(2 * 3 * 2);
  x[9] = NAN;
  EXPECT_EQ(given(numbers({2, 3, 2}, x)), "input: the value at row 1, step 1, unit 1 is nan");
  x[9]         = 1e300;
  Model single = model_of(kSmall, {.precision = Precision::float32});
  EXPECT_EQ(failure([&] {
              single.simulate(numbers({2, 3, 2}, x));
            }),
            "input: the value at row 1, step 1, unit 1 is inf")
      << "in float";
}

TEST(ModelSimulate, InitialStatesAreSharedOrByRow) {
  Model       m     = model_of(kSmall);
  const Array x     = random_array("x", {2, 3, 2});
  const auto  first = [&](InitialStates states) {
    const Array   s   = m.simulate(x, {.record = {"s/1"}, .initial_states = std::move(states)}).at("s/1");
    const Numbers all = s.as_double();
    return Numbers{all[0], all[1], all[2], all[12], all[13], all[14]};
  };
  EXPECT_EQ(first({}), Numbers(6));
  EXPECT_EQ(first({{"1", numbers({3}, {1, 2, 3})}}), (Numbers{1, 2, 3, 1, 2, 3}));
  EXPECT_EQ(first({{"1/s", numbers({2, 3}, {1, 2, 3, 4, 5, 6})}}), (Numbers{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(failure([&] {
              first({{"1", numbers({2}, {1, 2})}});
            }),
            "initial state 1: expected [2, 3], got [2]\n  [3] for all rows alike is fine, too");
  EXPECT_EQ(failure([&] {
              first({{"3", numbers({2}, {1, 2})}});
            }),
            "there is no initial state '3'\n  there are: 0, 0/s, 1, 1/s, 2, 2/s");
  const double s =
      m.simulate(x, {.record = {"s/0"}, .initial_states = {{"0", numbers({2}, {8, 9})}}}).at("s/0").as_double()[1];
  EXPECT_EQ(s, 9) << "of the input, too";
}

TEST(ModelSimulate, AStateThatFollowsFromAnotherIsNotGiven) {
  Model m = model_of(
      "layers: [{layer_id: 0, layer_type: Linear, params: {dim: 1}}, {layer_id: 1, layer_type: CTRNN, "
      "params: {dim: 1, source_func: Tanh}}]\n");
  const Array x = numbers({1, 1, 1}, {0});
  EXPECT_NEAR(m.simulate(x, {.record = {}, .initial_states = {{"1/v", numbers({1}, {2})}}}).at("output").as_double()[0],
              std::tanh(2.0), 1e-15);
  EXPECT_EQ(failure([&] {
              m.simulate(x, {.record = {}, .initial_states = {{"1/r", numbers({1}, {2})}}});
            }),
            "there is no initial state '1/r'\n  did you mean '1/v'?  there are: 0, 0/s, 1, 1/v");
}

TEST(ModelSimulate, PrecisionsAgree) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Model single  = Model::from_spec(random_spec(seed), {.precision = Precision::float32, .threads = 2});
    Model precise = Model::from_spec(random_spec(seed), {.precision = Precision::float64});
    EXPECT_EQ(single.precision(), Precision::float32);
    EXPECT_EQ(precise.precision(), Precision::float64);
    const Array   x = random_array("x", {5, 12, int64_t(single.plan().input_width())});
    const Numbers a = single.simulate(x).at("output").as_double(), b = precise.simulate(x).at("output").as_double();
    double        scale = 1;
    for (double v : b) scale = std::max(scale, std::abs(v));
    for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-5 * scale) << seed;
  }
}

TEST(ModelSimulate, NumbersThatStopBeingFiniteAreNamed) {
  Model m = model_of(kSmall, {.precision = Precision::float32});
  m.set_parameter("J_1_to_2", numbers({2, 3}, {0, 0, 0, 3e38, 0, 0}));
  m.set_parameter("layer1/gamma_plus", numbers({3}, {5, 5, 5}));
  EXPECT_EQ(failure([&] {
              m.simulate(numbers({1, 3, 2}, {0, 0, 9, 0, 9, 0}));
            }),
            "layer 2: the output became inf at step 2, unit 1, row 0 of the batch\n"
            "  a smaller simulation.dt, smaller weights or a lower learning rate usually helps");
}

// ---- gradient -------------------------------------------------------------------------------------------

TEST(ModelGradient, OfSeveralTermsIsTheSumOfTheirs) {
  Model          m = model_of(kSmall);
  const Array    x = random_array("x", {5, 8, 2});
  const LossTerm a{.loss = "mse", .target = random_array("y", {5, 8, 2}), .weight = 2};
  const LossTerm b{.loss           = "cross_entropy",
                   .target         = {{5}, std::vector<int64_t>{0, 1, 1, 0, 1}},
                   .pooling        = "final",
                   .pooling_params = {{"scale", 3}}};
  const LossTerm c{.loss = "mse", .target = random_array("z", {5, 3}), .pooling = "mean", .weight = 0.5, .layer = 1};
  const Gradient all     = m.gradient(x, {a, b, c});
  const Gradient parts[] = {m.gradient(x, {a}), m.gradient(x, {b}), m.gradient(x, {c})};
  EXPECT_NEAR(all.loss, parts[0].loss + parts[1].loss + parts[2].loss, 1e-13);
  for (const auto& [name, g] : all.parameters) {
    const Numbers sum = g.as_double();
    for (size_t i = 0; i < sum.size(); ++i) {
      double wanted = 0;
      for (const Gradient& part : parts) wanted += part.at(name).as_double()[i];
      EXPECT_NEAR(sum[i], wanted, 1e-13) << name;
    }
  }
}

TEST(ModelGradient, IsTheSlopeOfTheLossAsPeopleSeeIt) {
  Model                       m      = model_of(kSmall);
  const std::vector<LossTerm> loss   = {{.loss = "mse", .target = random_array("y", {3, 6, 2})},
                                        {.loss           = "cross_entropy",
                                         .target         = {{3}, std::vector<int64_t>{1, 0, 1}},
                                         .pooling        = "mean_last_n",
                                         .pooling_params = {{"n", 2}}}};
  Array                       x      = random_array("x", {3, 6, 2});
  InitialStates               states = {{"1", random_array("s", {3, 3})}};
  const Gradient              g      = m.gradient(x, loss, {.initial_states = states, .input = true, .initial = true});
  const double                h      = 1e-5;
  const auto                  value  = [&] { return m.gradient(x, loss, {.initial_states = states}).loss; };
  const auto                  slope  = [&](double& number) {
    const double here  = number;
    number             = here + h;
    const double above = value();
    number             = here - h;
    const double below = value();
    number             = here;
    return (above - below) / (2 * h);
  };
  for (size_t i : {0, 7, 35}) EXPECT_NEAR(g.input->as_double()[i], slope(std::get<Numbers>(x.data)[i]), 1e-9);
  ASSERT_EQ(g.initial.size(), 3u);
  EXPECT_EQ(g.initial[1].first, "1");
  for (size_t i : {0, 5, 8})
    EXPECT_NEAR(g.initial[1].second.as_double()[i], slope(std::get<Numbers>(states.at("1").data)[i]), 1e-9);
  for (const char* name : {"J_0_to_1", "J_1_to_2", "b_1_to_2", "layer1/log_gamma_plus", "layer1/phi_offset"}) {
    Array        stored = m.parameter(name);
    double&      first  = std::get<Numbers>(stored.data)[0];
    const double here = first, sign = 1;
    first              = here + sign * h, m.set_parameter(name, stored);
    const double above = value();
    first              = here - sign * h, m.set_parameter(name, stored);
    const double below = value();
    first              = here, m.set_parameter(name, stored);
    EXPECT_NEAR(g.at(name).as_double()[0], (above - below) / (2 * h), 1e-8) << name;
  }
}

TEST(ModelGradient, HasTheShapesOfWhatWasGiven) {
  Model          m = model_of(kSmall);
  const LossTerm loss{.loss = "mse", .target = random_array("y", {4, 2}), .pooling = "final"};
  for (int64_t channels : {1, 2, 5}) {
    const Gradient g =
        m.gradient(random_array("x", {4, 3, channels}), {loss}, {.initial_states = {}, .input = true, .initial = true});
    EXPECT_EQ(g.input->shape, (Shape{4, 3, channels}));
    const Numbers bar = g.input->as_double();
    for (size_t i = 0; i < bar.size(); ++i)
      EXPECT_EQ(bar[i] != 0, int64_t(i) % channels < 2) << "channels that were left out have none";
    EXPECT_EQ(g.initial[2].second.shape, (Shape{4, 2}));
  }
  const Gradient plain = m.gradient(random_array("x", {4, 3, 2}), {loss});
  EXPECT_FALSE(plain.input.has_value());
  EXPECT_TRUE(plain.initial.empty());
  EXPECT_EQ(plain.at("layer1/log_gamma_plus").shape, Shape{3});
  EXPECT_SAYS(failure([&] { plain.at("J_2_to_1"); }), "gradient: there is no 'J_2_to_1'");
}

TEST(ModelGradient, DependsNeitherOnThreadsNorOnCheckpoints) {
  const Array    x = random_array("x", {70, 25, 2});
  const LossTerm loss{.loss = "mse", .target = random_array("y", {70, 25, 2})};
  for (Precision precision : {Precision::float32, Precision::float64}) {
    const Gradient wanted = model_of(kSmall, {.precision = precision})
                                .gradient(x, {loss}, {.initial_states = {}, .input = true, .initial = true});
    for (int threads : {1, 2, 3})
      for (size_t every : {0, 1, 4, 30}) {
        const Gradient g =
            model_of(kSmall, {.precision = precision, .threads = threads})
                .gradient(x, {loss}, {.initial_states = {}, .input = true, .initial = true, .adjoint = {.checkpoint_every = every}});
        EXPECT_EQ(g.loss, wanted.loss);
        EXPECT_EQ(g.parameters, wanted.parameters);
        EXPECT_EQ(g.input, wanted.input);
        EXPECT_EQ(g.initial, wanted.initial);
      }
  }
}

TEST(ModelGradient, RefusesLossesThatDoNotFit) {
  Model       m     = model_of(kSmall);
  const Array x     = random_array("x", {3, 4, 2});
  const auto  given = [&](LossTerm loss) { return failure([&] { m.gradient(x, {loss}); }); };
  const Array classes{{3}, std::vector<int64_t>{0, 1, 1}};
  EXPECT_SAYS(given({.loss = "mes", .target = {}}), "did you mean 'mse'?");
  EXPECT_SAYS(given({.loss = "mse", .target = random_array("y", {3, 2}), .pooling = "finale"}),
              "did you mean 'final'?");
  EXPECT_EQ(given({.loss = "mse", .target = random_array("y", {3, 2}), .pooling = "final", .layer = 5}),
            "loss 'mse' names layer 5, which does not exist");
  EXPECT_EQ(given({.loss = "mse", .target = {}, .pooling = "final"}), "target of loss 'mse': there is none");
  EXPECT_EQ(given({.loss = "cross_entropy", .target = {}, .pooling = "final"}),
            "target of loss 'cross_entropy': there is none");
  EXPECT_EQ(given({.loss = "mse", .target = random_array("y", {2, 3}), .pooling = "final"}),
            "target of loss 'mse': expected [3, 1, 2], got [2, 3]");
  EXPECT_EQ(given({.loss = "mse", .target = random_array("y", {3, 2})}),
            "target of loss 'mse': expected [3, 4, 2], got [3, 2]");
  EXPECT_EQ(given({.loss = "cross_entropy", .target = classes}),
            "target of loss 'cross_entropy': expected [3, 4], got [3]\n  one class per row and step");
  EXPECT_SAYS(given({.loss = "cross_entropy", .target = {{3}, std::vector<int64_t>{0, 2, 1}}, .pooling = "final"}),
              "2");
  EXPECT_SAYS(given({.loss = "cross_entropy", .target = numbers({3}, {0, 0.5, 1}), .pooling = "final"}), "0.5");
  EXPECT_SAYS(given({.loss = "mse", .target = random_array("y", {3, 2}), .pooling = "final", .params = {{"tau", 1}}}),
              "mse has no parameter 'tau'");
  EXPECT_SAYS(
      given(
          {.loss = "mse", .target = random_array("y", {3, 2}), .pooling = "mean_last_n", .pooling_params = {{"n", 0}}}),
      "outside its range");
}

TEST(ModelGradient, TargetsMayBeClassesOrProbabilities) {
  Model       m    = model_of(kSmall);
  const Array x    = random_array("x", {3, 4, 2});
  const auto  loss = [&](Array target) {
    return m.gradient(x, {{.loss = "cross_entropy", .target = std::move(target), .pooling = "final"}}).loss;
  };
  const double wanted = loss({{3}, std::vector<int64_t>{0, 1, 1}});
  EXPECT_NEAR(loss(numbers({3, 2}, {1, 0, 0, 1, 0, 1})), wanted, 1e-13);
  EXPECT_NEAR(loss(numbers({3, 1, 2}, {1, 0, 0, 1, 0, 1})), wanted, 1e-13);
  EXPECT_EQ(loss(numbers({3, 1}, {0, 1, 1})), wanted);
  EXPECT_GT(wanted, 0);
}

TEST(ModelDescend, RefusesTheGradientOfAnotherNetwork) {
  Model m     = model_of(kSmall),
        other = model_of(kSmall + std::string("  - {from_layer: 0, to_layer: 2, connection_type: dense}\n"));
  const LossTerm loss{.loss = "mse", .target = random_array("y", {1, 2}), .pooling = "final"};
  Gradient       g = other.gradient(random_array("x", {1, 3, 2}), {loss});
  EXPECT_EQ(failure([&] { m.descend(g, 0.1); }), "no error") << "it has all that is needed";
  g.parameters[4].second = numbers({2, 2}, Numbers(4));
  EXPECT_EQ(failure([&] { m.descend(g, 0.1); }), "gradient of J_0_to_1: expected [3, 2], got [2, 2]");
}

TEST(ModelDescend, LowersTheLossAndKeepsTheConstraints) {
  Model          m = model_of(kSmall);
  const Array    x = random_array("x", {6, 10, 2});
  const LossTerm loss{.loss = "mse", .target = random_array("y", {6, 10, 2})};
  const double   before = m.gradient(x, {loss}).loss;
  for (int step = 0; step < 50; ++step) m.descend(m.gradient(x, {loss}), 0.3);
  EXPECT_LT(m.gradient(x, {loss}).loss, before);
  const auto&   blocks    = m.plan().parameters;
  const Numbers recurrent = m.parameter("J_1_to_1").as_double(), input = m.parameter("J_0_to_1").as_double();
  for (size_t i = 0; i < 9; ++i) {
    EXPECT_LE(std::abs(recurrent[i]), 0.3);
    if (!blocks[blocks.find("J_1_to_1")].mask[i]) { EXPECT_EQ(recurrent[i], 0.0); }
  }
  for (size_t i = 0; i < 6; ++i) EXPECT_GE(i % 2 ? -input[i] : input[i], 0.0);
}

// ---- the processor --------------------------------------------------------------------------------------

TEST(ModelDeathTest, TheEnvironmentChoosesTheInstructionSetOfAWholeModel) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";  // a process of its own: it is read once
  const std::string last                  = isa_names().back();
  EXPECT_EXIT(
      {
        setenv("DYNODE_ISA", last.c_str(), 1);
        Model         m      = model_of(kSmall);
        const Numbers output = m.simulate(random_array("x", {9, 12, 2})).at("output").as_double();
        double        sum    = 0;
        for (double v : output) sum += v;
        std::exit(isa_name() == last && std::isfinite(sum) && sum != 0 ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace dynode
