// MATLAB files: what is written is read again, what MATLAB and SciPy write is read, damaged ones are refused.
#include "dynode/io/mat.h"

#include <gtest/gtest.h>

#include "dynode/io/io_test.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;
using Texts   = std::vector<std::string>;

std::string word(uint32_t w, bool big = false) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += char(w >> 8 * (big ? 3 - i : i));
  return bytes;
}

std::string element(uint32_t type, std::string data, bool big = false) {
  std::string bytes = word(type, big) + word(uint32_t(data.size()), big) + data;
  bytes.resize((bytes.size() + 7) / 8 * 8);
  return bytes;
}

std::string header(bool big = false) {
  std::string bytes = "MATLAB 5.0 MAT-file";
  bytes.resize(124, ' ');
  return bytes + (big ? std::string("\x01\x00MI", 4) : std::string("\x00\x01IM", 4));
}

/// A variable of this class with these dimensions; `rest` follows its name.
std::string variable(uint32_t kind, std::vector<uint32_t> shape, const std::string& rest, const std::string& name = "a",
                     bool big = false) {
  std::string dimensions;
  for (uint32_t n : shape) dimensions += word(n, big);
  return element(
      14, element(6, word(kind, big) + word(0, big), big) + element(5, dimensions, big) + element(1, name, big) + rest,
      big);
}

Mat parse(const std::string& variables, bool big = false) { return parse_mat(header(big) + variables, "a.mat"); }

std::string refusal(const std::string& bytes) {
  return message_of<IoError>([&] { parse_mat(bytes, "a.mat"); });
}

TEST(Mat, WhatIsWrittenIsReadAgain) {
  const std::vector<Mat::Entry> entries = {
      {"w", Array{{2, 3}, Numbers{1, 2, 3, 4, 5, -6.5}}},
      {"cube", Array{{2, 2, 3}, std::vector<int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, -12}}},
      {"single", Array{{3, 1}, std::vector<float>{0.5f, 1, 2}}},
      {"flags", Array{{1, 4}, std::vector<uint8_t>{0, 1, 1, 255}}},
      {"none", Array{{0, 4}, Numbers{}}},
      {"activation", Texts{"sigmoid"}},
      {"rows", Texts{"same", "diff", "a"}}};
  const std::string bytes = mat_bytes(entries);
  const Mat         mat   = parse_mat(bytes, "a.mat");
  EXPECT_EQ(mat.entries(), entries);
  EXPECT_EQ(mat_bytes(mat.entries()), bytes);
  EXPECT_EQ(mat.find("activation"), nullptr);
  EXPECT_EQ(*mat.text("rows"), (Texts{"same", "diff", "a"}));
}

TEST(Mat, NumbersAndListsBecomeMatrices) {
  const Mat mat = parse_mat(mat_bytes({{"n", Array{{}, Numbers{7}}}, {"list", Array{{3}, Numbers{1, 2, 3}}}}), "a.mat");
  EXPECT_EQ(mat.at("n"), (Array{{1, 1}, Numbers{7}}));
  EXPECT_EQ(mat.at("list"), (Array{{1, 3}, Numbers{1, 2, 3}}));
}

TEST(Mat, TheFirstIndexIsFastestInTheFile) {
  const std::string numbers = element(2, "\x01\x02\x03\x04\x05\x06");  // doubles packed as bytes, as MATLAB does
  EXPECT_EQ(parse(variable(6, {2, 3}, numbers)).at("a"), (Array{{2, 3}, Numbers{1, 3, 5, 2, 4, 6}}));
}

TEST(Mat, BigEndianFilesAndSmallElementsAreRead) {
  const std::string number = element(9, std::string("\x40\x08\0\0\0\0\0\0", 8), true);  // 3
  EXPECT_EQ(parse(variable(6, {1, 1}, number, "a", true), true).at("a"), (Array{{1, 1}, Numbers{3}}));
  const std::string small = word(2 << 16 | 3) + std::string("\xfe\xff\0\0", 4);  // one int16 in the tag: -2
  EXPECT_EQ(parse(variable(10, {1, 1}, small)).at("a"), (Array{{1, 1}, std::vector<int64_t>{-2}}));
}

