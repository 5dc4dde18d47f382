// Losses on mean states s [rows][steps][units]; μ_i is the mean of unit i over rows and steps, m the mean of μ.
//
//   fr       l1: mean |μ_i|       l2: mean μ_i²            power: mean of s² over everything
//   fr_dist  sd: std(μ)           cv: std(μ) / m           std with divisor units − 1
//            mean_ad: mean |μ_i − m|     max_ad: max |μ_i − m|, the first of equals
//            with absolute, μ_i is the mean of |s|
//   average_state_magnitude_loss   (mean |s| − target)², or |mean |s| − target|
//
// Source: nn4n, firing-rate criteria; SOEN toolkit.
#include <algorithm>
#include <fmt/format.h>

#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

double mean(const std::vector<double>& x) {
  double sum = 0;
  for (const double one : x) sum += one;
  return sum / double(x.size());
}

double firing_rate(const Arguments& arguments, double N, std::span<const UnitSums> units, std::span<UnitSums> slopes) {
  const std::string& metric = arguments.text("metric");
  const double       n      = double(units.size());
  double             value  = 0;
  for (size_t i = 0; i < units.size(); ++i) {
    const double mu = units[i].sum / N;
    if (metric == "power") {
      value += units[i].square / (N * n);
      slopes[i].square = 1 / (N * n);
    } else {
      value += (metric == "l1" ? std::abs(mu) : mu * mu) / n;
      slopes[i].sum = (metric == "l1" ? sign_of(mu) : 2 * mu) / (n * N);
    }
  }
  return value;
}

/// Spread of μ; μ_bar: its slopes.
double spread(const std::string& metric, const std::vector<double>& mu, std::vector<double>& mu_bar) {
  const size_t units = mu.size();
  const double n = double(units), m = mean(mu);
  double       value = 0;
  if (metric == "sd" || metric == "cv") {
    for (const double rate : mu) value += (rate - m) * (rate - m);
    const double sd = std::sqrt(value / (n - 1));
    for (size_t i = 0; i < units; ++i) mu_bar[i] = sd > 0 ? (mu[i] - m) / ((n - 1) * sd) : 0;
    if (metric == "sd") return sd;
    for (double& slope : mu_bar) slope = slope / m - sd / (m * m * n);
    return sd / m;
  }
  if (metric == "mean_ad") {
    double signs = 0;
    for (const double rate : mu) value += std::abs(rate - m) / n, signs += sign_of(rate - m);
    for (size_t i = 0; i < units; ++i) mu_bar[i] = (sign_of(mu[i] - m) - signs / n) / n;
    return value;
  }
  size_t farthest = 0;
  for (size_t i = 1; i < units; ++i)
    if (std::abs(mu[i] - m) > std::abs(mu[farthest] - m)) farthest = i;
  const double side = sign_of(mu[farthest] - m);
  for (size_t i = 0; i < units; ++i) mu_bar[i] = side * (double(i == farthest) - 1 / n);
  return std::abs(mu[farthest] - m);
}

double rate_distribution(const Arguments& arguments, double N, std::span<const UnitSums> units,
                         std::span<UnitSums> slopes) {
  const bool          absolute = arguments.flag("absolute");
  std::vector<double> mu(units.size()), mu_bar(units.size());
  for (size_t i = 0; i < mu.size(); ++i) mu[i] = (absolute ? units[i].magnitude : units[i].sum) / N;
  const double value = spread(arguments.text("metric"), mu, mu_bar);
  for (size_t i = 0; i < mu.size(); ++i) (absolute ? slopes[i].magnitude : slopes[i].sum) = mu_bar[i] / N;
  return value;
}

double average_state_magnitude(const Arguments& arguments, double N, std::span<const UnitSums> units,
                               std::span<UnitSums> slopes) {
  const double entries = N * double(units.size());
  double       sum     = 0;
  for (const UnitSums& unit : units) sum += unit.magnitude;
  const double error  = sum / entries - arguments.number("target_magnitude");
  const double factor = arguments.number("factor");
  const bool   square = arguments.text("loss_type") == "mse";
  for (UnitSums& slope : slopes) slope.magnitude = factor * (square ? 2 * error : sign_of(error)) / entries;
  return factor * (square ? error * error : std::abs(error));
}

void check_rate(const Arguments& arguments, size_t, size_t, const At& at) {
  check_word(arguments, "metric", {"l1", "l2", "power"}, at);
}

void check_distribution(const Arguments& arguments, size_t, size_t units, const At& at) {
  check_word(arguments, "metric", {"sd", "cv", "mean_ad", "max_ad"}, at);
  if (units < 2) throw SpecError(at, "fr_dist compares units, but there is only one");
}

void check_magnitude(const Arguments& arguments, size_t, size_t, const At& at) {
  check_word(arguments, "loss_type", {"mse", "mae"}, at);
}

}  // namespace

void check_word(const Arguments& arguments, const char* fact, std::initializer_list<const char*> known, const At& at) {
  const std::string& word = arguments.text(fact);
  std::string        list;
  for (const char* name : known) {
    if (word == name) return;
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  throw SpecError(at, fmt::format("{} '{}' is unknown", fact, word), "there is: " + list);
}

LossEntry firing_rate_loss() {
  return {.name      = "fr",
          .summary   = "size of the mean firing rates",
          .facts     = {{.name = "metric",
                         .kind = ArgumentKind::text,
                         .help = "l1, l2 (of the mean rates) or power (mean square of the states)",
                         .text = "l2"},
                        kLayerIds},
          .on_states = true,
          .count     = count_positions,
          .of_sums   = firing_rate,
          .check     = check_rate};
}

LossEntry rate_distribution_loss() {
  return {.name      = "fr_dist",
          .summary   = "spread of the mean firing rates over units",
          .facts     = {{.name = "metric",
                         .kind = ArgumentKind::text,
                         .help = "sd, cv, mean_ad (mean absolute deviation) or max_ad (largest)",
                         .text = "sd"},
                        {.name = "absolute", .kind = ArgumentKind::boolean, .help = "means of |s| instead of s"},
                        kLayerIds},
          .on_states = true,
          .count     = count_positions,
          .of_sums   = rate_distribution,
          .check     = check_distribution};
}

LossEntry average_state_magnitude_loss() {
  return {.name      = "average_state_magnitude_loss",
          .summary   = "holds the mean size of states at a target; several layers side by side count as one",
          .facts     = {{.name = "target_magnitude", .value = 0.5, .min = 0, .help = "mean size to hold"},
                        {.name = "loss_type", .kind = ArgumentKind::text, .help = "mse or mae", .text = "mse"},
                        kLayerIds,
                        {.name = "factor", .value = 1, .help = "factor on the loss"}},
          .on_states = true,
          .count     = count_positions,
          .of_sums   = average_state_magnitude,
          .check     = check_magnitude};
}

}  // namespace dynode
