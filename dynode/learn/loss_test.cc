// Losses: small exact numbers for each, and for all of them: adjoints against central differences, sums over tiles,
// float beside double.
#include "dynode/learn/loss.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/arguments_test.h"

namespace dynode {
namespace {

using Given   = std::initializer_list<std::pair<const char*, Arguments::Value>>;
using Values  = std::vector<double>;
using Classes = std::vector<int64_t>;

/// A batch and what is asked of it; either classes or values are used.
struct Batch {
  size_t               rows, steps, units;
  Values               output;
  Classes              classes = {};
  Values               values  = {};
  std::vector<uint8_t> mask    = {};
};

struct Result {
  double value;
  Values adjoint;
};

/// Weights of a layer to itself, for losses that look at them; and room for their slopes.
struct Recurrent {
  Values W, W_bar;
  template <class R>
  explicit Recurrent(LossCall<R>& call) : W(call.units * call.units), W_bar(W.size()) {
    for (size_t i = 0; i < W.size(); ++i) W[i] = std::sin(2.3 * double(i) + 1);
    call.recurrent = W.data(), call.recurrent_bar = W_bar.data();
  }
};

Result evaluate(const LossEntry& loss, const Arguments& arguments, const Batch& batch, double weight = 1) {
  check_loss(loss, arguments, batch.steps, batch.units);
  Result result{0, Values(batch.output.size())};
  const int64_t* classes = batch.classes.empty() ? nullptr : batch.classes.data();
  LossCall<double> call;
  call.rows = batch.rows, call.steps = batch.steps, call.units = batch.units;
  Recurrent recurrent(call);
  call.output     = batch.output.data();
  call.classes    = classes;
  call.values     = batch.values.empty() ? nullptr : batch.values.data();
  call.mask       = batch.mask.empty() ? nullptr : batch.mask.data();
  call.normaliser = loss_count(loss, arguments, batch.rows, batch.steps, batch.units, classes, call.mask);
  call.weight     = weight;
  call.output_bar = result.adjoint.data();
  result.value    = value_and_adjoint(loss, arguments, call);
  return result;
}

Result evaluate(const char* name, const Batch& batch, Given given = {}, double weight = 1) {
  const LossEntry& loss = find_loss(name);
  return evaluate(loss, arguments_of(loss.facts, given), batch, weight);
}

void expect_near(const Values& got, const Values& expected, double tolerance = 1e-14) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], tolerance) << i;
}

// ---- each loss, by hand

TEST(Loss, CrossEntropyOfEqualLogitsIsLogOfTheirNumber) {
  const Result r = evaluate("cross_entropy", {1, 1, 4, {2, 2, 2, 2}, {1}});
  EXPECT_NEAR(r.value, std::log(4.0), 1e-15);
  expect_near(r.adjoint, {0.25, -0.75, 0.25, 0.25});
}

TEST(Loss, CrossEntropyStaysFiniteForHugeLogits) {
  const Result r = evaluate("cross_entropy", {1, 1, 2, {1e4, -1e4}, {1}});
  EXPECT_DOUBLE_EQ(r.value, 2e4);
  expect_near(r.adjoint, {1, -1});
}

TEST(Loss, CrossEntropyLeavesOutIgnoredTargets) {
  const Result r = evaluate("cross_entropy", {2, 2, 2, {0, 0, 5, 1, 0, 0, 2, 2}, {0, -100, -100, 1}});
  EXPECT_NEAR(r.value, std::log(2.0), 1e-15);
  expect_near(r.adjoint, {-0.25, 0.25, 0, 0, 0, 0, 0.25, -0.25});

  const Result nothing = evaluate("cross_entropy", {1, 1, 2, {1, 2}, {-100}});
  EXPECT_EQ(nothing.value, 0);
  EXPECT_EQ(nothing.adjoint, Values(2, 0.0));
}

TEST(Loss, CrossEntropyWeighsClassesInSumAndDivisor) {
  // weights 3 and 1: (3 log 2 + log 2) / 4
  const Batch  batch{2, 1, 2, {0, 0, 0, 0}, {0, 1}};
  const Result r = evaluate("cross_entropy", batch, {{"class_weights", Values{3, 1}}});
  EXPECT_NEAR(r.value, std::log(2.0), 1e-15);
  expect_near(r.adjoint, {-0.375, 0.375, 0.125, -0.125});
  EXPECT_THROW(evaluate("cross_entropy", batch, {{"class_weights", Values{3, 1, 1}}}), SpecError);
  EXPECT_THROW(evaluate("cross_entropy", batch, {{"class_weights", Values{3, -1}}}), SpecError);
}

