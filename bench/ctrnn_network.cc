// Question: how long do forward, back-propagation through time and all gradients of an nn4n network take, and what do
// masks, Dale's law and their enforcement add?
//
// tanh CTRNN, H units, 3 inputs, 2 readouts, mean square error, float, one thread. masks: random halves of all
// connections are absent; dale: every weight has a sign. Both include the update, as the constraints belong to it.
//
//   ctrnn_network [H B T [density]]     one line; without numbers the table. Variants take turns; medians.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "calibrate.h"
#include "dynode/learn/objective.h"
#include "dynode/learn/optimizer.h"
#include "dynode/models/ctrnn.h"

using namespace dynode;

namespace {

struct Variant {
  const char* name;
  double      density = 1;       // of the recurrent weights
  bool        masks = false, dale = false;
};

struct Network {
  std::shared_ptr<const Plan>     plan;
  std::unique_ptr<Engine<float>>  engine;
  std::vector<float>              theta, gradient, x;
  std::vector<BatchTarget<float>> targets = std::vector<BatchTarget<float>>(1);
  std::unique_ptr<Objective<float>> objective;
  std::unique_ptr<Optimizer<float>> optimizer;
  RunInput<float>                 input;
  int64_t                         updates = 0;

  Network(int64_t units, size_t rows, size_t steps, const Variant& v) {
    std::mt19937                           random(1);
    std::uniform_real_distribution<double> u(0, 1);
    const auto drawn = [&](int64_t pre, int64_t post, double density) {
      std::vector<double> on(size_t(pre * post));
      for (double& x : on) x = u(random) < density;
      return Array{{pre, post}, on};
    };
    ctrnn::CTRNNOptions o{.dims = {3, units, 2}, .activation = "tanh", .biases = "zero", .tau = 50};
    if (v.density < 1) o.sparsity_masks.hidden = drawn(units, units, v.density);
    if (v.masks) o.sparsity_masks = {drawn(3, units, 0.5), drawn(units, units, 0.5), drawn(units, 2, 0.5)};
    if (v.dale) {
      std::vector<double> sign(size_t(units), 1.0);
      for (size_t i = sign.size() * 4 / 5; i < sign.size(); ++i) sign[i] = -1;
      o.ei_masks = {Array{{3}, std::vector<double>{1, 1, 1}}, Array{{units}, sign}, Array{{units}, sign}};
    }
    plan   = compile(ctrnn::write_spec(o));
    engine = std::make_unique<Engine<float>>(plan, std::make_shared<Threads>(1));
    theta.assign(plan->theta.begin(), plan->theta.end());
    gradient.resize(theta.size());
    for (size_t i = 0; i < rows * steps * 3; ++i) x.push_back(float(u(random) - 0.5));
    for (size_t i = 0; i < rows * steps * 2; ++i) targets[0].values.push_back(float(u(random) - 0.5));
    objective = std::make_unique<Objective<float>>(*plan, std::vector<ObjectiveTerm>{{2, {.kind = Pooling::Kind::none}, &find_loss("mse"), {}, 1.0}});
    objective->set_batch(rows, steps, targets);
    optimizer = std::make_unique<Optimizer<float>>(OptimizerSettings{.kind = OptimizerKind::sgd}, theta.size());
    input     = {x.data(), rows, steps, {}};
    engine->set_parameters(theta);
  }

  void pass() { objective->gradient(*engine, input, {}, {gradient.data()}); }
  void update() {
    pass();
    optimizer->step(theta, gradient, 1e-5, ++updates);
    project(plan->parameters, theta.data());
    engine->set_parameters(theta);
  }
};

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + ptrdiff_t(values.size() / 2), values.end());
  return values[values.size() / 2];
}

/// ms of forward and backward, and of a whole update, each the median of turns.
void table(int64_t units, size_t rows, size_t steps, const std::vector<Variant>& variants, int turns) {
  std::vector<Network>             networks;
  std::vector<std::vector<double>> passes(variants.size()), updates(variants.size());
  networks.reserve(variants.size());
  for (const Variant& v : variants) networks.emplace_back(units, rows, steps, v);
  for (int turn = 0; turn < turns; ++turn)
    for (size_t i = 0; i < variants.size(); ++i) {
      passes[i].push_back(bench::fastest([&] { networks[i].pass(); }, 0.1));
      updates[i].push_back(bench::fastest([&] { networks[i].update(); }, 0.1));
    }
  for (size_t i = 0; i < variants.size(); ++i)
    std::printf("%5d %5zu %5zu %-22s %10.3f %10.3f %9.1f\n", int(units), rows, steps, variants[i].name, median(passes[i]) * 1e3,
                median(updates[i]) * 1e3, median(updates[i]) / median(updates[0]) * 100);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("    H     B     T network                   pass ms  update ms  %% of 1st\n");
  if (argc > 3) {
    table(std::atoi(argv[1]), size_t(std::atoi(argv[2])), size_t(std::atoi(argv[3])),
          {{.name = "plain", .density = argc > 4 ? std::atof(argv[4]) : 1.0}}, 3);
    return 0;
  }
  const std::vector<Variant> kinds = {{.name = "plain"}, {.name = "masks", .masks = true}, {.name = "Dale", .dale = true},
                                      {.name = "masks and Dale", .masks = true, .dale = true}};
  table(50, 16, 100, kinds, 9);
  table(100, 32, 200, kinds, 7);
  table(512, 64, 200, {{.name = "plain"}, {.name = "10 % of the weights", .density = 0.1}}, 3);
}
