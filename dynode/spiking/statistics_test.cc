#include "dynode/spiking/statistics.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/random.h"

namespace dynode::spiking {
namespace {

/// `each` neuron has a chance per step; with `together` all fire in the same steps.
Recording poisson(size_t neurons, int64_t steps, double chance, bool together = false) {
  Recording r{.dt = 0.001, .steps = steps, .step = {}, .neuron = {}, .labels = std::vector<int32_t>(neurons, 1)};
  Random    random(1, "spikes");
  for (int64_t t = 0; t < steps; ++t) {
    bool fires = false;
    for (size_t n = 0; n < neurons; ++n) {
      if (n == 0 || !together) fires = random.uniform() < chance;
      if (fires) r.step.push_back(uint32_t(t)), r.neuron.push_back(uint32_t(n));
    }
  }
  return r;
}

/// One neuron that fires every 10 steps.
Recording clock() {
  Recording r{.dt = 0.001, .steps = 200, .step = {}, .neuron = {}, .labels = {1, 1}};
  for (uint32_t t = 5; t < 200; t += 10) r.step.push_back(t), r.neuron.push_back(0);
  return r;
}

TEST(SpikeStatistics, OfAClockAreRegular) {
  EXPECT_DOUBLE_EQ(neuron_rates(clock())[0], 100);
  EXPECT_DOUBLE_EQ(neuron_rates(clock(), 100)[0], 100);
  EXPECT_EQ(neuron_rates(clock())[1], 0);
  EXPECT_DOUBLE_EQ(interval_variation(clock())[0], 0);
  EXPECT_TRUE(std::isnan(interval_variation(clock())[1]));
  EXPECT_TRUE(std::isnan(interval_variation(clock(), 0, 20)[0]));
  EXPECT_DOUBLE_EQ(fano_factors(clock(), 0.02)[0], 0);
  const ClassStatistics both = class_statistics(clock(), 0, 2);
  EXPECT_DOUBLE_EQ(both.rate, 50);
  EXPECT_DOUBLE_EQ(both.rate_sd, 50);
  EXPECT_DOUBLE_EQ(both.cv_isi, 0);
}

TEST(SpikeStatistics, OfPoissonSpikesAreNearOne) {
  const Recording r  = poisson(20, 20000, 0.02);
  double          cv = 0, fano = 0;
  for (double x : interval_variation(r)) cv += x / 20;
  for (double x : fano_factors(r, 0.1)) fano += x / 20;
  EXPECT_NEAR(cv, std::sqrt(1 - 0.02), 0.03);  // geometric intervals
  EXPECT_NEAR(fano, 1 - 0.02, 0.05);           // binomial counts
  std::vector<size_t> all(20);
  for (size_t i = 0; i < 20; ++i) all[i] = i;
  EXPECT_NEAR(pairwise_correlation(r, all), 0, 0.01);
  EXPECT_NEAR(pairwise_correlation(poisson(5, 2000, 0.02, true), {0, 1, 2, 3, 4}), 1, 1e-12);
}

TEST(ActivityStatistics, CountWhatClustersDo) {
  const Activity a{2, 10, {0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}};
  Rates          rates{2, 10, std::vector<double>(20, 2)};
  for (size_t i = 0; i < 20; ++i)
    if (a.values[i]) rates.values[i] = 30;
  const ActivityStatistics s = activity_statistics(rates, a, 0.001, 0, 3);
  EXPECT_DOUBLE_EQ(s.mean_active_clusters, 1.1);
  EXPECT_DOUBLE_EQ(s.rate_when_active, 30);
  EXPECT_DOUBLE_EQ(s.rate_when_inactive, 2);
  EXPECT_EQ(s.dwell_ms, (std::vector<double>{3, 6}));
  EXPECT_DOUBLE_EQ(s.dwell_ms_median, 4.5);
  EXPECT_DOUBLE_EQ(s.upstates_per_s, 2 / 2.0 / 0.01);
  EXPECT_EQ(time_by_size(extract_attractors(a, 0.001, 1), 2), (std::vector<double>{0.1, 0.7, 0.2}));
}

TEST(SpikeStatistics, SayWhatDoesNotFit) {
  EXPECT_THROW(class_statistics(clock(), 1, 3), SpecError);
  EXPECT_THROW(fano_factors(clock(), 1e-5), SpecError);
  EXPECT_THROW(pairwise_correlation(clock(), {7}), SpecError);
}

}  // namespace
}  // namespace dynode::spiking
