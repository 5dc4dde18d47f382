#include "dynode/learn/run_directory.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/error.h"
#include "dynode/io/file.h"
#include "dynode/spec/json.h"

namespace dynode {
namespace fs = std::filesystem;
namespace {

/// Makes the folder. @return false if it is there already
bool make_folder(const fs::path& path) {
  std::error_code error;
  const bool      made = fs::create_directory(path, error);
  if (error && !fs::is_directory(path))
    throw IoError(path.string(), "cannot make the folder: " + error.message(),
                  "give logging.project_dir a folder you may write to");
  return made;
}

void make_parents(const fs::path& path) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error)
    throw IoError(path.parent_path().string(), "cannot make the folder: " + error.message(),
                  "give logging.project_dir a folder you may write to");
}

std::string folder_name(const std::string& name, const char* key) {
  const bool fits = !name.empty() && name.size() <= 200 && name != "." && name != ".." &&
                    name.find_first_of(std::string_view("/\\\0", 3)) == name.npos;
  if (!fits)
    throw SpecError({{}, 0, 0, key}, fmt::format("'{}' cannot be the name of a folder", name),
                    "use letters, digits, - and _");
  return name;
}

}  // namespace

RunDirectory RunDirectory::create(const std::string& path) {
  make_parents(path);
  if (!make_folder(path) && !fs::is_empty(path))
    throw IoError(path, "has files in it already", "continue it with `dynode resume`, or choose another folder");
  make_folder(fs::path(path) / "checkpoints");
  return RunDirectory(path);
}

RunDirectory RunDirectory::create_next(const std::string& path) {
  make_parents(path);
  std::string free = path;
  for (int n = 2; !make_folder(free); ++n) free = fmt::format("{}-{}", path, n);
  make_folder(fs::path(free) / "checkpoints");
  return RunDirectory(free);
}

RunDirectory RunDirectory::open(const std::string& path) {
  if (!fs::is_directory(path)) throw IoError(path, "there is no such run directory", "check the name");
  if (!fs::exists(fs::path(path) / "config.yaml"))
    throw IoError(path, "is no run directory: it has no config.yaml", "name the folder that `dynode train` made");
  RunDirectory run(path);
  if (run.has("metrics.jsonl"))
    for (const char c : read_file(run.file("metrics.jsonl"))) run.metrics_lines_ += c == '\n';
  return run;
}

std::string RunDirectory::file(const std::string& name) const { return (fs::path(path_) / name).string(); }
std::string RunDirectory::checkpoint(const std::string& name) const { return file("checkpoints/" + name + ".dynode"); }
bool        RunDirectory::has(const std::string& name) const { return fs::exists(fs::path(path_) / name); }

void RunDirectory::write(const std::string& name, std::string_view bytes) const { write_file(file(name), bytes); }

void RunDirectory::remove_checkpoint(const std::string& name) const {
  std::error_code none;
  fs::remove(checkpoint(name), none);
}

void RunDirectory::add_metrics(const Value& line) {
  append_line(file("metrics.jsonl"), to_json(line));
  ++metrics_lines_;
}

bool RunDirectory::cut_metrics(int64_t lines) {
  const std::string text  = has("metrics.jsonl") ? read_file(file("metrics.jsonl")) : std::string();
  size_t            end   = 0;
  int64_t           found = 0;
  for (; found < lines; ++found) {
    const size_t next = text.find('\n', end);
    if (next == text.npos) break;
    end = next + 1;
  }
  if (end < text.size()) write("metrics.jsonl", std::string_view(text).substr(0, end));
  metrics_lines_ = found;
  return found == lines;
}

double RunDirectory::last_seconds() const {
  if (!has("metrics.jsonl")) return 0;
  const std::string text = read_file(file("metrics.jsonl"));
  const size_t      end  = text.rfind('\n');
  if (end == text.npos || end == 0) return 0;
  const size_t begin   = text.rfind('\n', end - 1);
  const Value  line    = parse_json(std::string_view(text).substr(begin + 1, end - begin - 1), file("metrics.jsonl"));
  const Value* seconds = line.find("seconds");
  return seconds ? seconds->number() : 0;
}

void RunDirectory::log(const std::string& line) const {
  for (size_t begin = 0; begin <= line.size();) {
    const size_t end = std::min(line.find('\n', begin), line.size());
    append_line(file("log.txt"), std::string_view(line).substr(begin, end - begin));
    begin = end + 1;
  }
}

std::string run_path(const TrainConfig& config) {
  const LoggingConfig& logging = config.logging;
  fs::path             path    = logging.project_dir.empty() ? "." : logging.project_dir;
  if (!logging.project_name.empty()) path /= "project_" + folder_name(logging.project_name, "logging.project_name");
  if (!logging.experiment_name.empty())
    path /= "experiment_" + folder_name(logging.experiment_name, "logging.experiment_name");
  if (!logging.group_name.empty()) path /= "group_" + folder_name(logging.group_name, "logging.group_name");
  return (path / folder_name(config.name, "name")).string();
}

std::string epoch_name(int64_t epoch) { return fmt::format("epoch_{:04}", epoch); }

}  // namespace dynode
