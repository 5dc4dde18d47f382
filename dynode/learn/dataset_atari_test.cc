// Recorded games: a folder as published, and folders that are not.
#include <filesystem>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/io/file.h"
#include "dynode/io/io_test.h"
#include "dynode/io/npz.h"
#include "dynode/learn/dataset.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

constexpr int64_t kSteps = 4, kRows = 2, kColumns = 3, kChannels = 2, kWidth = kRows * kColumns * kChannels;

/// Pictures count on from `first`; step t asks for action t.
std::vector<Npz::Entry> game(int first) {
  std::vector<uint8_t> pictures;
  std::vector<int64_t> actions;
  for (int64_t i = 0; i < kSteps * kWidth; ++i) pictures.push_back(uint8_t(first + i));
  for (int64_t t = 0; t < kSteps; ++t) actions.push_back(t);
  return {{"obs", {{kSteps, kRows, kColumns, kChannels}, pictures}}, {"actions", {{kSteps}, actions}}};
}

class Atari : public testing::Test {
 protected:
  void SetUp() override {
    for (int k = 0; k < 5; ++k) save_npz(folder / fmt::format("train_{}.npz", k), game(k));
    save_npz(folder / "val_0.npz", game(100));
    write_file(folder / "readme.txt", "not a game");
  }
  TrainConfig config() const {
    TrainConfig c;
    c.data.format = DataFormat::atari, c.data.data_path = folder.path(), c.data.val_split = 0.2;
    c.training.mapping = Mapping::seq2seq;
    return c;
  }
  std::string message() const {
    return failure([&] { load_data(config(), 1); });
  }
  /// The message where the third file has these arrays.
  std::string with(std::vector<Npz::Entry> entries) const {
    save_npz(folder / "train_2.npz", std::move(entries));
    return message();
  }

  TemporaryFolder folder;
};

TEST_F(Atari, AFileIsASequenceOfPicturesWithAnActionEach) {
  TrainConfig c    = config();
  c.data.min_scale = 0, c.data.max_scale = 1;
  const TrainingData d = load_data(c, 1);
  EXPECT_EQ(d.train.size(), 4u);
  EXPECT_EQ(d.validation.size(), 1u);
  EXPECT_EQ(d.classes, kSteps);
  EXPECT_EQ(d.all.steps(), size_t(kSteps));
  EXPECT_EQ(d.all.width(), size_t(kWidth));
  ASSERT_EQ(d.test.size(), 1u);
  std::vector<double> x(size_t(kSteps * kWidth));
  BatchTarget<double> target;
  d.test_set().fill(std::vector<size_t>{0}, x.data(), target);
  for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], double(100 + i) / 255, 1e-15);
  EXPECT_EQ(target.classes, (std::vector<int64_t>{0, 1, 2, 3}));
  d.all.fill(std::vector<size_t>{3}, x.data(), target);
  EXPECT_NEAR(x[0], 3 / 255.0, 1e-15);
}

TEST_F(Atari, WhatIsWrongWithAFileIsSaid) {
  auto entries = game(0);
  EXPECT_SAYS(with({entries[0]}), "train_2.npz");
  EXPECT_SAYS(with({entries[0]}), "'actions'");
  EXPECT_SAYS(with({entries[1]}), "'obs'");
  const auto obs = [&](Array a) { return with({{"obs", std::move(a)}, entries[1]}); };
  EXPECT_SAYS(obs({{kSteps, kWidth}, std::vector<uint8_t>(kSteps * kWidth)}),
              "train_2.npz: obs: expected [4, 2, 3, 2], got [4, 12]");
  EXPECT_SAYS(obs({{kSteps, kColumns, kRows, kChannels}, std::vector<uint8_t>(kSteps * kWidth)}), "got [4, 3, 2, 2]");
  EXPECT_SAYS(obs({{kSteps, kRows, kColumns, kChannels}, std::vector<float>(kSteps * kWidth)}), "obs are not bytes");
  const auto actions = [&](Array a) { return with({entries[0], {"actions", std::move(a)}}); };
  EXPECT_SAYS(actions({{3}, std::vector<int64_t>(3)}), "train_2.npz: actions: expected [4], got [3]");
  EXPECT_SAYS(actions({{4, 1}, std::vector<int64_t>(4)}), "expected [4], got [4, 1]");
  EXPECT_SAYS(actions({{4}, std::vector<int64_t>{0, -2, 0, 0}}), "action -2 in step 1");
  EXPECT_SAYS(actions({{4}, std::vector<int64_t>{0, 0, 0, int64_t(1) << 60}}), "in step 3");
  EXPECT_SAYS(actions({{4}, std::vector<double>{0, 0.5, 0, 0}}), "train_2.npz: actions");
}

TEST_F(Atari, FilesThatAreNoArchivesAreErrors) {
  const std::string whole = read_file(folder / "train_2.npz");
  for (const std::string& bytes : {std::string(), std::string("no zip"), whole.substr(0, whole.size() / 2)}) {
    write_file(folder / "train_2.npz", bytes);
    EXPECT_SAYS(message(), "train_2.npz");
  }
  // a byte that is wrong is found, or is one of the numbers
  for (size_t i = 0; i < whole.size(); i += 7) {
    std::string damaged = whole;
    damaged[i] ^= 0x55;
    write_file(folder / "train_2.npz", damaged);
    const std::string said = message();
    EXPECT_TRUE(said == "no error" || said.find("train_2.npz") != said.npos) << i << ": " << said;
  }
}

TEST_F(Atari, AFirstFileWithoutPicturesIsAnError) {
  save_npz(folder / "train_0.npz", {{"obs", {{0, 84, 84, 4}, std::vector<uint8_t>()}}, {"actions", {{0}, std::vector<int64_t>()}}});
  EXPECT_SAYS(message(), "train_0.npz: obs: expected [any, any, any, any], got [0, 84, 84, 4]");
}

TEST_F(Atari, AFolderNeedsBothParts) {
  std::filesystem::remove(folder / "val_0.npz");
  EXPECT_SAYS(message(), "it holds no val_*.npz");
  for (int k = 0; k < 5; ++k) std::filesystem::remove(folder / fmt::format("train_{}.npz", k));
  EXPECT_SAYS(message(), "it holds no train_*.npz");
  TrainConfig c    = config();
  c.data.data_path = "/nowhere";
  EXPECT_SAYS(failure([&] { load_data(c, 1); }), "/nowhere: this folder cannot be read");
}

TEST_F(Atari, TheFormatSaysHowDataAreSplit) {
  const auto read = [](const std::string& data, const std::string& mapping) {
    return failure([&] {
      read_train_config(parse_yaml("data: {data_path: x, format: atari" + data + "}\nmodel: {architecture_yaml: net.yaml}\n" +
                                   "training: {mapping: " + mapping + ", loss: {losses: [{name: cross_entropy}]}}\n"));
    });
  };
  EXPECT_EQ(read(", val_split: 0.1, num_classes: 6", "seq2seq"), "no error");
  EXPECT_SAYS(read("", "seq2static"), "every picture has an action\n  give mapping: seq2seq");
  EXPECT_SAYS(read(", test_split: 0.1", "seq2seq"), "'test_split' has no place with format atari");
  EXPECT_SAYS(read(", test_path: y", "seq2seq"), "'test_path' has no place with format atari");
  EXPECT_SAYS(read(", target_seq_len: 8", "seq2seq"), "'target_seq_len' has no place with format atari");
}

}  // namespace
}  // namespace dynode
