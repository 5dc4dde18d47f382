// y = tanh(x)
#if defined(DYNODE_SOURCES_TANH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_TANH_INL_H_
#undef DYNODE_SOURCES_TANH_INL_H_
#else
#define DYNODE_SOURCES_TANH_INL_H_
#endif

#include "dynode/sources/flux_only-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class R>
struct TanhSource : FluxOnly<TanhSource<R>> {
  static constexpr const char* name    = "Tanh";
  static constexpr const char* summary = "tanh(x)";
  HWY_INLINE explicit TanhSource(const void*) {}

  template <class V> HWY_INLINE V value(const V& x) const { return tanh(x); }
  template <class V> HWY_INLINE V slope(const V&, const V& y) const { return one<V>() - y * y; }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
