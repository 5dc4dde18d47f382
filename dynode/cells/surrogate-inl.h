// Surrogate slopes on duals; see surrogate.h.
#if defined(DYNODE_CELLS_SURROGATE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DYNODE_CELLS_SURROGATE_INL_H_
#undef DYNODE_CELLS_SURROGATE_INL_H_
#else
#define DYNODE_CELLS_SURROGATE_INL_H_
#endif

#include "dynode/kernels/dual-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// What a cell derives from its settings: which slope, how wide, how high at 0.
template <class V>
struct Surrogate {
  V kind, width, height;   // height = scale / width
};

/// `spike`, 1 or 0, as it is; a dual's slope by x, the distance from the threshold, is the surrogate's.
template <class R>
HWY_INLINE Lane<R> surrogate(const Lane<R>& spike, const Lane<R>&, const Surrogate<Lane<R>>&) {
  return spike;
}
template <class L, int K>
HWY_INLINE Dual<L, K> surrogate(const Dual<L, K>& spike, const Dual<L, K>& x, const Surrogate<Dual<L, K>>& s) {
  using R = typename L::Real;
  const L one_ = one<L>(), u = abs(x.x) / s.width.x, half_pi = L(R(1.57079632679489661923));
  const L fast = one_ / ((one_ + u) * (one_ + u)), arc = one_ / fma(half_pi * u, half_pi * u, one_);
  const L triangle = max(L(R(0)), one_ - u);
  const L chosen   = where_less(s.kind.x, L(R(0.5)), fast, where_less(s.kind.x, L(R(1.5)), arc, triangle));
  return Dual<L, K>::chain(spike.x, x, s.height.x * chosen);
}

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
