// How a batch is cut into tiles, the units of independent work.
//
//   rows 0 … 31 │ 32 … 47 │ 48 … 52        16 lanes: a tile of two vectors, a tile of one, the rest as rows
//
// The cut depends on the number of rows and the vector width alone, never on the number of threads. Spikes go from unit to
// unit of one row, so networks with spike connections have a tile per row, its units contiguous.
#pragma once
#include <vector>

#include "dynode/kernels/dense.h"

namespace dynode {

/// n, made a whole number of vectors.
inline size_t padded(size_t n, size_t width) { return (n + width - 1) / width * width; }

struct Tile {
  size_t first_row, rows;
  Layout layout;

  Slab slab(size_t units, size_t width) const {
    return layout == Layout::tiles ? Slab{layout, units, rows, rows}
                                   : Slab{layout, units, rows, padded(units, width)};
  }
  bool same_shape(const Tile& other) const { return layout == other.layout && rows == other.rows; }
};

inline std::vector<Tile> cut_batch(size_t rows, size_t width, bool row_by_row = false) {
  std::vector<Tile> tiles;
  size_t first = 0;
  for (; row_by_row && first < rows; ++first) tiles.push_back({first, 1, Layout::rows});
  for (; rows - first >= 2 * width; first += 2 * width) tiles.push_back({first, 2 * width, Layout::tiles});
  if (rows - first >= width) tiles.push_back({first, width, Layout::tiles}), first += width;
  if (rows > first) tiles.push_back({first, rows - first, Layout::rows});
  return tiles;
}

}  // namespace dynode
