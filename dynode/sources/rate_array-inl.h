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
  const RateTable<R>& table;

  HWY_INLINE explicit RateArraySource(const void* t) : table(*static_cast<const RateTable<R>*>(t)) {}

  HWY_INLINE Slope2<V> with_slope(V phi, V current) const {
    // fold φ into [0, ½], find the cell; bounds also catch NaN, which then travels on in the fraction
    const V turn = phi - floor(phi), back = one<V>() - turn;
    const V x = min(turn, back) * V(table.x_scale);
    const V y = fma(current, V(table.y_scale), V(table.y_origin));
    const V zero = constant<V>(0);
    const V column = floor(max(min(x, V(R(table.columns - 1))), zero));
    const V row    = floor(max(min(y, V(table.y_last)), zero));
    const V fx = x - column, fy = y - row;

    // one record per lane; places go through memory, where scalar loads find them: taking lanes out of a register
    // costs shuffles, of which the processor makes one at a time
    using Tag = hn::RebindToSigned<typename V::Tag>;
    alignas(64) hn::TFromD<Tag> place[V::width];
    hn::Store(hn::ConvertTo(Tag(), (constant<V>(4) * fma(row, V(R(table.columns)), column)).raw), Tag(), place);
    asm volatile("" ::: "memory");
    V r[4];
    load4<R>(Record{table.records.data(), place}, r);

    const V gx = fma(fy, r[3], r[1]), gy = fma(fx, r[3], r[2]);
    const V inside = where_less(y, zero, zero, where_less(y, V(table.y_last), one<V>(), zero));
    const V sign   = where_less(turn, back, V(table.x_scale), where_less(back, turn, zero - V(table.x_scale), zero));
    return {inside * fma(fx, gx, fma(fy, r[2], r[0])), inside * sign * gx, inside * V(table.y_scale) * gy};
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
  struct Record {
    const R* records;
    const hn::TFromD<hn::RebindToSigned<typename V::Tag>>* place;
    HWY_INLINE const R* operator()(size_t lane) const { return records + uint32_t(place[lane]); }
  };
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
