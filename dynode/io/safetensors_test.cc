#include "dynode/io/safetensors.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/io/file.h"
#include "dynode/io/io_test.h"

namespace dynode {
namespace {

/// A file with this header, not padded.
std::string file_of(const std::string& header, const std::string& buffer) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += char(uint64_t(header.size()) >> 8 * i);
  return bytes + header + buffer;
}

std::string refusal(const std::string& bytes) {
  return message_of([&] { parse_safetensors(bytes, "m.dynode"); });
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape, int first, int last) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[" +
         std::to_string(first) + "," + std::to_string(last) + "]}";
}

std::string refusal_of(const std::string& entries, const std::string& buffer) {
  return refusal(file_of("{" + entries + "}", buffer));
}

}  // namespace

TEST(Safetensors, WrittenFileIsTheExampleOfTheFormat) {
  const TensorFile  file{{}, {{"w", make_tensor({2, 3}, std::vector<float>{0, 1, 2, 3, 4, 5})}}};
  const std::string header =
      R"({"__metadata__":{"dynode.crc32c":"78743a5d","format":"pt"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})";
  const std::string bytes = safetensors_bytes(file);
  EXPECT_EQ(bytes.substr(8, header.size()), header);
  EXPECT_EQ(uint8_t(bytes[0]), (header.size() + 7) / 8 * 8);
  EXPECT_EQ(bytes.size(), 8 + (header.size() + 7) / 8 * 8 + 24);
}

TEST(Safetensors, GivesBackWhatWasSaved) {
  const TemporaryFolder folder;
  TensorFile            file;
  file.metadata = {{"format", "pt"}, {"dynode.model", R"({"layers":[{"id":0,"note":"größe\n"}]})"}};
  file.tensors  = {{"a", make_tensor({2}, std::vector<int64_t>{INT64_MIN, 5})},
                   {"z", make_tensor({1}, std::vector<double>{M_PI})},
                   {"layer1/log_gamma_plus", make_tensor({}, std::vector<float>{-6.9f})},
                   {"none", make_tensor({0, 4}, std::vector<float>{})},
                   {"layer1/polarity", make_tensor({3}, std::vector<int8_t>{1, -1, 0})},
                   {"mask/J_0_to_1", make_tensor({1, 2}, std::vector<uint8_t>{1, 0})}};
  save_safetensors(folder / "m.dynode", file);
  TensorFile again = load_safetensors(folder / "m.dynode");
  EXPECT_EQ(again.metadata.count("dynode.crc32c"), 1u);
  again.metadata.erase("dynode.crc32c");
  EXPECT_EQ(again, file);
  ASSERT_NE(again.find("z"), nullptr);
  EXPECT_EQ(again.find("z")->as_array("z"), (Array{{1}, std::vector<double>{M_PI}}));
  EXPECT_EQ(again.find("layer1/polarity")->as_array("p"), (Array{{3}, std::vector<int64_t>{1, -1, 0}}));
  EXPECT_EQ(again.find("y"), nullptr);
}

TEST(Safetensors, SameContentIsTheSameBytesInAnyOrder) {
  const Tensor wide   = make_tensor({1}, std::vector<double>{1}),
               narrow = make_tensor({3}, std::vector<uint8_t>{1, 2, 3});
  const TensorFile  one{{{"k", "v"}}, {{"a", narrow}, {"b", wide}, {"c", narrow}}};
  const TensorFile  two{{{"k", "v"}}, {{"c", narrow}, {"a", narrow}, {"b", wide}}};
  const std::string bytes = safetensors_bytes(one);
  EXPECT_EQ(bytes, safetensors_bytes(two));
  EXPECT_EQ(parse_safetensors(bytes, "m").tensors[0].first, "b");  // wide elements first: all are aligned
  EXPECT_EQ(bytes, safetensors_bytes(parse_safetensors(bytes, "m")));
}

TEST(Safetensors, ReadsTheTypesOfOtherWriters) {
  const std::string bytes =
      file_of("{" + entry("half", "F16", "[2]", 0, 4) + "," + entry("brain", "BF16", "[1]", 4, 6) + "," +
                  entry("short", "I16", "[1]", 6, 8) + "," + entry("word", "U32", "[]", 8, 12) + "," +
                  entry("bit", "BOOL", "[2]", 12, 14) + "," + entry("complex", "C64", "[1]", 14, 22) + "}   ",
              std::string("\0\x3e\0\xbc\x80\x3f\xfe\xff\xff\xff\xff\xff\1\0", 14) + std::string(8, '\0'));
  const TensorFile file = parse_safetensors(bytes, "m");
  EXPECT_EQ(file.find("half")->as_array("x"), (Array{{2}, std::vector<float>{1.5f, -1}}));
  EXPECT_EQ(file.find("brain")->as_array("x"), (Array{{1}, std::vector<float>{1}}));
  EXPECT_EQ(file.find("short")->as_array("x"), (Array{{1}, std::vector<int64_t>{-2}}));
  EXPECT_EQ(file.find("word")->as_array("x"), (Array{{}, std::vector<int64_t>{4294967295}}));
  EXPECT_EQ(file.find("bit")->as_array("x"), (Array{{2}, std::vector<uint8_t>{1, 0}}));
  EXPECT_SAYS(message_of([&] { file.find("complex")->as_array("x"); }), "x: holds complex numbers");
}

