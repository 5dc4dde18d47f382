#include "dynode/io/file.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dynode/io/file-internal.h"
#include "dynode/io/io_test.h"

namespace dynode {
namespace {

namespace fs = std::filesystem;
using Names  = std::vector<std::string>;

int no_space(int) {
  errno = ENOSPC;
  return -1;
}
ssize_t half_then_no_space(int file, const void* bytes, size_t size) {
  if (size <= 4) return no_space(0);
  return ::write(file, bytes, size / 2);
}
int no_permission(const char*, const char*) {
  errno = EACCES;
  return -1;
}
ssize_t one_byte(int file, const void* bytes, size_t) { return ::write(file, bytes, 1); }

constexpr internal::FileCalls kReal = {.write = ::write, .fsync = ::fsync, .rename = std::rename};

}  // namespace

TEST(ReadFile, GivesBackWhatWriteFileWrote) {
  const TemporaryFolder folder;
  const std::string     bytes("a\0b\n\xff", 5);
  write_file(folder / "x", bytes);
  EXPECT_EQ(read_file(folder / "x"), bytes);
  write_file(folder / "x", "");
  EXPECT_EQ(read_file(folder / "x"), "");
  EXPECT_EQ(folder.names(), Names{"x"});
}

TEST(ReadFile, NamesWhatIsWrong) {
  const TemporaryFolder folder;
  const std::string     missing = folder / "missing.npy";
  EXPECT_EQ(message_of([&] { read_file(missing); }),
            missing + ": there is no such file\n  check the name and the folder");
  EXPECT_SAYS(message_of([&] { read_file(folder.path()); }), "is a folder, not a file");
  write_file(folder / "x", "12345");
  EXPECT_SAYS(message_of([&] { read_file(folder / "x", 4); }), "is larger than the 4 bytes accepted here");
  EXPECT_EQ(read_file(folder / "x", 5), "12345");
  EXPECT_SAYS(message_of([&] { read_file(folder / "x/y"); }), "Not a directory");
}

TEST(ReadFile, StopsAtTheLimitWhereTheSizeIsUnknown) {
  EXPECT_SAYS(message_of([] { read_file("/dev/zero", 100'000); }), "is larger than the 100000 bytes");
}

TEST(WriteFile, ReplacesTheFileAndKeepsItsPermissions) {
  const TemporaryFolder folder;
  const std::string     path = folder / "x";
  write_file(path, "old");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  write_file(path, "new");
  EXPECT_EQ(read_file(path), "new");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(WriteFile, FollowsALink) {
  const TemporaryFolder folder;
  write_file(folder / "target", "old");
  fs::create_symlink("target", folder / "link");
  write_file(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_file(folder / "target"), "new");
}

TEST(WriteFile, GoesOnWhenTheSystemTakesLittleAtATime) {
  const TemporaryFolder folder;
  internal::write_file(folder / "x", "in pieces", {.write = one_byte, .fsync = ::fsync, .rename = std::rename});
  EXPECT_EQ(read_file(folder / "x"), "in pieces");
}

TEST(WriteFile, LeavesTheOldFileWholeWhateverFails) {
  const TemporaryFolder folder;
  const std::string     path = folder / "x", old = "the old file", text(100, 'n');
  write_file(path, old);
  const auto says = [&](internal::FileCalls calls) {
    return message_of([&] { internal::write_file(path, text, calls); });
  };
  auto calls  = kReal;
  calls.write = half_then_no_space;
  EXPECT_EQ(says(calls), path +
                             ": cannot write: No space left on device\n"
                             "  free some space or choose another folder; the file that was there is unchanged");
  calls       = kReal;
  calls.fsync = no_space;
  EXPECT_SAYS(says(calls), path + ": cannot bring it to the disk: No space left on device");
  calls        = kReal;
  calls.rename = no_permission;
  EXPECT_SAYS(says(calls), path + ": cannot put it in place: Permission denied\n  choose a folder you may write to");
  EXPECT_EQ(read_file(path), old);
  EXPECT_EQ(folder.names(), Names{"x"});  // no temporary file stays
}

TEST(WriteFile, LeavesNothingWhenANewFileGrowsBeyondTheLimitOfTheProcess) {
  const TemporaryFolder folder;
  rlimit                before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto   handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 1000, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string said = message_of([&] { write_file(folder / "x", std::string(5000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_SAYS(said, "x: cannot write: File too large\n  free some space or choose another folder");
  EXPECT_EQ(folder.names(), Names{});
}

TEST(WriteFile, NamesAFolderThatIsMissingOrInTheWay) {
  const TemporaryFolder folder;
  const std::string     path = folder / "none/x";
  EXPECT_EQ(message_of([&] { write_file(path, "x"); }),
            path + ": cannot write: No such file or directory\n  make the folder first");
  EXPECT_SAYS(message_of([&] { write_file(folder.path(), "x"); }), "is a folder, not a file");
  EXPECT_SAYS(message_of([&] { write_file("", "x"); }), "a file name is missing");
}

TEST(WriteFile, WritesStraightToADevice) {
  write_file("/dev/null", "gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full here";
  EXPECT_EQ(message_of([] { write_file("/dev/full", "x"); }), "/dev/full: cannot write: No space left on device");
}

TEST(WriteFile, TakesTheLongestNames) {
  const TemporaryFolder folder;
  write_file(folder / std::string(255, 'n'), "x");
  EXPECT_EQ(folder.names(), Names{std::string(255, 'n')});
}

TEST(AppendLine, AddsLines) {
  const TemporaryFolder folder;
  append_line(folder / "log", "one");
  append_line(folder / "log", "two");
  EXPECT_EQ(read_file(folder / "log"), "one\ntwo\n");
  EXPECT_SAYS(message_of([&] { append_line(folder / "none/log", "x"); }), "make the folder first");
  EXPECT_THROW(append_line(folder / "log", "two\nlines"), std::logic_error);
}

}  // namespace dynode
