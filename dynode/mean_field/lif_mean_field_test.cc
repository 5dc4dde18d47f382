#include "dynode/mean_field/lif_mean_field.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace dynode::mean_field {
namespace {

/// The quick-start example of VectorialNeuroModulators.
LIFMeanField quick_start() {
  return LIFMeanField({.n_clusters     = 2,
                       .c_matrix       = {1, 1, 1, 1},
                       .j_matrix       = {0.1, 0.1, 0.1, 0.1},
                       .j_ext          = {2.3, 2.3},
                       .c_ext          = {320, 320},
                       .nu_ext         = {7.0, 7.0},
                       .tau_membrane   = {0.02, 0.02},
                       .tau_synaptic   = {0.005, 0.005},
                       .threshold      = {1.5, 0.75},
                       .reset_voltage  = 0.0,
                       .tau_refractory = 0.005});
}

TEST(LIFMeanField, SolvesTheQuickStartExample) {
  const LIFMeanField lif_mf = quick_start();
  const auto         sol    = lif_mf.solve_rates();
  ASSERT_TRUE(sol.success) << sol.message;
  EXPECT_EQ(fmt::format("[{:.8f} {:.8f}]", sol.x[0], sol.x[1]), "[188.27192499 193.98136889]");
  const auto [fp_type, eigvals] = lif_mf.determine_stability(sol.x);
  EXPECT_EQ(fp_type, "stable node");
  ASSERT_EQ(eigvals.size(), 2u);
  for (double f : sol.fun) EXPECT_NEAR(f, 0, 1e-8);
}

TEST(LIFMeanField, TakesOneNumberTwoOrOnePerPopulation) {
  const LIFMeanField two({.n_clusters = 1,
                          .c_matrix   = std::vector<double>(16, 10),
                          .j_matrix   = std::vector<double>(16, 0.01),
                          .j_ext      = 0.1,
                          .c_ext      = {100, 200},
                          .nu_ext     = {1, 2, 3, 4},
                          .threshold  = {1, 2}});
  const Populations& p = two.populations();
  EXPECT_EQ(p.j_ext, std::vector<double>(4, 0.1));
  EXPECT_EQ(p.c_ext, (std::vector<double>{100, 100, 200, 200}));
  EXPECT_EQ(p.nu_ext, (std::vector<double>{1, 2, 3, 4}));
  EXPECT_EQ(p.neurons[1].threshold, 1);
  EXPECT_EQ(p.neurons[2].threshold, 2);
}

TEST(LIFMeanField, AnswersInFocusWithItsAmbientSolved) {
  const LIFMeanField lif_mf = quick_start();
  const auto         x = lif_mf.solve_rates().x, effective = lif_mf.effective_response_function({0}, {x[0], 10});
  EXPECT_NEAR(effective[0], x[0], 1e-7);
  EXPECT_NEAR(effective[1], x[1], 1e-7);
  EXPECT_EQ(lif_mf.effective_response_function({0, 1}, {3, 4}), lif_mf.response_function({3, 4}));
}

TEST(LIFMeanField, SaysWhatDoesNotFit) {
  const LIFMeanField lif_mf = quick_start();
  EXPECT_THROW(lif_mf.solve_rates({1}), ShapeError);
  EXPECT_THROW(lif_mf.determine_stability({1}), ShapeError);
  EXPECT_THROW(lif_mf.effective_response_function({2}, {1, 1}), SpecError);
  EXPECT_THROW(LIFMeanField({.j_matrix = {1, 2, 3}}), ShapeError);
  EXPECT_THROW(LIFMeanField({.c_matrix = {1}, .j_matrix = {1}, .threshold = {1, 2, 3}}), ShapeError);
  EXPECT_THROW(LIFMeanField({.c_matrix = {1}, .j_matrix = {1}, .threshold = 0.0}), SpecError);
}

}  // namespace
}  // namespace dynode::mean_field
