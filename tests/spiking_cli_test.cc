// dynode spiking, as a user drives it.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "dynode/io/arrays.h"
#include "dynode/io/hdf5.h"
#include "dynode/spec/spec.h"
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

TEST_F(SpikingRuns, FewerRepeatsLeaveTheOthersAsTheyAre) {
  good("spiking repeat net.yaml -n 3 --output few");
  const std::string seeds = read_file(path("few/metadata/seeds.txt"));
  EXPECT_SAYS(good("spiking repeat net.yaml -n 2 --output few").out, "2 repeats of 0.5 s, 2 of which were there");
  EXPECT_EQ(read_file(path("few/metadata/seeds.txt")), seeds);
  EXPECT_SAYS(run("spiking repeat net.yaml -n 2 --seed 9 --output few").err, "holds repeats with other seeds");
}

TEST_F(SpikingRuns, TakeTheirSeedsFromAListOrAFile) {
  write("seeds.txt", "11\n5\n");
  good("spiking repeat net.yaml --seeds 11,5 --output list --set init_params.duration_sec=0.1");
  good("spiking repeat net.yaml --seeds seeds.txt --output file --set init_params.duration_sec=0.1");
  for (const char* file : {"data/spikes_0.npz", "data/spikes_1.npz", "metadata/seeds.txt"})
    EXPECT_EQ(read_file(path("list/" + std::string(file))), read_file(path("file/" + std::string(file)))) << file;
  EXPECT_EQ(read_file(path("list/metadata/seeds.txt")), "11\n5\n");
  EXPECT_SAYS(run("spiking repeat net.yaml --seeds 1,2 -n 3 --output x").err, "2 seeds for 3 repeats");
  EXPECT_SAYS(run("spiking repeat net.yaml --seeds 1.5 --output x").err, "1.5 is no seed");
}

TEST_F(SpikingRuns, AFileIsAnalysedWithoutALineBesideIt) {
  good("spiking run net.yaml --output s.npz");
  const auto count  = [&] { return std::distance(fs::directory_iterator(path(".")), fs::directory_iterator()); };
  const auto files  = count();
  EXPECT_SAYS(good("spiking analyze s.npz --warm-up 0.1").out, "in 0.4 s; mean life span");
  EXPECT_EQ(count(), files);
  good("spiking analyze s.npz --report page.html --output tables");
  EXPECT_TRUE(fs::exists(path("page.html")) && fs::exists(path("tables/dataframes/populations.csv")));
  EXPECT_SAYS(run("spiking analyze s.npz --warm-up 0.5").err, "0.5 s are left out of runs of 0.5 s");
}

TEST_F(SpikingRuns, SweepRepeatsForEachValueWithTheSameSeeds) {
  const std::string line = "spiking sweep net.yaml --param arousal.level --values 0.1,0.6 -n 2 --output sweep --set init_params.duration_sec=0.3";
  EXPECT_SAYS(good(line + " --threads 2").out, "2 values of arousal.level, 2 repeats each\n");
  EXPECT_SAYS(good(line).out, "4 runs were there");
  EXPECT_EQ(read_file(path("sweep/sweep_0/metadata/seeds.txt")), read_file(path("sweep/sweep_1/metadata/seeds.txt")));
  EXPECT_EQ(read_file(path("sweep/metadata/sweep_index.csv")), "sweep_idx,sweep_value\n0,0.1\n1,0.6\n");
  EXPECT_SAYS(read_file(path("sweep/dataframes/sweep_summary.csv")), "\n1,0.6,2,");
  EXPECT_SAYS(read_file(path("sweep/report.html")), "Durations of occurrences");
  // a value's runs are those of repeat
  good("spiking repeat net.yaml --set arousal.level=0.6 --set init_params.duration_sec=0.3 -n 2 --output one");
  EXPECT_EQ(read_file(path("sweep/sweep_1/data/spikes_1.npz")), read_file(path("one/data/spikes_1.npz")));
  EXPECT_EQ(read_file(path("sweep/sweep_1/dataframes/attractors.csv")), read_file(path("one/dataframes/attractors.csv")));
  good("spiking sweep net.yaml --param external_currents.nu_ext_baseline --values [7,7,0,0],[8,8,0,0] -n 1 --output lists --set init_params.duration_sec=0.05");
  EXPECT_SAYS(read_file(path("lists/metadata/sweep_index.csv")), "1,\"[8,8,0,0]\"");
  EXPECT_SAYS(read_file(path("lists/dataframes/sweep_summary.csv")), "sweep_idx,sweep_value,param_0,param_1,param_2,param_3,repeats,");
  EXPECT_SAYS(read_file(path("lists/dataframes/sweep_summary.csv")), "\n1,\"[8,8,0,0]\",8,8,0,0,1,");
  EXPECT_SAYS(run("spiking sweep net.yaml --output x").err, "--param: says what is swept");
  EXPECT_SAYS(run("spiking sweep net.yaml --param arousal.level --output x").err, "--values: says which values");
  EXPECT_SAYS(run("spiking sweep net.yaml --param arousal.level --values 0.1,2 --output x").err, "arousal.level");
  EXPECT_FALSE(fs::exists(path("x/sweep_0/data/spikes_0.npz")));
}

