// What every benchmark shares: the core's peak, and the time of the fastest of many short runs.
#pragma once
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>

#include "dynode/kernels/dense.h"

namespace dynode::bench {

/// Seconds on the clock: wall time, or with DYNODE_BENCH_CLOCK=cpu the processor time of this process, for machines
/// that others use too (meaningless for several threads).
inline double now() {
  static const char* name = std::getenv("DYNODE_BENCH_CLOCK");
  if (name && std::string(name) == "cpu") return double(std::clock()) / CLOCKS_PER_SEC;
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Seconds of the fastest run within a time budget; one warm-up first.
inline double fastest(const std::function<void()>& run, double budget = 0.4) {
  run();
  double best = 1e9, spent = 0;
  for (int n = 0; n < 3 || (spent < budget && n < 5000); ++n) {
    const double start   = now();
    run();
    const double seconds = now() - start;
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
