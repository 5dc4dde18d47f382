// CRC-32C (Castagnoli), the checksum of model files.
#pragma once
#include <cstdint>
#include <string_view>

namespace dynode {

/// Checksum of `bytes`; crc32c("123456789") is 0xE3069283.
/// @param before  checksum of what came before, to go through a long text in pieces: crc32c(b, crc32c(a)) == crc32c(ab)
/// Source: RFC 3720 §B.4, reflected polynomial 0x82F63B78.
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);

}  // namespace dynode
