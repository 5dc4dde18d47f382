// The one micro-kernel behind every dense product, and the ways panels cover a slab.
//
//   acc[i][j] = start[i][j] + Σ a[k][i] (one number, to all lanes) · b[k][j] (a vector)        i < MR, j < NV
//
// Forward, transposed and gradient products differ only in where start, a and b lie: a `View` says where. Sums run over
// terms and k in ascending order with one accumulator per output, whatever the panel, so the bits of an output do not
// depend on its neighbours or on the layout.
#if defined(DYNODE_KERNELS_PANEL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_KERNELS_PANEL_INL_H_
#undef DYNODE_KERNELS_PANEL_INL_H_
#else
#define DYNODE_KERNELS_PANEL_INL_H_
#endif

#include <type_traits>
#include <utility>
#include "dynode/kernels/dense.h"
#include "dynode/kernels/lane-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

// largest panels: accumulators, one row of vectors and one broadcast fill the registers
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_NEON
inline constexpr size_t kTileHeight[3] = {0, 24, 14};        // MR by NV: 32 registers
inline constexpr size_t kRowWidth[5]   = {0, 14, 8, 0, 6};   // NV by MR
inline constexpr size_t kGradHeight = 9, kGradWidth = 3;
#else
inline constexpr size_t kTileHeight[3] = {0, 12, 6};         // 16 registers
inline constexpr size_t kRowWidth[5]   = {0, 8, 4, 0, 3};
inline constexpr size_t kGradHeight = 6, kGradWidth = 2;
#endif

/// How many rows share each weight vector; decides the width of the packed panels.
HWY_INLINE size_t row_group(size_t rows) { return rows >= 4 ? 4 : rows >= 2 ? 2 : 1; }

template <size_t N> using Fixed = std::integral_constant<size_t, N>;

/// Where one term is read: a[k·a_k + i·a_i], b[k·b_k + j·width]. Steps are Fixed<n> where the compiler may know them.
template <class R, class AStepK, class AStepI, class BStepK>
struct Operands {
  const R* a;
  AStepK   a_k;
  AStepI   a_i;
  const R* b;
  BStepK   b_k;
};

/// Start of a sum: the bias of the unit, or zero (step 0 on zeros).
template <class R>
struct FromBias {
  const R* bias;
  size_t   step;
};
/// Start of a sum: what is there.
struct FromThere {};

/// Panel of MR units × NV lane vectors of a tile.
template <class R, int MR, int NV>
struct TileView {
  size_t unit;

  static HWY_INLINE Lane<R> load(const R* p) { return Lane<R>::load(p); }
  HWY_INLINE Operands<R, Fixed<MR>, Fixed<1>, Fixed<NV * Lane<R>::width>> operands(const Term<R>& t) const {
    return {t.left + unit * t.depth, {}, {}, t.right, {}};
  }
  HWY_INLINE size_t  at(int i, int j) const { return ((unit + i) * NV + j) * Lane<R>::width; }
  HWY_INLINE Lane<R> bias(FromBias<R> from, int i, int) const { return Lane<R>(from.bias[(unit + i) * from.step]); }
};

/// Panel of MR rows × NV vectors of units.
template <class R, int MR, int NV>
struct RowView {
  size_t unit, row, stride;

  static HWY_INLINE Lane<R> load(const R* p) { return Lane<R>::load(p); }
  HWY_INLINE Operands<R, Fixed<1>, size_t, Fixed<NV * Lane<R>::width>> operands(const Term<R>& t) const {
    return {t.right + row * t.stride, {}, t.stride, t.left + unit * t.depth, {}};
  }
  HWY_INLINE size_t  at(int i, int j) const { return (row + i) * stride + unit + j * Lane<R>::width; }
  HWY_INLINE Lane<R> bias(FromBias<R> from, int, int j) const {
    return Lane<R>::load(from.bias + (unit + j * Lane<R>::width) * from.step);
  }
};

/// Panel of MR units × NV vectors of columns of a gradient whose left side is a tile of NL vectors of lanes (0: rows).
template <class R, int NL>
struct GradientView {
  size_t unit, column, left_stride, ld;

  static HWY_INLINE Lane<R> load(const R* p) { return Lane<R>::loadu(p); }
  HWY_INLINE auto operands(const Term<R>& t) const {
    if constexpr (NL > 0) {
      using Lanes = Fixed<NL * Lane<R>::width>;
      return Operands<R, Fixed<1>, Lanes, size_t>{t.left + unit * Lanes::value, {}, {}, t.right + column, t.stride};
    } else {
      return Operands<R, size_t, Fixed<1>, size_t>{t.left + unit, left_stride, {}, t.right + column, t.stride};
    }
  }
  HWY_INLINE size_t at(int i, int j) const { return (unit + i) * ld + column + j * Lane<R>::width; }
};

