// Objectives on small networks: losses of every kind give exact gradients, whatever the threads, tiles and checkpoints;
// masks leave steps out.
#include "dynode/learn/objective.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/random.h"
#include "dynode/learn/trainer_recipe.h"
#include "dynode/plan/arguments.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

// signs that act through relu, and absent weights
const char* const kNet = R"(
seed: 5
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - layer_id: 1
    layer_type: CTRNN
    params: {dim: 3, source_func: tanh, alpha: 0.5, polarity: [1, -1, 1], polarity_enforcement_method: relu}
  - {layer_id: 2, layer_type: CTRNN, params: {dim: 3, source_func: tanh, alpha: 0.7}}
  - {layer_id: 3, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: fan_in_uniform, bias: zero}}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: fan_in_uniform}}
  - {from_layer: 1, to_layer: 2, connection_type: sparse, params: {sparsity: 0.6, init: fan_in_uniform}}
  - {from_layer: 2, to_layer: 3, connection_type: dense, params: {init: fan_in_uniform, bias: zero}}
)";

constexpr size_t kRows = 37, kSteps = 5;   // several tiles, of several shapes

/// A loss as a training file has it: {name: fr, params: {…}}.
struct Asked {
  const char* loss;
  double      weight = 1;
};

template <class R>
struct Case {
  std::shared_ptr<const Plan> plan = compile(read_spec(parse_yaml(kNet)));
  std::vector<R>              x, spans, theta{plan->theta.begin(), plan->theta.end()};
  std::vector<BatchTarget<R>> targets;
  std::vector<ObjectiveTerm>  terms;

  explicit Case(const std::vector<Asked>& asked, bool masked = true) {
    Random random(3);
    for (size_t i = 0; i < kRows * kSteps * 2; ++i) x.push_back(R(random.normal()));
    BatchTarget<R> target;
    for (size_t i = 0; i < kRows * kSteps * 2; ++i) target.values.push_back(R(random.normal()));
    if (masked)
      for (size_t i = 0; i < kRows * kSteps; ++i) target.mask.push_back(i % 7 != 3 && i % 11 != 5);
    for (R& t : theta) t = t == 0 ? R(0) : t + R(0.05);   // nothing at a kink
    for (const Asked& a : asked) {
      const Value      written = parse_yaml(a.loss);
      const LossEntry& loss    = find_loss(written.at("name").text());
      const Value*     params  = written.find("params");
      ObjectiveTerm    term{plan->output, {.kind = Pooling::Kind::none}, &loss,
                         check_arguments(loss.name, loss.facts, params ? *params : Value::map()), a.weight};
      if (term.arguments.has("layer_ids")) {
        std::vector<int> layers;
        for (const double id : term.arguments.numbers("layer_ids")) layers.push_back(plan->find_layer(int(id)));
        term.layer       = layers[0];
        term.more_layers = {layers.begin() + 1, layers.end()};
      }
      terms.push_back(term);
      targets.push_back(target);
      if (loss.target == LossTarget::nothing) targets.back().values.clear();
    }
  }

  struct Result {
    double         loss;
    std::vector<R> gradient, x_bar;
    bool           operator==(const Result&) const = default;
  };
  Result gradient(int threads = 1, size_t checkpoint_every = 0) const {
    Engine<R>    engine(plan, std::make_shared<Threads>(threads));
    Objective<R> objective(*plan, terms);
    engine.set_parameters(theta);
    objective.set_parameters(theta);
    objective.set_batch(kRows, kSteps, targets);
    Result result{0, std::vector<R>(theta.size()), std::vector<R>(x.size())};
    result.loss = objective.gradient(engine, {x.data(), kRows, kSteps, {}}, {checkpoint_every},
                                     {.theta_bar = result.gradient.data(), .x_bar = result.x_bar.data()});
    double sum = 0;
    for (size_t i = 0; i < terms.size(); ++i) sum += objective.value(i);
    EXPECT_NEAR(sum, result.loss, 1e-5 * (1 + std::abs(sum)));
    return result;
  }
  double loss() const {
    Engine<R>    engine(plan, std::make_shared<Threads>(1));
    Objective<R> objective(*plan, terms);
    engine.set_parameters(theta);
    objective.set_parameters(theta);
    objective.set_batch(kRows, kSteps, targets);
    return objective.loss(engine, {x.data(), kRows, kSteps, {}});
  }
};

