// The file dynode/data/rate_table.npy, taken into the program when it is assembled. The build says where it lies.
#include "dynode/sources/default_rate_table.h"

#include <cstring>
#include <stdexcept>

// labels of the first byte and behind the last; data begin 128 bytes into the file, at an aligned place
__asm__(
    ".pushsection .rodata\n"
    ".balign 128\n"
    ".hidden dynode_rate_table_first\n"
    ".hidden dynode_rate_table_end\n"
    ".global dynode_rate_table_first\n"
    ".global dynode_rate_table_end\n"
    "dynode_rate_table_first:\n"
    ".incbin \"" DYNODE_DATA_DIR
    "/rate_table.npy\"\n"
    "dynode_rate_table_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" {
extern const char dynode_rate_table_first[];
extern const char dynode_rate_table_end[];
}

namespace dynode {
namespace {

constexpr size_t kHeader = 128;  // bytes of .npy header

const float* checked_table() {
  const char* first = dynode_rate_table_first;
  const auto  size  = size_t(dynode_rate_table_end - first);
  const char* fact  = "'descr': '<f4', 'fortran_order': False, 'shape': (201, 201)";
  if (size != kHeader + kDefaultTableSize * kDefaultTableSize * sizeof(float) ||
      std::memcmp(first, "\x93NUMPY\1\0\x76\0{", 11) != 0 || std::memcmp(first + 11, fact, std::strlen(fact)) != 0)
    throw std::logic_error("internal error: the built-in rate table is not a float32 [201][201] .npy file");
  return reinterpret_cast<const float*>(first + kHeader);
}

}  // namespace

const float* default_rate_table() {
  static const float* table = checked_table();
  return table;
}

}  // namespace dynode
