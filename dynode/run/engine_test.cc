#include "dynode/run/engine.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "dynode/run/network_test.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

Spec spec_of(const std::string& yaml) { return read_spec(parse_yaml(yaml, "net.yaml")); }

/// A network whose weights the test sets itself, one block after the other.
template <class R>
struct Network {
  std::shared_ptr<const Plan> plan;
  std::vector<R>              theta;
  std::unique_ptr<Engine<R>>  engine;

  explicit Network(const std::string& yaml, int threads = 1)
      : plan(compile(spec_of(yaml))),
        theta(plan->theta.begin(), plan->theta.end()),
        engine(std::make_unique<Engine<R>>(plan, std::make_shared<Threads>(threads))) {}

  void set(const std::string& name, std::vector<double> values) {
    const int i = plan->parameters.find(name);
    ASSERT_GE(i, 0) << name;
    set_real<R>(plan->parameters[i], values, theta.data());
    engine->set_parameters(theta);
  }
  /// The output of a layer, [rows][steps + 1][units].
  std::vector<R> output(int layer_id, const std::vector<R>& x, size_t rows, size_t steps,
                        std::vector<InitialState<R>> initial = {}) {
    const int        layer = plan->find_layer(layer_id);
    const LayerPlan& l     = plan->layers[size_t(layer)];
    std::vector<R>   to(rows * (steps + 1) * l.units);
    const Record<R>  record[] = {{Record<R>::What::state, layer, l.cell->output, to.data()}};
    engine->simulate({x.data(), rows, steps, initial}, record);
    return to;
  }
};

template <class F>
NumericsError numerics(const F& f) {
  try {
    f();
  } catch (const NumericsError& error) { return error; }
  return NumericsError(-1, "nothing", -1, -1, -1, 0);
}

/// An identity unit per row of weights, no leak: s[t+1] = W s[t] + x[t].
const char* const kIntegrator = R"(
simulation: {dt: 1, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 3, layer_type: CTRNN, params: {dim: 2, source_func: Identity, alpha: 1.0}}
  - {layer_id: 7, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 3, connection_type: dense}
  - {from_layer: 3, to_layer: 3, connection_type: dense}
  - {from_layer: 3, to_layer: 7, connection_type: dense, params: {bias: zero}}
)";

template <class R>
Network<R> integrator(std::vector<double> self, int threads = 1) {
  Network<R> n(kIntegrator, threads);
  n.set("J_0_to_3", {1, 0, 0, 1});
  n.set("J_3_to_3", std::move(self));
  n.set("J_3_to_7", {1, 0, 0, 1});
  return n;
}

TEST(Engine, AddsUpItsInput) {
  Network<double> n = integrator<double>({1, 0, 0, 0.5});
  const auto      y = n.output(7, {1, 8, 2, 0, 3, 0}, 1, 3);
  EXPECT_EQ(y, (std::vector<double>{0, 0, 1, 8, 3, 4, 6, 2}));
}

TEST(Engine, InitialStatesMayBeSharedOrByRow) {
  Network<double>           n        = integrator<double>({1, 0, 0, 1});
  const double              shared[] = {5, 6}, own[] = {1, 2, 3, 4};
  const int                 layer = n.plan->find_layer(3), v = n.plan->layers[size_t(layer)].start_state;
  const std::vector<double> x(4);
  EXPECT_EQ(n.output(3, x, 2, 1, {{layer, v, shared, false}}), (std::vector<double>{5, 6, 5, 6, 5, 6, 5, 6}));
  EXPECT_EQ(n.output(3, x, 2, 1, {{layer, v, own, true}}), (std::vector<double>{1, 2, 1, 2, 3, 4, 3, 4}));
}

TEST(Engine, TheStartOfTheInputLayerIsReadByLateConnections) {
  Network<double> n(R"(
simulation: {network_evaluation_method: stepwise_jacobi}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 1}}
  - {layer_id: 1, layer_type: Linear, params: {dim: 1}}
connections: [{from_layer: 0, to_layer: 1, connection_type: dense}]
)");
  n.set("J_0_to_1", {10});
  const double first[] = {7};
  EXPECT_EQ(n.output(1, {1, 2, 3}, 1, 3, {{0, 0, first, false}}), (std::vector<double>{0, 70, 10, 20}));
  EXPECT_EQ(n.output(0, {1, 2, 3}, 1, 3, {{0, 0, first, false}}), (std::vector<double>{7, 1, 2, 3}));
}

TEST(Engine, RunsWithoutRowsStepsOrInputAreOurMistake) {
  Network<double>           n = integrator<double>({1, 0, 0, 1});
  const std::vector<double> x(8);
  EXPECT_THROW(n.engine->simulate({x.data(), 0, 2, {}}, {}), std::logic_error);
  EXPECT_THROW(n.engine->simulate({x.data(), 2, 0, {}}, {}), std::logic_error);
  EXPECT_THROW(n.engine->simulate({nullptr, 2, 2, {}}, {}), std::logic_error);
  const TileLoss<double> none = [](const TileOutputs<double>&) { return 0.0; };
  EXPECT_THROW(n.engine->loss({x.data(), 2, 0, {}}, none, {}), std::logic_error);
  EXPECT_THROW(n.engine->set_parameters(std::vector<double>(3)), std::logic_error);
}

