// Signals to drive networks with: constant, sines and squares, and random ones with a given spectrum or correlation.
//
//   constant   value
//   gaussian   mean + std · n[t]                         white
//   coloured   mean + std · filtered n[t]                power spectrum ∝ f^−beta, no mean of its own
//   sine       offset + amplitude · sin(2π f t + phase)
//   square     offset + amplitude · sign(sin(2π f t + phase))
//   gp         a Gaussian process, covariance std² exp(−(t − t′)² / 2 length²)
//
// A random signal is a function of (seed, row, channel): more rows or channels leave the others as they are.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/facts.h"
#include "dynode/base/random.h"

namespace dynode {

/// The longest run of `gp`: its covariance has steps² numbers.
inline constexpr size_t kMostProcessSteps = 4096;

struct SignalArgs {
  const Arguments& arguments;    // checked against the facts of the kind
  double           step_time;    // s
  size_t           steps;
};

struct SignalEntry {
  const char*       name;
  const char*       summary;
  std::vector<Fact> facts;
  /// One channel. `prepared` is what `prepare` made, the same for all channels.
  std::vector<double> (*make)(const SignalArgs& args, const std::vector<double>& prepared, Random& random);
  std::vector<double> (*prepare)(const SignalArgs& args) = nullptr;
};

/// All kinds of signals.
const std::vector<SignalEntry>& signals();

/// @throws SpecError  naming the nearest, if there is none called `name`
const SignalEntry& find_signal(std::string_view name, const At& at = {});

/// Signals [rows][steps][channels]. @param step_time  seconds per step, > 0
/// @throws SpecError  a process of more than kMostProcessSteps steps
std::vector<double> make_signals(const SignalEntry& kind, const Arguments& arguments, size_t rows, size_t steps, size_t channels,
                                 double step_time, uint64_t seed);

/// Shifts and stretches numbers so that they reach from low to high; constant ones become low.
void rescale(std::vector<double>& values, double low, double high);

}  // namespace dynode