TEST(Loss, CrossEntropyTakesTargetProbabilities) {
  const Batch batch{1, 1, 2, {0.5, 0.25}, {}, {0.5, 0.5}};
  const Result raw = evaluate("cross_entropy", batch, {{"apply_softmax", 0.0}});
  EXPECT_NEAR(raw.value, 1.5 * std::log(2.0), 1e-15);
  expect_near(raw.adjoint, {-1, -2});

  // a floor of 1e-12 under the probabilities, with no slope below it
  const Result floor = evaluate("cross_entropy", {1, 1, 2, {0, 1}, {}, {1, 0}}, {{"apply_softmax", 0.0}});
  EXPECT_NEAR(floor.value, 12 * std::log(10.0), 1e-12);
  expect_near(floor.adjoint, {0, 0});
}

TEST(Loss, NormsOfSequencesAreAveragedOverRows) {
  const Batch batch{2, 2, 1, {3, 4, 1, 1}, {}, {0, 0, 1, 1}};   // the second row is right
  EXPECT_DOUBLE_EQ(evaluate("l1", batch).value, 3.5);
  expect_near(evaluate("l1", batch).adjoint, {0.5, 0.5, 0, 0});
  EXPECT_DOUBLE_EQ(evaluate("l2", batch).value, 2.5);
  expect_near(evaluate("l2", batch).adjoint, {0.3, 0.4, 0, 0});
}

TEST(Loss, MeanErrors) {
  const Batch batch{1, 2, 2, {1, 2, 3, 4}, {}, {1, 0, 4, 4}};
  EXPECT_DOUBLE_EQ(evaluate("mse", batch).value, 1.25);
  expect_near(evaluate("mse", batch).adjoint, {0, 1, -0.5, 0});
  EXPECT_DOUBLE_EQ(evaluate("mae", batch).value, 0.75);
  expect_near(evaluate("mae", batch).adjoint, {0, 0.25, -0.25, 0});
  EXPECT_DOUBLE_EQ(evaluate("mse_gradient_cutoff", batch).value, 0.5);
  expect_near(evaluate("mse_gradient_cutoff", batch).adjoint, {0, 0, -1, 0});
  EXPECT_DOUBLE_EQ(evaluate("final_timestep_zero_mse", batch).value, 12.5);
  expect_near(evaluate("final_timestep_zero_mse", batch).adjoint, {0, 0, 3, 4});
}

TEST(Loss, GapIsAHinge) {
  // right class 1 with 2; the others are 1.5 (over by 0.5) and −1 (far)
  const Result r = evaluate("gap_loss", {1, 1, 3, {1.5, 2, -1}, {1}});
  EXPECT_DOUBLE_EQ(r.value, 0.5);
  expect_near(r.adjoint, {1, -1, 0});
}

TEST(Loss, TopGapRewardsDistanceOfRightAnswers) {
  // row 0 wrong: 2, no slope; row 1 right by 0.1 of 0.4 after the division by 2: 2 · 0.75
  const Batch  batch{2, 1, 2, {1, 0, 0.2, 0}, {1, 0}};
  const Given  given = {{"separation_threshold", 0.4}, {"max_penalty_offset", 2.0}, {"pool_scale", 2.0}};
  const Result r     = evaluate("top_gap_loss", batch, given);
  EXPECT_DOUBLE_EQ(r.value, (2 + 1.5) / 2);
  expect_near(r.adjoint, {0, 0, -1.25, 1.25});
  EXPECT_EQ(evaluate("top_gap_loss", {1, 1, 2, {9, 0}, {0}}, given).value, 0);
  EXPECT_THROW(evaluate("top_gap_loss", {1, 1, 1, {9}, {0}}, given), SpecError);
}

TEST(Loss, RichMarginOfTwoOppositeAnswers) {
  // z = ±(1, −1), right by 2: no gap is left; p as σ(2); directions are opposite, as classes are
  const double p    = 1 / (1 + std::exp(-2.0));
  const double H    = -p * std::log(p) - (1 - p) * std::log(1 - p);
  const Given  only = {{"margin", 0.0}, {"sigma_noise", 0.0}};
  EXPECT_NEAR(evaluate("rich_margin_loss", {2, 1, 2, {1, -1, -1, 1}, {0, 1}}, only).value,
              -0.1 * H + 0.2 * 2 / 4.0 - 0.1 / 4, 1e-14);
  // noise moves outputs, so it costs
  const Batch  batch{1, 1, 2, {1, -1}, {0}};
  const double calm = evaluate("rich_margin_loss", batch, {{"sigma_noise", 0.0}}).value;
  EXPECT_GT(evaluate("rich_margin_loss", batch, {{"sigma_noise", 0.5}}).value, calm);
}

