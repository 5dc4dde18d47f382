#include "dynode/io/bytes.h"

#include <cmath>
#include <fmt/format.h>

#include "dynode/base/error.h"

namespace dynode {

int64_t unsigned_to_int64(uint64_t bits, const std::string& name) {
  if (bits > uint64_t(INT64_MAX))
    throw IoError(name, fmt::format("holds {}, more than a signed 64-bit integer can", bits));
  return int64_t(bits);
}

float half_to_float(uint16_t bits) {
  const uint32_t sign = uint32_t(bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 1023;
  if (exponent == 0) return std::copysign(float(fraction) * 0x1p-24f, sign ? -1.0f : 1.0f);  // zero and subnormal
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | fraction << 13);      // infinite, not a number
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

}  // namespace dynode
