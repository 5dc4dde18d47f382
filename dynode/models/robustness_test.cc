#include "dynode/models/robustness.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/io/file.h"
#include "dynode/io/io_test.h"
#include "dynode/io/npz.h"
#include "dynode/models/graph.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

/// y = w x with w = 0.8, asked to give 0.8 x for x = 2: the mean squared error is (2 δw)².
class Robustness : public testing::Test {
 protected:
  Robustness() {
    Sequential net({layers::Linear(1), layers::Linear(1)}, {.simulation = {.dt = 1}});
    net.set_parameters({{"J_0_to_1", Array{{1, 1}, std::vector<double>{0.8}}}});
    net.save(folder_ / "net.dynode");
    constexpr int64_t rows = 400;
    save_npz(folder_ / "data.npz", {{"x", {{rows, 3, 1}, std::vector<float>(rows * 3, 2.0f)}},
                                    {"y", {{rows, 1}, std::vector<float>(rows, 1.6f)}}});
    write_file(folder_ / "train.yaml",
               "data: {format: npz, data_path: data.npz, val_split: 0, test_split: 0.5}\n"
               "model: {base_model_path: net.dynode, time_pooling: {name: final}}\n"
               "training: {loss: {losses: [{name: mse}]}}\nlogging: {metrics: [mse]}\n");
  }

  RobustnessConfig config(const std::string& experiments, const std::string& words = "") const {
    return read_robustness_config(parse_yaml(
        "model: net.dynode\ndata: train.yaml\n" + words + "experiments:\n" + experiments, folder_ / "study.yaml"));
  }
  /// Means of the only experiment.
  std::vector<double> study(const std::string& experiment, int threads = 1) const {
    return study_robustness(config("  - {" + experiment + "}\n"), threads).curves.at(0).mean;
  }
  std::string said(const std::string& experiment) const {
    return failure([&] { study("name: x, " + experiment); });
  }
  static void expect_near(const std::vector<double>& got, const std::vector<double>& wanted, double tolerance = 1e-5) {
    ASSERT_EQ(got.size(), wanted.size());
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], wanted[i], tolerance) << i;
  }

  TemporaryFolder folder_;
};

TEST_F(Robustness, ShiftedWeightsShiftTheOutput) {
  expect_near(study("type: parameter, target: J_0_to_1, spread: shift, levels: [0, 0.1, -0.5]"), {0, 0.04, 1});
  expect_near(study("type: parameter, target: J_*, spread: shift, change: relative, levels: [0, 0.5]"), {0, 0.64});
  expect_near(study("type: parameter, target: '*', spread: shift, max: 0.9, levels: [0.5]"), {0.04});
}

TEST_F(Robustness, MismatchGrowsWithItsLevelBecauseTheDrawsAreTheSame) {
  const auto result = study_robustness(
      config("  - {type: parameter, target: J_0_to_1, levels: [0.01, 0.02]}\n  - {type: parameter, target: J_0_to_1, "
             "spread: uniform, repeats: 3, levels: [0.1]}\n",
             "repeats: 40\n"),
      1);
  const RobustnessCurve& curve = result.curves[0];
  ASSERT_EQ(curve.values[0].size(), 40u);
  for (size_t k = 0; k < 40; ++k) EXPECT_NEAR(curve.values[1][k], 4 * curve.values[0][k], 1e-6);
  EXPECT_GT(curve.mean[1], 0.5 * 4 * 0.0004);  // 4 δ², δ = 0.02
  EXPECT_LT(curve.mean[1], 2.0 * 4 * 0.0004);
  EXPECT_GT(curve.deviation[1], 0);
  ASSERT_EQ(result.curves[1].values[0].size(), 3u);
  for (double v : result.curves[1].values[0]) EXPECT_LE(v, 0.04 + 1e-6);
}

TEST_F(Robustness, NoiseHasTheVarianceItShouldHave) {
  expect_near(study("type: noise, target: layer1, quantity: s, levels: [0, 0.1]"), {0, 0.01}, 0.0008);
  expect_near(study("type: noise, target: layer1, quantity: s, change: relative, levels: [0.1]"), {0.0256}, 0.002);
  expect_near(study("type: perturbation, target: layer1, quantity: s, levels: [0.1]"), {0.01}, 0.0008);
  expect_near(study("type: readout, quantity: noise, levels: [0.1]"), {0.01}, 0.0008);
  expect_near(study("type: readout, quantity: noise, change: relative, levels: [0.1]"), {0.0256}, 0.002);
}

