// How far a whole sequence is from its target: norms over steps and units, averaged over rows.
//
//   l1   ℓ = Σ |s − y|       s̄ = sign(s − y), 0 where they are equal
//   l2   ℓ = √Σ (s − y)²     s̄ = (s − y)/ℓ, 0 where the sum is 0
#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

/// N of a mean over rows.
double count_rows(const Arguments&, size_t rows, size_t, size_t, const int64_t*) { return double(rows); }

template <class R>
double l1(const Arguments&, const LossCall<R>& call) {
  return sum_entries(call, 0, 1, [](double s, double y) { return EntryLoss{std::abs(s - y), sign_of(s - y)}; });
}

template <class R>
double l2(const Arguments&, const LossCall<R>& call) {
  const double scale = call.weight / call.normaliser;
  const size_t size  = call.steps * call.units;
  double       sum   = 0;
  for (size_t row = 0; row < call.rows; ++row) {
    const R *s = call.output + row * size, *y = call.values + row * size;
    double   squares = 0;
    for (size_t i = 0; i < size; ++i) squares += (double(s[i]) - double(y[i])) * (double(s[i]) - double(y[i]));
    const double norm = std::sqrt(squares);
    sum += norm;
    if (call.output_bar && norm != 0)  // NaN is handed on
      for (size_t i = 0; i < size; ++i)
        call.output_bar[row * size + i] += R(scale / norm * (double(s[i]) - double(y[i])));
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
