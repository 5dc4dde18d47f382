#include "dynode/analysis/principal_components.h"

#include <algorithm>
#include <cmath>
#include <Eigen/Eigenvalues>

#include "dynode/base/error.h"

namespace dynode {

using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

PrincipalComponents principal_components(std::span<const double> states, size_t size) {
  expects(size > 0 && !states.empty() && states.size() % size == 0, "there are whole states");
  const auto count = Eigen::Index(states.size() / size), n = Eigen::Index(size);
  const Eigen::Map<const Rows> all(states.data(), count, n);
  const Eigen::RowVectorXd     mean     = all.colwise().mean();
  const Rows                   centred  = all.rowwise() - mean;
  const Eigen::MatrixXd        products = centred.transpose() * centred / double(count);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(products);

  PrincipalComponents pc{.size = size, .mean = {mean.begin(), mean.end()}, .variance = {}, .axes = {}};
  for (Eigen::Index k = n; k-- > 0;) {
    Eigen::VectorXd axis = solver.eigenvectors().col(k);
    Eigen::Index    largest;
    axis.cwiseAbs().maxCoeff(&largest);
    if (axis[largest] < 0) axis = -axis;
    pc.variance.push_back(std::max(0.0, solver.eigenvalues()[k]));
    pc.axes.insert(pc.axes.end(), axis.begin(), axis.end());
  }
  return pc;
}

std::vector<double> PrincipalComponents::explained() const {
  double sum = 0;
  for (double v : variance) sum += v;
  std::vector<double> shares;
  for (double v : variance) shares.push_back(sum > 0 ? v / sum : 0);
  return shares;
}

std::vector<double> PrincipalComponents::project(std::span<const double> states, size_t components) const {
  expects(states.size() % size == 0 && components <= size, "states have the size of the components");
  const auto count = Eigen::Index(states.size() / size), n = Eigen::Index(size), k = Eigen::Index(components);
  const Eigen::Map<const Rows>               all(states.data(), count, n), directions(axes.data(), k, n);
  const Eigen::Map<const Eigen::RowVectorXd> middle(mean.data(), n);
  const Rows                                 places = (all.rowwise() - middle) * directions.transpose();
  return {places.data(), places.data() + places.size()};
}

}  // namespace dynode
