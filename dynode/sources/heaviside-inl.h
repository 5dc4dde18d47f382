// g(φ, i) = σ(100 d) · max(d, ε)^(1/N),   d = A max(i − C, ε)^K − B (|cos πφ| + ε)^M
// A fit of the SQUID's rate: zero below a threshold that falls with flux, a root above it.
#if defined(DYNODE_SOURCES_HEAVISIDE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_HEAVISIDE_INL_H_
#undef DYNODE_SOURCES_HEAVISIDE_INL_H_
#else
#define DYNODE_SOURCES_HEAVISIDE_INL_H_
#endif

#include "dynode/sources/flux_and_current-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class R>
struct HeavisideSource : FluxAndCurrent<HeavisideSource<R>> {
  static constexpr const char* name    = "Heaviside_state_dep";
  static constexpr const char* alias   = "Heaviside_fit_state_dep";
  static constexpr const char* summary = "fit of the SQUID rate with a sharp threshold";
  HWY_INLINE explicit HeavisideSource(const void*) {}

  template <class V> HWY_INLINE V value(const V& phi, const V& i) const {
    // the variable stands second in max: there a NaN stays one
    const V eps = constant<V>(1e-6);
    const V d = constant<V>(0.37091212) * power(max(eps, i - constant<V>(1.06435066)), 1.92138556) -
                constant<V>(0.31903101) * power(abs(cos(constant<V>(3.14159265358979323846) * phi)) + eps, 2.50322787);
    return sigmoid(constant<V>(100) * d) * power(max(eps, d), 1 / 2.62706077);
  }

 private:
  /// x > 0 to a constant power.
  template <class V> static HWY_INLINE V power(const V& x, double exponent) { return exp(constant<V>(exponent) * log(x)); }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
