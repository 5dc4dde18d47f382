#include "dynode/models/run_report.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <numeric>

#include "dynode/io/npz.h"
#include "dynode/models/model.h"

namespace dynode {
namespace {

namespace fs = std::filesystem;

const char* const kConfig = R"(# dynode 9.9.9, instruction set abacus
name: a_small_run
data: {format: idx, data_path: /data/fashion-mnist, sequence: rows}
model: {architecture_yaml: spec.yaml, time_pooling: {name: final}}
training: {max_epochs: 2, batch_size: 8, loss: {losses: [{name: cross_entropy}]}}
)";

const char* const kSpec = R"(layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 9}}
  - {layer_id: 1, layer_type: GRU, params: {dim: 10}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
)";

class RunReport : public testing::Test {
 protected:
  RunReport() {
    std::string name = (fs::temp_directory_path() / "dynode-report-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    folder_ = name;
    write("config.yaml", kConfig);
    write("spec.yaml", kSpec);
    fs::create_directory(folder_ + "/checkpoints");
  }
  ~RunReport() override {
    std::error_code none;
    fs::remove_all(folder_, none);
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ + "/" + name) << text; }

  std::string folder_;
};

std::string fact(const Report& report, const std::string& name) {
  for (const auto& [key, text] : report.facts)
    if (key == name) return text;
  return {};
}

TEST_F(RunReport, OfARunThatHasJustBegunLeavesOutWhatIsNotThere) {
  const Report report = run_report(folder_);
  EXPECT_EQ(report.title, "a small run");
  EXPECT_NE(report.summary.find("not complete"), std::string::npos);
  EXPECT_EQ(fact(report, "made with"), "dynode 9.9.9, instruction set abacus");
  EXPECT_TRUE(std::isnan(report.test_metric));
  EXPECT_TRUE(report.curve.empty());
  EXPECT_TRUE(report.layers.empty());
  EXPECT_EQ(report.config_yaml, kConfig);
  EXPECT_EQ(report.spec_yaml, kSpec);
  EXPECT_FALSE(render_report(report).empty());
}

TEST_F(RunReport, ReadsTheWholeLinesOfMetrics) {
  write("metrics.jsonl",
        R"({"epoch":1,"step":10,"split":"train","loss":2.5,"accuracy":0.5,"lr":0.01,"grad_norm":3,"seconds":1.5}
{"epoch":1,"step":10,"split":"validation","loss":2.25,"accuracy":0.625,"seconds":1.75}
{"epoch":1,"step":10,"split":"test","loss":2,"accuracy":0.75,"seconds":2}
{"epoch":2,"step":20,"split":"tra)");
  const Report report = run_report(folder_);
  ASSERT_EQ(report.curve.size(), 2u);  // the test is no curve, the last line is not whole
  const ReportCurvePoint& first = report.curve[0];
  EXPECT_EQ(first.epoch, 1);
  EXPECT_EQ(first.step, 10);
  EXPECT_EQ(first.split, "train");
  EXPECT_EQ(first.loss, 2.5);
  EXPECT_EQ(first.metrics, (std::vector<std::pair<std::string, double>>{{"accuracy", 0.5}}));
  EXPECT_EQ(first.lr, 0.01);
  EXPECT_EQ(first.gradient_norm, 3);
  EXPECT_EQ(first.seconds, 1.5);
  EXPECT_TRUE(std::isnan(report.curve[1].lr));
  EXPECT_EQ(report.metric_name, "accuracy");
  EXPECT_TRUE(report.metric_percent);
  EXPECT_EQ(report.test_metric, 0.75);
  EXPECT_EQ(fact(report, "epochs"), "1 of 2, the best was 1");
}

TEST_F(RunReport, SaysWhichLineOfMetricsIsBroken) {
  write("metrics.jsonl", "{\"epoch\":1}\n{\"epoch\":}\n");
  try {
    run_report(folder_);
    FAIL() << "nothing was thrown";
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("metrics.jsonl line 2"), std::string::npos) << error.what();
  }
}

TEST_F(RunReport, ShowsTheNetworkAndWhatChanged) {
  Model model = Model::load(folder_ + "/spec.yaml");
  model.save(folder_ + "/checkpoints/initial.dynode");
  model.set_parameter("J_0_to_1", {{10, 9}, std::vector<double>(90, 2.0)});
  model.save(folder_ + "/checkpoints/best.dynode");
  const Report report = run_report(folder_);

  ASSERT_EQ(report.layers.size(), 3u);  // the GRU has a layer in front
  EXPECT_EQ(report.layers[1].type, "GRU");
  EXPECT_EQ(report.layers[1].units, 10);
  EXPECT_EQ(report.layers[2].name, "1.input");
  EXPECT_EQ(report.connections.size(), 3u);  // ports of the core share theirs
  ASSERT_FALSE(report.histograms.empty());
  const ReportHistogram& h = report.histograms[0];
  EXPECT_EQ(h.name, "J_0_to_1");
  EXPECT_EQ(h.mean, 2.0);
  EXPECT_EQ(h.deviation, 0.0);
  EXPECT_EQ(h.counts.back(), 90);
  EXPECT_EQ(std::accumulate(h.initial_counts.begin(), h.initial_counts.end(), int64_t(0)), 90);
  EXPECT_EQ(h.initial_counts.back(), 0);
  EXPECT_EQ(fact(report, "network"), "9 Linear → 10 GRU");
}

std::vector<Npz::Entry> evaluation() {
  std::vector<int64_t> confusion(100, 0);
  for (size_t k = 0; k < 10; ++k) confusion[11 * k] = int64_t(k);
  std::vector<float> input(2 * 8 * 9, 0.25f);
  input[8 * 9] = 1;
  return {{"confusion", {{10, 10}, confusion}},
          {"example_row", {{2}, std::vector<int64_t>{4, 17}}},
          {"example_input", {{2, 8, 9}, input}},
          {"example_output", {{2, 10}, std::vector<float>(20, 3.0f)}},
          {"example_label", {{2}, std::vector<int64_t>{1, 9}}},
          {"example_prediction", {{2}, std::vector<int64_t>{0, 9}}},
          {"s/1", {{2, 9, 10}, std::vector<float>(180, 0.5f)}},
          {"input_range", {{2}, std::vector<double>{0, 0.5}}}};
}

TEST_F(RunReport, ShowsWhatTheTestLeftBehind) {
  save_npz(folder_ + "/evaluation.npz", evaluation());
  const Report report = run_report(folder_);
  ASSERT_EQ(report.class_names.size(), 10u);
  EXPECT_EQ(report.class_names[9], "Ankle boot");
  EXPECT_EQ(report.confusion[22], 2);
  ASSERT_EQ(report.examples.size(), 2u);
  const ReportExample& second = report.examples[1];
  EXPECT_EQ(second.title, "test sample 17");
  EXPECT_EQ(second.label, 9);
  EXPECT_EQ(second.prediction, 9);
  EXPECT_EQ(second.probabilities, std::vector<double>(10, 0.1));  // equal outputs
  EXPECT_EQ(second.image_rows, 8);
  EXPECT_EQ(second.image_columns, 9);
  EXPECT_EQ(second.image[0], 1.0f);  // beyond the range of the data
  EXPECT_EQ(second.image[1], 0.5f);
  ASSERT_EQ(second.trajectories.size(), 1u);
  EXPECT_EQ(second.trajectories[0].steps, 9);
  EXPECT_EQ(second.trajectories[0].units, 10);
  EXPECT_FALSE(render_report(report).empty());
}

TEST_F(RunReport, RefusesExamplesThatDoNotFitTogether) {
  auto arrays      = evaluation();
  arrays[4].second = {{3}, std::vector<int64_t>{1, 2, 3}};
  save_npz(folder_ + "/evaluation.npz", arrays);
  EXPECT_THROW(run_report(folder_), ShapeError);
}

TEST_F(RunReport, ComparesWithYardsticks) {
  fs::create_directory(folder_ + "/yardstick_1");
  write("yardstick_1/config.yaml",
        std::string(kConfig).replace(std::string(kConfig).find("a_small_run"), 11, "GRU 128"));
  write("yardstick_1/metrics.jsonl",
        "{\"epoch\":1,\"step\":1,\"split\":\"test\",\"loss\":1,\"accuracy\":0.5,\"seconds\":1}\n");
  const Report report = run_report(folder_);
  ASSERT_EQ(report.yardsticks.size(), 1u);
  EXPECT_EQ(report.yardsticks[0].name, "GRU 128");
  EXPECT_EQ(report.yardsticks[0].value, 0.5);
}

TEST_F(RunReport, NeedsARunDirectory) {
  EXPECT_THROW(run_report(folder_ + "/checkpoints"), IoError);
  EXPECT_THROW(write_run_report(folder_ + "/nothing"), IoError);
}

}  // namespace
}  // namespace dynode
