// YAML: what scalars mean, places, aliases, and that what is written comes back.
#include "dynode/spec/yaml.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace dynode {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Value scalar(const std::string& text) { return parse_yaml("x: " + text + "\n").at("x"); }

TEST(Yaml, ResolvesPlainScalars) {
  for (const char* text : {"", "~", "null", "Null", "NULL", "# comment"}) EXPECT_TRUE(scalar(text).is_null()) << text;
  for (const char* text : {"true", "True", "TRUE"}) EXPECT_TRUE(scalar(text).boolean()) << text;
  for (const char* text : {"false", "False", "FALSE"}) EXPECT_FALSE(scalar(text).boolean()) << text;
  for (const char* text :
       {"yes", "no", "on",    "off",        "y",    "n",    "nan", "inf", "0x10", "1_000", "1e",   "e5",
        ".",   "+",  "1.2.3", "2001-01-01", "1:30", "1e5x", "-.",  "--1", "tRUE", "0o7",   "-.nan"}) {
    EXPECT_EQ(scalar(text), Value(text)) << text;
  }
}

TEST(Yaml, ReadsNumbersInEveryForm) {
  const std::pair<const char*, double> forms[] = {{"1e-3", 1e-3},
                                                  {"1.0e-3", 1e-3},
                                                  {"1E+3", 1000},
                                                  {".5", .5},
                                                  {"5.", 5},
                                                  {"-0.25", -.25},
                                                  {"+7", 7},
                                                  {"007", 7},
                                                  {".inf", kInfinity},
                                                  {"+.inf", kInfinity},
                                                  {"-.inf", -kInfinity},
                                                  {"-.INF", -kInfinity},
                                                  {"0.1", 0.1},
                                                  {"1e308", 1e308},
                                                  {"1e-400", 0},
                                                  {"123456789012345678901234567890", 123456789012345678901234567890.0}};
  for (const auto& [text, number] : forms) {
    ASSERT_TRUE(scalar(text).is_number()) << text;
    EXPECT_EQ(scalar(text).number(), number) << text;
  }
  EXPECT_TRUE(std::isnan(scalar(".nan").number()));
  EXPECT_TRUE(std::isnan(scalar(".NaN").number()));
  EXPECT_TRUE(std::signbit(scalar("-0.0").number()));
  EXPECT_EQ(scalar("18446744073709551615").unsigned_integer(), 18446744073709551615u);
  EXPECT_EQ(scalar("-9223372036854775808").integer(), std::numeric_limits<int64_t>::min());
  EXPECT_TRUE(scalar("12").is_integer());
  EXPECT_FALSE(scalar("12.0").is_integer());
  EXPECT_FALSE(scalar("99999999999999999999").is_integer());
}

TEST(Yaml, TakesQuotedScalarsForTexts) {
  for (const char* text : {"'1'", "\"1\"", "\"true\"", "'null'", "\"\"", "!!str 1", "! 1"})
    EXPECT_TRUE(scalar(text).is_text()) << text;
  EXPECT_EQ(scalar("\"a\\n\\u00e9\"").text(), "a\né");
  EXPECT_EQ(scalar("'it''s'").text(), "it's");
  EXPECT_EQ(scalar("|\n  one\n  two\n").text(), "one\ntwo\n");
  EXPECT_EQ(scalar(">-\n  one\n  two\n").text(), "one two");
}

TEST(Yaml, HonoursTagsThatAgree) {
  EXPECT_TRUE(scalar("!!int 3").is_integer());
  EXPECT_FALSE(scalar("!!float 3").is_integer());
  EXPECT_TRUE(scalar("!!bool true").boolean());
  EXPECT_TRUE(scalar("!!null ~").is_null());
  EXPECT_EQ(scalar("!!seq [1]").size(), 1u);
  EXPECT_EQ(scalar("!!map {a: 1}").size(), 1u);
}

