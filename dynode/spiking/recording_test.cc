#include "dynode/spiking/recording.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

namespace dynode::spiking {
namespace {

/// Two neurons of label 1, one of label 2.
Recording three_neurons(std::vector<uint32_t> step, std::vector<uint32_t> neuron, int64_t steps = 10) {
  return {.dt = 0.001, .steps = steps, .step = std::move(step), .neuron = std::move(neuron), .labels = {1, 1, 2}};
}

TEST(ClusterRates, OfABoxAreCountsOverItsWidth) {
  const Kernel box{.type = Kernel::Type::box, .param = 2};  // two steps
  const Rates  rates = cluster_rates(three_neurons({4, 4, 6}, {0, 1, 2}), box);
  ASSERT_EQ(rates.rows, 2u);
  // the even window looks one step further back than ahead
  for (size_t t = 0; t < 10; ++t) {
    EXPECT_DOUBLE_EQ(rates(0, t), t == 4 || t == 5 ? 500 : 0) << t;
    EXPECT_DOUBLE_EQ(rates(1, t), t == 6 || t == 7 ? 500 : 0) << t;
  }
  EXPECT_EQ(cluster_rates(three_neurons({4}, {0}), box, 1).rows, 1u);
}

TEST(ClusterRates, OfAGaussianKeepTheNumberOfSpikes) {
  for (uint32_t at : {0u, 3u, 9u}) {
    const Rates  rates = cluster_rates(three_neurons({at}, {2}), {.param = 1.5});
    const double sum   = std::accumulate(&rates(1, 0), &rates(1, 0) + 10, 0.0);
    EXPECT_NEAR(sum * 0.001, 1, 1e-12) << at;  // mirrored at the ends
  }
  const Rates rates = cluster_rates(three_neurons({50}, {2}, 100), {.param = 2});
  EXPECT_NEAR(rates(1, 52) / rates(1, 50), std::exp(-0.5), 1e-12);
  EXPECT_EQ(rates(1, 50 + 9), 0);  // four deviations
  const Rates same = cluster_rates(three_neurons({50}, {2}, 100), {.kernel_ms = 2.0});
  EXPECT_EQ(same.values, rates.values);
}

TEST(ClusterRates, SayWhatDoesNotFit) {
  EXPECT_THROW(cluster_rates(three_neurons({4}, {0, 1})), ShapeError);
  EXPECT_THROW(cluster_rates(three_neurons({10}, {0})), SpecError);
  EXPECT_THROW(cluster_rates(three_neurons({4}, {3})), SpecError);
  EXPECT_THROW(cluster_rates(three_neurons({4}, {0}), {.param = 0}), SpecError);
  EXPECT_THROW(cluster_rates(three_neurons({4}, {0}), {}, 3), SpecError);
}

TEST(GetActivity, ClimbsUntilTheThresholdIsNearTheActiveRate) {
  const Rates rates{1, 8, {0, 0, 0, 0, 10, 50, 60, 70}};
  // baseline 23.75: 50, 60, 70 are active, 60 in the mean; from there only 70; 70 − 60 < 20
  EXPECT_EQ(get_activity(rates).values, (std::vector<uint8_t>{0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(get_activity(rates, {.first_pass = true}).values, (std::vector<uint8_t>{0, 0, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(get_activity(rates, {.tol = 40}).values, (std::vector<uint8_t>{0, 0, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(get_activity(rates, {.baseline_rate = {5}, .tol = 60}).values,
            (std::vector<uint8_t>{0, 0, 0, 0, 1, 1, 1, 1}));
  EXPECT_THROW(get_activity(rates, {.baseline_rate = {1, 2}}), ShapeError);
}

TEST(SmoothActivity, FillsShortPausesInside) {
  const Activity a{1, 12, {0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}};
  EXPECT_EQ(smooth_activity(a, 3, 1).values, (std::vector<uint8_t>{0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0}));
  EXPECT_EQ(smooth_activity(a, 2, 0.5).values, (std::vector<uint8_t>{0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0}));
}

TEST(WholeSteps, ForgiveTheRoundingOfDigits) {
  EXPECT_EQ(whole_steps(20, 0.1), 200);
  EXPECT_EQ(whole_steps(0.3, 0.1), 3);
  EXPECT_EQ(whole_steps(20, 0.3), 66);
}

}  // namespace
}  // namespace dynode::spiking
