// y = max(tanh(x), 0)
#if defined(DYNODE_SOURCES_RETANH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_RETANH_INL_H_
#undef DYNODE_SOURCES_RETANH_INL_H_
#else
#define DYNODE_SOURCES_RETANH_INL_H_
#endif

#include "dynode/sources/flux_only-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class R>
struct ReTanhSource : FluxOnly<ReTanhSource<R>> {
  static constexpr const char* name    = "ReTanh";
  static constexpr const char* summary = "max(tanh(x), 0)";
  HWY_INLINE explicit ReTanhSource(const void*) {}

  template <class V> HWY_INLINE V value(const V& x) const { return positive_part(tanh(x)); }
  /// 0 at x = 0.
  template <class V> HWY_INLINE V slope(const V& x, const V& y) const {
    return where_less(constant<V>(0), x, one<V>() - y * y, constant<V>(0));
  }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
