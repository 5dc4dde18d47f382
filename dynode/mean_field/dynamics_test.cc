#include "dynode/mean_field/dynamics.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/mean_field/fixed_points.h"

namespace dynode::mean_field {
namespace {

/// A population that does not hear itself.
Populations deaf() {
  return {
      .c_matrix = {0}, .j_matrix = {0}, .c_ext = {100}, .j_ext = {0.2}, .nu_ext = {7}, .neurons = {{.threshold = 3}}};
}

TEST(RateDynamics, RelaxExponentiallyWithoutFeedback) {
  const Populations p     = deaf();
  const double      goal  = response(p, std::vector<double>{0})[0];
  const auto        rates = integrate_rates(p, {40}, {.duration = 0.1, .dt = 1e-3, .tau = {0.02}});
  ASSERT_EQ(rates.size(), 101u);
  EXPECT_EQ(rates[0], 40);
  for (size_t k = 0; k < rates.size(); ++k)
    EXPECT_NEAR(rates[k], goal + (40 - goal) * std::exp(-double(k) * 0.05), 1e-5) << k;
}

TEST(RateDynamics, FollowTheirDrive) {
  const Populations p    = deaf();
  Populations       more = p;
  more.nu_ext            = {12};
  const auto rates =
      integrate_rates(p, {0}, {.duration = 1, .dt = 2e-3, .tau = {0.01}, .drive = [](double t, std::span<double> nu) {
                                 nu[0] += t >= 0.5 ? 5 : 0;
                               }});
  EXPECT_NEAR(rates[249], response(p, std::vector<double>{0})[0], 1e-9);
  EXPECT_NEAR(rates[500], response(more, std::vector<double>{0})[0], 1e-9);
}

TEST(RateDynamics, EndInAStablePoint) {
  Populations p = deaf();
  p.c_matrix = {60}, p.j_matrix = {0.1};
  const auto rates = integrate_rates(p, {90}, {.duration = 2, .dt = 1e-3});
  EXPECT_NEAR(rates.back(), solve(p, {rates.back()}).rates[0], 1e-6);
  EXPECT_NEAR(response(p, std::vector<double>{rates.back()})[0], rates.back(), 1e-6);
}

TEST(RateDynamics, SayWhatDoesNotFit) {
  EXPECT_THROW(integrate_rates(deaf(), {1, 2}, {}), ShapeError);
  EXPECT_THROW(integrate_rates(deaf(), {1}, {.dt = 0.03}), SpecError);
  EXPECT_THROW(integrate_rates(deaf(), {1}, {.tau = {0}}), SpecError);
  EXPECT_THROW(integrate_rates(deaf(), {1}, {.duration = -1}), SpecError);
}

}  // namespace
}  // namespace dynode::mean_field
