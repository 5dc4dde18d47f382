// Question: how long does a trial of a rate network with Dale's law take to learn from?
//
// The network of spikeRNN: sigmoid units, one input, one readout, 20 % of the recurrent weights, learnt time constants,
// noise in every step, loss l2, float, one thread. pass: forward, backward and all gradients; update: with Adam.
//
//   dale_network [N B T]     one line; without numbers the table
#include <cstdio>
#include <cstdlib>

#include "calibrate.h"
#include "dynode/learn/objective.h"
#include "dynode/learn/optimizer.h"
#include "dynode/models/rate.h"

using namespace dynode;

namespace {

void line(int units, size_t rows, size_t steps) {
  const rate::RateRNN net({.N = units}, {.seed = 1});
  const auto          plan = std::make_shared<const Plan>(net.model().plan());
  Engine<float>       engine(plan, std::make_shared<Threads>(1));
  std::vector<float>  theta(plan->theta.begin(), plan->theta.end()), gradient(theta.size()), x(rows * steps);
  std::vector<BatchTarget<float>> targets(1);
  targets[0].values.resize(rows * steps);
  for (size_t row = 0; row < rows; ++row)
    for (size_t t = 0; t < steps; ++t) {
      x[row * steps + t]                 = row % 2 == 0 && t >= steps / 4 && t < steps * 3 / 8;
      targets[0].values[row * steps + t] = row % 2 == 0 && t >= steps * 3 / 8;
    }
  Objective<float> objective(*plan, {{2, {.kind = Pooling::Kind::none}, &find_loss("l2"), {}, 1.0}});
  objective.set_batch(rows, steps, targets);
  std::vector<ParameterBlock> blocks;
  for (const Block& b : plan->parameters.blocks())
    blocks.push_back({.begin = b.offset, .end = b.offset + b.size(), .frozen = !b.learnable});
  Optimizer<float> optimizer({.kind = OptimizerKind::adam}, theta.size(), blocks);
  RunInput<float>  input{x.data(), rows, steps, {}};
  engine.set_parameters(theta);

  int64_t    updates = 0;
  const auto pass    = [&] {
    input.noise = {.on = true, .training = true, .pass = uint64_t(updates++)};
    objective.gradient(engine, input, {}, {gradient.data()});
  };
  const auto update = [&] {
    pass();
    optimizer.step(theta, gradient, 1e-6, updates);
    project(plan->parameters, theta.data());
    engine.set_parameters(theta);
  };
  const double seconds = bench::fastest(pass), whole = bench::fastest(update);
  std::printf("%5d %5zu %5zu %10.4f %10.4f %12.0f\n", units, rows, steps, seconds * 1e3, whole * 1e3, double(rows) / whole);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("    N     B     T    pass ms  update ms     trials/s\n");
  if (argc > 3) {
    line(std::atoi(argv[1]), size_t(std::atoi(argv[2])), size_t(std::atoi(argv[3])));
    return 0;
  }
  for (const auto& [units, rows] : {std::pair{100, 1}, {200, 1}, {200, 16}, {200, 32}, {400, 1}})
    line(units, size_t(rows), 200);
}
