// Source function as a layer:  s[t+1] = c g(φ + φ₀, i_b) + n        no state of its own
// c and n are the noise of g: 1 and 0 where there is none.
// adjoint: φ̄ = φ̄₀ = c g_φ λ   ī_b = c g_i λ
// Two kinds: DendriteReadout reads dendrites out, NonLinear maps anything; they differ in what `phi` records.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/source_map.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// @tparam kOffsetSeen  `phi` records the flux with its offset
template <bool kOffsetSeen>
struct SourceMap {
  static constexpr int lookups = 1, constants = 2;
  template <class V> struct State    { V s; };
  template <class V> struct Ports    { V phi; };
  template <class V> struct Params   { V phi_offset, bias_current, g_factor, g_noise; };
  template <class V> struct Observed { V phi, g; };

  template <class V, class G>
  static HWY_INLINE State<V> step(const State<V>&, const Ports<V>& in, const Params<V>& p, const V&, const G& g) {
    return {fma(p.g_factor, g(in.phi + p.phi_offset, p.bias_current), p.g_noise)};
  }

  template <class V, class G>
  static HWY_INLINE void pull(const Values<SourceMap, V>& v, const G& g, const State<V>& lambda,
                              Bars<SourceMap, V>& bars) {
    const auto [y, dphi, di] = g.with_slope(v.in.phi + v.p.phi_offset, v.p.bias_current);
    bars.s.s             = constant<V>(0);
    const V k = v.p.g_factor * lambda.s;
    bars.in.phi          = dphi * k;
    bars.p.phi_offset   += bars.in.phi;
    bars.p.bias_current += di * k;
  }

  template <class V, class G>
  static HWY_INLINE Observed<V> observe(const State<V>&, const Ports<V>& in, const Params<V>& p, const G& g) {
    const V phi = in.phi + p.phi_offset;
    return {kOffsetSeen ? phi : in.phi, fma(p.g_factor, g(phi, p.bias_current), p.g_noise)};
  }
};

CellKernels DendriteReadoutKernels(int source) { return pointwise_kernels<SourceMap<true>>(source); }
CellKernels NonLinearKernels(int source) { return pointwise_kernels<SourceMap<false>>(source); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(DendriteReadoutKernels);
HWY_EXPORT(NonLinearKernels);

namespace {

std::vector<ConstantFacts> source_map_constants() {
  return {{.name = "g_factor", .from = ConstantFacts::From::noise, .value = 1, .help = "relative noise of g"},
          {.name = "g_noise", .from = ConstantFacts::From::noise, .help = "noise added to g"}};
}

std::vector<ParamFacts> source_map_params() {
  return {{.name = "phi_offset", .value = 0.0, .unit = "Phi_0", .help = "flux added to what arrives"},
          {.name = "bias_current", .value = 1.7, .min = 0, .unit = "I_c", .help = "current of the source function"}};
}

}  // namespace

CellEntry dendrite_readout() {
  return {.name = "DendriteReadout",
          .summary = "source function without memory, reads dendrites out",
          .params = source_map_params(),
          .constants = source_map_constants(),
          .states = {{.name = "s", .memoryless = true}},
          .ports = {"phi"},
          .source = "RateArray",
          .static_map = true,
          .observables = {"phi", "g"},
          .kernels = [](int source) { return HWY_DYNAMIC_DISPATCH(DendriteReadoutKernels)(source); }};
}

CellEntry non_linear() {
  return {.name = "NonLinear",
          .summary = "source function applied to what it receives",
          .params = source_map_params(),
          .constants = source_map_constants(),
          .states = {{.name = "s", .memoryless = true}},
          .ports = {"phi"},
          .source = "Tanh",
          .static_map = true,
          .observables = {"phi", "g"},
          .kernels = [](int source) { return HWY_DYNAMIC_DISPATCH(NonLinearKernels)(source); }};
}
}  // namespace dynode
#endif
