#include "dynode/learn/resample.h"

#include <algorithm>
#include <cmath>

namespace dynode {

template <class T>
std::vector<T> resample_time(const std::vector<T>& x, size_t rows, size_t steps, size_t width, size_t to) {
  if (to == steps) return x;
  std::vector<T> y(rows * to * width);
  for (size_t t = 0; t < to; ++t) {
    const double place = std::clamp((double(t) + 0.5) * double(steps) / double(to) - 0.5, 0.0, double(steps - 1));
    const size_t below = std::min(size_t(place), steps - 1), above = std::min(below + 1, steps - 1);
    const double share = place - double(below);
    for (size_t row = 0; row < rows; ++row) {
      const T *a = &x[(row * steps + below) * width], *b = &x[(row * steps + above) * width];
      T*       out = &y[(row * to + t) * width];
      for (size_t i = 0; i < width; ++i) out[i] = T(double(a[i]) + share * (double(b[i]) - double(a[i])));
    }
  }
  return y;
}

template std::vector<float>  resample_time(const std::vector<float>&, size_t, size_t, size_t, size_t);
template std::vector<double> resample_time(const std::vector<double>&, size_t, size_t, size_t, size_t);

std::vector<size_t> nearest_steps(size_t steps, size_t to) {
  std::vector<size_t> nearest(to);
  for (size_t t = 0; t < to; ++t) nearest[t] = std::min((2 * t + 1) * steps / (2 * to), steps - 1);
  return nearest;
}

}  // namespace dynode
