// g(φ, i) read from a rate table: period 1 and even in φ, zero outside the current axis, bilinear in between.
// Slopes at a knot are those of the cell to the right and above; dg/dφ is 0 at exactly half a period.
#if defined(DYNODE_SOURCES_RATE_ARRAY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_RATE_ARRAY_INL_H_
#undef DYNODE_SOURCES_RATE_ARRAY_INL_H_
#else
#define DYNODE_SOURCES_RATE_ARRAY_INL_H_
#endif

#include <bit>
#include <cstring>

#include "dynode/sources/flux_and_current-inl.h"
#include "dynode/sources/rate_table.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class R>
struct RateArraySource {
  static constexpr const char* name    = "RateArray";
  static constexpr const char* summary = "time-averaged voltage of a two-junction SQUID, from a table";
  static constexpr bool uses_current = true, uses_table = true;
  using V     = Lane<R>;
  using Place = hn::TFromD<hn::RebindToUnsigned<typename V::Tag>>;

  /// Where an answer stands: a place per lane, and the position inside its cell, x with the sign of its slope in φ.
  struct Spot {
    alignas(64) Place place[V::width];
    alignas(64) R x[V::width], y[V::width];
  };

  HWY_INLINE explicit RateArraySource(const void* t) : RateArraySource(*static_cast<const RateTable<R>*>(t)) {}

  // A lookup in two halves, one behind the other or (drivers of cells) each for many vectors: places go through memory,
  // where scalar loads find them; taking lanes out of a register costs shuffles, of which the processor makes one at a
  // time.

  /// First half: folds φ into [0, ½], finds the cell. Rows end in zeros on both sides, so nothing is compared there.
  HWY_INLINE void locate(const V& phi, const V& current, Spot& to) const {
    const V part = phi - round(phi), x = abs(part) * x_scale;
    const V y = clamp(fma(current, y_scale, y_origin), zero<V>(), y_last);
    const V column = floor(x), row = floor(y);
    copysign(x - column, part).store(to.x);
    (y - row).store(to.y);
    // NaN stays in the fractions and stands at the first place
    const V place = max(fma(row, columns, column + whole()), whole());
    const hn::RebindToUnsigned<typename V::Tag> tag;
    hn::Store(hn::ShiftLeft<2>(hn::BitCast(tag, place.raw)), tag, to.place);
  }
  /// Second half.
  HWY_INLINE V value(const Spot& at) const {
    V r[4];
    load4<R>(Record{origin, at.place}, r);
    const V x = abs(V::load(at.x)), y = V::load(at.y);
    return fma(x, fma(y, r[3], r[1]), fma(y, r[2], r[0]));
  }
  HWY_INLINE Slope2<V> slopes(const Spot& at) const {
    V r[4];
    load4<R>(Record{origin, at.place}, r);
    const V part = V::load(at.x), x = abs(part), y = V::load(at.y);
    const V gx = fma(y, r[3], r[1]), gy = fma(x, r[3], r[2]);
    return {fma(x, gx, fma(y, r[2], r[0])), copysign(x_scale, part) * gx, y_scale * gy};
  }

  HWY_INLINE Slope2<V> with_slope(const V& phi, const V& current) const { return slopes(located(phi, current)); }
  HWY_INLINE Slope1<V> with_slope(const V& phi) const {
    const auto [y, dphi, di] = with_slope(phi, constant<V>(kDefaultCurrent));
    return {y, dphi};
  }
  HWY_INLINE V slope(const V& phi, const V&) const { return with_slope(phi).dx; }

  HWY_INLINE V operator()(const V& phi, const V& current) const { return value(located(phi, current)); }
  HWY_INLINE V operator()(const V& phi) const { return (*this)(phi, constant<V>(kDefaultCurrent)); }

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
  uintptr_t origin;   // of the records, as seen from places
  V columns, x_scale, y_scale, y_origin, y_last;

  /// Added to it, a small whole number is the last bits of the sum; four times the bits serve as places.
  static HWY_INLINE V whole() { return constant<V>(sizeof(R) == 4 ? 0x1p23 : 0x1p52); }
  static constexpr Place kWholePlace = Place(4 * (sizeof(R) == 4 ? uint64_t(0x4B000000) : uint64_t(0x4330000000000000)));

  HWY_INLINE explicit RateArraySource(const RateTable<R>& t)
      : origin(reinterpret_cast<uintptr_t>(t.records.data()) - uintptr_t(kWholePlace) * sizeof(R)), columns(R(t.columns)),
        x_scale(t.x_scale), y_scale(t.y_scale), y_origin(t.y_origin), y_last(t.y_last) {}

  HWY_INLINE Spot located(const V& phi, const V& current) const {
    Spot at;
    locate(phi, current, at);
    asm volatile("" ::: "memory");   // else places would be taken out of the register
    return at;
  }

  struct Record {
    uintptr_t    origin;
    const Place* place;
    HWY_INLINE const R* operator()(size_t lane) const {
      if constexpr (sizeof(Place) == 4 && V::width > 1 && std::endian::native == std::endian::little) {
        uint64_t two;   // in one load: a lookup has more loads than anything else
        std::memcpy(&two, place + lane / 2 * 2, sizeof two);
        return reinterpret_cast<const R*>(origin + uintptr_t(lane % 2 ? two >> 32 : uint32_t(two)) * sizeof(R));
      }
      return reinterpret_cast<const R*>(origin + uintptr_t(place[lane]) * sizeof(R));
    }
  };
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
