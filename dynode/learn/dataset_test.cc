// Datasets: formats, scaling, splits, and what is refused.
#include "dynode/learn/dataset.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <limits>
#include <set>

#include "dynode/base/failure_test.h"
#include "dynode/io/file.h"
#include "dynode/io/hdf5.h"
#include "dynode/io/npz.h"
#include "dynode/io/io_test.h"

namespace dynode {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TrainConfig config_for(DataFormat format, const std::string& path, Mapping mapping = Mapping::seq2static) {
  TrainConfig c;
  c.data.format      = format;
  c.data.data_path   = path;
  c.data.val_split   = 0;
  c.data.test_split  = format == DataFormat::idx ? std::optional<double>() : 0;
  c.training.mapping = mapping;
  return c;
}

std::string idx_bytes(std::vector<int> shape, const std::string& bytes) {
  std::string text = {0, 0, 8, char(shape.size())};
  for (int n : shape) text += {0, 0, char(n >> 8), char(n & 255)};
  return text + bytes;
}

/// Three training images and two test images of two rows and three columns.
void write_images(const TemporaryFolder& folder) {
  write_file(folder / "train-images-idx3-ubyte",
             idx_bytes({3, 2, 3}, std::string("\0\1\2\3\4\5\xff\xff\xff\0\0\0\7\7\7\7\7\7", 18)));
  write_file(folder / "train-labels-idx1-ubyte", idx_bytes({3}, std::string("\0\2\1", 3)));
  write_file(folder / "t10k-images-idx3-ubyte", idx_bytes({2, 2, 3}, std::string(12, '\x33')));
  write_file(folder / "t10k-labels-idx1-ubyte", idx_bytes({2}, std::string("\1\1", 2)));
}

Array floats(std::vector<int64_t> shape, std::vector<float> values) { return {std::move(shape), std::move(values)}; }
Array whole(std::vector<int64_t> shape, std::vector<int64_t> values) { return {std::move(shape), std::move(values)}; }

std::vector<double> inputs(const Dataset& data, std::vector<size_t> rows) {
  std::vector<double> x(rows.size() * data.steps() * data.width());
  BatchTarget<double> target;
  data.fill(rows, x.data(), target);
  return x;
}

BatchTarget<double> targets(const Dataset& data, std::vector<size_t> rows) {
  std::vector<double> x(rows.size() * data.steps() * data.width());
  BatchTarget<double> target;
  data.fill(rows, x.data(), target);
  return target;
}

TEST(Dataset, ImagesAreRowsOfPixelsScaledToTheRangeAskedFor) {
  TemporaryFolder folder;
  write_images(folder);
  TrainConfig c    = config_for(DataFormat::idx, folder.path());
  c.data.min_scale = 0, c.data.max_scale = 0.4;
  const TrainingData d = load_data(c, 1);
  EXPECT_EQ(d.all.steps(), 2u);
  EXPECT_EQ(d.all.width(), 3u);
  EXPECT_EQ(d.classes, 3);
  EXPECT_EQ(d.train.size(), 3u);
  EXPECT_EQ(d.test.size(), 2u);
  const std::vector<double> x = inputs(d.all, {1, 0});
  EXPECT_DOUBLE_EQ(x[0], 0.4);
  EXPECT_DOUBLE_EQ(x[5], 0.0);
  EXPECT_DOUBLE_EQ(x[11], 5 / 255.0 * 0.4);
  EXPECT_EQ(targets(d.all, {1, 0}).classes, (std::vector<int64_t>{2, 0}));
  EXPECT_DOUBLE_EQ(inputs(d.test_set(), {1})[0], 0.2 * 0.4);
}

TEST(Dataset, ImagesCanBeReadPixelByPixel) {
  TemporaryFolder folder;
  write_images(folder);
  TrainConfig c        = config_for(DataFormat::idx, folder.path());
  c.data.sequence      = Sequence::pixels;
  const TrainingData d = load_data(c, 1);
  EXPECT_EQ(d.all.steps(), 6u);
  EXPECT_EQ(d.all.width(), 1u);
  EXPECT_DOUBLE_EQ(inputs(d.all, {0})[5], 5 / 255.0);
}

TEST(Dataset, ImagesCanHaveAnotherNumberOfSteps) {
  TemporaryFolder folder;
  write_images(folder);
  TrainConfig c         = config_for(DataFormat::idx, folder.path());
  c.data.target_seq_len = 1;
  const TrainingData d  = load_data(c, 1);
  EXPECT_EQ(d.all.steps(), 1u);
  EXPECT_DOUBLE_EQ(inputs(d.all, {0})[0], 1.5 / 255.0);
  EXPECT_EQ(d.test_set().steps(), 1u);
}

TEST(Dataset, LabelsBeyondTheClassesAreRefused) {
  TemporaryFolder folder;
  write_images(folder);
  TrainConfig c      = config_for(DataFormat::idx, folder.path());
  c.data.num_classes = 2;
  EXPECT_SAYS(message_of([&] { load_data(c, 1); }), "the class of row 1 is 2, outside 0 … 1");
}

TEST(Dataset, MissingImagesNameThePackage) {
  const TrainConfig c = config_for(DataFormat::idx, "/nowhere");
  EXPECT_SAYS(message_of([&] { load_data(c, 1); }), "dataset-fashion-mnist");
}

struct NpzCase : testing::Test {
  TemporaryFolder folder;
  std::string     path = folder / "data.npz";
  TrainingData    load(const std::vector<Npz::Entry>& arrays, Mapping mapping = Mapping::seq2static) {
       save_npz(path, arrays);
       return load_data(config_for(DataFormat::npz, path, mapping), 1);
  }
};

struct Hdf5Case : testing::Test {
  TemporaryFolder folder;
  std::string     path = folder / "data.h5";
  using Kind           = Hdf5Item::Kind;
  void SetUp() override {
    if (!has_hdf5()) GTEST_SKIP() << "built without HDF5";
  }
  static void add(std::vector<Hdf5Item>& items, const std::string& group, std::vector<double> x, std::vector<int64_t> y) {
    const auto rows = int64_t(y.size());
    items.push_back({.path = group + "/data", .kind = Kind::numbers, .numbers = {{rows, int64_t(x.size()) / rows, 1}, std::move(x)}});
    items.push_back({.path = group + "/labels", .kind = Kind::numbers, .numbers = {{rows}, std::move(y)}});
  }
};

TEST_F(Hdf5Case, PartsOfAFileAreWhatTheirGroupsSay) {
  std::vector<Hdf5Item> items;
  add(items, "/test", {7, 8}, {1});
  add(items, "/train", {1, 2, 3, 4, 5, 6}, {0, 1, 1});
  add(items, "/val", {9, 10}, {0});
  save_hdf5(path, items);
  TrainConfig c = config_for(DataFormat::hdf5, path);
  c.data.val_split = 0.5;   // does not count
  const TrainingData d = load_data(c, 1);
  EXPECT_EQ(d.train, (std::vector<size_t>{0, 1, 2}));
  EXPECT_EQ(d.validation, (std::vector<size_t>{3}));
  EXPECT_EQ(inputs(d.all, {3}), (std::vector<double>{9, 10}));
  EXPECT_EQ(inputs(d.test_set(), {0}), (std::vector<double>{7, 8}));
  EXPECT_EQ(targets(d.all, {1, 3}).classes, (std::vector<int64_t>{1, 0}));
}

TEST_F(Hdf5Case, AFileWithoutGroupsIsSplit) {
  std::vector<Hdf5Item> items;
  add(items, "", {1, 2, 3, 4}, {0, 1, 1, 0});
  save_hdf5(path, items);
  TrainConfig c = config_for(DataFormat::hdf5, path);
  c.data.val_split = 0.25, c.data.test_split = 0.25;
  const TrainingData d = load_data(c, 1);
  EXPECT_EQ(d.train.size(), 2u);
  EXPECT_EQ(d.validation.size(), 1u);
  EXPECT_EQ(d.test.size(), 1u);
}

TEST_F(Hdf5Case, WhatIsMissingOrDoesNotFitIsNamed) {
  std::vector<Hdf5Item> items;
  add(items, "/train", {1, 2}, {0});
  add(items, "/val", {1, 2, 3}, {0});
  save_hdf5(path, items);
  EXPECT_SAYS(message_of<ShapeError>([&] { load_data(config_for(DataFormat::hdf5, path), 1); }), "data.h5:/val: x: expected [any, 2, 1], got [1, 3, 1]");
  items.erase(items.begin() + 1);
  save_hdf5(path, items);
  EXPECT_SAYS(message_of([&] { load_data(config_for(DataFormat::hdf5, path), 1); }), "has no numbers '/train/labels'");
}

TEST_F(NpzCase, SequencesAreResampledWithTheirTargetsAndMasks) {
  save_npz(path, {{"x", {{1, 4}, std::vector<double>{0, 2, 4, 10}}}, {"y", {{1, 4}, std::vector<int64_t>{0, 1, 2, 1}}},
                  {"mask", {{1, 4}, std::vector<uint8_t>{0, 1, 1, 0}}}});
  TrainConfig c         = config_for(DataFormat::npz, path, Mapping::seq2seq);
  c.data.target_seq_len = 2;
  const TrainingData d  = load_data(c, 1);
  EXPECT_EQ(inputs(d.all, {0}), (std::vector<double>{1, 7}));
  EXPECT_EQ(targets(d.all, {0}).classes, (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(targets(d.all, {0}).mask, (std::vector<uint8_t>{1, 0}));
  save_npz(path, {{"x", {{1, 4}, std::vector<double>{0, 2, 4, 10}}}, {"y", {{1, 4}, std::vector<double>{0, 1, 2, 1}}},
                  {"timespans", {{1, 4}, std::vector<double>{1, 1, 1, 2}}}});
  EXPECT_EQ(failure([&] { load_data(c, 1); }), "data.target_seq_len: the steps of " + path +
            " take times of their own\n  remove target_seq_len, or timespans from the file");
}

TEST_F(NpzCase, WholeNumbersAreClasses) {
  const TrainingData d = load({{"x", floats({2, 2, 1}, {1, 2, 3, 4})}, {"y", whole({2}, {1, 0})}});
  EXPECT_EQ(d.classes, 2);
  EXPECT_EQ(d.all.entries(), 1u);
  EXPECT_EQ(inputs(d.all, {1}), (std::vector<double>{3, 4}));
  EXPECT_EQ(targets(d.all, {1, 0}).classes, (std::vector<int64_t>{0, 1}));
}

TEST_F(NpzCase, WholeNumbersPerStepAreClassesPerStep) {
  const TrainingData d =
      load({{"x", floats({2, 2}, {1, 2, 3, 4})}, {"y", whole({2, 2}, {1, 0, -100, 1})}}, Mapping::seq2seq);
  EXPECT_EQ(d.all.entries(), 2u);
  EXPECT_EQ(targets(d.all, {1}).classes, (std::vector<int64_t>{-100, 1}));
}

TEST_F(NpzCase, FloatsAreTargetValues) {
  const TrainingData one = load({{"x", floats({2, 2, 1}, {1, 2, 3, 4})}, {"y", floats({2, 3}, {1, 2, 3, 4, 5, 6})}});
  EXPECT_EQ(one.classes, 0);
  EXPECT_EQ(one.all.target_width(), 3u);
  EXPECT_EQ(targets(one.all, {1}).values, (std::vector<double>{4, 5, 6}));
  const TrainingData many =
      load({{"x", floats({2, 2, 1}, {1, 2, 3, 4})}, {"y", floats({2, 2}, {1, 2, 3, 4})}}, Mapping::seq2seq);
  EXPECT_EQ(many.all.target_width(), 1u);
  EXPECT_EQ(many.all.entries(), 2u);
}

TEST_F(NpzCase, InputsAreScaledByTheRangeOfTheTrainingFile) {
  save_npz(folder / "train.npz", {{"x", floats({2, 2}, {-1, 0, 1, 3})}, {"y", whole({2}, {0, 1})}});
  save_npz(folder / "test.npz", {{"x", floats({1, 2}, {7, -1})}, {"y", whole({1}, {1})}});
  TrainConfig c    = config_for(DataFormat::npz, folder / "train.npz");
  c.data.test_path = folder / "test.npz";
  c.data.test_split.reset();
  c.data.min_scale = 10, c.data.max_scale = 14;
  const TrainingData d = load_data(c, 1);
  EXPECT_EQ(inputs(d.all, {0, 1}), (std::vector<double>{10, 11, 12, 14}));
  EXPECT_EQ(inputs(d.test_set(), {0}), (std::vector<double>{18, 10}));
}

TEST_F(NpzCase, BadArraysAreExplained) {
  const Npz::Entry x     = {"x", floats({2, 2, 1}, {1, 2, 3, 4})};
  const auto       shape = [&](const std::vector<Npz::Entry>& arrays, Mapping mapping = Mapping::seq2static) {
    return message_of<ShapeError>([&] { load(arrays, mapping); });
  };
  const auto io = [&](const std::vector<Npz::Entry>& arrays) { return message_of([&] { load(arrays); }); };
  EXPECT_SAYS(io({x}), "y");
  EXPECT_SAYS(shape({{"x", floats({4}, {1, 2, 3, 4})}, {"y", whole({4}, {0, 0, 0, 0})}}),
              "x: expected [any, any, any], got [4]");
  EXPECT_SAYS(shape({x, {"y", whole({3}, {0, 1, 0})}}), "y: expected [2], got [3]");
  EXPECT_SAYS(shape({x, {"y", whole({2, 2}, {0, 1, 0, 1})}}), "whole numbers are classes, one per target");
  EXPECT_SAYS(shape({x, {"y", whole({2}, {0, 1})}}, Mapping::seq2seq), "y: expected [2, 2], got [2]");
  EXPECT_SAYS(shape({x, {"y", floats({3}, {0, 1, 0})}}), "y: expected [2, any], got [3]");
  EXPECT_SAYS(io({{"x", floats({2, 2, 1}, {1, 2, float(kNaN), 4})}, {"y", whole({2}, {0, 1})}}),
              "x has nan in row 1, step 0, number 0");
  EXPECT_SAYS(io({x, {"y", floats({2}, {0, std::numeric_limits<float>::infinity()})}}), "y has inf in row 1");
  EXPECT_SAYS(io({x, {"y", whole({2}, {0, -1})}}), "the class of row 1 is -1, outside 0 … 0");
  EXPECT_SAYS(io({{"x", floats({0, 2, 1}, {})}, {"y", whole({0}, {})}}), "x is empty");
}

TEST_F(NpzCase, StepsHaveTimeSpansAndAMask) {
  const TrainingData d = load({{"x", floats({2, 3}, {1, 2, 3, 4, 5, 6})},
                               {"y", whole({2}, {0, 1})},
                               {"timespans", floats({2, 3}, {0.5, 1, 0, 2, 2, 2})},
                               {"mask", whole({2, 3}, {1, 1, 0, 1, 1, 1})}});
  EXPECT_TRUE(d.all.has_spans());
  EXPECT_TRUE(d.all.counts(0, 1));
  EXPECT_FALSE(d.all.counts(0, 2));
  std::vector<float>        x(6), spans;
  BatchTarget<float>        target;
  const std::vector<size_t> rows = {1, 0};
  d.all.fill(rows, x.data(), target, &spans);
  EXPECT_EQ(spans, (std::vector<float>{2, 2, 2, 0.5, 1, 0}));
  EXPECT_EQ(target.mask, (std::vector<uint8_t>{1, 1, 1, 1, 1, 0}));

  // masks as numpy writes booleans; without either there is nothing
  const TrainingData bools = load({{"x", floats({1, 2}, {1, 2})},
                                   {"y", whole({1}, {0})},
                                   {"mask", Array{{1, 2}, std::vector<uint8_t>{0, 1}}}});
  EXPECT_FALSE(bools.all.counts(0, 0));
  bools.all.fill(std::vector<size_t>{0}, x.data(), target, &spans);
  EXPECT_TRUE(spans.empty());
  const TrainingData plain = load({{"x", floats({1, 2}, {1, 2})}, {"y", whole({1}, {0})}});
  plain.all.fill(std::vector<size_t>{0}, x.data(), target);
  EXPECT_TRUE(target.mask.empty());
  EXPECT_TRUE(plain.all.counts(0, 1));
}

TEST_F(NpzCase, BadSpansAndMasksAreExplained) {
  const auto with = [&](const char* name, const Array& array, Mapping mapping = Mapping::seq2static) {
    const Array y = mapping == Mapping::seq2static ? whole({2}, {0, 1}) : whole({2, 2}, {0, 1, 0, 1});
    return message_of<Error>([&] { load({{"x", floats({2, 2}, {1, 2, 3, 4})}, {"y", y}, {name, array}}, mapping); });
  };
  EXPECT_SAYS(with("timespans", floats({2}, {1, 1})), "timespans: expected [2, 2], got [2]");
  EXPECT_SAYS(with("timespans", floats({2, 2}, {1, 1, 1, -1})), "timespans has -1 in row 1, step 1");
  EXPECT_SAYS(with("timespans", floats({2, 2}, {1, 1, float(kNaN), 1})), "timespans has nan in row 1, step 0");
  EXPECT_SAYS(with("timespans", floats({2, 2}, {1, 1, 1, std::numeric_limits<float>::infinity()})), "has inf in row 1");
  EXPECT_SAYS(with("mask", floats({2, 2, 1}, {1, 1, 1, 1})), "mask: expected [2, 2], got [2, 2, 1]");
  EXPECT_SAYS(with("mask", floats({2, 2}, {1, 0.5, 1, 1})), "mask has 0.5 in row 0, step 1\n  1 where a step counts");
  EXPECT_SAYS(with("mask", floats({2, 2}, {1, 1, 1, float(kNaN)})), "mask has nan in row 1, step 1");
  EXPECT_SAYS(with("mask", whole({2, 2}, {1, 1, 0, 0})), "mask leaves no step of row 1");
  EXPECT_EQ(load({{"x", floats({2, 2}, {1, 2, 3, 4})},
                  {"y", whole({2, 2}, {0, 1, 0, 1})},
                  {"mask", whole({2, 2}, {1, 1, 0, 0})}}, Mapping::seq2seq).all.counts(1, 0), false);
}

TEST_F(NpzCase, ATestFileHasSpansWhereTheTrainingFileHas) {
  const Npz::Entry x = {"x", floats({1, 2}, {1, 2})}, y = {"y", whole({1}, {0})};
  save_npz(folder / "train.npz", {x, y, {"timespans", floats({1, 2}, {1, 2})}});
  save_npz(folder / "test.npz", {x, y});
  TrainConfig c    = config_for(DataFormat::npz, folder / "train.npz");
  c.data.test_path = folder / "test.npz";
  c.data.test_split.reset();
  EXPECT_SAYS(message_of([&] { load_data(c, 1); }), "test.npz: it has no time spans, but the training data have");
}

struct CsvCase : testing::Test {
  TemporaryFolder folder;
  std::string     path   = folder / "data.csv";
  TrainConfig     config = config_for(DataFormat::csv, path);
  TrainingData    load(const std::string& text) {
       write_file(path, text);
       return load_data(config, 1);
  }
  std::string message(const std::string& text) {
    return message_of([&] { load(text); });
  }
};

TEST_F(CsvCase, ALineIsASequence) {
  config.data.values_per_step = 2;
  const TrainingData d        = load("# made by hand\na, b, label, c, d\n1, 2, 1, 3, 4\r\n\n5,6,0,7,8e-1\n");
  EXPECT_EQ(d.all.steps(), 2u);
  EXPECT_EQ(d.all.width(), 2u);
  EXPECT_EQ(inputs(d.all, {0, 1}), (std::vector<double>{1, 2, 3, 4, 5, 6, 7, 0.8}));
  EXPECT_EQ(targets(d.all, {0, 1}).classes, (std::vector<int64_t>{1, 0}));
}

TEST_F(CsvCase, ColumnsCanBeTargetValues) {
  config.data.target_columns = {"z", "y"};
  const TrainingData d       = load("x,y,z\n1,2,3\n");
  EXPECT_EQ(targets(d.all, {0}).values, (std::vector<double>{3, 2}));
  EXPECT_EQ(inputs(d.all, {0}), (std::vector<double>{1}));
}

TEST_F(CsvCase, ColumnsCanBeTimeSpansAndMasks) {
  config.data.timespan_columns = "dt";
  config.data.mask_columns     = "m";
  config.data.values_per_step  = 2;
  const char* const heading    = "dt0,a,b,m0,label,c,d,dt1,m1\n";
  const TrainingData  d        = load(heading + std::string("0.5,1,2,1,0,3,4,2,0\n1,5,6,1,1,7,8,0,1\n"));
  EXPECT_EQ(d.all.steps(), 2u);
  EXPECT_EQ(inputs(d.all, {0, 1}), (std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8}));
  std::vector<double>       x(8), spans;
  BatchTarget<double>       target;
  const std::vector<size_t> rows = {1, 0};
  d.all.fill(rows, x.data(), target, &spans);
  EXPECT_EQ(spans, (std::vector<double>{1, 0, 0.5, 2}));
  EXPECT_EQ(target.mask, (std::vector<uint8_t>{1, 1, 1, 0}));

  EXPECT_SAYS(message(heading + std::string("-1,1,2,1,0,3,4,2,0\n")), "line 2: column 'dt0': -1\n  a step takes");
  EXPECT_SAYS(message(heading + std::string("1,1,2,2,0,3,4,2,0\n")), "line 2: column 'm0': 2\n  1 where a step counts");
  EXPECT_SAYS(message(heading + std::string("1,1,2,0,0,3,4,2,0\n")), "line 2: the mask leaves no step");
  EXPECT_SAYS(message("dt0,a,b,m0,label,c,d,m1\n"), "line 1: 1 columns dt0, dt1, … for 2 steps");
  EXPECT_SAYS(message("a,b,m0,label,c,d,m1\n"), "line 1: there is no column 'dt0'");

  // without the words they are inputs like any other
  config.data = config_for(DataFormat::csv, path).data;
  EXPECT_EQ(inputs(load("x,dt0,label\n1,2,0\n").all, {0}), (std::vector<double>{1, 2}));
}

TEST_F(CsvCase, BadTablesAreExplained) {
  EXPECT_SAYS(message(""), "the file is empty");
  EXPECT_SAYS(message("a,b\n1,2\n"), "line 1: there is no column 'label'");
  EXPECT_SAYS(message("a,a,label\n"), "line 1: there are two columns 'a'");
  EXPECT_SAYS(message("a,label\n"), "there are no rows");
  EXPECT_SAYS(message("a,label\n1,0\n1\n"), "line 3: 1 fields, but 2 columns");
  EXPECT_SAYS(message("a,label\n1x,0\n"), "line 2: column 'a': '1x' is not a number");
  EXPECT_SAYS(message("a,label\n,0\n"), "line 2: column 'a': '' is not a number");
  EXPECT_SAYS(message("a,label\nnan,0\n"), "line 2: column 'a': nan is not finite");
  EXPECT_SAYS(message("a,label\n1,0.5\n"), "line 2: column 'label': 0.5 is not a class");
  config.data.values_per_step = 2;
  EXPECT_SAYS(message("a,b,c,label\n1,1,1,0\n"), "3 columns of inputs cannot be cut into steps of 2");
  EXPECT_SAYS(message_of([&] { load_data(config_for(DataFormat::csv, folder / "no.csv"), 1); }),
              "there is no such file");
}

TEST_F(CsvCase, SplitsAreDrawnBySeedWithoutOverlap) {
  std::string text = "x,label\n";
  for (int i = 0; i < 100; ++i) text += std::to_string(i) + ",0\n";
  config.data.val_split = 0.25, config.data.test_split = 0.2;
  const TrainingData a = load(text), b = load_data(config, 1), c = load_data(config, 2);
  EXPECT_EQ(a.test.size(), 20u);
  EXPECT_EQ(a.validation.size(), 20u);
  EXPECT_EQ(a.train.size(), 60u);
  std::set<size_t> rows(a.train.begin(), a.train.end());
  rows.insert(a.test.begin(), a.test.end());
  rows.insert(a.validation.begin(), a.validation.end());
  EXPECT_EQ(rows.size(), 100u);
  EXPECT_TRUE(std::ranges::is_sorted(a.train));
  EXPECT_EQ(a.validation, b.validation);
  EXPECT_EQ(a.test, b.test);
  EXPECT_NE(a.validation, c.validation);
  config.data.test_split = 0.99;
  EXPECT_SAYS(message("x,label\n1,0\n"), "none of its 1 rows is left for training");
}

}  // namespace
}  // namespace dynode
