// Noise for a whole slab: independent uniform or normal numbers, functions of (key, step, row, unit) alone (philox.h).
#pragma once
#include "dynode/kernels/dense.h"
#include "dynode/kernels/philox.h"

namespace dynode {

/// Where in a run a slab of noise belongs.
struct NoisePlace {
  PhiloxKey key;             // noise_key(seed, site, pass)
  uint32_t  step = 0;
  uint32_t  first_row = 0;   // row of the whole batch that is row 0 (or lane 0) of the slab
  uint32_t  draw = 0;        // tells several slabs of one site and step apart
};

template <class R>
struct NoiseKernels {
  /// [0, 1). Float keeps 24 bits of the word, double 31. Padding units of rows become zero.
  void (*uniform)(const Slab& slab, const NoisePlace& place, R* to);

  /// Mean 0, deviation 1, |x| ≤ 6.7. Float and double agree to rounding. Padding units of rows become zero.
  void (*normal)(const Slab& slab, const NoisePlace& place, R* to);

  /// to = from + mean + deviation · normal, both per unit and padded to whole vectors; mean null: 0. `from` may be `to`.
  void (*add)(const Slab& slab, const NoisePlace& place, const R* deviation, const R* mean, const R* from, R* to);

  /// to = from · (1 + deviation · normal). `from` may be `to`.
  void (*scale)(const Slab& slab, const NoisePlace& place, const R* deviation, const R* from, R* to);
};

/// The kernels for this processor.
template <class R> NoiseKernels<R> noise_kernels();
template <> NoiseKernels<float>  noise_kernels();
template <> NoiseKernels<double> noise_kernels();

}  // namespace dynode
