#include "dynode/mean_field/landscape.h"

#include <cmath>
#include <gtest/gtest.h>

namespace dynode::mean_field {
namespace {

/// The first excites itself and the second, which excites nobody.
Populations pair() {
  return {.c_matrix = {100, 0, 50, 0}, .j_matrix = {0.15, 0, 0.1, 0}, .c_ext = {100, 100}, .j_ext = {0.1, 0.1},
          .nu_ext = {8, 12}, .neurons = {{.threshold = 3}, {.threshold = 3}}};
}

TEST(Landscape, HasAZeroOfItsForceAtEveryFixedPoint) {
  const Populations p    = pair();
  const Landscape   land = reduced_landscape(p, {.focus = {0}, .limits = {{0, 170}}, .density = 0.25});
  ASSERT_EQ(land.axes[0].size(), 680u);
  std::vector<double> zeros;
  for (size_t i = 1; i < land.force.size(); ++i)
    if ((land.force[i - 1] > 0) != (land.force[i] > 0)) zeros.push_back(land.axes[0][i]);
  ASSERT_EQ(zeros.size(), 3u);
  for (double zero : zeros) {
    const Solution s = solve(p, {zero, 5});
    ASSERT_TRUE(s.converged);
    EXPECT_NEAR(s.rates[0], zero, 0.25);
  }
  // the other population only listens: held and ambient rates are its transfer function
  EXPECT_NEAR(land.ambient[2 * 100 + 1], land.response[2 * 100 + 1], 1e-8);
  EXPECT_EQ(land.ambient[2 * 100], 25);
}

TEST(Landscape, FindsFocusPopulationsWhereverTheyStand) {
  const Populations p = pair();
  Populations       three{.c_matrix = {0, 0, 50, 0, 0, 0, 0, 0, 100},
                          .j_matrix = {0, 0, 0.1, 0, 0, 0, 0, 0, 0.15},
                          .c_ext    = {100, 0, 100},
                          .j_ext    = {0.1, 0, 0.1},
                          .nu_ext   = {12, 0, 8},
                          .neurons  = {{.threshold = 3}, {}, {.threshold = 3}}};
  const Landscape a = reduced_landscape(p, {.focus = {0}, .limits = {{0, 40}}, .density = 5});
  const Landscape b = reduced_landscape(three, {.focus = {2}, .limits = {{0, 40}}, .density = 5});
  for (size_t i = 0; i < a.force.size(); ++i) EXPECT_NEAR(a.force[i], b.force[i], 1e-9);
  const Landscape wide = reduced_landscape(three, {.focus = {2, 0}, .limits = {{0, 40}, {0, 10}}, .density = 5});
  EXPECT_EQ(wide.axes[0].size(), 8u);
  EXPECT_EQ(wide.axes[1].size(), 2u);
  EXPECT_EQ(wide.path.size(), 2u);
  for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(wide.force[(i * 2) * 2], a.force[i], 1e-9);
}

TEST(Landscape, RefusesWhatDoesNotFit) {
  const Populations p = pair();
  EXPECT_THROW(reduced_landscape(p, {.focus = {0, 1}}), SpecError);
  EXPECT_THROW(reduced_landscape(p, {.focus = {5}}), SpecError);
  EXPECT_THROW(reduced_landscape(p, {.focus = {0}, .density = 0}), SpecError);
  EXPECT_THROW(reduced_landscape(p, {.focus = {0}, .limits = {{5, 5}}}), SpecError);
  EXPECT_THROW(reduced_landscape(p, {.focus = {0}, .ambient = {1}}), ShapeError);
}

TEST(Wells, AreMinimaWithTheLowerOfTheirRidges) {
  const auto found = wells({5, 1, 3, 0, 0, 4, 2, 6});
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].at, 1u);
  EXPECT_EQ(found[0].barrier, 2);
  EXPECT_EQ(found[1].at, 3u);
  EXPECT_EQ(found[1].barrier, HUGE_VAL);
  EXPECT_EQ(found[2].at, 6u);
  EXPECT_EQ(found[2].barrier, 2);
  EXPECT_TRUE(wells({1, 2, 3}).empty());
}

TEST(ActiveClusters, AreThoseAboveTheMiddleUnlessAllAreAlike) {
  EXPECT_EQ(active_clusters({50, 4, 48, 5}), (std::vector<bool>{true, false, true, false}));
  EXPECT_EQ(active_clusters({50, 49}), (std::vector<bool>{false, false}));
  EXPECT_EQ(active_clusters({0, 0}), (std::vector<bool>{false, false}));
}

}  // namespace
}  // namespace dynode::mean_field
