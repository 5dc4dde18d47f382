// Question: how long does forward and back-propagation of a network of programmable connections take (NOCC: two SQUIDs
// per weight)?
//
// 16 inputs → 64 dendrites → 10 dendrites, every weight a circuit, T = 100, float. Medges/s: edge updates per second.
#include <cstdio>
#include <cstdlib>
#include <random>

#include "calibrate.h"
#include "dynode/learn/objective.h"

using namespace dynode;

namespace {

void row(size_t rows, int threads) {
  const size_t steps = 100;
  Spec spec;
  const auto layer = [&](int id, const char* type, int dim) {
    LayerSpec l;
    l.layer_id = id, l.layer_type = type, l.params = Value::map({{"dim", dim}});
    spec.layers.push_back(l);
  };
  layer(0, "Input", 16), layer(1, "SingleDendrite", 64), layer(2, "SingleDendrite", 10);
  for (auto [from, to] : {std::pair{0, 1}, {1, 2}}) {
    ConnectionSpec c;
    c.from_layer = from, c.to_layer = to, c.connection_type = "dense", c.mode = "NOCC";
    c.params = Value::map({{"init", "uniform"}, {"min", -0.2}, {"max", 0.2}});
    spec.connections.push_back(c);
  }
  const auto plan = compile(spec);
  Engine<float> engine(plan, std::make_shared<Threads>(threads));
  std::mt19937 random(1);
  std::uniform_real_distribution<float> u(0, 0.5f);
  std::vector<float> x(rows * steps * 16), gradient(plan->parameters.size());
  for (float& v : x) v = u(random);
  std::vector<BatchTarget<float>> targets(1);
  targets[0].values.assign(rows * 10, 0.1f);
  Objective<float> objective(*plan, {{plan->output, {.kind = Pooling::Kind::final}, &find_loss("mse"), {}, 1.0}});
  objective.set_batch(rows, steps, targets);
  const RunInput<float> input{x.data(), rows, steps, {}};
  const auto   options = objective.options(steps);
  const double forward = bench::fastest([&] { engine.loss(input, objective.tile_loss(false), options); });
  const double both    = bench::fastest([&] { engine.gradient(input, objective.tile_loss(true), options, {gradient.data()}); });
  const double edges   = double(16 * 64 + 64 * 10) * double(rows * steps);
  std::printf("%5zu %8d %12.4f %14.4f %11.1f\n", rows, threads, forward * 1e3, both * 1e3, edges / both / 1e6);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("NOCC network 16-64-10, T = 100, float\n");
  std::printf("    B  threads   forward ms   fwd + bwd ms    Medges/s\n");
  if (argc > 1) {
    row(size_t(std::atoi(argv[1])), argc > 2 ? std::atoi(argv[2]) : 1);
    return 0;
  }
  row(1, 1), row(16, 1), row(64, 1), row(64, 2);
}
