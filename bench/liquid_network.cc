// Question: how many synapses of LTC networks are updated per second, forward and with the adjoint, and how far is that
// from what the core could do?
//
// 8 inputs → 50 neurons, 6 sub-steps, T = 50, float. An update of a synapse in a sub-step is 12 vector instructions
// (argument, power of two, sum, quotient, two sums), so the limit is 1/24 of the core's peak in FLOP/s; the once-per-step
// synapses of the inputs are work that is not counted.
//
//   liquid_network LTC|CfC inputs units outputs rows steps     one network: its training step without the update, for
//                                                              against_torch.py; outputs 0: no wiring, else AutoNCP
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "calibrate.h"
#include "dynode/learn/objective.h"

using namespace dynode;

namespace {

/// Forward and adjoint of one network, with the loss on all its outputs, in one thread.
void network(const std::string& type, int inputs, int units, int outputs, size_t rows, size_t steps) {
  Spec spec;
  spec.layers.push_back({.layer_id = 0, .layer_type = "Input", .params = Value::map({{"dim", inputs}})});
  Value params = Value::map({{"dim", units}});
  if (outputs)
    params.set("wiring", Value::map({{"type", "AutoNCP"}, {"params", Value::map({{"output_size", outputs}})}}));
  spec.layers.push_back({.layer_id = 1, .layer_type = type, .params = params});
  spec.connections.push_back({.from_layer = 0, .to_layer = 1, .connection_type = "direct"});
  const auto    plan = compile(spec);
  Engine<float> engine(plan, std::make_shared<Threads>(1));

  std::mt19937                          random(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float>                    x(rows * steps * size_t(inputs)), gradient(plan->parameters.size());
  for (float& v : x) v = uniform(random);
  std::vector<BatchTarget<float>> targets(1);
  targets[0].values.assign(rows * steps * plan->layers[size_t(plan->output)].units, 0.1f);
  Objective<float> objective(*plan, {{plan->output, {.kind = Pooling::Kind::none}, &find_loss("mse"), {}, 1.0}});
  objective.set_batch(rows, steps, targets);
  const RunInput<float> input{x.data(), rows, steps, {}};
  const auto            options = objective.options(steps);
  const double forward = bench::fastest([&] { engine.loss(input, objective.tile_loss(false), options); });
  const double both =
      bench::fastest([&] { engine.gradient(input, objective.tile_loss(true), options, {gradient.data()}); });
  std::printf("kind  inputs  units  outputs     B     T   forward ms  fwd+adjoint ms\n");
  std::printf("%4s %7d %6d %8d %5zu %5zu %12.4f %15.4f\n", type.c_str(), inputs, units, outputs, rows, steps,
              forward * 1e3, both * 1e3);
}

void row(const char* wiring, size_t rows, int threads) {
  constexpr size_t kInputs = 8, kSteps = 50, kUnits = 50, kSubSteps = 6;
  Spec             spec;
  spec.layers.push_back({.layer_id = 0, .layer_type = "Input", .params = Value::map({{"dim", int64_t(kInputs)}})});
  Value params = Value::map({{"dim", int64_t(kUnits)}, {"ode_unfolds", int64_t(kSubSteps)}});
  if (std::string(wiring) == "AutoNCP")
    params.set("wiring", Value::map({{"type", wiring}, {"params", Value::map({{"output_size", 4}})}}));
  spec.layers.push_back({.layer_id = 1, .layer_type = "LTC", .params = params});
  spec.connections.push_back({.from_layer = 0, .to_layer = 1, .connection_type = "direct"});
  const auto    plan = compile(spec);
  Engine<float> engine(plan, std::make_shared<Threads>(threads));

  std::mt19937                          random(1);
  std::uniform_real_distribution<float> uniform(0, 1);
  std::vector<float>                    x(rows * kSteps * kInputs), gradient(plan->parameters.size());
  for (float& v : x) v = uniform(random);
  std::vector<BatchTarget<float>> targets(1);
  targets[0].values.assign(rows * plan->layers[size_t(plan->output)].units, 0.1f);
  Objective<float> objective(*plan, {{plan->output, {.kind = Pooling::Kind::final}, &find_loss("mse"), {}, 1.0}});
  objective.set_batch(rows, kSteps, targets);
  const RunInput<float> input{x.data(), rows, kSteps, {}};
  const auto            options = objective.options(kSteps);

  const double peak    = bench::peak<float>() * threads;
  const double forward = bench::fastest([&] { engine.loss(input, objective.tile_loss(false), options); });
  const double both =
      bench::fastest([&] { engine.gradient(input, objective.tile_loss(true), options, {gradient.data()}); });
  const size_t synapses = plan->layers[size_t(plan->find_core(1))].synapses->column.size();
  const double updates  = double(synapses * kSubSteps * kSteps * rows) / 1e9;
  std::printf("%-15s %8zu %5zu %8d %11.3f %15.3f %9.2f %5.0f %% %12.2f\n", wiring, synapses, rows, threads,
              forward * 1e3, both * 1e3, updates / forward, 100 * updates / forward / (peak / 24), updates / both);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 6) {
    network(argv[1], std::atoi(argv[2]), std::atoi(argv[3]), std::atoi(argv[4]), size_t(std::atoi(argv[5])),
            size_t(std::atoi(argv[6])));
    return 0;
  }
  std::printf("LTC, 8 inputs, 50 neurons, 6 sub-steps, T = 50, float; peak %.0f GFLOP/s\n", bench::peak<float>());
  std::printf("wiring          synapses     B  threads  forward ms  fwd+adjoint ms    Gsyn/s  limit  Gsyn/s both\n");
  for (const char* wiring : {"FullyConnected", "AutoNCP"})
    for (size_t rows : {size_t(1), size_t(32)}) row(wiring, rows, 1);
  row("FullyConnected", 64, 2);
}
