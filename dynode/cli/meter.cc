#include "dynode/cli/meter.h"

#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

#include "dynode/base/display.h"

namespace dynode::cli {

Meter::Meter(std::string what, size_t total)
    : what_(std::move(what)), total_(total), terminal_(::isatty(STDERR_FILENO)), start_(Clock::now()), last_(start_) {}

Meter::~Meter() {
  if (terminal_ && shown_) fmt::print(stderr, "\r\033[K");
}

double Meter::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

void Meter::at(size_t done) {
  const auto   now   = Clock::now();
  const double since = std::chrono::duration<double>(now - last_).count();
  if (since < (terminal_ ? 0.1 : 5.0) || done == 0) return;
  last_              = now;
  const double spent = seconds();
  const double left  = spent / double(done) * double(total_ - done);
  fmt::print(stderr, "{}{}  {:.0f} %  {} left{}", terminal_ ? "\r\033[K" : "", what_,
             100.0 * double(done) / double(total_), duration_text(left), terminal_ ? "" : "\n");
  std::fflush(stderr);
  shown_ = true;
}

}  // namespace dynode::cli
