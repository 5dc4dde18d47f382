// Progress: what a person sees while a network learns.
//
//   terminal   epoch 2/4 ━━━━━━━━━━━━━───────  64 %   12,400 samples/s   ETA 42 s   loss 0.513   accuracy 81.2 %
//              one line that is rewritten; a line that stays per epoch
//   otherwise  the same in plain lines, one every two seconds and one per epoch
#pragma once
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace dynode {

/// A number with its name, as people want to see it.
struct NamedNumber {
  std::string name;
  double      value   = 0;
  bool        percent = false;

  /// "accuracy 81.2 %", "loss 0.5134"
  std::string text() const;
};

/// Where training stands within an epoch.
struct ProgressState {
  int                      epoch = 1, epochs = 1;
  int64_t                  update = 0, updates = 1;  // of this epoch
  double                   samples_per_second = 0;
  double                   seconds_left       = 0;  // of the whole run
  std::vector<NamedNumber> numbers;                 // of this epoch so far
};

/// What an epoch ended with.
struct EpochSummary {
  int                      epoch = 1, epochs = 1;
  double                   seconds            = 0;  // of this epoch
  double                   samples_per_second = 0;
  std::vector<NamedNumber> train, validation;
  bool                     best = false;
};

class Progress {
 public:
  virtual ~Progress() = default;
  /// A network starts to learn. @param title  "GRU 128"
  virtual void begin(const std::string& title)    = 0;
  virtual void update(const ProgressState& state) = 0;
  virtual void epoch(const EpochSummary& summary) = 0;
  /// A line for people, e.g. a warning.
  virtual void say(const std::string& line) = 0;
};

/// "epoch 2/4   9.8 s   5,510 samples/s   train loss 0.51 accuracy 81.2 %   validation loss 0.48   best"
std::string summary_text(const EpochSummary& summary);

/// Progress on a stream: rewritten in place if it is a terminal, plain lines otherwise.
/// @param seconds_between  the least time between plain lines; a terminal is refreshed five times a second
std::unique_ptr<Progress> show_progress(std::FILE* to, double seconds_between = 2.0);

/// The same for a stream whose kind is known; `terminal` rewrites its line.
std::unique_ptr<Progress> show_progress(std::FILE* to, bool terminal, size_t columns, double seconds_between);

}  // namespace dynode
