// Soma: a superconducting dendrite that gives out whether its current is above a threshold.
//   ds/dt = γ⁺ g(φ + φ₀, i_b − s) − γ⁻ s        z = 1 where s > threshold, else 0        [forward Euler]
// The slope of z by s is that of a surrogate (surrogate.h); s is not reset.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/soma.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"
#include "dynode/cells/surrogate-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct Soma {
  template <class V> struct State    { V z, s; };
  template <class V> struct Ports    { V phi; };
  template <class V> struct Params   { V phi_offset, bias_current, gamma_plus, gamma_minus, threshold, kind, width, height; };
  template <class V> struct Observed { V phi, g; };

  template <class V, class G>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& dt, const G& g) {
    const V y = g(in.phi + p.phi_offset, p.bias_current - s.s);
    const V next = s.s + dt * (p.gamma_plus * y - p.gamma_minus * s.s), over = next - p.threshold, none = constant<V>(0);
    const V z = where_nan(over, over, where_less(none, over, one<V>(), none));
    return {surrogate(z, over, {p.kind, p.width, p.height}), next};
  }

  template <class V, class G>
  static HWY_INLINE Observed<V> observe(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V&, const G& g) {
    const V phi = in.phi + p.phi_offset;
    return {phi, g(phi, p.bias_current - s.s)};
  }
};

CellKernels SomaKernels(int source) { return pointwise_kernels<Soma>(source); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "dynode/cells/surrogate.h"

namespace dynode {
namespace {

const char* derive_soma(const double*, double, const double* settings, double* constants) {
  constants[0] = settings[0], constants[1] = settings[1], constants[2] = settings[2] / settings[1];
  return nullptr;
}

}  // namespace

HWY_EXPORT(SomaKernels);

CellEntry soma() {
  using From = ConstantFacts::From;
  return {.name = "Soma",
          .summary = "superconducting dendrite that fires while its current is above a threshold",
          .params = {{.name = "phi_offset", .value = 0.23, .unit = "Phi_0", .help = "flux added to what arrives"},
                     {.name = "bias_current", .value = 1.7, .min = 0, .unit = "I_c", .help = "bias of the dendrite"},
                     {.name = "gamma_plus", .value = 0.001, .min = 1e-10, .help = "gain, 1/beta_L", .log = true},
                     {.name = "gamma_minus", .value = 0.001, .min = 1e-10, .help = "leak, alpha/beta_L", .log = true},
                     {.name = "threshold", .value = 0, .unit = "I_c", .help = "current above which it fires"}},
          .constants = {{"kind", From::parameters, 0, "which surrogate slope"},
                        {"width", From::parameters, 1, "its width"},
                        {"height", From::parameters, 1, "its height"}},
          .states = {{.name = "z", .help = "1 where the current is above the threshold, else 0", .memoryless = true},
                     {.name = "s", .help = "integrated current, I_c"}},
          .ports = {"phi"},
          .source = "RateArray",
          .dt = 37,
          .scales_with_dt = true,
          .fires = true,
          .observables = {"phi", "g"},
          .settings = with_surrogate({}, 1, "its width, I_c"),
          .derive = derive_soma,
          .kernels = [](int source) { return HWY_DYNAMIC_DISPATCH(SomaKernels)(source); }};
}
}  // namespace dynode
#endif
