// dynode evaluate, as a user drives it.
#include "tests/cli_test.h"

#include <cmath>
#include <fmt/format.h>
#include <regex>

#include "dynode/base/display.h"
#include "dynode/models/model.h"

namespace dynode {
namespace {

/// The number behind a word at the beginning of a line.
double number_behind(const std::string& text, const std::string& word) {
  std::smatch found;
  if (!std::regex_search(text, found, std::regex("\n  " + word + " +(-?[0-9.]+)"))) return NAN;
  return std::stod(found[1]);
}

TEST_F(Cli, EvaluatesARunOnItsTestSet) {
  write_data(100);
  const std::string trained = good("train train.yaml").out;
  const std::string text    = good("evaluate runs/small").out;
  EXPECT_TRUE(text.starts_with("runs/small/checkpoints/best.dynode\n"));
  EXPECT_SAYS(text, "data.npz, the test set: 20 × 5 steps\n");
  EXPECT_SAYS(text, "\n  outputs     final over time\n");
  EXPECT_SAYS(text, "   cross_entropy\n");
  EXPECT_SAYS(trained, fmt::format("test accuracy {:.1f} %", number_behind(text, "accuracy")));

  // the confusion matrix has the test rows, and its diagonal the right answers
  std::smatch       found;
  const std::regex  row("\n +([01]) +([0-9·]+) +([0-9·]+) +[0-9]+ %");
  std::string       rest  = text;
  int               right = 0, all = 0;
  while (std::regex_search(rest, found, row)) {
    const int counts[] = {std::atoi(found[2].str().c_str()), std::atoi(found[3].str().c_str())};
    right += counts[found[1] == "1"], all += counts[0] + counts[1];
    rest = found.suffix();
  }
  EXPECT_EQ(all, 20) << text;
  EXPECT_NEAR(100.0 * right / all, number_behind(text, "accuracy"), 0.05);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(display_width(line), kDisplayWidth) << line;

  // the model file knows what it was trained with; threads and the way to it do not matter
  const auto numbers = [](const std::string& out) { return out.substr(out.find("\n\n  loss")); };
  EXPECT_EQ(numbers(good("evaluate runs/small/checkpoints/best.dynode --threads 3").out), numbers(text));
  EXPECT_EQ(numbers(good("evaluate runs/small --data train.yaml --set seed=3").out), numbers(text));
}

TEST_F(Cli, EvaluatesOtherPartsAndOtherData) {
  write_data(100);
  good("train train.yaml");
  EXPECT_SAYS(good("evaluate runs/small --split validation").out, "the validation set: 16 × 5");
  EXPECT_SAYS(good("evaluate runs/small --split train").out, "the train set: 64 × 5");
  const std::string whole = good("evaluate runs/small --data data.npz").out;
  EXPECT_SAYS(whole, "data.npz, all rows: 100 × 5 steps\n");
  EXPECT_EQ(number_behind(whole, "accuracy"), number_behind(good("evaluate runs/small --split all").out, "accuracy"));
  const std::string chosen = good("evaluate runs/small --metrics f1,top_1,perplexity").out;
  EXPECT_NEAR(number_behind(chosen, "perplexity"), std::exp(number_behind(chosen, "loss")), 1e-2);
  EXPECT_EQ(number_behind(chosen, "top_1"), number_behind(good("evaluate runs/small").out, "accuracy"));
  EXPECT_FALSE(says(chosen, "\n  accuracy"));

  // a table with the same sequences, and a mask that leaves their last step alone: the output that counts stays
  const Npz                 data = load_npz(path("data.npz"));
  const std::vector<double> x = data.at("x").as_double(), y = data.at("y").as_double();
  std::string               table;
  for (int i = 0; i < 15; ++i) table += fmt::format("x{},", i);
  table += "m0,m1,m2,m3,m4,class\n";
  for (size_t row = 0; row < 100; ++row) {
    for (size_t i = 0; i < 15; ++i) table += fmt::format("{},", float(x[row * 15 + i]));
    table += fmt::format("0,0,1,0,1,{}\n", y[row]);
  }
  write("data.csv", table);
  const std::string csv = good("evaluate runs/small --data data.csv --set data.label_column=class "
                               "--set data.values_per_step=3 --set data.mask_columns=m").out;
  EXPECT_SAYS(csv, "data.csv, all rows: 100 × 5 steps\n");
  EXPECT_EQ(csv.substr(csv.find("\n\n  loss")), whole.substr(whole.find("\n\n  loss")));
}

TEST_F(Cli, EvaluatesModelsWithoutATrainingFile) {
  write_data(30);
  Model::load(path("net.yaml")).save(path("net.dynode"));
  const std::string text = good("evaluate net.dynode --data data.npz --set model.time_pooling=mean").out;
  EXPECT_SAYS(text, "\n  outputs     mean over time\n");
  EXPECT_SAYS(text, "   cross_entropy\n");
  EXPECT_SAYS(text, "\nConfusion: one row per true class, one column per answer\n");

  // values at every step: what the product gives, but for an error of 1 in one of four numbers
  write_npz("w.npz", {{"J_0_to_1", {{2, 2}, std::vector<double>{1, 10, 0, -1}}}});
  Model product = Model::load(path("product.yaml"), {.precision = Precision::float64});
  product.load_parameters(path("w.npz"));
  product.save(path("product.dynode"));
  write_npz("steps.npz", {{"x", {{1, 2, 2}, std::vector<double>{1, 2, 3, 4}}},
                          {"y", {{1, 2, 2}, std::vector<double>{21, -2, 43, -3}}}});
  const std::string steps = good("evaluate product.dynode --data steps.npz --set training.mapping=seq2seq").out;
  EXPECT_SAYS(steps, "\n  outputs     every step\n");
  EXPECT_SAYS(steps, "   mse\n");
  EXPECT_EQ(number_behind(steps, "loss"), 0.25);
  EXPECT_EQ(number_behind(steps, "mse"), 0.25);
  EXPECT_EQ(number_behind(steps, "mae"), 0.25);
  EXPECT_NEAR(number_behind(steps, "r2"), 1 - 1 / 242.5, 1e-4);   // Σ (y − mean)² = 242 + 0.5
  EXPECT_FALSE(says(steps, "Confusion"));
}

TEST_F(Cli, EvaluateShowsManyClassesByTheirMistakes) {
  write("wide.yaml", R"(layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 20}}
  - {layer_id: 1, layer_type: Linear, params: {dim: 20}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: one_to_one, params: {init: {name: constant, params: {value: 1}}}}
)");
  Model::load(path("wide.yaml")).save(path("wide.dynode"));
  std::vector<float>   x(20 * 20);
  std::vector<int64_t> y;
  for (int row = 0; row < 20; ++row) {   // class 3 is taken for 4 thrice, class 5 for 6 once
    y.push_back(row < 3 ? 3 : row == 3 ? 5 : row);
    x[size_t(row * 20 + (row < 3 ? 4 : row == 3 ? 6 : row))] = 1;
  }
  write_npz("wide.npz", {{"x", {{20, 1, 20}, x}}, {"y", {{20}, y}}});
  const std::string text = good("evaluate wide.dynode --data wide.npz").out;
  EXPECT_EQ(number_behind(text, "accuracy"), 80);
  EXPECT_GE(number_behind(text, "top_5"), 80);
  EXPECT_SAYS(text, "\nMost frequent mistakes\n\n  class  answer  times\n  ─────  ──────  ─────\n"
                    "      3       4      3\n      5       6      1\n");
}

TEST_F(Cli, EvaluateExplainsMistakes) {
  write_data(60);
  Model::load(path("net.yaml")).save(path("net.dynode"));
  const auto refused = [&](const std::string& line, const std::string& message) {
    const Outcome outcome = run("evaluate " + line);
    EXPECT_EQ(outcome.code, 2) << line;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err.substr(0, message.size() + 7), "error: " + message);
  };
  refused("net.dynode",
          "--data: is missing: the model file does not say what it was trained with\n  give --data train.yaml");
  refused("net.yaml --data data.npz", "net.yaml: is no model by its ending\n  give a model file (.dynode)");
  refused("nothere --data data.npz", "nothere: is no model by its ending");
  refused("net.dynode --data x.npy", "x.npy: is no data file by its ending\n  data are .npz, .csv,");
  refused("net.dynode --data data.npz --format parquet", "--format: there is no 'parquet'\n  there are: idx, npz, hdf5, csv, task");
  refused("net.dynode --data data.npz --split half",
          "--split: there is no 'half'\n  there are: test, validation, train, all\n");
  refused("net.dynode --data data.npz --split test", path("data.npz") + ": the test set has no rows\n");
  refused("net.dynode --data data.npz --metrics acuracy", "there is no metric 'acuracy'\n  did you mean 'accuracy'?");
  refused("net.dynode --data data.npz --metrics mse",
          "logging.metrics: 'mse' is about values, but the targets are classes");
  refused("net.dynode --data x2.npz", path("x2.npz") + ": there is no such file");
  write_npz("narrow.npz", {{"x", {{1, 2, 2}, std::vector<float>(4)}}, {"y", {{1}, std::vector<int64_t>{0}}}});
  refused("net.dynode --data narrow.npz", path("narrow.npz") + ": inputs: expected [any, any, 3], got [1, 2, 2]");
  fs::create_directory(path("empty"));
  refused("empty", "empty: is no run directory: it has no config.yaml");
}

TEST_F(Cli, EvaluateScalesOtherDataAsTheTrainingData) {
  write_data(60);
  good("train train.yaml --set data.min_scale=0 --set data.max_scale=1");
  const Npz data = load_npz(path("data.npz"));
  std::vector<float> x = data.at("x").as_float();
  x.resize(10 * 15);   // a part of them, with another range of its own
  std::vector<int64_t> y = data.at("y").as_integers("y");
  y.resize(10);
  for (float& v : x) v *= 0.5f;
  write_npz("half.npz", {{"x", {{10, 5, 3}, x}}, {"y", {{10}, y}}});
  const std::string half = good("evaluate runs/small --data half.npz").out;
  EXPECT_SAYS(half, "half.npz, the test set: 10 × 5 steps");

  // the same by hand: scaled, and evaluated without scaling
  for (float& v : x) v += 0.5f;   // the training data reach from −0.5 to 0.5
  write_npz("scaled.npz", {{"x", {{10, 5, 3}, x}}, {"y", {{10}, y}}});
  const std::string by_hand = 
      good("evaluate runs/small --data scaled.npz --set data.min_scale=null --set data.max_scale=null").out;
  EXPECT_EQ(number_behind(half, "loss"), number_behind(by_hand, "loss"));
}

}  // namespace
}  // namespace dynode
