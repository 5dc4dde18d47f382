#include "dynode/models/padding.h"

#include <fmt/format.h>

namespace dynode {

Padding::Padding(const Array& mask, size_t rows, size_t steps) : rows_(rows), steps_(steps) {
  std::vector<int64_t> shape = mask.shape;
  if (shape.size() == 3 && shape[2] == 1) shape.pop_back();
  if (shape != std::vector<int64_t>{int64_t(rows), int64_t(steps)})
    throw ShapeError("mask", {int64_t(rows), int64_t(steps)}, mask.shape,
                     "1 where a step counts, 0 where it is padding");
  const std::vector<double> counts = mask.as_double();
  entries_.reserve(rows * (steps + 1));
  for (size_t row = 0; row < rows; ++row) {
    size_t n = 0;
    entries_.push_back(0);
    for (size_t t = 0; t < steps; ++t) {
      const double c = counts[row * steps + t];
      if (c != 0 && c != 1)
        throw SpecError({.path = "mask"}, fmt::format("row {}, step {} has {}", row, t, c),
                        "1 where a step counts, 0 where it is padding");
      entries_.push_back(n += c != 0);
    }
    kept_ = std::max(kept_, n);
  }
}

}  // namespace dynode
