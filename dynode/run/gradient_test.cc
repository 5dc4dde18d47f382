// The gradient is the slope of the loss: random networks against central differences, in double.
#include <cmath>
#include <gtest/gtest.h>
#include <set>

#include "dynode/run/network_test.h"

namespace dynode {
namespace {

/// (8 (f(h) − f(−h)) − (f(2h) − f(−2h))) / 12h: error ∝ h⁴
template <class Loss>
double slope(double& x, const Loss& loss) {
  const double h = 5e-4, here = x;
  const auto   at = [&](double shift) {
    x                  = here + shift;
    const double value = loss();
    x                  = here;
    return value;
  };
  return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
}

/// Compares the gradient of one case with differences, relative to the largest of its block; counts what it compared.
void check_gradient(uint64_t seed, NetworkCase<double>& c, size_t& checked) {
  auto                     engine = c.engine();
  const GradientOf<double> g      = c.gradient(*engine);
  const auto               loss   = [&] {
    engine->set_parameters(c.theta);
    return c.loss(*engine);
  };
  ASSERT_NEAR(g.loss, loss(), 1e-12 * std::abs(g.loss) + 1e-12);

  const auto compare = [&](const std::string& what, const double* gradient, double* x, size_t size, size_t most,
                           auto&& there) {
    double scale = 1e-3;
    for (size_t i = 0; i < size; ++i) scale = std::max(scale, std::abs(gradient[i]));
    for (size_t i : Random(seed, what).choose(size, std::min(size, most))) {
      if (!there(i)) continue;
      const double numeric = slope(x[i], loss);
      ++checked;
      ASSERT_NEAR(gradient[i], numeric, 1e-7 * scale) << what << "[" << i << "], " << case_name(seed, *c.plan);
    }
  };
  const auto always = [](size_t) { return true; };
  for (const Block& b : c.plan->parameters.blocks()) {
    if (!b.learnable) continue;
    // absent weights stay zero
    const auto there = [&](size_t i) { return b.mask.empty() || b.mask[i]; };
    for (size_t i = 0; i < b.size(); ++i)
      if (!there(i)) { ASSERT_EQ(g.theta[b.offset + i], 0.0) << b.name; }
    compare(b.name, g.theta.data() + b.offset, c.theta.data() + b.offset, b.size(), 8, there);
  }
  compare("x", g.x.data(), c.x.data(), c.x.size(), 6, always);
  for (size_t i = 0; i < c.initial_layers.size(); ++i)
    compare("initial state of " + c.plan->layers[size_t(c.initial_layers[i])].name, g.initial[i].data(),
            c.initial_values[i].data(), c.initial_values[i].size(), 4, always);
}

TEST(Gradient, IsTheSlopeOfTheLossInRandomNetworks) {
  const size_t              width   = dense_kernels<double>().width;
  const std::vector<size_t> rows    = {1, 3, width, width + 2};
  size_t                    checked = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    NetworkCase<double> c(random_spec(seed), rows[seed % rows.size()], 3 + seed % 5);
    check_gradient(seed, c, checked);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(checked, 10000u);
}

TEST(Gradient, RandomNetworksReachEveryCornerOfThePlan) {
  std::set<std::string> kinds, seen;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const auto plan = compile(random_spec(seed));
    for (const LayerPlan& l : plan->layers) {
      kinds.insert(l.cell->name);
      if (l.start_block >= 0) seen.insert("learnt initial state");
      if (l.own_dt && plan->dt_block >= 0) seen.insert("own dt beside a learnt one");
      if (l.takes_flux) seen.insert("flux");
      if (l.is_input) seen.insert("state");
      if (!l.polarity.empty()) seen.insert("polarity");
    }
    for (const Block& b : plan->parameters.blocks()) {
      if (!b.mask.empty()) seen.insert("mask");
      if (!b.learnable) seen.insert("fixed");
      if (b.rectified) seen.insert("weights through relu");
    }
    for (const Stage& s : plan->stages) {
      if (s.layers.size() > 1) seen.insert("loop");
      if (s.layers.size() == 1 && s.recurrent) seen.insert("self");
      if (!s.recurrent) seen.insert("chain");
    }
    for (const ConnectionPlan& c : plan->connections) {
      seen.insert(c.lag ? "late" : "fresh");
      if (c.sparse) seen.insert(c.weights < 0 ? "constant lists" : "lists");
    }
    if (plan->dt_block >= 0) seen.insert("dt");
  }
  EXPECT_EQ(kinds.size(), cells().size());
  EXPECT_EQ(seen, (std::set<std::string>{"learnt initial state", "own dt beside a learnt one", "flux", "state",
                                         "polarity", "mask", "fixed", "loop", "self", "chain", "late", "fresh", "dt",
                                         "lists", "constant lists", "weights through relu"}));
}

}  // namespace
}  // namespace dynode
