// The list of all source functions. Adding one: write `<name>-inl.h`, include it here, add it to AllSources.
#if defined(DYNODE_SOURCES_CATALOGUE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_SOURCES_CATALOGUE_INL_H_
#undef DYNODE_SOURCES_CATALOGUE_INL_H_
#else
#define DYNODE_SOURCES_CATALOGUE_INL_H_
#endif

#include "dynode/sources/clipped_relu-inl.h"
#include "dynode/sources/clipped_softplus-inl.h"
#include "dynode/sources/heaviside-inl.h"
#include "dynode/sources/identity-inl.h"
#include "dynode/sources/rate_array-inl.h"
#include "dynode/sources/relu-inl.h"
#include "dynode/sources/retanh-inl.h"
#include "dynode/sources/sigmoid-inl.h"
#include "dynode/sources/simple_gelu-inl.h"
#include "dynode/sources/tanh-inl.h"
#include "dynode/sources/tanh_gauss-inl.h"
#include "dynode/sources/telu-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <template <class> class... Sources>
struct SourceList {
  /// Calls f.template operator()<Source>() for the source at this position; there is at least one.
  template <class F>
  static HWY_INLINE auto with(int position, const F& f) {
    return pick<F, Sources...>(position, f);
  }
  template <class F>
  static void each(const F& f) { (f.template operator()<Sources>(), ...); }

 private:
  template <class F, template <class> class First, template <class> class... Rest>
  static auto pick(int position, const F& f) {
    if constexpr (sizeof...(Rest) > 0)
      if (position > 0) return pick<F, Rest...>(position - 1, f);
    return f.template operator()<First>();
  }
};

using AllSources = SourceList<TanhSource, ReluSource, SigmoidSource, ReTanhSource, IdentitySource, SimpleGeluSource,
                              TeluSource, ClippedReluSource, ClippedSoftplusSource, HeavisideSource, TanhGaussSource,
                              RateArraySource>;

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
