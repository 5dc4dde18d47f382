// Nothing: a loss for runs that are only measured, and a place holder in lists of losses.
//
//   stub   ℓ = 0       s̄ = 0
#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

template <class R>
double nothing_lost(const Arguments&, const LossCall<R>&) {
  return 0;
}

}  // namespace

LossEntry stub_loss() {
  return {.name                     = "stub",
          .summary                  = "always 0",
          .facts                    = {},
          .count                    = count_rows,
          .value_and_adjoint_float  = nothing_lost<float>,
          .value_and_adjoint_double = nothing_lost<double>};
}

}  // namespace dynode
