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

TEST(Capacity, SaysWhatDoesNotFit) {
  EXPECT_THROW(state_vectors({{0, 0}}, 3), SpecError);
  EXPECT_THROW(state_vectors({{3}}, 3), SpecError);
  EXPECT_THROW(best_margin(vocabulary_pairs({{0}}, 3).differences, 1), SpecError);
  EXPECT_THROW(best_margin(swap_pairs({{0}}, 3).differences, 4), SpecError);
  EXPECT_THROW(covering_partitions(6, 3), SpecError);
  EXPECT_THROW(choose_vocabulary({{0}}, {}, 1, 2), ShapeError);
}

}  // namespace
}  // namespace dynode::spiking