TEST_F(SpikingRuns, SummariesTellHowRepeatsDiffer) {
  good("spiking sweep net.yaml --param arousal.level --values 0.1,0.6 -n 3 --output sweep --set init_params.duration_sec=0.3");
  const auto columns = [&](const std::string& file) {
    std::map<std::string, std::vector<double>> all;
    std::istringstream                         lines(read_file(path(file)));
    std::vector<std::string>                   names;
    for (std::string line; std::getline(lines, line);) {
      std::vector<std::string> entries;
      std::istringstream       words(line);
      for (std::string word; std::getline(words, word, ',');) entries.push_back(word);
      if (names.empty()) names = entries;
      else
        for (size_t k = 0; k < entries.size(); ++k) all[names[k]].push_back(std::stod(entries[k]));
    }
    return all;
  };
  for (size_t value = 0; value < 2; ++value) {
    const auto sweep = columns("sweep/dataframes/sweep_summary.csv");
    const auto each  = columns(fmt::format("sweep/sweep_{}/dataframes/repeats.csv", value));
    for (const char* name : {"rate_e_hz", "rate_i_hz", "num_states", "total_occurrences", "mean_lifespan_ms", "mean_probability",
                             "mean_active_clusters"}) {
      const auto& x = each.at(name);
      ASSERT_EQ(x.size(), 3u);
      const double mean = (x[0] + x[1] + x[2]) / 3;
      double       square = 0;
      for (double one : x) square += (one - mean) * (one - mean);
      const auto of = [&](const char* what) { return sweep.at(fmt::format("{}_{}", name, what))[value]; };
      EXPECT_NEAR(of("mean"), mean, 1e-6 * (1 + mean)) << name;
      EXPECT_NEAR(of("std"), std::sqrt(square / 2), 1e-6 * (1 + mean)) << name;
      EXPECT_NEAR(of("min"), std::ranges::min(x), 1e-6 * (1 + mean)) << name;
      EXPECT_NEAR(of("max"), std::ranges::max(x), 1e-6 * (1 + mean)) << name;
    }
    EXPECT_GT(sweep.at("rate_e_hz_std")[value], 0);
    EXPECT_NEAR(sweep.at("rate_e_hz")[value], sweep.at("rate_e_hz_mean")[value], 1e-6);
    // occurrences are counted run by run, so that their number is that of all runs as one
    EXPECT_NEAR(sweep.at("total_occurrences")[value], 3 * sweep.at("total_occurrences_mean")[value], 1e-4);
  }
  // a repeat is what it is alone
  good("spiking analyze sweep/sweep_1/data/spikes_1.npz --output alone");
  const auto all = columns("sweep/sweep_1/dataframes/repeats.csv"), alone = columns("alone/dataframes/repeats.csv");
  for (const auto& [name, x] : alone) EXPECT_EQ(all.at(name)[1] - (name == "repeat"), x[0]) << name;
}

