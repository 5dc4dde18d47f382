// The tool `dynode` as a user drives it: every verb on small networks, and what it says about mistakes.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <regex>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "dynode/base/display.h"
#include "dynode/base/version.h"
#include "dynode/cells/cell.h"
#include "dynode/circuits/squid.h"
#include "dynode/io/file.h"
#include "dynode/io/npz.h"
#include "dynode/io/rate_table.h"
#include "dynode/learn/loss.h"
#include "dynode/learn/optimizer.h"
#include "dynode/models/model.h"
#include "dynode/tasks/task.h"
#include "dynode/wiring/structures.h"

namespace dynode {
namespace {

namespace fs = std::filesystem;

bool says(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }
#define EXPECT_SAYS(text, part) EXPECT_PRED2(says, text, part)

/// How a call of the tool ended.
struct Outcome {
  int         code = -1;  // exit code; 128 + signal if it was killed
  std::string out, err;
};

/// A running tool.
class Process {
 public:
  Process(const std::string& folder, const std::vector<std::string>& words) : folder_(folder) {
    child_ = ::fork();
    if (child_ != 0) return;
    if (::chdir(folder.c_str()) != 0) ::_exit(126);
    for (const auto& [name, to] : {std::pair("out.txt", 1), std::pair("err.txt", 2)})
      ::dup2(::open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644), to);
    std::vector<char*> arguments{const_cast<char*>(DYNODE_CLI)};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execv(DYNODE_CLI, arguments.data());
    ::_exit(127);
  }

  void interrupt() const { ::kill(child_, SIGINT); }

  Outcome wait() const {
    int status = 0;
    ::waitpid(child_, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(folder_ + "/out.txt"),
            read_file(folder_ + "/err.txt")};
  }

 private:
  std::string folder_;
  pid_t       child_;
};

/// Words of a command line, separated by spaces; 'a b' is one word.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream       in(line);
  for (std::string word; in >> word;) {
    while (word[0] == '\'' && (word.size() == 1 || word.back() != '\'')) {
      std::string more;
      in >> more;
      word += " " + more;
    }
    words.push_back(word[0] == '\'' ? word.substr(1, word.size() - 2) : word);
  }
  return words;
}

const char* const kDendrites = R"(simulation: {dt: 37, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 3}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 4, gamma_plus: 0.01, gamma_minus: 0.01}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 1, connection_type: sparse, params: {structure: {type: sparse, params: {sparsity: 0.5}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
)";

// one Linear layer behind the input: its output is W x
const char* const kProduct = R"(layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {bias: zero}}
)";

const char* const kTraining = R"(name: small
seed: 3
data: {format: npz, data_path: data.npz, val_split: 0.2, test_split: 0.2}
model: {architecture_yaml: net.yaml, time_pooling: {name: final}}
training:
  batch_size: 20
  max_epochs: 3
  optimizer: {name: adamw, lr: 5.0e-2}
  loss: {losses: [{name: cross_entropy}]}
logging: {project_dir: runs, metrics: [accuracy]}
)";

