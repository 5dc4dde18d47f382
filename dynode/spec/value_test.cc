// Values: made in code, asked for, placed.
#include "dynode/spec/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace dynode {
namespace {

template <class F>
std::string message(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Value, IsMadeFromPlainThings) {
  const Value value = Value::map({{"dim", 3},
                                  {"name", "a"},
                                  {"taus", std::vector<double>{4, 20}},
                                  {"flags", Value::list_of({true, nullptr == nullptr, Value()})},
                                  {"inner", Value::map({{"x", 0.5}})}});
  EXPECT_EQ(value.at("dim").integer(), 3);
  EXPECT_EQ(value.at("name").text(), "a");
  EXPECT_EQ(value.at("taus").list()[1].number(), 20);
  EXPECT_TRUE(value.at("flags").list()[0].boolean());
  EXPECT_TRUE(value.at("flags").list()[2].is_null());
  EXPECT_EQ(value.at("inner").at("x").number(), 0.5);
  EXPECT_EQ(value.find("other"), nullptr);
  EXPECT_EQ(value.size(), 5u);
  EXPECT_EQ(value.entries()[1].key, "name");
}

TEST(Value, KeepsWholeNumbersExact) {
  EXPECT_EQ(Value(std::numeric_limits<int64_t>::min()).integer(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(Value(std::numeric_limits<uint64_t>::max()).unsigned_integer(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(Value(9007199254740993).integer(), 9007199254740993);   // 2^53 + 1
  EXPECT_EQ(Value(1e6).integer(), 1000000);
  EXPECT_FALSE(Value(2.0).is_integer());
  EXPECT_TRUE(Value(2).is_integer());
  EXPECT_EQ(message([] { Value(std::numeric_limits<uint64_t>::max()).integer(); }),
            "expected a whole number of at most 63 bits, got the number 18446744073709551615");
  EXPECT_EQ(message([] { Value(1e300).integer(); }),
            "expected a whole number of at most 63 bits, got the number 1.0e+300");
  EXPECT_EQ(message([] { Value(std::nan("")).integer(); }), "expected a whole number, got the number .nan");
  EXPECT_EQ(message([] { Value(-1).unsigned_integer(); }), "must be >= 0, got -1");
}

TEST(Value, TakesTextsOfInfinityForNumbers) {
  EXPECT_EQ(Value(".inf").number(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(Value("-.inf").number(), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(Value(".nan").number()));
  EXPECT_EQ(message([] { Value("1.5").number(); }), "expected a number, got the text '1.5'\n  remove the quotes");
}

TEST(Value, SaysWhatItGotInstead) {
  EXPECT_EQ(message([] { Value().number(); }), "expected a number, got nothing");
  EXPECT_EQ(message([] { Value(true).text(); }), "expected text, got true\n  put it in quotes");
  EXPECT_EQ(message([] { Value(3).boolean(); }), "expected true or false, got the number 3");
  EXPECT_EQ(message([] { Value("off").boolean(); }),
            "expected true or false, got the text 'off'\n  write false, without quotes");
  EXPECT_EQ(message([] { Value::map().list(); }), "expected a list, got a mapping");
  EXPECT_EQ(message([] { Value::list_of().entries(); }), "expected a mapping, got a list");
  EXPECT_EQ(message([] { Value(std::string(70, 'x') + "\n").list(); }),
            "expected a list, got the text '" + std::string(60, 'x') + "…'");
  EXPECT_EQ(message([] { Value::map({{"a", 1}}).at("b"); }), "missing key 'b'");
}

TEST(Value, Changes) {
  Value value;
  value.set("a", 1).set("b", 2).set("a", 3);
  EXPECT_EQ(value, Value::map({{"a", 3}, {"b", 2}}));
  value.rename("a", "c");
  EXPECT_EQ(value.entries()[0].key, "c");
  EXPECT_TRUE(value.erase("c"));
  EXPECT_FALSE(value.erase("c"));
  EXPECT_EQ(value.size(), 1u);
  Value list;
  list.push_back(1).push_back("x");
  EXPECT_EQ(list, Value::list_of({1, "x"}));
  EXPECT_EQ(message([&] { value.push_back(1); }), "expected a list, got a mapping");
}

TEST(Value, ComparesContentsOnly) {
  EXPECT_EQ(Value(1), Value(1.0));
  EXPECT_EQ(Value(std::nan("")), Value(std::nan("")));
  EXPECT_EQ(Value::map({{"a", 1}, {"b", 2}}), Value::map({{"b", 2}, {"a", 1}}));
  EXPECT_FALSE(Value::map({{"a", 1}}) == Value::map({{"b", 1}}));
  EXPECT_FALSE(Value(1) == Value("1"));
  EXPECT_FALSE(Value(-1) == Value(1));
  EXPECT_FALSE(Value(9007199254740993) == Value(9007199254740992));
}

TEST(Value, KnowsItsPath) {
  Value value = Value::map({{"layers", Value::list_of({1, Value::map({{"params", Value::map({{"tau", "x"}})}})})}});
  EXPECT_FALSE(value.is_placed());
  value.place("net.yaml", "spec");
  EXPECT_TRUE(value.is_placed());
  const Value& layers = value.at("layers");
  EXPECT_EQ(layers.list()[0].at().text(), "net.yaml spec.layers[0]");
  EXPECT_EQ(layers.list()[1].at("params").at("tau").at().text(), "net.yaml spec.layers[1].params.tau");

  // what comes later is placed below
  value.set("seed", "x");
  EXPECT_EQ(message([&] { value.at("seed").number(); }), "net.yaml spec.seed: expected a number, got the text 'x'");
  Value* list = value.find("layers");
  list->push_back(Value::list_of({1, 2}));
  EXPECT_EQ(list->list()[2].list()[1].at().path, "spec.layers[2][1]");
  list->items()[0].replace({});
  list->items()[0].set("deep", Value::list_of({5}));
  EXPECT_EQ(list->list()[0].at("deep").list()[0].at().path, "spec.layers[0].deep[0]");
}

TEST(Value, KeepsItsPlaceInCopies) {
  Value value = Value::map({{"a", Value::list_of({7})}});
  value.place("x.yaml");
  const Value copy = value.at("a").list()[0];
  EXPECT_EQ(copy.at().text(), "x.yaml a[0]");
  Value other = Value::map();
  other.place("y.yaml");
  other.set("b", copy);
  EXPECT_EQ(other.at("b").at().text(), "x.yaml a[0]");
}

}  // namespace
}  // namespace dynode
