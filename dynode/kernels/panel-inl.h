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

// largest panels; measured on Zen 4: less tall tiles than the registers allow lose less around their loops
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL || HWY_TARGET == HWY_NEON
inline constexpr size_t kTileHeight[3] = {0, 12, 8};         // MR by NV
inline constexpr size_t kRowWidth[5]   = {0, 14, 8, 7, 6};   // NV by MR; 32 registers hold accumulators and operands
inline constexpr size_t kGradHeight = 9, kGradWidth = 3;
#else
inline constexpr size_t kTileHeight[3] = {0, 12, 6};
inline constexpr size_t kRowWidth[5]   = {0, 8, 6, 4, 3};    // 16 registers
inline constexpr size_t kGradHeight = 4, kGradWidth = 3;
#endif
static_assert(kTileHeight[1] >= kTileHeight[2], "the tables of panels go up to the first");
static_assert(kRowWidth[1] >= kRowWidth[2] && kRowWidth[2] >= kRowWidth[3] && kRowWidth[3] >= kRowWidth[4],
              "the tables of panels go up to the first, and smaller groups share the packing of the largest");

/// Cuts n into the fewest pieces of at most `most`, nearly equal: no remainder loops inside kernels.
struct Pieces {
  unsigned count, size, larger;
  HWY_INLINE Pieces(size_t n, size_t most)
      : count(unsigned((n + most - 1) / most)), size(count ? unsigned(n) / count : 0),
        larger(count ? unsigned(n) % count : 0) {}
  HWY_INLINE size_t operator[](size_t p) const { return size + (p < larger); }
};

/// Rows are taken in nearly equal groups of up to four that share each weight vector; the largest group decides the
/// width of the packed panels.
HWY_INLINE Pieces row_groups(size_t rows) { return Pieces(rows, 4); }
HWY_INLINE size_t row_width(size_t rows) { return rows == 0 ? 1 : kRowWidth[row_groups(rows)[0]]; }

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

/// A whole product, as every panel of it needs it.
template <class R, class Start>
struct Product {
  const Term<R>* terms;
  size_t         count;
  R*             to;
  Start          start;
  size_t         stride, ld;   // of the slab, of the gradient
};

/// What a panel covers: units from `unit`, and rows (rows) or columns (gradient) from `other`.
struct Place { size_t unit, other, stride, ld; };

/// Panel of MR units × NV lane vectors of a tile.
template <class R, int MR, int NV>
struct TileView : Place {
  static constexpr bool fits = MR <= int(kTileHeight[NV]);

  static HWY_INLINE Lane<R> load(const R* p) { return Lane<R>::load(p); }
  HWY_INLINE Operands<R, Fixed<MR>, Fixed<1>, Fixed<NV * Lane<R>::width>> operands(const Term<R>& t) const {
    return {t.left + unit * t.depth, {}, {}, t.right, {}};
  }
  HWY_INLINE size_t  at(int i, int j) const { return ((unit + i) * NV + j) * Lane<R>::width; }
  HWY_INLINE Lane<R> bias(FromBias<R> from, int i, int) const { return Lane<R>(from.bias[(unit + i) * from.step]); }
};

/// Panel of MR rows × NV vectors of units.
template <class R, int MR, int NV>
struct RowView : Place {
  static constexpr bool fits = NV <= int(kRowWidth[MR]);

  static HWY_INLINE Lane<R> load(const R* p) { return Lane<R>::load(p); }
  HWY_INLINE Operands<R, Fixed<1>, size_t, Fixed<NV * Lane<R>::width>> operands(const Term<R>& t) const {
    return {t.right + other * t.stride, {}, t.stride, t.left + unit * t.depth, {}};
  }
  HWY_INLINE size_t  at(int i, int j) const { return (other + i) * stride + unit + j * Lane<R>::width; }
  HWY_INLINE Lane<R> bias(FromBias<R> from, int, int j) const {
    return Lane<R>::load(from.bias + (unit + j * Lane<R>::width) * from.step);
  }
};

/// Panel of MR units × NV vectors of columns of a gradient whose left side is a tile of NL vectors of lanes (0: rows).
template <int NL>
struct Gradient {
  template <class R, int MR, int NV>
  struct View : Place {
    static constexpr bool fits = true;