/// A folder with a few files, and the tool in it.
class Cli : public testing::Test {
 protected:
  Cli() {
    std::string name = (fs::temp_directory_path() / "dynode-cli-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    folder_ = name;
    write("net.yaml", kDendrites);
    write("product.yaml", kProduct);
    write("train.yaml", kTraining);

    std::vector<float> x;
    for (int i = 0; i < 5 * 6 * 3; ++i) x.push_back(0.1f * float(i % 7) - 0.2f);
    write_npy("x.npy", {{5, 6, 3}, x});
    write_npy("x2.npy", {{1, 2, 2}, std::vector<float>{1, 2, 3, 4}});
  }
  ~Cli() override {
    std::error_code none;
    fs::remove_all(folder_, none);
  }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void        write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  void        write_npy(const std::string& name, const Array& array) const { write(name, npy_bytes(array)); }
  void        write_npz(const std::string& name, const std::vector<Npz::Entry>& arrays) const {
           write(name, npz_bytes(arrays));
  }
  bool has(const std::string& name) const { return fs::exists(path(name)); }

  Outcome run(const std::string& line) const { return Process(folder_, words_of(line)).wait(); }
  Outcome good(const std::string& line) const {
    const Outcome outcome = run(line);
    EXPECT_EQ(outcome.code, 0) << "dynode " << line << "\n" << outcome.err;
    return outcome;
  }

  /// Two classes, told apart by the sign of the first channel.
  void write_data(int rows) const {
    std::vector<float>   x;
    std::vector<int64_t> y;
    for (int row = 0; row < rows; ++row) {
      y.push_back(row * 7 % 3 == 0);
      for (int step = 0; step < 5; ++step)
        for (int channel = 0; channel < 3; ++channel)
          x.push_back(channel == 0 ? (y.back() ? 0.5f : -0.5f) : 0.1f * float((row + step * channel) % 5));
    }
    write_npz("data.npz", {{"x", {{rows, 5, 3}, x}}, {"y", {{rows}, y}}});
  }

  std::string folder_;
};

// ---- help ----------------------------------------------------------------------------------------------

TEST_F(Cli, SaysItsVersion) {
  const Outcome outcome = good("--version");
  EXPECT_EQ(outcome.out, fmt::format("dynode {}\n", kVersion));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Cli, ExplainsItselfAndEveryVerb) {
  const std::string help = good("--help").out;
  for (const char* verb : {"info", "simulate", "train", "resume", "evaluate", "report", "tasks", "mean-field", "rate-table",
                           "doctor"}) {
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
     "  did you mean 'simulate'?  there are: info, simulate, train, resume, evaluate, report, tasks, "
     "mean-field, rate-table, doctor"},
    {"UnknownOption", "simulate net.yaml --input x.npy --ouput out.npz",
     "dynode simulate has no option '--ouput'\n"
     "  did you mean '--output'?  it has: --help, --input, --weights, --record, --output, --initial, --timespans, --dtype, "
     "--set, --threads"},
    {"OptionOfTheTool", "--verbose",
     "dynode has no option '--verbose'\n"
     "  it has: --help, --version"},
    {"SpecMissing", "simulate --input x.npy",
     "SPEC is missing\n"
     "  dynode simulate --help explains more"},
    {"InputMissing", "simulate net.yaml",
     "--input is missing\n"
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
     "  networks are .yaml, .yml, .json or .dynode"},
    {"BrokenYaml", "info broken.yaml",
     "broken.yaml:2:1: did not find expected node content (while parsing a flow node)"},
    {"UnknownLayerType", "info typo.yaml",
     "typo.yaml:2:5 layers[0]: there is no layer type 'CTRN'\n"
     "  did you mean 'CTRNN'?  there are: Linear, ScalingLayer, *"},
    {"UnknownParameter", "info parameter.yaml",
     "parameter.yaml:3:55 layers[1].params.tua: CTRNN has no parameter 'tua'\n"
     "  did you mean 'tau'?  it has: dim, dt, *"},
    {"CycleOfLagZero", "info cycle.yaml",
     "layers 2, 1 wait for each other within one step: every connection of the cycle has lag 0\n"
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
     "  did you mean 'phi'?  there are: s, state, phi, g, spikes, output, s/0, s/1, phi/1, g/1, s/2, phi/2"},
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
     "out.npy: results are written as .npz\n"
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
    {"MeanFieldOfAnUnknownKey", "mean-field solve net.yaml",
     "net.yaml:1:1 simulation: unknown key 'simulation'\n"
     "  it has: init_params, architecture, external_currents, arousal, stimulus, settings, perturbation"},
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
     "  did you mean 'adam'?  there is: adamw, adam, sgd, rmsprop, lion"},
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

// ---- evaluate ------------------------------------------------------------------------------------------

/// The number behind a word at the beginning of a line.
double number_behind(const std::string& text, const std::string& word) {
  std::smatch found;
  if (!std::regex_search(text, found, std::regex("\n  " + word + " +(-?[0-9.]+)"))) return NAN;
  return std::stod(found[1]);
}

TEST_F(Cli, EvaluatesARunOnItsTestSet) {
  write_data(100);
  const std::string trained = good("train train.yaml").out;
  const std::string text    = good("evaluate runs/small").out;
  EXPECT_TRUE(text.starts_with("runs/small/checkpoints/best.dynode\n"));
  EXPECT_SAYS(text, "data.npz, the test set: 20 × 5 steps\n");
  EXPECT_SAYS(text, "\n  outputs     final over time\n");
  EXPECT_SAYS(text, "   cross_entropy\n");
  EXPECT_SAYS(trained, fmt::format("test accuracy {:.1f} %", number_behind(text, "accuracy")));

  // the confusion matrix has the test rows, and its diagonal the right answers
  std::smatch       found;
  const std::regex  row("\n +([01]) +([0-9·]+) +([0-9·]+) +[0-9]+ %");
  std::string       rest  = text;
  int               right = 0, all = 0;
  while (std::regex_search(rest, found, row)) {
    const int counts[] = {std::atoi(found[2].str().c_str()), std::atoi(found[3].str().c_str())};
    right += counts[found[1] == "1"], all += counts[0] + counts[1];
    rest = found.suffix();
  }
  EXPECT_EQ(all, 20) << text;
  EXPECT_NEAR(100.0 * right / all, number_behind(text, "accuracy"), 0.05);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), kDisplayWidth) << line;

  // the model file knows what it was trained with; threads and the way to it do not matter
  const auto numbers = [](const std::string& out) { return out.substr(out.find("\n\n  loss")); };
  EXPECT_EQ(numbers(good("evaluate runs/small/checkpoints/best.dynode --threads 3").out), numbers(text));
  EXPECT_EQ(numbers(good("evaluate runs/small --data train.yaml --set seed=3").out), numbers(text));
}

