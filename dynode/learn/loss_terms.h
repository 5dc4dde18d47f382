// What the files of the losses share: sums of a term over entries or positions, with its slope.
#pragma once
#include <cmath>

#include "dynode/learn/loss.h"

namespace dynode {

/// ℓ of one entry and dℓ/doutput.
struct EntryLoss { double value, slope; };

/// weight · factor / N · Σ term(output, value) over the steps from `first_step` on; the slopes go to output_bar.
/// `value` is 0 where the loss has no values.
template <class R, class F>
double sum_entries(const LossCall<R>& call, size_t first_step, double factor, F term) {
  const double scale = call.weight * factor / call.normaliser;
  double       sums[4] = {};   // four chains of additions instead of one
  for (size_t row = 0; row < call.rows; ++row) {
    const size_t begin = (row * call.steps + first_step) * call.units, end = (row + 1) * call.steps * call.units;
    for (size_t i = begin; i < end; ++i) {
      const EntryLoss at = term(double(call.output[i]), call.values ? double(call.values[i]) : 0.0);
      sums[(i - begin) % 4] += at.value;
      if (call.output_bar) call.output_bar[i] += R(scale * at.slope);
    }
  }
  return scale * ((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

/// Σ position(z, class, z_bar) over all rows and steps whose class counts; z, z_bar: [units], z_bar may be nullptr.
template <class R, class F>
double sum_positions(const LossCall<R>& call, F position) {
  double sum = 0;
  for (size_t p = 0; p < call.rows * call.steps; ++p) {
    if (call.classes[p] == kIgnoredClass) continue;
    R* z_bar = call.output_bar ? call.output_bar + p * call.units : nullptr;
    sum += position(call.output + p * call.units, size_t(call.classes[p]), z_bar);
  }
  return sum;
}

inline double sign_of(double x) { return double(x > 0) - double(x < 0); }

/// N of a mean over all entries.
inline double count_entries(const Arguments&, size_t rows, size_t steps, size_t units, const int64_t*) {
  return double(rows) * double(steps) * double(units);
}

/// N of a mean over the entries of the last step.
inline double count_last_entries(const Arguments&, size_t rows, size_t, size_t units, const int64_t*) {
  return double(rows) * double(units);
}

/// N of a mean over rows and steps.
inline double count_positions(const Arguments&, size_t rows, size_t steps, size_t, const int64_t*) {
  return double(rows) * double(steps);
}

/// N of a mean over the rows and steps whose class counts.
inline double count_classes(const Arguments&, size_t rows, size_t steps, size_t, const int64_t* classes) {
  double sum = 0;
  for (size_t p = 0; p < rows * steps; ++p) sum += classes[p] != kIgnoredClass;
  return sum;
}

}  // namespace dynode