TEST(Loss, AutoregressivePlacesHaveTheSameSay) {
  // two rows of three tokens: place 0 foretells 1 in both rows, place 1 foretells 0 in the first alone
  const Batch  batch{2, 3, 2, {0, 1, 3, 0, 9, 9, 0, 2, 5, 5, 9, 9}, {0, 1, 0, 1, 1, -100}};
  const auto   ce   = [](double right, double wrong) { return std::log1p(std::exp(wrong - right)); };
  const Result r    = evaluate("autoregressive_loss", batch);
  EXPECT_NEAR(r.value, ((ce(1, 0) + ce(2, 0)) / 2 + ce(3, 0)) / 2, 1e-15);
  for (const size_t i : {4, 5, 8, 9, 10, 11}) EXPECT_EQ(r.adjoint[i], 0) << i;
  EXPECT_THROW(evaluate("autoregressive_loss", batch, {{"time_steps_per_token", 3.0}}), SpecError);
}

TEST(Loss, GetOffTheGroundFallsFromZeroToItsThreshold) {
  const Batch  batch{1, 1, 4, {0, -0.5, 1, 1.5}};
  const Given  given = {{"threshold", 1.0}, {"min_penalty_offset", 2.0}, {"max_penalty_offset", 10.0}, {"factor", 4.0}};
  const Result r     = evaluate("get_off_the_ground_loss", batch, given);
  EXPECT_DOUBLE_EQ(r.value, 10 + 6 + 2);
  expect_near(r.adjoint, {0, 8, -8, 0});
}

TEST(Loss, HighStatesCostExponentially) {
  const Result r = evaluate("exp_high_state_penalty", {1, 1, 2, {-1.5, 0.9}}, {{"scale", 2.0}, {"factor", 3.0}});
  EXPECT_NEAR(r.value, 1.5 * (std::exp(1.0) - 1), 1e-14);
  expect_near(r.adjoint, {-3 * std::exp(1.0), 0});
}

TEST(Loss, AverageMagnitudeIsHeldAtItsTarget) {
  const Batch batch{2, 1, 1, {1, -2}};
  EXPECT_DOUBLE_EQ(evaluate("average_state_magnitude_loss", batch).value, 1);
  expect_near(evaluate("average_state_magnitude_loss", batch).adjoint, {1, -1});
  const Given mae = {{"loss_type", std::string("mae")}, {"target_magnitude", 2.0}};
  EXPECT_DOUBLE_EQ(evaluate("average_state_magnitude_loss", batch, mae).value, 0.5);
  expect_near(evaluate("average_state_magnitude_loss", batch, mae).adjoint, {-0.5, 0.5});
  EXPECT_THROW(evaluate("average_state_magnitude_loss", batch, {{"loss_type", std::string("l3")}}), SpecError);
}

TEST(Loss, FiringRates) {
  // two rows of one step, three units: mean rates 1, −2, 4
  const Batch batch{2, 1, 3, {0, -2, 4, 2, -2, 4}};
  const auto  fr   = [&](const char* metric) { return evaluate("fr", batch, {{"metric", std::string(metric)}}).value; };
  const auto  dist = [&](const char* metric) {
    return evaluate("fr_dist", batch, {{"metric", std::string(metric)}}).value;
  };
  EXPECT_DOUBLE_EQ(fr("l1"), 7.0 / 3);
  EXPECT_DOUBLE_EQ(fr("l2"), 7);
  EXPECT_DOUBLE_EQ(fr("power"), 44.0 / 6);
  EXPECT_DOUBLE_EQ(dist("sd"), 3);   // deviations 0, −3, 3; divisor 2
  EXPECT_DOUBLE_EQ(dist("cv"), 3);
  EXPECT_DOUBLE_EQ(dist("mean_ad"), 2);
  EXPECT_DOUBLE_EQ(dist("max_ad"), 3);
  EXPECT_THROW(fr("l3"), SpecError);
  EXPECT_THROW(dist("std"), SpecError);
  EXPECT_THROW(evaluate("fr_dist", {1, 2, 1, {1, 2}}), SpecError);
}

TEST(Loss, EqualRatesHaveNoSpreadAndNoSlope) {
  const Result r = evaluate("fr_dist", {1, 1, 3, {2, 2, 2}});
  EXPECT_EQ(r.value, 0);
  EXPECT_EQ(r.adjoint, Values(3, 0.0));
}

TEST(Loss, StatePredictionIsTheChangeOverTau) {
  const Batch batch{1, 3, 1, {1, 2, 4}};
  EXPECT_DOUBLE_EQ(evaluate("state_pred", batch).value, 2.5);
  expect_near(evaluate("state_pred", batch).adjoint, {-1, -1, 2});
  EXPECT_DOUBLE_EQ(evaluate("state_pred", batch, {{"tau", 2.0}}).value, 9);
  EXPECT_THROW(evaluate("state_pred", batch, {{"tau", 3.0}}), SpecError);
}

