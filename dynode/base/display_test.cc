#include "dynode/base/display.h"

#include <gtest/gtest.h>

namespace dynode {
namespace {

TEST(Display, GroupsDigitsByThree) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(-123456), "-123,456");
}

TEST(Display, NumbersKeepThreeDigitsAndGetAPrefix) {
  EXPECT_EQ(with_prefix(0, "B"), "0 B");
  EXPECT_EQ(with_prefix(3, "B"), "3 B");
  EXPECT_EQ(with_prefix(999, "B"), "999 B");
  EXPECT_EQ(with_prefix(999.6, "B"), "1 kB");
  EXPECT_EQ(with_prefix(42240, "FLOP"), "42.2 kFLOP");
  EXPECT_EQ(with_prefix(1.5e9, "B"), "1.5 GB");
}

TEST(Display, DurationsAreReadLikeClocks) {
  EXPECT_EQ(duration_text(0.00085), "850 µs");
  EXPECT_EQ(duration_text(0.0123), "12.3 ms");
  EXPECT_EQ(duration_text(0.9999), "1 s");
  EXPECT_EQ(duration_text(4.2), "4.2 s");
  EXPECT_EQ(duration_text(200), "3 min 20 s");
  EXPECT_EQ(duration_text(7500), "2 h 05 min");
  EXPECT_EQ(duration_text(-1), "?");
}

TEST(Display, WrapsAtSpacesAndKeepsLongWords) {
  EXPECT_EQ(wrapped("a bb ccc dddd", 6), (std::vector<std::string>{"a bb", "ccc", "dddd"}));
  EXPECT_EQ(wrapped("incomprehensibilities", 5), (std::vector<std::string>{"incomprehensibilities"}));
  EXPECT_EQ(wrapped("φ φ φ", 3), (std::vector<std::string>{"φ φ", "φ"}));
  EXPECT_EQ(wrapped("", 5), (std::vector<std::string>{""}));
}

TEST(Display, TablesAlignColumnsAndWrapTheLast) {
  DisplayTable table({{"id", true}, {"type"}, {"parameters"}});
  table.add({"0", "Linear"});
  table.add({"12", "φ", "gamma_plus 0.001 gamma_minus 0.002"});
  EXPECT_EQ(table.text(2, 40),
            "  id  type    parameters\n"
            "  ──  ──────  ─────────────────\n"
            "   0  Linear\n"
            "  12  φ       gamma_plus 0.001\n"
            "              gamma_minus 0.002\n");
}

TEST(Display, TablesLeaveOutColumnsWithoutCells) {
  DisplayTable table({{"name"}, {"unit"}, {"meaning"}});
  table.add({"tau", "", "time"});
  EXPECT_EQ(table.text(0),
            "name  meaning\n"
            "────  ───────\n"
            "tau   time\n");
}

}  // namespace
}  // namespace dynode
