// A trained network of rate units with Dale's law becomes a network of spiking ones that solves the same task.
//
//   RateParts     net   = RateRNN::load("net.mat").parts();
//   ScalingSearch found = search_scaling(net, task, {.trials = 100, .threads = 0});
//   Model       spiking = to_spiking(net, {.scaling_factor = found.best().factor});
//
//   rate     input ──w_in──▶ x, r = f(x) ──w_out──▶ o               one step: 5 ms
//   spiking  input ──w_in──▶ LIF units ⇉ W/λ ⇉ themselves           one step: 50 µs, each input held for 100
//                              └─▶ filter: rates ──w_out/λ──▶ out
//
// The converted network is an ordinary spec of the layers Input, DoubleExponentialLIF, DoubleExponentialFilter and Linear,
// in double precision. Units keep their time constants, as those of the synaptic currents they receive.
// Source: Kim, Li, Sejnowski 2019, Simple framework for constructing functional spiking recurrent neural networks.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dynode/models/rate.h"
#include "dynode/run/engine.h"
#include "dynode/tasks/task.h"

namespace dynode::rate {

/// How the spiking network is made. Times in seconds, voltages in mV.
struct SpikingSettings {
  double scaling_factor = 50;     // λ: recurrent and output weights are divided by it
  int    downsample     = 1;      // every so many input columns are taken, steps are so many times longer
  double dt = 5e-5, rate_step = 5e-3;   // of LIF steps (times downsample) and of rate steps
  double tau_membrane = 0.010, tau_rise = 0.002, tau_refractory = 0.002;
  double threshold = -40, reset_voltage = -65, bias_current = -40;
  double membrane_noise = 0.1;    // deviation, per step
  bool   noise_grows_with_dt = false;   // the noise of a step is then √downsample times larger
  bool   use_initial_weights = false;   // those before training, with their time constants
  bool   readout_bias = false;    // adds the bias of the rate network's readout
  std::vector<size_t> stimulated = {};  // units that the input's last channel, an extra one, moves directly (mV per step)

  double step() const { return dt * downsample; }
  /// LIF steps for each column of input that is taken.
  size_t steps_per_column() const { return size_t(rate_step / dt + 0.5); }
};

/// @param threads  that its runs take; 0: one per core
/// @throws SpecError  on settings outside their ranges; ShapeError  where arrays of the network do not fit
Model to_spiking(const RateParts& net, const SpikingSettings& settings, int threads = 1);

/// Columns of a rate network's input as the spiking one takes them: thinned, and held.
/// @param u  [rows][columns][inputs], column k for time k · rate_step
/// @return   [rows][(taken columns − 1) · steps_per_column][inputs]
Array held_input(const Array& u, const SpikingSettings& settings);

/// Voltages before the first step, uniform from the reset voltage to 95 mV above it: [rows][units] of state 1/V.
InitialStates spiking_start(const SpikingSettings& settings, uint64_t seed, size_t first_row, size_t rows, size_t units);

/// One trial of a converted network.
struct SpikingTrial {
  int64_t label   = 0;
  bool    correct = false;
  double  peak    = 0;                // the output of largest size within the answer
  double  response_time = 0;          // s, when the output first went beyond 0.7; NaN: never
  double  rate_excitatory = 0, rate_inhibitory = 0;   // Hz, means over units
  std::vector<double> output = {};    // [steps][outputs], where asked for
  std::vector<Spike>  spikes = {};    // where asked for; row 0
};

struct TrialsWanted {
  uint64_t seed  = 1;
  size_t   first = 0, count = 100;    // trials `first` onwards of the task's batch 0
  bool     keep  = false;             // outputs and spikes
};

/// Runs trials of a task and judges them by the task's rule, as TaskEntry::spiking says. A trial goes on for one rate
/// step after the task's last, and its last input column holds on.
std::vector<SpikingTrial> run_trials(Model& spiking, const RateParts& net, const SpikingSettings& settings,
                                     const Task& task, const TrialsWanted& wanted);

/// How trials with one scaling factor went.
struct ScalingScore {
  double              factor = 0;
  size_t              trials = 0, correct = 0;
  std::vector<size_t> label_trials = {}, label_correct = {};   // per label of the task
  double              rate_excitatory = 0, rate_inhibitory = 0, response_time = 0;   // means

  double share() const { return trials ? double(correct) / double(trials) : 0; }
  /// Ends of the 95 % interval of the share (Wilson 1927).
  double low() const;
  double high() const;
};
ScalingScore score_of(double factor, const Task& task, const std::vector<SpikingTrial>& trials);

struct SearchOptions {
  std::vector<double> factors = {20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75};
  size_t   trials     = 100;
  uint64_t seed       = 1;
  int      threads    = 1;            // 0: one per core
  bool     stop_early = false;        // after two neighbours without a fault
};

struct ScalingSearch {
  std::vector<ScalingScore> scores;   // in the order of the factors
  /// The first with the largest share.
  const ScalingScore& best() const;
};

/// The same trials with every factor.
ScalingSearch search_scaling(const RateParts& net, const Task& task, const SearchOptions& options = {},
                             SpikingSettings settings = {});

}  // namespace dynode::rate
