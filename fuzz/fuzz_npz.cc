// Fuzz harness of the .npz reader: no bytes may do more than raise a dynode::Error. What can be read is written in both
// packings and read again, and must be the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "dynode/base/error.h"
#include "dynode/io/npz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dynode;
  try {
    const Npz         npz   = parse_npz({reinterpret_cast<const char*>(data), size}, "fuzz.npz");
    const std::string bytes = npz_bytes(npz.entries());
    const Npz         again = parse_npz(npz_bytes(npz.entries(), Packing::deflated), "again.npz");
    if (npz_bytes(parse_npz(bytes, "again.npz").entries()) != bytes || npz_bytes(again.entries()) != bytes) {
      std::fputs("an archive does not come back\n", stderr);  // compared as bytes: NaN differs from itself
      std::abort();
    }
  } catch (const Error&) {}
  return 0;
}
