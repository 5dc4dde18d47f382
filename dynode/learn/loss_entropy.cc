// Entropy of the distribution of activity over units.
//
//   p_i = max(s_i, 0) / (Σ max(s, 0) + ε)     ℓ = − Σ p_i log(p_i + ε) + reg Σ s_i²,  ε = 1e-8, N = rows · steps
//   adjoint, q_i = −log(p_i + ε) − p_i / (p_i + ε):   s̄_i = (q_i − Σ q p) / (Σ s + ε) + 2 reg s_i
//
// Negative states count as silent in p. Source: nn4n, entropy criterion.
#include <algorithm>

#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

constexpr double kEpsilon = 1e-8;

template <class R>
double entropy(const Arguments& arguments, const LossCall<R>& call) {
  const double reg   = arguments.number("reg");
  const double scale = call.weight / call.normaliser;
  std::vector<double> q(call.units);
  double total = 0;

  for (size_t position = 0; position < call.rows * call.steps; ++position) {
    if (!counts(call.mask, position)) continue;
    const R* s   = call.output + position * call.units;
    double   sum = kEpsilon, mean_q = 0;
    for (size_t i = 0; i < call.units; ++i) sum += std::max(double(s[i]), 0.0);
    for (size_t i = 0; i < call.units; ++i) {
      const double p = std::max(double(s[i]), 0.0) / sum;
      total += reg * double(s[i]) * double(s[i]) - p * std::log(p + kEpsilon);
      q[i] = -std::log(p + kEpsilon) - p / (p + kEpsilon);
      mean_q += q[i] * p;
    }
    if (!call.output_bar) continue;
    R* s_bar = call.output_bar + position * call.units;
    for (size_t i = 0; i < call.units; ++i)
      s_bar[i] += R(scale * ((s[i] < 0 ? 0 : (q[i] - mean_q) / sum) + 2 * reg * double(s[i])));
  }
  return scale * total;
}

}  // namespace

LossEntry entropy_loss() {
  return {.name    = "entropy",
          .summary = "entropy of the activity over units, plus a mean square",
          .facts   = {{.name = "reg", .value = 10, .min = 0, .help = "factor of the mean square"}, kLayerIds},
          .on_states = true,
          .count   = count_positions,
          .value_and_adjoint_float  = entropy<float>,
          .value_and_adjoint_double = entropy<double>};
}

}  // namespace dynode
