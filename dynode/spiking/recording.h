// Recordings of spikes, and what clusters of neurons did in them.
//
//   spikes ──▶ cluster_rates ──▶ get_activity ──▶ [smooth_activity] ──▶ extract_attractors (attractors.h)
//
// Time counts in steps; a spike of step t fell between t·dt and (t + 1)·dt and is said to be at t·dt.
// Names and rules are those of VectorialNeuroModulators.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "dynode/base/error.h"

namespace dynode::spiking {

/// Who fired when in one run.
struct Recording {
  double                dt    = 0.0005;  // s
  int64_t               steps = 0;
  std::vector<uint32_t> step, neuron;  // [spikes], steps not falling
  std::vector<int32_t>  labels;        // [neurons] label of its population, e.g. 1 …

  /// @throws ShapeError, SpecError  where lists differ in length, or a spike is of no step or no neuron
  void check() const;
};

/// A number for each row (cluster) and column (step).
template <class T>
struct Table {
  size_t         rows = 0, columns = 0;
  std::vector<T> values;  // [rows][columns]

  T&       operator()(size_t row, size_t column) { return values[row * columns + column]; }
  const T& operator()(size_t row, size_t column) const { return values[row * columns + column]; }
};
using Rates    = Table<double>;   // Hz
using Activity = Table<uint8_t>;  // 1: active

struct Kernel {
  enum class Type { gaussian, box };
  Type                  type      = Type::gaussian;
  double                param     = 20;  // gaussian: its deviation in steps; box: its width in ms
  std::optional<double> kernel_ms = {};  // deviation or width in ms, instead of param
};

/// Mean rate of the neurons of each label, labels ascending, smoothed along time: by a Gaussian cut at four deviations
/// and mirrored at the ends, or by a box that sees no spikes beyond them. [labels][steps]; the first
/// `n_excitatory_clusters` labels alone where given.
/// @throws SpecError  if the kernel has no width or there are fewer labels
Rates cluster_rates(const Recording& recording, const Kernel& kernel = {},
                    std::optional<size_t> n_excitatory_clusters = {});

struct ActivitySpec {
  std::vector<double> baseline_rate = {};  // Hz; one for all, one per cluster, or none: each cluster's mean over time
  bool                first_pass    = false;  // above the baseline is active
  int                 max_iters     = 50;
  double              tol           = 20;  // Hz
};

/// When clusters are active: above a common threshold that climbs from the baseline to the mean rate of what is active
/// until it is within `tol` of it.
Activity get_activity(const Rates& rates, const ActivitySpec& spec = {});

/// Fills pauses shorter than `minimal_length_ms` between two active stretches of a cluster.
Activity smooth_activity(const Activity& activity, double minimal_length_ms = 100, double dt_ms = 0.5);

/// How many whole steps a duration has, forgiving the rounding of its digits: 20 ms of 0.1 ms are 200.
int64_t whole_steps(double duration, double dt);

}  // namespace dynode::spiking