const std::vector<Asked> kEveryKind = {
    {"{name: mse}"},
    {"{name: fr, params: {layer_ids: [1]}}", 2},
    {"{name: fr_dist, params: {metric: cv, absolute: true, layer_ids: [2, 1]}}", 0.3},
    {"{name: average_state_magnitude_loss, params: {layer_ids: [1, 3]}}", 3},
    {"{name: hebbian, params: {layer_ids: [1]}}", 0.7},
    {"{name: pop_kl, params: {layer_ids: [1, 2]}}", 0.2},
    {"{name: state_pred, params: {layer_ids: [1, 2]}}", 0.5},
    {"{name: entropy, params: {layer_ids: [2], reg: 1}}", 0.5},
    {"{name: rnn_conn, params: {layer: all}}", 0.1},
    {"{name: reg_J_loss, params: {threshold: 0.1, factor: 1}}", 0.7},
    {"{name: gravity_quantization_loss}", 5},
};

TEST(Objective, GradientsOfEveryKindAreDerivatives) {
  for (const Asked& asked : kEveryKind) {
    Case<double> c({asked});
    const auto   g = c.gradient();
    EXPECT_EQ(g.loss, c.loss()) << asked.loss;
    EXPECT_NE(g.loss, 0) << asked.loss;
    double largest = 0;
    for (const Block& b : c.plan->parameters.blocks())
      for (size_t i = b.offset; i < b.offset + b.size(); ++i) {
        if (!b.learnable || (!b.mask.empty() && !b.mask[i - b.offset])) continue;
        const double at = c.theta[i];
        c.theta[i] = at + 1e-6;
        const double above = c.loss();
        c.theta[i] = at - 1e-6;
        const double below = c.loss();
        c.theta[i] = at;
        EXPECT_NEAR(g.gradient[i], (above - below) / 2e-6, 1e-7) << asked.loss << " " << b.name << " " << i - b.offset;
        largest = std::max(largest, std::abs(g.gradient[i]));
      }
    EXPECT_GT(largest, 1e-3) << asked.loss;
  }
}

TEST(Objective, ThreadsAndCheckpointsLeaveNoTrace) {
  const Case<float> c(kEveryKind);
  const auto        g = c.gradient(1);
  EXPECT_EQ(g, c.gradient(2));
  EXPECT_EQ(g, c.gradient(3));
  EXPECT_EQ(g, c.gradient(2, 2));
}

TEST(Objective, IsTheSumOfItsTerms) {
  const Case<double> all(kEveryKind);
  auto               sum = all.gradient();
  for (const Asked& asked : kEveryKind) {
    const auto part = Case<double>({asked}).gradient();
    sum.loss -= part.loss;
    for (size_t i = 0; i < sum.gradient.size(); ++i) sum.gradient[i] -= part.gradient[i];
    for (size_t i = 0; i < sum.x_bar.size(); ++i) sum.x_bar[i] -= part.x_bar[i];
  }
  EXPECT_NEAR(sum.loss, 0, 1e-12);
  for (const double left : sum.gradient) EXPECT_NEAR(left, 0, 1e-12);
  for (const double left : sum.x_bar) EXPECT_NEAR(left, 0, 1e-12);
}

TEST(Objective, LossesBySumsSeeTheWholeBatch) {
  // tile by tile the mean of squares would differ from the square of the mean
  const Case<double>  c({{"{name: fr, params: {layer_ids: [1]}}"}}, false);
  Engine<double>      engine(c.plan, std::make_shared<Threads>(1));
  std::vector<double> s(kRows * (kSteps + 1) * 3);
  engine.set_parameters(c.theta);
  const Record<double> record{Record<double>::What::state, 1, c.plan->layers[1].cell->output, s.data()};
  engine.simulate({c.x.data(), kRows, kSteps, {}}, {&record, 1});
  double value = 0;
  for (size_t i = 0; i < 3; ++i) {
    double sum = 0;
    for (size_t row = 0; row < kRows; ++row)
      for (size_t t = 1; t <= kSteps; ++t) sum += s[(row * (kSteps + 1) + t) * 3 + i];
    value += std::pow(sum / (kRows * kSteps), 2) / 3;
  }
  EXPECT_NEAR(c.loss(), value, 1e-14);
}

