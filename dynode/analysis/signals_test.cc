#include "dynode/analysis/signals.h"

#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <numeric>

namespace dynode {
namespace {

constexpr double kStep = 1e-10;   // s

/// A kind with its defaults, but for these.
std::vector<double> signal(const char* name, std::map<std::string, double> given, size_t rows, size_t steps, size_t channels = 1,
                           uint64_t seed = 1) {
  Arguments arguments;
  for (const Fact& f : find_signal(name).facts) arguments.set(f.name, f.value);
  for (const auto& [key, value] : given) arguments.set(key, value);
  return make_signals(find_signal(name), arguments, rows, steps, channels, kStep, seed);
}

TEST(Signals, OfWavesAreClosedForms) {
  EXPECT_EQ(signal("constant", {{"value", 0.3}}, 2, 3), std::vector<double>(6, 0.3));
  // 2500 MHz: four steps of 0.1 ns a period
  const auto sine = signal("sine", {{"offset", 1}, {"amplitude", 2}, {"frequency", 2500}}, 1, 5);
  for (size_t t = 0; t < 5; ++t) EXPECT_NEAR(sine[t], (std::array{1.0, 3.0, 1.0, -1.0, 1.0})[t], 1e-12);
  const auto square = signal("square", {{"offset", 1}, {"amplitude", 2}, {"frequency", 2500}, {"phase", 0.1}}, 1, 4);
  EXPECT_EQ(square, (std::vector<double>{3, 3, -1, -1}));
}

TEST(Signals, BelongToSeedRowAndChannel) {
  const auto few = signal("gaussian", {}, 1, 4), many = signal("gaussian", {}, 2, 4, 3);
  for (size_t t = 0; t < 4; ++t) EXPECT_EQ(few[t], many[t * 3]);
  EXPECT_NE(many[0], many[1]);
  EXPECT_NE(many[0], many[12]);
  EXPECT_NE(few, signal("gaussian", {}, 1, 4, 1, 2));
}

TEST(Signals, OfColouredNoiseHaveTheSpectrumAndNoMean) {
  constexpr size_t n = 300, rows = 400;   // no power of two
  const auto x = signal("coloured", {{"beta", 2}, {"std", 3}, {"mean", 5}}, rows, n);
  double square = 0;
  std::array<double, 3> power{};
  for (size_t row = 0; row < rows; ++row) {
    const double* y = x.data() + row * n;
    EXPECT_NEAR(std::accumulate(y, y + n, 0.0) / n, 5, 1e-9);
    for (size_t t = 0; t < n; ++t) square += (y[t] - 5) * (y[t] - 5);
    for (size_t i = 0; i < 3; ++i) {
      const size_t k = size_t(3) << i;
      double re = 0, im = 0;
      for (size_t t = 0; t < n; ++t) {
        re += y[t] * std::cos(2 * M_PI * double(k * t) / n);
        im += y[t] * std::sin(2 * M_PI * double(k * t) / n);
      }
      power[i] += re * re + im * im;
    }
  }
  EXPECT_NEAR(std::sqrt(square / (n * rows)), 3, 0.2);
  EXPECT_NEAR(power[0] / power[1], 4, 4 * 0.3);   // deviation of a ratio of two means of 400 exponentials: 7 %
  EXPECT_NEAR(power[1] / power[2], 4, 4 * 0.3);
}

TEST(Signals, OfAProcessAreCorrelatedOverItsLength) {
  constexpr size_t rows = 4000;
  const auto x = signal("gp", {{"std", 2}, {"length", 0.5}}, rows, 11);   // five steps
  double variance = 0, covariance = 0;
  for (size_t row = 0; row < rows; ++row) variance += x[row * 11] * x[row * 11], covariance += x[row * 11] * x[row * 11 + 5];
  EXPECT_NEAR(variance / rows, 4, 4 * 4 * std::sqrt(2.0 / rows));
  EXPECT_NEAR(covariance / rows, 4 * std::exp(-0.5), 4 * 4 * std::sqrt(2.0 / rows));
  EXPECT_THROW(signal("gp", {}, 1, kMostProcessSteps + 1), SpecError);
}

TEST(Signals, AreRescaledToARange) {
  std::vector<double> x = {1, 3, 2}, same = {2, 2};
  rescale(x, -1, 1), rescale(same, 0.5, 1);
  EXPECT_EQ(x, (std::vector<double>{-1, 1, 0}));
  EXPECT_EQ(same, (std::vector<double>{0.5, 0.5}));
}

}  // namespace
}  // namespace dynode
