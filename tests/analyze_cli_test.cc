// dynode analyze, as a user drives it.
#include "tests/cli_test.h"

namespace dynode {
namespace {

constexpr const char* kRates = R"(simulation: {dt: 1}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 6, tau: 10, source_func: tanh}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: {name: normal, params: {std: 0.2}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
)";

TEST_F(Cli, AnalyzeFindsWhereANetworkRests) {
  write("rates.yaml", kRates);
  const std::string out =
      good(
          "analyze rates.yaml --task go_nogo --trials 6 --fixed-points --starts 5 --lyapunov 2 --steps 50 "
          "--output out.npz --report out.html --threads 1")
          .out;
  EXPECT_SAYS(out, "  state       6 numbers: 1/v\n");
  EXPECT_SAYS(out, "  runs        6 of 199 steps, trials of go_nogo, without noise\n");
  EXPECT_SAYS(out, "\npoints of rest under input 0\n");
  EXPECT_SAYS(out, "stable ");
  EXPECT_SAYS(out, "\nLyapunov exponents under input 0, 6 runs\n");
  EXPECT_SAYS(out, "\nresults: out.npz\nreport: out.html\n");
  EXPECT_SAYS(read_file(path("out.html")), "dynamics report");
  const Npz file = load_npz(path("out.npz"));
  EXPECT_EQ(file.at("states").shape, (std::vector<int64_t>{6, 200, 6}));
  EXPECT_EQ(file.at("lyapunov").shape, (std::vector<int64_t>{1, 6, 2}));
  EXPECT_EQ(file.at("points/starts").as_integers("starts"), (std::vector<int64_t>{5}));

  // the number of threads leaves no trace
  good(
      "analyze rates.yaml --task go_nogo --trials 6 --fixed-points --starts 5 --lyapunov 2 --steps 50 "
      "--output again.npz --threads 3");
  EXPECT_EQ(read_file(path("again.npz")), read_file(path("out.npz")));
}

TEST_F(Cli, AnalyzeTakesInputsAndConstants) {
  const std::string out =
      good("analyze net.yaml --input x.npy --fixed-points --starts 2 --constant 0,0,0 --constant 0.1,0,-0.2").out;
  EXPECT_SAYS(out, "\npoints of rest under input (0, 0, 0)\n");
  EXPECT_SAYS(out, "\npoints of rest under input (0.1, 0, -0.2)\n");
}

TEST_F(Cli, AnalyzeSaysWhatIsWrong) {
  write("rates.yaml", kRates);
  write_npy("labels.npy", {{2}, std::vector<int64_t>{0, 1}});
  const auto says_of = [&](const std::string& line, const std::string& message) {
    const Outcome outcome = run("analyze " + line);
    EXPECT_EQ(outcome.code, 2) << line;
    EXPECT_EQ(outcome.err, "error: " + message + "\n") << line;
  };
  says_of("rates.yaml", "on what is the network to run?\n  give --task NAME or --input x.npy");
  says_of("rates.yaml --task go_nogo --input x.npy",
          "--task and --input both say on what to run\n  give --task NAME or --input x.npy");
  says_of("product.yaml --input x2.npy",
          "no layer of this network carries a state from step to step\n  there are no dynamics to analyse");
  says_of("rates.yaml --task go_nogo --constant 1",
          "--constant: nothing is asked under a constant input\n  add --fixed-points or --lyapunov 3");
  says_of("rates.yaml --task go_nogo --fixed-points --constant 1,x",
          "--constant: '1,x' is no list of numbers\n  one per input: 0,1");
  says_of("rates.yaml --task go_nogo --fixed-points --constant 1,2",
          "constant input: expected [1], got [2]\n  one number per input");
  says_of("net.yaml --input x.npy --labels labels.npy", "labels.npy: expected [5], got [2]\n  one label per run");
  says_of("rates.yaml --task go_nogo --lyapunov 7 --trials 2",
          "there are 6 Lyapunov exponents, not 7\n  ask for 1 to 6");
  says_of("rates.yaml --task go_nogo --slow -1", "--slow: -1 is no share\n  give 0.01, for example");
  says_of("rates.yaml --task go_nogo --output a.txt", "a.txt: results are written as .npz\n  name it like out.npz");
}

}  // namespace
TEST_F(Cli, AnalyzeSaysWhetherActivityLasts) {
  const Outcome outcome = good("analyze net.yaml --input x.npy --criticality");
  EXPECT_SAYS(outcome.out, "layer  branching  susceptibility  expansion per step  avalanches  power of sizes  of durations");
  EXPECT_SAYS(outcome.out, "\n  1 ");
}

}  // namespace dynode