    static HWY_INLINE Lane<R> load(const R* p) { return Lane<R>::loadu(p); }
    HWY_INLINE auto operands(const Term<R>& t) const {
      if constexpr (NL > 0) {
        using Lanes = Fixed<NL * Lane<R>::width>;
        return Operands<R, Fixed<1>, Lanes, size_t>{t.left + unit * Lanes::value, {}, {}, t.right + other, t.stride};
      } else {
        return Operands<R, size_t, Fixed<1>, size_t>{t.left + unit, stride, {}, t.right + other, t.stride};
      }
    }
    HWY_INLINE size_t at(int i, int j) const { return (unit + i) * ld + other + j * Lane<R>::width; }
  };
};

template <class View, int MR, int NV, class R, class Start>
void panel(const Product<R, Start>& product, size_t unit, size_t other) {
  using V = Lane<R>;
  const View view{{unit, other, product.stride, product.ld}};
  R* const   to = product.to;
  V acc[MR][NV];
#pragma GCC unroll 32
  for (int i = 0; i < MR; ++i)
#pragma GCC unroll 32
    for (int j = 0; j < NV; ++j) {
      if constexpr (std::is_same_v<Start, FromThere>) acc[i][j] = V::load(to + view.at(i, j));
      else acc[i][j] = view.bias(product.start, i, j);
    }

  // all terms into the same accumulators
  for (const Term<R>*term = product.terms, *end = term + product.count; term != end; ++term) {
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

/// The panels of one view up to MR = most_m and NV = most_n: from a shape to an instance by one look-up.
template <template <class, int, int> class View, class R, class Start, int most_m, int most_n>
struct Panels {
  using Panel = void (*)(const Product<R, Start>&, size_t unit, size_t other);
  struct Table { Panel of[most_m * most_n]; };

  template <int MR, int NV>
  static constexpr Panel instance() {
    if constexpr (View<R, MR, NV>::fits) return panel<View<R, MR, NV>, MR, NV, R, Start>;
    else return nullptr;
  }
  template <size_t... i>
  static constexpr Table fill(std::index_sequence<i...>) {
    return {{instance<int(i) / most_n + 1, int(i) % most_n + 1>()...}};
  }
  static constexpr Table table = fill(std::make_index_sequence<most_m * most_n>());

  static HWY_INLINE Panel get(size_t m, size_t n) { return table.of[(m - 1) * most_n + n - 1]; }
};

template <int NV, class R, class Start>
HWY_INLINE void tile_product(const Slab& out, const Product<R, Start>& product) {
  const Pieces heights(out.units, kTileHeight[NV]);
  for (size_t p = 0, unit = 0; p < heights.count; unit += heights[p++])
    Panels<TileView, R, Start, kTileHeight[1], 2>::get(heights[p], NV)(product, unit, 0);
}

template <class R, class Start>
HWY_INLINE void row_product(const Slab& out, const Product<R, Start>& product) {
  constexpr size_t W = Lane<R>::width;
  const Pieces widths(out.stride / W, row_width(out.rows)), groups = row_groups(out.rows);
  for (size_t p = 0, unit = 0; p < widths.count; unit += W * widths[p++])
    for (size_t g = 0, row = 0; g < groups.count; row += groups[g++])
      Panels<RowView, R, Start, 4, kRowWidth[1]>::get(groups[g], widths[p])(product, unit, row);
}

/// Sum of products into every element of `out`, in whichever layout it has.
template <class R, class Start>
HWY_INLINE void run_product(const Slab& out, const Product<R, Start>& product) {
  if (out.layout == Layout::rows)                row_product(out, product);
  else if (out.stride == 2 * Lane<R>::width) tile_product<2>(out, product);
  else                                       tile_product<1>(out, product);
}

template <int NL, class R>
HWY_INLINE void run_gradient(const Slab& left, size_t columns, const Product<R, FromThere>& product) {
  using Instances = Panels<Gradient<NL>::template View, R, FromThere, kGradHeight, kGradWidth>;
  constexpr size_t W = Lane<R>::width;
  const Pieces widths((columns + W - 1) / W, kGradWidth), heights(left.units, kGradHeight);
  for (size_t q = 0, column = 0; q < widths.count; column += W * widths[q++])
    for (size_t p = 0, unit = 0; p < heights.count; unit += heights[p++])
      Instances::get(heights[p], widths[q])(product, unit, column);
}

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
