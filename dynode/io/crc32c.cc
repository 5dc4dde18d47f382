// Eight bytes at a time through eight tables ("slicing by 8", Kounavis & Berry 2005).
#include "dynode/io/crc32c.h"

#include <array>
#include <cstddef>

namespace dynode {
namespace {

using Tables = std::array<std::array<uint32_t, 256>, 8>;

/// tables[k][b]: what byte b does to the checksum when k more bytes follow it.
constexpr Tables make_tables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0u);
    tables[0][byte] = crc;
  }
  for (size_t k = 1; k < 8; ++k)
    for (size_t byte = 0; byte < 256; ++byte)
      tables[k][byte] = tables[k - 1][byte] >> 8 ^ tables[0][tables[k - 1][byte] & 255];
  return tables;
}

constexpr Tables kTables = make_tables();

uint32_t little_endian_32(const char* p) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value |= uint32_t(uint8_t(p[i])) << 8 * i;
  return value;
}

}  // namespace

uint32_t crc32c(std::string_view bytes, uint32_t before) {
  uint32_t    crc = ~before;
  const char* p   = bytes.data();
  size_t      n   = bytes.size();

  // whole groups of eight
  for (; n >= 8; n -= 8, p += 8) {
    const uint32_t low = crc ^ little_endian_32(p), high = little_endian_32(p + 4);
    crc = kTables[7][low & 255] ^ kTables[6][low >> 8 & 255] ^ kTables[5][low >> 16 & 255] ^ kTables[4][low >> 24] ^
          kTables[3][high & 255] ^ kTables[2][high >> 8 & 255] ^ kTables[1][high >> 16 & 255] ^ kTables[0][high >> 24];
  }

  // the rest one at a time
  for (; n > 0; --n, ++p) crc = crc >> 8 ^ kTables[0][(crc ^ uint8_t(*p)) & 255];
  return ~crc;
}

}  // namespace dynode
