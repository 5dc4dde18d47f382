// The tool `dynode` as a user drives it: most verbs on small networks, and what it says about mistakes.
#include "tests/cli_test.h"

#include <chrono>
#include <fmt/format.h>
#include <map>
#include <regex>
#include <thread>

#include "dynode/base/display.h"
#include "dynode/base/version.h"
#include "dynode/cells/cell.h"
#include "dynode/circuits/squid.h"
#include "dynode/io/rate_table.h"
#include "dynode/learn/loss.h"
#include "dynode/learn/optimizer.h"
#include "dynode/models/model.h"
#include "dynode/wiring/structures.h"

namespace dynode {
namespace {

// ---- help ----------------------------------------------------------------------------------------------

TEST_F(Cli, SaysItsVersion) {
  const Outcome outcome = good("--version");
  EXPECT_EQ(outcome.out, fmt::format("dynode {}\n", kVersion));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Cli, ExplainsItselfAndEveryVerb) {
  const std::string help = good("--help").out;
  for (const char* verb : {"info", "simulate", "init", "train", "resume", "evaluate", "report", "robustness", "search", "analyze", "quantize", "prune",
                           "convert", "spiking", "mean-field", "tasks", "signal", "rate-table", "units", "doctor"}) {
    EXPECT_SAYS(help, fmt::format("\n  {} ", verb));
    const std::string own = good(fmt::format("{} --help", verb)).out;
    EXPECT_SAYS(own, fmt::format("\nUsage\n  dynode {}", verb));
    EXPECT_SAYS(own, "-h, --help");
    std::istringstream lines(own);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), kDisplayWidth) << line;
  }
}

TEST_F(Cli, WithoutAVerbItShowsItsHelpAsAnError) {
  const Outcome outcome = run("");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, good("--help").out);
}

// ---- info ----------------------------------------------------------------------------------------------

TEST_F(Cli, InfoShowsWhatASpecMeans) {
  const std::string text = good("info net.yaml").out;
  EXPECT_SAYS(text, "input       3 channels, the state of layer 0\n");
  EXPECT_SAYS(text, "J_1_to_1  1 → 1      one step late  sparse");
  EXPECT_SAYS(text, "input 0 ──▶ 1 ⟲ ──▶ 2\n");
  EXPECT_FALSE(says(text, "\nParameters\n"));
  const std::string more = good("info net.yaml --weights").out;
  EXPECT_TRUE(std::regex_search(more, std::regex("\n  layer1/gamma_plus +4 +0.01 +0.01 +0.01 +0  as logarithm\n")))
      << more;
}

TEST_F(Cli, InfoObeysSet) {
  EXPECT_SAYS(good("info net.yaml --set simulation.dt=5").out, "dt 5, stepwise_gauss_seidel");
  EXPECT_SAYS(good("info product.yaml --set simulation.dt=5").out, "dt 5, layerwise");  // a block that was not there
  EXPECT_SAYS(good("info net.yaml --set layers[1].params.gamma_plus=0.5 --set layers.1.params.dim=7").out,
              "1   SingleDendrite      7  RateArray  37      1  phi_offset 0.23 Phi_0 · bias_current 1.7 I_c ·\n"
              "                                                   gamma_plus 0.5 · gamma_minus 0.01\n");
  EXPECT_SAYS(good("info net.yaml --set 'connections.0.params={bias: zero}'").out, "dense         12    100 %  bias\n");
}

TEST_F(Cli, InfoListsEverythingNetworksAreMadeOf) {
  const std::string text = good("info --cells").out;
  for (const CellEntry& cell : cells()) {
    if (cell.internal) continue;   // people do not write them
    EXPECT_SAYS(text, fmt::format("\n  {}: {}\n", cell.name, cell.summary));
    for (const ParamFacts& p : cell.params) EXPECT_SAYS(text, p.name);
  }
  for (const auto& entry : structures()) EXPECT_SAYS(text, fmt::format("\n  {} ", entry.name));
  for (const auto& entry : losses()) EXPECT_SAYS(text, fmt::format("\n  {} ", entry.name));
  for (const auto& entry : optimizers()) EXPECT_SAYS(text, fmt::format("\n  {} ", entry.name));
}

