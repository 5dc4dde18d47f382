#include "dynode/spiking/capacity.h"

#include <cmath>
#include <gtest/gtest.h>

namespace dynode::spiking {
namespace {

TEST(Capacity, OfFullCoverageIsTheClosedForm) {
  const auto states = covering_partitions(9, 3);
  EXPECT_EQ(states.size(), 6u);
  ASSERT_TRUE(coverage(states, 9).full());
  for (double m : {1.0, 3.5, 8.0, 9.0}) {
    const Table<double> d = swap_pairs(states, 9).differences;
    EXPECT_NEAR(best_margin(d, m).gamma, full_margin(9, 3, m).gamma, 1e-8) << m;
    EXPECT_NEAR(margin_of(full_margin(9, 3, m).projection, d), full_margin(9, 3, m).gamma, 1e-12) << m;
  }
}

TEST(Capacity, IsSpentWhereItIsNeeded) {
  // one swap: all of one dimension along it, ‖d‖² = 2/k
  const Constraints c = vocabulary_pairs({{0, 1}, {0, 2}}, 4);
  EXPECT_EQ(c.pairs, (std::vector<std::array<size_t, 2>>{{0, 1}, {1, 0}}));
  const Margin best = best_margin(c.differences, 1);
  EXPECT_NEAR(best.gamma, 1, 1e-8);
  EXPECT_NEAR(best.projection[1 * 4 + 2], -0.5, 1e-4);
  EXPECT_NEAR(margin_of(best.projection, c.differences), best.gamma, 1e-12);
}

TEST(Capacity, ShiftedPartitionsMissPairs) {
  const Coverage shifted = coverage(shifted_partitions(18, 3), 18);
  EXPECT_EQ(shifted.covered, 294u);
  EXPECT_EQ(shifted.total, 306u);
  EXPECT_TRUE(coverage(covering_partitions(18, 3), 18).full());
}

TEST(Capacity, TargetsAState) {
  const auto projection = full_margin(6, 2, 2).projection;
  const auto delta      = targeting_direction(projection, {0, 1});
  EXPECT_NEAR(delta[0], 2 / std::sqrt(12.0), 1e-12);
  EXPECT_NEAR(delta[5], -1 / std::sqrt(12.0), 1e-12);
  EXPECT_EQ(role_of({1, 0}, {0, 1}, delta).kind, Role::Kind::target);
  EXPECT_EQ(role_of({0, 2}, {0, 1}, delta).kind, Role::Kind::bottleneck);
  EXPECT_EQ(role_of({2, 3}, {0, 1}, delta).kind, Role::Kind::orthogonal);
  EXPECT_STREQ(role_of({2, 3}, {0, 1}, delta).direction, "suppress");
  EXPECT_THROW(targeting_direction(projection, {0, 1, 2, 3, 4, 5}), Error);  // Π knows no common change
}

TEST(Capacity, ChoosesProbableStates) {
  const std::vector<Clusters> states{{0, 1}, {0, 2}, {2, 3}, {1, 3}};
  const auto                  chosen = choose_vocabulary(states, {0.1, 0.4, 0.3, 0.2}, 2, 4);
  ASSERT_EQ(chosen.size(), 2u);
  EXPECT_EQ(chosen[0].state, 1u);
  EXPECT_EQ(chosen[0].competitors, 2u);
  EXPECT_STREQ(chosen[0].difficulty, "easy");
}

TEST(Capacity, PredictsWhatSmallPerturbationsDo) {
  const Table<double>       g{2, 2, {1, 0, 0, -2}};
  const std::vector<double> p0{0.5, 0.5}, alphas{0, 0.02, 0.04, 0.9};
  const auto                p = predicted_probabilities(p0, g, {1, 0}, std::log(3.0));
  EXPECT_NEAR(p[0], 0.75, 1e-12);
  Table<double> seen{4, 1, {}};
  for (double a : alphas) seen.values.push_back(a > 0.5 ? 1 : std::exp(-3 * a));
  EXPECT_NEAR(sensitivity(alphas, seen)[0], -3, 1e-10);
}

TEST(Capacity, OfARandomSubspaceIsThatOfAProjection) {
  const auto pi = random_subspace(7, 3, 5);
  double     trace = 0;
  for (size_t i = 0; i < 7; ++i) {
    trace += pi[i * 7 + i];
    for (size_t j = 0; j < 7; ++j) {
      double square = 0;
      for (size_t k = 0; k < 7; ++k) square += pi[i * 7 + k] * pi[k * 7 + j];
      EXPECT_NEAR(square, pi[i * 7 + j], 1e-14);
      EXPECT_NEAR(pi[i * 7 + j], pi[j * 7 + i], 1e-15);
    }
  }
  EXPECT_NEAR(trace, 3, 1e-14);
  EXPECT_EQ(random_subspace(7, 3, 5), pi);
  EXPECT_NE(random_subspace(7, 3, 6), pi);
  EXPECT_NEAR(random_subspace(4, 4, 1)[0], 1, 1e-14);  // all of the space
}

TEST(Capacity, OfOneStateIsItsLeastSwap) {
  const auto full = state_margins(full_margin(6, 2, 3).projection, {{0, 1}, {5, 2}}, 6);
  EXPECT_NEAR(full[0] * full[0], full_margin(6, 2, 3).gamma, 1e-14);  // the same for all
  EXPECT_NEAR(full[1], full[0], 1e-14);
  std::vector<double> axis(9);
  axis[0] = 1;  // onto cluster 0 of 3
  EXPECT_EQ(state_margins(axis, {{0}, {1}}, 3), (std::vector<double>{1, 0}));
  EXPECT_TRUE(std::isnan(state_margins(axis, {{0, 1, 2}}, 3)[0]));  // nobody to swap with
}

TEST(Capacity, ResponsesAddUpWhereTheyAreLinear) {
  const std::vector<double> alphas{0, 0.01, 0.02, 0.04};
  Table<double>             p{4, 2, {}};
  for (double a : alphas) p.values.push_back(0.2 * std::exp(3 * a)), p.values.push_back(0.2 + a * a);
  EXPECT_NEAR(linearity(alphas, p)[0], 1, 1e-12);
  EXPECT_LT(linearity(alphas, p)[1], 0.95);
  EXPECT_TRUE(std::isnan(linearity(alphas, p, 0.01)[0]));  // two points are always a line

  const Table<double> parts{2, 3, {0.4, 0.2, 0.4, 0.2, 0.2, 0}};
  const auto          sum = superposition({0.2, 0.4, 0.4}, parts, {0.4, 0.1, 0.5}, {1, 1});
  EXPECT_EQ(sum.states, (std::vector<size_t>{0, 1}));  // the third was not met in the second run
  EXPECT_NEAR(sum.predicted[0], std::log(2.0), 1e-15);
  EXPECT_NEAR(sum.predicted[1], std::log(0.25), 1e-15);
  EXPECT_NEAR(sum.r_squared, 1, 1e-12);
  EXPECT_NEAR(sum.rms, 0, 1e-12);
  EXPECT_LT(superposition({0.2, 0.4, 0.4}, parts, {0.4, 0.4, 0.2}, {1, 1}).r_squared, 1);
}

TEST(Capacity, HasABoundaryOfMetastability) {
  const std::vector<Clusters> states{{1, 0}, {0, 2}, {1, 2}, {0}};
  const Table<double>         p{4, 4, {0.2, 0.3, 0.3, 0.2,  //
                                       0.4, 0.3, 0.2, 0.1,  //
                                       0.6, 0.2, 0.2, 0,    //
                                       0.1, 0.1, 0, 0.8}};
  const Boundary              b = metastable_boundary({0, 0.1, 0.2, 0.3}, p, states, {0, 1}, 4);
  EXPECT_EQ(b.target_dominates, 0.2);
  EXPECT_EQ(b.k_hot, 0.2);
  EXPECT_EQ(b.varied, 0.1);
  EXPECT_FALSE(metastable_boundary({0}, {1, 4, {0.2, 0.3, 0.3, 0.2}}, states, {0, 1}).target_dominates);
  EXPECT_THROW(metastable_boundary({1, 0}, {2, 4, std::vector<double>(8)}, states, {0, 1}), SpecError);
}

TEST(Capacity, SaysWhatDoesNotFit) {
  EXPECT_THROW(random_subspace(3, 4, 1), SpecError);
  EXPECT_THROW(state_margins({1, 0}, {{0}}, 2), ShapeError);
  EXPECT_THROW(superposition({1}, {1, 1, {1}}, {1, 2}, {1}), ShapeError);

  EXPECT_THROW(state_vectors({{0, 0}}, 3), SpecError);
  EXPECT_THROW(state_vectors({{3}}, 3), SpecError);
  EXPECT_THROW(best_margin(vocabulary_pairs({{0}}, 3).differences, 1), SpecError);
  EXPECT_THROW(best_margin(swap_pairs({{0}}, 3).differences, 4), SpecError);
  EXPECT_THROW(covering_partitions(6, 3), SpecError);
  EXPECT_THROW(choose_vocabulary({{0}}, {}, 1, 2), ShapeError);
}

}  // namespace
}  // namespace dynode::spiking
