// Padding: steps of a sequence that are none. A network leaves them out; its states and outputs stand still meanwhile.
//
//   mask             1 1 0 1 0
//   entries shown  0 1 2 2 3 3      of a run through the 3 steps that count
#pragma once
#include <algorithm>
#include <vector>

#include "dynode/io/npy.h"
#include "dynode/run/engine.h"

namespace dynode {

class Padding {
 public:
  /// @param mask  [rows][steps], 1 where a step counts, 0 where it is padding. @throws ShapeError, SpecError
  Padding(const Array& mask, size_t rows, size_t steps);

  size_t rows() const { return rows_; }
  size_t steps() const { return steps_; }  // as given
  size_t kept() const { return kept_; }    // of the run: those of the row with most of them, at least 1

  /// Numbers per step [rows][steps][width] → [rows][kept][width]: what is missing at the end of a row is 0.
  template <class R>
  std::vector<R> pack(const std::vector<R>& x, size_t width) const {
    std::vector<R> to(rows_ * kept_ * width);
    each([&](size_t row, size_t t, size_t k) {
      std::copy_n(x.begin() + ptrdiff_t((row * steps_ + t) * width), width,
                  to.begin() + ptrdiff_t((row * kept_ + k) * width));
    });
    return to;
  }
  /// The way back: what was left out is 0.
  template <class R>
  std::vector<R> unpack(const std::vector<R>& x, size_t width) const {
    std::vector<R> to(rows_ * steps_ * width);
    each([&](size_t row, size_t t, size_t k) {
      std::copy_n(x.begin() + ptrdiff_t((row * kept_ + k) * width), width,
                  to.begin() + ptrdiff_t((row * steps_ + t) * width));
    });
    return to;
  }
  /// Histories of rows [first_row, …): [rows][kept + 1][width] → [rows][steps + 1][width].
  template <class R>
  std::vector<R> spread(const R* history, size_t first_row, size_t rows, size_t width) const {
    std::vector<R> to(rows * (steps_ + 1) * width);
    for (size_t row = 0; row < rows; ++row)
      for (size_t t = 0; t <= steps_; ++t)
        std::copy_n(history + (row * (kept_ + 1) + entry(first_row + row, t)) * width, width,
                    to.begin() + ptrdiff_t((row * (steps_ + 1) + t) * width));
    return to;
  }
  /// Its adjoint: adds to `bar`.
  template <class R>
  void gather(const std::vector<R>& spread_bar, size_t first_row, size_t rows, size_t width, R* bar) const {
    for (size_t row = 0; row < rows; ++row)
      for (size_t t = 0; t <= steps_; ++t)
        for (size_t u = 0; u < width; ++u)
          bar[(row * (kept_ + 1) + entry(first_row + row, t)) * width + u] +=
              spread_bar[(row * (steps_ + 1) + t) * width + u];
  }

  /// A loss that sees all steps, as one that sees those of the run. @param units  per watched layer
  template <class R>
  TileLoss<R> seen_through(TileLoss<R> loss, std::vector<size_t> units) const {
    return [this, loss = std::move(loss), units = std::move(units)](const TileOutputs<R>& seen) {
      std::vector<std::vector<R>> values, bars;
      TileOutputs<R>              all{seen.first_row, seen.rows, steps_, {}, {}};
      for (size_t i = 0; i < seen.values.size(); ++i) {
        values.push_back(spread(seen.values[i], seen.first_row, seen.rows, units[i]));
        bars.emplace_back(i < seen.bars.size() ? values[i].size() : 0);
      }
      for (size_t i = 0; i < values.size(); ++i) {
        all.values.push_back(values[i].data());
        if (i < seen.bars.size()) all.bars.push_back(bars[i].data());
      }
      const double value = loss(all);
      for (size_t i = 0; i < seen.bars.size(); ++i) gather(bars[i], seen.first_row, seen.rows, units[i], seen.bars[i]);
      return value;
    };
  }

 private:
  /// Which entry of a run is shown after t steps.
  size_t entry(size_t row, size_t t) const { return entries_[row * (steps_ + 1) + t]; }
  /// Calls visit(row, step, step of the run) for all steps that count.
  template <class F>
  void each(const F& visit) const {
    for (size_t row = 0; row < rows_; ++row)
      for (size_t t = 0; t < steps_; ++t)
        if (entry(row, t + 1) > entry(row, t)) visit(row, t, entry(row, t));
  }

  size_t              rows_, steps_, kept_ = 1;
  std::vector<size_t> entries_;  // [rows][steps + 1]
};

}  // namespace dynode
