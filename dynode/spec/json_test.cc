// JSON: places, numbers, and that what is written comes back.
#include "dynode/spec/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace dynode {
namespace {

TEST(Json, KnowsWhereThingsStand) {
  const Value value =
      parse_json("{\"a\": 1,\n \"layers\" : [ {\"dim\":3},\n\t\"é\\\"\", true, null, -1.5e3 ] }", "net.json");
  EXPECT_EQ(value.at().text(), "net.json:1:1");
  EXPECT_EQ(value.at("a").at().text(), "net.json:1:7 a");
  const Value& layers = value.at("layers");
  EXPECT_EQ(layers.at().text(), "net.json:2:13 layers");
  EXPECT_EQ(layers.list()[0].at("dim").at().text(), "net.json:2:22 layers[0].dim");
  EXPECT_EQ(layers.list()[1].at().text(), "net.json:3:2 layers[1]");
  EXPECT_EQ(layers.list()[2].at().text(), "net.json:3:9 layers[2]");   // é counts as one
  EXPECT_EQ(layers.list()[3].at().text(), "net.json:3:15 layers[3]");
  EXPECT_EQ(layers.list()[4].at().text(), "net.json:3:21 layers[4]");
  EXPECT_EQ(value.key_at(value.entries()[1]).text(), "net.json:2:2 layers");
  EXPECT_EQ(layers.list()[1].text(), "é\"");
  EXPECT_EQ(layers.list()[4].number(), -1500);
}

TEST(Json, ReadsNumbersExactly) {
  const Value value = parse_json("[18446744073709551615, -9223372036854775808, 0.1, 1e2, 3]");
  EXPECT_EQ(value.list()[0].unsigned_integer(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(value.list()[1].integer(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(value.list()[2].number(), 0.1);
  EXPECT_FALSE(value.list()[3].is_integer());
  EXPECT_TRUE(value.list()[4].is_integer());
}

TEST(Json, WritesCompactAndPretty) {
  const Value value = Value::map({{"a", Value::list_of({1, 0.5, "x\n", true, Value()})},
                                  {"b", Value::map({{"inf", std::numeric_limits<double>::infinity()}})},
                                  {"c", Value::list_of({Value::list_of({1}), Value::map()})}});
  EXPECT_EQ(to_json(value), R"({"a":[1,0.5,"x\n",true,null],"b":{"inf":".inf"},"c":[[1],{}]})");
  EXPECT_EQ(to_json(value, true),
            "{\n  \"a\": [1, 0.5, \"x\\n\", true, null],\n  \"b\": {\n    \"inf\": \".inf\"\n  },\n"
            "  \"c\": [\n    [1],\n    {}\n  ]\n}\n");
  EXPECT_THROW(to_json(Value("caf\xe9")), SpecError);
}

TEST(Json, WhatIsWrittenComesBack) {
  const Value value = Value::map({{"n", Value::list_of({0.1, 1.0 / 3, 5e-324, -0.0, 1e22, 12, -12})},
                                  {"é \"\\/\b\x01\x7f", "😀\xE2\x80\xA8"},
                                  {"empty", Value::list_of({Value::map(), Value::list_of(), ""})}});
  EXPECT_EQ(parse_json(to_json(value)), value);
  EXPECT_EQ(parse_json(to_json(value, true)), value);
  EXPECT_TRUE(std::signbit(parse_json(to_json(value)).at("n").list()[3].number()));
  const Value infinite = parse_json(to_json(Value::list_of({-std::numeric_limits<double>::infinity(), std::nan("")})));
  EXPECT_EQ(infinite.list()[0].number(), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(infinite.list()[1].number()));
}

TEST(Json, IgnoresAByteOrderMark) { EXPECT_EQ(parse_json("\xEF\xBB\xBF[1]").list()[0].at().text(), "line 1:2 [0]"); }

}  // namespace
}  // namespace dynode
