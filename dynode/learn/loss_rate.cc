// Firing-rate losses on states s [rows][steps][units]; μ_i is the mean of unit i over rows and steps, m the mean of μ.
//
//   fr       l1: mean |μ_i|       l2: mean μ_i²            power: mean of s² over everything
//   fr_dist  sd: std(μ)           cv: std(μ) / m           std with divisor units − 1
//            mean_ad: mean |μ_i − m|     max_ad: max |μ_i − m|, the first of equals
//
// μ couples the rows, so both are called with the whole batch. Source: nn4n, firing-rate criteria.
#include <algorithm>

#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

template <class R>
std::vector<double> mean_rates(const LossCall<R>& call) {
  std::vector<double> mu(call.units);
  for (size_t p = 0; p < call.rows * call.steps; ++p)
    for (size_t i = 0; i < call.units; ++i) mu[i] += call.output[p * call.units + i];
  for (double& rate : mu) rate /= call.normaliser;
  return mu;
}

/// Hands ∂L/∂μ on to the outputs.
template <class R>
void add_rate_adjoint(const LossCall<R>& call, const std::vector<double>& mu_bar) {
  if (!call.output_bar) return;
  for (size_t p = 0; p < call.rows * call.steps; ++p)
    for (size_t i = 0; i < call.units; ++i)
      call.output_bar[p * call.units + i] += R(call.weight * mu_bar[i] / call.normaliser);
}

double mean(const std::vector<double>& x) {
  double sum = 0;
  for (const double one : x) sum += one;
  return sum / double(x.size());
}

template <class R>
double firing_rate(const Arguments& arguments, const LossCall<R>& call) {
  const std::string& metric = arguments.text("metric");
  const double       n      = double(call.units);
  if (metric == "power")
    return sum_entries(call, 0, 1 / n, [](double s, double) { return EntryLoss{s * s, 2 * s}; });

  const std::vector<double> mu = mean_rates(call);
  std::vector<double>       mu_bar(call.units);
  double                    value = 0;
  for (size_t i = 0; i < call.units; ++i) {
    value += (metric == "l1" ? std::abs(mu[i]) : mu[i] * mu[i]) / n;
    mu_bar[i] = (metric == "l1" ? sign_of(mu[i]) : 2 * mu[i]) / n;
  }
  add_rate_adjoint(call, mu_bar);
  return call.weight * value;
}

template <class R>
double rate_distribution(const Arguments& arguments, const LossCall<R>& call) {
  const std::string&        metric = arguments.text("metric");
  const size_t              units  = call.units;
  const double              n      = double(units);
  const std::vector<double> mu     = mean_rates(call);
  const double              m      = mean(mu);
  std::vector<double>       mu_bar(units);
  double                    value = 0;

  if (metric == "sd" || metric == "cv") {
    for (const double rate : mu) value += (rate - m) * (rate - m);
    const double sd = std::sqrt(value / (n - 1));
    for (size_t i = 0; i < units; ++i) mu_bar[i] = sd > 0 ? (mu[i] - m) / ((n - 1) * sd) : 0;
    if (metric == "cv")
      for (double& slope : mu_bar) slope = slope / m - sd / (m * m * n);
    value = metric == "sd" ? sd : sd / m;
  } else if (metric == "mean_ad") {
    double signs = 0;
    for (const double rate : mu) value += std::abs(rate - m) / n, signs += sign_of(rate - m);
    for (size_t i = 0; i < units; ++i) mu_bar[i] = (sign_of(mu[i] - m) - signs / n) / n;
  } else {
    size_t farthest = 0;
    for (size_t i = 1; i < units; ++i)
      if (std::abs(mu[i] - m) > std::abs(mu[farthest] - m)) farthest = i;
    const double side = sign_of(mu[farthest] - m);
    value = std::abs(mu[farthest] - m);
    for (size_t i = 0; i < units; ++i) mu_bar[i] = side * (double(i == farthest) - 1 / n);
  }
  add_rate_adjoint(call, mu_bar);
  return call.weight * value;
}

void check_metric(const Arguments& arguments, std::initializer_list<const char*> known, const At& at) {
  const std::string& metric = arguments.text("metric");
  std::string        list;
  for (const char* name : known) {
    if (metric == name) return;
    list += (list.empty() ? "" : ", ") + std::string(name);
  }
  throw SpecError(at, "metric '" + metric + "' is unknown", "there is: " + list);
}

void check_rate(const Arguments& arguments, size_t, size_t, const At& at) {
  check_metric(arguments, {"l1", "l2", "power"}, at);
}

void check_distribution(const Arguments& arguments, size_t, size_t units, const At& at) {
  check_metric(arguments, {"sd", "cv", "mean_ad", "max_ad"}, at);
  if (units < 2) throw SpecError(at, "fr_dist compares units, but there is only one");
}

}  // namespace

LossEntry firing_rate_loss() {
  return {.name    = "fr",
          .summary = "size of the mean firing rates",
          .facts   = {{.name = "metric",
                       .kind = ArgumentKind::text,
                       .help = "l1, l2 (of the mean rates) or power (mean square of the states)",
                       .text = "l2"}},
          .row_additive = false,
          .count        = count_positions,
          .value_and_adjoint_float  = firing_rate<float>,
          .value_and_adjoint_double = firing_rate<double>,
          .check = check_rate};
}

LossEntry rate_distribution_loss() {
  return {.name    = "fr_dist",
          .summary = "spread of the mean firing rates over units",
          .facts   = {{.name = "metric",
                       .kind = ArgumentKind::text,
                       .help = "sd, cv, mean_ad (mean absolute deviation) or max_ad (largest)",
                       .text = "sd"}},
          .row_additive = false,
          .count        = count_positions,
          .value_and_adjoint_float  = rate_distribution<float>,
          .value_and_adjoint_double = rate_distribution<double>,
          .check = check_distribution};
}

}  // namespace dynode