TEST(Loss, EntropyOfEqualActivityIsLogOfTheUnits) {
  const Result r = evaluate("entropy", {1, 1, 4, {1, 1, 1, 1}}, {{"reg", 0.5}});
  EXPECT_NEAR(r.value, std::log(4.0) + 2, 1e-7);
  expect_near(r.adjoint, {1, 1, 1, 1}, 1e-7);
  // negative activity counts as none
  EXPECT_NEAR(evaluate("entropy", {1, 1, 3, {-5, 1, 1}}, {{"reg", 0.0}}).value, std::log(2.0), 1e-7);
}

// ---- what every loss must satisfy

Batch wavy(const LossEntry& loss, size_t rows, size_t steps, size_t units) {
  Batch batch{rows, steps, units, Values(rows * steps * units)};
  for (size_t i = 0; i < batch.output.size(); ++i) batch.output[i] = 1.3 * std::sin(1.1 * double(i) + 0.4);
  if (loss.target == LossTarget::classes || loss.target == LossTarget::classes_or_values) {
    for (size_t p = 0; p < rows * steps; ++p) batch.classes.push_back(p % 5 == 4 ? kIgnoredClass : int64_t(p % units));
  } else if (loss.target == LossTarget::values) {
    for (size_t i = 0; i < batch.output.size(); ++i) batch.values.push_back(std::cos(0.7 * double(i)));
  }
  return batch;
}

std::vector<Arguments> variants(const LossEntry& loss) {
  const std::string      name = loss.name;
  if (loss.of_weights || loss.on_network) return {};   // they look at more than outputs: objective_network_test.cc
  std::vector<Arguments> list = {arguments_of(loss.facts)};
  const auto add = [&](Given given) { list.push_back(arguments_of(loss.facts, given)); };
  if (name == "fr") add({{"metric", std::string("l1")}}), add({{"metric", std::string("power")}});
  if (name == "fr_dist")
    for (const char* metric : {"cv", "mean_ad", "max_ad"}) add({{"metric", std::string(metric)}});
  if (name == "fr_dist") add({{"metric", std::string("cv")}, {"absolute", 1.0}});
  if (name == "pop_kl") add({{"symmetric", 0.0}, {"reduction", std::string("sum")}, {"reg", 0.3}});
  if (name == "average_state_magnitude_loss") add({{"loss_type", std::string("mae")}, {"factor", 3.0}});
  if (name == "cross_entropy") add({{"class_weights", Values{1, 2, 0.5, 3}}});
  if (name == "get_off_the_ground_loss") add({{"threshold", 0.9}, {"factor", 0.3}});
  if (name == "exp_high_state_penalty") add({{"threshold", 0.2}, {"scale", 2.0}});
  if (name == "top_gap_loss") add({{"separation_threshold", 5.0}, {"pool_scale", 2.0}});
  if (name == "state_pred") add({{"tau", 2.0}});
  if (name == "rich_margin_loss") add({{"margin", 0.9}, {"sigma_noise", 0.0}, {"consistency", 1.0}, {"diversity", 2.0}});
  if (name == "autoregressive_loss") add({{"time_steps_per_token", 2.0}, {"start_timestep", 1.0}});
  return list;
}

TEST(EveryLoss, AdjointsAreDerivatives) {
  for (const LossEntry& loss : losses())
    for (const Arguments& arguments : variants(loss)) {
      Batch        batch = wavy(loss, 3, 4, 4);
      const Values slope = evaluate(loss, arguments, batch, 0.7).adjoint;
      for (size_t i = 0; i < batch.output.size(); ++i) {
        const double at = batch.output[i];
        batch.output[i] = at + 1e-5;
        const double above = evaluate(loss, arguments, batch, 0.7).value;
        batch.output[i] = at - 1e-5;
        const double below = evaluate(loss, arguments, batch, 0.7).value;
        batch.output[i] = at;
        EXPECT_NEAR(slope[i], (above - below) / 2e-5, 1e-7) << loss.name << " " << i;
      }
    }
}

TEST(EveryLoss, AdjointsOfProbabilitiesAreDerivatives) {
  const LossEntry& loss = find_loss("cross_entropy");
  for (const double softmax : {0.0, 1.0}) {
    Batch batch = wavy(find_loss("mse"), 2, 1, 4);
    for (double& x : batch.output) x = 0.1 + std::abs(x);
    for (double& x : batch.values) x = std::abs(x);
    const Arguments arguments = arguments_of(loss.facts, {{"apply_softmax", softmax}});
    const Values    slope     = evaluate(loss, arguments, batch).adjoint;
    for (size_t i = 0; i < batch.output.size(); ++i) {
      Batch above = batch, below = batch;
      above.output[i] += 1e-6, below.output[i] -= 1e-6;
      const double difference = evaluate(loss, arguments, above).value - evaluate(loss, arguments, below).value;
      EXPECT_NEAR(slope[i], difference / 2e-6, 1e-7) << softmax << " " << i;
    }
  }
}