TEST_F(SpikingRuns, APipelineIsASweepSaidInAFile) {
  good("spiking sweep net.yaml --param arousal.level --values 0.1,0.6 -n 2 --seed 4 --output words --time-steps 7 "
       "--set init_params.duration_sec=0.2");
  EXPECT_EQ(std::ranges::count(read_file(path("words/sweep_0/dataframes/time_evolution.csv")), '\n'), 8);
  write("pipeline.yaml",
        "config: net.yaml\nset: [init_params.duration_sec=0.2]\nmode: SWEEP_REPEATED\nn_repeats: 2\nbase_seed: 4\n"
        "sweep_param: [arousal, level]\nsweep_values: [0.1, 0.6]\nsave_dir: file\nsave_raw: false\nlog_level: INFO\n"
        "time_evolution_num_steps: 7\n");
  EXPECT_SAYS(good("spiking pipeline pipeline.yaml").err, "log_level has no effect");
  for (const char* file : {"dataframes/sweep_summary.csv", "metrics/sweep_summary.json", "sweep_1/dataframes/time_evolution.csv",
                           "sweep_1/metadata/seeds.txt"})
    EXPECT_EQ(read_file(path("file/" + std::string(file))), read_file(path("words/" + std::string(file)))) << file;
  EXPECT_TRUE(fs::exists(path("words/sweep_0/data/spikes_1.npz")));
  EXPECT_FALSE(fs::exists(path("file/sweep_0/data")));

  // what was done says how to do it again
  const Value metadata = load_value(path("words/metadata/pipeline_metadata.json"));
  EXPECT_EQ(metadata.at("runs").integer(), 4);
  EXPECT_EQ(metadata.at("runs_found").integer(), 0);
  EXPECT_EQ(metadata.at("seeds").size(), 2u);
  EXPECT_EQ(metadata.at("sweep").at("param").text(), "arousal.level");
  EXPECT_EQ(metadata.at("timestamp").text().size(), std::string("2026-01-01T00:00:00Z").size());
  EXPECT_GT(metadata.at("duration_seconds").number(), 0);
  good("spiking pipeline words/metadata/pipeline_config.json --output again");
  EXPECT_EQ(read_file(path("again/dataframes/sweep_summary.csv")), read_file(path("words/dataframes/sweep_summary.csv")));
  good("spiking pipeline words/metadata/pipeline_config.json");
  EXPECT_EQ(load_value(path("words/metadata/pipeline_metadata.json")).at("runs_found").integer(), 4);

  write("single.yaml", "config: net.yaml\nset: [init_params.duration_sec=0.1]\n");
  EXPECT_SAYS(good("spiking pipeline single.yaml").out, "400 units, 0.1 s");
  const auto refuses = [&](const char* text, const char* what) {
    write("wrong.yaml", "config: net.yaml\n" + std::string(text));
    const Outcome outcome = run("spiking pipeline wrong.yaml");
    EXPECT_EQ(outcome.code, 2);
    EXPECT_SAYS(outcome.err, what);
  };
  refuses("mode: TWICE", "there is no mode 'TWICE'");
  refuses("mode: SWEEP", "needs sweep_param and sweep_values");
  refuses("mode: REPEATED\nn_repeats: 2", "says where the repeats go");
  refuses("n_repeats: 2", "mode: REPEATED");
  refuses("executor: fiber", "it can be: thread, process");
  refuses("log_level: LOUD", "cannot be 'LOUD'");
  refuses("dataframe_compression: zip", "zstd");
  refuses("n_repets: 2", "n_repeats");
}

TEST_F(SpikingRuns, RawSpikesNeedNotBeKept) {
  good("spiking repeat net.yaml -n 2 --output kept --set init_params.duration_sec=0.2");
  good("spiking repeat net.yaml -n 2 --output less --set init_params.duration_sec=0.2 --no-raw");
  EXPECT_EQ(read_file(path("kept/dataframes/repeats.csv")), read_file(path("less/dataframes/repeats.csv")));
  EXPECT_FALSE(fs::exists(path("less/data")));
  EXPECT_SAYS(run("spiking analyze less").err, "unless --no-raw");
  EXPECT_SAYS(run("spiking run net.yaml --no-raw").err, "--no-raw: means nothing to dynode spiking run");
}

TEST_F(SpikingRuns, WordsOfTheOriginalAreKnown) {
  EXPECT_SAYS(run("spiking repeat net.yaml --n-repeats 3").err, "it is --repeats here");
  EXPECT_SAYS(run("spiking repeat net.yaml --time-dt-ms 3").err, "it is --time-step here");
  EXPECT_SAYS(run("spiking repeat net.yaml --time-step 3 --time-steps 3").err, "exclude each other");
  EXPECT_SAYS(good("sweep net.yaml --param arousal.level --values 0.5 -n 1 --output s --set init_params.duration_sec=0.05").out,
              "1 value of arousal.level");
}

TEST_F(SpikingRuns, PopulationsHaveNamesInTablesAndFiles) {
  write("populations.yaml",
        "simulation: {dt: 0.1, duration: 300, time_unit: ms, input_type: none}\n"
        "layers: [{layer_id: 0, layer_type: LIF, params: {dim: 30, populations: {L4E: 20, L4I: 10}, tau_membrane: 10, "
        "tau_synaptic: 0.5, tau_refractory: 2, threshold: 15}}]\n"
        "drives: [{to_layer: 0, type: poisson, rate: 20, connections: 1, weight: [0.8, 0.9]}]\n");
  const std::string out = good("spiking run populations.yaml --output p.npz --report p.html").out;
  EXPECT_SAYS(out, "\n  L4E             20 ");
  EXPECT_SAYS(good("spiking analyze p.npz --output tables").out, "L4I");
  EXPECT_SAYS(read_file(path("tables/dataframes/populations.csv")), "\n\"L4I\",10,");
  EXPECT_SAYS(read_file(path("p.html")), "correlations of pairs");
  EXPECT_SAYS(run("spiking run populations.yaml --set layers.0.params.populations.L4I=11").err, "31 units in all, but dim is 30");
}

