// y = x · tanh(exp(x))
#if defined(DYNODE_SOURCES_TELU_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_TELU_INL_H_
#undef DYNODE_SOURCES_TELU_INL_H_
#else
#define DYNODE_SOURCES_TELU_INL_H_
#endif

#include "dynode/sources/flux_only-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class R>
struct TeluSource : FluxOnly<TeluSource<R>> {
  static constexpr const char* name    = "Telu";
  static constexpr const char* summary = "x · tanh(exp(x))";
  HWY_INLINE explicit TeluSource(const void*) {}

  /// tanh(exp(x)) is 1 to the last bit from x = 5 on, so the exponential never overflows.
  template <class V> HWY_INLINE V value(const V& x) const { return x * tanh(exp(min(x, constant<V>(5)))); }
  template <class V> HWY_INLINE V slope(const V& x, const V&) const {
    const V e = exp(min(x, constant<V>(5))), t = tanh(e);
    return t + x * e * (one<V>() - t * t);
  }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
