// Networks with LTC layers through the engine: gradients against differences, and the same bits however they are run.
#include <gtest/gtest.h>

#include "dynode/run/engine.h"
#include "dynode/run/network_test.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

/// Two sources side by side, a sparse wiring, a readout that feeds back.
const char* const kNetwork = R"(
seed: 3
simulation: {network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: LTC, params: {dim: 8, ode_unfolds: 2, init_state: learn,
     wiring: {type: AutoNCP, params: {output_size: 2}}}}
  - {layer_id: 2, layer_type: LTC, params: {dim: NEURONS, ode_unfolds: 3, positivity: none, input_mapping: linear,
     output_mapping: none, solver: SOLVER}}
  - {layer_id: 3, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
  - {from_layer: 3, to_layer: 1, connection_type: direct}
  - {from_layer: 1, to_layer: 2, connection_type: direct}
  - {from_layer: 0, to_layer: 2, connection_type: direct}
  - {from_layer: 2, to_layer: 3, connection_type: dense, params: {bias: zero}}
  - {from_layer: 1, to_layer: 3, connection_type: dense}
)";

template <class R>
struct Liquid {
  size_t                      rows, steps;
  std::shared_ptr<const Plan> plan;
  std::vector<R>              theta, x, spans, weight;

  Liquid(const std::string& solver, size_t rows_, size_t steps_, size_t first_row = 0, int neurons = 3)
      : rows(rows_), steps(steps_) {
    std::string text = kNetwork;
    text.replace(text.find("NEURONS"), 7, std::to_string(neurons));
    text.replace(text.find("SOLVER"), 6, solver);
    plan = compile(read_spec(parse_yaml(text, "net.yaml")));
    theta.assign(plan->theta.begin(), plan->theta.end());
    for (size_t row = 0; row < rows; ++row)
      for (size_t t = 0; t < steps; ++t) {
        for (size_t i = 0; i < 2; ++i) {
          x.push_back(R(normal_at("x", first_row + row, t, i)));
          weight.push_back(R(normal_at("weight", first_row + row, t, i)));
        }
        spans.push_back(t == 1 ? R(0) : R(1 + 0.5 * std::tanh(normal_at("span", first_row + row, t, 0))));
      }
  }
  RunInput<R> input() const { return {x.data(), rows, steps, {}, spans.data()}; }
  TileLoss<R> loss() const {
    return [this](const TileOutputs<R>& seen) {
      double sum = 0;
      for (size_t row = 0; row < seen.rows; ++row)
        for (size_t n = 0; n < steps * 2; ++n) {
          const double c = double(weight[(seen.first_row + row) * steps * 2 + n]);
          sum += c * double(seen.values[0][row * (steps + 1) * 2 + 2 + n]);
          seen.bars[0][row * (steps + 1) * 2 + 2 + n] += R(c);
        }
      return sum;
    };
  }
  GradientOptions options(size_t checkpoint_every = 0) const {
    GradientOptions options;
    options.watched = {plan->output}, options.first_entry = 1, options.adjoint.checkpoint_every = checkpoint_every;
    return options;
  }

  struct Result {
    double         loss;
    std::vector<R> theta, x, spans;
    bool           operator==(const Result&) const = default;
  };
  Result gradient(int threads = 1, size_t checkpoint_every = 0) const {
    Engine<R> engine(plan, std::make_shared<Threads>(threads));
    engine.set_parameters(theta);
    Result r{0, std::vector<R>(theta.size()), std::vector<R>(x.size()), std::vector<R>(spans.size())};
    r.loss = engine.gradient(input(), loss(), options(checkpoint_every), {r.theta.data(), r.x.data(), r.spans.data()});
    return r;
  }
};

TEST(LiquidNetwork, GradientsAreTheSlopesOfTheLossInBothLayouts) {
  for (const char* solver : {"fused", "rk4"})
    for (size_t rows : {size_t(2), dense_kernels<double>().width}) {
      Liquid<double> net(solver, rows, 3);
      const auto     g = net.gradient();
      Engine<double> engine(net.plan, std::make_shared<Threads>(1));
      const auto     check = [&](double exact, double& x, double h, const std::string& what) {
        const double here = x;
        const auto   at   = [&](double value) {
          x = value;
          engine.set_parameters(net.theta);
          return engine.loss(net.input(), net.loss(), net.options());
        };
        const double low   = here == 0 && what == "span" ? here : here - h;  // time does not run backwards
        const double slope = (at(here + h) - at(low)) / (here + h - low);
        x                  = here;
        ASSERT_NEAR(exact, slope, 1e-4 * (low == here) + 2e-7 * std::max(1.0, std::abs(slope)))
            << solver << ", " << what;
      };
      for (const Block& b : net.plan->parameters.blocks())
        for (size_t i = 0; i < b.size(); ++i) {
          if (b.mask.empty() || b.mask[i]) check(g.theta[b.offset + i], net.theta[b.offset + i], 1e-5, b.name);
          else EXPECT_EQ(g.theta[b.offset + i], 0) << b.name;
        }
      for (size_t i = 0; i < net.x.size(); ++i) check(g.x[i], net.x[i], 1e-5, "x");
      for (size_t i = 0; i < net.spans.size(); ++i) check(g.spans[i], net.spans[i], 1e-6, "span");
    }
}

TEST(LiquidNetwork, ThreadsAndCheckpointsLeaveNoTrace) {
  const Liquid<float> net("fused", 3 * dense_kernels<float>().width + 2, 9);
  const auto          once = net.gradient();
  EXPECT_EQ(net.gradient(2), once);
  EXPECT_EQ(net.gradient(1, 4), once);
}

TEST(LiquidNetwork, ARowDoesNotDependOnItsBatch) {
  const size_t rows = dense_kernels<float>().width + 1, steps = 4;
  for (int neurons : {3, 17}) {   // 17: more synapses than a row reads by vectors
    const Liquid<float> net("fused", rows, steps, 0, neurons);
    const auto          together = net.gradient();
    for (size_t row = 0; row < rows; ++row) {
      const auto alone = Liquid<float>("fused", 1, steps, row, neurons).gradient();
      for (size_t n = 0; n < steps * 2; ++n) ASSERT_EQ(alone.x[n], together.x[row * steps * 2 + n]) << "row " << row;
      for (size_t n = 0; n < steps; ++n) ASSERT_EQ(alone.spans[n], together.spans[row * steps + n]) << "row " << row;
    }
  }
}

TEST(LiquidNetwork, SpansOfOneAreTheDefaultTime) {
  Liquid<double> net("heun", 3, 5);
  Engine<double> engine(net.plan, std::make_shared<Threads>(1));
  net.spans.assign(net.spans.size(), 1.0);
  RunInput<double> without = net.input();
  without.spans            = nullptr;
  EXPECT_EQ(engine.loss(net.input(), net.loss(), net.options()), engine.loss(without, net.loss(), net.options()));
}

}  // namespace
}  // namespace dynode
