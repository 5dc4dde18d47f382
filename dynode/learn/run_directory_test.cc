// Run directories: names, lines that are cut back, and what cannot be one.
#include "dynode/learn/run_directory.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "dynode/io/file.h"
#include "dynode/io/io_test.h"

namespace dynode {
namespace {

TEST(RunDirectory, NamesThatExistGetANumber) {
  TemporaryFolder folder;
  EXPECT_EQ(RunDirectory::create_next(folder / "deep/er/run").path(), folder / "deep/er/run");
  EXPECT_EQ(RunDirectory::create_next(folder / "deep/er/run").path(), folder / "deep/er/run-2");
  EXPECT_EQ(RunDirectory::create_next(folder / "deep/er/run").path(), folder / "deep/er/run-3");
  EXPECT_TRUE(std::filesystem::is_directory(folder / "deep/er/run-3/checkpoints"));
}

TEST(RunDirectory, FilesThatAreThereStayAlone) {
  TemporaryFolder folder;
  write_file(folder / "mine.txt", "precious");
  EXPECT_SAYS(message_of([&] { RunDirectory::create(folder.path()); }), "has files in it already");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"mine.txt"});
  EXPECT_SAYS(message_of([&] { RunDirectory::create(folder / "mine.txt/run"); }), "cannot make the folder");
}

TEST(RunDirectory, OnlyAFolderWithAConfigCanBeOpened) {
  TemporaryFolder folder;
  EXPECT_SAYS(message_of([&] { RunDirectory::open(folder / "no"); }), "there is no such run directory");
  EXPECT_SAYS(message_of([&] { RunDirectory::open(folder.path()); }), "it has no config.yaml");
}

TEST(RunDirectory, MetricsAreCutBackToWholeLines) {
  TemporaryFolder folder;
  RunDirectory    run = RunDirectory::create(folder / "run");
  run.write("config.yaml", "");
  EXPECT_EQ(run.last_seconds(), 0);
  for (int i = 1; i <= 3; ++i) run.add_metrics(Value::map({{"step", i}, {"seconds", 0.5 * i}}));
  EXPECT_EQ(run.metrics_lines(), 3);
  EXPECT_EQ(read_file(run.file("metrics.jsonl")),
            "{\"step\":1,\"seconds\":0.5}\n{\"step\":2,\"seconds\":1}\n{\"step\":3,\"seconds\":1.5}\n");

  // a line that a crash left unfinished
  std::string torn = read_file(run.file("metrics.jsonl")) + "{\"step\":4,\"se";
  run.write("metrics.jsonl", torn);
  RunDirectory again = RunDirectory::open(folder / "run");
  EXPECT_EQ(again.metrics_lines(), 3);
  EXPECT_TRUE(again.cut_metrics(2));
  EXPECT_EQ(again.metrics_lines(), 2);
  EXPECT_EQ(again.last_seconds(), 1);
  EXPECT_EQ(read_file(run.file("metrics.jsonl")), "{\"step\":1,\"seconds\":0.5}\n{\"step\":2,\"seconds\":1}\n");
  EXPECT_FALSE(again.cut_metrics(5));
  EXPECT_EQ(again.metrics_lines(), 2);
}

TEST(RunDirectory, LogTakesSeveralLines) {
  TemporaryFolder    folder;
  const RunDirectory run = RunDirectory::create(folder / "run");
  run.log("one\n  two");
  run.log("three");
  EXPECT_EQ(read_file(run.file("log.txt")), "one\n  two\nthree\n");
}

TEST(RunDirectory, PathsFollowTheNamesThatAreGiven) {
  TrainConfig c;
  c.name = "run";
  EXPECT_EQ(run_path(c), "runs/run");
  c.logging.project_name = "P", c.logging.experiment_name = "E", c.logging.group_name = "G";
  EXPECT_EQ(run_path(c), "runs/project_P/experiment_E/group_G/run");
  for (const char* name : {"", "..", "a/b"}) {
    c.name = name;
    EXPECT_SAYS(message_of<SpecError>([&] { run_path(c); }), "cannot be the name of a folder");
  }
  EXPECT_EQ(epoch_name(3), "epoch_0003");
}

}  // namespace
}  // namespace dynode
