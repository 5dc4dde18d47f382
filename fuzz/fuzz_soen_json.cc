// Fuzz harness of exported models in JSON: no text may do more than raise a dynode::Error. What can be compiled is
// written and read again, and must be the same.
//
// Whole numbers above 64 are left to the tests: they ask for more memory, not for other code.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "dynode/base/error.h"
#include "dynode/io/model_file.h"
#include "dynode/io/soen_json.h"
#include "dynode/spec/json.h"
#include "fuzz/small.h"

namespace {

using namespace dynode;

/// The model as it is once compiled: every block and mask.
StoredModel complete(const StoredModel& model) {
  const auto plan  = compile(model.spec, stored_options(model));
  const auto theta = stored_theta<double>(*plan, model, "fuzz.json");
  StoredModel out  = stored_model(model_tensors<double>(*plan, theta), "fuzz.json");
  out.spec = plan->spec;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const Value value = parse_json({reinterpret_cast<const char*>(data), size}, "fuzz.json");
    if (!is_small(value)) return 0;
    const StoredModel        model = complete(read_soen_json(value, "fuzz.json"));
    std::vector<std::string> notes;
    const std::string        text  = to_json(write_soen_json(model, notes));
    const StoredModel        again = complete(read_soen_json(parse_json(text, "again.json"), "again.json"));
    notes.clear();
    if (to_json(write_soen_json(again, notes)) != text) {
      std::fputs("an exported model does not come back\n", stderr);
      std::abort();
    }
  } catch (const Error&) {}
  return 0;
}
