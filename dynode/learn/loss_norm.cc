// How far a whole sequence is from its target: norms over steps and units, averaged over rows.
//
//   l1   ℓ = Σ |s − y|       s̄ = sign(s − y), 0 where they are equal
//   l2   ℓ = √Σ (s − y)²     s̄ = (s − y)/ℓ, 0 where the sum is 0
#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

template <class R>
double l1(const Arguments&, const LossCall<R>& call) {
  return sum_entries(call, 1, [](double s, double y) { return EntryLoss{std::abs(s - y), sign_of(s - y)}; });
}

template <class R>
double l2(const Arguments&, const LossCall<R>& call) {
  const double scale = call.weight / call.normaliser;
  const size_t size  = call.steps * call.units;
  double       sum   = 0;
  for (size_t row = 0; row < call.rows; ++row) {
    const R *s = call.output + row * size, *y = call.values + row * size;
    const auto each_entry = [&](auto&& body) {
      for (size_t t = 0; t < call.steps; ++t)
        if (counts(call.mask, row * call.steps + t))
          for (size_t i = t * call.units; i < (t + 1) * call.units; ++i) body(i, double(s[i]) - double(y[i]));
    };
    double squares = 0;
    each_entry([&](size_t, double error) { squares += error * error; });
    const double norm = std::sqrt(squares);
    sum += norm;
    if (call.output_bar && norm != 0)  // NaN is handed on
      each_entry([&](size_t i, double error) { call.output_bar[row * size + i] += R(scale / norm * error); });
  }
  return scale * sum;
}

}  // namespace

LossEntry l1_loss() {
  return {.name                     = "l1",
          .summary                  = "sum of magnitudes of the error of a sequence, mean over rows",
          .facts                    = {},
          .target                   = LossTarget::values,
          .count                    = count_rows,
          .value_and_adjoint_float  = l1<float>,
          .value_and_adjoint_double = l1<double>};
}

LossEntry l2_loss() {
  return {.name                     = "l2",
          .summary                  = "Euclidean norm of the error of a sequence, mean over rows",
          .facts                    = {},
          .target                   = LossTarget::values,
          .count                    = count_rows,
          .value_and_adjoint_float  = l2<float>,
          .value_and_adjoint_double = l2<double>};
}

}  // namespace dynode
