// Synapses that come and go.
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/params/parameters.h"

namespace dynode {
namespace {

/// 4 × 4 weights: the first two rows are there, the third grows for certain, the fourth never.
ParameterMap growing_map(Growth growth = {}) {
  ParameterMap map;
  Block        b{.name = "w", .shape = {4, 4}};
  b.mask = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0};
  b.sign = {1, -1, 0, 0, 1, -1, 0, 0, 1, -1, 0, 0, 0, 0, 0, 0};
  b.growth = std::move(growth);
  if (b.growth.probability.empty()) {
    b.growth.probability.assign(16, 0);
    std::fill_n(b.growth.probability.begin() + 8, 4, 1.0);
  }
  b.growth.values  = {2, -3};
  b.growth.present = 1;
  map.add(b);
  map.add({.name = "there", .shape = {4, 4}, .learnable = false});
  return map;
}

std::vector<double> theta_of(double weight) {
  std::vector<double> theta(32, 0.0);
  for (size_t i = 0; i < 8; ++i) theta[i] = weight, theta[16 + i] = 1;
  return theta;
}

TEST(Growth, NewSynapsesAreSmallAndObeyDale) {
  const ParameterMap  map   = growing_map();
  std::vector<double> theta = theta_of(1);
  const GrowthCount   count = grow(map, theta.data(), 1, 1);
  EXPECT_EQ(count.grown, 4u);
  EXPECT_EQ(count.pruned, 0u);
  for (size_t i = 8; i < 12; ++i) {
    EXPECT_EQ(theta[16 + i], 1);
    EXPECT_TRUE(std::abs(std::abs(theta[i]) - 0.2) < 1e-12 || std::abs(std::abs(theta[i]) - 0.3) < 1e-12) << theta[i];
  }
  EXPECT_GT(theta[8], 0) << "excitatory";
  EXPECT_LT(theta[9], 0) << "inhibitory";
  for (size_t i = 12; i < 16; ++i) EXPECT_EQ(theta[16 + i], 0) << "outside the mask";
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(theta[i], 1) << "those that were there stay as they are";
}

TEST(Growth, HappensWithItsProbabilityAtItsInterval) {
  Growth growth{.probability = std::vector<double>(16, 0.0), .interval = 3};
  std::fill_n(growth.probability.begin() + 8, 4, 0.25);
  const ParameterMap map = growing_map(growth);
  size_t             grown = 0;
  for (int64_t update = 1; update <= 3000; ++update) {
    std::vector<double> theta = theta_of(1);
    const size_t        now   = grow(map, theta.data(), 7, update).grown;
    if (update % 3 != 0) { EXPECT_EQ(now, 0u); }
    grown += now;
  }
  EXPECT_NEAR(double(grown) / 4000, 0.25, 0.02);
}

TEST(Growth, IsAFunctionOfSeedAndUpdate) {
  Growth growth{.probability = std::vector<double>(16, 0.5)};
  const ParameterMap map = growing_map(growth);
  const auto grown = [&](uint64_t seed, int64_t update) {
    std::vector<double> theta = theta_of(1);
    grow(map, theta.data(), seed, update);
    return theta;
  };
  EXPECT_EQ(grown(1, 5), grown(1, 5));
  EXPECT_NE(std::vector<std::vector<double>>({grown(1, 5), grown(1, 6), grown(1, 7)}),
            std::vector<std::vector<double>>({grown(2, 5), grown(2, 6), grown(2, 7)}));
}

TEST(Growth, WeakSynapsesDisappear) {
  const ParameterMap  map   = growing_map({.pruning = 0.5});
  std::vector<double> theta = theta_of(1);
  theta[3] = 0.4, theta[5] = -0.6;
  EXPECT_EQ(grow(map, theta.data(), 1, 1).pruned, 1u);
  EXPECT_EQ(theta[16 + 3], 0);
  EXPECT_EQ(theta[3], 0);
  EXPECT_EQ(theta[16 + 5], 1);
}

TEST(Growth, FrozenPlacesStayAsTheyAre) {
  ParameterMap map = growing_map({.pruning = 10});
  map[0].plasticity.assign(16, 1);
  map[0].plasticity[0] = map[0].plasticity[8] = 0;
  std::vector<double> theta = theta_of(1);
  const GrowthCount   count = grow(map, theta.data(), 1, 1);
  EXPECT_EQ(count.pruned, 7u);
  EXPECT_EQ(count.grown, 3u);
  EXPECT_EQ(theta[0], 1);
  EXPECT_EQ(theta[16 + 8], 0);
}

TEST(Growth, AbsentSynapsesHaveNoWeightAndNoGradient) {
  const ParameterMap  map   = growing_map();
  std::vector<double> theta = theta_of(0.5), gradient(32, 1.0);
  theta[9] = -4;   // an optimiser moved what is not there
  theta[1] = -0.5;
  project(map, theta.data());
  EXPECT_EQ(theta[9], 0);
  EXPECT_EQ(theta[1], -0.5);
  to_stored_gradient(map, theta.data(), gradient.data());
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(gradient[i], 1);
  for (size_t i = 8; i < 16; ++i) EXPECT_EQ(gradient[i], 0);
}

TEST(Plasticity, OfStepsHoldsEntriesBackInsteadOfGradients) {
  ParameterMap map;
  map.add({.name = "w", .shape = {2, 2}, .plasticity = {1, 0.25, 0, 0.5}, .plastic_steps = true});
  std::vector<double> gradient = {4, 4, 4, 4};
  apply_plasticity(map, gradient.data());
  EXPECT_EQ(gradient, (std::vector<double>{4, 4, 0, 4}));
  std::vector<std::pair<size_t, double>> held;
  for (const HeldEntry& entry : held_entries(map)) held.emplace_back(entry.position, entry.share);
  EXPECT_EQ(held, (std::vector<std::pair<size_t, double>>{{1, 0.25}, {2, 0}, {3, 0.5}}));
}

}  // namespace
}  // namespace dynode
