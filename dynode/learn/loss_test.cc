// Losses on outputs: small exact numbers for each, and for all of them: adjoints against central differences, sums over
// tiles, float beside double. Losses on states and weights by hand: loss_states_test.cc.
#include "dynode/learn/loss_test.h"

namespace dynode::loss_test {
namespace {

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

TEST(Loss, HuberIsASquareThatBecomesALine) {
  const Result r = evaluate("huber", {1, 1, 3, {0.5, 3, -4}, {}, {0, 0, 0}}, {{"delta", 2.0}});
  EXPECT_NEAR(r.value, (0.125 + 2 * 2 + 2 * 3) / 3, 1e-15);
  expect_near(r.adjoint, {0.5 / 3, 2 / 3.0, -2 / 3.0});
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
      EXPECT_TRUE(seen.value != 0 || loss.name == std::string("get_off_the_ground_loss") || loss.name == std::string("stub"))
          << loss.name;

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
}  // namespace dynode::loss_test
