#include "dynode/base/random.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

namespace dynode {
namespace {

// known answers published with Random123 (kat_vectors, philox4x32 with 10 rounds)
static_assert(philox({0, 0, 0, 0}, {0, 0}) == PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
static_assert(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) ==
              PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
static_assert(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
              PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
static_assert(hash_text("") == 0xCBF29CE484222325 && hash_text("a") == 0xAF63DC4C8601EC8C);

TEST(Random, IsTheCounterFunction) {
  Random random(0x0000000200000001, 0x0000000400000003);
  for (uint32_t block = 0; block < 3; ++block) {
    const PhiloxCounter words = philox({block, 0, 3, 4}, {1, 2});
    EXPECT_EQ(random.bits(), words[0] | uint64_t{words[1]} << 32);
    EXPECT_EQ(random.bits(), words[2] | uint64_t{words[3]} << 32);
  }
}

TEST(Random, SameSeedAndStreamGiveTheSameNumbersAndOthersDoNot) {
  Random a(7, "weights"), b(7, "weights"), other_stream(7, "mask"), other_seed(8, "weights");
  for (int i = 0; i < 100; ++i) {
    const uint64_t x = a.bits();
    EXPECT_EQ(x, b.bits());
    EXPECT_NE(x, other_stream.bits());
    EXPECT_NE(x, other_seed.bits());
  }
}

TEST(Random, NumbersAreTheSameOnEveryMachine) {
  Random random(42, "machines");
  double sum = 0;
  for (int i = 0; i < 1000; ++i) sum += random.normal();
  EXPECT_EQ(random.integer(1000000007), 943226991u);
  EXPECT_EQ(sum, -0x1.3c545315cbffap+3);
  EXPECT_EQ(random.uniform(), 0x1.eda1424aeb619p-1);
}

TEST(Random, UniformStaysBelowOneWithTheRightMoments) {
  Random random(1);
  const int n = 200000;
  double sum = 0, square = 0, least = 1, most = 0;
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform();
    sum += u, square += u * u, least = std::min(least, u), most = std::max(most, u);
  }
  EXPECT_GE(least, 0);
  EXPECT_LT(most, 1);
  EXPECT_LT(least, 1e-4);
  EXPECT_GT(most, 1 - 1e-4);
  EXPECT_NEAR(sum / n, 0.5, 5 * std::sqrt(1.0 / 12 / n));
  EXPECT_NEAR(square / n, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / n));
}

TEST(Random, NormalHasTheRightMomentsAndTails) {
  Random random(2);
  const int n = 400000;
  double moment[5] = {};
  int    beyond[4] = {};
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    for (int k = 1; k <= 4; ++k) moment[k] += std::pow(x, k) / n;
    for (int k = 1; k <= 3; ++k) beyond[k] += std::abs(x) > k;
  }
  const double deviation = 1 / std::sqrt(double(n));
  EXPECT_NEAR(moment[1], 0, 5 * deviation);
  EXPECT_NEAR(moment[2], 1, 5 * std::sqrt(2.0) * deviation);
  EXPECT_NEAR(moment[3], 0, 5 * std::sqrt(15.0) * deviation);
  EXPECT_NEAR(moment[4], 3, 5 * std::sqrt(96.0) * deviation);
  for (int k = 1; k <= 3; ++k) {
    const double p = std::erfc(k / std::sqrt(2.0));
    EXPECT_NEAR(double(beyond[k]) / n, p, 5 * std::sqrt(p / n)) << k;
  }
}

TEST(Random, IntegersAreBelowTheirBoundAndEquallyFrequent) {
  Random random(3);
  int counts[7] = {};
  for (int i = 0; i < 70000; ++i) ++counts[random.integer(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10000, 5 * 100);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.integer(1), 0u);
  // with a bound of ¾·2⁶⁴ taking the remainder alone would give the lower third twice as often
  int low = 0;
  for (int i = 0; i < 30000; ++i) low += random.integer(uint64_t{3} << 62) < uint64_t{1} << 62;
  EXPECT_NEAR(low, 10000, 5 * 82);
  EXPECT_THROW(random.integer(0), std::logic_error);
}

TEST(Random, ShuffleMakesEveryOrderEquallyLikely) {
  Random random(4);
  std::vector<int> counts(24);
  for (int i = 0; i < 24000; ++i) {
    std::vector<int> items = {0, 1, 2, 3};
    random.shuffle(items);
    int rank = 0;
    for (int a = 0, scale = 6; a < 3; scale /= (3 - a), ++a)
      rank += scale * int(std::count_if(items.begin() + a + 1, items.end(), [&](int x) { return x < items[a]; }));
    ++counts[rank];
  }
  for (const int count : counts) EXPECT_NEAR(count, 1000, 5 * 32);
}

TEST(Random, ShuffleKeepsTheItems) {
  Random random(5);
  std::vector<bool> flags(100);
  for (int i = 0; i < 30; ++i) flags[i] = true;
  random.shuffle(flags);
  EXPECT_EQ(std::count(flags.begin(), flags.end(), true), 30);
  EXPECT_GT(std::count(flags.begin() + 30, flags.end(), true), 10);
}

TEST(Random, ChooseTakesDifferentNumbersInOrderEachEquallyOften) {
  Random random(6);
  std::vector<int> counts(10);
  for (int i = 0; i < 20000; ++i) {
    const std::vector<size_t> chosen = random.choose(10, 3);
    ASSERT_EQ(chosen.size(), 3u);
    ASSERT_TRUE(chosen[0] < chosen[1] && chosen[1] < chosen[2] && chosen[2] < 10);
    for (const size_t c : chosen) ++counts[c];
  }
  for (const int count : counts) EXPECT_NEAR(count, 6000, 5 * 65);
  EXPECT_TRUE(random.choose(5, 0).empty());
  EXPECT_EQ(random.choose(4, 4), (std::vector<size_t>{0, 1, 2, 3}));
  EXPECT_THROW(random.choose(3, 4), std::logic_error);
}

}  // namespace
}  // namespace dynode
