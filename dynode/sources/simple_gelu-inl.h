// y = x/2 · (1 + tanh(0.8 x))
#if defined(DYNODE_SOURCES_SIMPLE_GELU_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_SIMPLE_GELU_INL_H_
#undef DYNODE_SOURCES_SIMPLE_GELU_INL_H_
#else
#define DYNODE_SOURCES_SIMPLE_GELU_INL_H_
#endif

#include "dynode/sources/flux_only-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class R>
struct SimpleGeluSource : FluxOnly<SimpleGeluSource<R>> {
  static constexpr const char* name    = "SimpleGELU";
  static constexpr const char* summary = "x/2 · (1 + tanh(0.8 x))";
  HWY_INLINE explicit SimpleGeluSource(const void*) {}

  template <class V> HWY_INLINE V value(const V& x) const {
    return constant<V>(0.5) * x * (one<V>() + tanh(constant<V>(0.8) * x));
  }
  template <class V> HWY_INLINE V slope(const V& x, const V&) const {
    const V t = tanh(constant<V>(0.8) * x);
    return constant<V>(0.5) * (one<V>() + t + constant<V>(0.8) * x * (one<V>() - t * t));
  }
};

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
