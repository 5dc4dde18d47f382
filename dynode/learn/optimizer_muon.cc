// Muon, for matrices G [rows][columns]: the momentum, made nearly orthogonal.
//
//   B ← μB + (1−μ)G     U = B, nesterov: (1−μ)G + μB     X = U/|U|
//   X ← aX + (bA + cA²)X with A = XXᵀ, some times: every singular value comes near 1     θ ← (1 − η·decay)θ − η s X
//
// s = √max(1, rows/columns), or 0.2 √max(rows, columns), with which steps are as long as Adam's. Singular values end
// between 0.7 and 1.2, but for those below 1e-3 of the largest, which come later.
// Sources: Jordan et al. 2024, Muon: an optimizer for hidden layers; Liu et al. 2025, Muon is scalable (the other s).
#include <algorithm>
#include <cmath>

#include "dynode/learn/optimizer.h"

namespace dynode {
namespace {

/// out [n][p] = a [n][m] b [m][p], sums in ascending order.
template <class R>
void multiply(const R* a, const R* b, size_t n, size_t m, size_t p, R* out) {
  std::fill_n(out, n * p, R(0));
  for (size_t i = 0; i < n; ++i)
    for (size_t k = 0; k < m; ++k) {
      const R           factor = a[i * m + k];
      const R*          from   = b + k * p;
      R* __restrict     to     = out + i * p;
      for (size_t j = 0; j < p; ++j) to[j] += factor * from[j];
    }
}

template <class R>
std::vector<R> transposed(const std::vector<R>& x, size_t rows, size_t columns) {
  std::vector<R> result(x.size());
  for (size_t i = 0; i < rows; ++i)
    for (size_t j = 0; j < columns; ++j) result[j * rows + i] = x[i * columns + j];
  return result;
}

}  // namespace

template <class R>
void orthogonalise(std::vector<R>& x, size_t rows, size_t columns, int steps) {
  constexpr R a = R(3.4445), b = R(-4.7750), c = R(2.0315);
  expects(x.size() == rows * columns, "a matrix has rows · columns entries");
  if (rows > columns) {   // the product below is the smaller one
    x = transposed(x, rows, columns);
    orthogonalise(x, columns, rows, steps);
    x = transposed(x, columns, rows);
    return;
  }
  double squares = 0;
  for (const R v : x) squares += double(v) * double(v);
  const R        shrink = R(1 / (std::sqrt(squares) + 1e-7));
  std::vector<R> product(rows * rows), square(rows * rows), next(x.size());
  for (R& v : x) v *= shrink;
  for (int step = 0; step < steps; ++step) {
    multiply(x.data(), transposed(x, rows, columns).data(), rows, columns, rows, product.data());
    multiply(product.data(), product.data(), rows, rows, rows, square.data());
    for (size_t i = 0; i < product.size(); ++i) product[i] = b * product[i] + c * square[i];
    multiply(product.data(), x.data(), rows, rows, columns, next.data());
    for (size_t i = 0; i < x.size(); ++i) x[i] = a * x[i] + next[i];
  }
}

template <class R>
void muon_step(const ParameterBlock& block, const OptimizerSettings& s, double lr, R* theta, const R* grad, R* m) {
  const size_t   size = block.rows * block.columns;
  const R        mu = R(s.momentum), fresh = R(1 - s.momentum);
  std::vector<R> update(size);
  for (size_t i = 0; i < size; ++i) {
    m[i]      = mu * m[i] + fresh * grad[i];
    update[i] = s.nesterov ? fresh * grad[i] + mu * m[i] : m[i];
  }
  orthogonalise(update, block.rows, block.columns, s.ns_steps);
  const double rows = double(block.rows), columns = double(block.columns);
  const double reach = s.match_adam ? 0.2 * std::sqrt(std::max(rows, columns)) : std::sqrt(std::max(1.0, rows / columns));
  const double rate  = lr * block.lr_scale;
  const R      keep = R(1 - rate * (block.decay ? s.weight_decay : 0)), eta = R(rate * reach);
  for (size_t i = 0; i < size; ++i) theta[i] = theta[i] * keep - eta * update[i];
}

template void orthogonalise(std::vector<float>&, size_t, size_t, int);
template void orthogonalise(std::vector<double>&, size_t, size_t, int);
template void muon_step(const ParameterBlock&, const OptimizerSettings&, double, float*, const float*, float*);
template void muon_step(const ParameterBlock&, const OptimizerSettings&, double, double*, const double*, double*);

}  // namespace dynode
