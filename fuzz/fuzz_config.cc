// Fuzz harness of training files: no text may do more than raise a dynode::Error. What can be read is written and read
// again, and must be the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "dynode/learn/config.h"
#include "dynode/spec/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dynode;
  try {
    const TrainConfig config =
        read_train_config(parse_yaml({reinterpret_cast<const char*>(data), size}, "fuzz.yaml"));
    const Value written = write_train_config(config);
    if (!(write_train_config(read_train_config(parse_yaml(to_yaml(written), "again.yaml"))) == written)) {
      std::fputs("a training file does not come back\n", stderr);
      std::abort();
    }
  } catch (const Error&) {}
  return 0;
}
