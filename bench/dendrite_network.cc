// Question: how long does forward and back-propagation of a recurrent net of superconducting dendrites take, with the
// rate table, a dense recurrent connection and all gradients?
//
// N dendrites, 8 inputs, T = 200, float. Gup/s: dendrite updates per second (forward and adjoint together).
#include <cstdio>
#include <cstdlib>
#include <random>

#include "calibrate.h"
#include "dynode/learn/objective.h"

using namespace dynode;

namespace {

std::shared_ptr<const Plan> dendrites(int units) {
  Spec spec;
  const auto layer = [&](int id, const char* type, int dim) {
    LayerSpec l;
    l.layer_id = id, l.layer_type = type, l.params = Value::map({{"dim", dim}});
    spec.layers.push_back(l);
  };
  layer(0, "Input", 8), layer(1, "SingleDendrite", units);
  for (int from : {0, 1}) {
    ConnectionSpec c;
    c.from_layer = from, c.to_layer = 1, c.connection_type = "dense";
    c.params = Value::map({{"init", "fan_in_uniform"}});
    spec.connections.push_back(c);
  }
  return compile(spec);
}

void row(int units, size_t rows, int threads) {
  const size_t steps = 200;
  const auto   plan  = dendrites(units);
  Engine<float> engine(plan, std::make_shared<Threads>(threads));
  std::mt19937 random(1);
  std::uniform_real_distribution<float> u(0, 0.5f);
  std::vector<float> x(rows * steps * 8), gradient(plan->parameters.size());
  for (float& v : x) v = u(random);
  std::vector<BatchTarget<float>> targets(1);
  targets[0].values.assign(rows * size_t(units), 0.1f);
  Objective<float> objective(*plan, {{1, {.kind = Pooling::Kind::final}, &find_loss("mse"), {}, 1.0}});
  objective.set_batch(rows, steps, targets);
  const RunInput<float> input{x.data(), rows, steps, {}};
  const auto   options = objective.options(steps);
  const double forward = bench::fastest([&] { engine.loss(input, objective.tile_loss(false), options); });
  const double both    = bench::fastest([&] { engine.gradient(input, objective.tile_loss(true), options, {gradient.data()}); });
  std::printf("%5d %5zu %8d %12.4f %14.4f %9.3f\n", units, rows, threads, forward * 1e3, both * 1e3,
              double(units) * double(rows * steps) / both / 1e9);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("recurrent dendrites with rate table, T = 200, float\n");
  std::printf("    N     B  threads   forward ms   fwd + bwd ms    Gup/s\n");
  if (argc > 2) {
    row(std::atoi(argv[1]), size_t(std::atoi(argv[2])), argc > 3 ? std::atoi(argv[3]) : 1);
    return 0;
  }
  row(50, 1, 1);
  row(50, 32, 1);
  for (int threads : {1, 2}) row(50, 64, threads);
}
