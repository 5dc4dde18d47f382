// Trajectories cut as published, images as events.
#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/io/file.h"
#include "dynode/io/io_test.h"
#include "dynode/learn/dataset.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

/// Trajectory k has k + step/10,000 in its first column, and minus that in the second.
void write_trajectories(const TemporaryFolder& folder, int count, int steps, int width = 2) {
  for (int k = 0; k < count; ++k) {
    std::vector<double> values;
    for (int t = 0; t < steps; ++t)
      for (int i = 0; i < width; ++i) values.push_back((i % 2 ? -1 : 1) * (k + t / 1e4));
    write_file(folder / fmt::format("trace_{:03}.npy", k), npy_bytes({{steps, width}, values}));
  }
}

TrainConfig config_for(DataFormat format, const std::string& path) {
  TrainConfig c;
  c.data.format = format, c.data.data_path = path;
  c.training.mapping = format == DataFormat::event_mnist ? Mapping::seq2static : Mapping::seq2seq;
  return c;
}

struct Batch {
  std::vector<double> x, spans;
  BatchTarget<double> target;
};
Batch batch(const Dataset& data, std::vector<size_t> rows) {
  Batch b;
  b.x.resize(rows.size() * data.steps() * data.width());
  data.fill(rows, b.x.data(), b.target, &b.spans);
  return b;
}

TEST(HalfCheetah, TrajectoriesAreCutIntoWindowsWhoseTargetsAreTheNextRows) {
  TemporaryFolder folder;
  write_trajectories(folder, 26, 100);
  const TrainingData d = load_data(config_for(DataFormat::half_cheetah, folder.path()), 1);
  // windows begin at 0, 10, … 60: below 100 − 33
  EXPECT_EQ(d.train.size(), 10u * 7);
  EXPECT_EQ(d.validation.size(), 5u * 7);
  EXPECT_EQ(d.test.size(), 10u * 7);
  EXPECT_EQ(d.all.steps(), 32u);
  EXPECT_EQ(d.all.target_width(), 2u);
  const Batch b = batch(d.all, {d.train[8]});  // of trajectory 16, from step 10 on
  EXPECT_FLOAT_EQ(float(b.x[0]), 16.001f);
  EXPECT_FLOAT_EQ(float(b.x[1]), -16.001f);
  EXPECT_FLOAT_EQ(float(b.target.values[0]), 16.0011f);
  EXPECT_FLOAT_EQ(float(b.target.values[63]), -16.0042f);
  EXPECT_TRUE(b.spans.empty());
  EXPECT_FLOAT_EQ(float(batch(d.all, {d.validation[0]}).x[0]), 0);
  EXPECT_FLOAT_EQ(float(batch(d.test_set(), {d.test[0]}).x[0]), 5);
}

TEST(HalfCheetah, ThePublishedTracesGiveAsManyWindowsAsPublished) {
  const char*       golden = std::getenv("DYNODE_GOLDEN_DIR");
  const std::string folder = golden ? std::string(golden) + "/../data/half_cheetah" : "";
  if (folder.empty() || !std::filesystem::exists(folder)) GTEST_SKIP() << "the traces are not here";
  const TrainingData d = load_data(config_for(DataFormat::half_cheetah, folder), 1);
  EXPECT_EQ(d.train.size(), 970u);
  EXPECT_EQ(d.validation.size(), 485u);
  EXPECT_EQ(d.test.size(), 970u);
  double zero = 0;  // the error of the answer 0, as published
  for (const size_t row : d.test)
    for (double y : batch(d.test_set(), {row}).target.values) zero += y * y / (970.0 * 32 * 17);
  EXPECT_NEAR(zero, 17.6, 0.05);
}

TEST(Walker2d, StepsAreLeftOutAndTimeSpansCountThem) {
  TemporaryFolder folder;
  write_trajectories(folder, 20, 200);
  const TrainingData d = load_data(config_for(DataFormat::walker2d, folder.path()), 1);
  EXPECT_EQ(d.all.steps(), 64u);
  ASSERT_TRUE(d.all.has_spans());
  // 15 % of the trajectories are for the test, 10 % for validation; each has 7 or 8 windows
  EXPECT_GE(d.test.size(), 3u * 7);
  EXPECT_LE(d.test.size(), 3u * 8);
  EXPECT_GE(d.validation.size(), 2u * 7);
  EXPECT_LE(d.validation.size(), 2u * 8);
  double sum = 0, count = 0, most = 0;
  for (const size_t row : d.train) {
    const Batch b = batch(d.all, {row});
    for (size_t t = 0; t < 64; ++t) {
      // the target is the next row of the file, also where the next step of the window is a later one
      EXPECT_NEAR(b.target.values[2 * t] - b.x[2 * t], 1e-4, 2e-6);
      if (t > 0) { EXPECT_NEAR((b.x[2 * t] - b.x[2 * t - 2]) / 1e-4, b.spans[t], 2e-2); }
      sum += b.spans[t], ++count, most = std::max(most, b.spans[t]);
    }
  }
  EXPECT_NEAR(sum / count, 1 / 0.9, 0.03);
  EXPECT_GE(most, 2);
}

