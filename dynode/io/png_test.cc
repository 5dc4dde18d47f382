#include "dynode/io/png.h"

#include <gtest/gtest.h>
#include <vector>
#include <zlib.h>

namespace dynode {
namespace {

uint32_t number_at(const std::string& s, size_t at) {
  uint32_t x = 0;
  for (size_t i = 0; i < 4; ++i) x = x << 8 | uint8_t(s[at + i]);
  return x;
}

TEST(Png, HoldsItsSizeAndItsPointsBehindChecksums) {
  const std::vector<uint8_t> rgb = {255, 0, 0, 0, 255, 0, 0, 0, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::string          png = png_bytes(3, 2, rgb);
  ASSERT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  size_t      at = 8;
  std::string points;
  for (const char* type : {"IHDR", "IDAT", "IEND"}) {
    const size_t size = number_at(png, at);
    ASSERT_EQ(png.substr(at + 4, 4), type);
    EXPECT_EQ(number_at(png, at + 8 + size), crc32(0, reinterpret_cast<const Bytef*>(png.data() + at + 4), uInt(size + 4)));
    if (std::string(type) == "IHDR") {
      EXPECT_EQ(number_at(png, at + 8), 3u);
      EXPECT_EQ(number_at(png, at + 12), 2u);
      EXPECT_EQ(png.substr(at + 16, 5), std::string("\x08\x02\0\0\0", 5));
    } else if (std::string(type) == "IDAT") {
      points.resize(100);
      uLongf length = 100;
      ASSERT_EQ(uncompress(reinterpret_cast<Bytef*>(points.data()), &length, reinterpret_cast<const Bytef*>(png.data() + at + 8), uLong(size)), Z_OK);
      points.resize(length);
    }
    at += 12 + size;
  }
  EXPECT_EQ(at, png.size());
  std::string wanted;
  for (size_t y = 0; y < 2; ++y) wanted += std::string(1, '\0') + std::string(reinterpret_cast<const char*>(rgb.data()) + 9 * y, 9);
  EXPECT_EQ(points, wanted);
}

}  // namespace
}  // namespace dynode