// ---- simulate ------------------------------------------------------------------------------------------

TEST_F(Cli, SimulatesAProductWithGivenWeights) {
  write_npz("w.npz", {{"J_0_to_1", {{2, 2}, std::vector<double>{1, 10, 0, -1}}},
                      {"b_0_to_1", {{2}, std::vector<double>{0.5, 0}}}});
  const Outcome outcome = good("simulate product.yaml --input x2.npy --weights w.npz --record s --output out.npz");
  EXPECT_SAYS(outcome.out, "ran         1 row × 2 steps, float32");
  EXPECT_SAYS(outcome.out, "output      [1, 3, 2] -4 … 43.5, mean");
  EXPECT_SAYS(outcome.out, ": s/0, s/1, output\n");
  const Npz file = load_npz(path("out.npz"));
  EXPECT_EQ(file.names(), (std::vector<std::string>{"s/0", "s/1", "output"}));
  EXPECT_EQ(file.at("s/0"), (Array{{1, 3, 2}, std::vector<float>{0, 0, 1, 2, 3, 4}}));
  EXPECT_EQ(file.at("output"), (Array{{1, 3, 2}, std::vector<float>{0, 0, 21.5, -2, 43.5, -4}}));
  EXPECT_EQ(file.at("s/1"), file.at("output"));
}

TEST_F(Cli, SimulatesInDoublePrecisionOnRequest) {
  good("simulate net.yaml --input x.npy --dtype float64 --output out.npz");
  EXPECT_TRUE(std::holds_alternative<std::vector<double>>(load_npz(path("out.npz")).at("output").data));
}

TEST_F(Cli, ThreadsDoNotChangeABit) {
  std::vector<float> x(100 * 6 * 3);
  for (size_t i = 0; i < x.size(); ++i) x[i] = float(i * 37 % 101) / 101;
  write_npy("many.npy", {{100, 6, 3}, x});
  good("simulate net.yaml --input many.npy --threads 1 --record s,phi,g --output one.npz");
  good("simulate net.yaml --input many.npy --threads 3 --record s,phi,g --output three.npz");
  EXPECT_EQ(read_file(path("one.npz")), read_file(path("three.npz")));
}

TEST_F(Cli, RecordsWhatIsAskedFor) {
  good("simulate net.yaml --input x.npy --record phi/1,g,s/2 --output out.npz");
  const Npz file = load_npz(path("out.npz"));
  EXPECT_EQ(file.names(), (std::vector<std::string>{"phi/1", "g/1", "s/2", "output"}));
  EXPECT_EQ(file.at("phi/1").shape, (std::vector<int64_t>{5, 6, 4}));
  EXPECT_EQ(file.at("s/2").shape, (std::vector<int64_t>{5, 7, 2}));
}

TEST_F(Cli, StartsFromGivenStates) {
  write_npz("init.npz", {{"1", {{4}, std::vector<double>{0.1, 0.2, 0.3, 0.4}}}});
  good("simulate net.yaml --input x.npy --initial init.npz --record s/1 --output out.npz");
  const std::vector<float> s = load_npz(path("out.npz")).at("s/1").as_float();
  EXPECT_EQ(std::vector<float>(s.begin(), s.begin() + 4), (std::vector<float>{0.1f, 0.2f, 0.3f, 0.4f}));
}