TEST(Walker2d, TheSplitIsAlwaysTheSame) {
  TemporaryFolder folder;
  write_trajectories(folder, 20, 100);
  const auto first = [&](uint64_t seed) {
    const TrainingData d = load_data(config_for(DataFormat::walker2d, folder.path()), seed);
    return batch(d.test_set(), {0}).x;
  };
  EXPECT_EQ(first(1), first(2));
}

TEST(Rollouts, WhatIsWrongWithAFolderIsSaid) {
  TemporaryFolder folder;
  const auto      message = [&](DataFormat format) {
    return failure([&] { load_data(config_for(format, folder.path()), 1); });
  };
  EXPECT_SAYS(message(DataFormat::half_cheetah), "it holds 0 trajectories (.npy), and 25 are needed");
  write_trajectories(folder, 25, 20);
  EXPECT_SAYS(message(DataFormat::half_cheetah), "its trajectories are shorter than a window of 32 steps");
  write_trajectories(folder, 25, 100);
  write_file(folder / "trace_016.npy", npy_bytes({{100, 3}, std::vector<double>(300)}));
  EXPECT_SAYS(message(DataFormat::half_cheetah), "trace_016.npy: expected [any, 2], got [100, 3]");
  std::vector<double> values(200);
  values[7] = std::numeric_limits<double>::quiet_NaN();
  write_file(folder / "trace_016.npy", npy_bytes({{100, 2}, values}));
  EXPECT_SAYS(message(DataFormat::half_cheetah), "trace_016.npy: step 3 has nan");
  write_file(folder / "trace_016.npy", "no numbers");
  EXPECT_SAYS(message(DataFormat::half_cheetah), "trace_016.npy");
  EXPECT_SAYS(failure([] { load_data(config_for(DataFormat::walker2d, "/nowhere"), 1); }),
              "/nowhere: this folder cannot be read");
}

TEST(Rollouts, TheFormatSaysHowDataAreSplit) {
  const auto read = [](const std::string& data, const std::string& mapping) {
    return failure([&] {
      read_train_config(parse_yaml("data: {data_path: x, " + data + "}\nmodel: {architecture_yaml: net.yaml}\n" +
                                   "training: {mapping: " + mapping + ", loss: {losses: [{name: mse}]}}\n"));
    });
  };
  EXPECT_EQ(read("format: half_cheetah", "seq2seq"), "no error");
  EXPECT_SAYS(read("format: half_cheetah", "seq2static"), "every step has a target\n  give mapping: seq2seq");
  EXPECT_SAYS(read("format: half_cheetah, val_split: 0.1", "seq2seq"), "'val_split' has no place with format half_cheetah");
  EXPECT_SAYS(read("format: walker2d, test_split: 0.1", "seq2seq"), "'test_split' has no place with format walker2d");
  EXPECT_SAYS(read("format: event_mnist, test_path: y", "seq2static"), "'test_path' has no place with format event_mnist");
  EXPECT_SAYS(read("format: event_mnist", "seq2seq"), "images have one label per sequence");
}

std::string idx_bytes(std::vector<int> shape, const std::string& bytes) {
  std::string text = {0, 0, 8, char(shape.size())};
  for (int n : shape) text += {0, 0, char(n >> 8), char(n & 255)};
  return text + bytes;
}

TEST(EventMnist, APixelOfAnotherColourIsAnEvent) {
  TemporaryFolder folder;
  write_file(folder / "train-images-idx3-ubyte",
             idx_bytes({2, 2, 4}, std::string("\0\x80\x81\xff\xff\0\0\xff\0\0\0\0\0\0\0\0", 16)));
  write_file(folder / "train-labels-idx1-ubyte", idx_bytes({2}, std::string("\3\1", 2)));
  write_file(folder / "t10k-images-idx3-ubyte", idx_bytes({1, 20, 20}, [] {
               std::string stripes;
               for (int i = 0; i < 400; ++i) stripes += i % 2 ? '\xff' : '\0';
               return stripes;
             }()));
  write_file(folder / "t10k-labels-idx1-ubyte", idx_bytes({1}, std::string("\2", 1)));
  TrainConfig c        = config_for(DataFormat::event_mnist, folder.path());
  c.data.val_split     = 0;
  const TrainingData d = load_data(c, 1);
  EXPECT_EQ(d.all.steps(), 256u);
  const Batch b     = batch(d.all, {0, 1});
  const auto  first = [](const std::vector<double>& all, size_t from, size_t count) {
    return std::vector<double>(all.begin() + ptrdiff_t(from), all.begin() + ptrdiff_t(from + count));
  };
  // 128 is black; black from pixel 0, white from 2, black from 5, white from 7
  EXPECT_EQ(first(b.x, 0, 5), (std::vector<double>{0, 1, 0, 1, 0}));
  EXPECT_EQ(first(b.spans, 0, 5), (std::vector<double>{1 / 256.0, 2 / 256.0, 3 / 256.0, 2 / 256.0, 0}));
  EXPECT_TRUE(d.all.counts(0, 3) && !d.all.counts(0, 4));
  EXPECT_TRUE(d.all.counts(1, 0) && !d.all.counts(1, 1));  // all black: the first pixel alone
  EXPECT_EQ(b.target.classes, (std::vector<int64_t>{3, 1}));
  EXPECT_TRUE(d.test_set().counts(0, 255)) << "events beyond 256 are left out";
}

}  // namespace
}  // namespace dynode
