// Local rules on numbers one can follow by hand.
#include "dynode/learn/local_rule.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/plan/arguments.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;

struct Case {
  Numbers post, pre, weights, modulator = {};
  size_t  steps = 1;
};

/// Two rows, one target, two sources.
Numbers update(const char* name, const Case& c, const LocalUpdate& how = {.rate = 1}, const Value& params = Value::map(),
               Numbers* memory = nullptr) {
  const LocalRuleEntry& rule = find_local_rule(name);
  Numbers               own;
  const size_t          rows = c.post.size() / c.steps, from = c.pre.size() / (rows * c.steps);
  return local_update(rule, check_arguments(rule.name, rule.facts, params), how,
                      {.rows = rows, .steps = c.steps, .to = 1, .from = from, .post = c.post, .pre = c.pre,
                       .weights = c.weights, .modulator = c.modulator},
                      memory ? *memory : own);
}

const Case kCase{.post = {2, 4}, .pre = {1, 0, 1, 3}, .weights = {0.5, -1}};

TEST(LocalRule, HebbIsTheMeanProduct) { EXPECT_EQ(update("hebbian", kCase), (Numbers{3, 6})); }

TEST(LocalRule, OjaTakesTheSquareOfTheTargetOff) {   // ⟨y²⟩ = 10
  EXPECT_EQ(update("oja", kCase), (Numbers{3 - 5, 6 + 10}));
}

TEST(LocalRule, OjaEndsAtTheFirstPrincipalComponent) {
  Numbers w = {0.3, 0.1};
  for (int n = 0; n < 2000; ++n) {
    Case c{.post = {}, .pre = {3, 1, -3, -1, 0.5, -1.5, -0.5, 1.5}, .weights = w};
    for (int row = 0; row < 4; ++row) c.post.push_back(w[0] * c.pre[size_t(2 * row)] + w[1] * c.pre[size_t(2 * row) + 1]);
    const Numbers delta = update("oja", c, {.rate = 0.02});
    w[0] += delta[0], w[1] += delta[1];
  }
  EXPECT_NEAR(w[0], 3 / std::sqrt(10.0), 1e-6);
  EXPECT_NEAR(w[1], 1 / std::sqrt(10.0), 1e-6);
}

TEST(LocalRule, ThresholdOfBcmFollowsTheActivity) {
  Numbers threshold;
  const Value half = Value::map({{"momentum", 0.5}});
  EXPECT_EQ(update("bcm", kCase, {.rate = 1}, half, &threshold), (Numbers{(2 * (2 - 5) + 4 * (4 - 5)) / 2., 3 * 4 * (4 - 5) / 2.}));
  EXPECT_EQ(threshold, Numbers{5});
  update("bcm", kCase, {.rate = 1}, half, &threshold);
  EXPECT_EQ(threshold, Numbers{7.5});
}

TEST(LocalRule, SourceBeforeTargetGrowsAndAfterShrinks) {
  const Case before{.post = {0, 1}, .pre = {1, 0}, .weights = {0}, .steps = 2};
  const Case after{.post = {1, 0}, .pre = {0, 1}, .weights = {0}, .steps = 2};
  EXPECT_NEAR(update("stdp", before)[0], std::exp(-1 / 20.) / 2, 1e-15);
  EXPECT_NEAR(update("stdp", after)[0], -std::exp(-1 / 20.) / 2, 1e-15);
}

TEST(LocalRule, RewardsAreFactorsOfRows) {
  Case c = kCase;
  c.modulator = {1, -1};
  EXPECT_EQ(update("reward_modulated_hebbian", c), (Numbers{1 - 2, -6}));
  EXPECT_EQ(update("reward_modulated_oja", c), (Numbers{-1 - 0.5 * -6, -6 - 6}));
}

TEST(LocalRule, UpdatesAreScaledAndLimited) {
  const double norm = std::sqrt(45.0);
  EXPECT_NEAR(update("hebbian", kCase, {.rate = 1, .scale = UpdateScale::update_norm, .target = 2})[0], 6 / norm, 1e-15);
  EXPECT_NEAR(update("hebbian", kCase, {.rate = 1, .scale = UpdateScale::weight_norm, .target = 1})[0], 3 / 2.25, 1e-15);
  EXPECT_NEAR(update("hebbian", kCase, {.rate = 1, .limit = 1})[1], 6 / norm, 1e-15);
}

TEST(LocalRule, RefusesWhatDoesNotFit) {
  Case c = kCase;
  c.modulator = {1, 1};
  EXPECT_EQ(failure([&] { update("hebbian", c); }),
            "rule hebbian has no modulator\n  take reward_modulated_hebbian, reward_modulated_oja or stdp");
  c = kCase;
  c.weights = {1};
  EXPECT_EQ(failure([&] { update("hebbian", c); }), "weights: expected [1, 2], got [1]");
  c = kCase;
  c.post[0] = 1e308, c.pre[0] = 1e308;
  EXPECT_EQ(failure([&] { update("hebbian", c); }),
            "the update by rule hebbian is not finite\n  give a smaller rate, or a limit");
  EXPECT_EQ(failure([&] { find_local_rule("heb"); }).substr(0, 28), "there is no local rule 'heb'");
}

}  // namespace
}  // namespace dynode
