// Networks that learn by local rules.
#include "dynode/models/local_trainer.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/base/random.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

Model network(const char* more = "") {
  return Model::from_spec(read_spec(parse_yaml(std::string(R"(
seed: 3
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: constant, params: {value: 0.2}})") + more + "}}\n")),
                          {.precision = Precision::float64});
}

/// Points along (2, 1), a few across.
Array cloud(int rows) {
  Random              random(7);
  std::vector<double> x;
  for (int row = 0; row < rows; ++row) {
    const double along = random.normal(), across = 0.2 * random.normal();
    x.insert(x.end(), {2 * along - across, along + 2 * across});
  }
  return {{rows, 1, 2}, x};
}

TEST(LocalTrainer, OjasRuleFindsTheDirectionOfLargestVariance) {
  Model        model = network();
  LocalTrainer trainer(model, {.rule = "oja", .update = {.rate = 0.02}});
  const Array  x = cloud(50);
  LocalStep    last;
  for (int n = 0; n < 500; ++n) last = trainer.step(x);
  const std::vector<double> w = model.parameter("J_0_to_1").as_double();
  EXPECT_NEAR(std::hypot(w[0], w[1]), 1, 1e-3);
  EXPECT_NEAR(w[1] / w[0], 0.5, 0.02);
  EXPECT_EQ(last.norms[0].first, "J_0_to_1");
  EXPECT_LT(last.norms[0].second, 1e-4);
}

TEST(LocalTrainer, AStepIsTheRuleOnTheLastStates) {
  Model        model = network();
  LocalTrainer trainer(model, {.rule = "hebbian", .update = {.rate = 0.5}, .loss = "mse"});
  const LocalStep done = trainer.step({{1, 2, 2}, std::vector<double>{9, 9, 1, 2}}, Array{{1, 1}, std::vector<double>{1}});
  EXPECT_NEAR(done.output.as_double()[0], 0.6, 1e-15);
  EXPECT_NEAR(*done.loss, 0.16, 1e-15);
  EXPECT_NEAR(model.parameter("J_0_to_1").as_double()[1], 0.2 + 0.5 * 0.6 * 2, 1e-15);
}

TEST(LocalTrainer, RewardsAndPunishments) {
  Model        model = network();
  LocalTrainer trainer(model, {.rule = "reward_modulated_hebbian", .update = {.rate = 0.1},
                               .modulator = LocalModulator::mse, .modulator_centred = true});
  // the row with the smaller error is rewarded
  const LocalStep done = trainer.step({{2, 1, 2}, std::vector<double>{1, 0, 0, 1}}, Array{{2, 1}, std::vector<double>{0.2, 1.2}});
  EXPECT_NEAR(done.modulator[0], 0.5, 1e-12);
  EXPECT_NEAR(done.modulator[1], -0.5, 1e-12);
  const std::vector<double> w = model.parameter("J_0_to_1").as_double();
  EXPECT_GT(w[0], 0.2);
  EXPECT_LT(w[1], 0.2);
}

TEST(LocalTrainer, WeightsStayWithinBoundsAndKeepTheirSign) {
  Model        model = network();
  LocalTrainer trainer(model, {.rule = "hebbian", .update = {.rate = 1}, .preserve_sign = true, .weight_range = {{-1, 0.3}}});
  trainer.step({{1, 1, 2}, std::vector<double>{3, -1}});
  EXPECT_EQ(model.parameter("J_0_to_1").as_double(), (std::vector<double>{0.3, 0}));
  Model        other = network();
  LocalTrainer shortener(other, {.rule = "hebbian", .update = {.rate = 1}, .max_row_norm = 0.5});
  shortener.step({{1, 1, 2}, std::vector<double>{3, 4}});
  const std::vector<double> w = other.parameter("J_0_to_1").as_double();
  EXPECT_NEAR(std::hypot(w[0], w[1]), 0.5, 1e-15);
}

TEST(LocalTrainer, RatesFollowASchedule) {
  Model        model = network();
  LocalTrainer trainer(model, {.rule = "hebbian", .update = {.rate = 1},
                               .schedule = parse_yaml("{type: linear, max_lr: 0.1, min_lr: 0.0}"), .length = {.updates_total = 2}});
  const Array  x{{1, 1, 2}, std::vector<double>{1, 0}};
  trainer.step(x);
  EXPECT_NEAR(model.parameter("J_0_to_1").as_double()[0], 0.22, 1e-12);
}

TEST(LocalTrainer, RulesOnTrajectoriesSeeTheOrderOfEvents) {
  Model        model = network();
  LocalTrainer trainer(model, {.rule = "stdp", .params = parse_yaml("{tau_plus: 1.0e-3, tau_minus: 2.0, a_minus: 0.0}"), .update = {.rate = 1}});
  trainer.step({{1, 3, 2}, std::vector<double>{1, 0, 0, 0, 0, 1}});
  const std::vector<double> w = model.parameter("J_0_to_1").as_double();   // y is 0.2 in steps 1 and 3 of 4 entries
  EXPECT_NEAR(w[0], 0.2 + (0.2 + 0.2 * std::exp(-1)) / 4, 1e-12);
  EXPECT_NEAR(w[1], 0.2 + 0.2 / 4, 1e-12);
}

TEST(LocalTrainer, MistakesAreExplained) {
  Model model = network();
  const auto says = [&](const LocalLearning& how) { return failure([&] { LocalTrainer(model, how); }); };
  EXPECT_EQ(says({.modulator = LocalModulator::mse}),
            "rule hebbian has no modulator\n  take reward_modulated_hebbian, reward_modulated_oja or stdp");
  EXPECT_EQ(says({.connections = {"J_1_to_0"}}),
            "no weights 'J_1_to_0' can learn by a local rule\n  did you mean 'J_0_to_1'?  there are: J_0_to_1");
  EXPECT_EQ(says({.weight_range = {{1, 0}}}), "no weight is within [1, 0]");
  LocalTrainer trainer(model, {.rule = "reward_modulated_hebbian", .modulator = LocalModulator::accuracy});
  EXPECT_EQ(failure([&] { trainer.step(cloud(3)); }), "target: expected [3], got []\n  the modulator or the loss needs one");
}

}  // namespace
}  // namespace dynode
