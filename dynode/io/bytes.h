// Numbers in files: byte order, half floats, integers of every width.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace dynode {

/// `size` bytes (1 to 8) as an unsigned number.
inline uint64_t load_bits(const char* p, size_t size, bool big_endian) {
  uint64_t bits = 0;
  for (size_t i = 0; i < size; ++i) bits |= uint64_t(uint8_t(p[i])) << 8 * (big_endian ? size - 1 - i : i);
  return bits;
}

/// The low `size` bytes as a signed number.
inline int64_t sign_extend(uint64_t bits, size_t size) {
  const int unused = int(64 - 8 * size);
  return int64_t(bits << unused) >> unused;
}

/// @throws IoError  naming `name` if the number is above the range of int64
int64_t unsigned_to_int64(uint64_t bits, const std::string& name);

/// IEEE binary16 (or, shifted by 16 bits, bfloat16) as float; exact.
float        half_to_float(uint16_t bits);
inline float bfloat_to_float(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

/// Appends the numbers to `bytes`, lowest byte first.
template <class T>
void append_little_endian(std::string& bytes, const std::vector<T>& numbers) {
  if (numbers.empty()) return;
  const size_t at = bytes.size();
  bytes.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(T));
  if constexpr (std::endian::native == std::endian::big && sizeof(T) > 1)
    for (size_t k = at; k < bytes.size(); k += sizeof(T))
      for (size_t i = 0; i < sizeof(T) / 2; ++i) std::swap(bytes[k + i], bytes[k + sizeof(T) - 1 - i]);
}

}  // namespace dynode