template <int MR, int NV, class R, class View, class Start>
HWY_NOINLINE void panel(const View view, const Term<R>* terms, size_t count, const Start start, R* to) {
  using V = Lane<R>;
  V acc[MR][NV];
#pragma GCC unroll 32
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 32
    for (int j = 0; j < NV; ++j) {
      if constexpr (std::is_same_v<Start, FromThere>) acc[i][j] = V::load(to + view.at(i, j));
      else acc[i][j] = view.bias(start, i, j);
    }

  // all terms into the same accumulators
  for (const Term<R>* term = terms; term != terms + count; ++term) {
    auto [a, a_k, a_i, b, b_k] = view.operands(*term);
    for (size_t k = term->depth; k > 0; --k, a += a_k, b += b_k) {
      V vector[NV];
#pragma GCC unroll 32
      for (int j = 0; j < NV; ++j) vector[j] = View::load(b + j * V::width);
#pragma GCC unroll 32
      for (int i = 0; i < MR; ++i) {
        const V number(a[i * a_i]);
#pragma GCC unroll 32
        for (int j = 0; j < NV; ++j) acc[i][j] = fma(number, vector[j], acc[i][j]);
      }
    }
  }
#pragma GCC unroll 32
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 32
    for (int j = 0; j < NV; ++j) acc[i][j].store(to + view.at(i, j));
}

/// Calls f<n>() for the run-time n in [1, N]: from a number to a template instance.
template <size_t N, class F>
HWY_INLINE void at_size(size_t n, const F& f) {
  static_assert(N <= 24);
  const auto call = [&]<size_t m>() HWY_ATTR { if constexpr (m <= N) f.template operator()<int(m)>(); };
  switch (n) {
#define DYNODE_CASE(m) case m: return call.template operator()<m>();
    DYNODE_CASE(1) DYNODE_CASE(2) DYNODE_CASE(3) DYNODE_CASE(4) DYNODE_CASE(5) DYNODE_CASE(6) DYNODE_CASE(7)
    DYNODE_CASE(8) DYNODE_CASE(9) DYNODE_CASE(10) DYNODE_CASE(11) DYNODE_CASE(12) DYNODE_CASE(13) DYNODE_CASE(14)
    DYNODE_CASE(15) DYNODE_CASE(16) DYNODE_CASE(17) DYNODE_CASE(18) DYNODE_CASE(19) DYNODE_CASE(20) DYNODE_CASE(21)
    DYNODE_CASE(22) DYNODE_CASE(23) DYNODE_CASE(24)
#undef DYNODE_CASE
  }
}

/// Cuts n into the fewest pieces of at most `most`, nearly equal: no remainder loops inside kernels.
struct Pieces {
  unsigned count, size, larger;
  HWY_INLINE Pieces(size_t n, size_t most)
      : count(unsigned((n + most - 1) / most)), size(count ? unsigned(n) / count : 0),
        larger(count ? unsigned(n) % count : 0) {}
  HWY_INLINE size_t operator[](size_t p) const { return size + (p < larger); }
};

template <int NV, class R, class Start>
HWY_INLINE void tile_product(const Slab& out, const Term<R>* terms, size_t count, Start start, R* to) {
  const Pieces heights(out.units, kTileHeight[NV]);
  for (size_t p = 0, unit = 0; p < heights.count; unit += heights[p++])
    at_size<kTileHeight[NV]>(heights[p], [&]<int MR>() HWY_ATTR {
      panel<MR, NV>(TileView<R, MR, NV>{unit}, terms, count, start, to);
    });
}

template <class R, class Start>
HWY_INLINE void row_product(const Slab& out, const Term<R>* terms, size_t count, Start start, R* to) {
  constexpr size_t W = Lane<R>::width;
  const Pieces widths(out.stride / W, kRowWidth[row_group(out.rows)]);
  for (size_t p = 0, unit = 0; p < widths.count; unit += W * widths[p++]) {
    size_t row = 0;
    const auto rows = [&]<int MR>() HWY_ATTR {
      for (; row + MR <= out.rows; row += MR)
        at_size<kRowWidth[MR]>(widths[p], [&]<int NV>() HWY_ATTR {
          panel<MR, NV>(RowView<R, MR, NV>{unit, row, out.stride}, terms, count, start, to);
        });
    };
    rows.template operator()<4>();
    rows.template operator()<2>();
    rows.template operator()<1>();
  }
}

/// Sum of products into every element of `out`, in whichever layout it has.
template <class R, class Start>
HWY_INLINE void product(const Slab& out, const Term<R>* terms, size_t count, Start start, R* to) {
  if (out.layout == Layout::rows)                 row_product(out, terms, count, start, to);
  else if (out.stride == 2 * Lane<R>::width) tile_product<2>(out, terms, count, start, to);
  else                                       tile_product<1>(out, terms, count, start, to);
}

template <int NL, class R>
HWY_INLINE void gradient_product(const Slab& left, const Term<R>* terms, size_t count, size_t columns, size_t ld,
                                 R* w_bar) {
  constexpr size_t W = Lane<R>::width;
  const Pieces widths((columns + W - 1) / W, kGradWidth), heights(left.units, kGradHeight);
  for (size_t q = 0, column = 0; q < widths.count; column += W * widths[q++])
    for (size_t p = 0, unit = 0; p < heights.count; unit += heights[p++])
      at_size<kGradWidth>(widths[q], [&]<int NV>() HWY_ATTR {
        at_size<kGradHeight>(heights[p], [&]<int MR>() HWY_ATTR {
          panel<MR, NV>(GradientView<R, NL>{unit, column, left.stride, ld}, terms, count, FromThere(), w_bar);
        });
      });
}

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
