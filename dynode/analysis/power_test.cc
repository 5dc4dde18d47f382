#include "dynode/analysis/power.h"

#include <gtest/gtest.h>
#include <string>

namespace dynode {
namespace {

using Numbers = std::vector<double>;

/// Two rows, two steps, one unit.
const Numbers kBias = {1, 2, 3, 4}, kDiss = {0.5, 1, 0, 2};
const ObservedPower<double> kObserved{2, 2, 1, kBias.data(), kDiss.data(), 10};

Numbers history(const char* name, const ObservedPower<double>& observed = kObserved) {
  return power_history(*find_power_quantity(name), observed, Junction{});
}
Numbers times(double factor, Numbers numbers) {
  for (double& x : numbers) x *= factor;
  return numbers;
}

TEST(Power, IsTheSumOfItsParts) {
  EXPECT_EQ(history("power_bias_dimensionless"), kBias);
  EXPECT_EQ(history("power_diss_dimensionless"), kDiss);
  EXPECT_EQ(history("power_dimensionless"), (Numbers{1.5, 3, 3, 6}));
}

TEST(Power, AddsUpToEnergyInEveryRow) {
  EXPECT_EQ(history("energy_bias_dimensionless"), (Numbers{10, 30, 30, 70}));
  EXPECT_EQ(history("energy_diss_dimensionless"), (Numbers{5, 15, 0, 20}));
  EXPECT_EQ(history("energy_dimensionless"), (Numbers{15, 45, 30, 90}));
}

TEST(Power, FollowsTheTimeOfEachStep) {
  const Numbers         spans    = {1, 3, -1, 0, 5, -1};   // [rows][3]: the run stopped early
  ObservedPower<double> observed = kObserved;
  observed.times = spans.data(), observed.times_stride = 3;
  EXPECT_EQ(history("energy_bias_dimensionless", observed), (Numbers{1, 7, 0, 20}));
  EXPECT_EQ(history("power_bias_dimensionless", observed), kBias);
}

TEST(Power, IsInWattsAndJoules) {
  const Junction j;
  for (const char* part : {"", "_bias", "_diss"}) {
    EXPECT_EQ(history((std::string("power") + part).c_str()),
              times(j.power_unit(), history((std::string("power") + part + "_dimensionless").c_str())));
    EXPECT_EQ(history((std::string("energy") + part).c_str()),
              times(j.energy_unit(), history((std::string("energy") + part + "_dimensionless").c_str())));
  }
  const Energy energy = energy_per_row(kObserved, j);
  EXPECT_DOUBLE_EQ(energy.bias, 50 * j.energy_unit());
  EXPECT_DOUBLE_EQ(energy.diss, 17.5 * j.energy_unit());
  EXPECT_DOUBLE_EQ(energy.total(), 67.5 * j.energy_unit());
}

TEST(Power, IsNotLostInFloats) {
  const std::vector<float>   bias = {1, 2}, diss = {1, 1};
  const ObservedPower<float> observed{1, 2, 1, bias.data(), diss.data(), 37};
  const std::vector<float>   joules = power_history(*find_power_quantity("energy_bias"), observed, Junction{});
  EXPECT_NEAR(double(joules[1]) / (111 * Junction{}.energy_unit()), 1, 1e-6);
}

}  // namespace
}  // namespace dynode
