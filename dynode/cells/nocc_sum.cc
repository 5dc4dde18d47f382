// Target's half of a NOCC connection:  m′ = m + h (d − α m) / β_e        β_e = β + 2 n β_o, n edges into the target
// adjoint: d̄ = h/β_e λ   m̄ = (1 − hα/β_e) λ
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/nocc_sum.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct NoccSum {
  template <class V> struct State  { V m; };
  template <class V> struct Ports  { V d; };
  template <class V> struct Params { V alpha, beta_eff; };

  template <class V, class G>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& h, const G&) {
    return {s.m + h / p.beta_eff * (in.d - p.alpha * s.m)};
  }

  template <class V, class G>
  static HWY_INLINE void pull(const Values<NoccSum, V>& v, const G&, const State<V>& lambda, Bars<NoccSum, V>& bars) {
    const V inverse = one<V>() / v.p.beta_eff, rate = v.dt * inverse, driven = v.in.d - v.p.alpha * v.s.m;
    bars.in.d        = rate * lambda.m;
    bars.s.m         = lambda.m - v.p.alpha * bars.in.d;
    bars.p.alpha    -= v.s.m * bars.in.d;
    bars.p.beta_eff -= driven * inverse * bars.in.d;
    bars.dt         += driven * inverse * lambda.m;
  }
};

CellKernels NoccSumKernels() { return pointwise_kernels<NoccSum>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(NoccSumKernels);

CellEntry nocc_sum() {
  return {.name = "NOCCSum",
          .summary = "current that the edges of a NOCC connection drive into their target",
          .params = {{.name = "alpha", .value = 1.64053, .min = 0, .help = "resistance of the loops", .learn = false},
                     {.name = "beta_eff", .value = 303.85, .min = 1e-9, .help = "inductance of the output loop", .learn = false}},
          .states = {{.name = "m", .help = "current, I_c"}},
          .ports = {"d"},
          .dt = 37,
          .scales_with_dt = true,
          .internal = true,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(NoccSumKernels)(); }};
}
}  // namespace dynode
#endif
