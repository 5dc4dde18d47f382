// Learning-rate schedules: values at the points where a rule can be worked out by hand.
#include "dynode/learn/schedule.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/arguments_test.h"

namespace dynode {
namespace {

using Given  = std::initializer_list<std::pair<const char*, Arguments::Value>>;
using Values = std::vector<double>;

constexpr double kOptimizerRate = 0.5;

/// A schedule in a run of 12 epochs of 5 updates.
class Training {
 public:
  Training(const char* name, Given given = {})
      : entry_(find_schedule(name)), arguments_(arguments_of(entry_.facts, given)) {
    check_schedule(entry_, args());
  }
  double at(int64_t update) const { return learning_rate(entry_, args(), {update, 60, 5}, state_); }
  void   validate(int64_t epoch, double value) { observe(entry_, args(), epoch, value, state_); }
  const ScheduleState& state() const { return state_; }

 private:
  ScheduleArgs args() const { return {arguments_, kOptimizerRate}; }

  const ScheduleEntry& entry_;
  Arguments            arguments_;
  ScheduleState        state_;
};

TEST(Schedule, ConstantStaysAndFallsBackOnTheOptimizer) {
  EXPECT_EQ(Training("constant", {{"lr", 0.004}}).at(17), 0.004);
  EXPECT_EQ(Training("constant").at(17), kOptimizerRate);
}

TEST(Schedule, StepDropsAtEpochs) {
  const Training run("step", {{"lr", 1.0}, {"step_epochs", 2.0}, {"factor", 0.5}});
  EXPECT_EQ(run.at(0), 1);
  EXPECT_EQ(run.at(9), 1);
  EXPECT_EQ(run.at(10), 0.5);
  EXPECT_EQ(run.at(29), 0.25);
}

TEST(Schedule, ExponentialDecaysPerEpochDownToItsFloor) {
  const Training run("exponential", {{"lr", 1.0}, {"factor", 0.5}, {"min_lr", 0.1}});
  EXPECT_EQ(run.at(4), 1);
  EXPECT_EQ(run.at(5), 0.5);
  EXPECT_EQ(run.at(15), 0.125);
  EXPECT_EQ(run.at(20), 0.1);
}

TEST(Schedule, LinearFallsOverTheWholeRun) {
  const Training run("linear", {{"max_lr", 1.0}, {"min_lr", 0.01}});
  EXPECT_DOUBLE_EQ(run.at(0), 1);
  EXPECT_DOUBLE_EQ(run.at(30), 0.505);
  EXPECT_DOUBLE_EQ(run.at(60), 0.01);
  EXPECT_DOUBLE_EQ(run.at(90), 0.01);
  const Training logarithmic("linear", {{"max_lr", 1.0}, {"min_lr", 0.01}, {"log_space", 1.0}});
  EXPECT_DOUBLE_EQ(logarithmic.at(30), 0.1);
}

TEST(Schedule, CosineWarmsUpFallsAndStartsAgain) {
  // 10 updates of warm-up, cycles of 20
  const Training run("cosine", {{"max_lr", 1.0}, {"min_lr", 0.1}, {"warmup_epochs", 2.0}, {"cycle_epochs", 4.0}});
  EXPECT_DOUBLE_EQ(run.at(0), 0.1);
  EXPECT_DOUBLE_EQ(run.at(5), 0.55);
  EXPECT_DOUBLE_EQ(run.at(10), 1);
  EXPECT_DOUBLE_EQ(run.at(20), 0.55);
  EXPECT_NEAR(run.at(29), 0.1 + 0.45 * (1 + std::cos(0.95 * std::acos(-1.0))), 1e-15);
  EXPECT_DOUBLE_EQ(run.at(30), 1);
}

TEST(Schedule, CosineWithoutWarmupHoldsItsFirstRateForTwoUpdates) {
  const Training run("cosine", {{"max_lr", 1.0}, {"min_lr", 0.1}, {"warmup_epochs", 0.0}, {"cycle_epochs", 4.0}});
  EXPECT_DOUBLE_EQ(run.at(0), 1);
  EXPECT_DOUBLE_EQ(run.at(1), 1);
  EXPECT_DOUBLE_EQ(run.at(11), 0.55);
}

TEST(Schedule, CosineCyclesChangeLengthAndHeight) {
  const Training run("cosine", {{"max_lr", 1.0}, {"min_lr", 0.0}, {"warmup_epochs", 2.0}, {"cycle_epochs", 2.0},
                           {"restart_decay", 0.8}, {"amplitude_decay", 0.5}, {"period_decay", 2.0}});
  EXPECT_DOUBLE_EQ(run.at(20), 0.4);    // 0.8 · 0.5
  EXPECT_DOUBLE_EQ(run.at(30), 0.2);    // half of 20 updates later
  EXPECT_DOUBLE_EQ(run.at(40), 0.16);   // 0.64 · 0.25
}

TEST(Schedule, CosineMayStaySoftOrEnd) {
  const Given soft = {{"max_lr", 1.0}, {"min_lr", 0.0}, {"warmup_epochs", 2.0}, {"cycle_epochs", 4.0},
                      {"soft_restart", 1.0}, {"amplitude_decay", 0.5}};
  EXPECT_NEAR(Training("cosine", soft).at(20), 0, 1e-15);            // the valley is in the middle
  EXPECT_NEAR(Training("cosine", soft).at(25), 0.5 * 0.625, 1e-15);  // three quarters: height 1 − 0.5 · 0.75
  EXPECT_NEAR(Training("cosine", soft).at(30), 0.5, 1e-15);

  const Given once = {{"max_lr", 1.0}, {"min_lr", 0.1}, {"warmup_epochs", 0.0}, {"cycle_epochs", 2.0},
                      {"enable_restarts", 0.0}};
  EXPECT_DOUBLE_EQ(Training("cosine", once).at(50), 0.1);
}

TEST(Schedule, CosineMayChangeOnlyNowAndThen) {
  const Given often = {{"warmup_epochs", 4.0}, {"max_lr", 2.0}, {"min_lr", 0.0}, {"batches_per_adjustment", 3.0}};
  EXPECT_DOUBLE_EQ(Training("cosine", often).at(3), 0.3);
  EXPECT_DOUBLE_EQ(Training("cosine", often).at(5), 0.3);
  const Given epochs = {{"warmup_epochs", 4.0}, {"max_lr", 2.0}, {"min_lr", 0.0}, {"adjust_on_batch", 0.0}};
  EXPECT_DOUBLE_EQ(Training("cosine", epochs).at(4), 0);
  EXPECT_DOUBLE_EQ(Training("cosine", epochs).at(9), 0.5);
}

TEST(Schedule, CosineEndsEvenIfItsCyclesShrinkToNothing) {
  const Training run("cosine", {{"max_lr", 1.0}, {"min_lr", 0.0}, {"warmup_epochs", 0.0}, {"cycle_epochs", 1.0},
                           {"period_decay", 0.1}});
  EXPECT_NEAR(run.at(60), 0, 1e-15);
}

TEST(Schedule, RexFallsSlowlyAndThenFast) {
  const Training run("rex");
  EXPECT_DOUBLE_EQ(run.at(0), kOptimizerRate);
  EXPECT_DOUBLE_EQ(run.at(30), kOptimizerRate * 0.5 / 0.75);
  EXPECT_DOUBLE_EQ(run.at(60), 0);
  const Training warm("rex", {{"max_lr", 1.0}, {"warmup_epochs", 2.0}, {"warmup_start_lr", 0.2}, {"min_lr", 0.1}});
  EXPECT_DOUBLE_EQ(warm.at(0), 0.2);
  EXPECT_DOUBLE_EQ(warm.at(5), 0.6);
  EXPECT_DOUBLE_EQ(warm.at(10), 1);
  EXPECT_DOUBLE_EQ(warm.at(35), 0.1 + 0.9 * 0.5 / 0.75);
  EXPECT_DOUBLE_EQ(warm.at(60), 0.1);
}

TEST(Schedule, GreedyGrowsOnClearGainsAndShrinksWithoutAny) {
  Training run("greedy", {{"patience", 2.0}, {"max_lr", 1.0}, {"factor_increase", 1.5}, {"factor_decrease", 0.5}});
  EXPECT_EQ(run.at(0), 1);
  const auto after = [&](int64_t epoch, double loss) {
    run.validate(epoch, loss);
    return run.at(5 * (epoch + 1));
  };
  EXPECT_EQ(after(0, 1.0), 1);          // at its limit already
  EXPECT_EQ(after(1, 1.1), 1);
  EXPECT_EQ(after(2, 1.1), 0.5);        // two epochs without a new best
  EXPECT_EQ(after(3, 0.5), 0.5);        // grows in even epochs only
  EXPECT_EQ(after(4, 0.499), 0.5);      // not 1 % better
  EXPECT_EQ(after(5, 0.498), 0.5);
  EXPECT_EQ(after(6, 0.4), 0.75);
  EXPECT_EQ(after(8, 0.3), 1);          // cut
}

TEST(Schedule, AdaptiveCountsGoodAndBadEpochs) {
  Training run("adaptive", {{"max_lr", 1.0}, {"warmup_epochs", 1.0}, {"warmup_start_lr", 0.0}, {"cooldown", 1.0},
                            {"patience_increase", 2.0}, {"patience_decrease", 2.0}, {"increase_factor", 1.5},
                            {"decrease_factor", 0.5}});
  EXPECT_DOUBLE_EQ(run.at(2), 0.4);
  const auto after = [&](int64_t epoch, double loss) {
    run.validate(epoch, loss);
    return run.at(5 * (epoch + 1));
  };
  EXPECT_EQ(after(0, 0.1), 1);     // warm-up is not looked at
  EXPECT_EQ(after(1, 0.9), 1);
  EXPECT_EQ(after(2, 0.95), 1);
  EXPECT_EQ(after(3, 0.95), 0.5);
  EXPECT_EQ(after(4, 0.95), 0.5);  // cooldown
  EXPECT_EQ(after(5, 0.8), 0.5);
  EXPECT_EQ(after(6, 0.7), 0.75);
  EXPECT_EQ(after(7, 0.8), 0.75);  // cooldown
  EXPECT_EQ(after(8, NAN), 0.75);  // not a number is bad
  EXPECT_EQ(after(9, 0.7), 0.375);
}

TEST(Schedule, AllStateIsInTheStateStruct) {
  Training run("greedy", {{"patience", 1.0}, {"max_lr", 1.0}});
  const ScheduleState before = run.state();
  run.validate(0, 1);
  run.validate(1, 2);
  EXPECT_NE(run.state().lr, before.lr);
  EXPECT_EQ(run.state().best, 1);
  EXPECT_EQ(Training("constant").state().best, ScheduleState().best);
}

TEST(Schedule, RefusesWhatDoesNotGoTogether) {
  EXPECT_THROW(Training("linear", {{"max_lr", 0.1}, {"min_lr", 0.2}}), SpecError);
  EXPECT_THROW(Training("linear", {{"min_lr", 0.0}, {"log_space", 1.0}}), SpecError);
  EXPECT_THROW(Training("adaptive", {{"threshold_mode", std::string("relative")}}), SpecError);
  EXPECT_THROW(find_schedule("cosin"), SpecError);
}

}  // namespace
}  // namespace dynode
