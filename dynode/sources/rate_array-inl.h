// g(φ, i) read from a rate table: period 1 and even in φ, zero outside the current axis, bilinear in between.
// Slopes at a knot are those of the cell to the right and above; dg/dφ is 0 at exactly half a period.
#if defined(DYNODE_SOURCES_RATE_ARRAY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_RATE_ARRAY_INL_H_
#undef DYNODE_SOURCES_RATE_ARRAY_INL_H_
#else
#define DYNODE_SOURCES_RATE_ARRAY_INL_H_
#endif

#include "dynode/sources/flux_and_current-inl.h"
#include "dynode/sources/rate_table.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class R>
struct RateArraySource {
  static constexpr const char* name    = "RateArray";
  static constexpr const char* summary = "time-averaged voltage of a two-junction SQUID, from a table";
  static constexpr bool uses_current = true, uses_table = true;
  using V = Lane<R>;

  HWY_INLINE explicit RateArraySource(const void* t) : RateArraySource(*static_cast<const RateTable<R>*>(t)) {}

  HWY_INLINE Slope2<V> with_slope(V phi, V current) const {
    // fold φ into [0, ½], find the cell; rows end in zeros on both sides, so g needs no comparison there
    const V zero = constant<V>(0);
    const V turn = phi - floor(phi), back = one<V>() - turn;
    const V x = min(turn, back) * x_scale, y = fma(current, y_scale, y_origin), held = min(y_last, max(zero, y));
    const V column = floor(min(last_column, x)), row = floor(held);
    const V fx = x - column, fy = held - row;

    // one record per lane; places go through memory, where scalar loads find them: taking lanes out of a register
    // costs shuffles, of which the processor makes one at a time. NaN stays in the fractions and reads the first place.
    // Added to `whole`, a number is its own last bits.
    const hn::RebindToSigned<typename V::Tag> tag;
    const V whole(sizeof(R) == 4 ? R(8388608.0) : R(4503599627370496.0));
    const V place = max(fma(row, columns, column), zero) + whole;
    alignas(64) Place places[V::width];
    store_halves(tag, hn::ShiftLeft<2>(hn::Xor(hn::BitCast(tag, place.raw), hn::BitCast(tag, whole.raw))), places);
    asm volatile("" ::: "memory");
    V r[4];
    load4<R>(Record{records, places}, r);

    const V gx = fma(fy, r[3], r[1]), gy = fma(fx, r[3], r[2]);
    const V sign = where_less(turn, back, x_scale, where_less(back, turn, zero - x_scale, zero));
    return {fma(fx, gx, fma(fy, r[2], r[0])), sign * gx, where_less(y, zero, zero, y_scale * gy)};
  }
  HWY_INLINE Slope1<V> with_slope(V phi) const {
    const auto [y, dphi, di] = with_slope(phi, V(R(kDefaultCurrent)));
    return {y, dphi};
  }
  HWY_INLINE V slope(V phi, V) const { return with_slope(phi).dx; }

  HWY_INLINE V operator()(V phi, V current) const { return with_slope(phi, current).y; }
  HWY_INLINE V operator()(V phi) const { return with_slope(phi).y; }

  template <int K>
  HWY_INLINE Dual<V, K> operator()(const Dual<V, K>& phi, const Dual<V, K>& current) const {
    const auto [y, dphi, di] = with_slope(phi.x, current.x);
    return Dual<V, K>::chain(y, phi, dphi, current, di);
  }
  template <int K>
  HWY_INLINE Dual<V, K> operator()(const Dual<V, K>& phi) const {
    const auto [y, dphi] = with_slope(phi.x);
    return Dual<V, K>::chain(y, phi, dphi);
  }

 private:
  // the table's numbers in registers: stores of the cells around might be aimed at the table, for all a compiler knows
  const R* records;
  V columns, last_column, x_scale, y_scale, y_origin, y_last;

  HWY_INLINE explicit RateArraySource(const RateTable<R>& t)
      : records(t.records.data()), columns(R(t.columns)), last_column(R(t.columns - 1)), x_scale(t.x_scale),
        y_scale(t.y_scale), y_origin(t.y_origin), y_last(t.y_last) {}

  using Place = hn::TFromD<hn::RebindToSigned<typename V::Tag>>;

  /// Stores at most 32 bytes at a time: a load from a wider store that is still on its way takes twice as long.
  template <class Tag>
  static HWY_INLINE void store_halves(Tag tag, hn::Vec<Tag> x, Place* to) {
#if HWY_TARGET != HWY_SCALAR
    if constexpr (sizeof(Place) * V::width > 32) {
      const hn::Half<Tag> half;
      hn::Store(hn::LowerHalf(half, x), half, to);
      hn::Store(hn::UpperHalf(half, x), half, to + V::width / 2);
      return;
    }
#endif
    hn::Store(x, tag, to);
  }

  struct Record {
    const R*     records;
    const Place* place;
    /// Places of 32 bits are loaded in pairs: loads are what a lookup is made of.
    HWY_INLINE const R* operator()(size_t lane) const {
      if constexpr (sizeof(Place) == 4 && V::width > 1) {
        uint64_t pair;
        __builtin_memcpy(&pair, place + lane / 2 * 2, 8);
        return records + (lane % 2 ? size_t(pair >> 32) : size_t(uint32_t(pair)));
      } else {
        return records + size_t(place[lane]);
      }
    }
  };
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