TEST_F(Cli, EvaluatesOtherPartsAndOtherData) {
  write_data(100);
  good("train train.yaml");
  EXPECT_SAYS(good("evaluate runs/small --split validation").out, "the validation set: 16 × 5");
  EXPECT_SAYS(good("evaluate runs/small --split train").out, "the train set: 64 × 5");
  const std::string whole = good("evaluate runs/small --data data.npz").out;
  EXPECT_SAYS(whole, "data.npz, all rows: 100 × 5 steps\n");
  EXPECT_EQ(number_behind(whole, "accuracy"), number_behind(good("evaluate runs/small --split all").out, "accuracy"));
  const std::string chosen = good("evaluate runs/small --metrics f1,top_1,perplexity").out;
  EXPECT_NEAR(number_behind(chosen, "perplexity"), std::exp(number_behind(chosen, "loss")), 1e-2);
  EXPECT_EQ(number_behind(chosen, "top_1"), number_behind(good("evaluate runs/small").out, "accuracy"));
  EXPECT_FALSE(says(chosen, "\n  accuracy"));

  // a table with the same sequences, and a mask that leaves their last step alone: the output that counts stays
  const Npz                 data = load_npz(path("data.npz"));
  const std::vector<double> x = data.at("x").as_double(), y = data.at("y").as_double();
  std::string               table;
  for (int i = 0; i < 15; ++i) table += fmt::format("x{},", i);
  table += "m0,m1,m2,m3,m4,class\n";
  for (size_t row = 0; row < 100; ++row) {
    for (size_t i = 0; i < 15; ++i) table += fmt::format("{},", float(x[row * 15 + i]));
    table += fmt::format("0,0,1,0,1,{}\n", y[row]);
  }
  write("data.csv", table);
  const std::string csv = good("evaluate runs/small --data data.csv --set data.label_column=class "
                               "--set data.values_per_step=3 --set data.mask_columns=m").out;
  EXPECT_SAYS(csv, "data.csv, all rows: 100 × 5 steps\n");
  EXPECT_EQ(csv.substr(csv.find("\n\n  loss")), whole.substr(whole.find("\n\n  loss")));
}

TEST_F(Cli, EvaluatesModelsWithoutATrainingFile) {
  write_data(30);
  Model::load(path("net.yaml")).save(path("net.dynode"));
  const std::string text = good("evaluate net.dynode --data data.npz --set model.time_pooling=mean").out;
  EXPECT_SAYS(text, "\n  outputs     mean over time\n");
  EXPECT_SAYS(text, "   cross_entropy\n");
  EXPECT_SAYS(text, "\nConfusion: one row per true class, one column per answer\n");

  // values at every step: what the product gives, but for an error of 1 in one of four numbers
  write_npz("w.npz", {{"J_0_to_1", {{2, 2}, std::vector<double>{1, 10, 0, -1}}}});
  Model product = Model::load(path("product.yaml"), {.precision = Precision::float64});
  product.load_parameters(path("w.npz"));
  product.save(path("product.dynode"));
  write_npz("steps.npz", {{"x", {{1, 2, 2}, std::vector<double>{1, 2, 3, 4}}},
                          {"y", {{1, 2, 2}, std::vector<double>{21, -2, 43, -3}}}});
  const std::string steps = good("evaluate product.dynode --data steps.npz --set training.mapping=seq2seq").out;
  EXPECT_SAYS(steps, "\n  outputs     every step\n");
  EXPECT_SAYS(steps, "   mse\n");
  EXPECT_EQ(number_behind(steps, "loss"), 0.25);
  EXPECT_EQ(number_behind(steps, "mse"), 0.25);
  EXPECT_EQ(number_behind(steps, "mae"), 0.25);
  EXPECT_NEAR(number_behind(steps, "r2"), 1 - 1 / 242.5, 1e-4);   // Σ (y − mean)² = 242 + 0.5
  EXPECT_FALSE(says(steps, "Confusion"));
}

