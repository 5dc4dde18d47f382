// FluxAndCurrent: what a formula g(φ, i) must write to be a source function; the counterpart of FluxOnly.
//
// A function writes   value(φ, i)   over any number type; slopes follow from it with dual numbers
#if defined(DYNODE_SOURCES_FLUX_AND_CURRENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_FLUX_AND_CURRENT_INL_H_
#undef DYNODE_SOURCES_FLUX_AND_CURRENT_INL_H_
#else
#define DYNODE_SOURCES_FLUX_AND_CURRENT_INL_H_
#endif

#include "dynode/sources/flux_only-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// Current of a function that is asked with the flux alone.
inline constexpr double kDefaultCurrent = 1.7;

template <class Self>
struct FluxAndCurrent {
  static constexpr bool uses_current = true, uses_table = false;

  // such formulas are long: calls instead of copies keep cells small, and cost nothing beside the formula
  template <class V> HWY_NOINLINE V operator()(const V& phi, const V& i) const { return self().value(phi, i); }
  template <class V> HWY_INLINE V operator()(const V& phi) const { return (*this)(phi, constant<V>(kDefaultCurrent)); }

  // duals take value and slopes of the lanes
  template <class V, int K> HWY_INLINE Dual<V, K> operator()(const Dual<V, K>& phi, const Dual<V, K>& i) const {
    const auto [y, dphi, di] = with_slope(phi.x, i.x);
    return Dual<V, K>::chain(y, phi, dphi, i, di);
  }
  template <class V, int K> HWY_INLINE Dual<V, K> operator()(const Dual<V, K>& phi) const {
    const auto [y, dphi] = with_slope(phi.x);
    return Dual<V, K>::chain(y, phi, dphi);
  }

  template <class V> HWY_NOINLINE Slope2<V> with_slope(const V& phi, const V& i) const {
    using D = Dual<V, 2>;
    const D y = self().value(D(phi, 0), D(i, 1));
    return {y.x, y.d[0], y.d[1]};
  }
  template <class V> HWY_INLINE Slope1<V> with_slope(const V& phi) const {
    const auto [y, dphi, di] = with_slope(phi, constant<V>(kDefaultCurrent));
    return {y, dphi};
  }
  template <class V> HWY_INLINE V slope(const V& phi, const V&) const { return with_slope(phi).dx; }

 private:
  HWY_INLINE const Self& self() const { return static_cast<const Self&>(*this); }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