TEST_F(Robustness, FewLevelsRound) {
  expect_near(study("type: readout, quantity: bits, min: 0, max: 3, levels: [1, 2, 16]"), {1.96, 0.16, 0}, 1e-4);
  expect_near(study("type: weight_quantization, quantity: bits, min: -1, max: 1, levels: [1]"), {0.16});  // −1, 0, 1
  expect_near(study("type: weight_quantization, quantity: levels, min: -1, max: 1, levels: [11]"),
              {0});  // 0.8 is there
  const auto by_chance = study_robustness(config("  - {type: weight_quantization, quantity: bits, stochastic: true, "
                                                 "repeats: 200, min: -1, max: 1, levels: [1]}\n"),
                                          1)
                             .curves[0];
  for (double v : by_chance.values[0]) EXPECT_TRUE(std::abs(v - 0.16) < 1e-5 || std::abs(v - 2.56) < 1e-5) << v;
  EXPECT_NEAR(by_chance.mean[0], 0.8 * 0.16 + 0.2 * 2.56, 0.25);  // up with probability 0.8
}

TEST_F(Robustness, ThreadsChangeNothing) {
  const std::string both =
      "  - {type: parameter, target: J_0_to_1, levels: [0.1, 0.2]}\n"
      "  - {type: noise, target: J_0_to_1, quantity: j, levels: [0.1]}\n";
  const auto one = study_robustness(config(both), 1), three = study_robustness(config(both), 3);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(one.curves[i].values, three.curves[i].values);
  EXPECT_EQ(robustness_results(one), robustness_results(three));
}

TEST_F(Robustness, TheNetworkAsItIsIsMeasuredAsByEvaluate) {
  const auto result =
      study_robustness(config("  - {type: parameter, target: J_0_to_1, levels: [0]}\n", "rows: 7\n"), 1);
  EXPECT_NEAR(result.baseline, 0, 1e-9);
  EXPECT_EQ(result.rows, 7);
  EXPECT_EQ(result.metric, "mse");
  EXPECT_FALSE(result.percent);
  EXPECT_EQ(result.runs, 11);
}

TEST_F(Robustness, BecomesAFileAndAPage) {
  const RobustnessConfig c      = config("  - {name: weak <w>, type: parameter, target: J_0_to_1, levels: [0, 0.1]}\n");
  const RobustnessResult result = study_robustness(c, 1);
  const Value            file   = robustness_results(result);
  EXPECT_EQ(file.at("experiments").list()[0].at("levels"), Value::list_of({0, 0.1}));
  EXPECT_EQ(file.at("experiments").list()[0].at("values").list()[1].size(), 10u);
  const std::string page = render_report(robustness_report(c, result));
  for (const char* part :
       {"<span>robustness report</span>", "id=\"sweeps\"", "weak \\u003cw\\u003e", "standard deviation"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  EXPECT_EQ(page.find("id=\"curves\""), std::string::npos);
}

TEST_F(Robustness, SaysWhatIsWrong) {
  const auto expect_says = [](const std::string& said, const std::string& what) {
    EXPECT_NE(said.find(what), std::string::npos) << said;
  };
  expect_says(said("type: parameters, levels: [1]"), "study.yaml:4");
  expect_says(said("type: parameter, levels: [1]"), "needs 'target'");
  expect_says(said("type: parameter, target: J_0_to_2, levels: [1]"), "did you mean 'J_0_to_1'");
  expect_says(said("type: parameter, target: J_0_to_1, levels: []"), "needs 'levels'");
  expect_says(said("type: noise, target: layer7, quantity: s, levels: [1]"), "there is no 'layer7'");
  expect_says(said("type: noise, target: layer1, quantity: z, levels: [1]"), "z");
  expect_says(said("type: readout, quantity: bit, min: 0, max: 1, levels: [1]"), "did you mean 'bits'");
  expect_says(said("type: readout, quantity: bits, levels: [1]"), "needs 'min and max'");
  expect_says(said("type: noise, target: layer1, quantity: s, levels: [0.1, -0.1]"), "-0.1 is no level");
  expect_says(said("type: parameter, target: J_0_to_1, levels: [.inf]"), "inf is no level");
  expect_says(said("type: readout, quantity: bits, min: 1, max: 0, levels: [1]"), "min 1 is not below max 0");
  expect_says(said("type: weight_quantization, quantity: bits, min: 0, max: 1, levels: [0.5]"),
              "0.5 is no number of bits");
  expect_says(failure([&] { config("  []\n"); }), "there are no experiments");
  expect_says(failure([&] {
                read_robustness_config(
                    parse_yaml("model: x\nexperiments: [{type: readout, quantity: noise, "
                               "levels: [1], sigma: 3}]"));
              }),
              "sigma");
}

}  // namespace
}  // namespace dynode