TEST_F(Cli, EvaluateShowsManyClassesByTheirMistakes) {
  write("wide.yaml", R"(layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 20}}
  - {layer_id: 1, layer_type: Linear, params: {dim: 20}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: one_to_one, params: {init: {name: constant, params: {value: 1}}}}
)");
  Model::load(path("wide.yaml")).save(path("wide.dynode"));
  std::vector<float>   x(20 * 20);
  std::vector<int64_t> y;
  for (int row = 0; row < 20; ++row) {   // class 3 is taken for 4 thrice, class 5 for 6 once
    y.push_back(row < 3 ? 3 : row == 3 ? 5 : row);
    x[size_t(row * 20 + (row < 3 ? 4 : row == 3 ? 6 : row))] = 1;
  }
  write_npz("wide.npz", {{"x", {{20, 1, 20}, x}}, {"y", {{20}, y}}});
  const std::string text = good("evaluate wide.dynode --data wide.npz").out;
  EXPECT_EQ(number_behind(text, "accuracy"), 80);
  EXPECT_GE(number_behind(text, "top_5"), 80);
  EXPECT_SAYS(text, "\nMost frequent mistakes\n\n  class  answer  times\n  ─────  ──────  ─────\n"
                    "      3       4      3\n      5       6      1\n");
}

TEST_F(Cli, EvaluateExplainsMistakes) {
  write_data(60);
  Model::load(path("net.yaml")).save(path("net.dynode"));
  const auto refused = [&](const std::string& line, const std::string& message) {
    const Outcome outcome = run("evaluate " + line);
    EXPECT_EQ(outcome.code, 2) << line;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.substr(0, message.size() + 7), "error: " + message);
  };
  refused("net.dynode",
          "--data: is missing: the model file does not say what it was trained with\n  give --data train.yaml");
  refused("net.yaml --data data.npz", "net.yaml: is no model by its ending\n  give a model file (.dynode)");
  refused("nothere --data data.npz", "nothere: is no model by its ending");
  refused("net.dynode --data x.npy", "x.npy: is no data file by its ending\n  data are .npz, .csv,");
  refused("net.dynode --data data.npz --format hdf5", "--format: there is no 'hdf5'\n  there are: idx, npz, csv\n");
  refused("net.dynode --data data.npz --split half",
          "--split: there is no 'half'\n  there are: test, validation, train, all\n");
  refused("net.dynode --data data.npz --split test", path("data.npz") + ": the test set has no rows\n");
  refused("net.dynode --data data.npz --metrics acuracy", "there is no metric 'acuracy'\n  did you mean 'accuracy'?");
  refused("net.dynode --data data.npz --metrics mse",
          "logging.metrics: 'mse' is about values, but the targets are classes");
  refused("net.dynode --data x2.npz", path("x2.npz") + ": there is no such file");
  write_npz("narrow.npz", {{"x", {{1, 2, 2}, std::vector<float>(4)}}, {"y", {{1}, std::vector<int64_t>{0}}}});
  refused("net.dynode --data narrow.npz", path("narrow.npz") + ": inputs: expected [any, any, 3], got [1, 2, 2]");
  fs::create_directory(path("empty"));
  refused("empty", "empty: is no run directory: it has no config.yaml");
}

TEST_F(Cli, EvaluateScalesOtherDataAsTheTrainingData) {
  write_data(60);
  good("train train.yaml --set data.min_scale=0 --set data.max_scale=1");
  const Npz data = load_npz(path("data.npz"));
  std::vector<float> x = data.at("x").as_float();
  x.resize(10 * 15);   // a part of them, with another range of its own
  std::vector<int64_t> y = data.at("y").as_integers("y");
  y.resize(10);
  for (float& v : x) v *= 0.5f;
  write_npz("half.npz", {{"x", {{10, 5, 3}, x}}, {"y", {{10}, y}}});
  const std::string half = good("evaluate runs/small --data half.npz").out;
  EXPECT_SAYS(half, "half.npz, the test set: 10 × 5 steps");

  // the same by hand: scaled, and evaluated without scaling
  for (float& v : x) v += 0.5f;   // the training data reach from −0.5 to 0.5
  write_npz("scaled.npz", {{"x", {{10, 5, 3}, x}}, {"y", {{10}, y}}});
  const std::string by_hand = 
      good("evaluate runs/small --data scaled.npz --set data.min_scale=null --set data.max_scale=null").out;
  EXPECT_EQ(number_behind(half, "loss"), number_behind(by_hand, "loss"));
}

