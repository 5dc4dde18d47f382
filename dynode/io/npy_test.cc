#include "dynode/io/npy.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/io/bytes.h"
#include "dynode/io/file.h"
#include "dynode/io/io_test.h"

namespace dynode {
namespace {

using Shape = std::vector<int64_t>;

/// A .npy file put together by hand.
std::string npy(const std::string& header, const std::string& data, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += {char(version), '\0', char(header.size() & 255), char(header.size() >> 8)};
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + header + data;
}

std::string dict(const std::string& descr, const std::string& shape, bool fortran = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape +
         ", }\n";
}

Array read(const std::string& header, const std::string& data) { return parse_npy(npy(header, data), "a.npy"); }

std::string refusal(const std::string& bytes) {
  return message_of([&] { parse_npy(bytes, "a.npy"); });
}

std::string bytes_of(std::initializer_list<int> values) {
  std::string bytes;
  for (const int value : values) bytes += char(value);
  return bytes;
}

}  // namespace

TEST(Npy, WrittenFileIsExactlyWhatNumpyWrites) {
  const std::string bytes = npy_bytes({{2, 3}, std::vector<float>{0, 1, 2, 3, 4, 5}});
  ASSERT_EQ(bytes.size(), 128 + 24u);
  EXPECT_EQ(bytes.substr(0, 10), std::string("\x93NUMPY\1\0\x76\0", 10));
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  header.resize(117, ' ');
  EXPECT_EQ(bytes.substr(10, 118), header + "\n");
  EXPECT_EQ(bytes.substr(132, 4), bytes_of({0, 0, 0x80, 0x3f}));
}

TEST(Npy, WritingAndReadingKeepsEveryTypeAndShape) {
  const std::vector<Array> arrays = {{{2, 2}, std::vector<float>{1.5f, -2, INFINITY, 0}},
                                     {{3}, std::vector<double>{1e-300, M_PI, -0.0}},
                                     {{1, 2, 1}, std::vector<int64_t>{INT64_MIN, INT64_MAX}},
                                     {{4}, std::vector<uint8_t>{0, 1, 128, 255}},
                                     {{}, std::vector<double>{7}},
                                     {{0, 5}, std::vector<float>{}}};
  for (const Array& array : arrays) {
    const std::string bytes = npy_bytes(array);
    EXPECT_EQ((bytes.find('\n') + 1) % 64, 0u);
    EXPECT_EQ(parse_npy(bytes, "a"), array);
  }
}

TEST(Npy, ReadsEveryTypeInBothByteOrders) {
  EXPECT_EQ(read(dict("<i2", "(2,)"), bytes_of({1, 0, 0xff, 0xff})), (Array{{2}, std::vector<int64_t>{1, -1}}));
  EXPECT_EQ(read(dict(">i2", "(2,)"), bytes_of({0, 1, 0xff, 0xfe})), (Array{{2}, std::vector<int64_t>{1, -2}}));
  EXPECT_EQ(read(dict("|i1", "(2,)"), bytes_of({127, 128})), (Array{{2}, std::vector<int64_t>{127, -128}}));
  EXPECT_EQ(read(dict("<i4", "()"), bytes_of({0, 0, 0, 0x80})), (Array{{}, std::vector<int64_t>{INT32_MIN}}));
  EXPECT_EQ(read(dict(">i8", "()"), bytes_of({0, 0, 0, 0, 0, 0, 1, 0})), (Array{{}, std::vector<int64_t>{256}}));
  EXPECT_EQ(read(dict("|u1", "(2,)"), bytes_of({0, 255})), (Array{{2}, std::vector<uint8_t>{0, 255}}));
  EXPECT_EQ(read(dict(">u2", "()"), bytes_of({0xff, 0xff})), (Array{{}, std::vector<int64_t>{65535}}));
  EXPECT_EQ(read(dict("<u4", "()"), bytes_of({0, 0, 0, 0x80})), (Array{{}, std::vector<int64_t>{int64_t(1) << 31}}));
  EXPECT_EQ(read(dict("<u8", "()"), bytes_of({5, 0, 0, 0, 0, 0, 0, 0})), (Array{{}, std::vector<int64_t>{5}}));
  EXPECT_EQ(read(dict("|b1", "(2,)"), bytes_of({0, 1})), (Array{{2}, std::vector<uint8_t>{0, 1}}));
  EXPECT_EQ(read(dict(">f4", "()"), bytes_of({0x3f, 0xc0, 0, 0})), (Array{{}, std::vector<float>{1.5f}}));
  EXPECT_EQ(read(dict(">f8", "()"), bytes_of({0xc0, 0, 0, 0, 0, 0, 0, 0})), (Array{{}, std::vector<double>{-2}}));
  EXPECT_EQ(read(dict("<f2", "(2,)"), bytes_of({0, 0x3e, 0, 0xfc})), (Array{{2}, std::vector<float>{1.5f, -INFINITY}}));
}

TEST(Npy, HalfFloatsAreExact) {
  EXPECT_EQ(half_to_float(0x0001), 0x1p-24f);  // smallest subnormal
  EXPECT_EQ(half_to_float(0x03ff), 1023 * 0x1p-24f);
  EXPECT_EQ(half_to_float(0x0400), 0x1p-14f);  // smallest normal
  EXPECT_EQ(half_to_float(0x7bff), 65504.0f);
  EXPECT_TRUE(std::signbit(half_to_float(0x8000)) && half_to_float(0x8000) == 0);
  EXPECT_TRUE(std::isnan(half_to_float(0x7e00)));
  EXPECT_EQ(bfloat_to_float(0xc040), -3.0f);
}

TEST(Npy, TurnsFortranOrderRound) {
  const Array flat = read(dict("|u1", "(2, 3)", true), bytes_of({0, 10, 1, 11, 2, 12}));
  EXPECT_EQ(flat, (Array{{2, 3}, std::vector<uint8_t>{0, 1, 2, 10, 11, 12}}));
  std::string data;  // element [i][j][k] of a [2][3][2] array is 100i + 10j + k; the first index is fastest
  for (int k = 0; k < 2; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i) data += char(100 * i + 10 * j + k);
  EXPECT_EQ(read(dict("|u1", "(2, 3, 2)", true), data),
            (Array{{2, 3, 2}, std::vector<uint8_t>{0, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121}}));
  EXPECT_EQ(read(dict("<f4", "(0, 3)", true), ""), (Array{{0, 3}, std::vector<float>{}}));
}

TEST(Npy, ReadsEveryHeaderVersionAndSpelling) {
  const Array one{{1}, std::vector<uint8_t>{7}};
  for (const int version : {1, 2, 3}) EXPECT_EQ(parse_npy(npy(dict("|u1", "(1,)"), "\7", version), "a"), one);
  EXPECT_EQ(read("{\"shape\":(1L,),\"fortran_order\":False,\"descr\":\"|u1\"}", "\7"), one);
  EXPECT_EQ(read("{ 'shape' : ( 1 , ) , 'fortran_order' : False , 'descr' : '|u1' }   \n", "\7"), one);
}

TEST(Npy, NamesWhatIsWrongWithAFile) {
  const auto header = [](const std::string& text) { return refusal(npy(text, "")); };
  EXPECT_EQ(refusal("hello, world"),
            "a.npy: is not a .npy file\n  it must begin with \\x93NUMPY, as np.save writes it");
  EXPECT_SAYS(refusal(""), "ends within its .npy header");
  EXPECT_SAYS(refusal(npy(dict("<f4", "(2,)"), "1234")), "is truncated: it needs 8 bytes of data and has 4");
  EXPECT_SAYS(refusal(npy(dict("<f4", "(1,)"), "12345")), "has 1 bytes behind its data");
  EXPECT_SAYS(refusal(npy(dict("|O", "(1,)"), "x")), "holds pickled Python objects");
  EXPECT_SAYS(refusal(npy(dict("|O", "(1,)"), "x")),
              "np.save(path, np.asarray(a, dtype='float64'), allow_pickle=False)");
  EXPECT_SAYS(refusal(npy(dict("<c8", "(1,)"), "12345678")), "elements of type '<c8', which is not read here");
  EXPECT_SAYS(refusal(npy(dict("<U5", "(1,)"), "x")), "elements of type '<U5'");
  EXPECT_SAYS(refusal(npy(dict("|f4", "(1,)"), "1234")), "elements of type '|f4'");
  EXPECT_SAYS(refusal(npy(dict("", "(1,)"), "1234")), "elements of type ''");
  EXPECT_SAYS(header("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (1,), }"),
              "records with named fields");
  EXPECT_SAYS(refusal(npy(dict("<u8", "(1,)"), std::string(8, '\xff'))), "holds 18446744073709551615, more than");
  EXPECT_SAYS(refusal(npy(dict("|b1", "(1,)"), "\2")), "has the byte 2 where a boolean, 0 or 1, belongs");
  EXPECT_SAYS(refusal(npy(dict("|u1", "(1,)"), "x", 4)), "has .npy version 4.0; 1.0, 2.0 and 3.0 are known");
  EXPECT_SAYS(header(dict("<f8", "(4294967296, 4294967296)")), "more elements than the 2^40");
  EXPECT_SAYS(header(dict("<f8", "(0, 4294967296, 4294967296)")), "more elements than the 2^40");
  EXPECT_SAYS(header(dict("<f8", "(99999999999999999999,)")), "a dimension that is too large");
  EXPECT_SAYS(header(dict("<f8", "(-1,)")), "malformed .npy header (at its character 52)");
  EXPECT_SAYS(header(dict("<f8", "(3)")), "malformed .npy header");
  EXPECT_SAYS(header(dict("<f8", "(3,,)")), "malformed .npy header");
  EXPECT_SAYS(header("{'descr': '<f4', 'shape': (1,), }"), "lacks one of the header keys");
  EXPECT_SAYS(header("{'descr': '<f4', 'descr': '<f4'}"), "unexpected or repeated header key 'descr'");
  EXPECT_SAYS(header("{'colour': 'red'}"), "unexpected or repeated header key 'colour'");
  EXPECT_SAYS(header("__import__('os').system('ls')"), "malformed .npy header (at its character 1)");
  EXPECT_SAYS(header(dict("|u1", "(0,)") + "x"), "has text behind its header");
  EXPECT_SAYS(header(dict("<f4", "(" + std::string(99, '1') + ")")), "a dimension that is too large");
  std::string axes = "(";
  for (int i = 0; i < 33; ++i) axes += "1, ";
  EXPECT_SAYS(header(dict("<f4", axes + ")")), "has more than 32 axes");
  EXPECT_SAYS(refusal(std::string("\x93NUMPY\2\0\xff\xff\xff\xff", 12)), "has a header of 4294967295 bytes");
}

TEST(Npy, CutAnywhereIsAnError) {
  const std::string bytes = npy_bytes({{2, 3}, std::vector<float>(6, 1)});
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_NE(refusal(bytes.substr(0, size)), "") << size;
}

TEST(Npy, FilesNameTheirPath) {
  const TemporaryFolder folder;
  const Array           array{{2}, std::vector<double>{1, 2}};
  save_npy(folder / "x.npy", array);
  EXPECT_EQ(load_npy(folder / "x.npy"), array);
  write_file(folder / "bad.npy", "x");
  EXPECT_SAYS(message_of([&] { load_npy(folder / "bad.npy"); }), (folder / "bad.npy") + ": is not a .npy file");
  EXPECT_THROW(npy_bytes({{3}, std::vector<double>{1, 2}}), ShapeError);
}

TEST(Array, ConvertsItsNumbers) {
  const Array whole{{3}, std::vector<float>{0, -2, 3}}, broken{{2}, std::vector<double>{1, 0.5}};
  EXPECT_EQ(whole.as_integers("y"), (std::vector<int64_t>{0, -2, 3}));
  EXPECT_EQ(whole.as_double(), (std::vector<double>{0, -2, 3}));
  EXPECT_EQ(broken.as_float(), (std::vector<float>{1, 0.5f}));
  EXPECT_EQ(message_of([&] { broken.as_integers("y"); }), "y: needs whole numbers, but number 1 is 0.5");
  EXPECT_SAYS(message_of([] { Array{{1}, std::vector<double>{NAN}}.as_integers("y"); }), "number 0 is nan");
  EXPECT_SAYS(message_of([] { Array{{1}, std::vector<double>{1e19}}.as_integers("y"); }), "number 0 is 1e+19");
}

TEST(Array, CountsElementsWithoutOverflow) {
  EXPECT_EQ(element_count({}), 1);
  EXPECT_EQ(element_count({2, 3}), 6);
  EXPECT_EQ(element_count({INT64_MAX, 0}), -1);
  EXPECT_EQ(element_count({0, 7}), 0);
  EXPECT_EQ(element_count({int64_t(1) << 31, int64_t(1) << 31}), -1);
  EXPECT_EQ(element_count({3, -1}), -1);
}

}  // namespace dynode