TEST_F(Cli, StepsTakeTheTimeTheyAreGiven) {
  write_npy("t.npy", {{6}, std::vector<double>(6, 37)});
  write_npz("t.npz", {{"timespans", {{5, 6}, std::vector<float>(30, 20)}}, {"x", load_npy(path("x.npy"))}});
  good("simulate net.yaml --input x.npy --output plain.npz");
  good("simulate net.yaml --input x.npy --timespans t.npy --output same.npz");
  good("simulate net.yaml --input x.npy --set simulation.dt=20 --output short.npz");
  good("simulate net.yaml --input x.npy --timespans t.npz --output spans.npz");
  EXPECT_EQ(read_file(path("plain.npz")), read_file(path("same.npz")));
  EXPECT_EQ(read_file(path("short.npz")), read_file(path("spans.npz")));
  EXPECT_NE(read_file(path("short.npz")), read_file(path("same.npz")));
}

TEST_F(Cli, ReadsInputFromAnArchive) {
  write_npz("in.npz", {{"y", {{1}, std::vector<int64_t>{0}}}, {"x", load_npy(path("x.npy"))}});
  EXPECT_EQ(good("simulate net.yaml --input in.npz --output a.npz").code, 0);
  good("simulate net.yaml --input x.npy --output b.npz");
  EXPECT_EQ(read_file(path("a.npz")), read_file(path("b.npz")));
}

TEST_F(Cli, WarnsAboutInputsOfAnotherWidth) {
  EXPECT_EQ(good("simulate net.yaml --input x2.npy").err,
            "warning: the input has 2 channels, the network takes 3: the others are 0\n");
  EXPECT_EQ(good("simulate product.yaml --input x.npy").err,
            "warning: the input has 3 channels, layer 0 takes 2: the rest was left out\n");
}

TEST_F(Cli, AnOverflowIsAFailedRun) {
  const Outcome outcome =
      run("simulate net.yaml --input x.npy --set simulation.dt=1e30 --set layers.1.params.gamma_minus=1e30");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_SAYS(outcome.err, "error: layer 1: ");
  EXPECT_SAYS(outcome.err, "\n  a smaller simulation.dt, smaller weights or a lower learning rate usually helps\n");
}

// ---- train, resume, report -----------------------------------------------------------------------------

TEST_F(Cli, TrainsTestsAndReports) {
  write_data(100);
  const Outcome outcome = good("train train.yaml");
  EXPECT_TRUE(
      std::regex_search(outcome.out, std::regex("\ntest accuracy [0-9.]+ %\nreport: runs/small/report.html\n$")))
      << outcome.out;
  for (const char* name : {"config.yaml", "spec.yaml", "metrics.jsonl", "log.txt", "evaluation.npz",
                           "checkpoints/best.dynode", "checkpoints/last.dynode"})
    EXPECT_TRUE(has(std::string("runs/small/") + name)) << name;
  const std::string report = read_file(path("runs/small/report.html"));
  EXPECT_SAYS(report, "<title>");
  EXPECT_SAYS(report, "layer1/gamma_plus");

  // the same again has a folder of its own and ends the same
  const Outcome again = good("train train.yaml --threads 2");
  EXPECT_SAYS(again.out, "report: runs/small-2/report.html\n");
  EXPECT_EQ(read_file(path("runs/small/checkpoints/last.dynode")),
            read_file(path("runs/small-2/checkpoints/last.dynode")));

  // what was trained can be run
  good("simulate runs/small/checkpoints/best.dynode --input x.npy --output a.npz");
  good(
      "simulate net.yaml --weights runs/small/checkpoints/best.dynode --input x.npy --output b.npz "
      "--set seed=3");
  EXPECT_EQ(load_npz(path("a.npz")).at("output"), load_npz(path("b.npz")).at("output"));
  EXPECT_SAYS(good("info runs/small/checkpoints/best.dynode --weights").out, "\nParameters\n");
}

TEST_F(Cli, TrainObeysNameAndSet) {
  write_data(60);
  const Outcome outcome = good("train train.yaml --name other --set training.max_epochs=1 --set model.dtype=float64");
  EXPECT_SAYS(outcome.out, "epoch 1/1");
  EXPECT_SAYS(outcome.out, "report: runs/other/report.html\n");
  EXPECT_SAYS(read_file(path("runs/other/config.yaml")), "dtype: float64");
}

