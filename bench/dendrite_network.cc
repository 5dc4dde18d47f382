// Question: how long does forward and back-propagation of superconducting dendrites take, with the rate table, dense
// connections and all gradients?
//
//   dendrite_network                               N recurrent dendrites, 8 inputs, T = 200, float
//   dendrite_network N B [threads]                 the same, one line
//   dendrite_network 16-128-10 T B [recurrent]     inputs, dendrites, dendrites …; recurrent: within the first layer
//
// Gup/s: dendrite updates per second (forward and adjoint together).
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "calibrate.h"
#include "dynode/learn/objective.h"

using namespace dynode;

namespace {

struct Net {
  std::vector<int> sizes;   // of the inputs, then of layers of dendrites
  bool             recurrent;
};

std::shared_ptr<const Plan> compiled(const Net& net) {
  Spec spec;
  for (size_t i = 0; i < net.sizes.size(); ++i) {
    LayerSpec l;
    l.layer_id = int(i), l.layer_type = i ? "SingleDendrite" : "Input", l.params = Value::map({{"dim", net.sizes[i]}});
    spec.layers.push_back(l);
  }
  const auto connect = [&](int from, int to) {
    ConnectionSpec c;
    c.from_layer = from, c.to_layer = to, c.connection_type = "dense";
    c.params = Value::map({{"init", "fan_in_uniform"}});
    spec.connections.push_back(c);
  };
  for (int i = 1; i < int(net.sizes.size()); ++i) connect(i - 1, i);
  if (net.recurrent) connect(1, 1), spec.simulation.network_evaluation_method = Evaluation::stepwise_gauss_seidel;
  return compile(spec);
}

void row(const Net& net, size_t steps, size_t rows, int threads) {
  const auto    plan = compiled(net);
  const size_t  in = size_t(net.sizes.front()), out = size_t(net.sizes.back());
  Engine<float> engine(plan, std::make_shared<Threads>(threads));
  std::mt19937  random(1);
  std::uniform_real_distribution<float> u(0, 0.5f);
  std::vector<float> x(rows * steps * in), gradient(plan->parameters.size());
  for (float& v : x) v = u(random);
  std::vector<BatchTarget<float>> targets(1);
  targets[0].values.assign(rows * out, 0.1f);
  Objective<float> objective(*plan, {{plan->output, {.kind = Pooling::Kind::final}, &find_loss("mse"), {}, 1.0}});
  objective.set_batch(rows, steps, targets);
  const RunInput<float> input{x.data(), rows, steps, {}};
  const auto   options = objective.options(steps);
  const double forward = bench::fastest([&] { engine.loss(input, objective.tile_loss(false), options); });
  const double both    = bench::fastest([&] { engine.gradient(input, objective.tile_loss(true), options, {gradient.data()}); });
  int units = 0;
  for (size_t i = 1; i < net.sizes.size(); ++i) units += net.sizes[i];
  std::printf("%5d %5zu %8d %12.4f %14.4f %9.3f\n", units, rows, threads, forward * 1e3, both * 1e3,
              double(units) * double(rows * steps) / both / 1e9);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("dendrites with rate table, float\n");
  std::printf("units     B  threads   forward ms   fwd + bwd ms    Gup/s\n");
  const auto recurrent = [](int units) { return Net{{8, units}, true}; };
  if (argc > 3 && std::strchr(argv[1], '-')) {
    Net net{{}, argc > 4};
    for (const char* at = argv[1]; at; at = std::strchr(at, '-'), at += at != nullptr) net.sizes.push_back(std::atoi(at));
    row(net, size_t(std::atoi(argv[2])), size_t(std::atoi(argv[3])), 1);
    return 0;
  }
  if (argc > 2) {
    row(recurrent(std::atoi(argv[1])), 200, size_t(std::atoi(argv[2])), argc > 3 ? std::atoi(argv[3]) : 1);
    return 0;
  }
  row(recurrent(50), 200, 1, 1);
  row(recurrent(50), 200, 32, 1);
  for (int threads : {1, 2}) row(recurrent(50), 200, 64, threads);
}
