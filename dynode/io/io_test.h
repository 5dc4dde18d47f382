// Help for the tests of this room: a folder that goes away, and the message of an error.
#pragma once
#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <string>
#include <vector>

#include "dynode/base/error.h"

namespace dynode {

/// An empty folder for one test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "dynode-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code none;
    std::filesystem::remove_all(path_, none);
  }

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }
  /// Names of everything inside, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::filesystem::path path_;
};

/// What E says when `action` throws it; "" if nothing is thrown. Other errors pass through and fail the test.
template <class E = IoError, class Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const E& error) { return error.what(); }
  return {};
}

inline bool says(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace dynode

/// The first text must contain the second.
#define EXPECT_SAYS(text, part) EXPECT_PRED2(::dynode::says, text, part)
