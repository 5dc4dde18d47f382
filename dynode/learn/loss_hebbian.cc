// Hebbian criterion: activity that runs along the recurrent weights costs.     ℓ = |sᵀ W s|,  N = rows · steps
//   s̄ = ± (W s + Wᵀ s)     W̄ = ± s sᵀ     ±: sign of sᵀ W s
// Source: nn4n, Hebbian criterion.
#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

template <class R>
double hebbian(const Arguments&, const LossCall<R>& call) {
  const size_t        n     = call.units;
  const double        scale = call.weight / call.normaliser;
  const double*       W     = call.recurrent;
  std::vector<double> Ws(n), sW(n);
  double              sum = 0;
  for (size_t p = 0; p < call.rows * call.steps; ++p) {
    if (!counts(call.mask, p)) continue;
    const R* s     = call.output + p * n;
    double   value = 0;
    std::fill(sW.begin(), sW.end(), 0.0);
    for (size_t i = 0; i < n; ++i) {
      Ws[i] = 0;
      for (size_t j = 0; j < n; ++j) Ws[i] += W[i * n + j] * double(s[j]), sW[j] += W[i * n + j] * double(s[i]);
      value += double(s[i]) * Ws[i];
    }
    sum += std::abs(value);
    if (!call.output_bar) continue;
    const double slope = scale * sign_of(value);
    R*           s_bar = call.output_bar + p * n;
    for (size_t i = 0; i < n; ++i) {
      s_bar[i] += R(slope * (Ws[i] + sW[i]));
      for (size_t j = 0; j < n; ++j) call.recurrent_bar[i * n + j] += slope * double(s[i]) * double(s[j]);
    }
  }
  return scale * sum;
}

}  // namespace

LossEntry hebbian_loss() {
  return {.name         = "hebbian",
          .summary      = "size of the activity along the weights of a layer's connection to itself",
          .facts        = {kLayerIds},
          .on_states    = true,
          .on_recurrent = true,
          .layers       = 1,
          .count        = count_positions,
          .value_and_adjoint_float  = hebbian<float>,
          .value_and_adjoint_double = hebbian<double>};
}

}  // namespace dynode
