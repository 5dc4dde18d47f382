// Population KL: how differently two populations of n units are active, unit by unit, as Gaussians over rows and steps.
//
//   m, V   mean and biased variance, at least 1e-12, of a unit; 0: the first layer, 1: the second
//   KL_i = ½ (ln(V₁/V₀) + (V₀ + (m₀ − m₁)²)/V₁ − 1)           symmetric: the mean with both exchanged
//   L = mean or sum of KL_i  +  reg · (mean over rows and steps of |s₀|² + the same of |s₁|²)
//
// Source: nn4n, population-KL criterion; the floor keeps silent units finite, and has no slope below it.
#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

constexpr double kFloor = 1e-12;

struct Gaussian { double m, V; };

/// KL of a unit; adds factor · its slopes.
double divergence(const Gaussian& a, const Gaussian& b, double factor, Gaussian& a_bar, Gaussian& b_bar) {
  const double d = a.m - b.m;
  a_bar.m += factor * d / b.V;
  b_bar.m -= factor * d / b.V;
  a_bar.V += factor * 0.5 * (1 / b.V - 1 / a.V);
  b_bar.V += factor * 0.5 * (1 - (a.V + d * d) / b.V) / b.V;
  return factor * 0.5 * (std::log(b.V / a.V) + (a.V + d * d) / b.V - 1);
}

double population_kl(const Arguments& arguments, double N, std::span<const UnitSums> units,
                     std::span<UnitSums> slopes) {
  const size_t n         = units.size() / 2;
  const bool   symmetric = arguments.flag("symmetric");
  const double share     = arguments.text("reduction") == "mean" ? 1 / double(n) : 1, reg = arguments.number("reg");
  const auto   gaussian  = [&](const UnitSums& u) {
    const double m = u.sum / N;
    return Gaussian{m, std::max(u.square / N - m * m, kFloor)};
  };
  double value = 0;
  for (size_t i = 0; i < n; ++i) {
    const Gaussian a = gaussian(units[i]), b = gaussian(units[n + i]);
    Gaussian       a_bar{0, 0}, b_bar{0, 0};
    value += divergence(a, b, symmetric ? share / 2 : share, a_bar, b_bar);
    if (symmetric) value += divergence(b, a, share / 2, b_bar, a_bar);
    value += reg * (units[i].square + units[n + i].square) / N;
    if (a.V <= kFloor) a_bar.V = 0;
    if (b.V <= kFloor) b_bar.V = 0;
    slopes[i]     = {.sum = (a_bar.m - 2 * a.m * a_bar.V) / N, .square = (a_bar.V + reg) / N};
    slopes[n + i] = {.sum = (b_bar.m - 2 * b.m * b_bar.V) / N, .square = (b_bar.V + reg) / N};
  }
  return value;
}

void check(const Arguments& arguments, size_t, size_t units, const At& at) {
  check_word(arguments, "reduction", {"mean", "sum"}, at);
  if (units % 2 != 0) throw SpecError(at, "pop_kl compares two layers of equal size", "give layer_ids: [1, 2]");
}

}  // namespace

LossEntry population_kl_loss() {
  return {.name      = "pop_kl",
          .summary   = "divergence between the activities of two layers of equal size",
          .facts     = {{.name  = "symmetric",
                         .kind  = ArgumentKind::boolean,
                         .value = 1,
                         .help  = "mean of both directions"},
                        {.name = "reg", .value = 1e-3, .min = 0, .help = "factor of the mean squares of the states"},
                        {.name = "reduction",
                         .kind = ArgumentKind::text,
                         .help = "over units: mean or sum",
                         .text = "mean"},
                        kLayerIds},
          .on_states = true,
          .layers    = 2,
          .count     = count_positions,
          .of_sums   = population_kl,
          .check     = check};
}

}  // namespace dynode
