// dynode spiking, as a user drives it.
#include "tests/cli_test.h"

namespace dynode {
namespace {

const char* const kRates = R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, layer_type: RateDale, params: {dim: 12, taus: [4, 20], polarity_init: {excitatory_ratio: 0.5}, polarity_enforcement_method: relu}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, learnable: false}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: gaus}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {bias: zero, polarity: false}}
)";

class Spiking : public Cli {
 protected:
  Spiking() { write("rates.yaml", kRates); }
  const std::string task = " --task go_nogo --set T=40 --set stim_on=5 --set stim_dur=5 --trials 6";
};

TEST_F(Spiking, ConvertsANetworkAndShowsHowItDoes) {
  const std::string out = good("spiking convert rates.yaml" + task + " --evaluate 4 --factors 20:30:5 --output s.dynode --report s.html").out;
  EXPECT_SAYS(out, "6 trials of go_nogo with each scaling factor");
  for (const char* factor : {"\n      20 ", "\n      25 ", "\n      30 "}) EXPECT_SAYS(out, factor);
  EXPECT_SAYS(out, "4 other trials");
  EXPECT_SAYS(good("info s.dynode").out, "DoubleExponentialLIF");
  const std::string page = read_file(path("s.html"));
  EXPECT_SAYS(page, "conversion report");
  EXPECT_SAYS(page, "\"rasters\":[{");
}

TEST_F(Spiking, WithoutOtherTrialsThoseOfTheSearchCount) {
  good("spiking convert rates.yaml" + task + " --factors 20 --evaluate 0 --report s.html");
  const std::string page = read_file(path("s.html"));
  EXPECT_SAYS(page, "of 6 trials with the scaling factor 20, chosen by these trials");
  EXPECT_EQ(page.find("nan"), page.npos);
}

TEST_F(Spiking, ThreadsDoNotChangeAWord) {
  const std::string line = "spiking convert rates.yaml" + task + " --evaluate 4 --factors 20,40 --threads ";
  EXPECT_EQ(good(line + "1").out, good(line + "2").out);
}

TEST_F(Spiking, ExplainsMistakes) {
  EXPECT_SAYS(run("spiking revert rates.yaml" + task).err, "dynode spiking cannot 'revert'");
  EXPECT_SAYS(run("spiking convert net.yaml" + task).err, "RateDale");
  EXPECT_SAYS(run("spiking convert rates.yaml --task go_no").err, "go_nogo");
  for (const char* factors : {"0", "20:10:1", "20:30", "a", "1,,2", "-3", "nan", "20:30:0.0001"}) {
    const Outcome outcome = run("spiking convert rates.yaml" + task + " --evaluate 4 --factors " + factors);
    EXPECT_EQ(outcome.code, 2) << factors;
    EXPECT_SAYS(outcome.err, "--factors");
  }
  EXPECT_SAYS(run("spiking convert rates.yaml" + task + " --report nowhere/s.html").err, "nowhere");
}

// ---- run, repeat, analyze ------------------------------------------------------------------------------

class SpikingRuns : public Cli {
 protected:
  SpikingRuns() {
    write("net.yaml",
          "init_params: {delta_t: 0.0005, duration_sec: 0.5, n_neurons: 400, n_excitatory: 320}\n"
          "architecture:\n"
          "  network: {threshold: [1.5, 0.75]}\n"
          "  clusters: {n_excitatory_background: 32, n_inhibitory_background: 8, n_clusters: 4,\n"
          "             j_baseline: [0.63, 0.63, -1.9, -3.8], j_potentiated: [4, 2, 2, 2]}\n"
          "external_currents: {c_ext: [320, 320, 0, 0], nu_ext_baseline: [7, 7, 0, 0]}\n"
          "arousal: {level: 0.3}\n");
  }
};

TEST_F(SpikingRuns, ANetworkRunsAndIsAnalysed) {
  const std::string out = good("spiking run net.yaml --seed 3 --output s.npz --report s.html").out;
  EXPECT_SAYS(out, "net.yaml: 400 units, 0.5 s, ");
  EXPECT_SAYS(out, "seed 3");
  EXPECT_SAYS(out, "CV of intervals");
  const Npz npz = load_npz(path("s.npz"));
  EXPECT_EQ(npz.at("clusters").shape, (std::vector<int64_t>{400}));
  EXPECT_EQ(npz.at("clusters").as_double().back(), 10);
  EXPECT_EQ(npz.at("n_steps").as_double()[0], 1000);
  EXPECT_GT(npz.at("spikes").shape[0], 100);
  EXPECT_SAYS(read_file(path("s.html")), "Rates of E clusters");

  // the same seed gives the same spikes
  good("spiking run net.yaml --seed 3 --output again.npz --threads 1");
  EXPECT_EQ(load_npz(path("again.npz")).at("spikes").as_double(), npz.at("spikes").as_double());
  good("spiking run net.yaml --seed 4 --output other.npz");
  EXPECT_NE(load_npz(path("other.npz")).at("spikes").as_double(), npz.at("spikes").as_double());
  EXPECT_SAYS(good("spiking analyze s.npz --output one").out, "1 recording\n");
}

TEST_F(SpikingRuns, RepeatsAreTakenUpAgain) {
  good("spiking repeat net.yaml -n 2 --output few");
  EXPECT_SAYS(good("spiking repeat net.yaml -n 3 --output few --threads 2").out, "3 repeats of 0.5 s, 2 of which were there");
  good("spiking repeat net.yaml -n 3 --output all");
  for (const char* file : {"data/spikes_0.npz", "data/spikes_1.npz", "data/spikes_2.npz", "metadata/seeds.txt", "dataframes/occurrences.csv",
                           "dataframes/transitions.csv", "metrics/summary.json"})
    EXPECT_EQ(read_file(path("few/" + std::string(file))), read_file(path("all/" + std::string(file)))) << file;
  EXPECT_NE(read_file(path("all/data/spikes_0.npz")), read_file(path("all/data/spikes_1.npz")));
  EXPECT_SAYS(good("spiking analyze all --minimal-life-span 40").out, "3 recordings");
  EXPECT_SAYS(run("spiking repeat net.yaml -n 2 --output all --set arousal.level=0.5").err, "holds repeats of another network");
}

TEST_F(SpikingRuns, SayWhatIsWrong) {
  EXPECT_SAYS(run("spiking repeat net.yaml").err, "--output: says where the repeats go");
  EXPECT_SAYS(run("spiking convert net.yaml").err, "--task: names the task");
  EXPECT_SAYS(run("spiking run net.yaml --factors 20").err, "--factors: means nothing to dynode spiking run");
  fs::create_directories(path("empty"));
  EXPECT_SAYS(run("spiking analyze empty").err, "has no data/spikes_0.npz");
  EXPECT_SAYS(run("spiking run net.yaml --output s.txt").err, "s.txt");
}

}  // namespace
}  // namespace dynode
