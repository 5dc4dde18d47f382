// Pictures in the PNG format: 8 bits each of red, green and blue, rows from the top.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace dynode {

/// @param rgb  [height][width][3]
std::string png_bytes(size_t width, size_t height, std::span<const uint8_t> rgb);

}  // namespace dynode
