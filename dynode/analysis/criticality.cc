#include "dynode/analysis/criticality.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dynode {

double branching_ratio(std::span<const double> sent, std::span<const double> received) {
  double sum = 0, count = 0;
  for (size_t i = 0; i < sent.size(); ++i)
    if (received[i] > 0) sum += sent[i] / received[i], ++count;
  return count > 0 ? sum / count : 0;
}

double susceptibility(std::span<const double> states, size_t rows, size_t steps, size_t units) {
  double total = 0;
  for (size_t row = 0; row < rows; ++row) {
    double sum = 0, squares = 0;
    for (size_t t = 0; t < steps; ++t) {
      double activity = 0;
      for (size_t u = 0; u < units; ++u) activity += states[(row * steps + t) * units + u] / double(units);
      sum += activity, squares += activity * activity;
    }
    const double mean = sum / double(steps);
    total += std::max(0.0, squares / double(steps) - mean * mean);
  }
  return total / double(rows);
}

double log_expansion(std::span<const double> states, std::span<const double> twins, size_t rows, size_t steps, size_t units) {
  double sum = 0, count = 0;
  for (size_t row = 0; row < rows; ++row) {
    double before = 0;
    for (size_t t = 0; t < steps; ++t) {
      double square = 0;
      for (size_t u = 0; u < units; ++u) {
        const size_t i = (row * steps + t) * units + u;
        square += (states[i] - twins[i]) * (states[i] - twins[i]);
      }
      const double distance = std::sqrt(square);
      if (t > 0 && before > 0 && distance > 0) sum += std::log(distance / before), ++count;
      before = distance;
    }
  }
  return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

double power_law_slope(std::span<const double> values, size_t bins) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  if (values.empty()) return none;
  const auto [low, high] = std::ranges::minmax(values);
  if (!(low > 0) || high <= low) return none;
  const double        step = std::log(high / low) / double(bins);
  std::vector<double> count(bins);
  for (const double v : values) ++count[std::min(bins - 1, size_t(std::log(v / low) / step))];
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (size_t k = 0; k < bins; ++k) {
    if (count[k] == 0) continue;
    const double from = low * std::exp(double(k) * step), width = from * (std::exp(step) - 1);
    const double a = std::log(from) + step / 2, b = std::log(count[k] / width);
    ++n, x += a, y += b, xx += a * a, xy += a * b;
  }
  return n < 2 ? none : (n * xy - x * y) / (n * xx - x * x);
}

Avalanches avalanches(std::span<const double> states, size_t rows, size_t steps, size_t units, double threshold) {
  Avalanches found;
  for (size_t row = 0; row < rows; ++row) {
    double size = 0, duration = 0;
    for (size_t t = 0; t <= steps; ++t) {
      size_t active = 0;
      for (size_t u = 0; t < steps && u < units; ++u) active += std::abs(states[(row * steps + t) * units + u]) > threshold;
      if (active > 0) {
        size += double(active), ++duration;
      } else if (duration > 0) {
        found.sizes.push_back(size), found.durations.push_back(duration);
        size = duration = 0;
      }
    }
  }
  found.size_slope     = power_law_slope(found.sizes);
  found.duration_slope = power_law_slope(found.durations);
  return found;
}

}  // namespace dynode
