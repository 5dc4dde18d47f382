// y = x
#if defined(DYNODE_SOURCES_IDENTITY_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_IDENTITY_INL_H_
#undef DYNODE_SOURCES_IDENTITY_INL_H_
#else
#define DYNODE_SOURCES_IDENTITY_INL_H_
#endif

#include "dynode/sources/flux_only-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class R>
struct IdentitySource : FluxOnly<IdentitySource<R>> {
  static constexpr const char* name    = "Identity";
  static constexpr const char* summary = "x";
  HWY_INLINE explicit IdentitySource(const void*) {}

  template <class V> HWY_INLINE V value(const V& x) const { return x; }
  template <class V> HWY_INLINE V slope(const V&, const V&) const { return one<V>(); }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