TEST(Yaml, KnowsWhereThingsStand) {
  const Value value = parse_yaml("a: 1\nlayers:\n  - params: {dim: 3}\n    x:\n      - [é, 5]\n", "net.yaml");
  EXPECT_EQ(value.at().text(), "net.yaml:1:1");
  EXPECT_EQ(value.at("a").at().text(), "net.yaml:1:4 a");
  const Value& layer = value.at("layers").list()[0];
  EXPECT_EQ(layer.at().text(), "net.yaml:3:5 layers[0]");
  EXPECT_EQ(layer.at("params").at("dim").at().text(), "net.yaml:3:19 layers[0].params.dim");
  EXPECT_EQ(layer.key_at(layer.entries()[1]).text(), "net.yaml:4:5 layers[0].x");
  EXPECT_EQ(layer.at("x").list()[0].list()[1].at().text(), "net.yaml:5:13 layers[0].x[0][1]");   // in characters
  EXPECT_EQ(parse_yaml("\xEF\xBB\xBF" "a: 1").at("a").integer(), 1);
}

TEST(Yaml, GivesAliasesTheirOwnPath) {
  const Value value = parse_yaml("a: &p {dim: x}\nb: *p\nc: [*p, &q 3, *q]\n", "net.yaml");
  EXPECT_EQ(value.at("b"), value.at("a"));
  EXPECT_EQ(value.at("b").at().text(), "net.yaml:2:4 b");
  EXPECT_EQ(value.at("b").at("dim").at().text(), "net.yaml:1:13 b.dim");
  EXPECT_EQ(value.at("c").list()[0].at("dim").at().text(), "net.yaml:1:13 c[0].dim");
  EXPECT_EQ(value.at("c").list()[2].integer(), 3);
}

TEST(Yaml, AllowsDepthAndAliasesUpToTheLimits) {
  EXPECT_NO_THROW(parse_yaml(std::string(64, '[') + std::string(64, ']')));
  EXPECT_THROW(parse_yaml(std::string(65, '[') + std::string(65, ']')), SpecError);
  std::string stairs = "a: &a " + std::string(40, '[') + std::string(40, ']') + "\nb: ";
  EXPECT_NO_THROW(parse_yaml(stairs + std::string(23, '[') + "*a" + std::string(23, ']')));
  EXPECT_THROW(parse_yaml(stairs + std::string(24, '[') + "*a" + std::string(24, ']')), SpecError);
}

TEST(Yaml, StopsEarlyInsideDeepTexts) {
  EXPECT_THROW(parse_yaml(std::string(1 << 20, '[')), SpecError);
  std::string block;
  for (int i = 0; i < 2000; ++i) block += std::string(size_t(i), ' ') + "a:\n";
  EXPECT_THROW(parse_yaml(block), SpecError);
}

TEST(Yaml, SeparatesDocuments) {
  const auto documents = parse_yaml_documents("a: 1\n---\n- 2\n--- # nothing\n---\nx\n", "d.yaml");
  ASSERT_EQ(documents.size(), 4u);
  EXPECT_EQ(documents[1].list()[0].at().text(), "d.yaml:3:3 [0]");
  EXPECT_TRUE(documents[2].is_null());
  EXPECT_EQ(documents[3].text(), "x");
  EXPECT_TRUE(parse_yaml("# only a comment\n").is_null());
  EXPECT_TRUE(parse_yaml_documents("").empty());
}

TEST(Yaml, FindsKeysOfLargeMappings) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "k" + std::to_string(i) + ": " + std::to_string(i) + "\n";
  EXPECT_EQ(parse_yaml(text).at("k999").integer(), 999);
  EXPECT_THROW(parse_yaml(text + "k500: 1\n"), SpecError);
  EXPECT_THROW(parse_yaml(text + "k3: 1\n"), SpecError);
}