TEST(Safetensors, NamesWhatIsWrongWithTheFile) {
  EXPECT_SAYS(refusal("short"), "m.dynode: is no model file: it has fewer than 8 bytes");
  EXPECT_SAYS(refusal(std::string(16, '\xff')), "its header would have 18446744073709551615 bytes, more than 100 MB");
  EXPECT_SAYS(refusal(file_of("{}", "").substr(0, 9)), "ends within its header");
  EXPECT_SAYS(refusal(file_of(" {}", "")), "its header does not begin with '{'");
  EXPECT_SAYS(refusal(file_of("", "")), "its header does not begin with '{'");
  EXPECT_SAYS(refusal(file_of("{]", "")), "has a header that is not JSON (at its byte 2)");
  EXPECT_SAYS(refusal(file_of("{} x", "")), "has a header that is not JSON (at its byte 4)");
  EXPECT_SAYS(refusal(file_of("{\"\xff\":1}", "")), "has a header that is not JSON");
  EXPECT_SAYS(refusal(file_of("{}", "more")), "has 4 bytes that belong to no tensor");
}

TEST(Safetensors, NamesWhatIsWrongWithTheHeader) {
  const std::string a = entry("a", "U8", "[1]", 0, 1), b = entry("b", "U8", "[1]", 1, 2);
  EXPECT_EQ(refusal_of(a + "," + b, "xy"), "");
  EXPECT_SAYS(refusal_of(a + "," + a, "x"), "has 'a' twice");
  EXPECT_SAYS(refusal_of(a + "," + entry("b", "U8", "[1]", 0, 1), "x"),
              "tensor 'b' overlaps another (it begins at byte 0, the one before ends at 1)");
  EXPECT_SAYS(refusal_of(a + "," + entry("b", "U8", "[1]", 2, 3), "xyz"), "tensor 'b' leaves a hole before it");
  EXPECT_SAYS(refusal_of(b, "xy"), "tensor 'b' leaves a hole before it");
  EXPECT_SAYS(refusal_of(a + "," + b, "x"), "tensor 'b' ends at byte 2 of 1");
  EXPECT_SAYS(refusal_of(entry("a", "U8", "[1]", 1, 0), "x"), "needs two increasing data_offsets");
  EXPECT_SAYS(refusal_of(entry("a", "F32", "[1]", 0, 1), "x"), "tensor 'a' has 1 bytes, which its shape does not need");
  EXPECT_SAYS(refusal_of(entry("a", "U8", "[4294967296,4294967296]", 0, 1), "x"), "which its shape does not need");
  EXPECT_SAYS(refusal_of(entry("a", "U8", "[18446744073709551615]", 0, 1), "x"), "which its shape does not need");
  EXPECT_SAYS(refusal_of(entry("a", "U8", "[-1]", 0, 1), "x"), "has a negative number at 'shape'");
  EXPECT_SAYS(refusal_of(entry("a", "U8", "[1.0]", 0, 1), "x"), "has a fraction at 'shape'");
  EXPECT_SAYS(refusal_of(entry("a", "U8", "[[1]]", 0, 1), "x"), "has a list at 'shape'");
  EXPECT_SAYS(refusal_of(entry("a", "U8", "null", 0, 1), "x"), "has null at 'shape'");
  EXPECT_SAYS(refusal_of(entry("a", "F8_E4M3", "[1]", 0, 1), "x"), "has elements of type 'F8_E4M3'");
  EXPECT_SAYS(refusal_of("\"a\":{\"dtype\":\"U8\",\"shape\":[1]}", "x"), "'a' lacks one of dtype, shape, data_offsets");
  EXPECT_SAYS(refusal_of("\"a\":{\"colour\":\"red\"}", "x"), "tensor 'a' has the unknown key 'colour'");
  EXPECT_SAYS(refusal_of("\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}", "x"), "tensor 'a' has 'dtype' twice");
  EXPECT_SAYS(refusal_of("\"a\":7", "x"), "has a number at 'a'");
  EXPECT_SAYS(refusal_of("\"__metadata__\":{\"k\":1}", ""), "has a number at 'k'");
  EXPECT_SAYS(refusal_of("\"__metadata__\":{\"k\":\"v\",\"k\":\"v\"}", ""), "has the metadata key 'k' twice");
  EXPECT_SAYS(refusal_of("\"__metadata__\":{\"k\":{}}", ""), "has an object at 'k'");
}

TEST(Safetensors, NoticesDamage) {
  std::string bytes = safetensors_bytes({{}, {{"w", make_tensor({3}, std::vector<float>{1, 2, 3})}}});
  ASSERT_EQ(refusal(bytes), "");
  bytes.back() ^= 1;
  EXPECT_SAYS(refusal(bytes), "m.dynode: is damaged: its checksum is ");
  bytes.back() ^= 1;
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_NE(refusal(bytes.substr(0, size)), "") << size;
}

TEST(Safetensors, RefusesToWriteWhatNobodyCanRead) {
  const Tensor tensor = make_tensor({1}, std::vector<float>{1});
  EXPECT_SAYS(message_of([&] { safetensors_bytes({{}, {{"a", tensor}, {"a", tensor}}}); }), "'a' appears twice");
  EXPECT_SAYS(message_of([&] { safetensors_bytes({{}, {{"__metadata__", tensor}}}); }), "is reserved");
  EXPECT_SAYS(message_of([&] { safetensors_bytes({{}, {{"\xff", tensor}}}); }), "is not UTF-8");
  EXPECT_THROW(safetensors_bytes({{}, {{"a", {Dtype::F32, {2}, "1234"}}}}), ShapeError);
  EXPECT_THROW(make_tensor({2}, std::vector<float>{1}), ShapeError);
}

}  // namespace dynode