TEST(EveryLoss, IsTheSumOverItsTiles) {
  for (const LossEntry& loss : losses()) {
    if (!loss.row_additive() || loss.on_network) continue;
    const Arguments arguments = arguments_of(loss.facts);
    const Batch     batch     = wavy(loss, 5, 3, 4);
    const Result    whole     = evaluate(loss, arguments, batch);
    const int64_t*  classes   = batch.classes.empty() ? nullptr : batch.classes.data();
    const double    N         = loss_count(loss, arguments, 5, 3, 4, classes);

    double sum = 0, count = 0;
    Values adjoint(batch.output.size());
    for (const auto& [begin, rows] : {std::pair<size_t, size_t>{0, 2}, {2, 2}, {4, 1}}) {
      LossCall<double> call;
      call.rows = rows, call.steps = 3, call.units = 4;
      Recurrent recurrent(call);
      call.output     = batch.output.data() + begin * 12;
      call.classes    = classes ? classes + begin * 3 : nullptr;
      call.values     = batch.values.empty() ? nullptr : batch.values.data() + begin * 12;
      call.normaliser = N;
      call.output_bar = adjoint.data() + begin * 12;
      sum += value_and_adjoint(loss, arguments, call);
      count += loss_count(loss, arguments, rows, 3, 4, call.classes);
    }
    EXPECT_EQ(count, N) << loss.name;
    EXPECT_NEAR(sum, whole.value, 1e-13) << loss.name;
    EXPECT_EQ(adjoint, whole.adjoint) << loss.name;   // same bits
  }
}

TEST(EveryLoss, BySumsTakesTilesInTwoLooks) {
  int tested = 0;
  for (const LossEntry& loss : losses()) {
    if (!loss.of_sums) continue;
    for (const Arguments& arguments : variants(loss)) {
      const Batch  batch = wavy(loss, 5, 3, 4);
      const Result whole = evaluate(loss, arguments, batch, 0.7);
      const auto   tiles = {std::pair<size_t, size_t>{0, 2}, {2, 2}, {4, 1}};
      Values       adjoint(batch.output.size());
      const auto   call_of = [&](std::pair<size_t, size_t> tile) {
        LossCall<double> call;
        call.rows = tile.second, call.steps = 3, call.units = 4;
        Recurrent recurrent(call);
        call.output     = batch.output.data() + tile.first * 12;
        call.output_bar = adjoint.data() + tile.first * 12;
        call.weight     = 0.7;
        return call;
      };
      std::vector<UnitSums> sums(4), slopes(4);
      for (const auto& tile : tiles) add_sums(call_of(tile), sums);
      EXPECT_NEAR(0.7 * loss.of_sums(arguments, 15, sums, slopes), whole.value, 1e-13) << loss.name;
      for (const auto& tile : tiles) add_adjoint_of_sums<double>(call_of(tile), slopes);
      expect_near(adjoint, whole.adjoint, 1e-13);
      ++tested;
    }
  }
  EXPECT_GE(tested, 10);
}

TEST(EveryLoss, MaskedStepsAreLeftOut) {
  // a row of all steps, one that counts up to its second step, one with a hole, one that does not count at all
  const std::vector<uint8_t> mask = {1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0};
  for (const LossEntry& loss : losses())
    for (const Arguments& arguments : variants(loss)) {
      Batch batch = wavy(loss, 4, 4, 4);
      batch.mask  = mask;
      const Result seen = evaluate(loss, arguments, batch);
      // what they hold has no effect and no slope
      for (size_t p = 0; p < mask.size(); ++p)
        for (size_t i = 0; i < 4 && !mask[p]; ++i) {
          EXPECT_EQ(seen.adjoint[p * 4 + i], 0) << loss.name;
          batch.output[p * 4 + i] = 1e3;
        }
      EXPECT_EQ(evaluate(loss, arguments, batch).value, seen.value) << loss.name;
      EXPECT_TRUE(seen.value != 0 || loss.name == std::string("get_off_the_ground_loss")) << loss.name;

      // rows of one step each, where time does not matter: as if they were not there
      const std::string name = loss.name;
      if (name != "state_pred" && name != "l1" && name != "l2" && name.find("final") == name.npos &&
          name.find("cutoff") == name.npos && name != "autoregressive_loss") {
        Batch few{0, 1, 4, {}};
        for (size_t p = 0; p < mask.size(); ++p) {
          if (!mask[p]) continue;
          ++few.rows;
          for (size_t i = p * 4; i < p * 4 + 4; ++i) {
            few.output.push_back(batch.output[i]);
            if (!batch.values.empty()) few.values.push_back(batch.values[i]);
          }
          if (!batch.classes.empty()) few.classes.push_back(batch.classes[p]);
        }
        EXPECT_NEAR(evaluate(loss, arguments, few).value, seen.value, 1e-13) << loss.name;
      }

      // slopes are derivatives with a mask, too
      batch      = wavy(loss, 4, 4, 4);
      batch.mask = mask;
      for (size_t i = 0; i < batch.output.size(); i += 3) {
        Batch above = batch, below = batch;
        above.output[i] += 1e-5, below.output[i] -= 1e-5;
        const double difference = evaluate(loss, arguments, above).value - evaluate(loss, arguments, below).value;
        EXPECT_NEAR(seen.adjoint[i], difference / 2e-5, 1e-7) << loss.name << " " << i;
      }
    }
}

