// Progress of something that may take longer than a second: one line that is rewritten on a terminal, a plain line
// every few seconds elsewhere. Written to stderr, so that results on stdout stay clean.
#pragma once
#include <chrono>
#include <string>

namespace dynode::cli {

class Meter {
 public:
  /// @param what  e.g. "rate table"     @param total  units of work
  Meter(std::string what, size_t total);
  ~Meter();  // clears the line

  /// `done` units are finished. Cheap; call it as often as you like, from one thread at a time.
  void at(size_t done);

  double seconds() const;  // since the beginning

 private:
  using Clock = std::chrono::steady_clock;
  std::string       what_;
  size_t            total_;
  bool              terminal_, shown_ = false;
  Clock::time_point start_, last_;
};

}  // namespace dynode::cli