TEST_F(Cli, ResumeGoesOnToTheSameBytes) {
  write_data(2000);
  const std::string many = "train train.yaml --set training.max_epochs=60";
  good(many + " --name whole");

  // a run that is interrupted after its first checkpoint
  const Process run(folder_, words_of(many + " --name cut"));
  while (!has("runs/cut/checkpoints/last.dynode")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  run.interrupt();
  const Outcome stopped = run.wait();
  EXPECT_EQ(stopped.code, 1);
  EXPECT_EQ(stopped.err, "error: stopped before the end\n  dynode resume runs/cut goes on from the last checkpoint\n");
  EXPECT_FALSE(has("runs/cut/evaluation.npz"));

  // its report can be made although it is not complete
  EXPECT_EQ(good("report runs/cut").out, "report: runs/cut/report.html\n");
  EXPECT_SAYS(read_file(path("runs/cut/report.html")), "not complete");

  const Outcome outcome = good("resume runs/cut");
  EXPECT_SAYS(outcome.out, "report: runs/cut/report.html\n");
  EXPECT_EQ(read_file(path("runs/cut/evaluation.npz")), read_file(path("runs/whole/evaluation.npz")));
  const auto without_names = [&](const std::string& name) {  // the name of the run is part of its checkpoints
    return std::regex_replace(read_file(path(name)), std::regex("\"seconds\":[0-9.e-]+"), "");
  };
  EXPECT_EQ(without_names("runs/cut/metrics.jsonl"), without_names("runs/whole/metrics.jsonl"));
}

TEST_F(Cli, ReportsAgain) {
  write_data(60);
  good("train train.yaml");
  const std::string first = read_file(path("runs/small/report.html"));
  fs::remove(path("runs/small/report.html"));
  EXPECT_EQ(good("report runs/small").out, "report: runs/small/report.html\n");
  EXPECT_EQ(read_file(path("runs/small/report.html")), first);
}

TEST_F(Cli, RepeatsHaveReportsOfTheirOwn) {
  write_data(60);
  const std::string out = good("train train.yaml --set training.num_repeats=2 --set training.max_epochs=1").out;
  EXPECT_TRUE(std::regex_search(out, std::regex("\ntest accuracy [0-9.]+ ± [0-9.]+ %\n"
                                                "report: runs/small/repeat_0/report.html\n"
                                                "report: runs/small/repeat_1/report.html\n$")))
      << out;
}

TEST_F(Cli, ListsTheKeysOfATrainingFile) {
  const std::string text = good("train --keys").out;
  EXPECT_SAYS(text, "Keys of a training file\n");
  EXPECT_SAYS(text, "\ntraining:\n");
  EXPECT_TRUE(std::regex_search(text, std::regex("\n  batch_size +integer >= 1 +32 +sequences per update\n"))) << text;
}

// ---- mean-field ----------------------------------------------------------------------------------------

TEST_F(Cli, MeanFieldFindsTheStatesOfAClusteredNetwork) {
  write("clusters.yaml",
        "init_params: {n_neurons: 800, n_excitatory: 640}\n"
        "architecture:\n"
        "  network: {threshold: [4.86, 5.98], j_ext: [14.5, 12.9, 0, 0]}\n"
        "  clusters: {n_excitatory_background: 480, n_inhibitory_background: 160, n_clusters: 2,\n"
        "             j_baseline: [0.8, 2.5, -10.6, -9.7], j_potentiated: [20, 1, 1, 1]}\n"
        "external_currents: {c_ext: [128, 128, 0, 0]}\n"
        "arousal: {level: 0.275}\n");
  const std::string text = good("mean-field solve clusters.yaml --output points.npz").out;
  EXPECT_SAYS(text, "6 populations, arousal 0.275; 3 fixed points");
  EXPECT_SAYS(text, "stable ");
  EXPECT_SAYS(text, "and 1 that do not last: --all shows them");
  EXPECT_SAYS(text, "synapses between clusters change sign");
  EXPECT_SAYS(good("mean-field solve clusters.yaml --all").out, "\n  saddle");
  EXPECT_EQ(load_npz(path("points.npz")).at("jacobian").shape, (std::vector<int64_t>{3, 6, 6}));
}

// ---- rate-table and doctor -----------------------------------------------------------------------------

TEST_F(Cli, MakesRateTablesWithTheBitsOfTheSimulator) {
  const Outcome outcome = good(
      "rate-table --beta-c 0.4 --phi-count 5 --phi-step 0.125 --ib-first 1.5 --ib-step 0.3 --ib-count 3 --end 400 "
      "--slow-end 600 --drop 50 --output table.npz");
  EXPECT_SAYS(outcome.out, "circuit     beta_c 0.4, beta_1 1.5708, beta_2 1.5708\n");
  EXPECT_SAYS(outcome.out, "use it with  simulation: {rate_table: table.npz}\n");
  const TableGrid     grid{0, 0.125, 5, 1.5, 0.3, 3};
  const RateTableData table = load_rate_table(path("table.npz"));
  EXPECT_EQ(table.g, squid_table({.beta_c = 0.4}, grid, {.drop = 50, .end = 400, .slow_end = 600}));
  EXPECT_EQ(table.phi_count, 5u);
  EXPECT_EQ(table.ib_count, 3u);

  // and networks take them
  good("simulate net.yaml --input x.npy --set simulation.rate_table=table.npz");
}

TEST_F(Cli, DoctorLooksAtTheMachine) {
  const std::string text = good("doctor").out;
  for (const char* word :
       {"instruction set", "threads", "libraries", "rate table", "agrees with the circuit", "Fashion-MNIST"})
    EXPECT_SAYS(text, word);
}

TEST_F(Cli, ErrorsDoNotSendControlCharactersToTheTerminal) {
  write("red.yaml", "layers:\n  - {layer_id: 0, layer_type: \"\\x1b[31mRed\", params: {dim: 1}}\n");
  const Outcome refused = run("info red.yaml");
  EXPECT_EQ(refused.code, 2);
  EXPECT_SAYS(refused.err, "\\x1b[31mRed");
  EXPECT_EQ(refused.err.find('\x1b'), std::string::npos);
}

TEST_F(Cli, DoctorGoesOnWhenTheInstructionSetIsUnknown) {
  ::setenv("DYNODE_ISA", "abacus", 1);
  const std::string text    = good("doctor").out;
  const Outcome     refused = run("simulate net.yaml --input x.npy");
  ::unsetenv("DYNODE_ISA");
  EXPECT_SAYS(text, "! DYNODE_ISA: unknown instruction set 'abacus'\n");
  EXPECT_SAYS(text, "agrees with the circuit");
  EXPECT_SAYS(text, "to look at, marked with !\n");
  EXPECT_EQ(refused.code, 2);
}

// ---- mistakes ------------------------------------------------------------------------------------------

struct Mistake {
  const char* name;     // of the test
  const char* line;     // what was typed
  const char* message;  // all of stderr, without "error: "; * at the end: and so on; FOLDER: where it runs
};

void PrintTo(const Mistake& mistake, std::ostream* out) { *out << "dynode " << mistake.line; }

class CliMistakes : public Cli, public testing::WithParamInterface<Mistake> {};

TEST_P(CliMistakes, IsExplained) {
  write("cycle.yaml", R"(layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 1, to_layer: 2, connection_type: dense}
  - {from_layer: 2, to_layer: 1, connection_type: dense, lag: 0}
)");
  write("typo.yaml",
        "layers:\n  - {layer_id: 0, layer_type: CTRN, params: {dim: 2}}\n"
        "  - {layer_id: 1, layer_type: CTRN, params: {dim: 2}}\n");
  write("parameter.yaml",
        "layers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}\n"
        "  - {layer_id: 1, layer_type: CTRNN, params: {dim: 2, tua: 3}}\n");
  write("broken.yaml", "layers: [\n");
  write_npy("flat.npy", {{6}, std::vector<float>(6)});
  write_npz("two.npz", {{"a", {{1}, std::vector<float>(1)}}, {"b", {{1}, std::vector<float>(1)}}});
  write_npz("w.npz", {{"J_0_to_11", {{2, 2}, std::vector<float>(4)}}});
  write_npz("shape.npz", {{"J_0_to_1", {{3, 2}, std::vector<float>(6)}}});
  write_npz("init.npz", {{"1", {{3}, std::vector<float>(3)}}});
  const std::string whole = read_file(path("x.npy"));
  write("short.npy", whole.substr(0, whole.size() - 10));
  fs::create_directory(path("idx"));
  write("idx/train-images-idx3-ubyte", std::string("\0\0\x08\x03\0\0\0\x02\0\0\0\x02\0\0\0\x02", 16) + "abc");
  write("idx/train-labels-idx1-ubyte", std::string("\0\0\x08\x01\0\0\0\x02", 8) + std::string(2, '\0'));
  const Outcome outcome = run(GetParam().line);
  std::string   wanted  = fmt::format("error: {}\n", GetParam().message);
  if (const size_t at = wanted.find("FOLDER"); at != wanted.npos) wanted.replace(at, 6, folder_);
  if (wanted.ends_with("*\n")) {
    wanted.resize(wanted.size() - 2);
    EXPECT_EQ(outcome.err.substr(0, wanted.size()), wanted);
  } else {
    EXPECT_EQ(outcome.err, wanted);
  }
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
}

const Mistake kMistakes[] = {
    {"UnknownVerb", "simulat net.yaml",
     "there is no verb 'simulat'\n"
     "  did you mean 'simulate'?  there are: info, simulate, init, train, resume, evaluate, report, "
     "reproduce, robustness, search, analyze, quantize, prune, convert, export, spiking, mean-field, tasks, signal, rate-table, "
     "units, doctor"},
    {"UnknownOption", "simulate net.yaml --input x.npy --ouput out.npz",
     "dynode simulate has no option '--ouput'\n"
     "  did you mean '--output'?  it has: --help, --input, --weights, --record, --every, --output, --initial, --rows, --steps, "
     "--from, --timespans, --dtype, --set, --threads"},
    {"OptionOfTheTool", "--verbose",
     "dynode has no option '--verbose'\n"
     "  it has: --help, --version"},
    {"SpecMissing", "simulate --input x.npy",
     "SPEC is missing\n"
     "  dynode simulate --help explains more"},
    {"InputMissing", "simulate net.yaml",
     "--input is missing: the network takes an array of 3 channels\n"
     "  dynode simulate --help explains more"},
    {"ValueMissing", "simulate net.yaml --input",
     "--input needs a value: FILE\n"
     "  dynode simulate --help explains more"},
    {"TooManyWords", "simulate net.yaml other.yaml --input x.npy",
     "dynode simulate has no use for 'other.yaml'\n"
     "  dynode simulate --help explains more"},
    {"SetWithoutFlag", "simulate net.yaml --input x.npy --set simulation.dt=3 seed=2",
     "dynode simulate has no use for 'seed=2'\n"
     "  every assignment needs its own --set"},
    {"InfoOfNothing", "info",
     "SPEC is missing\n"
     "  dynode info net.yaml describes a network, dynode info --cells all building blocks"},
    {"NoSuchSpec", "info nothere.yaml", "nothere.yaml: there is no such file"},
    {"NoNetworkByItsEnding", "info x.npy",
     "x.npy: is no network by its ending\n"
     "  networks are .yaml, .yml, .json, .dynode, .nir, .soen, .pth or .mat"},
    {"BrokenYaml", "info broken.yaml",
     "broken.yaml:2:1: did not find expected node content (while parsing a flow node)"},
    {"UnknownLayerType", "info typo.yaml",
     "typo.yaml:2:5 layers[0]: there is no layer type 'CTRN'\n"
     "  did you mean 'CTRNN'?  there are: Linear, ScalingLayer, *"},
    {"UnknownParameter", "info parameter.yaml",
     "parameter.yaml:3:55 layers[1].params.tua: CTRNN has no parameter 'tua'\n"
     "  did you mean 'tau'?  it has: dim, dt, *"},
    {"CycleOfLagZero", "info cycle.yaml",
     "cycle.yaml connections: layers 2, 1 wait for each other within one step: every connection of the cycle has lag 0\n"
     "  give one connection of the cycle lag: 1"},
    {"TrainingFileAsNetwork", "info train.yaml",
     "train.yaml: is a training file, not a network\n"
     "  the network is what its model.architecture_yaml names"},
    {"NoSuchInput", "simulate net.yaml --input nothere.npy",
     "nothere.npy: there is no such file\n"
     "  check the name and the folder"},
    {"TruncatedInput", "simulate net.yaml --input short.npy",
     "short.npy: is truncated: it needs 360 bytes of data and has 350\n"
     "  copy or save it again"},
    {"InputOfOneAxis", "simulate net.yaml --input flat.npy",
     "input: expected [any, any, 3], got [6]\n"
     "  axes are [batch, steps, units]"},
    {"InputNotClear", "simulate net.yaml --input two.npz",
     "two.npz: it is not clear which array is the input\n"
     "  call it 'x'; there are: a, b"},
    {"InputIsText", "simulate net.yaml --input net.yaml",
     "net.yaml: is not a .npy file\n"
     "  it must begin with \\x93NUMPY, as np.save writes it"},
    {"UnknownType", "simulate net.yaml --input x.npy --dtype float16",
     "--dtype: there is no 'float16'\n"
     "  there are: float32, float64"},
    {"UnknownRecord", "simulate net.yaml --input x.npy --record s,fi",
     "'fi' cannot be recorded\n"
     "  did you mean 'phi'?  there are: s, state, phi, g, spikes, output, s/0, s/1, phi/1, g/1, s/2, phi/2, "
     "power, power_bias, power_diss, energy, energy_bias, energy_diss, power_dimensionless, power_bias_dimensionless, "
     "power_diss_dimensionless, energy_dimensionless, energy_bias_dimensionless, energy_diss_dimensionless"},
    {"UnknownWeights", "simulate net.yaml --input x.npy --weights w.npz",
     "w.npz: there is no parameter 'J_0_to_11'\n"
     "  did you mean 'J_0_to_1'?  there are: layer1/phi_offset, layer1/bias_current, layer1/gamma_plus, "
     "layer1/gamma_minus, J_0_to_1, J_1_to_1, J_1_to_2"},
    {"WeightsOfAnotherShape", "simulate net.yaml --input x.npy --weights shape.npz",
     "shape.npz: J_0_to_1: expected [4, 3], got [3, 2]"},
    {"InitialStateOfAnotherShape", "simulate net.yaml --input x.npy --initial init.npz",
     "initial state 1: expected [5, 4], got [3]\n"
     "  [4] for all rows alike is fine, too"},
    {"ThreadsInWords", "simulate net.yaml --input x.npy --threads many",
     "--threads: expected a whole number, got 'many'"},
    {"NegativeThreads", "simulate net.yaml --input x.npy --threads -1", "--threads: -1 is below 0"},
    {"NoFolderForOutput", "simulate net.yaml --input x.npy --output nowhere/out.npz",
     "nowhere/out.npz: cannot be written: there is no folder nowhere\n"
     "  make it first: mkdir -p nowhere"},
    {"OutputIsAFolder", "simulate net.yaml --input x.npy --output idx",
     "idx: is a folder\n"
     "  name a file in it"},
    {"OutputOfAnotherKind", "simulate net.yaml --input x.npy --output out.npy",
     "out.npy: results are written as .npz or .h5\n"
     "  name it like out.npz"},
    {"SetWithoutValue", "info net.yaml --set simulation.dt",
     "--set simulation.dt: expected KEY=VALUE\n"
     "  write it like --set simulation.dt=10"},
    {"SetToText", "info net.yaml --set simulation.dt=fast",
     "--set simulation.dt: expected a number, got the text 'fast'"},
    {"SetTextInAMapping", "info net.yaml --set 'simulation={dt: fast}'",
     "--set simulation:1:6 dt: expected a number, got the text 'fast'"},
    {"SetUnknownKey", "info product.yaml --set layers.1.nam=x",
     "--set layers.1.nam: unknown key 'nam'\n"
     "  it has: layer_id, layer_type, params, model_id, description, noise, perturb"},
    {"SetBehindTheEnd", "info net.yaml --set layers.3.layer_id=1",
     "--set layers.3.layer_id=1: 'layers' has no item 3\n"
     "  its items are counted from 0 to 2"},
    {"SetThroughANumber", "info net.yaml --set simulation.dt.x=1",
     "--set simulation.dt.x=1: 'simulation.dt' is the number 37, it has no 'x'"},
    {"SetEmptyPart", "info net.yaml --set simulation..dt=1",
     "--set simulation..dt=1: the key has an empty part\n"
     "  write it like --set simulation.dt=10"},
    {"SetBrokenYaml", "info net.yaml --set seed=[1",
     "--set seed=[1: the value cannot be read: line 2:1: did not find expected ',' or ']' (while parsing a flow "
     "sequence that starts at 1:1)"},
    {"MeanFieldOfDendrites", "mean-field solve net.yaml",
     "net.yaml: the mean field is of networks of spiking layers without an input array\n"
     "  give simulation.input_type: none, and drives"},
    {"TableOfAnotherKind", "rate-table --output table.csv",
     "table.csv: tables are written as .npz\n"
     "  name it like table.npz"},
    {"TableWithoutOutput", "rate-table",
     "--output is missing\n"
     "  dynode rate-table --help explains more"},
    {"TableWithoutDamping", "rate-table --beta-c 0 --output table.npz", "beta_c: 0 is not above 0"},
    {"TableWithLongSteps", "rate-table --step 3 --output table.npz",
     "step: 3 is too long for this circuit\n"
     "  at most 0.3"},
    {"TableInWords", "rate-table --phi-count few --output table.npz",
     "--phi-count: expected a whole number, got 'few'"},
    {"TrainWithoutFile", "train",
     "CONFIG is missing\n"
     "  dynode train train.yaml; dynode train --help explains more"},
    {"NetworkAsTrainingFile", "train net.yaml",
     "net.yaml: is a network, not a training file\n"
     "  a training file names it in model.architecture_yaml; dynode train --keys lists the others"},
    {"UnknownOptimizer", "train train.yaml --set training.optimizer.name=adma",
     "--set training.optimizer.name: there is no optimizer 'adma'\n"
     "  did you mean 'adam'?  there is: adamw, adam, sgd, rmsprop, lion, muon"},
    {"NoData", "train train.yaml",
     "FOLDER/data.npz: there is no such file\n"
     "  check the name and the folder"},
    {"TruncatedImages", "train train.yaml --set 'data={format: idx, data_path: idx}'",
     "FOLDER/idx/train-images-idx3-ubyte: is truncated: it ends within its 8 bytes of data\n"
     "  fetch or unpack it again"},
    {"NoSuchRun", "resume nothere",
     "nothere: there is no such run directory\n"
     "  check the name"},
    {"NotARun", "report idx",
     "idx: is no run directory: it has no config.yaml\n"
     "  name the folder that `dynode train` made"},
};

INSTANTIATE_TEST_SUITE_P(All, CliMistakes, testing::ValuesIn(kMistakes),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace dynode
