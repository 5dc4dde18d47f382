// The networks of examples/soen, each three times: as a file through the tool, as the same network put together in C++,
// and both with the same numbers.
#include "tests/cli_test.h"

#include <algorithm>

#include "dynode/models/graph.h"

namespace dynode {
namespace {

const std::string kFolder = DYNODE_SOURCE_DIR "/examples/soen/";

Layer dendrites(int units) {
  return layers::SingleDendrite(units, {{"solver", "FE"},
                                        {"source_func", "RateArray"},
                                        {"bias_current", 1.7},
                                        {"gamma_plus", 1e-3},
                                        {"gamma_minus", 1e-3},
                                        {"phi_offset", 0.23}});
}

/// The default of a spec; layers::SingleDendrite has phi_offset 0.
const Value kOffset = 0.23;

Graph quick_start() {
  Graph g({.dt = 37});
  g.add_layer(0, layers::Linear(10)).add_layer(1, dendrites(5)).connect(0, 1);
  return g;
}

Graph parameters() {
  Graph g({.dt = 37, .track_phi = true, .track_g = true, .track_s = true}, {.seed = 1});
  g.add_layer(0, layers::Linear(10))
      .add_layer(1,
                 layers::SingleDendrite(20, {{"source_func", "RateArray"},
                                             {"bias_current", param::uniform(1.5, 2.0)},
                                             {"gamma_plus", param::lognormal(-6.9, 0.2)},
                                             {"phi_offset", kOffset}}),
                 {.description = "Hidden layer",
                  .noise       = {{"phi", 0.01}, {"s", 0.005}, {"relative", false}},
                  .perturb     = {{"bias_current_mean", 0.0}, {"bias_current_std", 0.05}}})
      .connect(0, 1,
               {.structure   = structure::dense({{"allow_self_connections", true}}),
                .init        = init::xavier_uniform(1.0),
                .constraints = {.min = -0.5, .max = 0.5}})
      .connect(1, 1, {.structure = structure::sparse(0.3), .init = init::normal({{"std", 0.05}})});
  return g;
}

Graph programmable() {
  Graph g({.dt = 37});
  g.add_layer(0, layers::Linear(10))
      .add_layer(1, layers::SingleDendrite(5, {{"source_func", "RateArray"},
                                               {"bias_current", 1.7},
                                               {"gamma_plus", 1e-3},
                                               {"gamma_minus", 1e-3},
                                               {"phi_offset", kOffset}}))
      .add_layer(2, layers::SingleDendrite(3, {{"phi_offset", kOffset}}))
      .connect(0, 1, {.mode = "NOCC"})
      .connect(1, 2,
               {.init              = init::uniform(-0.15, 0.15),
                .mode              = "NOCC",
                .connection_params = {{"alpha", 1.64053},
                                      {"beta", 303.85},
                                      {"beta_out", 91.156},
                                      {"bias_current", 2.1},
                                      {"j_in", 0.38},
                                      {"j_out", 0.38}}});
  return g;
}

Graph custom_weights() {
  Graph g;
  g.add_layer(0, layers::Linear(10))
      .add_layer(1, layers::SingleDendrite(5, {{"phi_offset", kOffset}}))
      .connect(0, 1, {.init = init::custom_weights(kFolder + "my_weights.npy")});
  return g;
}

Graph polarity() {
  Graph g({.dt = 37, .network_evaluation_method = Evaluation::stepwise_gauss_seidel}, {.seed = 42});
  g.add_layer(0, layers::Linear(100, {{"polarity_init", "alternating"}}))
      .add_layer(1,
                 layers::SingleDendrite(100, {{"polarity_init", Value::map({{"excitatory_ratio", 0.8}, {"seed", 42}})},
                                              {"phi_offset", kOffset}}))
      .add_layer(2, layers::SingleDendrite(50, {{"polarity_file", kFolder + "polarity.npy"}, {"phi_offset", kOffset}}))
      .add_layer(3, layers::Linear(10))
      .connect(0, 1, {.init = init::uniform(-0.5, 0.5)})
      .connect(1, 1, {.init = init::normal({{"std", 0.05}})})
      .connect(1, 2, {.init = init::normal({{"std", 0.1}}), .constraints = {.min = -0.5, .max = 0.5}})
      .connect(2, 3, {.init = init::uniform()});
  return g;
}

Graph classifier() {
  return Sequential({layers::Linear(10),
                     layers::SingleDendrite(50, {{"bias_current", param::uniform(1.5, 1.9)},
                                                 {"gamma_plus", 3e-4},
                                                 {"gamma_minus", 1e-3},
                                                 {"phi_offset", kOffset}}),
                     layers::DendriteReadout(5, {{"bias_current", 1.7}})},
                    {.simulation = {.dt = 37, .track_power = true}});
}

Graph feedback() {
  Graph g({.dt                          = 37,
           .network_evaluation_method   = Evaluation::stepwise_gauss_seidel,
           .early_stopping_forward_pass = true,
           .steady_window_min           = 50,
           .steady_tol_abs              = 1e-5});
  g.add_layer(0, layers::Linear(10))
      .add_layer(1, dendrites(20))
      .add_layer(2, dendrites(15))
      .connect(0, 1)
      .connect(1, 2)
      .connect(2, 1, {.structure = structure::sparse(0.3)});
  return g;
}

struct Example {
  const char* file;
  Graph (*make)();
};
constexpr Example kExamples[] = {{"quick_start.yaml", quick_start},       {"quick_start.json", quick_start},
                                 {"parameters.yaml", parameters},         {"programmable.yaml", programmable},
                                 {"custom_weights.yaml", custom_weights}, {"polarity.yaml", polarity},
                                 {"classifier.yaml", classifier},         {"feedback.yaml", feedback}};

TEST_F(Cli, NetworksOfDendritesAreTheSameFromFilesAndFromCode) {
  for (const Example& example : kExamples) {
    SCOPED_TRACE(example.file);
    Graph              g     = example.make();
    const int64_t      units = int64_t(g.model().plan().input_width());
    std::vector<float> x(size_t(2 * 60 * units));
    for (size_t i = 0; i < x.size(); ++i) x[i] = i % 17 < 5 ? 0.4f : 0.0f;
    const Array input{{2, 60, units}, x};
    write_npy("input.npy", input);

    const std::string file = kFolder + example.file;
    EXPECT_SAYS(good("info " + file).out, "Order of a step");
    good("simulate " + file + " --input input.npy --record s --output out.npz");
    const Npz out = load_npz(path("out.npz"));
    EXPECT_EQ(out.at("output"), g(input));
    EXPECT_NE(out.find("s/1"), nullptr);
  }
}

TEST_F(Cli, EveryNetworkOfDendritesIsTested) {
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    const std::string name = entry.path().filename().string(), ending = entry.path().extension().string();
    if (ending != ".yaml" && ending != ".json") continue;
    EXPECT_TRUE(std::ranges::any_of(kExamples, [&](const Example& e) { return name == e.file; })) << name;
  }
}

TEST_F(Cli, ATableOfACircuitIsDrawn) {
  good(
      "rate-table --phi-count 6 --phi-step 0.1 --ib-first 1 --ib-step 0.5 --ib-count 4 --end 400 --slow-end 400 "
      "--output table.npz --plot table.svg");
  const std::string svg = read_file(path("table.svg"));
  EXPECT_SAYS(svg, "<svg ");
  EXPECT_SAYS(svg, "i = 2.50");
  EXPECT_EQ(run("rate-table --output table.npz --plot nowhere/table.svg").code, 2);
}

}  // namespace
}  // namespace dynode
