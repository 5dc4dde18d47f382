// Progress as text. The terminal line is cut to the width of the window, so that rewriting it never scrolls.
#include "dynode/learn/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dynode/base/display.h"

namespace dynode {
namespace {

constexpr double kTerminalSeconds = 0.2;
constexpr size_t kBarCells        = 20;
constexpr size_t kUsualColumns    = 100;

std::string numbers_text(const std::vector<NamedNumber>& numbers, const char* between) {
  std::string text;
  for (const NamedNumber& number : numbers) text += (text.empty() ? "" : between) + number.text();
  return text;
}

double share_done(const ProgressState& state) {
  return double(state.update) / double(std::max<int64_t>(state.updates, 1));
}

std::string bar(const ProgressState& state) {
  const auto  full = size_t(std::clamp(share_done(state), 0.0, 1.0) * double(kBarCells) + 0.5);
  std::string text = " ";
  for (size_t i = 0; i < kBarCells; ++i) text += i < full ? "━" : "─";
  return text;
}

/// The first `columns` characters.
std::string cut(const std::string& text, size_t columns) {
  size_t end = 0, seen = 0;
  while (end < text.size()) {
    size_t next = end + 1;
    while (next < text.size() && (uint8_t(text[next]) & 0xC0) == 0x80) ++next;
    if (++seen > columns) break;
    end = next;
  }
  return text.substr(0, end);
}

std::string rate_text(double samples_per_second) {
  return grouped(std::isfinite(samples_per_second) ? std::llround(samples_per_second) : 0) + " samples/s";
}

std::string state_text(const ProgressState& state, const std::string& bar = {}) {
  return fmt::format("epoch {}/{}{} {:3.0f} %   {}   ETA {}   {}", state.epoch, state.epochs, bar,
                     100 * share_done(state), rate_text(state.samples_per_second),
                     duration_text(std::max(state.seconds_left, 0.0)), numbers_text(state.numbers, "   "));
}

class StreamProgress final : public Progress {
 public:
  StreamProgress(std::FILE* to, bool terminal, size_t columns, double seconds_between)
      : to_(to), terminal_(terminal), columns_(columns), between_(terminal ? kTerminalSeconds : seconds_between) {}
  ~StreamProgress() override { clear(); }

  void begin(const std::string& title) override { say(title); }

  void update(const ProgressState& state) override {
    const auto now  = Clock::now();
    const bool last = terminal_ && state.update >= state.updates;  // on paper an epoch has a line of its own
    if (now - shown_ < std::chrono::duration<double>(between_) && !last) return;
    shown_ = now;
    if (!terminal_) return say(state_text(state));
    fmt::print(to_, "\r{}\x1b[K", cut(state_text(state, bar(state)), columns_ - 1));
    std::fflush(to_);
    line_open_ = true;
  }

  void epoch(const EpochSummary& summary) override {
    say(summary_text(summary));
    shown_ = Clock::now();
  }

  void say(const std::string& line) override {
    clear();
    fmt::print(to_, "{}\n", line);
    std::fflush(to_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  void clear() {
    if (!line_open_) return;
    std::fputs("\r\x1b[K", to_);
    std::fflush(to_);
    line_open_ = false;
  }

  std::FILE*        to_;
  bool              terminal_, line_open_ = false;
  size_t            columns_;
  double            between_;
  Clock::time_point shown_ = Clock::now();
};

}  // namespace

std::string NamedNumber::text() const {
  return percent ? fmt::format("{} {:.1f} %", name, 100 * value) : fmt::format("{} {:.4g}", name, value);
}

std::string summary_text(const EpochSummary& summary) {
  std::string text =
      fmt::format("epoch {}/{}   {}   {}   train {}", summary.epoch, summary.epochs, duration_text(summary.seconds),
                  rate_text(summary.samples_per_second), numbers_text(summary.train, " "));
  if (!summary.validation.empty()) text += "   validation " + numbers_text(summary.validation, " ");
  return summary.best ? text + "   best" : text;
}

std::unique_ptr<Progress> show_progress(std::FILE* to, double seconds_between) {
  const int    file = ::fileno(to);
  winsize      size{};
  const bool   terminal = file >= 0 && ::isatty(file);
  const size_t columns =
      terminal && ::ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : kUsualColumns;
  return show_progress(to, terminal, columns, seconds_between);
}

std::unique_ptr<Progress> show_progress(std::FILE* to, bool terminal, size_t columns, double seconds_between) {
  return std::make_unique<StreamProgress>(to, terminal, columns, seconds_between);
}

}  // namespace dynode
