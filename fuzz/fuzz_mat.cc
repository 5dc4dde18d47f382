// Fuzz harness of the .mat reader: no bytes may do more than raise a dynode::Error. What can be read and has names that
// may be written is written and read again, and must be the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "dynode/base/error.h"
#include "dynode/io/mat.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dynode;
  try {
    const Mat         mat   = parse_mat({reinterpret_cast<const char*>(data), size}, "fuzz.mat");
    const std::string bytes = mat_bytes(mat.entries());
    const Mat         again = parse_mat(bytes, "again.mat");
    if (mat_bytes(again.entries()) != bytes) {   // compared as bytes: NaN differs from itself
      std::fputs("a file does not come back\n", stderr);
      std::abort();
    }
  } catch (const Error&) {}
  return 0;
}
