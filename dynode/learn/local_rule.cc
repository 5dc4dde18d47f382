#include "dynode/learn/local_rule.h"

#include <algorithm>
#include <cmath>

#include "dynode/base/entries.h"

namespace dynode {
namespace {

double modulator(const LocalActivity& a, size_t row) { return a.modulator.empty() ? 1 : a.modulator[row]; }

/// delta += factor · post preᵀ, of one row and step.
void add_product(double factor, const double* post, const double* pre, const LocalActivity& a, std::span<double> delta) {
  for (size_t i = 0; i < a.to; ++i)
    for (size_t j = 0; j < a.from; ++j) delta[i * a.from + j] += factor * post[i] * pre[j];
}

void hebbian(const Arguments&, const LocalActivity& a, std::span<double>, std::span<double> delta) {
  for (size_t row = 0; row < a.rows; ++row)
    add_product(modulator(a, row) / double(a.rows), &a.post[row * a.to], &a.pre[row * a.from], a, delta);
}

void oja(const Arguments& arguments, const LocalActivity& a, std::span<double> memory, std::span<double> delta) {
  hebbian(arguments, a, memory, delta);
  for (size_t i = 0; i < a.to; ++i) {
    double square = 0;
    for (size_t row = 0; row < a.rows; ++row) square += modulator(a, row) * std::pow(a.post[row * a.to + i], 2);
    for (size_t j = 0; j < a.from; ++j) delta[i * a.from + j] -= square / double(a.rows) * a.weights[i * a.from + j];
  }
}

void bcm(const Arguments& arguments, const LocalActivity& a, std::span<double> threshold, std::span<double> delta) {
  const double m = arguments.number("momentum");
  for (size_t i = 0; i < a.to; ++i) {
    double square = 0;
    for (size_t row = 0; row < a.rows; ++row) square += std::pow(a.post[row * a.to + i], 2);
    threshold[i] = m * threshold[i] + (1 - m) * square / double(a.rows);
  }
  std::vector<double> post(a.to);
  for (size_t row = 0; row < a.rows; ++row) {
    const double* y = &a.post[row * a.to];
    for (size_t i = 0; i < a.to; ++i) post[i] = y[i] * (y[i] - threshold[i]);
    add_product(1 / double(a.rows), post.data(), &a.pre[row * a.from], a, delta);
  }
}

void stdp(const Arguments& arguments, const LocalActivity& a, std::span<double>, std::span<double> delta) {
  const double keep_pre  = std::exp(-1 / arguments.number("tau_minus"));
  const double keep_post = std::exp(-1 / arguments.number("tau_plus"));
  std::vector<double> pre_trace(a.from), post_trace(a.to);
  for (size_t row = 0; row < a.rows; ++row) {
    const double share = modulator(a, row) / double(a.rows * a.steps);
    std::ranges::fill(pre_trace, 0), std::ranges::fill(post_trace, 0);
    for (size_t t = 0; t < a.steps; ++t) {
      const double *pre = &a.pre[(row * a.steps + t) * a.from], *post = &a.post[(row * a.steps + t) * a.to];
      for (size_t j = 0; j < a.from; ++j) pre_trace[j] = keep_pre * pre_trace[j] + pre[j];
      for (size_t i = 0; i < a.to; ++i) post_trace[i] = keep_post * post_trace[i] + post[i];
      add_product(share * arguments.number("a_plus"), post, pre_trace.data(), a, delta);
      add_product(-share * arguments.number("a_minus"), post_trace.data(), pre, a, delta);
    }
  }
}

double square_sum(std::span<const double> x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return sum;
}
double mean_square(std::span<const double> x) { return x.empty() ? 0 : square_sum(x) / double(x.size()); }

double scale_of(const LocalUpdate& u, const LocalActivity& a, std::span<const double> delta) {
  double scale = 1;
  switch (u.scale) {
    case UpdateScale::none: return 1;
    case UpdateScale::weight_norm: scale = 1 / (1 + square_sum(a.weights) / (u.target * u.target)); break;
    case UpdateScale::update_norm: {
      const double norm = std::sqrt(square_sum(delta));
      scale = norm > u.target ? u.target / norm : 1;
      break;
    }
    case UpdateScale::activity: scale = 1 / (1 + std::sqrt(mean_square(a.pre) * mean_square(a.post))); break;
  }
  return std::clamp(scale, 1e-6, 10.0);
}

}  // namespace

const std::vector<LocalRuleEntry>& local_rules() {
  const auto tau = [](const char* name, const char* help) {
    return Fact{.name = name, .value = 20, .min = 1e-9, .unit = "steps", .help = help};
  };
  static const std::vector<LocalRuleEntry> entries = {
      {"hebbian", "what is active together grows together", {}, false, false, hebbian},
      {"oja", "Hebb's rule with weights that keep their length", {}, false, false, oja},
      {"bcm",
       "grows where a unit is more active than it mostly is, shrinks where less",
       {{.name = "momentum", .value = 0.9, .min = 0, .max = 1, .help = "share of the threshold that stays"}},
       false,
       false,
       bcm},
      {"stdp",
       "grows where the source comes before the target, shrinks where after",
       {tau("tau_plus", "trace of the target"), tau("tau_minus", "trace of the source"),
        {.name = "a_plus", .value = 1, .help = "growth"},
        {.name = "a_minus", .value = 1, .help = "shrinkage"}},
       true,
       true,
       stdp},
      {"reward_modulated_hebbian", "Hebb's rule times a reward", {}, false, true, hebbian},
      {"reward_modulated_oja", "Oja's rule times a reward", {}, false, true, oja}};
  return entries;
}

const LocalRuleEntry& find_local_rule(std::string_view name, const At& at) {
  return find_entry(local_rules(), "local rule", name, at);
}

void check_modulated(const LocalRuleEntry& rule) {
  if (!rule.modulated)
    throw SpecError({}, std::string("rule ") + rule.name + " has no modulator",
                    "take reward_modulated_hebbian, reward_modulated_oja or stdp");
}

std::vector<double> local_update(const LocalRuleEntry& rule, const Arguments& arguments, const LocalUpdate& update,
                                 const LocalActivity& a, std::vector<double>& memory) {
  const auto check = [](const char* name, std::vector<int64_t> expected, size_t size) {
    int64_t product = 1;
    for (const int64_t n : expected) product *= n;
    if (product != int64_t(size)) throw ShapeError(name, std::move(expected), {int64_t(size)});
  };
  const auto rows = int64_t(a.rows), steps = int64_t(a.steps), to = int64_t(a.to), from = int64_t(a.from);
  check("post", {rows, steps, to}, a.post.size());
  check("pre", {rows, steps, from}, a.pre.size());
  check("weights", {to, from}, a.weights.size());
  if (!a.modulator.empty()) check("modulator", {rows}, a.modulator.size());
  if (!rule.on_trajectories && a.steps != 1) throw ShapeError("post", {rows, 1, to}, {rows, steps, to});
  if (!a.modulator.empty()) check_modulated(rule);
  memory.resize(a.to);

  std::vector<double> delta(a.to * a.from);
  rule.update(arguments, a, memory, delta);
  for (double& d : delta) d *= update.rate;
  double scale = scale_of(update, a, delta);
  const double norm = scale * std::sqrt(square_sum(delta));
  if (!std::isfinite(norm))
    throw Error(std::string("the update by rule ") + rule.name + " is not finite\n  give a smaller rate, or a limit");
  if (update.limit > 0 && norm > update.limit) scale *= update.limit / norm;
  for (double& d : delta) d *= scale;
  return delta;
}

}  // namespace dynode
