#include "dynode/analysis/spectrum.h"

#include <algorithm>
#include <Eigen/Eigenvalues>

#include "dynode/base/error.h"

namespace dynode {

std::vector<std::complex<double>> eigenvalues(std::span<const double> matrix, size_t n) {
  expects(matrix.size() == n * n, "a square matrix has n · n entries");
  if (n == 0) return {};
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::MatrixXd a = Eigen::Map<const Rows>(matrix.data(), Eigen::Index(n), Eigen::Index(n));
  const auto            values = Eigen::EigenSolver<Eigen::MatrixXd>(a, false).eigenvalues().eval();
  std::vector<std::complex<double>> list(values.begin(), values.end());
  std::ranges::stable_sort(list, [](const auto& x, const auto& y) { return std::abs(x) > std::abs(y); });
  return list;
}

double spectral_radius(std::span<const double> matrix, size_t n) {
  const auto list = eigenvalues(matrix, n);
  return list.empty() ? 0 : std::abs(list.front());
}

}  // namespace dynode
