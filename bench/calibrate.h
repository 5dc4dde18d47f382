// What every benchmark shares: the core's peak, and the time of the fastest of many short runs.
#pragma once
#include <chrono>
#include <functional>

#include "dynode/kernels/dense.h"

namespace dynode::bench {

/// Seconds of the fastest run within a time budget; one warm-up first.
inline double fastest(const std::function<void()>& run, double budget = 0.4) {
  using Clock = std::chrono::steady_clock;
  run();
  double best = 1e9, spent = 0;
  for (int n = 0; n < 3 || (spent < budget && n < 5000); ++n) {
    const auto   start   = Clock::now();
    run();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::min(best, seconds), spent += seconds;
  }
  return best;
}

/// Multiply-adds per second of this core, ·2, in GFLOP/s. Measured beside every number: clocks wander.
template <class R>
double peak() {
  const auto   kernels = dense_kernels<R>();
  const double flops   = 2.0 * 24 * double(kernels.width) * 100000;
  volatile double sink = 0;
  return flops / fastest([&] { sink = sink + kernels.spin(100000); }, 0.05) / 1e9;
}

}  // namespace dynode::bench
