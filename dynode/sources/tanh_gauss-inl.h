// g(φ, i) = a · max(1 − s, 1e-6)^p · tanh(exp(−(frac φ − ½)² / 2σ²)),   s = 1.7 − i held to currents of 0.7 … 1.7
#if defined(DYNODE_SOURCES_TANH_GAUSS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_TANH_GAUSS_INL_H_
#undef DYNODE_SOURCES_TANH_GAUSS_INL_H_
#else
#define DYNODE_SOURCES_TANH_GAUSS_INL_H_
#endif

#include "dynode/sources/flux_and_current-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class R>
struct TanhGaussSource : FluxAndCurrent<TanhGaussSource<R>> {
  static constexpr const char* name    = "TanhGauss1p7IBFit";
  static constexpr const char* summary = "smooth fit of the SQUID rate for currents up to 1.7";
  HWY_INLINE explicit TanhGaussSource(const void*) {}

  template <class V> HWY_INLINE V value(const V& phi, const V& i) const {
    // the variable stands second in min and max: there a NaN stays one
    const V current = min(constant<V>(1.7), max(constant<V>(0.7), i));
    const V s = min(constant<V>(1), max(constant<V>(0), constant<V>(1.7) - current));
    const V height = exp(constant<V>(2.5484097003936768) * log(max(constant<V>(1e-6), one<V>() - s)));
    const V x = phi - floor(phi) - constant<V>(0.5);
    constexpr double kSigma = 0.12632733583450317;
    return constant<V>(0.7845368385314941) * height * tanh(exp(x * x * constant<V>(-1 / (2 * kSigma * kSigma))));
  }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
