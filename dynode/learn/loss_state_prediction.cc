// State prediction: states should change slowly.     ℓ = Σ_{t < T−k} Σ_i (s_t − s_{t+k})²,  N = rows · (T − k) · units
// Pairs of steps count where both steps do.
// Source: nn4n, state-prediction criterion, shifted in time.
#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

template <class R>
double state_prediction(const Arguments& arguments, const LossCall<R>& call) {
  const size_t tau = size_t(arguments.number("tau")), shift = tau * call.units;
  const double scale = call.weight / call.normaliser;
  double       sum   = 0;
  for (size_t row = 0; row < call.rows; ++row) {
    const size_t first = row * call.steps;
    for (size_t p = first; p < first + call.steps - tau; ++p) {
      if (!counts(call.mask, p) || !counts(call.mask, p + tau)) continue;
      for (size_t i = p * call.units; i < (p + 1) * call.units; ++i) {
        const double difference = double(call.output[i]) - double(call.output[i + shift]);
        sum += difference * difference;
        if (!call.output_bar) continue;
        call.output_bar[i] += R(scale * 2 * difference);
        call.output_bar[i + shift] -= R(scale * 2 * difference);
      }
    }
  }
  return scale * sum;
}

double count(const Arguments& arguments, size_t rows, size_t steps, size_t units, const int64_t*, const uint8_t* mask) {
  const auto tau = size_t(arguments.number("tau"));
  double     pairs = 0;
  for (size_t row = 0; row < rows; ++row)
    for (size_t p = row * steps; p + tau < (row + 1) * steps; ++p) pairs += counts(mask, p) && counts(mask, p + tau);
  return pairs * double(units);
}

void check(const Arguments& arguments, size_t steps, size_t, const At& at) {
  if (!(double(steps) > arguments.number("tau")))
    throw SpecError(at, "state_pred looks " + std::to_string(int64_t(arguments.number("tau"))) +
                            " steps ahead, but there are only " + std::to_string(steps) + " steps",
                    "give a smaller tau");
}

}  // namespace

LossEntry state_prediction_loss() {
  return {.name    = "state_pred",
          .summary = "mean square change of the states over tau steps",
          .facts   = {{.name = "tau", .kind = ArgumentKind::integer, .value = 1, .min = 1, .unit = "steps",
                       .help = "distance in time"},
                      kLayerIds},
          .on_states = true,
          .count   = count,
          .value_and_adjoint_float  = state_prediction<float>,
          .value_and_adjoint_double = state_prediction<double>,
          .check   = check};
}

}  // namespace dynode
