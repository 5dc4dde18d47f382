// Activity of whole networks.
#include "dynode/models/criticality.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

Model network(const char* weight) {
  return Model::from_spec(read_spec(parse_yaml(std::string(R"(
simulation: {dt: 1, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 1}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 1, source_func: ReLU, phi_offset: 0.0, gamma_plus: 1.0, gamma_minus: 1.0}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: constant, params: {value: 1}}}}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {init: {name: constant, params: {value: )") + weight + "}}}}\n")),
                          {.precision = Precision::float64});
}

// s[t+1] = x + w s[t]: a pulse leaves 1, w, w², …
TEST(NetworkCriticality, OfAUnitThatFeedsItself) {
  Model       model = network("0.8");
  const Array x{{1, 30, 1}, [] { std::vector<double> v(30, 0.0); v[0] = 1; return v; }()};
  const auto  found = criticality(model, x);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].layer_id, 1);
  EXPECT_NEAR(found[0].branching, 0.8, 1e-12);           // each step sends 0.8 of what arrived
  EXPECT_NEAR(found[0].log_expansion, std::log(0.8), 1e-6);
  EXPECT_EQ(found[0].avalanches.durations, std::vector<double>{11});   // 0.8^10 > 0.1 > 0.8^11
}

TEST(NetworkCriticality, GrowthIsSeen) {
  Model       model = network("1.1");
  const Array x{{1, 20, 1}, [] { std::vector<double> v(20, 0.0); v[0] = 1; return v; }()};
  const auto  found = criticality(model, x);
  EXPECT_NEAR(found[0].branching, 1.1, 1e-12);
  EXPECT_NEAR(found[0].log_expansion, std::log(1.1), 1e-6);
}

}  // namespace
}  // namespace dynode
