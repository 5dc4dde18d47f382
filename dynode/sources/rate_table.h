// A source function g(φ, i) sampled on a grid, prepared for one load per lookup.
//
// Every cell of the grid is a record {a, b−a, d−a, a−b−d+e} of its corners (a b above d e), so that
//   g = a + x·(b−a) + y·(d−a) + x·y·(a−b−d+e)        x, y = position inside the cell, 0…1
// A row of zeros on either side of the current axis makes g fall to zero there within one cell; in a second row below,
// slopes are zero as well.
#pragma once
#include "dynode/base/buffer.h"

namespace dynode {

struct GridAxis { double first, step; size_t size; };

template <class R>
struct RateTable {
  Buffer<R> records;   // [current.size + 3 rows][flux cells + 1][4]
  size_t    columns;   // flux cells + 1
  R         x_scale, y_scale, y_origin, y_last;

  /// @param g  [current.size][flux.size]; flux runs from 0 to half a period (0.5)
  RateTable(GridAxis flux, GridAxis current, const double* g)
      : records((current.size + 3) * flux.size * 4),
        columns(flux.size),
        x_scale(R(2 * (flux.size - 1))),   // half a period is exactly the last column
        y_scale(R(1 / current.step)),
        y_origin(R(2 - current.first / current.step)),
        y_last(R(current.size + 2)) {
    // rows count from the lower margins; beyond the last column the function continues evenly
    const auto at = [&](size_t row, size_t column) {
      return row < 2 || row > current.size + 1 ? 0.0 : g[(row - 2) * flux.size + (column < columns ? column : columns - 1)];
    };
    R* r = records.data();
    for (size_t row = 0; row < current.size + 3; ++row)
      for (size_t column = 0; column < columns; ++column) {
        const double a = at(row, column), b = at(row, column + 1), d = at(row + 1, column), e = at(row + 1, column + 1);
        for (double x : {a, b - a, d - a, a - b - d + e}) *r++ = R(x);
      }
  }
};

}  // namespace dynode
