// The best margin of capacity.h, a small semidefinite program, by a barrier method:
//
//   minimise −t γ − Σ ln(dᵀΠd − γ) − ln det Π − ln det(I − Π)   over γ and symmetric Π with tr Π = M,   t rising
//
// Newton's steps in the entries of Π on and above the diagonal. Source: Boyd & Vandenberghe 2004, chapter 11.
#include <cmath>
#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <fmt/format.h>

#include "dynode/spiking/capacity.h"

namespace dynode::spiking {
namespace {

using Matrix = Eigen::MatrixXd;
using Vector = Eigen::VectorXd;

struct Program {
  Matrix d;  // [pairs][C]
  double m;

  Vector squares(const Matrix& pi) const { return (d * pi).cwiseProduct(d).rowwise().sum(); }

  /// Infinite outside the constraints.
  double barrier(const Matrix& pi, double gamma, double t) const {
    const Vector slack = squares(pi).array() - gamma;
    if (!(slack.minCoeff() > 0)) return HUGE_VAL;
    const Matrix             rest = Matrix::Identity(pi.rows(), pi.cols()) - pi;
    const Eigen::LLT<Matrix> low(pi), high(rest);
    if (low.info() != Eigen::Success || high.info() != Eigen::Success) return HUGE_VAL;
    const auto log_det = [](const Eigen::LLT<Matrix>& l) {
      return 2 * Matrix(l.matrixL()).diagonal().array().log().sum();
    };
    return -t * gamma - slack.array().log().sum() - log_det(low) - log_det(high);
  }
};

}  // namespace

double margin_of(const std::vector<double>& projection, const Table<double>& differences) {
  const size_t n = differences.columns;
  if (projection.size() != n * n)
    throw ShapeError("projection", {int64_t(n), int64_t(n)}, {int64_t(projection.size())});
  double least = HUGE_VAL;
  for (size_t k = 0; k < differences.rows; ++k) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i)
      for (size_t j = 0; j < n; ++j) sum += differences(k, i) * projection[i * n + j] * differences(k, j);
    least = std::min(least, sum);
  }
  return least;
}

Margin full_margin(size_t clusters, size_t k, double dimensions) {
  const double c = double(clusters), scale = std::min(dimensions / (c - 1), 1.0);
  Margin       best{2 * scale / double(k), std::vector<double>(clusters * clusters, -scale / c)};
  for (size_t i = 0; i < clusters; ++i) best.projection[i * clusters + i] += scale;
  return best;
}

Margin best_margin(const Table<double>& differences, double dimensions) {
  const size_t n = differences.columns, pairs = differences.rows;
  if (pairs == 0)
    throw SpecError({.path = "vocabulary"}, "no two states differ by one swap: there is nothing to tell apart");
  if (!(dimensions > 0 && dimensions <= double(n)))
    throw SpecError({.path = "M"},
                    fmt::format("must be above 0 and at most {}, the number of clusters; got {}", n, dimensions));
  const Eigen::Index c = Eigen::Index(n), unknowns = c * (c + 1) / 2 + 1;
  Program            program{Matrix(Eigen::Index(pairs), c), dimensions};
  for (size_t k = 0; k < pairs; ++k)
    for (size_t i = 0; i < n; ++i) program.d(Eigen::Index(k), Eigen::Index(i)) = differences(k, i);

  Matrix pi = Matrix::Identity(c, c) * (dimensions / double(n));
  if (dimensions < double(n)) {  // else Π = I is all there is
    const Matrix one   = Matrix::Identity(c, c);
    double       gamma = program.squares(pi).minCoeff() - 1;
    for (double t = 1; (double(pairs) + 2 * double(n)) / t > 1e-10; t *= 8) {
      for (int step = 0; step < 60; ++step) {
        const Vector slack = program.squares(pi).array() - gamma;
        const Matrix low = pi.inverse(), high = (one - pi).inverse();
        // gradient and Hessian: entry (i, j), i ≤ j, of Π stands for both it and (j, i)
        Matrix hessian = Matrix::Zero(unknowns + 1, unknowns + 1);
        Vector slope   = Vector::Zero(unknowns + 1);
        Matrix swing(Eigen::Index(pairs), unknowns);  // ∂(dᵀΠd − γ)
        Vector trace = Vector::Zero(unknowns);
        for (Eigen::Index i = 0, p = 0; i < c; ++i)
          for (Eigen::Index j = i; j < c; ++j, ++p) {
            const double both = i == j ? 1 : 2;
            swing.col(p)      = both * program.d.col(i).cwiseProduct(program.d.col(j));
            slope[p]          = both * (high(i, j) - low(i, j));
            trace[p]          = i == j;
            for (Eigen::Index k = 0, q = 0; k < c; ++k)
              for (Eigen::Index l = k; l < c; ++l, ++q)
                hessian(p, q) =
                    both * (k == l ? 1 : 2) / 2 *
                    (low(i, k) * low(l, j) + low(i, l) * low(k, j) + high(i, k) * high(l, j) + high(i, l) * high(k, j));
          }
        swing.col(unknowns - 1).setConstant(-1);
        slope[unknowns - 1]  = -t;
        const Vector inverse = slack.cwiseInverse();
        slope.head(unknowns) -= swing.transpose() * inverse;
        hessian.topLeftCorner(unknowns, unknowns) += swing.transpose() * inverse.cwiseAbs2().asDiagonal() * swing;
        hessian.col(unknowns).head(unknowns) = trace;
        hessian.row(unknowns).head(unknowns) = trace.transpose();
        slope[unknowns]                      = pi.trace() - dimensions;
        const Vector change                  = -hessian.partialPivLu().solve(slope);
        const double decrement               = -change.head(unknowns).dot(slope.head(unknowns));
        if (!change.allFinite() || decrement < 1e-10) break;

        Matrix move(c, c);
        for (Eigen::Index i = 0, p = 0; i < c; ++i)
          for (Eigen::Index j = i; j < c; ++j, ++p) move(i, j) = move(j, i) = change[p];
        const double here  = program.barrier(pi, gamma, t);
        double       share = 1;
        while (share > 1e-12 && !(program.barrier(pi + share * move, gamma + share * change[unknowns - 1], t) <
                                  here - 0.01 * share * decrement))
          share /= 2;
        if (share <= 1e-12) break;
        pi += share * move, gamma += share * change[unknowns - 1];
      }
    }
  }
  Margin best{program.squares(pi).minCoeff(), std::vector<double>(n * n)};
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < n; ++j) best.projection[i * n + j] = pi(Eigen::Index(i), Eigen::Index(j));
  return best;
}

}  // namespace dynode::spiking
