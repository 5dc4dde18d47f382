// A user's first program: builds a network, runs it, and asks for an exact gradient, with the installed library.
#include <cmath>
#include <cstdio>
#include <dynode/dynode.h>

int main() {
  using namespace dynode;
  Spec spec = read_spec(Value::map({
      {"layers", Value::list_of({Value::map({{"layer_id", 0}, {"layer_type", "Input"}, {"params", Value::map({{"dim", 2}})}}),
                                 Value::map({{"layer_id", 1}, {"layer_type", "CTRNN"}, {"params", Value::map({{"dim", 3}})}})})},
      {"connections", Value::list_of({Value::map({{"from_layer", 0}, {"to_layer", 1}, {"connection_type", "dense"}})})}}));
  Model   model = Model::from_spec(spec);
  Array   input{{1, 5, 2}, std::vector<float>(10, 1.0f)};
  Results run   = model.simulate(input);
  std::printf("output %g\n", run.at("output").as_double().back());

  Gradient gradient = model.gradient(input, {{.loss = "mse", .target = Array{{1, 5, 3}, std::vector<float>(15, 0.5f)}}});
  std::printf("loss %g\n", gradient.loss);

  try {
    Model::load("missing.yaml");
  } catch (const IoError& error) {
    std::printf("%s\n", error.what());
  }
  return std::isfinite(gradient.loss) ? 0 : 1;
}
