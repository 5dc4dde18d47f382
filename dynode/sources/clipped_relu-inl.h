// y = min(max(x, 0), 20)
#if defined(DYNODE_SOURCES_CLIPPED_RELU_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_CLIPPED_RELU_INL_H_
#undef DYNODE_SOURCES_CLIPPED_RELU_INL_H_
#else
#define DYNODE_SOURCES_CLIPPED_RELU_INL_H_
#endif

#include "dynode/sources/flux_only-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class R>
struct ClippedReluSource : FluxOnly<ClippedReluSource<R>> {
  static constexpr const char* name    = "ClippedReLU";
  static constexpr const char* alias   = "clipped_relu";
  static constexpr const char* summary = "max(x, 0), at most 20";
  HWY_INLINE explicit ClippedReluSource(const void*) {}

  template <class V> HWY_INLINE V value(const V& x) const { return positive_part(min(constant<V>(20), x)); }
  /// 0 at x = 0, 1 at x = 20.
  template <class V> HWY_INLINE V slope(const V& x, const V&) const {
    const V flat = constant<V>(0);
    return where_less(flat, x, where_less(constant<V>(20), x, flat, one<V>()), flat);
  }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
