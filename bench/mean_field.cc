// Question: what does the mean-field theory cost: one answer of a population, a fixed point of many, a landscape?
//
// The transfer function over a cloud of inputs around the threshold, by tables and by the formulas behind them; a fixed
// point of the clustered network of 38 populations from starts with 0 … 18 active clusters; the reduced landscape of a
// network of two clusters (4 populations), 120 × 120 points, by one thread and by one per core. Double precision.
#include <cmath>
#include <fmt/format.h>
#include <vector>

#include "calibrate.h"
#include "dynode/base/random.h"
#include "dynode/mean_field/config.h"
#include "dynode/mean_field/fixed_points.h"
#include "dynode/mean_field/landscape.h"

using namespace dynode;
using namespace dynode::mean_field;

namespace {

/// Two excitatory clusters, the excitatory rest, inhibition.
Populations two_clusters() {
  const std::vector<double> c(4, 128), nu(4, 7);
  Populations p{.c_matrix = {16, 16, 96, 80, 16, 16, 96, 80, 16, 16, 96, 80, 40, 40, 240, 80},
                .j_matrix = {0.566, 0.0283, 0.0283, -0.375, 0.0283, 0.566, 0.0283, -0.375, 0.0283, 0.0283, 0.0283, -0.375,
                             0.0884, 0.0884, 0.0884, -0.343},
                .c_ext = c, .j_ext = {0.5127, 0.5127, 0.5127, 0.4561}, .nu_ext = nu, .neurons = {}};
  for (double threshold : {4.86, 4.86, 4.86, 5.98}) p.neurons.push_back({.threshold = threshold});
  return p;
}

}  // namespace

int main() {
  struct Point {
    double mu, sigma;
  };
  Random             random(1, "inputs");
  std::vector<Point> cloud(20000);
  for (Point& p : cloud) p = {-1 + 4 * random.uniform(), 0.1 + random.uniform()};
  const Neuron neuron{.threshold = 1.5};
  volatile double sink = 0;
  const auto      each = [&](auto f) {
    return 1e9 / double(cloud.size()) * bench::fastest([&] {
      for (const Point& p : cloud) sink = sink + f(p);
    });
  };
  fmt::print("transfer function                      ns each\n");
  fmt::print("  rate, by tables              {:10.1f}\n",
             each([&](const Point& p) { return transfer_rate(p.mu, p.sigma, neuron); }));
  fmt::print("  with its slopes              {:10.1f}\n",
             each([&](const Point& p) { return transfer(p.mu, p.sigma, neuron).d_mu; }));
  fmt::print("  with its slopes, by formulas {:10.1f}\n",
             each([&](const Point& p) { return transfer_by_formulas(p.mu, p.sigma, neuron).d_mu; }));

  const ClusteredNetwork net    = clustered_network(Value::map({}));
  const size_t           k      = size_t(net.clusters.n_clusters), p = net.populations.size();
  const auto             starts = cluster_starts(p, k);
  int                    converged = 0, evaluations = 0;
  const double           seconds = bench::fastest([&] {
    converged = evaluations = 0;
    for (const auto& start : starts) {
      const Solution solution = solve(net.populations, start);
      converged += solution.converged, evaluations += solution.evaluations;
    }
  });
  fmt::print("fixed point of {} populations: {:.3f} ms, mean of {} starts of which {} converged; {:.0f} evaluations each\n", p,
             1e3 * seconds / double(starts.size()), starts.size(), converged, double(evaluations) / double(starts.size()));

  const Populations   small = two_clusters();
  LandscapeSpec       spec{.limits = {{0, 60}}, .density = 0.5, .ambient = {0, 0, 3, 12}};
  for (int threads : {1, 0}) {
    spec.threads = threads;
    fmt::print("landscape of 120 x 120 points, {}: {:.3f} s\n", threads ? "one thread" : "one thread per core",
               bench::fastest([&] { sink = sink + reduced_landscape(small, spec).force[0]; }, 2));
  }
  return 0;
}
