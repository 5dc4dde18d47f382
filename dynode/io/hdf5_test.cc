// HDF5 files: there and back, and what damaged ones come to.
#include "dynode/io/hdf5.h"

#include <gtest/gtest.h>

#include "dynode/base/random.h"
#include "dynode/io/file.h"
#include "dynode/io/io_test.h"

namespace dynode {
namespace {

using Kind = Hdf5Item::Kind;

std::vector<Hdf5Item> tree() {
  return {{.path = "/data", .kind = Kind::numbers, .numbers = {{2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6}}},
          {.path = "/labels", .kind = Kind::numbers, .numbers = {{2}, std::vector<int64_t>{-1, 7}}},
          {.path = "/node", .kind = Kind::group},
          {.path = "/node/edges", .kind = Kind::texts, .shape = {1, 2}, .texts = {"a", "größer"}},
          {.path = "/node/half", .kind = Kind::numbers, .numbers = {{}, std::vector<double>{0.5}}},
          {.path = "/node/on", .kind = Kind::numbers, .numbers = {{0}, std::vector<double>{}}},
          {.path = "/node/type", .kind = Kind::texts, .texts = {"NIRGraph"}}};
}

struct Hdf5Test : testing::Test {
  TemporaryFolder folder;
  std::string     path = folder / "file.h5";
  void SetUp() override {
    if (!has_hdf5()) GTEST_SKIP() << "built without HDF5";
  }
};

TEST_F(Hdf5Test, WhatIsWrittenIsRead) {
  save_hdf5(path, tree());
  const Hdf5 file = load_hdf5(path);
  ASSERT_EQ(file.items().size(), tree().size());
  for (size_t i = 0; i < file.items().size(); ++i) {
    EXPECT_EQ(file.items()[i].path, tree()[i].path);
    EXPECT_EQ(file.items()[i].kind, tree()[i].kind);
    EXPECT_EQ(file.items()[i].numbers, tree()[i].numbers) << tree()[i].path;
    EXPECT_EQ(file.items()[i].shape, tree()[i].shape);
    EXPECT_EQ(file.items()[i].texts, tree()[i].texts);
  }
  EXPECT_EQ(file.members(""), (std::vector<std::string>{"data", "labels", "node"}));
  EXPECT_EQ(file.members("/node"), (std::vector<std::string>{"edges", "half", "on", "type"}));
  EXPECT_EQ(file.text("/node/type"), "NIRGraph");
}

TEST_F(Hdf5Test, EqualItemsGiveEqualBytes) {
  save_hdf5(path, tree());
  save_hdf5(folder / "other.h5", tree());
  EXPECT_EQ(read_file(path), read_file(folder / "other.h5"));
}

TEST_F(Hdf5Test, WhatIsMissingIsNamedWithItsNearest) {
  save_hdf5(path, tree());
  const Hdf5 file = load_hdf5(path);
  EXPECT_SAYS(message_of([&] { file.numbers("/dat"); }), "has no numbers '/dat'\n  did you mean '/data'?");
  EXPECT_SAYS(message_of([&] { file.text("/node/edges"); }), "has 2 texts instead of one");
  EXPECT_SAYS(message_of([&] { file.numbers("/node/type"); }), "has no numbers '/node/type'");
}

TEST_F(Hdf5Test, OtherFilesAreRefused) {
  EXPECT_SAYS(message_of([&] { load_hdf5(folder / "none.h5"); }), "none.h5");
  EXPECT_SAYS(message_of([&] { load_hdf5(folder.path()); }), "folder");
  write_file(path, "no HDF5 at all");
  EXPECT_SAYS(message_of([&] { load_hdf5(path); }), "is no HDF5 file, or a damaged one");
}

TEST_F(Hdf5Test, LimitsHold) {
  save_hdf5(path, tree());
  EXPECT_SAYS(message_of([&] { load_hdf5(path, {.items = 3}); }), "has more than 3 items");
  EXPECT_SAYS(message_of([&] { load_hdf5(path, {.bytes = 10}); }), "has more than 10 bytes of numbers");
}

TEST_F(Hdf5Test, DamagedFilesAreErrorsAndNothingWorse) {
  save_hdf5(path, tree());
  const std::string whole = read_file(path);
  Random            random(5);
  int               refused = 0;
  for (int n = 0; n < 150; ++n) {
    std::string bytes = whole;
    if (n % 3 == 0) bytes.resize(random.integer(bytes.size()));
    for (uint64_t k = random.integer(8); n % 3 > 0 && k-- > 0;) bytes[random.integer(bytes.size())] = char(random.integer(256));
    write_file(path, bytes);
    try {
      load_hdf5(path, {.seconds = 5});
    } catch (const IoError&) { ++refused; }
  }
  EXPECT_GT(refused, 40);   // every file that was cut off, at least
}

}  // namespace
}  // namespace dynode
