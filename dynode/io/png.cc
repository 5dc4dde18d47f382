// Source: ISO/IEC 15948, PNG specification.
#include "dynode/io/png.h"

#include <zlib.h>

#include "dynode/base/error.h"

namespace dynode {
namespace {

void add_number(std::string& out, uint32_t x) {
  for (int shift : {24, 16, 8, 0}) out += char(x >> shift & 0xFF);
}

void add_chunk(std::string& out, const char* type, const std::string& data) {
  add_number(out, uint32_t(data.size()));
  const std::string body = type + data;
  out += body;
  add_number(out, uint32_t(crc32(0, reinterpret_cast<const Bytef*>(body.data()), uInt(body.size()))));
}

}  // namespace

std::string png_bytes(size_t width, size_t height, std::span<const uint8_t> rgb) {
  expects(width > 0 && height > 0 && rgb.size() == width * height * 3, "a picture has three numbers per point");
  std::string raw;   // each row begins with its filter: none
  for (size_t y = 0; y < height; ++y) {
    raw += '\0';
    raw.append(reinterpret_cast<const char*>(rgb.data() + y * width * 3), width * 3);
  }
  uLongf      size = compressBound(uLong(raw.size()));
  std::string packed(size, '\0');
  const int   result = compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                                 reinterpret_cast<const Bytef*>(raw.data()), uLong(raw.size()), 9);
  expects(result == Z_OK, "compressBound leaves enough room");
  packed.resize(size);

  std::string head;
  add_number(head, uint32_t(width)), add_number(head, uint32_t(height));
  head += {8, 2, 0, 0, 0};   // bits, colours, and the only methods there are
  std::string out = "\x89PNG\r\n\x1a\n";
  add_chunk(out, "IHDR", head);
  add_chunk(out, "IDAT", packed);
  add_chunk(out, "IEND", "");
  return out;
}

}  // namespace dynode
