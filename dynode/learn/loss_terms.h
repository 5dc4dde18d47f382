// What the files of the losses share: sums of a term over entries or positions, with its slope.
#pragma once
#include <cmath>

#include "dynode/learn/loss.h"

namespace dynode {

/// ℓ of one entry and dℓ/doutput.
struct EntryLoss { double value, slope; };

inline bool counts(const uint8_t* mask, size_t position) { return !mask || mask[position]; }

/// Last step of a row that counts; `steps` if there is none.
inline size_t last_step(const uint8_t* mask, size_t row, size_t steps) {
  size_t t = steps;
  while (t > 0 && !counts(mask, row * steps + t - 1)) --t;
  return t > 0 ? t - 1 : steps;
}

/// weight · factor / N · Σ term(output, value) over all steps that count; the slopes go to output_bar.
/// `value` is 0 where the loss has no values.
/// @param last  only the last step of each row that counts
template <class R, class F>
double sum_entries(const LossCall<R>& call, double factor, F term, bool last = false) {
  const double scale = call.weight * factor / call.normaliser;
  double       sums[4] = {};   // four chains of additions instead of one
  const auto   add = [&](size_t row, size_t first_step, size_t end_step) {
    const size_t begin = (row * call.steps + first_step) * call.units, end = (row * call.steps + end_step) * call.units;
    for (size_t i = begin; i < end; ++i) {
      const EntryLoss at = term(double(call.output[i]), call.values ? double(call.values[i]) : 0.0);
      sums[(i - begin) % 4] += at.value;
      if (call.output_bar) call.output_bar[i] += R(scale * at.slope);
    }
  };
  for (size_t row = 0; row < call.rows; ++row) {
    if (last) {
      const size_t t = last_step(call.mask, row, call.steps);
      if (t < call.steps) add(row, t, t + 1);
    } else if (!call.mask) {
      add(row, 0, call.steps);
    } else {
      for (size_t t = 0; t < call.steps; ++t)
        if (call.mask[row * call.steps + t]) add(row, t, t + 1);
    }
  }
  return scale * ((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

/// Σ position(z, class, z_bar) over all rows and steps whose class counts; z, z_bar: [units], z_bar may be nullptr.
template <class R, class F>
double sum_positions(const LossCall<R>& call, F position) {
  double sum = 0;
  for (size_t p = 0; p < call.rows * call.steps; ++p) {
    if (call.classes[p] == kIgnoredClass || !counts(call.mask, p)) continue;
    R* z_bar = call.output_bar ? call.output_bar + p * call.units : nullptr;
    sum += position(call.output + p * call.units, size_t(call.classes[p]), z_bar);
  }
  return sum;
}

inline double sign_of(double x) { return double(x > 0) - double(x < 0); }

/// N of a mean over rows and steps.
inline double count_positions(const Arguments&, size_t rows, size_t steps, size_t, const int64_t*,
                              const uint8_t* mask) {
  if (!mask) return double(rows) * double(steps);
  double sum = 0;
  for (size_t p = 0; p < rows * steps; ++p) sum += mask[p] != 0;
  return sum;
}

/// N of a mean over all entries.
inline double count_entries(const Arguments& arguments, size_t rows, size_t steps, size_t units, const int64_t* classes,
                            const uint8_t* mask) {
  return count_positions(arguments, rows, steps, units, classes, mask) * double(units);
}

/// N of a mean over rows; a row without any step that counts is none.
inline double count_rows(const Arguments&, size_t rows, size_t steps, size_t, const int64_t*, const uint8_t* mask) {
  double sum = 0;
  for (size_t row = 0; row < rows; ++row) sum += last_step(mask, row, steps) < steps;
  return sum;
}

/// N of a mean over the entries of the last step.
inline double count_last_entries(const Arguments& arguments, size_t rows, size_t steps, size_t units,
                                 const int64_t* classes, const uint8_t* mask) {
  return count_rows(arguments, rows, steps, units, classes, mask) * double(units);
}

/// N of a mean over the rows and steps whose class counts.
inline double count_classes(const Arguments&, size_t rows, size_t steps, size_t, const int64_t* classes,
                            const uint8_t* mask) {
  double sum = 0;
  for (size_t p = 0; p < rows * steps; ++p) sum += classes[p] != kIgnoredClass && counts(mask, p);
  return sum;
}

/// Throws unless the text `fact` is one of `known`.
void check_word(const Arguments& arguments, const char* fact, std::initializer_list<const char*> known, const At& at);

/// Layers whose states a loss looks at.
inline constexpr Fact kLayerIds{.name = "layer_ids",
                                .kind = ArgumentKind::numbers,
                                .help = "layers whose states of every step are looked at, side by side; missing: the "
                                        "last layer"};

}  // namespace dynode