// ---- time -----------------------------------------------------------------------------------------------

const char* const kTwoDendrites = R"(
simulation: {dt: 2, dt_learnable: true}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 1}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 1, source_func: Tanh, gamma_plus: 0.3, gamma_minus: 0.1}}
  - {layer_id: 2, layer_type: SingleDendrite, params: {dim: 1, source_func: Tanh, gamma_plus: 0.3, gamma_minus: 0.1, dt: 0.5}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 0, to_layer: 2, connection_type: dense}
)";

TEST(Engine, ALearntStepIsThatOfLayersWithoutTheirOwn) {
  Network<double> n(kTwoDendrites);
  n.set("J_0_to_1", {1}), n.set("J_0_to_2", {1});
  const double g = 0.3 * std::tanh(0.23 + 1);
  EXPECT_NEAR(n.output(1, {1}, 1, 1)[1], 2 * g, 1e-15);
  EXPECT_NEAR(n.output(2, {1}, 1, 1)[1], 0.5 * g, 1e-15);
  n.set("dt", {3});
  EXPECT_NEAR(n.output(1, {1}, 1, 1)[1], 3 * g, 1e-15);
  EXPECT_NEAR(n.output(2, {1}, 1, 1)[1], 0.5 * g, 1e-15) << "has its own step";

  // L = s₁ + s₂: only s₁ moves with dt
  const TileLoss<double> loss = [](const TileOutputs<double>& seen) {
    seen.bars[0][1] += 1, seen.bars[1][1] += 1;
    return seen.values[0][1] + seen.values[1][1];
  };
  std::vector<double> bar(n.theta.size());
  const double        x[] = {1};
  n.engine->gradient({x, 1, 1, {}}, loss, {{1, 2}, 0, 0}, {bar.data()});
  EXPECT_NEAR(bar[n.plan->parameters[n.plan->dt_block].offset], g, 1e-15);
}

// ---- initial states -------------------------------------------------------------------------------------

TEST(Engine, ALearntInitialStateHasNoGradientWhereAnotherOneIsGiven) {
  Network<double> n(R"(
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 1}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 2, source_func: Identity, alpha: 0.25, init_state: learn}}
)");
  n.set("layer1/init_v", {3, 4});
  const TileLoss<double> loss = [](const TileOutputs<double>& seen) {
    double sum = 0;
    for (size_t row = 0; row < seen.rows; ++row)
      for (size_t u = 0; u < 2; ++u) {
        const size_t last = (row * (seen.steps + 1) + seen.steps) * 2 + u;
        sum += seen.values[0][last], seen.bars[0][last] += 1;
      }
    return sum;
  };
  const std::vector<double> x(6);
  std::vector<double>       bar(n.theta.size());
  const size_t              at = n.plan->parameters[n.plan->layers[1].start_block].offset;
  EXPECT_NEAR(n.engine->gradient({x.data(), 3, 2, {}}, loss, {{1}, 0, 0}, {bar.data()}), 3 * 0.5625 * 7, 1e-14);
  EXPECT_NEAR(bar[at], 3 * 0.5625, 1e-15) << "summed over rows";
  const double            given[] = {1, 1};
  const RunInput<double>  input{x.data(), 3, 2, {{1, n.plan->layers[1].start_state, given, false}}};
  double                  given_bar[6];
  GradientOutputs<double> outputs{.theta_bar = bar.data(), .initial_bar = {{1, n.plan->layers[1].start_state, given_bar, true}}};
  EXPECT_NEAR(n.engine->gradient(input, loss, {{1}, 0, 0}, outputs), 3 * 0.5625 * 2, 1e-14);
  EXPECT_EQ(bar[at], 0.0);
  EXPECT_NEAR(given_bar[0], 0.5625, 1e-15);
}

// ---- numbers that are not finite ------------------------------------------------------------------------

template <class R>
class NotFinite : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(NotFinite, Precisions);

/// [rows][steps][2], zero but for the given row and unit, which is `value` from the given step on.
template <class R>
std::vector<R> pulse(size_t rows, size_t steps, size_t row, size_t step, size_t unit, R value) {
  std::vector<R> x(rows * steps * 2);
  for (size_t t = step; t < steps; ++t) x[(row * steps + t) * 2 + unit] = value;
  return x;
}

