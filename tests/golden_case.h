// Golden tests: recorded results of the original systems, found at run time, compared case by case.
//
//   <golden>/<system>/<case>/   system = soen, ctrnn, …; other cases than ours may lie there, so rules count, not names
//
// <golden> is $DYNODE_GOLDEN_DIR, else ../shared/golden beside the repository, else tests/golden in it.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include <unistd.h>

#include "dynode/dynode.h"
#include "dynode/io/npz.h"
#include "dynode/spec/yaml.h"

namespace dynode::golden {

namespace fs = std::filesystem;

/// The case asks for something dynode does not have yet.
struct Skip {
  std::string reason;
};

inline fs::path golden_folder() {
  if (const char* dir = std::getenv("DYNODE_GOLDEN_DIR")) return dir;
  const fs::path beside = fs::path(DYNODE_SOURCE_DIR) / ".." / "shared" / "golden";
  return fs::exists(beside) ? beside : fs::path(DYNODE_SOURCE_DIR) / "tests" / "golden";
}

/// Collects the differences of one case.
class Comparison {
 public:
  explicit Comparison(std::string what) : what_(std::move(what)) {}

  /// |a − b| ≤ absolute + relative · max|b|, entry by entry; a mask leaves entries out where it is 0.
  void expect(const std::string& name, const std::vector<double>& got, const std::vector<double>& wanted, double absolute,
              double relative = 0, const std::vector<double>& mask = {}) {
    if (got.size() != wanted.size())
      return fail(fmt::format("{}: {} values instead of {}", name, got.size(), wanted.size()));
    double scale = 0, worst = 0;
    size_t where = 0;
    for (size_t i = 0; i < wanted.size(); ++i)
      if (mask.empty() || mask[i] != 0) scale = std::max(scale, std::abs(wanted[i]));
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (!mask.empty() && mask[i] == 0) continue;
      const double error = std::isfinite(got[i]) ? std::abs(got[i] - wanted[i]) : HUGE_VAL;
      if (error > worst) worst = error, where = i;
    }
    const double bound = absolute + relative * scale;
    if (worst > bound)
      fail(fmt::format("{}: off by {:.3g} at {} (got {}, wanted {}; bound {:.3g})", name, worst, where, got[where], wanted[where], bound));
    ++compared_;
  }
  void expect_equal(const std::string& name, const std::vector<double>& got, const std::vector<double>& wanted) {
    expect(name, got, wanted, 0);
  }
  void fail(const std::string& text) { failures_.push_back(what_.empty() ? text : what_ + " " + text); }

  const std::vector<std::string>& failures() const { return failures_; }
  int compared() const { return compared_; }

 private:
  std::string              what_;
  std::vector<std::string> failures_;
  int                      compared_ = 0;
};

inline const char* name_of(Precision p) { return p == Precision::float64 ? "float64" : "float32"; }

/// Errors that say "dynode does not have this yet" rather than "this is wrong".
inline bool says_unavailable(const std::string& what) {
  for (const char* words : {"not available yet", "there is no layer type", "there is no source function", "there is no solver"})
    if (what.find(words) != std::string::npos) return true;
  return false;
}

struct Count {
  int run = 0, skipped = 0, failed = 0;
};

/// Runs one case in each of `precisions` and counts it.
inline void run_case(const std::string& name, Count& count, const std::function<void(Comparison&, Precision)>& body,
                     const std::vector<Precision>& precisions = {Precision::float64, Precision::float32}) {
  try {
    std::vector<std::string> failures;
    int compared = 0;
    for (Precision p : precisions) {
      Comparison comparison(precisions.size() > 1 ? name_of(p) : "");
      body(comparison, p);
      failures.insert(failures.end(), comparison.failures().begin(), comparison.failures().end());
      compared += comparison.compared();
    }
    if (compared == 0 && failures.empty()) failures.push_back("nothing was compared");
    ++(failures.empty() ? count.run : count.failed);
    for (const auto& f : failures) std::cout << "  FAILED " << name << ": " << f << "\n";
  } catch (const Skip& skip) {
    ++count.skipped;
    std::cout << "  skipped " << name << ": " << skip.reason << "\n";
  } catch (const Error& error) {
    std::string first = error.what();
    first = first.substr(0, first.find('\n'));
    if (says_unavailable(first)) {
      ++count.skipped;
      std::cout << "  skipped " << name << ": " << first.substr(first.find(": ") == std::string::npos ? 0 : first.rfind(": ") + 2) << "\n";
    } else {
      ++count.failed;
      std::cout << "  FAILED " << name << ": " << error.what() << "\n";
    }
  }
}

/// Entries of a system's folder that are not case folders: file or folder → what runs and counts it.
using Collections = std::map<std::string, std::function<void(const fs::path&, Count&)>>;

/// Runs `body` for every case folder of a system, in the order of names, and prints the closing line.
inline Count run_system(const std::string& system, const std::function<void(const fs::path&, Comparison&, Precision)>& body,
                        const Collections& collections = {}) {
  Count count;
  const fs::path folder = golden_folder() / system;
  if (!fs::exists(folder)) {
    std::cout << "golden " << system << ": nothing recorded in " << golden_folder().string() << "\n";
    return count;
  }
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  for (const fs::path& path : entries) {
    const auto collection = collections.find(path.filename().string());
    const std::string name = system + "/" + path.filename().string();
    if (collection == collections.end()) {
      if (fs::is_directory(path)) run_case(name, count, [&](Comparison& c, Precision p) { body(path, c, p); });
      continue;
    }
    try {
      collection->second(path, count);
    } catch (const Error& error) {
      ++count.failed;
      std::cout << "  FAILED " << name << ": " << error.what() << "\n";
    }
  }
  std::cout << fmt::format("golden {}: {} run, {} skipped, {} failed", system, count.run, count.skipped, count.failed) << std::endl;
  return count;
}

}  // namespace dynode::golden
