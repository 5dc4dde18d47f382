#include "dynode/models/population_statistics.h"

#include <cmath>
#include <gtest/gtest.h>

namespace dynode {
namespace {

/// Two populations for 1 s of 1 ms: a pair that fires together every 50 ms, and one unit that never fires.
SpikingRun pair_and_silence(uint64_t seed = 1) {
  SpikingRun run{.recording = {.dt = 0.001, .steps = 1000, .step = {}, .neuron = {}, .labels = {1, 1, 3}},
                 .excitatory = 3, .clusters = 3, .seed = seed, .names = {"together", "nobody", "silent"}};
  for (uint32_t t = 0; t < 1000; t += 50)
    for (uint32_t unit : {0u, 1u}) run.recording.step.push_back(t), run.recording.neuron.push_back(unit);
  return run;
}

TEST(PopulationStatistics, AreThoseOfUnitsAndPairs) {
  const auto found = population_statistics({pair_and_silence()}, {.window = 0.01});
  ASSERT_EQ(found.size(), 2u);  // a label without units is no population
  EXPECT_EQ(found[0].name, "together");
  EXPECT_EQ(found[0].units, 2u);
  EXPECT_DOUBLE_EQ(found[0].rate, 20);
  EXPECT_DOUBLE_EQ(found[0].cv_isi, 0);
  EXPECT_NEAR(found[0].correlation, 1, 1e-12);
  EXPECT_TRUE(std::isnan(found[0].rate_deviation));
  EXPECT_EQ(found[1].name, "silent");
  EXPECT_EQ(found[1].rate, 0);
  EXPECT_TRUE(std::isnan(found[1].cv_isi) && std::isnan(found[1].correlation));
  EXPECT_EQ(table_of(found),
            "population,units,rate_hz,rate_sd_hz,cv_isi,correlation,fano\n\"together\",2,20,,0,1,0\n\"silent\",1,0,,,,\n");
}

TEST(PopulationStatistics, DeviationsAreThoseBetweenRuns) {
  SpikingRun twice = pair_and_silence(2);
  for (uint32_t& step : twice.recording.step) step /= 2;  // all within the first half, then nothing
  twice.recording.steps = 500;
  const auto found = population_statistics({pair_and_silence(), twice});
  EXPECT_DOUBLE_EQ(found[0].rate, 30);
  EXPECT_DOUBLE_EQ(found[0].rate_deviation, 20 / std::sqrt(2.0));
  EXPECT_EQ(found[0].rates.size(), 4u);
}

TEST(PopulationStatistics, TheStartOfARunCanBeLeftOut) {
  const SpikingRun run = without_start(pair_and_silence(), 0.5);
  EXPECT_EQ(run.recording.steps, 500);
  EXPECT_EQ(run.recording.step.front(), 0u);
  EXPECT_EQ(run.recording.step.size(), 20u);
  EXPECT_EQ(run.recording.neuron.size(), 20u);
  EXPECT_THROW(without_start(pair_and_silence(), 1), SpecError);
}

TEST(PopulationStatistics, AreDrawn) {
  const std::string raster = population_raster_picture(pair_and_silence());
  EXPECT_NE(raster.find(">together<"), raster.npos);
  EXPECT_NE(raster.find(">silent<"), raster.npos);
  EXPECT_NE(raster.find("40 spikes"), raster.npos);
  const std::string boxes = population_boxes_picture(population_statistics({pair_and_silence()}));
  EXPECT_NE(boxes.find("Correlation of pairs"), boxes.npos);
  EXPECT_EQ(boxes.find("nan"), boxes.npos);
}

}  // namespace
}  // namespace dynode
