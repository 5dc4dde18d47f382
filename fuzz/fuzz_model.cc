// Fuzz harness of the model file reader: no bytes may do more than raise a dynode::Error. What can be read is written
// and read again, and must be the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "dynode/base/error.h"
#include "dynode/io/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dynode;
  try {
    const TensorFile  file  = parse_safetensors({reinterpret_cast<const char*>(data), size}, "fuzz.dynode");
    const std::string bytes = safetensors_bytes(file);
    const TensorFile  again = parse_safetensors(bytes, "again.dynode");
    if (safetensors_bytes(again) != bytes || again.tensors.size() != file.tensors.size()) {
      std::fputs("a model file does not come back\n", stderr);
      std::abort();
    }
    for (const auto& [name, tensor] : file.tensors) {
      if (*again.find(name) != tensor) {
        std::fputs("a tensor does not come back\n", stderr);
        std::abort();
      }
      tensor.as_array(name);
    }
  } catch (const Error&) {}
  return 0;
}