TEST(Loss, WithAMaskTheLastStepIsTheLastThatCounts) {
  const Batch batch{2, 3, 1, {1, 2, 9, 3, 9, 9}, {}, {0, 0, 0, 0, 0, 0}, {1, 1, 0, 1, 0, 0}};
  EXPECT_DOUBLE_EQ(evaluate("mse_gradient_cutoff", batch).value, (4 + 9) / 2.0);
  EXPECT_DOUBLE_EQ(evaluate("final_timestep_zero_mse", batch).value, (4 + 9) / 2.0);
  EXPECT_DOUBLE_EQ(evaluate("l1", batch).value, (3 + 3) / 2.0);
  EXPECT_DOUBLE_EQ(evaluate("mse", batch).value, (1 + 4 + 9) / 3.0);
  EXPECT_DOUBLE_EQ(evaluate("state_pred", batch).value, 1);   // one pair is left
}

TEST(Loss, NothingCountsUnderAnEmptyMask) {
  for (const LossEntry& loss : losses()) {
    if (loss.of_weights || loss.on_network) continue;
    Batch batch = wavy(loss, 2, 3, 4);
    batch.mask.assign(6, 0);
    const Result r = evaluate(loss, arguments_of(loss.facts), batch);
    EXPECT_EQ(r.value, 0) << loss.name;
    EXPECT_EQ(r.adjoint, Values(batch.output.size(), 0.0)) << loss.name;
  }
}

// ---- losses by weights

/// Two connections: the first into a hidden layer, with an absent weight; the second into the last layer.
struct Weights {
  Values               hidden = {3, -4, 0, 9}, readout = {-1, 2};
  std::vector<uint8_t> present = {1, 1, 1, 0};
  Values               hidden_bar = Values(4), readout_bar = Values(2);

  double value(const char* name, Given given) {
    const LossEntry& loss      = find_loss(name);
    const Arguments  arguments = arguments_of(loss.facts, given);
    check_loss(loss, arguments, 1, 1);
    std::fill(hidden_bar.begin(), hidden_bar.end(), 0.0);
    std::fill(readout_bar.begin(), readout_bar.end(), 0.0);
    const std::vector<LossWeights> seen = {{WeightPlace::hidden, hidden, present, hidden_bar},
                                           {WeightPlace::readout, readout, {}, readout_bar}};
    return loss.of_weights(arguments, seen);
  }
};

TEST(Loss, ConnectivityIsANormPerConnection) {
  Weights    w;
  const auto conn = [&](const char* layer, const char* metric) {
    return w.value("rnn_conn", {{"layer", std::string(layer)}, {"metric", std::string(metric)}});
  };
  EXPECT_DOUBLE_EQ(conn("hidden", "fro"), 5);
  expect_near(w.hidden_bar, {0.6, -0.8, 0, 0});
  expect_near(w.readout_bar, {0, 0});
  EXPECT_DOUBLE_EQ(conn("all", "fro"), 5 + std::sqrt(5.0));
  EXPECT_DOUBLE_EQ(conn("readout", "l1"), 3);
  expect_near(w.readout_bar, {-1, 1});
  EXPECT_DOUBLE_EQ(conn("hidden", "mean_square"), 25 / 4.0);
  expect_near(w.hidden_bar, {1.5, -2, 0, 0});
  EXPECT_EQ(conn("input", "l1"), 0);
  EXPECT_THROW(conn("recurrent", "fro"), SpecError);
  EXPECT_THROW(conn("all", "l3"), SpecError);
}

TEST(Loss, LargeWeightsCostExponentially) {
  Weights w;
  EXPECT_NEAR(w.value("reg_J_loss", {{"threshold", 2.0}, {"scale", 0.5}, {"factor", 10.0}}),
              10 * (std::exp(0.5) - 1 + std::exp(1.0) - 1), 1e-12);
  expect_near(w.hidden_bar, {5 * std::exp(0.5), -5 * std::exp(1.0), 0, 0}, 1e-12);
  expect_near(w.readout_bar, {0, 0});   // at the threshold nothing is lost
}

