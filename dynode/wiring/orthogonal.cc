// orthogonal: rows (or, with more targets than sources, columns) of equal length at right angles, evenly distributed.
//
// Gaussian vectors, each made orthogonal to those before it (Gram–Schmidt, twice against rounding): the Q of a QR
// decomposition whose R has a positive diagonal. Source: Saxe, McClelland & Ganguli 2014.
#include <algorithm>
#include <cmath>

#include "dynode/base/random.h"
#include "dynode/wiring/initialisers.h"

namespace dynode {
namespace {

double dot(const double* a, const double* b, size_t size) {
  double sum = 0;
  for (size_t i = 0; i < size; ++i) sum += a[i] * b[i];
  return sum;
}

std::vector<double> orthogonal(const InitialiserArgs& args) {
  const size_t to = args.mask.to, from = args.mask.from;
  const size_t count = std::min(to, from), length = std::max(to, from);
  const double gain  = args.arguments.number("gain");

  std::vector<double> q(count * length);   // [count][length]
  for (double& x : q) x = args.random.normal();
  for (size_t k = 0; k < count; ++k) {
    double* now = q.data() + k * length;
    for (int pass = 0; pass < 2; ++pass)
      for (size_t before = 0; before < k; ++before) {
        const double* other = q.data() + before * length;
        const double  along = dot(now, other, length);
        for (size_t i = 0; i < length; ++i) now[i] -= along * other[i];
      }
    const double norm = std::sqrt(dot(now, now, length));
    for (size_t i = 0; i < length; ++i) now[i] /= norm;
  }

  std::vector<double> weights(to * from);
  for (size_t i = 0; i < to; ++i)
    for (size_t j = 0; j < from; ++j)
      weights[i * from + j] = gain * (to <= from ? q[i * length + j] : q[j * length + i]);
  return weights;
}

}  // namespace

InitialiserEntry orthogonal_initialiser() {
  return {.name    = "orthogonal",
          .summary = "orthogonal matrix",
          .facts   = {{.name = "gain", .value = 1, .help = "length of each vector"}},
          .make    = orthogonal};
}

}  // namespace dynode
