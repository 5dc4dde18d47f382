#include "dynode/run/steady.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/run/engine.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

/// Steps a detector lets pass before it stops, as many as there are if it does not.
size_t steps_until(const SteadyRule& rule, const std::vector<StepChange>& steps) {
  SteadyDetector detector(rule);
  for (size_t t = 0; t < steps.size(); ++t)
    if (detector.is_steady(steps[t])) return t + 1;
  return steps.size();
}
std::vector<StepChange> changes(std::initializer_list<double> list) {
  std::vector<StepChange> steps;
  for (double d : list) steps.push_back({d, 1});
  return steps;
}

TEST(SteadyDetector, CountsSmallStepsInARow) {
  const auto steps = changes({1, 0.1, 0.2, 0.1, 0.1, 0.1, 0});
  EXPECT_EQ(steps_until({.window = 0, .patience = 1, .tolerance = 0.1}, steps), 2u) << "the bound itself is small";
  EXPECT_EQ(steps_until({.window = 0, .patience = 2, .tolerance = 0.1}, steps), 5u);
  EXPECT_EQ(steps_until({.window = 0, .patience = 3, .tolerance = 0.1}, steps), 6u);
  EXPECT_EQ(steps_until({.window = 0, .patience = 9, .tolerance = 0.1}, steps), 7u) << "never";
  EXPECT_EQ(steps_until({.window = 0, .patience = 1, .tolerance = 0.1, .min_steps = 6}, steps), 6u);
  EXPECT_EQ(steps_until({.window = 0, .patience = 1, .tolerance = 0.1, .min_steps = 3}, steps), 4u) << "not in step 3";
}

TEST(SteadyDetector, LooksAtAWindow) {
  const SteadyRule rule{.window = 3, .absolute = 0.1, .relative = 0, .patience = 1, .tolerance = 1e-6};
  EXPECT_EQ(steps_until(rule, changes({1, 0.1, 0.1, 0.1, 0})), 4u);
  EXPECT_EQ(steps_until(rule, changes({0.1, 0.1, 0.1, 0.1, 0})), 3u) << "when it is full";
  EXPECT_EQ(steps_until(rule, changes({1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1})), 7u);
}

TEST(SteadyDetector, ComparesChangesWithTheLargestOutputOfTheWindow) {
  const SteadyRule rule{.window = 2, .absolute = 0, .relative = 0.1};
  EXPECT_EQ(steps_until(rule, {{0.5, 1}, {0.5, 5}, {0.5, 1}, {0.5, 1}}), 2u);
  EXPECT_EQ(steps_until(rule, {{0.5, 1}, {0.5, 4.9}, {0.5, 1}, {0.5, 1}}), 4u);
  EXPECT_EQ(steps_until({.window = 2, .absolute = 0, .relative = 1e10}, {{1, 0}, {0.009, 0}, {0.009, 0}}), 3u)
      << "an output of 0 counts as 1e-12";
}

TEST(SteadyDetector, CountsSmallStepsUntilTheWindowIsFull) {
  const SteadyRule rule{.window = 4, .absolute = 0, .relative = 0, .patience = 2, .tolerance = 1e-6};
  EXPECT_EQ(steps_until(rule, changes({1e-6, 1e-6, 1, 1})), 2u);
  EXPECT_EQ(steps_until(rule, changes({1, 1, 1e-6, 1e-6, 1e-6})), 5u) << "full when the second small step comes";
}

// ---- runs -----------------------------------------------------------------------------------------------

/// Leaky units, each at its own pace; they forget everything and settle where the input leaves them.
const char* const kLeaky = R"(
simulation: {dt: 1, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 5, source_func: tanh, alpha: 0.2}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 3}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: {name: normal, params: {std: 0.1}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
)";

constexpr size_t kSteps = 150;

template <class R>
struct Run {
  std::shared_ptr<const Plan> plan;
  size_t                      rows, steps = 0;
  std::vector<R>              x;
  std::vector<std::vector<R>> s;   // per layer [rows][kSteps + 1][units]

  /// @param first_row  rows with the same number have the same input, constant from its tenth step on
  Run(const char* yaml, size_t n, int threads, const std::optional<SteadyRule>& rule, size_t first_row = 0)
      : plan(compile(read_spec(parse_yaml(yaml, "net.yaml")))), rows(n) {
    const size_t width = plan->input_width();
    for (size_t row = 0; row < rows; ++row)
      for (size_t t = 0; t < kSteps; ++t)
        for (size_t i = 0; i < width; ++i)
          x.push_back(R(std::sin(double(row + first_row) + double(i)) + (t < 10 ? std::cos(double(t * (i + 1))) : 0)));
    std::vector<Record<R>> records;
    for (size_t l = 0; l < plan->layers.size(); ++l) s.emplace_back(rows * (kSteps + 1) * plan->layers[l].units);
    for (size_t l = 0; l < plan->layers.size(); ++l)
      records.push_back({Record<R>::What::state, int(l), plan->layers[l].cell->output, s[l].data()});
    Engine<R>   engine(plan, std::make_shared<Threads>(threads));
    RunInput<R> input{x.data(), rows, kSteps, {}};
    input.until_steady = rule;
    steps = engine.simulate(input, records);
  }

