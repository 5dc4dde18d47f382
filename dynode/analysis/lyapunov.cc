#include "dynode/analysis/lyapunov.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <functional>

#include "dynode/base/error.h"
#include "dynode/base/random.h"

namespace dynode {
namespace {

double dot(const double* a, const double* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// Gram-Schmidt, twice for accuracy. @param length  [count] of what is left of each vector once the earlier are taken out
void orthonormalise(double* frame, size_t count, size_t n, double* length) {
  for (size_t i = 0; i < count; ++i) {
    double* v = frame + i * n;
    for (int pass = 0; pass < 2; ++pass)
      for (size_t j = 0; j < i; ++j) {
        const double share = dot(v, frame + j * n, n);
        for (size_t k = 0; k < n; ++k) v[k] -= share * frame[j * n + k];
      }
    length[i] = std::sqrt(dot(v, v, n));
    for (size_t k = 0; k < n && length[i] > 0; ++k) v[k] /= length[i];
  }
}

}  // namespace

std::vector<double> lyapunov_exponents(StateMap& map, std::span<const double> states, std::span<const double> x,
                                       size_t rows, size_t count, size_t align) {
  const size_t n = map.size(), width = map.input_width(), steps = states.size() / (rows * n) - 1;
  if (count < 1 || count > n)
    throw SpecError({}, fmt::format("there are {} Lyapunov exponents, not {}", n, count),
                    fmt::format("ask for 1 to {}", n));
  expects(align < steps && x.size() == rows * steps * width, "trajectories are longer than the steps that align");

  std::vector<double> frame(rows * count * n), at(rows * count * n), input(rows * count * width), length(count);
  std::vector<double> sums(rows * count);
  Random              random(1, "Lyapunov exponents");
  for (double& v : frame) v = random.normal();
  for (size_t row = 0; row < rows; ++row) orthonormalise(frame.data() + row * count * n, count, n, length.data());
  for (size_t t = steps; t-- > 0;) {
    for (size_t i = 0; i < rows * count; ++i) {
      const size_t row = i / count;
      std::copy_n(states.data() + (row * (steps + 1) + t) * n, n, at.data() + i * n);
      std::copy_n(x.data() + (row * steps + t) * width, width, input.data() + i * width);
    }
    frame = map.pull(at, input, frame);
    for (size_t row = 0; row < rows; ++row) {
      orthonormalise(frame.data() + row * count * n, count, n, length.data());
      for (size_t i = 0; i < count && t + align < steps; ++i) sums[row * count + i] += std::log(length[i]);
    }
  }
  for (double& s : sums) s /= double(steps - align) * map.dt();
  for (size_t row = 0; row < rows; ++row)
    std::sort(sums.begin() + ptrdiff_t(row * count), sums.begin() + ptrdiff_t((row + 1) * count), std::greater<>());
  return sums;
}

}  // namespace dynode
