// dynode simulate with networks of spikes that take no input array, as a user drives it.
#include "dynode/io/arrays.h"
#include "dynode/io/hdf5.h"
#include "tests/cli_test.h"

namespace dynode {
namespace {

constexpr const char* kClusters = R"(seed: 4
simulation: {dt: 0.0005, duration: 0.2, input_type: none}
layers:
  - {layer_id: 0, layer_type: LIF, params: {dim: 500, n_excitatory: 400, threshold: [1.5, 0.75]}}
connections:
  - {from_layer: 0, to_layer: 0, connection_type: clustered, mode: spike, params: {n_clusters: 4, n_excitatory_background: 80, n_inhibitory_background: 20}}
drives: [{to_layer: 0, type: poisson, nu_ext_baseline: [7, 7, 0, 0], c_ext: [320, 320, 0, 0], j_ext: [1.3, 1.3, 0, 0]}]
)";

class CliSpiking : public Cli {
 protected:
  CliSpiking() { write("clusters.yaml", kClusters); }
};

TEST_F(CliSpiking, RunsWithoutInputAndWritesSpikes) {
  const std::string text = good("simulate clusters.yaml --output out.npz").out;
  EXPECT_SAYS(text, "1 row × 400 steps");
  EXPECT_SAYS(text, "spikes of 500 units");
  const Npz file = load_npz(path("out.npz"));
  EXPECT_EQ(file.names(), std::vector<std::string>{"spikes/0"});
  EXPECT_GT(file.at("spikes/0").shape[0], 100);
  EXPECT_SAYS(good("info clusters.yaml").out, "clustered");
}

TEST_F(CliSpiking, RecordsStatesOfSomeUnits) {
  good("simulate clusters.yaml --record state/0/V[10:13],s/0[499] --output out.npz");
  const Npz file = load_npz(path("out.npz"));
  EXPECT_EQ(file.at("state/0/V[10:13]").shape, (std::vector<int64_t>{1, 401, 3}));
  EXPECT_EQ(file.at("s/0[499:500]").shape, (std::vector<int64_t>{1, 401, 1}));
  EXPECT_SAYS(run("simulate clusters.yaml --record state/0/V[499:501]").err, "it has 500");
}

TEST_F(CliSpiking, RecordsSomeSteps) {
  good("simulate clusters.yaml --rows 2 --record state/0/V[10:13],s/0,spikes --output out.npz");
  good("simulate clusters.yaml --rows 2 --record state/0/V[10:13],s/0,spikes --every 7 --output some.npz");
  const Npz all = load_npz(path("out.npz")), some = load_npz(path("some.npz"));
  EXPECT_EQ(some.at("spikes/0"), all.at("spikes/0"));
  for (const auto& [name, units] : {std::pair("state/0/V[10:13]", size_t(3)), std::pair("s/0", size_t(500))}) {
    ASSERT_EQ(some.at(name).shape, (std::vector<int64_t>{2, 58, int64_t(units)}));
    const auto x = all.at(name).as_double(), y = some.at(name).as_double();
    for (size_t row = 0; row < 2; ++row)
      for (size_t k = 0; k < 58; ++k)
        for (size_t u = 0; u < units; ++u) ASSERT_EQ(y[(row * 58 + k) * units + u], x[(row * 401 + 7 * k) * units + u]);
  }
}

TEST_F(CliSpiking, GoesOnFromAFinalState) {
  good("simulate clusters.yaml --output whole.npz --dtype float64");
  good("simulate clusters.yaml --record spikes,final --steps 150 --output first.npz --dtype float64");
  good("simulate clusters.yaml --from first.npz --steps 250 --output second.npz --dtype float64");
  const auto spikes = [&](const char* file) { return load_npz(path(file)).at("spikes/0").as_integers("spikes"); };
  std::vector<int64_t> joined = spikes("first.npz"), second = spikes("second.npz");
  for (size_t i = 0; i < second.size(); ++i) joined.push_back(second[i] + (i % 3 == 0 ? 150 : 0));
  EXPECT_EQ(joined, spikes("whole.npz"));
}

TEST_F(CliSpiking, ThreadsAndRowsDoNotMatter) {
  good("simulate clusters.yaml --rows 3 --threads 1 --output one.npz");
  good("simulate clusters.yaml --rows 3 --threads 2 --output two.npz");
  EXPECT_EQ(read_file(path("one.npz")), read_file(path("two.npz")));
}

TEST_F(CliSpiking, ResultsAreAlsoWrittenAsHdf5AndTakenUpAgain) {
  if (!has_hdf5()) GTEST_SKIP() << "built without HDF5";
  const std::string line = "simulate clusters.yaml --record spikes,final --steps 50 --output ";
  good(line + "a.npz"), good(line + "a.h5");
  const Npz npz = load_npz(path("a.npz")), h5 = load_arrays(path("a.h5"));
  EXPECT_EQ(npz.names().size(), h5.names().size());
  EXPECT_EQ(npz.at("spikes/0"), h5.at("spikes/0"));
  good("simulate clusters.yaml --from a.npz --steps 20 --output b.npz");
  good("simulate clusters.yaml --from a.h5 --steps 20 --output c.npz");
  EXPECT_EQ(read_file(path("b.npz")), read_file(path("c.npz")));
  EXPECT_SAYS(good("simulate clusters.yaml --set simulation.time_unit=s").out, " Hz\n");
}

TEST_F(CliSpiking, ExplainsMistakes) {
  EXPECT_SAYS(run("simulate clusters.yaml --record phi").err, "'phi' cannot be recorded\n  there are: spikes, s, state");
  EXPECT_SAYS(run("simulate clusters.yaml --input x.npy").err, "takes no input array");
  EXPECT_SAYS(run("simulate clusters.yaml --from x2.npy").err, "x2.npy");
  write("endless.yaml", std::string(kClusters).replace(std::string(kClusters).find(", duration: 0.2"), 15, ""));
  EXPECT_SAYS(run("simulate endless.yaml").err, "give simulation.duration or simulation.steps");
  good("simulate endless.yaml --steps 10");
  EXPECT_SAYS(run("simulate clusters.yaml --rows 100000000 --record state/0/V").err, "and this machine has");
}

}  // namespace
}  // namespace dynode