TEST(Loss, GravityPullsToTheNextLevel) {
  Weights w;
  w.hidden = {0.3, -0.1, 0, 9}, w.readout = {0.7, -2};
  const Values levels = {1, -0.5, 0, 0.5};   // in any order
  // distances −0.2, −0.1, 0, 0.2, −1.5; the absent weight has none
  EXPECT_NEAR(w.value("gravity_quantization_loss", {{"codebook", levels}, {"factor", 10.0}}),
              2 * (0.04 + 0.01 + 0.04 + 2.25), 1e-12);
  expect_near(w.hidden_bar, {-0.8, -0.4, 0, 0}, 1e-12);
  expect_near(w.readout_bar, {0.8, -6}, 1e-12);
  EXPECT_NEAR(w.value("gravity_quantization_loss", {{"codebook", levels}, {"mode", std::string("mae")}}), 0.4, 1e-12);
  expect_near(w.hidden_bar, {-0.2, -0.2, 0, 0}, 1e-12);

  // equal steps: nine from −1 to 1; three of 1 bit; a side without room gives its levels to the other
  EXPECT_NEAR(w.value("gravity_quantization_loss", {{"mode", std::string("mae")}}), (0.05 + 0.1 + 0.05 + 1) / 5, 1e-12);
  EXPECT_NEAR(w.value("gravity_quantization_loss", {{"mode", std::string("mae")}, {"bits", 1.0}}),
              (0.3 + 0.1 + 0.3 + 1) / 5, 1e-12);
  EXPECT_NEAR(w.value("gravity_quantization_loss", {{"mode", std::string("mae")}, {"levels", 3.0}, {"min_val", 0.0}}),
              (0.2 + 0.1 + 0.2 + 2) / 5, 1e-12);
  EXPECT_THROW(w.value("gravity_quantization_loss", {{"codebook", Values{}}}), SpecError);
  EXPECT_THROW(w.value("gravity_quantization_loss", {{"bits", 2.0}, {"levels", 5.0}}), SpecError);
  EXPECT_THROW(w.value("gravity_quantization_loss", {{"min_val", 1.0}}), SpecError);
}

TEST(EveryLoss, SlopesByWeightsAreDerivatives) {
  const auto check = [](const char* name, Given given) {
    Weights w;
    w.hidden = {0.31, -0.72, 1.2, 9};
    w.value(name, given);
    const Values slope = w.hidden_bar;
    for (size_t i = 0; i < w.hidden.size(); ++i) {
      const double at = w.hidden[i];
      w.hidden[i] = at + 1e-5;
      const double above = w.value(name, given);
      w.hidden[i] = at - 1e-5;
      const double below = w.value(name, given);
      w.hidden[i] = at;
      EXPECT_NEAR(slope[i], (above - below) / 2e-5, 1e-7) << name << " " << i;
    }
  };
  const std::string all = "all", l1 = "l1", mean_square = "mean_square";
  check("rnn_conn", {{"layer", all}});
  check("rnn_conn", {{"layer", all}, {"metric", l1}});
  check("rnn_conn", {{"layer", all}, {"metric", mean_square}});
  check("reg_J_loss", {{"threshold", 0.5}, {"scale", 2.0}});
  check("gravity_quantization_loss", {{"min_val", -5.0}, {"max_val", 5.0}});
  check("gravity_quantization_loss", {{"mode", l1}});
}

TEST(Loss, HebbianIsActivityAlongWeights) {
  // one unit of weight sin 1: |s W s|; two steps
  EXPECT_NEAR(evaluate("hebbian", {1, 2, 1, {2, 3}}).value, 6.5 * std::sin(1.0), 1e-15);
  expect_near(evaluate("hebbian", {1, 2, 1, {2, 3}}).adjoint, {2 * std::sin(1.0), 3 * std::sin(1.0)});

  // its slope by weights
  const LossEntry& loss = find_loss("hebbian");
  Values           s(3 * 2 * 4), s_bar(s.size());
  for (size_t i = 0; i < s.size(); ++i) s[i] = std::cos(1.7 * double(i));
  LossCall<double> call;
  call.rows = 3, call.steps = 2, call.units = 4, call.normaliser = 6, call.weight = 0.7;
  call.output = s.data(), call.output_bar = s_bar.data();
  Recurrent    r(call);
  Arguments    none;
  value_and_adjoint(loss, none, call);
  const Values slope = r.W_bar;
  call.output_bar    = nullptr;
  for (size_t i = 0; i < r.W.size(); ++i) {
    const double at = r.W[i];
    r.W[i] = at + 1e-5;
    const double above = value_and_adjoint(loss, none, call);
    r.W[i] = at - 1e-5;
    EXPECT_NEAR(slope[i], (above - value_and_adjoint(loss, none, call)) / 2e-5, 1e-8) << i;
    r.W[i] = at;
  }
}

