// Biases of connections that are given: from a file, or as numbers in the spec.
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/plan/plan.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

std::vector<double> biases(const std::string& bias, const NamedArray& in_file) {
  CompileOptions options;
  options.load_array = [&](const std::string& path, const std::string& key) {
    EXPECT_EQ(path, "b.npy");
    EXPECT_EQ(key, "bias");
    return in_file;
  };
  const auto plan = compile(read_spec(parse_yaml("layers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}\n"
                                                 "  - {layer_id: 1, layer_type: CTRNN, params: {dim: 3}}\n"
                                                 "connections:\n  - {from_layer: 0, to_layer: 1, connection_type: dense, "
                                                 "params: {bias: " + bias + "}}\n",
                                                 "net.yaml")),
                            options);
  const Block& b = plan->parameters[plan->parameters.find("b_0_to_1")];
  return {plan->theta.begin() + long(b.offset), plan->theta.begin() + long(b.offset + b.size())};
}

std::string failure(const NamedArray& in_file) {
  try {
    biases("b.npy", in_file);
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

TEST(Biases, AreReadFromAFile) { EXPECT_EQ(biases("b.npy", {{3}, {1, -2, 0.5}}), (std::vector<double>{1, -2, 0.5})); }

TEST(Biases, MayStandInTheSpec) { EXPECT_EQ(biases("[1, -2, 0.5]", {}), (std::vector<double>{1, -2, 0.5})); }

TEST(Biases, OfAFileHaveANumberPerUnit) {
  EXPECT_NE(failure({{2}, {1, 2}}).find("b.npy: bias of J_0_to_1"), std::string::npos) << failure({{2}, {1, 2}});
  EXPECT_NE(failure({{3}, {1, 2, HUGE_VAL}}).find("bias[2] is inf"), std::string::npos);
}

}  // namespace
}  // namespace dynode
