// Losses: how far outputs are from what was asked, and the adjoint of that, one file per loss.
//
// Batches are cut into tiles that run in parallel, so most losses are sums over rows that share one divisor:
//
//   loss(batch) = Σ_tiles Σ_rows ℓ(row) / N        N = loss_count(...) summed over all tiles, known beforehand
//
// Each tile is called with the same N and the parts are added in tile order. Losses that couple rows (fr with metric
// l1 or l2, fr_dist, average_state_magnitude_loss) have row_additive = false and are called once, with the whole batch.
//
// Outputs come without the entry of t = 0; pooled outputs have steps = 1. Sums run in double, rows, steps and units
// ascending, so equal calls give equal bits.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/facts.h"

namespace dynode {

/// Class of a target that does not count.
inline constexpr int64_t kIgnoredClass = -100;

/// One call of a loss: some rows of a batch, or all.
template <class R>
struct LossCall {
  size_t         rows = 0, steps = 1, units = 0;
  const R*       output     = nullptr;  // [rows][steps][units]
  const int64_t* classes    = nullptr;  // [rows][steps], 0 ≤ class < units or kIgnoredClass; for losses on classes
  const R*       values     = nullptr;  // [rows][steps][units]; for losses on values
  double         normaliser = 1;        // N above; 0: nothing counts, the loss is 0
  double         weight     = 1;        // factor of this loss within a sum of losses
  R*             output_bar = nullptr;  // [rows][steps][units] += ∂(weight · loss)/∂output; nullptr: value only
};

/// Value of the rows of one call, weight included. Classes and shapes were checked before (check_targets).
template <class R>
using LossFunction = double (*)(const Arguments&, const LossCall<R>&);

/// What a loss compares with.
enum class LossTarget { nothing, classes, values, classes_or_values };

struct LossEntry {
  const char*       name;
  const char*       summary;
  std::vector<Fact> facts;
  LossTarget        target       = LossTarget::nothing;
  bool              row_additive = true;
  /// Part of N that these rows bring (output and output_bar are not looked at).
  double (*count)(const Arguments&, size_t rows, size_t steps, size_t units, const int64_t* classes);
  LossFunction<float>  value_and_adjoint_float;
  LossFunction<double> value_and_adjoint_double;
  /// Refuses arguments or shapes that do not fit; nullptr: everything fits.
  void (*check)(const Arguments&, size_t steps, size_t units, const At&) = nullptr;
};

/// All losses, in the order of the manual.
const std::vector<LossEntry>& losses();

/// @throws SpecError  naming the nearest loss, if there is none called `name`
const LossEntry& find_loss(std::string_view name, const At& at = {});

/// The door: do these arguments fit outputs of this shape?
/// @throws SpecError  with the way out
void check_loss(const LossEntry& loss, const Arguments& arguments, size_t steps, size_t units, const At& at = {});

/// The door for targets: every class is kIgnoredClass or in [0, units).
/// @throws ShapeError  naming row, step and value of the first that is not
void check_classes(size_t rows, size_t steps, size_t units, const int64_t* classes);

/// Part of the divisor N that these rows bring.
double loss_count(const LossEntry& loss, const Arguments& arguments, size_t rows, size_t steps, size_t units,
                  const int64_t* classes);

/// Value and adjoint in the precision of the call.
inline double value_and_adjoint(const LossEntry& loss, const Arguments& arguments, const LossCall<float>& call) {
  return call.normaliser > 0 ? loss.value_and_adjoint_float(arguments, call) : 0;
}
inline double value_and_adjoint(const LossEntry& loss, const Arguments& arguments, const LossCall<double>& call) {
  return call.normaliser > 0 ? loss.value_and_adjoint_double(arguments, call) : 0;
}

}  // namespace dynode
