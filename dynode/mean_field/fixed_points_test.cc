#include "dynode/mean_field/fixed_points.h"
#include <algorithm>

#include <cmath>
#include <gtest/gtest.h>

namespace dynode::mean_field {
namespace {

/// Two excitatory clusters that hold each other down through inhibition.
Populations rivals() {
  Populations p{.c_matrix = {60, 60, 80, 60, 60, 80, 120, 120, 80},
                .j_matrix = {0.24, 0.05, -0.45, 0.05, 0.24, -0.45, 0.16, 0.16, -0.3},
                .c_ext    = {100, 100, 100},
                .j_ext    = {0.2, 0.2, 0.2},
                .nu_ext   = {7, 7, 7},
                .neurons  = {{.threshold = 3}, {.threshold = 3}, {.threshold = 3}}};
  return p;
}

TEST(Populations, AddMeansAndVariancesOfAllInputs) {
  Populations p{.c_matrix = {10, 20, 0, 5}, .j_matrix = {0.1, -0.2, 3, 0.5}, .c_ext = {100, 0}, .j_ext = {0.3, 1},
                .nu_ext = {7, 7}, .neurons = {{.tau_m = 0.01}, {.tau_m = 0.02}}};
  const InputStatistics in = input_statistics(p, std::vector<double>{4, 8});
  EXPECT_DOUBLE_EQ(in.mu[0], 0.01 * (10 * 0.1 * 4 - 20 * 0.2 * 8 + 100 * 0.3 * 7));
  EXPECT_DOUBLE_EQ(in.sigma[0], std::sqrt(0.01 * (10 * 0.01 * 4 + 20 * 0.04 * 8 + 100 * 0.09 * 7)));
  EXPECT_DOUBLE_EQ(in.mu[1], 0.02 * 5 * 0.5 * 8);
}

TEST(Populations, KnowTheSlopeOfTheirAnswer) {
  const Populations         p = rivals();
  const std::vector<double> at{30, 4, 11};
  const auto                slope = response_slope(p, at);
  for (size_t j = 0; j < 3; ++j) {
    auto up = at, down = at;
    up[j] += 1e-4, down[j] -= 1e-4;
    const auto high = response(p, up), low = response(p, down);
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(slope[i * 3 + j], (high[i] - low[i]) / 2e-4, 1e-7) << i << j;
  }
}

TEST(Populations, NameWhatIsWrongWithThem) {
  Populations p = rivals();
  p.neurons[1].v_reset = 3;
  try {
    p.check();
    FAIL();
  } catch (const SpecError& e) {
    EXPECT_STREQ(e.what(), "reset_voltage[1]: must be below the threshold, got 3");
  }
  p = rivals(), p.c_ext.pop_back();
  EXPECT_THROW(p.check(), ShapeError);
  p = rivals(), p.j_matrix[4] = NAN;
  EXPECT_THROW(p.check(), SpecError);
}

TEST(FixedPoints, AnswerThemselves) {
  const Populations p     = rivals();
  const FixedPoints found = find_fixed_points(p, random_starts(3, 40, 1));
  ASSERT_FALSE(found.points.empty());
  int starts = 0;
  for (const FixedPoint& point : found.points) {
    const auto phi = response(p, point.rates);
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(phi[i], point.rates[i], 1e-10 * (1 + point.rates[i]));
    starts += point.multiplicity;
  }
  EXPECT_EQ(starts, std::count_if(found.solutions.begin(), found.solutions.end(), [](auto& s) { return s.converged; }));
  for (size_t a = 0; a < found.points.size(); ++a)
    for (size_t b = 0; b < a; ++b) EXPECT_NE(found.points[a].rates, found.points[b].rates);
}

TEST(FixedPoints, OfUncoupledPopulationsAreTheirTransferFunctions) {
  Populations p = rivals();
  p.c_matrix.assign(9, 0);
  const FixedPoints found = find_fixed_points(p, {{0, 0, 0}, {500, 0, 20}});
  ASSERT_EQ(found.points.size(), 1u);
  EXPECT_EQ(found.points[0].multiplicity, 2);
  const InputStatistics in = input_statistics(p, std::vector<double>(3));
  EXPECT_NEAR(found.points[0].rates[2], transfer_rate(in.mu[2], in.sigma[2], p.neurons[2]), 1e-9);
  for (const auto& value : found.points[0].eigenvalues) EXPECT_EQ(value, -1.0);
  EXPECT_EQ(found.points[0].stability, Stability::stable_node);

  const FixedPoint slow = describe(p, found.points[0].rates, {.relaxation = {1, 4, 1}});
  EXPECT_EQ(slow.eigenvalues[0], -0.25);
}

TEST(FixedPoints, KeepHeldRatesAsTheyAre) {
  const Populations p = rivals();
  const Solution    s = solve(p, {25, 3, 5}, {0});
  ASSERT_TRUE(s.converged);
  EXPECT_EQ(s.rates[0], 25);
  const auto phi = response(p, s.rates);
  EXPECT_NEAR(phi[1], s.rates[1], 1e-9);
  EXPECT_NEAR(phi[2], s.rates[2], 1e-9);
  EXPECT_GT(std::abs(phi[0] - 25), 1e-3);
}

TEST(FixedPoints, AreLabelledByTheirEigenvalues) {
  using C = std::complex<double>;
  EXPECT_EQ(classify({-1, -2}), Stability::stable_node);
  EXPECT_EQ(classify({C(-1, 2), C(-1, -2)}), Stability::stable_focus);
  EXPECT_EQ(classify({C(1, 2), C(1, -2)}), Stability::unstable_focus);
  EXPECT_EQ(classify({1, 2}), Stability::unstable_node);
  EXPECT_EQ(classify({1, -2}), Stability::saddle);
  EXPECT_EQ(classify({1, C(-1, 2), C(-1, -2)}), Stability::saddle_focus);
  EXPECT_EQ(classify({-1, 1e-9}), Stability::marginal);
  EXPECT_STREQ(label(Stability::saddle_focus), "saddle focus");
  EXPECT_STREQ(label(Stability::saddle_focus, true), "saddle");
}

/// One population that excites itself; silent and active states coexist below a drive of about 11 Hz.
Populations self_excited(double drive, double strength = 0.15) {
  return {.c_matrix = {100}, .j_matrix = {strength}, .c_ext = {100}, .j_ext = {0.1}, .nu_ext = {drive},
          .neurons = {{.threshold = 3}}};
}

TEST(FixedPoints, OfASweepFollowTheirBranchWhereNoStartLeads) {
  const std::vector<Populations> values{self_excited(14), self_excited(8)};
  const auto plain = sweep(values, {{0}}), followed = sweep(values, {{0}}, true);
  ASSERT_EQ(plain[1].points.size(), 1u);
  EXPECT_LT(plain[1].points[0].rates[0], 1e-4);
  ASSERT_EQ(followed[1].points.size(), 2u);
  EXPECT_GT(followed[1].points[1].rates[0], 150);
}

TEST(FixedPoints, OfABistablePopulationAreThree) {
  std::vector<std::vector<double>> starts;
  for (double rate = 0; rate < 200; rate += 1) starts.push_back({rate});
  const FixedPoints found = find_fixed_points(self_excited(8), starts);
  ASSERT_EQ(found.points.size(), 3u);
  int unstable = 0;
  for (const FixedPoint& point : found.points) unstable += point.stability == Stability::unstable_node;
  EXPECT_EQ(unstable, 1);
}

TEST(FixedPoints, AreReachedWhereNewtonsStepsPointBelowZero) {
  for (double start = 0; start < 200; start += 0.5) {
    const Solution s = solve(self_excited(10, 0.3), {start});
    EXPECT_TRUE(s.converged) << start;
    EXPECT_NEAR(s.rates[0], 179.56, 0.01) << start;
  }
}

TEST(FixedPoints, RefuseStartsAndTimeConstantsThatDoNotFit) {
  EXPECT_THROW(find_fixed_points(rivals(), {{1, 2}}), ShapeError);
  EXPECT_THROW(find_fixed_points(rivals(), {{1, 2, 3}}, {.relaxation = {1, 1}}), ShapeError);
  EXPECT_THROW(find_fixed_points(rivals(), {{1, 2, 3}}, {.relaxation = {0}}), SpecError);
}

TEST(Starts, RaiseClustersOneByOne) {
  const auto starts = cluster_starts(6, 2, 50, 3);
  EXPECT_EQ(starts, (std::vector<std::vector<double>>{{3, 3, 3, 3, 3, 3}, {50, 3, 3, 3, 3, 3}, {50, 50, 3, 3, 3, 3}}));
  for (const auto& start : random_starts(4, 100, 7))
    for (double rate : start) EXPECT_TRUE(rate >= 0 && rate < 10);
}

}  // namespace
}  // namespace dynode::mean_field
