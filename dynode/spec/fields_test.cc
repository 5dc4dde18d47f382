// Fields: one list of members serves reading, writing and help.
#include "dynode/spec/fields.h"

#include <gtest/gtest.h>

#include "dynode/spec/yaml.h"

namespace dynode {

enum class Colour { red, blue };
template <>
struct EnumNames<Colour> {
  static constexpr std::array names{std::pair{Colour::red, "red"}, std::pair{Colour::blue, "Blue"}};
};

namespace {

struct Inner {
  double scale = 1.5;
  bool   live  = true;
  static constexpr auto fields = field_list(field("scale", &Inner::scale, "a factor", within(0, 2)),
                                            field("live", &Inner::live, "a switch"));
};

struct Outer {
  std::string                   name;
  int                           count = 3;
  uint64_t                      seed  = 0;
  float                         share = 0.25f;
  Colour                        colour = Colour::red;
  std::optional<double>         limit;
  std::vector<int>              sizes = {1, 2};
  std::map<std::string, double> weights;
  Inner                         inner;
  std::vector<Inner>            more;
  Value                         raw;
  static constexpr auto fields = field_list(
      field("name", &Outer::name, "how it is called", required),
      field("count", &Outer::count, "how many", at_least(1)),
      field("seed", &Outer::seed, "of randomness"),
      field("share", &Outer::share, "of the whole", positive | within(-1, 1)),
      field("colour", &Outer::colour, "of the thing"),
      field("limit", &Outer::limit, "none: unlimited", non_negative),
      field("sizes", &Outer::sizes, "of parts", positive),
      field("weights", &Outer::weights, "by name"),
      field("inner", &Outer::inner, "nested"),
      field("more", &Outer::more, "nested, several"),
      field("raw", &Outer::raw, "anything"));
};

template <class F>
std::string message(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string failure(const std::string& text) {
  return message([&] { read<Outer>(parse_yaml(text, "f.yaml")); });
}

TEST(Fields, ReadEveryType) {
  const Outer outer =
      read<Outer>(parse_yaml("{name: x, count: 5, seed: 18446744073709551615, share: 0.5, colour: BLUE, limit: 2, "
                             "sizes: [7], weights: {a: 1},\n"
                             " inner: {scale: 0.5}, more: [{live: false}, {}], raw: [1, {a: b}]}"));
  EXPECT_EQ(outer.name, "x");
  EXPECT_EQ(outer.count, 5);
  EXPECT_EQ(outer.seed, 18446744073709551615u);
  EXPECT_EQ(outer.share, 0.5f);
  EXPECT_EQ(outer.colour, Colour::blue);
  EXPECT_EQ(outer.limit, 2.0);
  EXPECT_EQ(outer.sizes, std::vector<int>{7});
  EXPECT_EQ(outer.weights.at("a"), 1);
  EXPECT_EQ(outer.inner.scale, 0.5);
  EXPECT_TRUE(outer.inner.live);
  ASSERT_EQ(outer.more.size(), 2u);
  EXPECT_FALSE(outer.more[0].live);
  EXPECT_EQ(outer.raw.list()[1].at("a").text(), "b");
}

TEST(Fields, KeepDefaultsAndTakeNullForNothing) {
  const Outer outer = read<Outer>(parse_yaml("{name: x, limit: null, inner: }"));
  EXPECT_EQ(outer.count, 3);
  EXPECT_FALSE(outer.limit);
  EXPECT_EQ(outer.inner.scale, 1.5);
}

TEST(Fields, WriteWhatTheyRead) {
  Outer outer;
  outer.name = "x", outer.colour = Colour::blue, outer.limit = 0.1, outer.inner.scale = 0.5, outer.more.resize(1);
  outer.weights["w"] = 2, outer.raw = Value::map({{"k", 1}});
  EXPECT_EQ(to_yaml_line(write(outer)),
            "{name: x, count: 3, seed: 0, share: 0.25, colour: Blue, limit: 0.1, sizes: [1, 2], weights: {w: 2}, "
            "inner: {scale: 0.5, live: true}, more: [{scale: 1.5, live: true}], raw: {k: 1}}");
  EXPECT_EQ(to_yaml_line(write(outer, Defaults::skip)),
            "{name: x, colour: Blue, limit: 0.1, weights: {w: 2}, inner: {scale: 0.5}, more: [{}], raw: {k: 1}}");
  EXPECT_EQ(write(read<Outer>(write(outer))), write(outer));
  EXPECT_EQ(write(read<Outer>(write(outer, Defaults::skip))), write(outer));
}

TEST(Fields, DescribeThemselves) {
  const auto rows = describe<Outer>();
  ASSERT_EQ(rows.size(), 12u);
  EXPECT_EQ(rows[0], (FieldRow{"name", "text", "required", "how it is called"}));
  EXPECT_EQ(rows[1], (FieldRow{"count", "integer >= 1", "3", "how many"}));
  EXPECT_EQ(rows[3], (FieldRow{"share", "number within 0 … 1, without the lower end", "0.25", "of the whole"}));
  EXPECT_EQ(rows[4], (FieldRow{"colour", "red|Blue", "red", "of the thing"}));
  EXPECT_EQ(rows[5], (FieldRow{"limit", "number >= 0", "", "none: unlimited"}));
  EXPECT_EQ(rows[6], (FieldRow{"sizes", "list of integer > 0", "[1, 2]", "of parts"}));
  EXPECT_EQ(rows[7], (FieldRow{"weights", "mapping to number", "{}", "by name"}));
  EXPECT_EQ(rows[8], (FieldRow{"inner.scale", "number within 0 … 2", "1.5", "a factor"}));
  EXPECT_EQ(rows[9], (FieldRow{"inner.live", "true|false", "true", "a switch"}));
}

TEST(Fields, NameTheFault) {
  EXPECT_EQ(failure("{count: 1}"), "f.yaml:1:1: missing key 'name'");
  EXPECT_EQ(failure(""), "f.yaml:1:1: missing key 'name'");
  EXPECT_EQ(failure("[]"), "f.yaml:1:1: expected a mapping, got a list");
  EXPECT_EQ(
      failure("{name: x, coutn: 1}"),
      "f.yaml:1:11 coutn: unknown key 'coutn'\n  did you mean 'count'?  it has: name, count, seed, share, colour, "
      "limit, sizes, weights, inner, more, raw");
  EXPECT_EQ(failure("{name: x, count: 0}"), "f.yaml:1:18 count: must be >= 1, got 0");
  EXPECT_EQ(failure("{name: x, count: 1e10}"),
            "f.yaml:1:18 count: must be within -2147483648 … 2147483647, got 10000000000");
  EXPECT_EQ(failure("{name: x, count: null}"), "f.yaml:1:18 count: expected a whole number, got nothing");
  EXPECT_EQ(failure("{name: x, share: 0}"),
            "f.yaml:1:18 share: must be within 0 … 1, without the lower end, got 0");
  EXPECT_EQ(failure("{name: x, limit: .nan}"), "f.yaml:1:18 limit: must be >= 0, got .nan");
  EXPECT_EQ(failure("{name: x, sizes: [1, -2]}"), "f.yaml:1:22 sizes[1]: must be > 0, got -2");
  EXPECT_EQ(failure("{name: x, sizes: 1}"), "f.yaml:1:18 sizes: expected a list, got the number 1");
  EXPECT_EQ(failure("{name: x, colour: bleu}"),
            "f.yaml:1:19 colour: unknown word 'bleu'\n  did you mean 'Blue'?  it can be: red, Blue");
  EXPECT_EQ(failure("{name: x, colour: 3}"), "f.yaml:1:19 colour: expected one of red, Blue, got the number 3");
  EXPECT_EQ(failure("{name: x, more: [{}, {scale: 3}]}"), "f.yaml:1:30 more[1].scale: must be within 0 … 2, got 3");
  EXPECT_EQ(failure("{name: x, weights: {a: b}}"), "f.yaml:1:24 weights.a: expected a number, got the text 'b'");
  EXPECT_EQ(message([] { read<Outer>(Value::map({{"name", "x"}, {"inner", Value::map({{"live", 1}})}})); }),
            "inner.live: expected true or false, got the number 1");
}

}  // namespace
}  // namespace dynode
