// Edge of a NOCC connection (nocc-inl.h).
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/nocc_edge.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/nocc-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

CellKernels NoccEdgeKernels(int source) { return pointwise_kernels<NoccEdge>(source); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(NoccEdgeKernels);

CellEntry nocc_edge() {
  return {.name = "NOCCEdge",
          .summary = "edge of a NOCC connection",
          .params = {{.name = "w", .help = "weight, flux"},
                     {.name = "bias_current", .value = 2.1, .min = 0, .unit = "I_c", .help = "bias of both SQUIDs", .learn = false},
                     {.name = "alpha", .value = 1.64053, .min = 0, .help = "resistance of the loops", .learn = false},
                     {.name = "beta", .value = 303.85, .min = 1e-9, .help = "inductance of an arm", .learn = false},
                     {.name = "beta_out", .value = 91.156, .min = 0, .help = "shared inductance", .learn = false}},
          .states = {{.name = "d", .help = "difference of the SQUIDs' rates", .memoryless = true},
                     {.name = "r1", .help = "current of the first loop, without the shared inductance"},
                     {.name = "r2", .help = "current of the second loop, likewise"}},
          .ports = {"x", "m"},
          .source = "RateArray",
          .dt = 37,
          .scales_with_dt = true,
          .internal = true,
          .kernels = [](int source) { return HWY_DYNAMIC_DISPATCH(NoccEdgeKernels)(source); }};
}
}  // namespace dynode
#endif
