// Recorded results of the original systems, reproduced in both precisions. See golden_case.h.
#include <gtest/gtest.h>

#include "golden_ctrnn.h"
#include "golden_lif.h"
#include "golden_ncp.h"
#include "golden_rate.h"
#include "golden_soen.h"
#include "golden_soen_functions.h"

namespace dynode::golden {

TEST(Golden, SoenNetworksAreReproduced) { EXPECT_EQ(run_system("soen", run_soen_case, soen_collections()).failed, 0); }

TEST(Golden, CtrnnNetworksAreReproduced) { EXPECT_EQ(run_system("ctrnn", run_ctrnn_case).failed, 0); }

TEST(Golden, NeuralCircuitsAreReproduced) { EXPECT_EQ(run_system("ncp", run_ncp_case, ncp_collections()).failed, 0); }

TEST(Golden, SpikingNetworksAreReproduced) { EXPECT_EQ(run_system("lif", run_lif_case).failed, 0); }

TEST(Golden, RateNetworksAreReproduced) { EXPECT_EQ(run_system("rate_dale", run_rate_case).failed, 0); }

}  // namespace dynode::golden
