// Fuzz harness of the spec readers: no text may do more than raise a dynode::Error.
//
// The first byte chooses: even YAML, odd JSON. What can be read is written and read again, and must be the same.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "dynode/spec/json.h"
#include "dynode/spec/spec.h"
#include "dynode/spec/yaml.h"

namespace {

void insist(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dynode;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    const Value value = data[0] % 2 ? parse_json(text, "fuzz.json") : parse_yaml(text, "fuzz.yaml");
    insist(parse_yaml(to_yaml(value)) == value, "YAML does not come back");
    insist(parse_yaml(to_yaml_line(value)) == value, "a line of YAML does not come back");
    to_json(value, data[0] % 4 < 2);

    const Spec spec = read_spec(value);
    for (const ConnectionSpec& connection : spec.connections) read_connection_params(connection);
    for (const LayerSpec& layer : spec.layers) {
      for (const Value::Entry& entry : layer.params.entries()) {
        try {
          read_parameter(entry.value);
        } catch (const SpecError&) {   // not every entry is a parameter
        }
      }
    }
    check_spec(spec);
    insist(read_spec(write_spec(spec)) == spec, "a spec does not come back");
    insist(read_spec(write_spec(spec, Defaults::write)) == spec, "a spec with defaults does not come back");
  } catch (const Error&) {
  }
  return 0;
}
