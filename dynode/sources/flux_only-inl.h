// FluxOnly: what a function of one argument must write, and what cells may ask of any source function.
//
// A function writes   value(x)      y
//                     slope(x, y)   dy/dx, given the value as well
// Cells ask for       f(x), f(φ, i), f.with_slope(x) → {y, dx}, f.with_slope(φ, i) → {y, dphi, di}, f.slope(x, y)
#if defined(DYNODE_SOURCES_FLUX_ONLY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_FLUX_ONLY_INL_H_
#undef DYNODE_SOURCES_FLUX_ONLY_INL_H_
#else
#define DYNODE_SOURCES_FLUX_ONLY_INL_H_
#endif

#include "dynode/kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// The number x for every lane (without derivative).
template <class V> HWY_INLINE V constant(double x) { return V(typename V::Real(x)); }

/// max(x, 0). NaN stays NaN; the slope at 0 is 0.
template <class R> HWY_INLINE Lane<R> positive_part(Lane<R> x) { return max(zero<Lane<R>>(), x); }
template <class V, int K> HWY_INLINE Dual<V, K> positive_part(const Dual<V, K>& x) {
  return Dual<V, K>::chain(positive_part(x.x), x, where_less(zero<V>(), x.x, one<V>(), zero<V>()));
}

template <class V> struct Slope1 { V y, dx; };
template <class V> struct Slope2 { V y, dphi, di; };

template <class Self>
struct FluxOnly {
  static constexpr bool uses_current = false, uses_table = false;

  template <class V> HWY_INLINE V operator()(const V& x) const { return self().value(x); }
  template <class V> HWY_INLINE V operator()(const V& phi, const V&) const { return self().value(phi); }

  // duals take value and slope of the lane: a fraction of the code that differentiating the formula makes
  template <class V, int K> HWY_INLINE Dual<V, K> operator()(const Dual<V, K>& x) const {
    const auto [y, dx] = with_slope(x.x);
    return Dual<V, K>::chain(y, x, dx);
  }
  template <class V, int K> HWY_INLINE Dual<V, K> operator()(const Dual<V, K>& phi, const Dual<V, K>&) const {
    return (*this)(phi);
  }

  template <class V> HWY_INLINE Slope1<V> with_slope(const V& x) const {
    const V y = self().value(x);
    return {y, self().slope(x, y)};
  }
  template <class V> HWY_INLINE Slope2<V> with_slope(const V& phi, const V&) const {
    const V y = self().value(phi);
    return {y, self().slope(phi, y), constant<V>(0)};
  }

 private:
  HWY_INLINE const Self& self() const { return static_cast<const Self&>(*this); }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
