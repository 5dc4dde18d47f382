#include "dynode/models/dynamics.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;
using Shape   = std::vector<int64_t>;

/// Two units that excite each other, v = 2 tanh v′ + x, with memories at ±1.915 (1, 1) and a saddle between them.
Model memory(Precision precision = Precision::float64, const std::string& more = "") {
  const std::string text = R"(simulation: {dt: 1}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 2, tau: 8, source_func: tanh)" + more + R"(}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
)";
  Model model = Model::from_spec(read_spec(parse_yaml(text, "net.yaml")), {.precision = precision});
  model.set_parameter("J_0_to_1", {{2, 1}, Numbers{1, 1}});
  model.set_parameter("J_1_to_1", {{2, 2}, Numbers{0, 2, 2, 0}});
  return model;
}
/// Pulses up and down, and then silence.
Array pulses() {
  Numbers x(4 * 60);
  for (size_t row = 0; row < 4; ++row) std::fill_n(x.begin() + ptrdiff_t(row * 60), 10, row % 2 ? 1.0 : -0.8);
  return {{4, 60, 1}, x};
}

TEST(Dynamics, OfAMemoryAreTwoPointsThatHoldAndASaddle) {
  const Model    model = memory();
  const Dynamics d =
      analyse_dynamics(model, pulses(), {.lyapunov = 2, .lyapunov_runs = 2, .lyapunov_steps = 2000, .threads = 1});
  ASSERT_EQ(d.under.size(), 1u);
  ASSERT_EQ(d.under[0].found.points.size(), 3u);
  EXPECT_EQ(d.under[0].found.points[1].kind, PointKind::stable_node);
  EXPECT_EQ(d.under[0].found.points[2].kind, PointKind::saddle);
  EXPECT_NEAR(std::abs(d.under[0].found.points[0].state[0]), 1.9150080481545205, 1e-9);
  EXPECT_NEAR(d.components.explained()[0], 1, 1e-12);  // both units do the same
  // at a memory: −1 ± 2 (1 − (v/2)²), by steps of Euler, τ = 8
  const double slope = 2 * (1 - std::pow(1.9150080481545205 / 2, 2));
  for (size_t run = 0; run < 2; ++run) {
    EXPECT_NEAR(d.under[0].lyapunov[2 * run], std::log(1 + (slope - 1) / 8), 1e-6);
    EXPECT_NEAR(d.under[0].lyapunov[2 * run + 1], std::log(1 - (slope + 1) / 8), 1e-6);
  }
}

TEST(Dynamics, AreThoseOfTheNetworkWithoutNoiseInAnyPrecision) {
  Model          exact = memory(), noisy = memory(Precision::float32, ", preact_noise: 0.5");
  const Dynamics a = analyse_dynamics(exact, pulses()), b = analyse_dynamics(noisy, pulses(), {.threads = 3});
  EXPECT_EQ(a.states, b.states);
  const Array v = exact.simulate(pulses(), {.record = {"state/1/v"}}).at("state/1/v");
  EXPECT_EQ(v.as_double(), a.states);
}

TEST(Dynamics, DependOnTheConstantInput) {
  const Dynamics d = analyse_dynamics(memory(), pulses(), {.inputs = {{0}, {1}}});
  EXPECT_EQ(d.under[0].found.points.size(), 3u);
  ASSERT_EQ(d.under[1].found.points.size(), 1u);  // the other memory is gone
  EXPECT_GT(d.under[1].found.points[0].state[0], 2);
}

TEST(Dynamics, AreWrittenAsArrays) {
  const Dynamics d      = analyse_dynamics(memory(), pulses(),
                                           {.inputs = {{0}, {1}}, .lyapunov = 1, .lyapunov_runs = 3, .lyapunov_steps = 20});
  const auto     arrays = dynamics_arrays(d);
  const auto     shape  = [&](const std::string& name) {
    const auto at = std::ranges::find(arrays, name, &Npz::Entry::first);
    return at == arrays.end() ? Shape{} : at->second.shape;
  };
  EXPECT_EQ(shape("states"), (Shape{4, 61, 2}));
  EXPECT_EQ(shape("projection"), (Shape{4, 61, 2}));
  EXPECT_EQ(shape("inputs"), (Shape{2, 1}));
  EXPECT_EQ(shape("points/state"), (Shape{4, 2}));
  EXPECT_EQ(shape("points/multipliers_imag"), (Shape{4, 2}));
  EXPECT_EQ(shape("lyapunov"), (Shape{2, 3, 1}));
}

TEST(Dynamics, MakeAPage) {
  const Dynamics d = analyse_dynamics(memory(), pulses(), {.inputs = {{0}, {1}}, .lyapunov = 2, .lyapunov_steps = 20});
  const Report   report =
      dynamics_report("runs/a_memory/checkpoints/best.dynode", "pulses", d, {0, 1, 0, 1}, {"down", "up"});
  EXPECT_EQ(report.title, "Dynamics of a memory");
  EXPECT_TRUE(report.summary.ends_with(
      " Points of rest under input 0: 2 stable points, 1 saddle; under input 1: 1 stable point."))
      << report.summary;
  const std::string page = render_report(report);
  for (const char* part :
       {"id=\"state-space\"", "\"labels\":[\"down\",\"up\"]", "\"kind\":\"saddle\"", "\"name\":\"input 1\""})
    EXPECT_NE(page.find(part), page.npos) << part;
  EXPECT_EQ(render_report({.title = "none"}).find("id=\"state-space\""), std::string::npos);
}

TEST(Dynamics, RefuseWhatDoesNotFit) {
  const Model model = memory();
  EXPECT_EQ(failure([&] {
              analyse_dynamics(model, {{4, 60, 2}, Numbers(480)});
            }),
            "input: expected [any, any, 1], got [4, 60, 2]\n  axes are [batch, steps, units]");
  EXPECT_EQ(failure([&] {
              analyse_dynamics(model, pulses(), {.inputs = {{0, 1}}});
            }),
            "constant input: expected [1], got [2]\n  one number per input");
  EXPECT_EQ(failure([&] { analyse_dynamics(model, pulses(), {.lyapunov = 3}); }),
            "there are 2 Lyapunov exponents, not 3\n  ask for 1 to 2");
}

}  // namespace
}  // namespace dynode
