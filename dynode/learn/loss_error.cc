// Mean errors between outputs and values, or zero.
//
//   mse, mse_gradient_cutoff, final_timestep_zero_mse   ℓ = (s − y)²    s̄ = 2 (s − y)
//   mae                                                 ℓ = |s − y|     s̄ = sign(s − y), 0 where they are equal
//   huber                                               ℓ = e²/2 up to |e| = δ, then δ (|e| − δ/2);  e = s − y
#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

// objects rather than functions, so that they are compiled into the loop
constexpr auto square    = [](double s, double y) { return EntryLoss{(s - y) * (s - y), 2 * (s - y)}; };
constexpr auto magnitude = [](double s, double y) { return EntryLoss{std::abs(s - y), sign_of(s - y)}; };

template <class R>
double mse(const Arguments&, const LossCall<R>& call) { return sum_entries(call, 1, square); }

template <class R>
double mse_of_last_step(const Arguments&, const LossCall<R>& call) {
  return sum_entries(call, 1, square, true);
}

template <class R>
double square_of_last_step(const Arguments&, const LossCall<R>& call) {
  return sum_entries(call, 1, [](double s, double) { return square(s, 0); }, true);
}

template <class R>
double mae(const Arguments&, const LossCall<R>& call) { return sum_entries(call, 1, magnitude); }

template <class R>
double huber(const Arguments& a, const LossCall<R>& call) {
  const double delta = a.number("delta");
  return sum_entries(call, 1, [delta](double s, double y) {
    const double e = s - y, size = std::abs(e);
    return size > delta ? EntryLoss{delta * (size - delta / 2), delta * sign_of(e)} : EntryLoss{e * e / 2, e};
  });
}

}  // namespace

LossEntry mse_loss() {
  return {.name    = "mse",
          .summary = "mean square error over all entries",
          .facts   = {},
          .target  = LossTarget::values,
          .count   = count_entries,
          .value_and_adjoint_float  = mse<float>,
          .value_and_adjoint_double = mse<double>};
}

LossEntry mse_gradient_cutoff_loss() {
  return {.name    = "mse_gradient_cutoff",
          .summary = "mean square error of the last step",
          .facts   = {},
          .target  = LossTarget::values,
          .count   = count_last_entries,
          .value_and_adjoint_float  = mse_of_last_step<float>,
          .value_and_adjoint_double = mse_of_last_step<double>};
}

LossEntry final_timestep_zero_mse_loss() {
  return {.name    = "final_timestep_zero_mse",
          .summary = "mean square of the last step: the network should come to rest at zero",
          .facts   = {kLayerIds},
          .on_states = true,
          .count   = count_last_entries,
          .value_and_adjoint_float  = square_of_last_step<float>,
          .value_and_adjoint_double = square_of_last_step<double>};
}

LossEntry mae_loss() {
  return {.name    = "mae",
          .summary = "mean absolute error over all entries",
          .facts   = {},
          .target  = LossTarget::values,
          .count   = count_entries,
          .value_and_adjoint_float  = mae<float>,
          .value_and_adjoint_double = mae<double>};
}

LossEntry huber_loss() {
  return {.name    = "huber",
          .summary = "mean over all entries of the square of small errors, the size of large ones",
          .facts   = {{.name = "delta", .value = 1, .min = 1e-12, .help = "error from which on it grows no faster"}},
          .target  = LossTarget::values,
          .count   = count_entries,
          .value_and_adjoint_float  = huber<float>,
          .value_and_adjoint_double = huber<double>};
}

}  // namespace dynode
