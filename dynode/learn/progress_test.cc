// Progress: what lines look like, how often they come, and that a terminal's line never wraps.
#include "dynode/learn/progress.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "dynode/base/display.h"
#include "dynode/io/io_test.h"

namespace dynode {
namespace {

/// What `show` writes into a stream.
template <class Show>
std::string shown(bool terminal, size_t columns, double seconds, Show show) {
  std::FILE* file = std::tmpfile();
  {
    const auto progress = show_progress(file, terminal, columns, seconds);
    show(*progress);
  }
  std::string text(size_t(std::ftell(file)), '\0');
  std::rewind(file);
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
  std::fclose(file);
  return text;
}

ProgressState half_way() {
  return {.epoch              = 2,
          .epochs             = 4,
          .update             = 50,
          .updates            = 100,
          .samples_per_second = 12400,
          .seconds_left       = 42,
          .numbers            = {{"loss", 0.513, false}, {"accuracy", 0.812, true}}};
}

TEST(Progress, NumbersHaveNamesAndUnits) {
  EXPECT_EQ((NamedNumber{"accuracy", 0.8634, true}.text()), "accuracy 86.3 %");
  EXPECT_EQ((NamedNumber{"loss", 0.51342, false}.text()), "loss 0.5134");
}

TEST(Progress, EpochsAreSummedUpInOneLine) {
  const EpochSummary epoch{.epoch              = 2,
                           .epochs             = 4,
                           .seconds            = 9.8,
                           .samples_per_second = 5510,
                           .train              = {{"loss", 0.51, false}},
                           .validation         = {{"loss", 0.48, false}},
                           .best               = true};
  EXPECT_EQ(summary_text(epoch), "epoch 2/4   9.8 s   5,510 samples/s   train loss 0.51   validation loss 0.48   best");
}

TEST(Progress, PlainLinesComeSeldom) {
  const std::string text = shown(false, 80, 1000, [](Progress& p) {
    p.begin("net");
    for (int i = 0; i < 50; ++i) p.update(half_way());
    p.epoch({.epoch              = 1,
             .epochs             = 4,
             .seconds            = 1,
             .samples_per_second = 10,
             .train              = {{"loss", 1, false}},
             .validation         = {}});
  });
  EXPECT_EQ(text, "net\nepoch 1/4   1 s   10 samples/s   train loss 1\n");
}

TEST(Progress, PlainLinesSayRateTimeLossAndAccuracy) {
  const std::string text = shown(false, 80, 0, [](Progress& p) { p.update(half_way()); });
  EXPECT_SAYS(text, "epoch 2/4");
  EXPECT_SAYS(text, "50 %");
  EXPECT_SAYS(text, "12,400 samples/s   ETA 42 s   loss 0.513   accuracy 81.2 %\n");
}

TEST(Progress, TerminalsRewriteALineThatFits) {
  ProgressState last     = half_way();
  last.update            = last.updates;
  const std::string text = shown(true, 40, 0, [&](Progress& p) {
    p.update(last);
    p.update(last);
  });
  EXPECT_EQ(std::ranges::count(text, '\n'), 0);
  EXPECT_EQ(std::ranges::count(text, '\r'), 3);  // twice written, once cleared at the end
  EXPECT_SAYS(text, "━━");
  const std::string line = text.substr(1, text.find("\x1b[K") - 1);
  EXPECT_EQ(display_width(line), 39u);
}

}  // namespace
}  // namespace dynode