TEST_F(SpikingRuns, PopulationsMayBeEmpty) {
  const std::string out = good("spiking run net.yaml --set architecture.clusters.n_excitatory_background=0 "
                               "--set architecture.clusters.n_inhibitory_background=0 --output s.npz --report s.html").out;
  EXPECT_SAYS(out, "mean number of active clusters");
  EXPECT_SAYS(read_file(path("s.html")), "Rates of E clusters");
  const auto below = [](const std::string& text) { return text.substr(text.find("\n\n"), 300); };
  EXPECT_EQ(below(good("spiking analyze s.npz").out), below(out));
}

TEST_F(SpikingRuns, RecordingsOfTheOriginalAreAnalysed) {
  good("spiking run net.yaml --seed 3 --output s.npz");
  const Npz  npz    = load_npz(path("s.npz"));
  const auto spikes = npz.at("spikes").as_integers("spikes");
  Array      dense{{1000, 400}, std::vector<uint8_t>(400'000)};
  for (size_t k = 0; k < spikes.size(); k += 2) std::get<std::vector<uint8_t>>(dense.data)[size_t(spikes[k] * 400 + spikes[k + 1])] = 1;
  fs::create_directories(path("npz")), fs::create_directories(path("npy"));
  for (const char* name : {"a", "b"}) {
    save_npz(path(fmt::format("npz/{}.npz", name)), {{"spikes", dense}, {"clusters", npz.at("clusters")}});
    save_npy(path(fmt::format("npy/{}.npy", name)), dense);
  }
  save_npy(path("npy/clusters.npy"), npz.at("clusters"));
  const auto below = [](const std::string& text) { return text.substr(text.find("\n\n")); };
  EXPECT_EQ(below(good("spiking analyze npz/a.npz").out), below(good("spiking analyze s.npz").out));
  const std::string two = good("spiking analyze npz").out;
  EXPECT_SAYS(two, "2 recordings");
  EXPECT_EQ(below(good("spiking analyze npy --output tables").out).substr(0, 200), below(two).substr(0, 200));
  EXPECT_TRUE(fs::exists(path("tables/dataframes/occurrences.csv")));
  save_npz(path("short.npz"), {{"spikes", dense}, {"clusters", Array{{2}, std::vector<int64_t>{1, 2}}}});
  EXPECT_SAYS(run("spiking analyze short.npz").err, "clusters");
}

TEST_F(SpikingRuns, GoToHdf5AndBack) {
  if (!has_hdf5()) GTEST_SKIP() << "built without HDF5";
  good("spiking run net.yaml --seed 3 --output s.npz"), good("spiking run net.yaml --seed 3 --output s.h5");
  EXPECT_EQ(load_arrays(path("s.h5")).at("spikes"), load_npz(path("s.npz")).at("spikes"));
  EXPECT_EQ(good("spiking analyze s.h5").out.substr(4), good("spiking analyze s.npz").out.substr(5));
  good("spiking repeat net.yaml -n 2 --format h5 --output few --set init_params.duration_sec=0.1");
  EXPECT_TRUE(fs::exists(path("few/data/spikes_1.h5")));
  EXPECT_SAYS(good("spiking analyze few").out, "2 recordings");
  EXPECT_SAYS(run("spiking repeat net.yaml --format zip --output x").err, "there are: npz, h5");
}

TEST_F(SpikingRuns, TheOldestLayoutIsUnderstood) {
  std::string old = read_file(path("net.yaml"));
  old.replace(0, std::string("init_params: {delta_t").size(), "simulation: {random_seed: 3, delta_t");
  write("old.yaml", old + "settings: {save: true, save_dir: a, sim_name: b}\n");
  good("spiking run net.yaml --seed 3 --output new.npz");
  EXPECT_SAYS(good("spiking run old.yaml --output old.npz").err, "--output says where results go");
  EXPECT_EQ(read_file(path("old.npz")), read_file(path("new.npz")));
  EXPECT_EQ(good("mean-field solve old.yaml").out.substr(8), good("mean-field solve net.yaml").out.substr(8));
}

TEST_F(SpikingRuns, SayWhatIsWrong) {
  EXPECT_SAYS(run("spiking analyze net.yaml --kernel-ms 0").err, "--kernel-ms");
  EXPECT_SAYS(run("spiking run net.yaml --kernel square").err, "there are: gaussian, box");
  EXPECT_SAYS(run("spiking repeat net.yaml").err, "--output: says where the repeats go");
  EXPECT_SAYS(run("spiking convert net.yaml").err, "--task: names the task");
  EXPECT_SAYS(run("spiking run net.yaml --factors 20").err, "--factors: means nothing to dynode spiking run");
  fs::create_directories(path("empty"));
  EXPECT_SAYS(run("spiking analyze empty").err, "has no data/spikes_0.npz");
  EXPECT_SAYS(run("spiking run net.yaml --output s.txt").err, "s.txt");
}

}  // namespace
}  // namespace dynode