// ---- tasks ---------------------------------------------------------------------------------------------

TEST_F(Cli, TasksAreListedAndExplained) {
  const std::string all = good("tasks").out;
  for (const TaskEntry& entry : tasks()) {
    EXPECT_SAYS(all, fmt::format("\n  {}: {}\n", entry.name, entry.summary));
    const std::string one = good(fmt::format("tasks {}", entry.name)).out;
    for (const Fact& fact : entry.facts) EXPECT_SAYS(one, fmt::format("\n  {} ", fact.name));
    for (const std::string& text : {all, one}) {
      std::istringstream lines(text);
      for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), kDisplayWidth) << line;
    }
  }
  EXPECT_SAYS(good("tasks go-nogo --set T=100").out, "\n  trial       99 steps · 1 input · 1 output\n");
}

TEST_F(Cli, TasksWritesTheTrialsOfTheLibrary) {
  const std::string text = good("tasks adding --out a.npz --count 5 --seed 3 --set steps=8").out;
  EXPECT_SAYS(text, "\ntrain on it with  data: {format: npz, data_path: a.npz}  training: {mapping: seq2seq}\n");
  const Npz file     = load_npz(path("a.npz"));
  Arguments settings = default_settings(find_task("adding"));
  settings.set("steps", 8.0);
  const TrialBatch batch = Task(find_task("adding"), settings).batch(3, 0, 5);
  EXPECT_EQ(file.at("x").shape, (std::vector<int64_t>{5, 8, 2}));
  EXPECT_EQ(file.at("x").as_float(), std::vector<float>(batch.input.begin(), batch.input.end()));
  EXPECT_EQ(file.at("y").as_float(), std::vector<float>(batch.target.begin(), batch.target.end()));
  EXPECT_EQ(file.at("mask").as_integers("mask"), std::vector<int64_t>(batch.mask.begin(), batch.mask.end()));

  const std::string first = read_file(path("a.npz"));
  good("tasks adding --out a.npz --count 5 --seed 3 --set steps=8 --threads 1");
  EXPECT_EQ(read_file(path("a.npz")), first);
  good("tasks adding --out a.npz --count 5 --seed 4 --set steps=8");
  EXPECT_NE(read_file(path("a.npz")), first);
}

TEST_F(Cli, TrialsOfTasksCanBeTrainedOn) {
  write("one.yaml", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 6}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
)");
  good("tasks adding --out data.npz --count 60 --set steps=6");
  write("seq.yaml", R"(name: seq
data: {format: npz, data_path: data.npz}
model: {architecture_yaml: one.yaml}
training:
  mapping: seq2seq
  batch_size: 20
  max_epochs: 1
  optimizer: {name: adamw, lr: 1.0e-2}
  loss: {losses: [{name: mse}]}
logging: {project_dir: runs}
)");
  good("train seq.yaml");
}

TEST_F(Cli, TasksExplainsMistakes) {
  const auto refused = [&](const std::string& line, const std::string& message) {
    const Outcome outcome = run("tasks " + line);
    EXPECT_EQ(outcome.code, 2) << line;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.substr(0, message.size() + 7), "error: " + message);
  };
  refused("gonogo", "there is no task 'gonogo'\n  did you mean 'go_nogo'?");
  refused("xor --set dealy=3", "--set dealy: xor has no parameter 'dealy'\n  did you mean 'delay'?");
  refused("xor --set delay=-3", "--set delay: delay of xor is -3, outside its range");
  refused("xor --set T=10", "--set: the answer of xor would begin at step 170, but the trial has 9 steps\n");
  refused("xor --set trial_type=same", "--set: xor has no trial_type 'same'");
  refused("xor --out a.npy", "a.npy: trials are written as .npz\n");
  refused("xor --out nowhere/a.npz", "nowhere/a.npz: cannot be written");
  refused("xor --out a.npz --count 0", "--count: 0 is below 1");
  refused("xor --out a.npz --count 100000000", "--count: 100,000,000 trials are");
  refused("--out a.npz", "--out: which task?\n");
  refused("bit_stream_xor --out a.npz --set set=test --count 10001", "--set: this set of bit_stream_xor has 10000 trials");
  EXPECT_FALSE(has("a.npz"));
}

}  // namespace
}  // namespace dynode
