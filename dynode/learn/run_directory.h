// The run directory: everything a training run leaves behind.
//
//   runs/fashion_dendrites/      a name that exists gets -2, -3, …
//     config.yaml spec.yaml      everything resolved, defaults written out
//     metrics.jsonl              one object a line: epoch, step, split, loss, metrics, lr, grad_norm, grad_norms of the
//                                blocks of parameters; `seconds` last
//     checkpoints/               initial.dynode  last.dynode  best.dynode  epoch_0003.dynode
//     evaluation.npz             confusion matrix and examples of the test set, for the report
//     log.txt                    what happened, for people
//
// Files are replaced in one stroke, lines are appended whole: whatever happens, what lies here can be read.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dynode/learn/config.h"
#include "dynode/spec/value.h"

namespace dynode {

class RunDirectory {
 public:
  /// Makes `path` and its parents; it must not exist, or be empty. @throws IoError
  static RunDirectory create(const std::string& path);
  /// Makes the first of <path>, <path>-2, <path>-3, … that does not exist. @throws IoError
  static RunDirectory create_next(const std::string& path);
  /// One that is there. @throws IoError
  static RunDirectory open(const std::string& path);

  const std::string& path() const { return path_; }
  std::string        file(const std::string& name) const;
  std::string        checkpoint(const std::string& name) const;  // checkpoints/<name>.dynode
  bool               has(const std::string& name) const;

  /// Replaces a file. @throws IoError
  void write(const std::string& name, std::string_view bytes) const;
  /// Removes a checkpoint if it is there.
  void remove_checkpoint(const std::string& name) const;

  /// Adds a line to metrics.jsonl.
  void add_metrics(const Value& line);
  /// Lines of metrics.jsonl so far.
  int64_t metrics_lines() const { return metrics_lines_; }
  /// Cuts metrics.jsonl to its first `lines` lines. @return whether there were that many
  bool cut_metrics(int64_t lines);
  /// `seconds` of the last line of metrics.jsonl, 0 without one.
  double last_seconds() const;

  /// Adds a line to log.txt.
  void log(const std::string& line) const;

 private:
  explicit RunDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
  int64_t     metrics_lines_ = 0;
};

/// Where a run of this training file belongs: project_dir/name, or project_dir/project_P/experiment_E/group_G/name with
/// the folders that are named. @throws SpecError  if a name cannot be a folder
std::string run_path(const TrainConfig& config);

/// "epoch_0003"
std::string epoch_name(int64_t epoch);

}  // namespace dynode
