// dynode mean-field, as a user drives it.
#include <fmt/format.h>

#include "tests/cli_test.h"

namespace dynode {
namespace {

const char* const kClusters = R"(init_params: {n_neurons: 800, n_excitatory: 640}
architecture:
  network: {threshold: [4.86, 5.98], j_ext: [14.5, 12.9, 0, 0]}
  clusters: {n_excitatory_background: 480, n_inhibitory_background: 160, n_clusters: 2,
             j_baseline: [0.8, 2.5, -10.6, -9.7], j_potentiated: [20, 1, 1, 1]}
external_currents: {c_ext: [128, 128, 0, 0]}
arousal: {level: 0.275}
)";

const char* const kSpec = R"(simulation: {dt: 0.0005, duration: 0.1, input_type: none}
layers:
  - {layer_id: 0, layer_type: LIF, params: {dim: 800, n_excitatory: 640, threshold: [4.86, 5.98]}}
connections:
  - from_layer: 0
    to_layer: 0
    connection_type: clustered
    mode: spike
    params: {structure: {type: clustered, params: {n_clusters: 2, n_excitatory_background: 480, n_inhibitory_background: 160,
             connectivity_fraction_probs: [0.2, 0.5, 0.5, 0.5], j_baseline: [0.8, 2.5, -10.6, -9.7], j_potentiated: [20, 1, 1, 1]}}}
drives: [{to_layer: 0, type: poisson, nu_ext_baseline: [7, 7, 0, 0], c_ext: [128, 128, 0, 0], j_ext: [14.5, 12.9, 0, 0]}]
arousal: {level: 0.275, L: 0.75, x_0: 0.2, k: 1.25, M: 13.125}
)";

class MeanField : public Cli {
 protected:
  MeanField() { write("clusters.yaml", kClusters), write("net.yaml", kSpec); }

  std::vector<double> numbers(const char* file, const char* name) { return load_npz(path(file)).at(name).as_double(); }
};

TEST_F(MeanField, OfASpecIsThatOfTheSameNetworkInOldWords) {
  good("mean-field solve clusters.yaml --output old.npz");
  good("mean-field solve net.yaml --output new.npz");
  const auto old = numbers("old.npz", "fixed_points"), now = numbers("new.npz", "fixed_points");
  ASSERT_EQ(old.size(), 18u);  // three points of six populations
  ASSERT_EQ(now.size(), old.size());
  for (size_t i = 0; i < old.size(); ++i) EXPECT_NEAR(now[i], old[i], 1e-6 * (1 + old[i])) << i;
}

