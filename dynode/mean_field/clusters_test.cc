#include "dynode/mean_field/clusters.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

namespace dynode::mean_field {
namespace {

TEST(Clusters, KeepTheMeanEfficacyOfAPairOfTypes) {
  ClusterSpec spec{.n_neurons = 500, .n_excitatory = 400, .n_excitatory_background = 0, .n_inhibitory_background = 0,
                   .n_clusters = 4};
  spec.j_potentiated      = {3, 2, 2, 1.5};
  const ClusterMatrices m = cluster_matrices(spec);
  const size_t          p = 10, pre[] = {0, 0, 5, 5}, post[] = {0, 5, 0, 5};
  for (size_t type = 0; type < 4; ++type) {
    double sum = 0;
    for (size_t i = 0; i < 4; ++i)
      for (size_t j = 0; j < 4; ++j) sum += m.strength[(post[type] + i) * p + pre[type] + j];
    // for clusters that are equal shares of both types: g⁺ + (K−1) g⁻ against K
    const double wanted =
        (spec.j_potentiated[type] + 3 * m.depression[type]) * 4 * spec.j_baseline[type] / std::sqrt(500.0);
    EXPECT_NEAR(sum, wanted, 1e-12);
    EXPECT_LT(m.depression[type], 1);
  }
  EXPECT_EQ(m.boundaries, (std::vector<int64_t>{0, 100, 200, 300, 400, 400, 425, 450, 475, 500, 500}));
}

TEST(Clusters, LeaveTheBackgroundToItself) {
  const ClusterSpec     spec;
  const ClusterMatrices m = cluster_matrices(spec);
  const size_t          p = 38;
  const double          unit = 1 / std::sqrt(2000.0);
  EXPECT_DOUBLE_EQ(m.strength[18 * p + 18], 0.63 * unit);                      // E background onto itself
  EXPECT_DOUBLE_EQ(m.strength[18 * p + 37], -1.9 * unit);                      // I background onto E background
  EXPECT_DOUBLE_EQ(m.strength[18 * p + 3], 0.63 * unit * m.depression[0]);     // an E cluster onto it
  EXPECT_DOUBLE_EQ(m.strength[(19 + 3) * p + 3], 0.63 * unit * 5.45);          // an E cluster onto its I cluster
  EXPECT_DOUBLE_EQ(m.strength[(19 + 3) * p + 4], 0.63 * unit * m.depression[1]);
}

TEST(Clusters, ReadProbabilitiesByPreAndPostUnlessAskedNotTo) {
  ClusterSpec spec;
  spec.connectivity_fraction_probs = {0.1, 0.2, 0.3, 0.4};
  EXPECT_EQ(cluster_matrices(spec).probability[19 * 38 + 0], 0.2);  // E → I
  EXPECT_EQ(cluster_matrices(spec).probability[0 * 38 + 19], 0.3);  // I → E
  spec.legacy_probability_order = true;
  EXPECT_EQ(cluster_matrices(spec).probability[19 * 38 + 0], 0.3);
}

TEST(Clusters, WithoutPotentiationAreNone) {
  ClusterSpec spec;
  spec.potentiate = false;
  for (double j : cluster_matrices(spec).strength) EXPECT_TRUE(j == 0.63 / std::sqrt(2000.0) || j < 0);
  const auto m = cluster_matrices(spec);
  EXPECT_EQ(m.strength[0], m.strength[1]);
  spec.legacy_potentiate = true;
  EXPECT_NEAR(cluster_matrices(spec).strength[0], 16.85 * m.strength[0], 1e-14);
}

TEST(Clusters, MayKeepStrongPotentiationFromFlippingSigns) {
  ClusterSpec spec{.n_neurons               = 800,
                   .n_excitatory            = 640,
                   .n_excitatory_background = 480,
                   .n_inhibitory_background = 160,
                   .n_clusters              = 2};
  spec.j_potentiated = {20, 1, 1, 1};
  EXPECT_NEAR(cluster_matrices(spec).depression[0], -0.4615, 1e-4);
  EXPECT_EQ(cluster_matrices(spec).depression[3], 1);  // I clusters without neurons
  spec.clip_depression = true;
  EXPECT_EQ(cluster_matrices(spec).depression[0], 0);
}

TEST(Clusters, RefuseLeftOverNeurons) {
  ClusterSpec spec;
  spec.n_clusters = 17;
  try {
    cluster_matrices(spec);
    FAIL();
  } catch (const SpecError& e) {
    EXPECT_NE(std::string(e.what()).find("1440 excitatory neurons, which do not divide into 17 clusters"),
              std::string::npos);
    EXPECT_NE(std::string(e.what()).find("12 more in the background would fit"), std::string::npos);
  }
}

TEST(Arousal, IsASigmoidThroughItsMiddle) {
  Arousal a{.level = 0.5};
  EXPECT_NEAR(1 / a.denominator(), a.x_0, 1e-12);
  EXPECT_NEAR(a.mean_extra_rate(), a.M * a.x_0 / 2, 1e-12);
  EXPECT_NEAR(a.e_to_e_reduction(), a.L * a.x_0, 1e-12);
  a.level = 0;
  EXPECT_LT(a.e_to_e_reduction(), 1e-3);
  a.level = 7;
  EXPECT_EQ(a.denominator(), 1);
}

}  // namespace
}  // namespace dynode::mean_field