TYPED_TEST(NotFinite, IsNamedByLayerRowStepAndUnitInEveryTile) {
  using R            = TypeParam;
  const size_t width = dense_kernels<R>().width, rows = 3 * width + 3, steps = 70;
  for (int threads : {1, 2}) {
    Network<R> n      = integrator<R>({1e10, 0, 0, 0.5}, threads);
    const int  digits = sizeof(R) == 8 ? 308 : 38;
    for (size_t row : {size_t{0}, 2 * width + 1, rows - 1})
      for (size_t step : {size_t{0}, size_t{20}, size_t{33}}) {
        // 1, 10¹⁰, 10²⁰, …: the first that is too large; entry 0 is the start
        const int64_t wrong = int64_t(step) + 1 + digits / 10 + 1;
        const auto    x     = pulse<R>(rows, steps, row, step, 0, R(1));
        for (int way = 0; way < 3; ++way) {
          const TileLoss<R>   none = [](const TileOutputs<R>&) { return 0.0; };
          std::vector<R>      bar(n.theta.size());
          const RunInput<R>   input{x.data(), rows, steps, {}};
          const NumericsError e = numerics([&] {
            if (way == 0) n.engine->simulate(input, {});
            if (way == 1) n.engine->loss(input, none, {{2}, 0, 0});
            if (way == 2) n.engine->gradient(input, none, {{2}, 0, step ? size_t{9} : 0}, {bar.data()});
          });
          ASSERT_EQ(e.layer_id, 3) << way;
          ASSERT_EQ(e.row, int64_t(row)) << way;
          ASSERT_EQ(e.step, wrong) << way;
          ASSERT_EQ(e.unit, 0) << way;
        }
      }
  }
}

TYPED_TEST(NotFinite, IsFoundInALayerThatForgetsIt) {
  using R         = TypeParam;
  const R    huge = std::numeric_limits<R>::max() / 2;
  Network<R> n(R"(
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: Linear, params: {dim: 2}}
connections: [{from_layer: 0, to_layer: 1, connection_type: dense}]
)");
  n.set("J_0_to_1", {1, 0, 0, 100});
  const size_t rows = dense_kernels<R>().width + 3, steps = 50;
  for (size_t row : {size_t{2}, rows - 1}) {
    auto x = pulse<R>(rows, steps, row, 40, 1, huge);
    for (size_t t = 41; t < steps; ++t) x[(row * steps + t) * 2 + 1] = 0;  // one step alone
    const TileLoss<R> none = [](const TileOutputs<R>&) { return 0.0; };
    std::vector<R>    bar(n.theta.size());
    const RunInput<R> input{x.data(), rows, steps, {}};
    for (int way = 0; way < 3; ++way) {
      const NumericsError e = numerics([&] {
        if (way == 0) n.engine->simulate(input, {});
        if (way == 1) n.engine->loss(input, none, {{1}, 0, 0});
        if (way == 2) n.engine->gradient(input, none, {{1}, 0, 7}, {bar.data()});
      });
      ASSERT_EQ(e.layer_id, 1) << way;
      ASSERT_EQ(e.row, int64_t(row)) << way;
      ASSERT_EQ(e.step, 41) << way;
      ASSERT_EQ(e.unit, 1) << way;
    }
  }
}

TYPED_TEST(NotFinite, TheFirstStepCountsWhereverTheLayerStands) {
  using R = TypeParam;
  // layer 2 overflows and sends it back to layer 1 one step later
  Network<R>   n(R"(
simulation: {network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 1}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 1, source_func: Identity, alpha: 1.0}}
  - {layer_id: 2, layer_type: CTRNN, params: {dim: 1, source_func: Identity, alpha: 1.0}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
  - {from_layer: 2, to_layer: 1, connection_type: dense}
)");
  const double large = std::sqrt(double(std::numeric_limits<R>::max()));
  n.set("J_0_to_1", {large}), n.set("J_1_to_2", {large * 16}), n.set("J_2_to_1", {1});
  std::vector<R>      x = {0, 0, 0, 1, 0, 0};
  const NumericsError e = numerics([&] { n.engine->simulate({x.data(), 1, 6, {}}, {}); });
  EXPECT_EQ(e.layer_id, 2);
  EXPECT_EQ(e.step, 4);
}

TYPED_TEST(NotFinite, LargeNumbersThatAreFiniteAreNoError) {
  using R         = TypeParam;
  const R    huge = std::numeric_limits<R>::max() / 2;
  Network<R> n    = integrator<R>({0, 0, 0, 0});
  const auto x    = std::vector<R>(5 * 40 * 2, huge);  // their sum overflows
  EXPECT_NO_THROW(n.engine->simulate({x.data(), 5, 40, {}}, {}));
}

TYPED_TEST(NotFinite, TheEngineWorksOnAfterwards) {
  using R           = TypeParam;
  Network<R>   n    = integrator<R>({1e10, 0, 0, 0.5}, 2);
  const size_t rows = 3 * dense_kernels<R>().width + 6, steps = 60;
  const auto   bad = pulse<R>(rows, steps, 5, 0, 0, R(1)), good = pulse<R>(rows, steps, 5, 0, 1, R(1));
  Network<R>   other  = integrator<R>({1e10, 0, 0, 0.5}, 1);
  const auto   wanted = other.output(7, good, rows, steps);
  EXPECT_THROW(n.output(7, bad, rows, steps), NumericsError);
  EXPECT_EQ(n.output(7, good, rows, steps), wanted) << "nothing of it is left in the workspaces";
}

}  // namespace
}  // namespace dynode
