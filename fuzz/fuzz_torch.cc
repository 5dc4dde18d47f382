// Fuzz harness of torch's files: no bytes may do more than raise a dynode::Error, nor take more memory or time than their
// size allows. Tensors are read, settings walked, and what describes a network is compiled.
//
// What begins with P is an archive; everything else is taken for a pickle and packed into one with a small storage, so
// that no checksum stands in the way. Networks with whole numbers above 64 are left to the tests.
#include <cstdint>
#include <string>

#include "dynode/base/error.h"
#include "dynode/io/soen_torch.h"
#include "dynode/io/zip.h"
#include "fuzz/small.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dynode;
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data), size);
  try {
    if (bytes[0] != 'P') bytes = zip_bytes({{"a/data.pkl", bytes}, {"a/data/0", std::string(64, '\2')}});
    const TorchFile file(std::move(bytes), "fuzz.pth");
    try {
      file.value(file.root(), "root");
    } catch (const Error&) {}
    try {
      read_state_dict(file);
    } catch (const Error&) {}
    if (!is_soen_checkpoint(file)) return 0;
    const StoredModel model = read_soen_checkpoint(file);
    if (!is_small(write_spec(model.spec))) return 0;
    const auto plan = compile(model.spec, stored_options(model));
    stored_theta<float>(*plan, model, "fuzz.pth");
  } catch (const Error&) {}
  return 0;
}
