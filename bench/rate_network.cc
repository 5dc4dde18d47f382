// Question: which fraction of the core's multiply-add peak does a whole training step of a recurrent rate network
// reach (forward, back-propagation through time, all weight, bias and time-constant gradients, update)?
//
// tanh CTRNN, N units, 2 inputs, 2 readouts, T = 200, float, one thread. % of peak counts 6·N²·B·T only, so it cannot
// reach 100 for small N: the roof of the forward pass is N/(N+20). Two lines have a tenth of the recurrent weights.
// Then: what do noise (fresh normal numbers for every row, step and unit) and recomputed segments cost? Networks take turns.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "calibrate.h"
#include "dynode/learn/objective.h"
#include "dynode/learn/optimizer.h"

using namespace dynode;

namespace {

/// Deviations of noise inside and outside of the activation.
struct Noise { double before = 0, after = 0; };

std::shared_ptr<const Plan> rate_network(int units, double density, Noise noise) {
  Spec spec;
  const auto layer = [&](int id, const char* type, Value params) {
    LayerSpec l;
    l.layer_id = id, l.layer_type = type, l.params = std::move(params);
    spec.layers.push_back(l);
  };
  layer(0, "Input", Value::map({{"dim", 2}}));
  layer(1, "CTRNN", Value::map({{"dim", units}, {"source_func", "tanh"}, {"tau", 50}, {"learn_alpha", true},
                               {"preact_noise", noise.before}, {"postact_noise", noise.after}}));
  layer(2, "Linear", Value::map({{"dim", 2}}));
  for (auto [from, to] : {std::pair{0, 1}, {1, 1}, {1, 2}}) {
    ConnectionSpec c;
    c.from_layer = from, c.to_layer = to, c.connection_type = "dense";
    c.params = Value::map({{"init", "fan_in_uniform"}, {"bias", "zero"}});
    if (from == to && density < 1) c.connection_type = "sparse", c.params.set("sparsity", density);
    spec.connections.push_back(c);
  }
  return compile(spec);
}

struct Times { double forward, step; };

Times measure(int units, double density, size_t rows, size_t steps, int threads, Noise noise = {}, AdjointPolicy adjoint = {}) {
  const auto plan = rate_network(units, density, noise);
  Engine<float> engine(plan, std::make_shared<Threads>(threads));
  std::vector<float> theta(plan->theta.begin(), plan->theta.end()), gradient(theta.size());
  Optimizer<float>   optimizer({.kind = OptimizerKind::adam}, theta.size());

  std::mt19937 random(1);
  std::uniform_real_distribution<float> u(-1, 1);
  std::vector<float> x(rows * steps * 2);
  std::vector<BatchTarget<float>> targets(1);
  for (float& v : x) v = u(random);
  for (size_t i = 0; i < rows * steps * 2; ++i) targets[0].values.push_back(u(random));
  Objective<float> objective(*plan, {{2, {.kind = Pooling::Kind::none}, &find_loss("mse"), {}, 1.0}});
  objective.set_batch(rows, steps, targets);
  RunInput<float> input{x.data(), rows, steps, {}};
  input.noise.training = true;
  auto options    = objective.options(steps);
  options.adjoint = adjoint;

  const double forward = bench::fastest([&] { engine.loss(input, objective.tile_loss(false), options); });
  int64_t updates = 0;
  const double step = bench::fastest([&] {
    input.noise.pass = uint64_t(updates);
    engine.gradient(input, objective.tile_loss(true), options, {gradient.data()});
    optimizer.step(theta, gradient, 1e-5, ++updates);
    engine.set_parameters(theta);
  });
  return {forward, step};
}

void row(int units, size_t rows, int threads, double density = 1) {
  const size_t steps = 200;
  const double peak  = bench::peak<float>();
  const Times  t     = measure(units, density, rows, steps, threads);
  const double flops = 6.0 * units * units * double(rows * steps);
  std::printf("%5d %5zu %8d %12.4f %12.4f %9.1f %9.0f\n", units, rows, threads, t.forward * 1e3, t.step * 1e3,
              flops / t.step / 1e9 / peak * 100, peak);
  std::fflush(stdout);
}

/// Training steps with noise or with recomputation, in % of the plain one: medians of networks that took turns.
void variants(int units, size_t rows) {
  struct Variant { const char* name; Noise noise; AdjointPolicy adjoint; };
  const Variant kinds[] = {{"plain", {}, {}},
                           {"noise before f", {0.1, 0}, {}},
                           {"noise after f", {0, 0.1}, {}},
                           {"both", {0.1, 0.1}, {}},
                           {"segments of 14 steps", {}, {.checkpoint_every = 14}}};
  constexpr int turns = 7;
  std::vector<std::vector<double>> times(std::size(kinds));
  for (int turn = 0; turn < turns; ++turn)
    for (size_t i = 0; i < times.size(); ++i)
      times[i].push_back(measure(units, 1, rows, 200, 1, kinds[i].noise, kinds[i].adjoint).step);
  for (auto& t : times) std::nth_element(t.begin(), t.begin() + turns / 2, t.end());
  for (size_t i = 0; i < times.size(); ++i)
    std::printf("%5d %5zu %-20s %12.4f %9.1f\n", units, rows, kinds[i].name, times[i][turns / 2] * 1e3,
                times[i][turns / 2] / times[0][turns / 2] * 100);
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("training step of a tanh rate network, T = 200, float\n");
  std::printf("    N     B  threads   forward ms      step ms    %% peak  GFLOP/s\n");
  if (argc > 1 && std::string(argv[1]) == "variants") {
    variants(100, 32);
    return 0;
  }
  if (argc > 2) {
    row(std::atoi(argv[1]), size_t(std::atoi(argv[2])), argc > 3 ? std::atoi(argv[3]) : 1, argc > 4 ? std::atof(argv[4]) : 1.0);
    return 0;
  }
  for (int units : {20, 50, 100, 256}) row(units, 32, 1);
  row(100, 1, 1);
  for (int threads : {1, 2}) row(100, 64, threads);
  for (int threads : {1, 2}) row(100, 256, threads);
  std::printf("dense, then 10 %% of the recurrent weights (%% of the dense work)\n");
  for (double density : {1.0, 0.1}) row(512, 32, 1, density);
  std::printf("noise on every unit, recomputed segments\n    N     B                           step ms  %% of plain\n");
  variants(100, 32);
}
