// Runs kept for their adjoint, runs that are stopped, parameters that are shared.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "dynode/models/model.h"
#include "dynode/run/forward.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

Model net(Precision precision = Precision::float64, int threads = 1) {
  return Model::from_spec(read_spec(parse_yaml(R"(
simulation: {dt: 37}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 4, source_func: Tanh}}
  - {layer_id: 2, layer_type: LTC, params: {dim: 3}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: direct}
)", "net.yaml")), {.precision = precision, .threads = threads});
}

Array wave(int64_t rows, int64_t steps, int64_t units) {
  std::vector<double> x(size_t(rows * steps * units));
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(0.7 * double(i));
  return {{rows, steps, units}, std::move(x)};
}

/// ∂/∂output of the mean square of the outputs, entry 0 left out.
Array bar_of(const Array& output) {
  std::vector<double> bar = output.as_double();
  const size_t        n = bar.size() / size_t(output.shape[1]) * size_t(output.shape[1] - 1), row = bar.size() / size_t(output.shape[0]);
  for (size_t i = 0; i < bar.size(); ++i) bar[i] = i % row < size_t(output.shape[2]) ? 0 : 2 * bar[i] / double(n);
  return {output.shape, std::move(bar)};
}

std::vector<double> flat(const Gradient& g) {
  std::vector<double> all;
  for (const auto& entry : g.parameters)
    for (double v : entry.second.as_double()) all.push_back(v);
  return all;
}

TEST(TapedRun, HasTheGradientOfTheLossItIsGiven) {
  for (const int threads : {1, 2}) {
    Model          model = net(Precision::float64, threads);
    const Array    x     = wave(41, 9, 2);   // several tiles
    const LossTerm zero{.loss = "mse", .target = Array{{41, 9, 3}, std::vector<double>(41 * 9 * 3)}};
    const Gradient wanted = model.gradient(x, {zero}, {.input = true, .initial = true});
    TapedRun       run    = model.simulate_taped(x);
    const Array    bar    = bar_of(run.results().at("output"));
    for (int again = 0; again < 2; ++again) {   // cells may work in what they noted down
      const Pullback got   = run.backward({{"output", bar}}, {.input = true, .initial = true});
      const auto     theta = got.theta.as_double(), expected = flat(wanted);
      ASSERT_EQ(theta.size(), expected.size());
      for (size_t i = 0; i < theta.size(); ++i) EXPECT_NEAR(theta[i], expected[i], 1e-14) << i;
      const auto x_bar = got.input->as_double(), x_wanted = wanted.input->as_double();
      for (size_t i = 0; i < x_bar.size(); ++i) EXPECT_NEAR(x_bar[i], x_wanted[i], 1e-14);
      EXPECT_EQ(got.initial.size(), wanted.initial.size());
    }
  }
}

TEST(TapedRun, SeveralMayBeOpenAndParametersMayComeBack) {
  Model          model = net();
  TapedRun       first = model.simulate_taped(wave(2, 5, 2)), second = model.simulate_taped(wave(3, 4, 2));
  const Array    bar   = bar_of(first.results().at("output"));
  const auto     theta = std::get<std::span<double>>(model.theta());
  const double   kept  = theta[0];
  const Pullback before = first.backward({{"output", bar}});
  theta[0] = kept + 0.1;
  EXPECT_THROW(first.backward({{"output", bar}}), SpecError);
  theta[0] = kept;
  EXPECT_EQ(first.backward({{"output", bar}}).theta, before.theta);
  EXPECT_THROW(second.backward({{"output", bar}}), ShapeError);
  EXPECT_THROW(second.backward({{"s/1", bar}}), SpecError);
}

TEST(Theta, IsTheMemoryThatRunsUse) {
  Model       model = net();
  const Array x     = wave(1, 6, 2), before = model.simulate(x).at("output");
  auto        theta = std::get<std::span<double>>(model.theta());
  const std::vector<double> kept(theta.begin(), theta.end());
  Model moved = std::move(model);
  for (double& v : theta) v *= 0.9;
  EXPECT_NE(moved.simulate(x).at("output"), before);
  std::copy(kept.begin(), kept.end(), theta.begin());
  EXPECT_EQ(moved.simulate(x).at("output"), before);
  theta[3] = NAN;
  EXPECT_THROW(moved.simulate(x), SpecError);
}

TEST(Stop, EndsARunAndLeavesTheModelAsItWas) {
  Model       model = net();
  const Array x     = wave(2, 6, 2), wanted = model.simulate(x).at("output"), endless = wave(1, 400'000, 2);
  for (const bool gradient : {false, true}) {
    std::atomic<bool> stop = false;
    std::thread       later([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      stop = true;
    });
    const auto work = [&] {
      if (!gradient) model.simulate(endless, {.stop = &stop});
      else model.gradient(endless, {{.loss = "mse", .target = Array{{1, 400'000, 3}, std::vector<double>(1'200'000)}}}, {.stop = &stop});
    };
    EXPECT_THROW(work(), Stopped);
    later.join();
    EXPECT_EQ(model.simulate(x).at("output"), wanted);
  }
}

}  // namespace
}  // namespace dynode
