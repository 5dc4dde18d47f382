// Waveforms of stimuli: what a stimulated neuron receives besides its synapses.
#pragma once
#include <string_view>
#include <vector>

#include "dynode/base/error.h"

namespace dynode::mean_field {

enum class StimulusShape {
  box,       // the amplitude, for `duration`
  linear,    // a ramp from 0 to the amplitude in `duration`, then 0
  diff2exp,  // A γ (e^{−t/τ_decay} − e^{−t/τ_rise}) to the end of the run, with its peak at A
};

/// @throws SpecError  listing the shapes, if there is none of this name
StimulusShape stimulus_shape(std::string_view name, const At& at = {});

struct Stimulus {
  StimulusShape       shape          = StimulusShape::diff2exp;
  double              total_duration = 2.5;                  // s
  std::vector<double> onsets         = {};                   // s; their contributions add up
  double              duration       = 2.5;                  // s
  double              amplitude      = 0;
  double              delta_t        = 1e-3;                 // s, > 0
  double              tau_rise = 0.075, tau_decay = 0.1;     // s, > 0; equal ones give A (t/τ) e^{1−t/τ}
};

/// The value of every step, [total_duration/delta_t]. Times become whole steps: those that have begun, up to rounding.
/// @throws SpecError  if a number is out of range
std::vector<double> waveform(const Stimulus& stimulus);

}  // namespace dynode::mean_field
