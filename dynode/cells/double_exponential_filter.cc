// Filter of spikes, or of anything else: rises and decays, with an integral of 1 per unit of input.
//   dr/dt = −r/τ_d + h        dh/dt = −h/τ_r + x/(τ_r τ_d)              τ_r = 0: x/τ_d acts on r at once
//   r′ = e_d r + dt h + x_at_once x        h′ = e_r h + x_later x        [exact decays]
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/double_exponential_filter.cc"
#include <hwy/foreach_target.h>
#include "dynode/cells/pointwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

struct DoubleExponentialFilter {
  template <class V> struct State  { V r, h; };
  template <class V> struct Ports  { V x; };
  template <class V> struct Params { V tau_rise, tau_decay, rise, x_at_once, x_later; };   // the last three: constants

  template <class V, class F>
  static HWY_INLINE State<V> step(const State<V>& s, const Ports<V>& in, const Params<V>& p, const V& dt, const F&) {
    const V e_d = exp(-dt / p.tau_decay), e_r = exp(-dt / p.rise);
    return {s.r * e_d + s.h * dt + in.x * p.x_at_once, s.h * e_r + in.x * p.x_later};
  }
};

CellKernels DoubleExponentialFilterKernels() { return pointwise_kernels<DoubleExponentialFilter>(); }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
namespace {

/// Parameters and constants in the order of DoubleExponentialFilter::Params.
const char* derive(const double* params, double, const double*, double* constants) {
  const double rise = params[0], decay = params[1];
  constants[0] = rise == 0 ? 1 : rise;   // h stays 0 then
  constants[1] = rise == 0 ? 1 / decay : 0;
  constants[2] = rise == 0 ? 0 : 1 / (rise * decay);
  return nullptr;
}

}  // namespace

HWY_EXPORT(DoubleExponentialFilterKernels);

CellEntry double_exponential_filter() {
  using From = ConstantFacts::From;
  return {.name = "DoubleExponentialFilter",
          .summary = "rise and decay of what arrives, spikes above all: a rate for each unit",
          .params = {{.name = "tau_rise", .value = 0.002, .min = 0, .unit = "unit of dt",
                      .help = "time constant of the rise; 0: at once", .learn = false},
                     {.name = "tau_decay", .value = 0.05, .min = 1e-9, .unit = "unit of dt",
                      .help = "time constant of the decay", .learn = false}},
          .constants = {{"rise", From::parameters, 0, "time constant of the rise where there is one"},
                        {"x_at_once", From::parameters, 0, "what input adds in its own step"},
                        {"x_later", From::parameters, 0, "what it adds to the rise"}},
          .states = {{.name = "s", .help = "filtered input"}, {.name = "h", .help = "its rise"}},
          .ports = {"x"},
          .dt = 0.00005,
          .derive = derive,
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(DoubleExponentialFilterKernels)(); }};
}
}  // namespace dynode
#endif
