// Sensory synapses: their sum written out one by one, and its slopes. Currents and conductances meet in the same units
// here (no neurons), since a slab of the tests has no more units than synapses have targets.
#include <gtest/gtest.h>

#include "dynode/cells/slab_test.h"

namespace dynode {
namespace {

enum Param { w, sigma, mu, erev };

std::vector<SlabShape> shapes() {
  const size_t width = dense_kernels<double>().width;
  return {{Layout::tiles, width}, {Layout::tiles, 2 * width}, {Layout::rows, 1}, {Layout::rows, 3}};
}

/// Visits all synapses of a SlabRun.
template <class Visit>
void each_synapse(const Visit& visit) {
  size_t k = 0;
  for (size_t from = 0; from < kUnits; ++from)
    for (size_t to = 0; to < kUnits; ++to)
      if (synapse_exists(from, to)) visit(k++, from, to);
}

TEST(SensorySynapses, AddUpWhatEachOfThemLetsThrough) {
  for (const SlabShape& shape : shapes()) {
    SlabRun<double> run(*find_cell("SensorySynapses"), 0, shape);
    run.step();
    for (size_t row = 0; row < shape.rows; ++row) {
      std::vector<double> sum(kUnits);
      each_synapse([&](size_t k, size_t from, size_t to) {
        const double x = run.drive[0][run.at(row, from)];
        sum[to] += run.params[w][k] / (1 + std::exp(-run.params[sigma][k] * (x - run.params[mu][k]))) * (run.params[erev][k] + 1);
      });
      for (size_t unit = 0; unit < kUnits; ++unit) EXPECT_NEAR(run.next[0][run.at(row, unit)], sum[unit], 1e-14);
    }
  }
}

TEST(SensorySynapses, HaveTheSlopesOfTheirSum) {
  for (const SlabShape& shape : shapes()) {
    SlabRun<double> run(*find_cell("SensorySynapses"), 0, shape);
    const std::vector<double> lambda(run.lambda[0].begin(), run.lambda[0].end());
    const auto                slope = [&](double& x) {
      const double h = 1e-6, here = x;
      double       sum = 0;
      for (double sign : {1.0, -1.0}) {
        x = here + sign * h;
        run.step();
        for (size_t row = 0; row < shape.rows; ++row)
          for (size_t unit = 0; unit < kUnits; ++unit)
            sum += sign * lambda[run.at(row, unit)] * run.next[0][run.at(row, unit)];
      }
      x = here;
      return sum / (2 * h);
    };
    run.step(), run.pull();
    for (size_t row = 0; row < shape.rows; ++row)
      for (size_t unit = 0; unit < kUnits; ++unit) {
        EXPECT_NEAR(run.drive_bar[0][run.at(row, unit)], slope(run.drive[0][run.at(row, unit)]), 1e-7);
        EXPECT_EQ(run.lambda[0][run.at(row, unit)], 0) << "there is no state before";
      }
    each_synapse([&](size_t k, size_t, size_t) {
      for (size_t p = 0; p < 4; ++p) EXPECT_NEAR(run.param_bar(p, k), slope(run.params[p][k]), 1e-7) << "parameter " << p;
    });
  }
}

}  // namespace
}  // namespace dynode
