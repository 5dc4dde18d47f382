// Edges of NOCC connections that are walked with their wires have the bits of edges that are layers like others.
#include <gtest/gtest.h>

#include "dynode/run/network_test.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

/// More edges into a unit than lookups are done together, few, and none; a connection within a layer.
std::string net(const std::string& method, const std::string& more = "") {
  return R"(
simulation: {dt: 3, network_evaluation_method: )" + method + more + R"(}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 21}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 5}}
  - {layer_id: 2, layer_type: SingleDendrite, params: {dim: 3}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, mode: NOCC, connection_params: {beta: 30, beta_out: 9}, params: {init: uniform, min: -0.3, max: 0.3}}
  - {from_layer: 1, to_layer: 1, connection_type: sparse, mode: NOCC, connection_params: {beta: 20, beta_out: 5}, params: {structure: {type: sparse, params: {sparsity: 0.2}}, init: uniform, min: -0.3, max: 0.3}}
  - {from_layer: 1, to_layer: 2, connection_type: sparse, mode: NOCC, connection_params: {beta: 30, beta_out: 9, j_out: 0.6}, params: {structure: {type: sparse, params: {sparsity: 0.5}}, init: uniform, min: -0.3, max: 0.3}}
)";
}

/// Gradients as the engine forms them, and again with edges among what the loss watches (though it says nothing about
/// them): then they are layers like others.
template <class R>
void expect_same_bits(const std::string& yaml, size_t rows, const AdjointPolicy& policy, bool spans) {
  NetworkCase<R> c(read_spec(parse_yaml(yaml, "net.yaml")), rows, 23);
  auto           engine = c.engine();
  std::vector<R> times(rows * c.steps);
  for (size_t i = 0; i < times.size(); ++i) times[i] = R(2) + R(i % 7) / 4;
  const auto gradient = [&](std::vector<int> watched, std::vector<R>& spans_bar) {
    GradientOf<R>      g;
    GradientOutputs<R> to;
    g.theta.resize(c.theta.size()), g.x.resize(c.x.size()), spans_bar.resize(times.size());
    to.theta_bar = g.theta.data(), to.x_bar = g.x.data();
    if (spans) to.spans_bar = spans_bar.data();
    for (size_t i = 0; i < c.plan->layers.size(); ++i)
      for (size_t s = 0; s < c.plan->layers[i].cell->states.size(); ++s)
        g.initial.emplace_back(rows * c.plan->layers[i].units);
    for (size_t i = 0, n = 0; i < c.plan->layers.size(); ++i)
      for (size_t s = 0; s < c.plan->layers[i].cell->states.size(); ++s)
        to.initial_bar.push_back({int(i), int(s), g.initial[n++].data(), true});
    auto input = c.input();
    if (spans) input.spans = times.data();
    g.loss = engine->gradient(input, c.tile_loss(), {.watched = std::move(watched), .adjoint = policy}, to);
    return g;
  };
  c.watched             = {c.plan->output, c.plan->find_layer(1)};
  c.coefficients        = {c.coefficients[0], std::vector<R>(rows * (c.steps + 1) * 5, R(0.5))};
  std::vector<int> more = c.watched;
  for (size_t i = 0; i < c.plan->layers.size(); ++i)
    if (c.plan->layers[i].name.ends_with(".edges")) more.push_back(int(i));
  ASSERT_EQ(more.size(), 5u);

  std::vector<R>      times_bar, plain_times_bar;
  const GradientOf<R> wired = gradient(c.watched, times_bar), plain = gradient(more, plain_times_bar);
  EXPECT_EQ(wired.loss, plain.loss);
  EXPECT_EQ(wired.x, plain.x);
  EXPECT_EQ(wired.initial, plain.initial);
  for (const Block& b : c.plan->parameters.blocks())
    for (size_t i = b.offset; i < b.offset + b.size(); ++i)
      if (b.learnable) EXPECT_EQ(wired.theta[i], plain.theta[i]) << b.name;
      else EXPECT_NEAR(wired.theta[i], plain.theta[i], (sizeof(R) == 8 ? 1e-12 : 1e-3) * (1 + std::abs(plain.theta[i]))) << b.name;
  for (size_t i = 0; i < times_bar.size(); ++i)
    EXPECT_NEAR(times_bar[i], plain_times_bar[i], sizeof(R) == 8 ? 1e-12 : 1e-4);
}

template <class R> class Wired : public ::testing::Test {};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Wired, Precisions);

TYPED_TEST(Wired, EdgesHaveTheBitsOfLayers) {
  const size_t width = dense_kernels<TypeParam>().width;
  for (const char* method : {"stepwise_gauss_seidel", "stepwise_jacobi"})
    for (size_t rows : {width, 2 * width, 3 * width + 1}) expect_same_bits<TypeParam>(net(method), rows, {}, false);
}

TYPED_TEST(Wired, AlsoInSegmentsCutOffAndWithTimesOfTheirOwn) {
  const size_t width = dense_kernels<TypeParam>().width;
  expect_same_bits<TypeParam>(net("stepwise_gauss_seidel"), width, {.checkpoint_every = 5}, false);
  expect_same_bits<TypeParam>(net("stepwise_jacobi"), width, {.truncate_every = 4}, false);
  expect_same_bits<TypeParam>(net("stepwise_gauss_seidel"), width, {}, true);
}

}  // namespace
}  // namespace dynode
