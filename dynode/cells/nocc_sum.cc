// Target's half of a NOCC connection (nocc-inl.h).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/nocc_sum.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/nocc-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

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
