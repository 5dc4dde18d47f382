// Losses on states, and on weights: small exact numbers for each, slopes by weights against central differences.
#include "dynode/learn/loss_test.h"

namespace dynode::loss_test {
namespace {

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

}  // namespace
}  // namespace dynode::loss_test
