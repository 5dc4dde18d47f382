#include "dynode/models/run_report.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
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
  write(
      "metrics.jsonl",
      R"({"epoch":1,"step":10,"split":"train","loss":2.5,"accuracy":0.5,"lr":0.01,"grad_norm":3,"grad_norms":{"J_0_to_1":2.5,"layer1/log_gamma_plus":1.5},"seconds":1.5}
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
  EXPECT_EQ(first.block_norms,
            (std::vector<std::pair<std::string, double>>{{"J_0_to_1", 2.5}, {"layer1/log_gamma_plus", 1.5}}));
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
  EXPECT_EQ(second.title, "sample 17");
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
  EXPECT_EQ(second.trajectories[0].variable, "s");
  EXPECT_FALSE(render_report(report).empty());
}

const char* const kMixed = R"(simulation: {network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 9}}
  - {layer_id: 1, layer_type: SingleDendrite, description: dendrites, params: {dim: 6, source_func: tanh}}
  - layer_id: 2
    layer_type: SingleDendrite
    description: words that are too long for the name of a layer
    params: {dim: 5}
  - {layer_id: 4, layer_type: Linear, params: {dim: 10}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: constant, params: {value: 0.1}}}}
  - {from_layer: 1, to_layer: 1, connection_type: sparse, params: {sparsity: 0.5}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, mode: WICC}
  - {from_layer: 2, to_layer: 4, connection_type: dense, mode: NOCC}
)";

TEST_F(RunReport, DrawsWhatPeopleWrote) {
  write("spec.yaml", kMixed);
  Model::load(folder_ + "/spec.yaml").save(folder_ + "/checkpoints/best.dynode");
  const Report report = run_report(folder_);
  ASSERT_EQ(report.layers.size(), 4u);  // not the edges of programmable connections
  EXPECT_EQ(report.layers[0].name, "input");
  EXPECT_EQ(report.layers[0].stage, 0);
  EXPECT_EQ(report.layers[1].name, "dendrites");
  EXPECT_EQ(report.layers[1].source, "Tanh");
  EXPECT_TRUE(report.layers[1].stepwise);
  EXPECT_EQ(report.layers[2].name, "");
  EXPECT_EQ(report.layers[2].facts[0],
            (std::pair<std::string, std::string>("description", "words that are too long for the name of a layer")));
  EXPECT_EQ(report.layers[3].id, 4);
  EXPECT_FALSE(report.layers[3].stepwise);

  ASSERT_EQ(report.connections.size(), 4u);
  const auto connection = [&](const std::string& name) {
    const auto found = std::ranges::find(report.connections, name, &ReportConnection::name);
    return found == report.connections.end() ? ReportConnection{} : *found;
  };
  EXPECT_EQ(connection("J_0_to_1").kind, "dense");
  EXPECT_EQ(connection("J_1_to_1").kind, "sparse");
  EXPECT_EQ(connection("J_1_to_1").lag, 1);
  EXPECT_LT(connection("J_1_to_1").present, 36);
  EXPECT_EQ(connection("J_1_to_2").kind, "dense, WICC");
  EXPECT_EQ(std::pair(connection("J_1_to_2").from, connection("J_1_to_2").to), std::pair(1, 2));
  EXPECT_EQ(connection("J_1_to_2").weights, 30);
  EXPECT_EQ(connection("J_2_to_4").kind, "dense, NOCC");
  EXPECT_EQ(std::pair(connection("J_2_to_4").from, connection("J_2_to_4").to), std::pair(2, 3));

  const auto bias = std::ranges::find(report.histograms, "layer1/bias_current", &ReportHistogram::name);
  ASSERT_NE(bias, report.histograms.end());
  EXPECT_EQ(bias->unit, "I_c");
}

/// Values [steps][units] out of the page's own data.
std::vector<double> unpacked(const nlohmann::json& t) {
  const std::string   digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const double        low = t["low"], high = t["high"];
  std::vector<double> values;
  uint32_t            bits = 0, code = 0;
  int                 count = 0, bytes = 0;
  for (char c : t["packed"].get<std::string>()) {
    if (c == '=') break;
    bits = bits << 6 | uint32_t(digits.find(c));
    if ((count += 6) < 8) continue;
    const uint32_t byte = bits >> (count -= 8) & 255;
    if (bytes++ % 2 == 0) code = byte;
    else values.push_back(low + (high - low) * (code | byte << 8) / 65534);
  }
  return values;
}