TEST(Loss, EqualPopulationsDivergeByTheirSizeAlone) {
  const Batch batch{2, 2, 2, {1, 1, 2, 2, 3, 3, 0, 0}};   // both layers of one unit
  EXPECT_NEAR(evaluate("pop_kl", batch, {{"reg", 0.5}}).value, 0.5 * 2 * 14 / 4.0, 1e-14);
  // means 0 and 1, variances 1 and 4: (ln 4 + 2/4 − 1)/2 one way, (−ln 4 + 5 − 1)/2 the other
  const Batch  other{2, 1, 2, {-1, -1, 1, 3}};
  const double there = 0.5 * (std::log(4.0) + 0.5 - 1), back = 0.5 * (-std::log(4.0) + 5 - 1);
  EXPECT_NEAR(evaluate("pop_kl", other, {{"reg", 0.0}, {"symmetric", 0.0}}).value, there, 1e-11);
  EXPECT_NEAR(evaluate("pop_kl", other, {{"reg", 0.0}}).value, (there + back) / 2, 1e-11);
  EXPECT_THROW(evaluate("pop_kl", {1, 1, 3, {1, 2, 3}}), SpecError);
}

TEST(EveryLoss, FloatAgreesWithDouble) {
  for (const LossEntry& loss : losses()) {
    if (loss.of_weights || loss.on_network) continue;
    const Arguments    arguments = arguments_of(loss.facts);
    Batch              batch     = wavy(loss, 3, 4, 4);
    std::vector<float> output(batch.output.begin(), batch.output.end());
    std::vector<float> values(batch.values.begin(), batch.values.end());
    std::vector<float> adjoint(output.size(), 0.0f);
    batch.output.assign(output.begin(), output.end());   // the same numbers in both
    batch.values.assign(values.begin(), values.end());
    const Result   exact   = evaluate(loss, arguments, batch);
    const int64_t* classes = batch.classes.empty() ? nullptr : batch.classes.data();

    LossCall<float> call;
    call.rows = 3, call.steps = 4, call.units = 4;
    Recurrent recurrent(call);
    call.output     = output.data();
    call.classes    = classes;
    call.values     = values.empty() ? nullptr : values.data();
    call.normaliser = loss_count(loss, arguments, 3, 4, 4, classes);
    call.output_bar = adjoint.data();
    EXPECT_DOUBLE_EQ(value_and_adjoint(loss, arguments, call), exact.value) << loss.name;
    for (size_t i = 0; i < adjoint.size(); ++i)
      EXPECT_NEAR(adjoint[i], exact.adjoint[i], 1e-6 * (1 + std::abs(exact.adjoint[i]))) << loss.name << " " << i;

    call.output_bar = nullptr;   // the value alone
    EXPECT_DOUBLE_EQ(value_and_adjoint(loss, arguments, call), exact.value) << loss.name;
  }
}

TEST(EveryLoss, AddsToTheAdjointAndScalesWithItsWeight) {
  for (const LossEntry& loss : losses()) {
    if (loss.of_weights || loss.on_network) continue;
    const Arguments arguments = arguments_of(loss.facts);
    const Batch     batch     = wavy(loss, 2, 3, 4);
    const Result    once = evaluate(loss, arguments, batch), twice = evaluate(loss, arguments, batch, 2);
    EXPECT_NEAR(twice.value, 2 * once.value, 1e-13) << loss.name;
    for (size_t i = 0; i < once.adjoint.size(); ++i)
      EXPECT_NEAR(twice.adjoint[i], 2 * once.adjoint[i], 1e-13) << loss.name;

    LossCall<double> call;
    Values           adjoint(batch.output.size(), 5.0);
    call.rows = 2, call.steps = 3, call.units = 4;
    Recurrent recurrent(call);
    call.output     = batch.output.data();
    call.classes    = batch.classes.empty() ? nullptr : batch.classes.data();
    call.values     = batch.values.empty() ? nullptr : batch.values.data();
    call.normaliser = loss_count(loss, arguments, 2, 3, 4, call.classes);
    call.output_bar = adjoint.data();
    value_and_adjoint(loss, arguments, call);
    for (size_t i = 0; i < adjoint.size(); ++i)
      EXPECT_NEAR(adjoint[i], 5 + once.adjoint[i], 1e-13) << loss.name;
  }
}

TEST(Loss, TargetsAreCheckedAtTheDoor) {
  const Classes good = {0, -100, 2, 1}, bad = {0, 1, 3, 1}, negative = {-1, 0, 0, 0};
  EXPECT_NO_THROW(check_classes(2, 2, 3, good.data()));
  EXPECT_THROW(check_classes(2, 2, 3, negative.data()), ShapeError);
  try {
    check_classes(2, 2, 3, bad.data());
    FAIL();
  } catch (const ShapeError& error) {
    EXPECT_NE(std::string(error.what()).find("class 3 of row 1, step 0 is outside 0 to 2"), std::string::npos)
        << error.what();
  }
}

TEST(Loss, AnUnknownNameIsAnErrorWithASuggestion) {
  try {
    find_loss("cross_entropi");
    FAIL();
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'cross_entropy'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace dynode
