// Fuzz harness of the IDX reader, plain and gzip: no bytes may do more than raise a dynode::Error, and what can be read
// has as many bytes as its shape says.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "dynode/base/error.h"
#include "dynode/io/idx.h"
#include "dynode/io/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dynode;
  try {
    const IdxData idx = parse_idx({reinterpret_cast<const char*>(data), size}, "fuzz.idx");
    if (element_count(idx.shape) != int64_t(idx.bytes.size())) {
      std::fputs("shape and bytes differ\n", stderr);
      std::abort();
    }
  } catch (const Error&) {}
  return 0;
}