TEST(Yaml, WritesReadably) {
  const Value value =
      Value::map({{"seed", 7},
                  {"simulation", Value::map({{"dt", 37.0}, {"input_type", "state"}})},
                  {"layers", Value::list_of({Value::map({{"layer_id", 0}, {"params", Value::map({{"dim", 2}})}}),
                                             Value::map({{"description", std::string(80, 'a')},
                                                         {"bias_current", 1e-6},
                                                         {"taus", Value::list_of({4, 20.5})}})})},
                  {"words", Value::list_of({"no", "1", "a: b", "", "plain words", "true", Value(), true})}});
  EXPECT_EQ(to_yaml(value),
            "seed: 7\n"
            "simulation: {dt: 37, input_type: state}\n"
            "layers:\n"
            "  - {layer_id: 0, params: {dim: 2}}\n"
            "  - description: " + std::string(80, 'a') + "\n"
            "    bias_current: 1.0e-06\n"
            "    taus: [4, 20.5]\n"
            "words: [\"no\", \"1\", \"a: b\", \"\", plain words, \"true\", null, true]\n");
  EXPECT_EQ(parse_yaml(to_yaml(value)), value);
}

TEST(Yaml, WhatIsWrittenComesBack) {
  Value numbers = Value::list_of();
  for (double x : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 1e-7, 123456789.125, 1e22, kInfinity, -kInfinity,
                   std::nan("")}) {
    numbers.push_back(x);
  }
  for (int i = 0; i < 100; ++i) numbers.push_back(i * 0.37);   // several lines
  Value texts = Value::list_of();
  for (const char* text :
       {"",     " ",   "a b", "a  b", "a ",    "- a",  "? a",      "#",
        "a #b", "*a",  "&a",  "!a",   "|",     "%",    "@",        "`",
        "'",    "\"",  "\\",  "a\nb", "\ttab", "é ü",  "\x01\x7f", "\xC2\x85\xE2\x80\xA8\xEF\xBB\xBF",
        "yes",  "No",  "~",   "null", ".inf",  ".nan", "1e5",      "<<",
        "=",    "[a]", "{a}", "a,b",  "a:",    ":a",   "---",      "...",
        "😀"}) {
    texts.push_back(text);
  }
  texts.push_back(std::string("nul\0inside", 10));
  Value deep = Value::map({{"x", 1}});
  for (int i = 0; i < 30; ++i)
    deep = i % 2 ? Value::map({{"key", deep}}) : Value::list_of({deep, Value::list_of(), Value::map()});
  const Value value = Value::map({{"numbers", numbers},
                                  {"texts", texts},
                                  {"deep", deep},
                                  {std::string(3000, 'k'), 1},
                                  {"<<", 1},
                                  {"1", 2},
                                  {"a b: c", Value::list_of({Value::list_of({1}), 2})},
                                  {"max", std::numeric_limits<uint64_t>::max()},
                                  {"min", std::numeric_limits<int64_t>::min()}});
  EXPECT_EQ(parse_yaml(to_yaml(value)), value);
  EXPECT_EQ(parse_yaml(to_yaml_line(value)), value);
  for (const Value& text : texts.list()) EXPECT_EQ(parse_yaml(to_yaml(text)), text) << text.text();
  const Value zero = parse_yaml(to_yaml(numbers)).list()[4];
  EXPECT_TRUE(std::signbit(zero.number()));
  EXPECT_THROW(to_yaml(Value("caf\xe9")), SpecError);
}

TEST(Yaml, ReadsAMegabyte) {
  std::string text = "layers:\n";
  int64_t     count = 0;
  for (; text.size() < (1 << 20); ++count) {
    text += "  - layer_id: " + std::to_string(count) +
            "\n    params: {dim: 8, gamma: [0.1, 0.2, 0.3, 0.4], name: some_text}\n";
  }
  const Value value = parse_yaml(text);
  ASSERT_EQ(int64_t(value.at("layers").list().size()), count);
  EXPECT_EQ(value.at("layers").list().back().at("layer_id").integer(), count - 1);
}

}  // namespace
}  // namespace dynode
