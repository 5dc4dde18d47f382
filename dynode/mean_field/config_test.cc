#include "dynode/mean_field/config.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/mean_field/fixed_points.h"
#include "dynode/spec/yaml.h"

namespace dynode::mean_field {
namespace {

ClusteredNetwork network(const char* yaml) { return clustered_network(parse_yaml(yaml, "net.yaml")); }

std::string refusal(const char* yaml) {
  try {
    network(yaml);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(ClusteredNetwork, HasTheDefaultsOfAnEmptyFile) {
  const auto net = network("init_params: {}");
  ASSERT_EQ(net.populations.size(), 38u);
  // in-degrees of an E neuron: 1600 · 0.2 from E and 400 · 0.5 from I
  double from_e = 0, from_i = 0;
  for (size_t j = 0; j < 19; ++j) from_e += net.populations.c_matrix[j], from_i += net.populations.c_matrix[19 + j];
  EXPECT_NEAR(from_e, 320, 1e-9);
  EXPECT_NEAR(from_i, 200, 1e-9);
  EXPECT_EQ(net.populations.neurons[18].threshold, 1.5);
  EXPECT_EQ(net.populations.neurons[19].threshold, 0.75);
  EXPECT_NEAR(net.populations.j_ext[0], 2.3 / std::sqrt(2000.0), 1e-15);
  EXPECT_NEAR(net.populations.nu_ext[0], 7 + net.arousal.mean_extra_rate(), 1e-15);
}

TEST(ClusteredNetwork, ReadsOneNumberOneOfEachTypeOrOneOfEachPopulation) {
  const auto net = network(
      "architecture: {network: {tau_membrane: 0.01, threshold: [2, 3], reset_voltage: [0, 0.1, 0.2, 0.3, 0.4, 0.5]},"
      " clusters: {n_clusters: 2, total_pops: 6}}\n"
      "external_currents: {nu_ext_baseline: [5, 6, 0, 0]}");
  const auto& p = net.populations;
  EXPECT_EQ(p.neurons[3].tau_m, 0.01);
  EXPECT_EQ(p.neurons[2].threshold, 2);
  EXPECT_EQ(p.neurons[3].threshold, 3);
  EXPECT_EQ(p.neurons[4].v_reset, 0.4);
  EXPECT_EQ(p.nu_ext[3] - p.nu_ext[2], 1);
}

TEST(ClusteredNetwork, LosesExcitationToArousal) {
  const auto calm = network("arousal: {level: 0}"), awake = network("arousal: {level: 1}");
  EXPECT_NEAR(awake.populations.j_matrix[0] / calm.populations.j_matrix[0], 0.25, 1e-6);
  EXPECT_EQ(awake.populations.j_matrix[19], calm.populations.j_matrix[19]);
  EXPECT_NEAR(awake.populations.nu_ext[0], 7 + 13.125 / 2, 1e-12);
}

TEST(ClusteredNetwork, TakesPerturbationsOfEveryTarget) {
  const auto plain = network("init_params: {}").populations;
  const auto with  = [](const std::string& target, const char* vectors = "[[0.5, -0.25]]") {
    return network(
                ("perturbation: {" + target + ": {vectors: " + vectors + ", involved_clusters: [20, 1], params: [2]}}")
                    .c_str())
        .populations;
  };
  EXPECT_DOUBLE_EQ(with("rate").nu_ext[20], plain.nu_ext[20] + 1);
  EXPECT_DOUBLE_EQ(with("rate").nu_ext[1], plain.nu_ext[1] - 0.5);
  EXPECT_EQ(with("rate").nu_ext[0], plain.nu_ext[0]);
  EXPECT_DOUBLE_EQ(with("threshold").neurons[20].threshold, 1.75);
  EXPECT_DOUBLE_EQ(with("j_ext").j_ext[20], 3.3 / std::sqrt(2000.0));
  const size_t p = 38;
  EXPECT_DOUBLE_EQ(with("j_baseline").j_matrix[1 * p + 7], plain.j_matrix[1 * p + 7] * 0.5);  // listens
  EXPECT_EQ(with("j_baseline").j_matrix[7 * p + 1], plain.j_matrix[7 * p + 1]);
  const auto potentiated = with("j_potentiated").j_matrix;
  EXPECT_DOUBLE_EQ(potentiated[1 * p + 20], plain.j_matrix[1 * p + 20] * 2);  // I cluster 1 speaks to E cluster 1
  EXPECT_DOUBLE_EQ(potentiated[20 * p + 1], plain.j_matrix[20 * p + 1] * 0.5);
  EXPECT_EQ(potentiated[0 * p + 1], plain.j_matrix[0 * p + 1]);
  EXPECT_DOUBLE_EQ(with("j").j_matrix[20 * p + 3], plain.j_matrix[20 * p + 3]);
  EXPECT_EQ(with("j").j_matrix[3 * p + 3], 0);
  EXPECT_NEAR(network("perturbation: {arousal_level: {params: [0.1], balance: 1}}").arousal.level, 0.4, 1e-15);
  EXPECT_EQ(network("perturbation: {arousal_level: {params: [5], balance: 1}}").arousal.level, 1);
}

TEST(ClusteredNetwork, IsPerturbedByOneNumberAMatrixOrACirculant) {
  const Populations plain = network("init_params: {}").populations,
                    ring  = network("perturbation: {j: {circulant: {alpha: 0.2, beta: -0.1}}}").populations;
  EXPECT_DOUBLE_EQ(ring.j_matrix[17 * 38 + 0], 1.2 * plain.j_matrix[17 * 38 + 0]);   // E cluster 0 speaks to the last
  EXPECT_DOUBLE_EQ(ring.j_matrix[0 * 38 + 1], 1.2 * plain.j_matrix[0 * 38 + 1]);
  EXPECT_DOUBLE_EQ(ring.j_matrix[0 * 38 + 19 + 17], 0.9 * plain.j_matrix[0 * 38 + 19 + 17]);
  EXPECT_DOUBLE_EQ(ring.j_matrix[1 * 38 + 0], plain.j_matrix[1 * 38 + 0]);
  EXPECT_DOUBLE_EQ(network("perturbation: {threshold: {value: 0.25}}").populations.neurons[20].threshold, 1.0);
  EXPECT_NE(refusal("perturbation: {rate: {matrix: [[1]]}}").find("rate has no matrix"), std::string::npos);
}

TEST(ClusteredNetwork, ReadsOverWordsOfSpikingRuns) {
  const auto plain = network("init_params: {}").populations;
  EXPECT_EQ(network("architecture: {clusters: {rule: bernoulli}}\narousal: {noise: quenched}").populations.nu_ext,
            plain.nu_ext);
  const auto j_ext = [](const char* semantics) {
    const std::string yaml = std::string("architecture: {network: {j_ext: [2, 3, 0, 0]}}\n") +
                             "external_currents: {j_ext_semantics: " + semantics + "}";
    return network(yaml.c_str()).populations.j_ext;
  };
  EXPECT_DOUBLE_EQ(j_ext("by_types")[19], 1.5 * j_ext("by_types")[0]);
  EXPECT_EQ(j_ext("per_source")[19], j_ext("per_source")[0]);
}

TEST(ClusteredNetwork, ReadsAsVectorialNeuroModulatorsDidWhereAsked) {
  const std::string external = "external_currents: {c_ext: [320, 100, 0, 0], nu_ext_baseline: [7, 5, 0, 0]";
  const auto today = network((external + "}").c_str()).populations;
  const auto then  = network((external + ", legacy_external_projection: true}").c_str()).populations;
  EXPECT_EQ(today.c_ext[19], 100);
  EXPECT_EQ(today.nu_ext[19] + 2, today.nu_ext[0]);
  EXPECT_EQ(then.c_ext, std::vector<double>(38, 320));
  EXPECT_EQ(then.nu_ext, std::vector<double>(38, today.nu_ext[0]));

  const std::string change = "perturbation: {rate: {params: [1], vectors: [[1, -1]], involved_clusters: [3, 0]";
  const auto plain  = network("init_params: {}").populations.nu_ext;
  const auto listed = network((change + "}}").c_str()).populations.nu_ext;
  const auto sorted = network((change + ", legacy_cluster_order: true}}").c_str()).populations.nu_ext;
  EXPECT_EQ(listed[3], plain[3] + 1);
  EXPECT_EQ(listed[0], plain[0] - 1);
  EXPECT_EQ(sorted[0], plain[0] + 1);
  EXPECT_EQ(sorted[3], plain[3] - 1);
}

TEST(ClusteredNetwork, SaysWhereAFileIsWrong) {
  EXPECT_NE(refusal("architecture:\n  network: {tau_membran: 1}").find("net.yaml:2:13"), std::string::npos);
  EXPECT_NE(refusal("architecture: {clusters: {total_pops: 5}}").find("must be 2 n_clusters + 2 = 38, got 5"),
            std::string::npos);
  EXPECT_NE(refusal("architecture: {network: {threshold: [1, 2, 3]}}").find("one per population; got 3"),
            std::string::npos);
  EXPECT_NE(refusal("architecture: {network: {reset_voltage: 1}}").find("reset_voltage[19]"), std::string::npos);
  EXPECT_NE(refusal("external_currents: {c_ext: [1, 2]}").find("needs 4 numbers"), std::string::npos);
  EXPECT_NE(refusal("architecture: {network: {j_ext: [2, 2, -1, -1]}}\n"
                    "external_currents: {c_ext: [9, 9, 5, 5], nu_ext_baseline: [7, 7, 7, 7]}")
                .find("external_currents.c_ext: inhibitory sources"),
            std::string::npos);
  EXPECT_NE(refusal("init_params: {n_inhibitory: 5}").find("n_neurons − n_excitatory = 400"), std::string::npos);
  EXPECT_NE(refusal("perturbation: {rates: {params: [1]}}").find("did you mean 'rate'?"), std::string::npos);
  EXPECT_NE(refusal("perturbation: {rate: {params: [1, 2]}}").find("one coefficient per vector, 1; got 2"),
            std::string::npos);
  EXPECT_NE(refusal("perturbation: {rate: {params: [1], vectors: [[1]]}}").find("1 values for 38"), std::string::npos);
  EXPECT_NE(refusal("perturbation: {rate: {params: [1], time_dependence: {shape: hat}}}").find("knows no time"),
            std::string::npos);
  EXPECT_NE(refusal("perturbation: {tau_membrane: {params: [-1], balance: 1}}").find("tau_membrane[0]"),
            std::string::npos);
}

TEST(ClusteredNetwork, HasStatesWithSeveralActiveClusters) {
  const auto net =
      network("arousal: {level: 0.001}\narchitecture: {clusters: {j_potentiated: [15.75, 5.45, 6.25, 5.0]}}");
  const FixedPoints found = find_fixed_points(net.populations, cluster_starts(38, 18));
  int               most  = 0;
  for (const FixedPoint& point : found.points) {
    int active = 0;
    for (size_t k = 0; k < 18; ++k) active += point.rates[k] > 20;
    most = std::max(most, active);
  }
  EXPECT_GE(most, 2);
}

}  // namespace
}  // namespace dynode::mean_field
