// How far back an adjoint looks, and how much it remembers: truncation, and segments that fit a budget of memory.
#include <gtest/gtest.h>

#include "dynode/run/network_test.h"

namespace dynode {
namespace {

constexpr size_t kSteps = 11;

template <class R>
GradientOf<R> truncated(const NetworkCase<R>& c, Engine<R>& engine, const AdjointPolicy& policy,
                        size_t first_entry = 0) {
  GradientOf<R> g;
  g.theta.resize(c.theta.size()), g.x.resize(c.x.size());
  for (const auto& values : c.initial_values) g.initial.emplace_back(values.size());
  GradientOutputs<R> to;
  to.theta_bar = g.theta.data(), to.x_bar = g.x.data();
  for (size_t i = 0; i < c.initial_layers.size(); ++i)
    to.initial_bar.push_back(
        {c.initial_layers[i], c.plan->layers[size_t(c.initial_layers[i])].start_state, g.initial[i].data(), true});
  g.loss = engine.gradient(c.input(), c.tile_loss(), {c.watched, first_entry, policy}, to);
  return g;
}

/// The same network on steps first … last − 1 alone, from given states of all layers; entry 0 of the loss belongs to the
/// stretch before it.
std::vector<double> stretch(const NetworkCase<double>& c, Engine<double>& engine,
                            const std::vector<std::vector<double>>& states, size_t first, size_t last) {
  const Plan&  plan  = *c.plan;
  const size_t steps = last - first, width = plan.input_width();
  const auto   cut   = [&](const std::vector<double>& all, size_t entries, size_t units, size_t from, size_t count) {
    std::vector<double> part;
    for (size_t row = 0; row < c.rows; ++row) {
      const auto begin = all.begin() + std::ptrdiff_t((row * entries + from) * units);
      part.insert(part.end(), begin, begin + std::ptrdiff_t(count * units));
    }
    return part;
  };
  const std::vector<double> x = cut(c.x, c.steps, width, first, steps);
  RunInput<double> input{x.data(), c.rows, steps, {}};
  std::vector<std::vector<double>> starts;
  for (size_t i = 0, n = 0; i < plan.layers.size(); ++i)
    for (size_t s = 0; s < plan.layers[i].cell->states.size(); ++s, ++n)
      starts.push_back(cut(states[n], c.steps + 1, plan.layers[i].units, first, 1));
  for (size_t i = 0, n = 0; i < plan.layers.size(); ++i)
    for (size_t s = 0; s < plan.layers[i].cell->states.size(); ++s, ++n)
      input.initial.push_back({int(i), int(s), starts[n].data(), true});
  const TileLoss<double> loss = [&](const TileOutputs<double>& seen) {
    for (size_t i = 0; i < c.watched.size(); ++i) {
      const size_t units = plan.layers[size_t(c.watched[i])].units;
      for (size_t row = 0; row < seen.rows; ++row)
        for (size_t n = units; n < (steps + 1) * units; ++n) {
          const size_t at = row * (steps + 1) * units + n;
          seen.bars[i][at] += c.coefficients[i][((seen.first_row + row) * (c.steps + 1) + first) * units + n] +
                              0.3 * seen.values[i][at];
        }
    }
    return 0.0;
  };
  std::vector<double> theta_bar(c.theta.size());
  GradientOutputs<double> to;
  to.theta_bar = theta_bar.data();
  engine.gradient(input, loss, {.watched = c.watched}, to);
  return theta_bar;
}

TEST(Truncation, IsTheSumOfStretchesThatStartFromGivenStates) {
  int differ = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    NetworkCase<double> c(random_spec(seed, {.noise = false}), 1 + seed % 3, kSteps);
    for (auto& coefficients : c.coefficients) {   // the loss does not look at the start
      const size_t size = coefficients.size() / c.rows, units = size / (kSteps + 1);
      for (size_t row = 0; row < c.rows; ++row) std::fill_n(coefficients.begin() + std::ptrdiff_t(row * size), units, 0.0);
    }
    auto       engine = c.engine();
    const auto states = c.record(*engine, false);
    const auto loss   = [&](size_t every) { return truncated(c, *engine, {.truncate_every = every}, 1); };
    std::vector<double> sum = stretch(c, *engine, states, 0, 4);
    for (auto [first, last] : {std::pair<size_t, size_t>{4, 8}, {8, kSteps}}) {
      const auto part = stretch(c, *engine, states, first, last);
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += part[i];
    }
    const auto g = loss(4);
    double scale = 1;
    for (double s : sum) scale = std::max(scale, std::abs(s));
    // a learnt initial state acts on the first stretch alone, where `stretch` overrides it
    std::vector<bool> start(sum.size());
    for (const LayerPlan& l : c.plan->layers)
      if (l.start_block >= 0) {
        const Block& b = c.plan->parameters[l.start_block];
        std::fill_n(start.begin() + std::ptrdiff_t(b.offset), b.size(), true);
      }
    for (size_t i = 0; i < sum.size(); ++i)
      if (!start[i]) { EXPECT_NEAR(g.theta[i], sum[i], 1e-12 * scale) << "θ " << i << ", " << case_name(seed, *c.plan); }
    ASSERT_EQ(loss(kSteps).theta, loss(0).theta);
    differ += loss(1).theta != loss(0).theta;
  }
  EXPECT_GT(differ, 20);   // the others remember nothing
}

TEST(Truncation, CheckpointsAndThreadsLeaveNoTrace) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    NetworkCase<float> c(random_spec(seed), 37, 13);
    auto               one = c.engine(1), three = c.engine(3);
    const auto         full = truncated(c, *one, {.truncate_every = 4});
    for (size_t every : {1, 3, 5}) {
      ASSERT_EQ(truncated(c, *one, {.checkpoint_every = every, .truncate_every = 4}), full) << case_name(seed, *c.plan);
      ASSERT_EQ(truncated(c, *three, {.checkpoint_every = every, .truncate_every = 4}), full) << case_name(seed, *c.plan);
    }
  }
}

TEST(Memory, TheFewestSegmentsThatFitAreChosenAndGiveTheSameBits) {
  NetworkCase<float> c(random_spec(5), 9, 200);
  auto               engine = c.engine();
  const auto         full   = truncated(c, *engine, {});
  ASSERT_EQ(engine->segment(c.input(), {}), 200u);
  const size_t all  = engine->workspace_bytes();
  size_t       last = 200;
  for (size_t part : {2, 5, 1000}) {
    const AdjointPolicy policy{.memory = all / part};
    const size_t        segment = engine->segment(c.input(), policy);
    EXPECT_LT(segment, last);
    last = segment;
    ASSERT_EQ(truncated(c, *engine, policy), full) << "segments of " << segment;
  }
}

TEST(Memory, WhatIsMeasuredIsWhatIsTaken) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    NetworkCase<float> c(random_spec(seed), 5, 10);
    Prepared<float>    prepared(*c.plan);
    prepared.set(c.theta.data());
    for (const Tile tile : {Tile{0, 5, Layout::rows}, Tile{0, dense_kernels<float>().width, Layout::tiles}}) {
      const WorkspaceShape   shape{tile, 7, true, false};
      const Workspace<float> real(*c.plan, prepared, shape);
      const Workspace<float> measured(*c.plan, prepared, shape, Workspace<float>::Purpose::measure);
      EXPECT_EQ(real.bytes(), measured.bytes());
      EXPECT_GT(real.bytes(), 7 * real.state_bytes());
    }
  }
}

}  // namespace
}  // namespace dynode
