// Synapses that inputs x open, gathered by the neurons they reach: outputs [0, neurons) are the currents, the next ones
// the conductances of all neurons.
//
//   current j = Σᵢ Rᵢⱼ eᵢⱼ   conductance j = Σᵢ Rᵢⱼ     Rᵢⱼ = wᵢⱼ s(σᵢⱼ (xᵢ − µᵢⱼ))
//
// A unit stands for an input and for an output; there are as many as either needs.
// Source: Hasani et al. 2021, Liquid time-constant networks.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/cells/sensory_synapses.cc"
#include <hwy/foreach_target.h>
#include <algorithm>
#include "dynode/cells/liquid_synapses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

/// The conductances in an array of currents and conductances.
template <class R>
size_t conductances(const StepArgs<R>& a) {
  return size_t(a.settings.numbers[0]) * (a.slab.layout == Layout::tiles ? a.slab.stride : 1);
}

template <class R>
void sensory_step(const StepArgs<R>& a) {
  const Synapses<R> synapses(a, 0);
  const R* const    x    = a.drive[0];
  R* const          num  = a.next[0];
  R* const          den  = num + conductances(a);
  std::fill_n(num, a.slab.size(), R(0));
  if (a.slab.layout == Layout::rows)
    for (size_t row = 0, at = 0; row < a.slab.rows; ++row, at += a.slab.stride) open_row(synapses, x + at, num + at, den + at);
  else if (a.slab.stride == Lane<R>::width) open_lanes<1>(synapses, x, num, den);
  else open_lanes<2>(synapses, x, num, den);
}

template <class R>
void sensory_pull(const PullArgs<R>& b) {
  const StepArgs<R>&   a = b.step;
  const Synapses<R>    synapses(a, 0);
  const SynapseBars<R> bars(b.params_bar, 0);
  const R* const       x = a.drive[0];
  R* const             num_bar = b.lambda[0];
  R* const             den_bar = num_bar + conductances(a);
  R* const             x_bar = b.drive_bar[0];
  std::fill_n(x_bar, a.slab.size(), R(0));
  if (a.slab.layout == Layout::rows)
    for (size_t row = 0, at = 0; row < a.slab.rows; ++row, at += a.slab.stride)
      pull_row(synapses, x + at, num_bar + at, den_bar + at, x_bar + at, bars);
  else if (a.slab.stride == Lane<R>::width) pull_lanes<1>(synapses, x, num_bar, den_bar, x_bar, bars);
  else pull_lanes<2>(synapses, x, num_bar, den_bar, x_bar, bars);
  std::fill_n(num_bar, a.slab.size(), R(0));
}

/// Duals follow one unit at a time, so there is no second adjoint: differences of the step judge the only one.
template <class R>
StepKernels<R> sensory_kernels() {
  return {sensory_step<R>, sensory_pull<R>, sensory_pull<R>, nullptr, nullptr, nullptr};
}

CellKernels SensorySynapsesKernels() { return {sensory_kernels<float>(), sensory_kernels<double>()}; }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dynode {
HWY_EXPORT(SensorySynapsesKernels);

CellEntry sensory_synapses() {
  const auto synapse = [](const char* name, double value, const char* help) {
    return ParamFacts{.name = name, .value = value, .help = help, .per_synapse = true};
  };
  return {.name = "SensorySynapses",
          .summary = "conductance synapses of inputs, gathered by the neurons they reach",
          .params = {synapse("w", 0.5, "conductance of an open synapse"),
                     synapse("sigma", 5.5, "steepness of its opening"),
                     synapse("mu", 0.55, "input at which it is half open"),
                     synapse("erev", 1, "reversal potential")},
          .states = {{.name = "s", .help = "currents, then conductances", .memoryless = true}},
          .ports = {"x"},
          .internal = true,
          .static_map = true,
          .couples_units = true,
          .settings = {{.name = "neurons", .min = 0, .max = 1e7, .whole = true, .help = "neurons that are reached"}},
          .kernels = [](int) { return HWY_DYNAMIC_DISPATCH(SensorySynapsesKernels)(); }};
}
}  // namespace dynode
#endif
