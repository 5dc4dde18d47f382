// Fixed weights as programmable ones.
#include "dynode/models/programmable_conversion.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

Model network(const std::string& weights = "{name: uniform, params: {min: -0.1, max: 0.1}}", const char* more = "") {
  return Model::from_spec(read_spec(parse_yaml(std::string(R"(
seed: 3
simulation: {dt: 20}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 3)") + more + R"(}}
  - {layer_id: 1, layer_type: Linear, params: {dim: 4}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: sparse, params: {sparsity: 0.7, init: )" + weights + "}}\n")),
                          {.precision = Precision::float64});
}

class Conversion : public testing::TestWithParam<const char*> {};

TEST_P(Conversion, AtRestUnderASmallInputNothingChanges) {
  Model      fixed     = network();
  const auto converted = make_programmable(fixed, {.mode = GetParam()});
  ASSERT_EQ(converted.connections.size(), 1u);
  EXPECT_EQ(converted.connections[0].clipped, 0u);
  Model programmable = Model::from_stored(converted.model, {.precision = Precision::float64});
  // one source at a time: circuits of several saturate together
  for (size_t source = 0; source < 3; ++source) {
    std::vector<double> x(2000 * 3);
    for (size_t t = 0; t < 2000; ++t) x[t * 3 + source] = 0.1 / 0.38;
    const Array               input{{1, 2000, 3}, x};
    const std::vector<double> a = fixed.simulate(input).at("output").as_double(), b = programmable.simulate(input).at("output").as_double();
    for (size_t i = 2000 * 4; i < 2001 * 4; ++i) EXPECT_NEAR(b[i], a[i], 2e-4) << source;
    double largest = 0;
    for (size_t i = 2000 * 4; i < 2001 * 4; ++i) largest = std::max(largest, std::abs(a[i]));
    EXPECT_GT(largest, 0.005);
  }
}
INSTANTIATE_TEST_SUITE_P(Modes, Conversion, testing::Values("WICC", "NOCC"));

TEST(ProgrammableConversion, WeightsBeyondTheGainsAreClippedAndTold) {
  const auto converted = make_programmable(network("{name: constant, params: {value: 50}}"));
  EXPECT_EQ(converted.connections[0].clipped, converted.connections[0].weights);
  EXPECT_GT(converted.connections[0].high, 0);
  ASSERT_FALSE(converted.model.notes.empty());
  EXPECT_NE(converted.model.notes.back().find("were clipped"), std::string::npos);
}

TEST(ProgrammableConversion, TheBranchIsInvertedWhereItIs) {
  const GainBranch rising{{-0.2, 0, 0.1}, {-1, 0, 2}}, falling{{-0.2, 0, 0.1}, {1, 0, -2}};
  bool             clipped = true;
  EXPECT_DOUBLE_EQ(rising.invert(1, clipped), 0.05);
  EXPECT_FALSE(clipped);
  EXPECT_DOUBLE_EQ(falling.invert(-0.5, clipped), 0.025);
  EXPECT_DOUBLE_EQ(falling.invert(0.5, clipped), -0.1);
  EXPECT_DOUBLE_EQ(rising.invert(9, clipped), 0.1);
  EXPECT_TRUE(clipped);
}

TEST(ProgrammableConversion, WhatCannotBeProgrammableIsRefused) {
  EXPECT_THROW(make_programmable(network(), {.mode = "XOCC"}), SpecError);
  EXPECT_THROW(make_programmable(network(), {.connections = {"J_1_to_0"}}), SpecError);
  EXPECT_THROW(make_programmable(network("uniform", ", polarity: [1, 1, -1]")), SpecError);
}

}  // namespace
}  // namespace dynode
