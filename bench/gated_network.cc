// Question: how long does a training step (without the update) of a gated recurrent network take?
//
// GRU, LSTM, N inputs, N units, 2 readouts, T = 200, float, one thread. % of peak counts the recurrent products of
// forward pass, adjoint and weight gradient, of inputs as of states: 12·gates·N²·B·T.
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "calibrate.h"
#include "dynode/learn/objective.h"

using namespace dynode;

namespace {

void row(const std::string& type, int units, size_t rows, double peak) {
  const size_t steps = 200, inputs = size_t(units);
  Spec spec;
  const auto layer = [&](int id, const std::string& kind, int dim) {
    LayerSpec l;
    l.layer_id = id, l.layer_type = kind, l.params = Value::map({{"dim", dim}});
    spec.layers.push_back(l);
  };
  layer(0, "Input", units), layer(1, type, units), layer(2, "Linear", 2);
  for (int from : {0, 1}) {
    ConnectionSpec c;
    c.from_layer = from, c.to_layer = from + 1, c.connection_type = from == 0 ? "one_to_one" : "dense";
    c.learnable  = from != 0;   // the gates weigh the inputs
    c.params     = from == 0 ? Value::map({{"init", "constant"}, {"value", 1.0}})
                             : Value::map({{"init", "fan_in_uniform"}, {"bias", "zero"}});
    spec.connections.push_back(c);
  }
  const auto plan = compile(spec);
  Engine<float> engine(plan, std::make_shared<Threads>(1));
  std::mt19937 random(1);
  std::uniform_real_distribution<float> u(-1, 1);
  std::vector<float> x(rows * steps * inputs), gradient(plan->parameters.size());
  std::vector<BatchTarget<float>> targets(1);
  for (float& v : x) v = u(random);
  for (size_t i = 0; i < rows * steps * 2; ++i) targets[0].values.push_back(u(random));
  Objective<float> objective(*plan, {{plan->output, {.kind = Pooling::Kind::none}, &find_loss("mse"), {}, 1.0}});
  objective.set_batch(rows, steps, targets);
  const RunInput<float> input{x.data(), rows, steps, {}};
  const auto   options = objective.options(steps);
  const double forward = bench::fastest([&] { engine.loss(input, objective.tile_loss(false), options); });
  const double both    = bench::fastest([&] { engine.gradient(input, objective.tile_loss(true), options, {gradient.data()}); });
  const double gates   = type == "GRU" ? 3 : 4;
  const double flops   = 12.0 * gates * units * units * double(rows * steps);
  std::printf("%5s %5d %5zu %12.4f %14.4f %8.1f\n", type.c_str(), units, rows, forward * 1e3, both * 1e3, 100 * flops / both / 1e9 / peak);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const double peak = bench::peak<float>();
  std::printf("gated networks, T = 200, float, one thread; peak %.0f GFLOP/s\n", peak);
  std::printf(" kind     N     B   forward ms   fwd + bwd ms   %% peak\n");
  if (argc > 3) {
    row(argv[1], std::atoi(argv[2]), size_t(std::atoi(argv[3])), peak);
    return 0;
  }
  for (const char* type : {"GRU", "LSTM"}) row(type, 100, 1, peak), row(type, 100, 32, peak);
}
