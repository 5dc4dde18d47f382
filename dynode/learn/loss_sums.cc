// The two looks of losses by sums, and such a loss on a whole batch.
#include "dynode/learn/loss_terms.h"

namespace dynode {

template <class R>
void add_sums(const LossCall<R>& call, std::span<UnitSums> sums) {
  for (size_t p = 0; p < call.rows * call.steps; ++p) {
    if (!counts(call.mask, p)) continue;
    const R* s = call.output + p * call.units;
    for (size_t i = 0; i < call.units; ++i) {
      const double x = s[i];
      sums[i].sum += x, sums[i].magnitude += std::abs(x), sums[i].square += x * x;
    }
  }
}

template <class R>
void add_adjoint_of_sums(const LossCall<R>& call, std::span<const UnitSums> slopes) {
  for (size_t p = 0; p < call.rows * call.steps; ++p) {
    if (!counts(call.mask, p)) continue;
    const R* s     = call.output + p * call.units;
    R*       s_bar = call.output_bar + p * call.units;
    for (size_t i = 0; i < call.units; ++i) {
      const double x = s[i];
      s_bar[i] += R(call.weight * (slopes[i].sum + slopes[i].magnitude * sign_of(x) + slopes[i].square * 2 * x));
    }
  }
}

template <class R>
double value_and_adjoint(const LossEntry& loss, const Arguments& arguments, const LossCall<R>& call) {
  expects(!loss.of_weights, "a loss by weights is not called with outputs");
  if (!(call.normaliser > 0)) return 0;
  if (loss.of_sums) {
    std::vector<UnitSums> sums(call.units), slopes(call.units);
    add_sums(call, sums);
    const double value = loss.of_sums(arguments, call.normaliser, sums, slopes);
    if (call.output_bar) add_adjoint_of_sums<R>(call, slopes);
    return call.weight * value;
  }
  if constexpr (sizeof(R) == 4) return loss.value_and_adjoint_float(arguments, call);
  else return loss.value_and_adjoint_double(arguments, call);
}

template void   add_sums(const LossCall<float>&, std::span<UnitSums>);
template void   add_sums(const LossCall<double>&, std::span<UnitSums>);
template void   add_adjoint_of_sums(const LossCall<float>&, std::span<const UnitSums>);
template void   add_adjoint_of_sums(const LossCall<double>&, std::span<const UnitSums>);
template double value_and_adjoint(const LossEntry&, const Arguments&, const LossCall<float>&);
template double value_and_adjoint(const LossEntry&, const Arguments&, const LossCall<double>&);

}  // namespace dynode
