#include "dynode/kernels/draw.h"

#include <cmath>
#include <gtest/gtest.h>

namespace dynode {
namespace {

/// P(n) of Poisson with a Beta(10, 10) spread, by a fine sum.
double probability(double mean, double spread, unsigned n) {
  double sum = 0, all = 0;
  for (int i = 0; i < 4000; ++i) {
    const double z = (i + 0.5) / 4000, density = std::pow(z * (1 - z), 9), m = std::max(0.0, mean + spread * z);
    sum += density * (m == 0 ? double(n == 0) : std::exp(n * std::log(m) - m - std::lgamma(n + 1.0)));
    all += density;
  }
  return sum / all;
}

std::vector<double> draw(const CountTable& table, size_t units, uint32_t step) {
  std::vector<uint32_t> words(units + 64);
  std::vector<double>   counts(units);
  draw_kernels<double>().words(noise_key(7, 3, 0), step, 0, 0, 0, units, words.data());
  draw_kernels<double>().add_counts(table, words.data(), units, 1.0, counts.data());
  return counts;
}

TEST(Draw, WordsAreThoseOfTheCounters) {
  std::vector<uint32_t> words(1000 + 64);
  draw_kernels<float>().words(noise_key(1, 2, 3), 11, 5, 8, 1, 1000, words.data());
  for (uint32_t u = 0; u < 1000; ++u) ASSERT_EQ(words[u], noise_word(noise_key(1, 2, 3), 11, 5, 32 + u, 1));
}

TEST(Draw, TablesHoldTheProbabilitiesOfEveryCount) {
  for (const auto& [mean, spread] :
       {std::pair{0.01, 0.0}, {1.12, 0.0}, {1.12, 0.7}, {30.0, 0.0}, {300.0, 40.0}, {-0.2, 1.0}}) {
    const CountTable t      = poisson_table(mean, spread);
    double           before = 0;
    for (size_t k = 0; k < t.at.size(); ++k) {
      const double here = t.at[k] * 0x1p-32;
      EXPECT_NEAR(here - before, k == 0 ? [&] { double s = 0; for (unsigned n = 0; n <= t.lowest; ++n) s += probability(mean, spread, n); return s; }()
                                        : probability(mean, spread, t.lowest + unsigned(k)), 2e-9) << mean << ", " << spread << ", " << k;
      before = here;
    }
    EXPECT_NEAR(before, 1, 1e-8);
  }
  EXPECT_EQ(poisson_table(0).at.size() + poisson_table(0).lowest, 0u);
}

TEST(Draw, CountsFollowTheirDistribution) {
  // chi-square over counts that are expected 10 times or more; the seed is fixed, the bound is 5 deviations
  for (const auto& [mean, spread] : {std::pair{0.3, 0.0}, {1.12, 0.0}, {0.9, 1.05}, {17.0, 0.0}, {120.0, 0.0}}) {
    const CountTable    table = poisson_table(mean, spread);
    std::vector<double> seen(1000);
    const size_t        units = 4001, steps = 250;
    for (uint32_t step = 0; step < steps; ++step)
      for (double n : draw(table, units, step)) ++seen.at(size_t(n));
    double       chi = 0, cells = 0, rest_seen = 0, rest = 0;
    const double all = double(units * steps);
    for (unsigned n = 0; n < 1000; ++n) {
      const double expected = all * probability(mean, spread, n);
      if (expected < 10) {
        rest += expected, rest_seen += seen[n];
        continue;
      }
      chi += (seen[n] - expected) * (seen[n] - expected) / expected, ++cells;
    }
    if (rest > 1) chi += (rest_seen - rest) * (rest_seen - rest) / rest, ++cells;
    EXPECT_LT(std::abs(chi - (cells - 1)), 5 * std::sqrt(2 * cells)) << mean << ", " << spread;
  }
}

TEST(Draw, CountsAreTheSameInBothPrecisionsAndHoweverTheyAreCut) {
  const CountTable      table = poisson_table(2.5);
  std::vector<uint32_t> words(300 + 64);
  draw_kernels<float>().words(noise_key(1, 1, 1), 0, 0, 0, 0, 300, words.data());
  std::vector<float>  whole(300), parts(300);
  std::vector<double> precise(300);
  draw_kernels<float>().add_counts(table, words.data(), 300, 1.f, whole.data());
  draw_kernels<double>().add_counts(table, words.data(), 300, 1.0, precise.data());
  for (size_t i = 0; i < 300; i += 7)
    draw_kernels<float>().add_counts(table, words.data() + i, std::min<size_t>(7, 300 - i), 1.f, parts.data() + i);
  EXPECT_EQ(whole, parts);
  EXPECT_EQ(std::vector<double>(whole.begin(), whole.end()), precise);
}

TEST(Draw, BytesGiveTheCountsOfTheirWordsOrAreOpen) {
  std::vector<uint8_t> bytes(3 * 256 + 64);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = uint8_t(i * 37);
  for (double mean : {0.001, 0.3, 1.6, 2.0, 6.0}) {
    const CountTable table = poisson_table(mean);
    const auto       reads = by_bytes(table);
    ASSERT_TRUE(reads) << mean;
    for (size_t first : {0, 5}) {
      const size_t          count = 3 * 256 + 7;
      std::vector<float>    single(count, 1.f);
      std::vector<double>   precise(count, 1.0);
      std::vector<uint32_t> open(count + 256), same(count + 256);
      open.resize(
          draw_kernels<float>().add_byte_counts(*reads, bytes.data() + first, count, 2.f, single.data(), open.data()));
      same.resize(draw_kernels<double>().add_byte_counts(*reads, bytes.data() + first, count, 2.0, precise.data(),
                                                         same.data()));
      EXPECT_EQ(open, same);
      std::vector<uint32_t> expected;
      for (uint32_t i = 0; i < count; ++i) {
        const uint32_t word = uint32_t(bytes[first + i]) << 24, least = reads->count(table, word),
                       most = reads->count(table, word | 0xFFFFFF);
        if (least != most) expected.push_back(i);
        ASSERT_EQ(single[i], least == most ? 1 + 2 * float(least) : 1) << mean << ", " << i;
        ASSERT_EQ(precise[i], double(single[i]));
      }
      EXPECT_EQ(open, expected) << mean;
    }
  }
  EXPECT_FALSE(by_bytes(poisson_table(60)));
  EXPECT_FALSE(by_bytes(poisson_table(300)));
}

}  // namespace
}  // namespace dynode
