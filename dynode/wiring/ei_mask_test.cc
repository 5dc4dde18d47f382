#include "dynode/base/failure_test.h"
#include "dynode/wiring/ei_mask.h"

#include <cmath>
#include <gtest/gtest.h>

namespace dynode {
namespace {

TEST(EiMask, OnlySignsMatterAndZeroIsFree) {
  EXPECT_EQ(ei_mask_signs(2, 3, std::vector{0.1, -7.0, 0.0, 3.0, 0.0, 0.0}, false),
            (std::vector<int8_t>{1, -1, 0, 1, 0, 0}));
}

TEST(EiMask, OneSignPerSourceHoldsForAllTargets) {
  EXPECT_EQ(ei_mask_signs(2, 3, std::vector{1.0, -1.0, 0.0}, false), (std::vector<int8_t>{1, -1, 0, 1, -1, 0}));
  EXPECT_EQ(ei_mask_signs(1, 3, std::vector{1.0, -1.0, 0.0}, false), (std::vector<int8_t>{1, -1, 0}));
}

TEST(EiMask, BothSignsOfOneSourceNeedToBeMeant) {
  const std::vector<double> mixed = {1, 1, 1, -1};
  EXPECT_EQ(failure([&] { ei_mask_signs(2, 2, mixed, false); }),
            "ei_mask: unit 1 of the source has weights of both signs\n"
            "  by Dale's law it has one; give allow_mixed_signs: true if both are meant");
  EXPECT_EQ(ei_mask_signs(2, 2, mixed, true), (std::vector<int8_t>{1, 1, 1, -1}));
}

TEST(EiMask, RefusesOtherSizesAndNumbersThatAreNone) {
  EXPECT_EQ(failure([] {
              ei_mask_signs(2, 2, std::vector{1.0, 1.0, 1.0}, false);
            }),
            "ei_mask: expected [2, 2], got [3]\n  [2] for all targets alike is fine, too");
  EXPECT_EQ(failure([] {
              ei_mask_signs(2, 1, std::vector{1.0, std::nan("")}, false);
            }),
            "ei_mask[1, 0] is nan\n  it must be a sign: -1, 0 or 1");
}

TEST(Balance, TheStrongerSignIsScaledDown) {
  const std::vector<int8_t> sign = {1, -1, 0, 1};
  std::vector<double>       w    = {3, -2, 100, 1};
  balance_signs(sign, w);
  EXPECT_EQ(w, (std::vector<double>{1.5, -2, 100, 0.5})) << "free weights have no side";
  w = {1, -4, 100, 1};
  balance_signs(sign, w);
  EXPECT_EQ(w, (std::vector<double>{1, -2, 100, 1}));
}

TEST(Balance, OneSignAloneIsDividedByTen) {
  std::vector<double> w = {2, 0, 5};
  balance_signs(std::vector<int8_t>{1, -1, 0}, w);
  EXPECT_EQ(w, (std::vector<double>{0.2, 0, 0.5}));
}

TEST(Balance, MagnitudesAreAsGoodAsSignedWeights) {
  std::vector<double> w = {3, 2, 1};
  balance_signs(std::vector<int8_t>{1, -1, 1}, w);
  EXPECT_EQ(w, (std::vector<double>{1.5, 2, 0.5}));
}

}  // namespace
}  // namespace dynode