TEST(Mat, LogicalValuesAndTextsAreRead) {
  EXPECT_EQ(parse(variable(0x200 | 9, {1, 2}, element(2, std::string("\0\1", 2)))).at("a"),
            (Array{{1, 2}, std::vector<uint8_t>{0, 1}}));
  EXPECT_EQ(*parse(variable(4, {2, 3}, element(4, std::string("s\0d\0o\0i\0 \0f\0", 12)))).text("a"),
            (Texts{"so", "dif"}));
  EXPECT_EQ(*parse(variable(4, {1, 2}, element(16, "\xC3\xA4x"))).text("a"), (Texts{"\xC3\xA4x"}));
}

TEST(Mat, OtherKindsAreErrorsWhenSomebodyAsks) {
  const Mat mat =
      parse(variable(2, {1, 1}, "", "net") + variable(0x800 | 6, {1, 1}, element(9, std::string(8, '\0')), "z") +
            variable(6, {1, 1}, element(9, std::string(8, '\0')), "numbers"));
  EXPECT_EQ(mat.entries().size(), 1u);
  EXPECT_NE(message_of<IoError>([&] { mat.at("net"); }).find("a.mat: 'net' is a structure"), std::string::npos);
  EXPECT_NE(message_of<IoError>([&] { mat.at("z"); }).find("'z' is complex"), std::string::npos);
  EXPECT_NE(message_of<IoError>([&] { mat.at("number"); }).find("has no 'number'\n  did you mean 'numbers'?"),
            std::string::npos);
}

TEST(Mat, DamagedFilesAreRefused) {
  EXPECT_NE(refusal("").find("is no MATLAB file of version 5 to 7"), std::string::npos);
  EXPECT_NE(refusal(std::string(200, 'x')).find("is no MATLAB file"), std::string::npos);
  EXPECT_NE(refusal("\x89HDF\r\n\x1a\n").find("version 7.3, which is HDF5\n  save it with -v7"), std::string::npos);
  EXPECT_NE(refusal(header() + "abc").find("ends within an element"), std::string::npos);
  EXPECT_NE(refusal(header() + word(14) + word(1000)).find("an element of 1000 bytes, but 0 are left"),
            std::string::npos);
  EXPECT_NE(refusal(header() + element(9, "12345678")).find("type 9 where a variable should be"), std::string::npos);
  EXPECT_NE(refusal(header() + element(15, "no zlib here")).find("cannot be expanded"), std::string::npos);
  EXPECT_NE(
      refusal(header() + variable(6, {3, 1}, element(9, std::string(16, 'a')))).find("2 numbers where 3 are announced"),
      std::string::npos);
  EXPECT_NE(refusal(header() + variable(6, {0xFFFFFFFF, 1}, "")).find("impossible size [-1, 1]"), std::string::npos);
  EXPECT_NE(refusal(header() + variable(6, {1u << 30, 1u << 30, 1u << 30}, "")).find("impossible size"),
            std::string::npos);
  EXPECT_NE(refusal(header() + variable(6, {0, 1}, "") + variable(6, {0, 1}, "")).find("two variables called 'a'"),
            std::string::npos);
  EXPECT_NE(refusal(header() + variable(12, {1, 1}, element(9, std::string(8, '\0'))))
                .find("fractions in a variable of whole"),
            std::string::npos);
}

TEST(Mat, AFileThatIsCutAnywhereIsRefused) {
  const std::string bytes = mat_bytes({{"w", Array{{2, 2}, Numbers{1, 2, 3, 4}}}, {"b", Array{{1, 1}, Numbers{5}}}});
  size_t            whole = 0;
  for (size_t n = 0; n < bytes.size(); ++n) {
    try {
      whole += parse_mat(bytes.substr(0, n), "a.mat").entries().size();
    } catch (const IoError&) {}
  }
  EXPECT_EQ(whole, 1u) << "only the cut between the two variables leaves one of them";
}

TEST(Mat, NamesAreThoseOfMatlab) {
  for (const char* name : {"", "1a", "a-b", "_x"})
    EXPECT_NE(message_of<IoError>([&] {
                mat_bytes({{name, Array{{}, Numbers{1}}}});
              }).find("is no name of a variable"),
              std::string::npos);
  EXPECT_NE(message_of<IoError>([&] {
              mat_bytes({{"a", Array{{}, Numbers{1}}}, {"a", Array{{}, Numbers{1}}}});
            }).find("appears twice"),
            std::string::npos);
  EXPECT_THROW(mat_bytes({{"a", Array{{2, 2}, Numbers{1}}}}), ShapeError);
}

}  // namespace
}  // namespace dynode