TEST_F(MeanField, RatesAreInHzAlsoWhereTimesAreInMilliseconds) {
  const auto net = [](double s, const char* unit) {  // s: a second in units of time
    return fmt::format(
        "simulation: {{dt: {}, duration: {}, input_type: none{}}}\n"
        "layers: [{{layer_id: 0, layer_type: LIF, params: {{dim: 100, n_excitatory: 80, tau_membrane: {}, tau_synaptic: {}, "
        "tau_refractory: {}, threshold: 1.2}}}}]\n"
        "connections: [{{from_layer: 0, to_layer: 0, connection_type: fixed_indegree, mode: spike, params: {{structure: "
        "{{type: fixed_indegree, params: {{indegree: [8, 2], weight: [0.05, -0.2]}}}}}}}}]\n"
        "drives: [{{to_layer: 0, type: poisson, rate: {}, connections: 100, weight: 0.1}}, "
        "{{to_layer: 0, type: constant, value: {}}}]\n",
        0.0005 * s, 0.5 * s, unit, 0.02 * s, 0.005 * s, 0.002 * s, 8 / s, 5 / s);
  };
  write("s.yaml", net(1, "")), write("ms.yaml", net(1000, ", time_unit: ms"));
  good("mean-field solve s.yaml --random-starts 2 --output s.npz");
  good("mean-field solve ms.yaml --random-starts 2 --output ms.npz");
  const auto s = numbers("s.npz", "fixed_points"), ms = numbers("ms.npz", "fixed_points");
  ASSERT_EQ(s.size(), 2u);
  ASSERT_EQ(ms.size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_NEAR(ms[i], s[i], 1e-6 * s[i]);
  // and so do runs
  good("spiking run s.yaml --output s.npz"), good("spiking run ms.yaml --output ms.npz");
  EXPECT_DOUBLE_EQ(numbers("ms.npz", "dt")[0], 0.0005);
  EXPECT_EQ(numbers("ms.npz", "n_steps")[0], 1000);
  EXPECT_NEAR(double(numbers("ms.npz", "spikes").size()), double(numbers("s.npz", "spikes").size()),
              0.1 * double(numbers("s.npz", "spikes").size()));
  EXPECT_SAYS(good("info ms.yaml").out, "tau_membrane 20 ms");
  EXPECT_SAYS(run("info ms.yaml --set simulation.time_unit=us").err, "it can be: s, ms");
  EXPECT_SAYS(good("mean-field solve ms.yaml --set simulation.time_unit=s --random-starts 0").out, "time_unit: ms");
}

TEST_F(MeanField, OfDeltaSynapsesIsThatOfWhiteNoise) {
  write("delta.yaml",
        "simulation: {dt: 0.0001, duration: 1, input_type: none}\n"
        "layers: [{layer_id: 0, layer_type: LIFDelta, params: {dim: 1000, populations: {all of them: 1000}, tau_membrane: 0.02, "
        "tau_refractory: 0.002, threshold: 20, reset_voltage: 10}}]\n"
        "drives: [{to_layer: 0, type: poisson, rate: 20, connections: 800, weight: 0.1}]\n");
  EXPECT_SAYS(good("mean-field solve delta.yaml --output d.npz").out, "all of them, Hz");
  good("spiking run delta.yaml --output r.npz");
  const double rate = double(numbers("r.npz", "spikes").size()) / 2 / 1000;
  EXPECT_NEAR(rate, numbers("d.npz", "fixed_points")[0], 0.06 * rate);  // steps of 0.1 ms, events of 0.1 mV
}

TEST_F(MeanField, RatesInTimeFollowDrivesAndEndAtAFixedPoint) {
  const std::string hat = " --set 'perturbation={rate: {vectors: [[1]], involved_clusters: [0], params: [40], time_dependence: {shape: hat, "
                          "onset_time: 0.4, offset_time: 0.6}}}'";
  EXPECT_SAYS(good("mean-field run net.yaml --duration 1.6 --output r.npz --svg r.svg" + hat).out, "E cluster 0");
  const auto   t = numbers("r.npz", "time"), r = numbers("r.npz", "rates");
  const size_t p = r.size() / t.size(), last = (t.size() - 1) * p;
  ASSERT_EQ(p, 6u);
  const auto at = [&](double time, size_t population) { return r[size_t(std::lround(time / t[1])) * p + population]; };
  EXPECT_EQ(at(0, 0), 0);
  EXPECT_NEAR(at(0.39, 0), at(0.39, 1), 1e-9);
  EXPECT_GT(at(0.59, 0), at(0.59, 1) + 5);
  good("mean-field solve net.yaml --output points.npz --all");
  const auto points = numbers("points.npz", "fixed_points");
  double     nearest = 1e9;
  for (size_t k = 0; k < points.size(); k += p) {
    double apart = 0;
    for (size_t i = 0; i < p; ++i) apart = std::max(apart, std::abs(points[k + i] - r[last + i]));
    nearest = std::min(nearest, apart);
  }
  EXPECT_LT(nearest, 0.01);
  // old words, and times in ms, tell the same
  good("mean-field run clusters.yaml --duration 1.6 --output old.npz" + hat);
  const auto old = numbers("old.npz", "rates");
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(old[last + i], r[last + i], 1e-6 * r[last + i]);
  EXPECT_SAYS(run("mean-field run net.yaml --start 1,2").err, "needs one rate or 6");
  EXPECT_SAYS(run("mean-field run net.yaml --folds").err, "means nothing to dynode mean-field run");
}

TEST_F(MeanField, OfTheOldestLayoutIsUnderstood) {
  write("old.yaml",
        "network:\n"
        "  n_clusters: 2\n"
        "  c_matrix: [[1, 1], [1, 1]]\n"
        "  j_matrix: [[0.1, 0.1], [0.1, 0.1]]\n"
        "  j_ext: [2.3, 2.3]\n"
        "  c_ext: 320\n"
        "  nu_ext: 7\n"
        "  threshold: [1.5, 0.75]\n"
        "  tau_refractory: 0.005\n"
        "runner: {mode: simple}\n");
  const std::string out = good("mean-field solve old.yaml --output points.npz").out;
  EXPECT_SAYS(out, "2 populations; 1 fixed point from");
  EXPECT_SAYS(out, "stable node");
  const auto rates = numbers("points.npz", "fixed_points");
  EXPECT_NEAR(rates.at(0), 188.27192499, 1e-8);
  EXPECT_NEAR(rates.at(1), 193.98136889, 1e-8);
  EXPECT_SAYS(run("mean-field solve old.yaml --set network.c_ext=[1,2,3]").err, "needs one number or 2, got 3");
}

TEST_F(MeanField, LandscapeHasItsWellsAndABarrier) {
  const std::string out =
      good("mean-field landscape clusters.yaml --focus 0,1 --density 2 --svg l.svg --report l.html --output l.npz").out;
  EXPECT_SAYS(out, "E cluster 0 and E cluster 1 in focus, 900 points");
  EXPECT_SAYS(out, "barrier, Hz²");
  const Npz npz = load_npz(path("l.npz"));
  EXPECT_EQ(npz.at("force_field").shape, (std::vector<int64_t>{30, 30, 2}));
  EXPECT_EQ(npz.at("path").shape, (std::vector<int64_t>{30, 2}));
  EXPECT_SAYS(read_file(path("l.svg")), "Potential along the way");
  EXPECT_SAYS(read_file(path("l.html")), "Force between E cluster 0 and E cluster 1");

  // the number of threads leaves no trace
  good("mean-field landscape clusters.yaml --density 2 --threads 1 --output one.npz");
  good("mean-field landscape clusters.yaml --density 2 --threads 3 --output three.npz");
  EXPECT_EQ(numbers("one.npz", "force_field"), numbers("three.npz", "force_field"));
  EXPECT_SAYS(good("mean-field landscape clusters.yaml --focus 0 --density 2 --svg one.svg").out,
              "E cluster 0 in focus, 30 points");
}

TEST_F(MeanField, SweepFollowsBranchesThroughFolds) {
  const std::string out =
      good(
          "mean-field sweep clusters.yaml --param arousal.level --range 0 1 5 --folds --random-starts 10 "
          "--output b.csv --svg b.svg --report b.html")
          .out;
  EXPECT_SAYS(out, "6 populations, arousal.level from 0 to 1");
  EXPECT_SAYS(out, "fold at");
  EXPECT_SAYS(out, "0.450577");
  EXPECT_SAYS(read_file(path("b.csv")), "arousal.level,branch,fold,state,max_real_eig,E cluster 0,");
  EXPECT_SAYS(read_file(path("b.html")), "Fixed points against arousal.level");
  good("mean-field sweep net.yaml --param arousal.level --range 0 1 3 --random-starts 0 --output p.npz --svg p.svg");
  EXPECT_EQ(numbers("p.npz", "value").size(), numbers("p.npz", "max_real_eig").size());
  good("mean-field sweep net.yaml --param arousal.level --values 0,0.5,1 --random-starts 0 --output q.npz");
  EXPECT_EQ(read_file(path("q.npz")), read_file(path("p.npz")));
  EXPECT_SAYS(run("mean-field sweep net.yaml --param arousal.level --values 0.5").err, "needs two different values");
  EXPECT_SAYS(run("mean-field sweep net.yaml --param arousal.level --values 0,1 --folds").err, "--folds follows branches");
}

TEST_F(MeanField, SaysWhatDoesNotFit) {
  EXPECT_SAYS(run("mean-field ponder clusters.yaml").err, "dynode mean-field cannot 'ponder'");
  EXPECT_SAYS(run("mean-field sweep clusters.yaml").err, "--param: says what is swept");
  EXPECT_SAYS(run("mean-field solve clusters.yaml --focus 0").err, "--focus: means nothing to dynode mean-field solve");
  EXPECT_SAYS(run("mean-field sweep clusters.yaml --param arousal.level --range 1 0 3").err,
              "--range: needs LOW HIGH NUM");
  EXPECT_SAYS(run("mean-field landscape clusters.yaml --focus 0,9").err, "there is no population 9 of 6");
  EXPECT_SAYS(run("mean-field landscape clusters.yaml --limits 5").err, "--limits: needs two numbers");
  EXPECT_SAYS(run("mean-field solve clusters.yaml --report x.html").err, "points alone make no picture");
  EXPECT_SAYS(run("mean-field sweep clusters.yaml --param arousal.levle --range 0 1 3").err, "levle");
  write("dendrites.yaml", "layers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}\n");
  EXPECT_SAYS(run("mean-field solve dendrites.yaml").err, "networks of spiking layers without an input array");
  write("other.yaml", "init_parms: {}\n");
  EXPECT_SAYS(run("mean-field solve other.yaml").err, "unknown key 'init_parms'");
}

}  // namespace
}  // namespace dynode
