// Pooling over time: from the outputs of all steps of one row to the numbers a loss or a metric looks at.
//
//   x [steps][units], without the entry of t = 0  ──▶  pooled [units]   (none: [steps][units])
//
//   final        x[T−1]                      mean         Σ x / T
//   max          largest over time           mean_last_n  mean of the last n steps, n cut to 1…T
//   rms          √(Σ x² / T + 1e-8)          mean_range   mean of steps start ≤ t < end, cut so that one step remains
//   none         every step                  ewa          weights m^(1 − t/(T−1)), normalised; m = weight of t = 0
//
// All of them are multiplied by `scale`. With `segment` each stretch of so many steps is pooled by itself: [stretches][units].
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/facts.h"

namespace dynode {

struct Pooling {
  enum class Kind { final, mean, max, mean_last_n, rms, mean_range, ewa, none };

  Kind               kind = Kind::final;
  int                n    = 1;            // mean_last_n
  std::optional<int> range_start = {};    // mean_range; missing: min(50, T) steps before the end of the run
  std::optional<int> range_end   = {};    // mean_range, behind the last step; missing: T
  double             min_weight = 0.2;    // ewa, cut to [1e-6, 1]
  double             scale      = 1;
  size_t             segment    = 0;      // pool stretches of so many steps, one after the other; 0: all steps at once
  size_t             skip       = 0;      // steps before the first stretch
};

struct PoolingEntry {
  const char*       name;
  const char*       summary;
  std::vector<Fact> facts;
  Pooling::Kind     kind;
};

/// All ways of pooling, in the order of the manual.
const std::vector<PoolingEntry>& poolings();

/// @throws SpecError  naming the nearest one, if there is none called `name`
const PoolingEntry& find_pooling(std::string_view name, const At& at = {});

/// Settings out of checked arguments.
Pooling make_pooling(const PoolingEntry& entry, const Arguments& arguments);

/// Positions that are left of `steps`: 1, of stretches their number, of none all.
size_t pooled_steps(const Pooling& pooling, size_t steps);
/// Numbers per row: pooled_steps · units.
size_t pooled_size(const Pooling& pooling, size_t steps, size_t units);

/// First step whose output matters; earlier ones have no adjoint.
size_t reads_from_step(const Pooling& pooling, size_t steps);

/// Pools one row.
/// @param x       [steps][units], steps ≥ 1
/// @param pooled  [pooled_size]
template <class R>
void pool(const Pooling& pooling, const R* x, size_t steps, size_t units, R* pooled);

/// Adjoint of pool: x_bar += (∂pooled/∂x)ᵀ pooled_bar. Where several steps share the maximum, the first gets it.
/// @param pooled_bar  [pooled_size]
/// @param x_bar       [steps][units]
template <class R>
void pool_adjoint(const Pooling& pooling, const R* x, size_t steps, size_t units, const R* pooled_bar, R* x_bar);

}  // namespace dynode
