// y = 1 / (1 + exp(−x))
#if defined(DYNODE_SOURCES_SIGMOID_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_SIGMOID_INL_H_
#undef DYNODE_SOURCES_SIGMOID_INL_H_
#else
#define DYNODE_SOURCES_SIGMOID_INL_H_
#endif

#include "dynode/sources/flux_only-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class R>
struct SigmoidSource : FluxOnly<SigmoidSource<R>> {
  static constexpr const char* name    = "Sigmoid";
  static constexpr const char* summary = "1 / (1 + exp(−x))";
  HWY_INLINE explicit SigmoidSource(const void*) {}

  template <class V> HWY_INLINE V value(const V& x) const { return sigmoid(x); }
  template <class V> HWY_INLINE V slope(const V&, const V& y) const { return y * (one<V>() - y); }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
