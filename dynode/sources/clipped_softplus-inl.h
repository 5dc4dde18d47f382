// y = min(log(1 + exp(x)), 20)
#if defined(DYNODE_SOURCES_CLIPPED_SOFTPLUS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_CLIPPED_SOFTPLUS_INL_H_
#undef DYNODE_SOURCES_CLIPPED_SOFTPLUS_INL_H_
#else
#define DYNODE_SOURCES_CLIPPED_SOFTPLUS_INL_H_
#endif

#include "dynode/sources/flux_only-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class R>
struct ClippedSoftplusSource : FluxOnly<ClippedSoftplusSource<R>> {
  static constexpr const char* name    = "ClippedSoftplus";
  static constexpr const char* alias   = "clipped_softplus";
  static constexpr const char* summary = "log(1 + exp(x)), at most 20";
  HWY_INLINE explicit ClippedSoftplusSource(const void*) {}

  template <class V> HWY_INLINE V value(const V& x) const { return min(constant<V>(20), softplus(x)); }
  /// 0 where the value is clipped.
  template <class V> HWY_INLINE V slope(const V& x, const V&) const {
    return where_less(constant<V>(20), softplus(x), constant<V>(0), sigmoid(x));
  }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
