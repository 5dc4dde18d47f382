// Fuzz harness of networks: no spec and no model file may do more than raise a dynode::Error. What can be built runs
// two steps forward and back, in numbers that may stop being finite.
//
// The first byte chooses: even a spec in YAML, odd a model file. Whole numbers above 64 are left to the tests: they ask
// for more memory, not for other code.
#include <cstdint>
#include <string_view>
#include <vector>

#include "dynode/io/model_file.h"
#include "dynode/plan/plan.h"
#include "dynode/run/engine.h"
#include "dynode/spec/yaml.h"
#include "fuzz/small.h"

namespace {

using namespace dynode;

void run(const std::shared_ptr<const Plan>& plan, const std::vector<float>& theta) {
  Engine<float> engine(plan, std::make_shared<Threads>(1));
  engine.set_parameters(theta);
  const size_t             rows = 2, steps = 2;
  const std::vector<float> x(rows * steps * plan->input_width(), 0.5f);
  std::vector<float>       theta_bar(theta.size());
  RunInput<float>          input;
  input.x = x.data(), input.rows = rows, input.steps = steps;
  engine.simulate(input, {});   // spikes have no gradient
  GradientOptions options;
  options.watched = {plan->output};
  GradientOutputs<float> outputs;
  outputs.theta_bar = theta_bar.data();
  engine.gradient(input, [](const TileOutputs<float>&) { return 0.0; }, options, outputs);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  try {
    if (data[0] % 2 == 0) {
      const Value value = parse_yaml(bytes, "fuzz.yaml");
      if (!is_small(value)) return 0;
      const auto plan = compile(read_spec(value));
      run(plan, {plan->theta.begin(), plan->theta.end()});
    } else {
      const TensorFile file = parse_safetensors(bytes, "fuzz.dynode");
      const Spec       spec = model_spec(file, "fuzz.dynode");
      if (!is_small(write_spec(spec))) return 0;
      const auto plan = compile(spec, model_options(file));
      run(plan, model_theta<float>(*plan, file, "fuzz.dynode"));
    }
  } catch (const Error&) {}
  return 0;
}
