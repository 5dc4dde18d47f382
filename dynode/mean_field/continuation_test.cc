#include "dynode/mean_field/continuation.h"

#include <cmath>
#include <gtest/gtest.h>

namespace dynode::mean_field {
namespace {

/// An excitatory population that can keep itself active; the parameter is its external rate.
Populations excited(double nu_ext) {
  return {.c_matrix = {100},
          .j_matrix = {0.1},
          .c_ext    = {100},
          .j_ext    = {0.2},
          .nu_ext   = {nu_ext},
          .neurons  = {{.threshold = 6}}};
}

std::vector<BranchPoint> folds_of(const Branch& branch) {
  std::vector<BranchPoint> folds;
  for (const BranchPoint& point : branch)
    if (point.fold) folds.push_back(point);
  return folds;
}

const ContinuationSpec kWide{.low = 0.5, .high = 20, .step = 0.02};

TEST(Continuation, FollowsABranchThroughItsFolds) {
  const Branch branch = follow_branch(excited, kWide, 0.5, {0});
  ASSERT_GT(branch.size(), 10u);
  EXPECT_DOUBLE_EQ(branch.front().parameter, 0.5);
  EXPECT_DOUBLE_EQ(branch.back().parameter, 20);
  const auto folds = folds_of(branch);
  ASSERT_EQ(folds.size(), 2u);
  for (const BranchPoint& fold : folds) EXPECT_NEAR(fold.point.eigenvalues[0].real(), 0, 1e-3) << fold.parameter;
  EXPECT_GT(folds[0].parameter, folds[1].parameter);  // up, back, up again
  for (const BranchPoint& at : branch)
    EXPECT_NEAR(response(excited(at.parameter), at.point.rates)[0], at.point.rates[0], 1e-9 * (1 + at.point.rates[0]));

  // stability changes at the folds and nowhere else
  int sign = -1;
  for (const BranchPoint& at : branch) {
    if (at.fold) sign = -sign;
    else EXPECT_EQ(at.point.eigenvalues[0].real() > 0 ? 1 : -1, sign) << at.parameter;
  }
}

TEST(Continuation, FindsEachBranchOnce) {
  std::vector<std::vector<double>> starts;
  for (double rate = 0; rate < 200; rate += 5) starts.push_back({rate});
  const double between = [&] {
    const auto folds = folds_of(follow_branch(excited, kWide, 0.5, {0}));
    return (folds.at(0).parameter + folds.at(1).parameter) / 2;
  }();
  EXPECT_EQ(find_fixed_points(excited(between), starts).points.size(), 3u);
  EXPECT_EQ(find_branches(excited, kWide, {0.5, between, 20}, starts).size(), 1u);
}

TEST(Continuation, GoesTheSameWayWithAnyStep) {
  ContinuationSpec fine = kWide;
  fine.step             = 0.003;
  const auto coarse     = folds_of(follow_branch(excited, kWide, 20, {100})),
             exact      = folds_of(follow_branch(excited, fine, 0.5, {0}));
  ASSERT_EQ(coarse.size(), exact.size());
  for (size_t k = 0; k < exact.size(); ++k) EXPECT_NEAR(coarse[k].parameter, exact[k].parameter, 1e-5);
}

TEST(Continuation, SaysWhatDoesNotFit) {
  EXPECT_THROW(follow_branch(excited, {.low = 3, .high = 3}, 3, {0}), SpecError);
  EXPECT_THROW(follow_branch(excited, {.low = 1, .high = 3}, 4, {0}), SpecError);
  EXPECT_THROW(follow_branch(excited, {.low = 1, .high = 3, .step = 0}, 2, {0}), SpecError);
}

}  // namespace
}  // namespace dynode::mean_field
