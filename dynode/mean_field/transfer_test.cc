#include "dynode/mean_field/transfer.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numbers>

namespace dynode::mean_field {
namespace {

/// The judge of the integral: Simpson's rule on the definition, for limits where e^{u²} is tame.
double judged_rate(double mu, double sigma, const Neuron& n) {
  const double b = 1.4603545088095868 / std::sqrt(2.0) * std::sqrt(n.tau_s / n.tau_m);
  const double from = (n.v_reset - mu) / sigma + b, to = (n.threshold - mu) / sigma + b;
  const int    steps = 20000;
  const auto   f     = [](double u) { return std::exp(u * u) * std::erfc(-u); };
  double       sum   = f(from) + f(to);
  for (int k = 1; k < steps; ++k) sum += (k % 2 ? 4 : 2) * f(from + (to - from) * k / steps);
  return 1 / (n.tau_ref + n.tau_m * std::sqrt(std::numbers::pi) * sum * (to - from) / (3 * steps));
}

TEST(Transfer, IsTheInverseOfTheMeanTimeBetweenSpikes) {
  const Neuron neurons[] = {{1, 0, 0.02, 0.005, 0.005}, {1, 0.95, 0.01, 0, 0}, {1, -3, 0.02, 0.02, 0.002}};
  for (const Neuron& n : neurons)
    for (double mu : {-1.0, 0.3, 0.9, 1.0, 1.1, 2.0})
      for (double sigma : {0.6, 1.0, 5.0}) {
        const double wanted = judged_rate(mu, sigma, n);
        EXPECT_NEAR(transfer_rate(mu, sigma, n) / wanted, 1, 1e-11) << mu << " " << sigma << " " << n.v_reset;
      }
}

TEST(Transfer, WithoutNoiseIsTheRateOfAConstantDrive) {
  const Neuron n{1.5, 0.5, 0.02, 0, 0.005};
  const double wanted = 1 / (0.005 + 0.02 * std::log(1.5 / 0.5));
  EXPECT_DOUBLE_EQ(transfer_rate(2, 0, n), wanted);
  EXPECT_NEAR(transfer_rate(2, 1e-6, n), wanted, 1e-7);
  EXPECT_EQ(transfer_rate(1.5, 0, n), 0);
  EXPECT_EQ(transfer(1, 0, n).log_rate, -HUGE_VAL);
  EXPECT_NEAR(transfer(2, 0, n).d_mu, (transfer_rate(2 + 1e-6, 0, n) - transfer_rate(2 - 1e-6, 0, n)) / 2e-6, 1e-4);
}

TEST(Transfer, KeepsItsLogarithmWhereTheRateUnderflows) {
  const Response r = transfer(0, 0.01, {.threshold = 1, .tau_s = 0});
  EXPECT_EQ(r.rate, 0);
  // escape over a high barrier: Φ → y/(τ_m √π) e^{−y²}, y = 100
  EXPECT_NEAR(r.log_rate, -1e4 + std::log(100 / (0.02 * std::sqrt(std::numbers::pi))), 1e-4);
  EXPECT_EQ(r.d_mu, 0);
}

TEST(Transfer, StaysBelowTheInverseOfTheRefractoryTime) {
  EXPECT_LT(transfer_rate(1e9, 1, {}), 200);
  EXPECT_NEAR(transfer_rate(1e9, 1, {}), 200, 1e-5);
  EXPECT_LE(transfer_rate(1e15, 1, {.tau_ref = 0}), 1e12);
}

TEST(Transfer, HasTheSlopesOfItsDifferences) {
  for (double mu : {-2.0, 0.2, 0.99, 1.3, 6.0})
    for (double sigma : {0.1, 0.5, 2.0, 30.0}) {
      const Neuron n;
      const double h  = 1e-4 * sigma;
      const auto   at = [&](double m, double s) { return transfer(mu + m, sigma + s, n).log_rate; };
      // five-point differences of the logarithm
      const double by_mu    = (8 * (at(h, 0) - at(-h, 0)) - (at(2 * h, 0) - at(-2 * h, 0))) / (12 * h);
      const double by_sigma = (8 * (at(0, h) - at(0, -h)) - (at(0, 2 * h) - at(0, -2 * h))) / (12 * h);
      const Response r      = transfer(mu, sigma, n);
      if (r.rate < 1e-200) continue;
      EXPECT_NEAR(r.d_mu / r.rate, by_mu, 1e-8 * (std::abs(by_mu) + 1 / sigma)) << mu << " " << sigma;
      EXPECT_NEAR(r.d_sigma / r.rate, by_sigma, 1e-8 * (std::abs(by_sigma) + 1 / sigma)) << mu << " " << sigma;
    }
}

TEST(Transfer, GivesTheSameRateWithAndWithoutSlopes) {
  for (double mu : {-2.0, -0.1, 0.5, 1.5})
    for (double sigma : {0.0, 0.05, 0.5, 30.0}) EXPECT_EQ(transfer_rate(mu, sigma, {}), transfer(mu, sigma, {}).rate);
}

TEST(Transfer, IsSmoothWhereItsFormulasMeet) {
  // y_θ = 0, y_r = 0 and the change from differences to direct integration
  const Neuron n{1, 0, 0.02, 0, 0.005};
  for (double mu : {0.0, 1.0})
    for (double sigma : {0.3, 1.0, 2.0}) {
      const double below = transfer_rate(mu - 1e-9, sigma, n), above = transfer_rate(mu + 1e-9, sigma, n);
      EXPECT_NEAR((above - below) / 2e-9 / transfer(mu, sigma, n).d_mu, 1, 1e-4) << mu << " " << sigma;
    }
  EXPECT_NEAR(transfer_rate(3, 2 - 1e-12, n) / transfer_rate(3, 2 + 1e-12, n), 1, 1e-11);
}

TEST(Transfer, ByTablesIsThatByFormulas) {
  for (double span : {1e-6, 0.01, 0.3, 1.0, 20.0})
    for (double sigma : {1e-4, 0.05, 0.7, 3.0, 200.0})
      for (double place = -40; place <= 40; place += 0.37)
        for (double tau_s : {0.0, 0.01}) {
          const Neuron   n{.threshold = span, .tau_s = tau_s};
          const double   mu = span + place * sigma;
          const Response by_tables = transfer(mu, sigma, n), by_formulas = transfer_by_formulas(mu, sigma, n);
          EXPECT_NEAR(by_tables.log_rate, by_formulas.log_rate, 1e-12 * (1 + std::abs(by_formulas.log_rate)))
              << mu << " " << sigma << " " << span;
          if (by_formulas.rate < 1e-290) continue;
          EXPECT_NEAR(by_tables.rate / by_formulas.rate, 1, 1e-12) << mu << " " << sigma << " " << span;
          if (span < 0.01 * sigma) continue;   // differences of slopes cancel, in both
          EXPECT_NEAR(by_tables.d_mu, by_formulas.d_mu, 1e-10 * (std::abs(by_formulas.d_mu) + by_formulas.rate / sigma));
        }
}

}  // namespace
}  // namespace dynode::mean_field
