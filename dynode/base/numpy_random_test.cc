// NumPy's generators: the numbers NumPy gives for the same seeds.
#include "dynode/base/numpy_random.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace dynode {
namespace {

template <class F>
auto several(size_t count, F draw) {
  std::vector<decltype(draw())> out;
  for (size_t i = 0; i < count; ++i) out.push_back(draw());
  return out;
}

TEST(Mt19937, GivesTheNumbersOfNumPy) {
  const auto first = [](uint32_t seed) { return several(3, [r = Mt19937(seed)]() mutable { return r.bits(); }); };
  EXPECT_EQ(first(22222), (std::vector<uint32_t>{294195201, 1847582594, 1342442730}));
  EXPECT_EQ(first(0), (std::vector<uint32_t>{2357136044, 2546248239, 3071714933}));
  EXPECT_EQ(first(123456789), (std::vector<uint32_t>{2288500408, 4254805660, 2294099250}));
}

TEST(Mt19937, DrawsIntegersAndOrdersAsNumPyDoes) {
  EXPECT_EQ(several(10, [r = Mt19937(22222)]() mutable { return r.integer(2); }),
            (std::vector<uint64_t>{1, 0, 0, 0, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(Mt19937(22222).choose(10, 10), (std::vector<size_t>{3, 5, 9, 4, 6, 7, 0, 8, 2, 1}));
  EXPECT_EQ(Mt19937(1).choose(10, 3), (std::vector<size_t>{2, 9, 6}));
}

TEST(Mt19937, ADrawOfOneIsFree) {
  Mt19937 a(5), b(5);
  EXPECT_EQ(a.integer(1), 0u);
  EXPECT_EQ(a.integer(uint64_t{1} << 32), b.bits());
}

TEST(Pcg64, GivesTheNumbersOfNumPy) {
  const auto first = [](uint64_t seed) { return several(3, [r = Pcg64(seed)]() mutable { return r.bits(); }); };
  EXPECT_EQ(first(1111), (std::vector<uint64_t>{15852105362585597067u, 12115427431398542507u, 8887363355600350134u}));
  EXPECT_EQ(first(0), (std::vector<uint64_t>{11749869230777074271u, 4976686463289251617u, 755828109848996024u}));
  EXPECT_EQ(first(1099511627779),   // a seed of two words
            (std::vector<uint64_t>{14271435802380633900u, 18370326226487632705u, 8728610338774297736u}));
}

TEST(Pcg64, GivesBothHalvesOfANumberLowOneFirst) {
  EXPECT_EQ(several(4, [r = Pcg64(1111)]() mutable { return r.half(); }),
            (std::vector<uint32_t>{3606754443, 3690855894, 4270361771, 2820842766}));
}

TEST(Pcg64, DrawsIntegersAndSamplesAsNumPyDoes) {
  EXPECT_EQ(several(10, [r = Pcg64(0)]() mutable { return r.integer(3); }),
            (std::vector<uint64_t>{2, 1, 1, 0, 0, 0, 0, 0, 0, 2}));
  EXPECT_EQ(Pcg64(1111).choose(50, 20),
            (std::vector<size_t>{26, 41, 10, 46, 22, 42, 17, 24, 48, 25, 40, 27, 19, 16, 2, 36, 21, 32, 44, 37}));
  Pcg64 a(5), b(5);
  EXPECT_EQ(a.integer(1), 0u);
  EXPECT_EQ(a.integer(uint64_t{1} << 32), b.half());
}

TEST(Pcg64, LargeSamplesHaveNoRepeats) {
  for (const size_t k : {size_t{0}, size_t{200}, size_t{201}, size_t{10001}}) {   // more than 1 in 50: another way
    std::vector<size_t> chosen = Pcg64(7).choose(10001, k);
    EXPECT_EQ(chosen.size(), k);
    std::sort(chosen.begin(), chosen.end());
    EXPECT_EQ(std::adjacent_find(chosen.begin(), chosen.end()), chosen.end());
    EXPECT_TRUE(chosen.empty() || chosen.back() < 10001);
  }
}

}  // namespace
}  // namespace dynode
