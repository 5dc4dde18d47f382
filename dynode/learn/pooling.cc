// Pooling over time. All ways but max, rms and none are weighted sums over a window of steps.
#include "dynode/learn/pooling.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dynode/base/entries.h"

namespace dynode {
namespace {

using Kind = Pooling::Kind;

constexpr double kRmsFloor = 1e-8;   // inside the root: keeps the slope finite where a unit is silent
constexpr size_t kStripe   = 32;     // units summed at a time, in double, on the stack
constexpr double kNone     = std::numeric_limits<double>::quiet_NaN();   // a fact without a default

/// Steps begin ≤ t < end.
struct Window { size_t begin, end; };

Window window(const Pooling& pooling, size_t steps) {
  const auto T = int64_t(steps);
  switch (pooling.kind) {
    case Kind::final: return {steps - 1, steps};
    case Kind::mean_last_n: return {steps - size_t(std::clamp<int64_t>(pooling.n, 1, T)), steps};
    case Kind::mean_range: {
      const int64_t start = std::clamp<int64_t>(pooling.range_start.value_or(T - std::min<int64_t>(50, T)), 0, T - 1);
      const int64_t end   = std::clamp<int64_t>(pooling.range_end.value_or(T), start + 1, T);
      return {size_t(start), size_t(end)};
    }
    default: return {0, steps};
  }
}

/// Weight of step t of a weighted sum, scale included; `first` and `rate` are set once per call.
class StepWeights {
 public:
  StepWeights(const Pooling& pooling, size_t steps) : window_(window(pooling, steps)) {
    const bool decays = pooling.kind == Kind::ewa && steps > 1;
    if (decays) log_m_ = std::log(std::clamp(pooling.min_weight, 1e-6, 1.0)), last_ = double(steps - 1);
    double sum = 0;
    for (size_t t = window_.begin; t < window_.end; ++t) sum += raw(t);
    factor_ = pooling.scale / sum;
  }
  Window steps() const { return window_; }
  double operator()(size_t t) const { return factor_ * raw(t); }

 private:
  double raw(size_t t) const { return log_m_ == 0 ? 1 : std::exp(log_m_ * (1 - double(t) / last_)); }

