// Fuzz harness of the .npy reader: no bytes may do more than raise a dynode::Error. What can be read is written and
// read again, and must be the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "dynode/base/error.h"
#include "dynode/io/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dynode;
  try {
    const Array       array = parse_npy({reinterpret_cast<const char*>(data), size}, "fuzz.npy");
    const std::string bytes = npy_bytes(array);
    if (npy_bytes(parse_npy(bytes, "again.npy")) != bytes) {  // as bytes: NaN differs from itself
      std::fputs("an array does not come back\n", stderr);
      std::abort();
    }
    array.as_double();
    array.as_float();
    array.as_integers("fuzz.npy");
  } catch (const Error&) {}
  return 0;
}
