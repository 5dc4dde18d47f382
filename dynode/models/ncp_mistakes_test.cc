// What goes wrong with liquid networks, and what people are told: one line each.
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/models/ncp.h"

namespace dynode::ncp {
namespace {

Array zeros(std::vector<int64_t> shape) {
  const auto n = size_t(element_count(shape));
  return {std::move(shape), std::vector<double>(n)};
}

struct Mistake {
  const char* what;
  void (*make)();
  const char* words;  // of the message
};

const Mistake kMistakes[] = {
    // wirings
    {"more outputs than fit", [] { AutoNCP(8, 6); },
     "output_size of AutoNCP is 6, but must be less than units - 2 = 6"},
    {"too dense", [] { AutoNCP(20, 4, 0.05); }, "sparsity_level"},
    {"too sparse", [] { AutoNCP(20, 4, 1.1); }, "sparsity_level"},
    {"fan-in",
     [] {
       NCP({5, 3, 1, 1, 1, 1, 4});
     },
     "motor_fanin of NCP is 4, but there are only 3 command neurons"},
    {"fan-out of inputs",
     [] {
       NCP({5, 3, 1, 6, 1, 1, 1});
     },
     "sensory_fanout of NCP is 6, but there are only 5 inter neurons"},
    {"fan-out of inter neurons",
     [] {
       NCP({5, 3, 1, 1, 4, 1, 1});
     },
     "inter_fanout of NCP is 4, but there are only 3 command"},
    {"nothing left", [] { Random(8, {.sparsity_level = 1}); }, "sparsity_level"},
    {"no sign", [] { FullyConnected(4).add_synapse(0, 0, 0); }, "polarity is 0, but must be -1 or 1"},
    {"no such neuron", [] { FullyConnected(4).add_synapse(9, 0, 1); }, "source is 9, but there are 4 units"},
    {"inputs before build", [] { FullyConnected(4).add_sensory_synapse(0, 0, 1); }, "call build(inputs)"},
    {"other inputs", [] { AutoNCP(16, 4).build(3).build(5); }, "this wiring was built for 3 inputs, not 5"},
    {"a network with other inputs", [] { CfC(5, AutoNCP(16, 4).build(3)); },
     "this wiring was built for 3 inputs, not 5"},
    {"cell of an unbuilt wiring", [] { LTCCell(AutoNCP(16, 4)); }, "in_features: the wiring was not built"},
    {"wired cell of an unbuilt wiring", [] { WiredCfCCell({}, AutoNCP(16, 4)); }, "call build(inputs)"},
    {"graph of an unbuilt wiring", [] { AutoNCP(16, 4).graph(); },
     "a wiring has a graph once it knows how many inputs"},
    {"picture of an unbuilt wiring", [] { AutoNCP(16, 4).draw(); }, "call build(inputs)"},
    {"synapses of an unbuilt NCP", [] { AutoNCP(16, 4).synapse_count(); }, "call build(inputs)"},
    {"no such layer", [] { AutoNCP(16, 4).neurons_of_layer(3); }, "there are: 0 (inter), 1 (command), 2 (motor)"},
    {"no neurons", [] { Wiring(0); }, "at least one neuron"},
    {"unknown kind", [] { Wiring("AutoNPC", {}); }, "did you mean 'AutoNCP'"},

    // networks
    {"mode", [] { CfC(3, 6, {.mode = "foo"}); }, "there is no mode 'foo'"},
    {"activation", [] { CfC(3, 6, {.activation = "foo"}); }, "there is no activation 'foo'"},
    {"backbone with a wiring", [] { CfC(3, AutoNCP(16, 4), {.backbone_units = 8}); },
     "a layer with a wiring has no 'backbone_units'"},
    {"layers of it", [] { CfC(3, AutoNCP(16, 4), {.backbone_layers = 2}); },
     "a layer with a wiring has no 'backbone_layers'"},
    {"dropout of it", [] { CfC(3, AutoNCP(16, 4), {.backbone_dropout = 0.1}); },
     "a layer with a wiring has no 'backbone_dropout'"},
    {"mask and backbone",
     [] {
       CfCCell(3, 6, {.backbone_units = 16, .backbone_layers = 1, .sparsity_mask = zeros({9, 6})});
     },
     "a backbone stands in between"},
    {"mask of another shape",
     [] {
       CfCCell(3, 6, {.backbone_layers = 0, .sparsity_mask = zeros({6, 9})});
     },
     "sparsity_mask of layer 1: expected [9, 6], got [6, 9]"},
    {"mapping", [] { LTC(3, 6, {.input_mapping = "afine"}); }, "did you mean 'affine'"},
    {"output mapping", [] { LTC(3, 6, {.output_mapping = "scale"}); }, "there is no output_mapping 'scale'"},
    {"solver", [] { LTC(3, 6, {.solver = "rk45"}); }, "there is no solver 'rk45'"},
    {"positivity", [] { LTC(3, 6, {.positivity = "exp"}); }, "there is no positivity 'exp'"},
    {"unfolds", [] { LTC(3, 6, {.ode_unfolds = 0}); }, "ode_unfolds"},
    {"mixed memory of the other form", [] { LTC(3, 6, {.mixed_memory = MixedMemory::input}); }, "CfC has both forms"},
    {"no projection", [] { CfC(3, 6, {.proj_size = 0}); }, "proj_size: is 0"},
    {"no inputs", [] { LTC(0, 6); }, "input_size: is 0"},
    {"time sign", [] { CfC(3, 6, {.time_sign = "*"}); }, "there is no time_sign '*'"},
    {"dropout", [] { CfC(3, 6, {.backbone_dropout = 1.0}); }, "backbone_dropout"},

    // calls
    {"one state of two",
     [] {
       CfC(3, 6, {.mixed_memory = MixedMemory::state})(zeros({4, 5, 3}), zeros({4, 6}));
     },
     "give the pair {h0, c0}"},
    {"two states of one",
     [] {
       CfC(3, 6)(zeros({4, 5, 3}), State{zeros({4, 6}), zeros({4, 6})});
     },
     "no LSTM in this network"},
    {"batch, state without",
     [] {
       CfC(3, 6)(zeros({4, 5, 3}), zeros({6}));
     },
     "h0: expected [4, 6], got [6]"},
    {"no batch, state with",
     [] {
       CfC(3, 6)(zeros({5, 3}), zeros({1, 6}));
     },
     "h0: expected [6], got [1, 6]"},
    {"state of other units",
     [] {
       CfC(3, 6)(zeros({4, 5, 3}), zeros({4, 7}));
     },
     "h0: expected [4, 6], got [4, 7]"},
    {"other inputs in a call",
     [] {
       LTC(3, 6)(zeros({4, 5, 2}));
     },
     "input: expected [any, any, 3], got [4, 5, 2]"},
    {"a vector as input", [] { LTC(3, 6)
                               (zeros({3})); }, "axes are [batch, time, inputs]"},
    {"spans of rows",
     [] {
       LTC(3, 6)(zeros({4, 5, 3}), {}, zeros({4}));
     },
     "timespans: expected [4, 5], got [4]"},
    {"a mask of something else",
     [] {
       LTC(3, 6)(zeros({4, 5, 3}), {}, {}, {.mask = zeros({4, 4})});
     },
     "mask: expected [4, 5]"},
    {"a cell and a sequence",
     [] {
       CfCCell(3, 6)(zeros({4, 5, 3}));
     },
     "a cell takes one step"},
    {"synapses of a dense CfC", [] { CfC(3, 6).synapse_count(); }, "give it a wiring"},
    {"a record that is not there",
     [] {
       CfC(3, 6)(zeros({4, 5, 3}), {}, {}, {.record = {"tau/1"}});
     },
     "'tau/1' cannot be recorded"}};

TEST(NcpMistakes, AreExplained) {
  for (const Mistake& m : kMistakes) {
    const std::string what = failure(m.make);
    EXPECT_NE(what.find(m.words), std::string::npos) << m.what << ": " << what;
  }
}

TEST(NcpMistakes, ATooSparseCircuitIsAWarning) {
  EXPECT_NO_THROW(AutoNCP(20, 4, 0.95));
  EXPECT_EQ(LTC(2, AutoNCP(20, 4, 0.95)).model().plan().warnings.size(), 1u);
}

}  // namespace
}  // namespace dynode::ncp
