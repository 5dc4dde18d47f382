// Networks of spiking layers alone, without an input array: nothing is kept but the state of now and who fired lately.
//
//   for step:
//     for every share of units, on its own thread:   drives, one step of the cells in place, who fired
//     for every share of units, on its own thread:   what arrives at the end of this step is added to their states
//
// Every unit is of one share, and what arrives at it is summed connection by connection, from long delays to short ones,
// by source; in float, drawn delays are read in windows of neighbours and summed ahead (SynapseLists::packed). The bits do
// not depend on the number of threads.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "dynode/base/threads.h"
#include "dynode/run/engine.h"

namespace dynode {

/// Everything that the steps to come depend on.
template <class R>
struct EventState {
  size_t                                   step = 0;  // steps of all runs so far
  uint64_t                                 pass = 0;  // whose random numbers go on
  std::vector<std::vector<std::vector<R>>> states;    // per layer and state [rows][units]
  std::vector<std::vector<Spike>>          recent;    // per layer: spikes that may still be on their way, by step
};

template <class R>
class EventNetwork {
 public:
  /// Builds the synapses, on all threads. @param plan, prepared, threads  are referred to
  EventNetwork(const Plan& plan, const Prepared<R>& prepared, Threads& threads);
  ~EventNetwork();

  /// Whether a plan is such a network.
  static bool fits(const Plan& plan) { return plan.spiking != nullptr; }

  /// Takes the weights that `prepared` has now.
  void set_weights();

  /// @throws NumericsError  where a voltage stops being finite
  void simulate(const RunInput<R>& input, std::span<const Record<R>> records);

  size_t synapses() const;  // in all
  size_t bytes() const;     // of their lists

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dynode