  /// Entry `entry` of all rows of a layer.
  std::vector<R> entry(size_t layer, size_t entry) const {
    const size_t   units = plan->layers[layer].units;
    std::vector<R> list;
    for (size_t row = 0; row < rows; ++row)
      for (size_t u = 0; u < units; ++u) list.push_back(s[layer][(row * (kSteps + 1) + entry) * units + u]);
    return list;
  }
  /// The largest change and output of every step, by looking at all entries.
  std::vector<StepChange> looked_up() const {
    std::vector<StepChange> list(kSteps);
    for (size_t l = 0; l < s.size(); ++l)
      for (size_t t = 0; t < kSteps; ++t) {
        const auto a = entry(l, t), b = entry(l, t + 1);
        for (size_t i = 0; i < a.size(); ++i)
          list[t] = {std::max(list[t].change, double(std::abs(b[i] - a[i]))), std::max(list[t].output, double(std::abs(b[i])))};
      }
    return list;
  }
};

template <class R>
class UntilSteady : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(UntilSteady, Precisions);

TYPED_TEST(UntilSteady, ARunIsTheBeginningOfTheWholeRun) {
  using R = TypeParam;
  const std::vector<SteadyRule> rules = {{.window = 20, .absolute = 1e-3, .relative = 1e-3, .tolerance = 0},
                                         {.window = 0, .patience = 3, .tolerance = 1e-3},
                                         {.window = 0, .patience = 2, .tolerance = 0.03, .min_steps = 64}};
  for (const size_t rows : {1, 3, 70}) {
    const Run<R> whole(kLeaky, rows, 1, {});
    EXPECT_EQ(whole.steps, kSteps);
    for (const SteadyRule& rule : rules) {
      const size_t expected = steps_until(rule, whole.looked_up());
      EXPECT_GT(expected, 10u) << "while the input changes";
      EXPECT_LT(expected, kSteps);
      for (const int threads : {1, 3}) {
        const Run<R> run(kLeaky, rows, threads, rule);
        ASSERT_EQ(run.steps, expected) << rows << " rows, " << threads << " threads";
        for (size_t l = 0; l < run.s.size(); ++l)
          for (size_t t = 0; t <= expected; ++t) ASSERT_EQ(run.entry(l, t), whole.entry(l, t)) << l << ", " << t;
      }
    }
  }
}

TYPED_TEST(UntilSteady, AllRowsWaitForTheSlowest) {
  using R = TypeParam;
  const SteadyRule rule{.window = 0, .patience = 3, .tolerance = 1e-3};
  size_t           slowest = 0;
  for (size_t row = 0; row < 40; ++row) slowest = std::max(slowest, Run<R>(kLeaky, 1, 1, rule, row).steps);
  EXPECT_EQ(Run<R>(kLeaky, 40, 2, rule).steps, slowest);
}

TYPED_TEST(UntilSteady, ARunThatIsNeverSteadyGoesToTheEnd) {
  EXPECT_EQ(Run<TypeParam>(kLeaky, 2, 1, SteadyRule{.window = 0, .tolerance = -1}).steps, kSteps);
}

/// s[t+1] = 1 + w s[t] + x: grows without end where w > 1.
TEST(UntilSteadyErrors, CountOnlyBeforeTheEnd) {
  const char* const kGrowing = R"(
simulation: {dt: 1, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 1}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 1, source_func: Identity, alpha: 1.0}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: constant, params: {value: 1}}}}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: {name: constant, params: {value: 1.0e+30}}}}
)";
  const auto plan = compile(read_spec(parse_yaml(kGrowing, "net.yaml")));
  Engine<float>      engine(plan, std::make_shared<Threads>(1));
  std::vector<float> x(20);
  x[5] = 1;   // 1e30 in step 6, too much in step 7: entry 8
  RunInput<float> input{x.data(), 1, 20, {}};
  input.until_steady = SteadyRule{.window = 0, .patience = 3, .tolerance = 0};
  EXPECT_EQ(engine.simulate(input, {}), 3u);
  input.until_steady->min_steps = 6;
  EXPECT_THROW(engine.simulate(input, {}), NumericsError);
}

// ---- spikes are on their way when a window ends ---------------------------------------------------------

TEST(UntilSteadySpikes, ArriveAsInTheWholeRun) {
  const char* const kSpiking = R"(
simulation: {dt: 0.0005, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: LIF, params: {dim: 2}}
  - {layer_id: 2, layer_type: LIF, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: constant, params: {value: 100}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, mode: spike, delay: 0.01, params: {init: {name: constant, params: {value: 60}}}}
)";
  const auto plan = compile(read_spec(parse_yaml(kSpiking, "net.yaml")));
  std::vector<float> x(3 * kSteps * 2, 1.0f);
  const auto spikes = [&](const std::optional<SteadyRule>& rule, int threads) {
    std::vector<Spike>  found[2];
    const Record<float> records[] = {{Record<float>::What::spikes, 1, 0, nullptr, false, &found[0]},
                                     {Record<float>::What::spikes, 2, 0, nullptr, false, &found[1]}};
    Engine<float>   engine(plan, std::make_shared<Threads>(threads));
    RunInput<float> input{x.data(), 3, kSteps, {}};
    input.until_steady = rule;
    engine.simulate(input, records);
    found[0].insert(found[0].end(), found[1].begin(), found[1].end());
    EXPECT_FALSE(found[1].empty());
    return found[0];
  };
  const auto whole = spikes({}, 1);
  EXPECT_EQ(spikes(SteadyRule{.window = 0, .tolerance = -1}, 1), whole);
  EXPECT_EQ(spikes(SteadyRule{.window = 0, .tolerance = -1}, 2), whole);
  // spikes that were noted behind the last step are left out: 100 steps are silent steps, too
  auto first = spikes(SteadyRule{.window = 0, .tolerance = 2, .min_steps = 100}, 2);
  auto until = whole;
  std::erase_if(until, [](const Spike& s) { return s.step >= 100; });
  EXPECT_EQ(first, until);
}

}  // namespace
}  // namespace dynode