  Window window_;
  double log_m_ = 0, last_ = 1, factor_ = 1;
};

/// Calls body(first unit, units of this stripe) for stripes of at most kStripe units.
template <class Body>
void for_stripes(size_t units, Body body) {
  for (size_t c = 0; c < units; c += kStripe) body(c, std::min(kStripe, units - c));
}

/// Root mean square over time of up to kStripe units from unit c on.
template <class R>
void stripe_rms(const R* x, size_t steps, size_t units, size_t c, size_t width, double* rms) {
  std::fill_n(rms, width, 0.0);
  for (size_t t = 0; t < steps; ++t)
    for (size_t i = 0; i < width; ++i) rms[i] += double(x[t * units + c + i]) * double(x[t * units + c + i]);
  for (size_t i = 0; i < width; ++i) rms[i] = std::sqrt(rms[i] / double(steps) + kRmsFloor);
}

/// First step at which unit c is largest; NaN counts as largest, so that it is not hidden.
template <class R>
size_t step_of_maximum(const R* x, size_t steps, size_t units, size_t c) {
  size_t best = 0;
  for (size_t t = 1; t < steps && !std::isnan(x[best * units + c]); ++t)
    if (!(x[t * units + c] <= x[best * units + c])) best = t;
  return best;
}

}  // namespace

const std::vector<PoolingEntry>& poolings() {
  const Fact scale{.name = "scale", .value = 1, .help = "factor on the pooled numbers"};
  static const std::vector<PoolingEntry> entries = {
      {"final", "the last step", {scale}, Kind::final},
      {"mean", "mean over all steps", {scale}, Kind::mean},
      {"max", "largest value over time", {scale}, Kind::max},
      {"mean_last_n",
       "mean over the last n steps",
       {{.name = "n", .kind = ArgumentKind::integer, .value = 1, .min = 1, .help = "steps; cut to the length of a run"},
        scale},
       Kind::mean_last_n},
      {"rms", "root of the mean square over time", {scale}, Kind::rms},
      {"mean_range",
       "mean over a range of steps",
       {{.name  = "range_start",
         .kind  = ArgumentKind::integer,
         .value = kNone,
         .help  = "first step; when missing, 50 steps before the end of the run"},
        {.name  = "range_end",
         .kind  = ArgumentKind::integer,
         .value = kNone,
         .help  = "step behind the last one; when missing, the end of the run"},
        scale},
       Kind::mean_range},
      {"ewa",
       "mean with weights that grow exponentially towards the end",
       {{.name = "min_weight", .value = 0.2, .min = 1e-6, .max = 1, .help = "weight of the first step, the last has 1"},
        scale},
       Kind::ewa},
      {"none", "every step, not pooled", {scale}, Kind::none},
  };
  return entries;
}

const PoolingEntry& find_pooling(std::string_view name, const At& at) {
  return find_entry(poolings(), "time pooling", name, at);
}

Pooling make_pooling(const PoolingEntry& entry, const Arguments& arguments) {
  const auto whole = [&](const char* name) -> std::optional<int> {
    if (!arguments.has(name) || std::isnan(arguments.number(name))) return {};
    return int(std::clamp(arguments.number(name), -1e9, 1e9));
  };
  Pooling pooling{.kind = entry.kind};
  if (entry.kind == Kind::mean_last_n) pooling.n = whole("n").value_or(1);
  if (entry.kind == Kind::mean_range) {
    pooling.range_start = whole("range_start");
    pooling.range_end   = whole("range_end");
  }
  if (entry.kind == Kind::ewa) pooling.min_weight = arguments.number("min_weight");
  pooling.scale = arguments.number("scale");
  return pooling;
}

size_t pooled_steps(const Pooling& pooling, size_t steps) {
  if (pooling.segment > 0) return (steps - std::min(steps, pooling.skip)) / pooling.segment;
  return pooling.kind == Kind::none ? steps : 1;
}

size_t pooled_size(const Pooling& pooling, size_t steps, size_t units) { return pooled_steps(pooling, steps) * units; }

size_t reads_from_step(const Pooling& pooling, size_t steps) {
  return pooling.segment > 0 ? pooling.skip : window(pooling, steps).begin;
}

/// The same for one stretch.
static Pooling of_segment(Pooling pooling) {
  pooling.segment = pooling.skip = 0;
  return pooling;
}

template <class R>
void pool(const Pooling& pooling, const R* x, size_t steps, size_t units, R* pooled) {
  if (pooling.segment > 0) {
    for (size_t k = 0; k < pooled_steps(pooling, steps); ++k)
      pool(of_segment(pooling), x + (pooling.skip + k * pooling.segment) * units, pooling.segment, units, pooled + k * units);
    return;
  }
  const double scale = pooling.scale;
  if (pooling.kind == Kind::none) {
    for (size_t i = 0; i < steps * units; ++i) pooled[i] = R(scale * x[i]);
  } else if (pooling.kind == Kind::max) {
    for (size_t c = 0; c < units; ++c) pooled[c] = R(scale * x[step_of_maximum(x, steps, units, c) * units + c]);
  } else if (pooling.kind == Kind::rms) {
    for_stripes(units, [&](size_t c, size_t width) {
      double rms[kStripe];
      stripe_rms(x, steps, units, c, width, rms);
      for (size_t i = 0; i < width; ++i) pooled[c + i] = R(scale * rms[i]);
    });
  } else {
    const StepWeights weight(pooling, steps);
    for_stripes(units, [&](size_t c, size_t width) {
      double sum[kStripe] = {};
      for (size_t t = weight.steps().begin; t < weight.steps().end; ++t) {
        const double w = weight(t);
        for (size_t i = 0; i < width; ++i) sum[i] += w * x[t * units + c + i];
      }
      for (size_t i = 0; i < width; ++i) pooled[c + i] = R(sum[i]);
    });
  }
}

template <class R>
void pool_adjoint(const Pooling& pooling, const R* x, size_t steps, size_t units, const R* pooled_bar, R* x_bar) {
  if (pooling.segment > 0) {
    for (size_t k = 0; k < pooled_steps(pooling, steps); ++k) {
      const size_t at = (pooling.skip + k * pooling.segment) * units;
      pool_adjoint(of_segment(pooling), x + at, pooling.segment, units, pooled_bar + k * units, x_bar + at);
    }
    return;
  }
  const double scale = pooling.scale;
  if (pooling.kind == Kind::none) {
    for (size_t i = 0; i < steps * units; ++i) x_bar[i] += R(scale * pooled_bar[i]);
  } else if (pooling.kind == Kind::max) {
    for (size_t c = 0; c < units; ++c)
      x_bar[step_of_maximum(x, steps, units, c) * units + c] += R(scale * pooled_bar[c]);
  } else if (pooling.kind == Kind::rms) {
    for_stripes(units, [&](size_t c, size_t width) {
      double slope[kStripe];   // ∂rms/∂x = x / (T · rms)
      stripe_rms(x, steps, units, c, width, slope);
      for (size_t i = 0; i < width; ++i) slope[i] = scale * pooled_bar[c + i] / (double(steps) * slope[i]);
      for (size_t t = 0; t < steps; ++t)
        for (size_t i = 0; i < width; ++i) x_bar[t * units + c + i] += R(slope[i] * x[t * units + c + i]);
    });
  } else {
    const StepWeights weight(pooling, steps);
    for (size_t t = weight.steps().begin; t < weight.steps().end; ++t) {
      const double w = weight(t);
      for (size_t c = 0; c < units; ++c) x_bar[t * units + c] += R(w * pooled_bar[c]);
    }
  }
}

template void pool(const Pooling&, const float*, size_t, size_t, float*);
template void pool(const Pooling&, const double*, size_t, size_t, double*);
template void pool_adjoint(const Pooling&, const float*, size_t, size_t, const float*, float*);
template void pool_adjoint(const Pooling&, const double*, size_t, size_t, const double*, double*);

}  // namespace dynode
