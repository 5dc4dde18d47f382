// The words of nn4n's constructor.
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/io/io_test.h"
#include "dynode/models/ctrnn.h"
#include "dynode/spec/yaml.h"

namespace dynode::ctrnn {
namespace {

std::string said(const std::string& yaml) {
  return failure([&] { CTRNN net(read_options(parse_yaml(yaml, "net.yaml"))); });
}

TEST(CtrnnOptions, AreReadFromTheDictionaryOfTheOriginal) {
  std::vector<std::string> warnings;
  const CTRNNOptions o = read_options(parse_yaml(R"(
dims: [2, 3, 1]
activation: retanh
biases: [zero, 0, null]
weights: [uniform, normal, [[1, 2, 3]]]
tau: [50, 60, 70]
dt: 5
preact_noise: 0.1
init_state: keep
sparsity_masks: [null, [[0, 1, 1], [1, 0, 1], [1, 1, 0]], null]
ei_masks: [null, [1, 1, -1], null]
self_connections: false
scaling: 1.5
ei_balance: false
)", "net.yaml"), &warnings);
  EXPECT_EQ(warnings, std::vector<std::string>{});
  EXPECT_EQ(o.dims.hidden, 3);
  EXPECT_EQ(o.activation, "retanh");
  EXPECT_EQ(o.biases.hidden.word(), "zero");
  EXPECT_TRUE(o.biases.readout.none());
  EXPECT_EQ(o.weights.readout.values()->shape, (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(o.tau.values()[2], 70);
  EXPECT_EQ(o.init_state, InitState::keep);
  EXPECT_EQ(o.ei_masks.hidden->shape, (std::vector<int64_t>{3}));
  EXPECT_FALSE(o.weight_options.ei_balance);
  EXPECT_EQ(o.weight_options.scaling, 1.5);
  CTRNN net(o);
  EXPECT_EQ(net.weight("hidden").as_double()[0], 0);
  EXPECT_LE(net.weight("hidden").as_double()[2], 0);
}

TEST(CtrnnOptions, OldWordsAreTranslated) {
  std::vector<std::string> warnings;
  const CTRNNOptions o = read_options(parse_yaml(R"(
input_dim: 2
hidden_size: 3
layer_masks: [null, [[1, 1, 1], [1, 1, 1], [-1, -1, -1]], [[1], [0], [1]]]
positivity_constraints: [false, true, false]
sparsity_constraints: [false, false, true]
layer_distributions: [uniform, normal, uniform]
layer_biases: [true, false, true]
learnable: [true, true, false]
)", "net.yaml"), &warnings);
  EXPECT_EQ(warnings.size(), 7u);
  EXPECT_SAYS(warnings[1], "is an old name");
  EXPECT_EQ(o.dims.output, 1);
  EXPECT_TRUE(o.ei_masks.hidden && !o.ei_masks.readout && !o.sparsity_masks.hidden && o.sparsity_masks.readout);
  EXPECT_EQ(o.biases.input.word(), "zero");
  EXPECT_FALSE(o.learnable.readout);
  CTRNN net(o);
  EXPECT_EQ(net.weight("readout").as_double()[1], 0);
  EXPECT_LE(net.weight("hidden").as_double()[2], 0);
  warnings.clear();
  read_options(parse_yaml("{input_dim: 2, suppress_warnings: true}", "net.yaml"), &warnings);
  EXPECT_EQ(warnings.size(), 0u);
}

TEST(CtrnnOptions, MistakesAreSaidWithTheirPlace) {
  EXPECT_SAYS(said("{dimz: [1, 2, 1]}"), "net.yaml:1:2 dimz: there is no parameter 'dimz'\n  did you mean 'dims'?");
  EXPECT_SAYS(said("{dims: [1, 2]}"), "net.yaml:1:8 dims: expected three numbers");
  EXPECT_SAYS(said("{init_state: keeps}"), "did you mean 'keep'?");
  EXPECT_SAYS(said("{sparsity_masks: [null, null]}"), "a list of 2");
  EXPECT_SAYS(said("{sparsity_masks: none}"), "expected null or a list of three masks");
  EXPECT_SAYS(said("{dims: [1, 2, 1], sparsity_masks: [null, [[1, 0], [1]], null]}"), "different lengths");
  EXPECT_SAYS(said("{dims: [1, 2, 1], ei_masks: [null, gone.npy, null]}"), "gone.npy: there is no such file");
  EXPECT_SAYS(said("{use_dale: true}"), "use_dale of the input layer needs a mask");
  EXPECT_SAYS(said("[1, 2]"), "expected the parameters of a network");
}

}  // namespace
}  // namespace dynode::ctrnn
