// The gradient is the slope of the loss: random networks against central differences, in double.
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <set>

#include "dynode/run/network_test.h"

namespace dynode {
namespace {

struct Slope {
  double value, error;  // how far off `value` may be
};

/// Slope of f at 0, where each value of f is off by at most `noise`.
///
/// D(h) = (8 (f(h) − f(−h)) − (f(2h) − f(−2h))) / 12h is off by c h⁴ + …, so D(h) − D(h/2) is fifteen times the error of
/// D(h/2) and bounds it with a wide margin; noise adds at most 18 noise / (12 h/2).
template <class F>
Slope slope(const F& f, double h, double noise) {
  const auto D = [&](double s) { return (8 * (f(s) - f(-s)) - (f(2 * s) - f(-2 * s))) / (12 * s); };
  const double wide = D(h), narrow = D(h / 2);
  return {narrow, std::abs(wide - narrow) + 3 * noise / h};
}

/// Numbers of the loss that may be moved, and the gradient with respect to them.
struct Part {
  std::string         name;
  double*             x;
  const double*       gradient;
  std::vector<size_t> movable;  // places
};

std::vector<Part> parts_of(NetworkCase<double>& c, const GradientOf<double>& g) {
  std::vector<Part> parts;
  const auto        add = [&](const std::string& name, std::vector<double>& x, const std::vector<double>& gradient,
                       size_t offset, size_t size, const std::vector<uint8_t>& mask) {
    Part p{name, x.data() + offset, gradient.data() + offset, {}};
    for (size_t i = 0; i < size; ++i) {
      if (mask.empty() || mask[i]) p.movable.push_back(i);
      else EXPECT_EQ(p.gradient[i], 0.0) << "absent weights have no gradient: " << name << "[" << i << "]";
    }
    if (!p.movable.empty()) parts.push_back(std::move(p));
  };
  for (const Block& b : c.plan->parameters.blocks())
    if (b.learnable) add(b.name, c.theta, g.theta, b.offset, b.size(), b.mask);
  add("x", c.x, g.x, 0, c.x.size(), {});
  for (size_t i = 0; i < c.initial_layers.size(); ++i)
    add("initial state of " + c.plan->layers[size_t(c.initial_layers[i])].name, c.initial_values[i], g.initial[i], 0,
        c.initial_values[i].size(), {});
  return parts;
}

struct Tally {
  size_t compared = 0, kinks = 0;
};

/// Compares the gradient of one case with the slopes of its loss: of every part along random directions and for a few
/// numbers alone, and along one direction of everything at once.
void check_gradient(uint64_t seed, NetworkCase<double>& c, double h, bool kinks, Tally& tally) {
  auto                     engine = c.engine();
  const GradientOf<double> g      = c.gradient(*engine);
  // rounding of the loss: each of its terms is the end of many operations, whose errors cancel more often than they add
  const double noise = 30 * 0x1p-53 * c.loss_size(*engine);

  // steps along a direction: (places, how far each goes)
  struct Step {
    Part*               part;
    std::vector<double> direction;
  };
  const auto along = [&](std::vector<Step> steps, const std::string& what) {
    double length = 0, expected = 0, largest = 0;
    for (const Step& s : steps)
      for (double d : s.direction) length += d * d;
    std::vector<std::vector<double>> here;
    for (Step& s : steps) {
      here.emplace_back();
      for (size_t k = 0; k < s.direction.size(); ++k) {
        const size_t i = s.part->movable[k];
        s.direction[k] /= std::sqrt(length);
        expected += s.direction[k] * s.part->gradient[i];
        largest = std::max(largest, std::abs(s.part->gradient[i]));
        here.back().push_back(s.part->x[i]);
      }
    }
    const auto loss = [&](double distance) {
      for (size_t n = 0; n < steps.size(); ++n)
        for (size_t k = 0; k < here[n].size(); ++k)
          steps[n].part->x[steps[n].part->movable[k]] = here[n][k] + distance * steps[n].direction[k];
      engine->set_parameters(c.theta);
      return c.loss(*engine);
    };
    Slope numeric = slope(loss, h, noise);
    // a kink close by may slip between the points and bend both differences alike; shorter steps leave it outside
    if (kinks && std::abs(expected - numeric.value) > numeric.error) numeric = slope(loss, h / 8, noise);
    loss(0);
    const double tolerance = numeric.error + 1e-12 * largest, scale = std::max(largest, 1.0);
    // where a kink lies between the points, both differences mean nothing, and differ
    if (kinks && tolerance > 1e-4 * scale) return void(++tally.kinks);
    ++tally.compared;
    const std::string where = what + ", " + case_name(seed, *c.plan);
    if (!kinks) { ASSERT_LT(tolerance, 1e-6 * scale) << "differences say nothing: " << where; }
    ASSERT_NEAR(expected, numeric.value, tolerance) << where;
  };

  ASSERT_NEAR(g.loss, c.loss(*engine), noise);
  std::vector<Part> parts = parts_of(c, g);
  Random            random(seed, "directions");
  const auto        draw = [&](Part& p) {
    Step s{&p, std::vector<double>(p.movable.size())};
    for (double& d : s.direction) d = random.normal();
    return s;
  };
  std::vector<Step> everything;
  for (Part& p : parts) {
    along({draw(p)}, "a direction of " + p.name);
    along({draw(p)}, "another direction of " + p.name);
    for (size_t k : random.choose(p.movable.size(), std::min<size_t>(p.movable.size(), 3))) {
      Step one{&p, std::vector<double>(p.movable.size())};
      one.direction[k] = 1;
      along({one}, p.name + "[" + std::to_string(p.movable[k]) + "]");
    }
    everything.push_back(draw(p));
    if (testing::Test::HasFatalFailure()) return;
  }
  along(everything, "a direction of everything");
}

const std::vector<size_t>& row_counts() {
  static const size_t              width = dense_kernels<double>().width;
  static const std::vector<size_t> rows  = {1, 3, width, width + 2};
  return rows;
}

TEST(Gradient, IsTheSlopeOfTheLossInRandomNetworks) {
  Tally tally;
  for (uint64_t seed = 1; seed <= kRandomNetworks; ++seed) {
    NetworkCase<double> c(random_spec(seed), row_counts()[seed % 4], 3 + seed % 5);
    check_gradient(seed, c, 1e-3, false, tally);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(tally.compared, 60 * kRandomNetworks);
}

/// Functions with kinks have slopes between them. Steps are so short that few of them cross one, and rounding alone
/// decides how well the slope is known.
TEST(Gradient, IsTheSlopeBetweenTheKinksOfRandomNetworks) {
  Tally tally;
  for (uint64_t seed = 1; seed <= kRandomNetworks; ++seed) {
    NetworkCase<double> c(random_spec(seed, {.smooth = false}), row_counts()[seed % 4], 3 + seed % 5);
    check_gradient(seed, c, 1e-7, true, tally);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(tally.compared, 60 * kRandomNetworks);
  EXPECT_LT(tally.kinks, tally.compared / 20);
}

TEST(Gradient, RandomNetworksReachEveryCornerOfThePlan) {
  std::set<std::string> kinds, seen;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const auto plan = compile(random_spec(seed, {.smooth = seed % 2 == 0}));
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
  EXPECT_EQ(kinds.size(), size_t(std::count_if(cells().begin(), cells().end(), [](const auto& c) { return !c.fires; })));
  EXPECT_EQ(seen, (std::set<std::string>{"learnt initial state", "own dt beside a learnt one", "flux", "state",
                                         "polarity", "mask", "fixed", "loop", "self", "chain", "late", "fresh", "dt",
                                         "lists", "constant lists", "weights through relu"}));
}

TEST(Gradient, RandomNetworksUseWhatTheCataloguesList) {
  std::set<std::string> sources, kinked, shapes, weights;
  for (uint64_t seed = 1; seed <= 200; ++seed)
    for (bool smooth : {true, false}) {
      const Spec spec = random_spec(seed, {.smooth = smooth});
      for (const LayerSpec& l : spec.layers)
        if (const Value* s = l.params.find("source_func")) (smooth ? sources : kinked).insert(s->text());
      for (const ConnectionSpec& c : spec.connections) {
        if (c.connection_type != "direct") shapes.insert(c.connection_type);   // those have no weights
        if (const Value* init = c.params.find("init")) weights.insert(init->at("name").text());
      }
    }
  sources.insert(kinked.begin(), kinked.end());
  const auto names = [](const auto& entries, const std::string& but) {
    std::set<std::string> list;
    for (const auto& e : entries)
      if (e.name != but) list.insert(e.name);
    return list;
  };
  EXPECT_EQ(sources, names(source_functions(), ""));
  EXPECT_EQ(shapes, names(structures(), "custom")) << "custom ones are files";
  EXPECT_EQ(weights, names(initialisers(), "custom")) << "custom ones are files";
}

}  // namespace
}  // namespace dynode