TEST_F(RunReport, ThePageHoldsWhatTheNetworkDid) {
  write("spec.yaml", kMixed);
  Model model = Model::load(folder_ + "/spec.yaml");
  model.save(folder_ + "/checkpoints/best.dynode");
  auto          arrays = evaluation();
  const Results run    = model.simulate(arrays[2].second, {.record = {"s", "phi", "g"}});
  std::ranges::find(arrays, "s/1", &Npz::Entry::first)->second = run.at("s/1");
  save_npz(folder_ + "/evaluation.npz", arrays);
  write_run_report(folder_);
  std::ifstream     file(folder_ + "/report.html");
  const std::string page{std::istreambuf_iterator<char>(file), {}}, open = "id=\"report-data\">";
  const size_t      first = page.find(open) + open.size();
  const auto        data  = nlohmann::json::parse(page.substr(first, page.find("</script>", first) - first));

  ASSERT_EQ(data["examples"].size(), 2u);
  std::vector<std::string> seen;
  for (size_t i = 0; i < 2; ++i)
    for (const auto& t : data["examples"][i]["trajectories"]) {
      const std::string layer = t["layer"], variable = t["variable"] == "x" ? "s" : t["variable"].get<std::string>();
      seen.push_back(layer + ": " + t["variable"].get<std::string>());
      const Array& recorded = run.at(variable + "/" + layer.substr(6, 1));
      ASSERT_EQ(t["steps"], recorded.shape[1]) << seen.back();
      ASSERT_EQ(t["units"], recorded.shape[2]) << seen.back();
      EXPECT_EQ(t["first"], variable == "s" ? 0 : 1) << seen.back();
      EXPECT_EQ(t["answers"], layer == "layer 4, Linear") << seen.back();
      const std::vector<double> values = unpacked(t), all = recorded.as_double();
      const double              step = (t["high"].get<double>() - t["low"].get<double>()) / 65534;
      for (size_t k = 0; k < values.size(); ++k)
        ASSERT_NEAR(values[k], all[i * values.size() + k], step + 1e-5 * std::abs(values[k])) << seen.back();
    }
  seen.resize(seen.size() / 2);  // of the first example
  EXPECT_EQ(seen,
            (std::vector<std::string>{"layer 0, input: x", "layer 1, dendrites: s", "layer 2, SingleDendrite: s",
                                      "layer 4, Linear: s", "layer 1, dendrites: phi", "layer 2, SingleDendrite: phi",
                                      "layer 1, dendrites: g", "layer 2, SingleDendrite: g"}));
}

TEST_F(RunReport, KeepsToWhatWasRecordedIfTheNetworkGivesSomethingElseNow) {
  write("spec.yaml", kMixed);
  Model model = Model::load(folder_ + "/spec.yaml");
  model.save(folder_ + "/checkpoints/best.dynode");
  auto   arrays = evaluation();
  Array& s      = std::ranges::find(arrays, "s/1", &Npz::Entry::first)->second;
  s             = model.simulate(arrays[2].second, {.record = {"s/1"}}).at("s/1");
  std::get<std::vector<float>>(s.data)[20] += 0.125f;
  save_npz(folder_ + "/evaluation.npz", arrays);
  const Report report = run_report(folder_);
  ASSERT_EQ(report.examples[0].trajectories.size(), 1u);
  EXPECT_EQ(report.examples[0].trajectories[0].layer, "layer 1, dendrites");
  EXPECT_EQ(report.examples[0].trajectories[0].values[20], std::get<std::vector<float>>(s.data)[20]);
}

TEST_F(RunReport, DrawsThePartsOfGatedLayers) {
  for (const std::string type : {"GRU", "LSTM", "RNN", "CfC", "LTC"}) {
    const bool weighs_itself = type == "CfC" || type == "LTC";
    write("spec.yaml", fmt::format(R"(layers:
  - {{layer_id: 0, layer_type: Input, params: {{dim: 9}}}}
  - {{layer_id: 1, layer_type: {}, params: {{dim: 10}}}}
connections:
  - {{from_layer: 0, to_layer: 1, connection_type: {}}}
)",
                                   type, weighs_itself ? "direct" : "dense"));
    Model::load(folder_ + "/spec.yaml").save(folder_ + "/checkpoints/best.dynode");
    const Report report = run_report(folder_);
    EXPECT_GE(report.layers.size(), 2u) << type;
    EXPECT_FALSE(report.connections.empty()) << type;
    EXPECT_NO_THROW(render_report(report)) << type;
  }
}

TEST_F(RunReport, ShowsValuesBesideTheirTargets) {
  auto arrays = evaluation();
  std::erase_if(arrays, [](const Npz::Entry& e) {
    return e.first == "confusion" || e.first == "example_label" || e.first == "example_prediction";
  });
  arrays.emplace_back("example_target", Array{{2, 10}, std::vector<float>(20, 2.5f)});
  save_npz(folder_ + "/evaluation.npz", arrays);
  const Report report = run_report(folder_);
  ASSERT_EQ(report.examples.size(), 2u);
  EXPECT_EQ(report.examples[1].label, -1);
  EXPECT_EQ(report.examples[1].targets, std::vector<double>(10, 2.5));
  EXPECT_EQ(report.examples[1].outputs, std::vector<double>(10, 3.0));
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
