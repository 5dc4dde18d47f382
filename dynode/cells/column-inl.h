// Columns: the units of a row, for cells whose units depend on each other. One formula serves both layouts, and sums
// run over units one by one, so that a row has the same bits in both.
#if defined(DYNODE_CELLS_COLUMN_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_CELLS_COLUMN_INL_H_
#undef DYNODE_CELLS_COLUMN_INL_H_
#else
#define DYNODE_CELLS_COLUMN_INL_H_
#endif

#include "dynode/cells/cell.h"
#include "dynode/kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// The units of one row (rows), or of a vector of rows at a time (tiles).
template <Layout layout, class R>
struct Column {
  using V                     = Lane<R>;
  static constexpr bool tiles = layout == Layout::tiles;
  size_t                units, stride;

  /// A unit's number: that of each row in tiles, the same in all lanes in rows.
  HWY_INLINE V number(const R* x, size_t unit) const {
    if constexpr (tiles) return V::load(x + unit * stride);
    else return V(x[unit]);
  }

  // all numbers, vector by vector
  HWY_INLINE size_t vectors() const { return tiles ? units : stride / V::width; }
  HWY_INLINE size_t at(size_t vector) const { return vector * (tiles ? stride : V::width); }
  HWY_INLINE V      parameter(const R* x, size_t vector) const {
         if constexpr (tiles) return V(x[vector]);
    else return V::load(x + vector * V::width);
  }
};

/// Calls visit(column, offset of its first number) for all rows; a column is of the kind `Of`, which derives from Column.
template <template <Layout, class> class Of, class R, class Visit>
HWY_INLINE void each_column(const Slab& s, const Visit& visit) {
  if (s.layout == Layout::tiles)
    for (size_t m = 0; m < s.stride; m += Lane<R>::width) visit(Of<Layout::tiles, R>{{s.units, s.stride}}, m);
  else
    for (size_t row = 0; row < s.rows; ++row) visit(Of<Layout::rows, R>{{s.units, s.stride}}, row * s.stride);
}

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
