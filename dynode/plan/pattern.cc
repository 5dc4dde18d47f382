#include "dynode/plan/pattern.h"

namespace dynode {

SparsePattern pattern_of(const Mask& mask) {
  SparsePattern p;
  for (size_t i = 0; i < mask.to; ++i) {
    p.begin.push_back(uint32_t(p.column.size()));
    for (size_t j = 0; j < mask.from; ++j)
      if (mask(i, j)) p.column.push_back(uint32_t(j)), p.entry.push_back(uint32_t(i * mask.from + j));
  }
  p.begin.push_back(uint32_t(p.column.size()));
  return p;
}

SparsePattern transposed(const SparsePattern& pattern, size_t from) {
  SparsePattern t;
  t.begin.assign(from + 1, 0);
  for (uint32_t j : pattern.column) ++t.begin[j + 1];
  for (size_t j = 0; j < from; ++j) t.begin[j + 1] += t.begin[j];

  t.column.resize(pattern.column.size());
  t.entry.resize(pattern.entry.size());
  t.constant.resize(pattern.constant.size());
  std::vector<uint32_t> next(t.begin.begin(), t.begin.end() - 1);
  for (size_t i = 0; i + 1 < pattern.begin.size(); ++i)
    for (size_t k = pattern.begin[i]; k < pattern.begin[i + 1]; ++k) {
      const uint32_t at = next[pattern.column[k]]++;
      t.column[at] = uint32_t(i);
      if (!pattern.entry.empty()) t.entry[at] = pattern.entry[k];
      if (!pattern.constant.empty()) t.constant[at] = pattern.constant[k];
    }
  return t;
}

SparsePattern selection(const std::vector<uint32_t>& column, double value) {
  SparsePattern p;
  p.column = column;
  p.constant.assign(column.size(), value);
  for (size_t i = 0; i <= column.size(); ++i) p.begin.push_back(uint32_t(i));
  return p;
}

void set_pattern(ConnectionPlan& connection, SparsePattern pattern, size_t from) {
  connection.transposed = std::make_shared<const SparsePattern>(transposed(pattern, from));
  connection.sparse     = std::make_shared<const SparsePattern>(std::move(pattern));
}

}  // namespace dynode