TEST(Objective, SignsAreAppliedToWeightsAndTheirSlopes) {
  // inhibitory weights are stored raw; those at or below 0 do not act and have no slope
  Case<double> c({{"{name: rnn_conn, params: {layer: hidden, metric: l1}}"}});
  const Block& b = c.plan->parameters[c.plan->parameters.find("J_1_to_1")];
  ASSERT_TRUE(b.rectified);
  for (size_t i = 0; i < b.size(); ++i) c.theta[b.offset + i] = i == 4 ? -2.0 : 0.5;
  const Block& other = c.plan->parameters[c.plan->parameters.find("J_1_to_2")];
  double       sum   = 8 * 0.5;
  for (size_t i = 0; i < other.size(); ++i) sum += std::abs(c.theta[other.offset + i]);
  const auto g = c.gradient();
  EXPECT_NEAR(g.loss, sum, 1e-14);
  for (size_t i = 0; i < b.size(); ++i) EXPECT_EQ(g.gradient[b.offset + i], i == 4 ? 0.0 : 1.0) << i;
}

TEST(Objective, PoolingLooksAtTheStepsThatCount) {
  // rows that count up to a step, against the same rows cut there
  for (const char* pooling : {"final", "mean", "max", "rms", "mean_last_n", "ewa"}) {
    Case<double>        c({{"{name: mse}"}});
    const PoolingEntry& entry = find_pooling(pooling);
    c.terms[0].pooling        = make_pooling(entry, check_arguments(entry.name, entry.facts, Value::map()));
    c.targets[0].values.resize(kRows * 2);
    for (size_t p = 0; p < kRows * kSteps; ++p) c.targets[0].mask[p] = p % kSteps < 3;
    const auto masked = c.gradient();

    Engine<double>      engine(c.plan, std::make_shared<Threads>(1));
    Objective<double>   objective(*c.plan, c.terms);
    std::vector<double> x, gradient(c.theta.size());
    for (size_t i = 0; i < c.x.size(); ++i)
      if (i / 2 % kSteps < 3) x.push_back(c.x[i]);
    engine.set_parameters(c.theta);
    c.targets[0].mask.clear();
    objective.set_batch(kRows, 3, c.targets);
    const double loss = objective.gradient(engine, {x.data(), kRows, 3, {}}, {}, {.theta_bar = gradient.data()});
    EXPECT_NEAR(masked.loss, loss, 1e-14) << pooling;
    for (size_t i = 0; i < gradient.size(); ++i) EXPECT_NEAR(masked.gradient[i], gradient[i], 1e-13) << pooling;
    for (size_t i = 0; i < masked.x_bar.size(); ++i) EXPECT_TRUE(i / 2 % kSteps < 3 || masked.x_bar[i] == 0) << pooling;
  }

  // a hole is no step either: the derivative says so
  Case<double> c({{"{name: mse}"}});
  c.terms[0].pooling = {.kind = Pooling::Kind::mean};
  c.targets[0].values.resize(kRows * 2);
  const auto   g  = c.gradient();
  const size_t i  = 3 * 2;   // row 0, step 3: its output does not count, nor does it come before others by much
  EXPECT_EQ(c.targets[0].mask[3], 0);
  c.x[i] += 1e-6;
  const double above = c.loss();
  c.x[i] -= 2e-6;
  EXPECT_NEAR(g.x_bar[i], (above - c.loss()) / 2e-6, 1e-8);
}

TEST(Objective, OnlyLossesByRowsCanBeHadTileByTile) {
  const Case<double> sums({{"{name: fr}"}}), weights({{"{name: reg_J_loss}"}}), rows({{"{name: mse}"}});
  EXPECT_THROW(Objective<double>(*sums.plan, sums.terms).tile_loss(true), SpecError);
  EXPECT_THROW(Objective<double>(*weights.plan, weights.terms).tile_loss(true), SpecError);
  EXPECT_NO_THROW(Objective<double>(*rows.plan, rows.terms).tile_loss(true));
}

TEST(Objective, MasksAreCheckedAtTheDoor) {
  Case<double> c({{"{name: mse}"}});
  c.targets[0].mask.pop_back();
  EXPECT_THROW(c.loss(), ShapeError);
}

}  // namespace
}  // namespace dynode
