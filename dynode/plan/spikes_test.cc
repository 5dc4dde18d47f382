// Spike connections and ports in specs: what is built, and what is refused.
#include <gtest/gtest.h>

#include "dynode/plan/plan.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

std::string network(const std::string& connection, const std::string& lif = "",
                    const std::string& simulation = "dt: 0.001") {
  return "simulation: {" + simulation +
         "}\nlayers:\n"
         "  - {layer_id: 0, layer_type: Input, params: {dim: 2}}\n"
         "  - {layer_id: 1, layer_type: LIF, params: {dim: 3" +
         lif +
         "}}\n"
         "  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}\n"
         "connections:\n  - {" +
         connection + "}\n";
}

std::shared_ptr<const Plan> plan_of(const std::string& text) {
  return compile(read_spec(parse_yaml(text, "net.yaml")));
}

/// The first line of the error, without its place, and the hint.
std::string failure(const std::string& text) {
  try {
    plan_of(text);
    return "";
  } catch (const SpecError& error) {
    const std::string what = error.what();
    return what.substr(what.find(": ") + 2);
  }
}

const std::string kSelf = "from_layer: 1, to_layer: 1, connection_type: dense, mode: spike";

TEST(SpikeConnections, AreListsWithADelayAndNoDrive) {
  const auto plan =
      plan_of(network("from_layer: 1, to_layer: 1, mode: spike, connection_type: sparse, delay: 0.003, "
                      "params: {sparsity: 0.5, allow_self_connections: false}"));
  ASSERT_EQ(plan->connections.size(), 1u);
  const ConnectionPlan& c = plan->connections[0];
  EXPECT_EQ(c.delay, 3);
  EXPECT_EQ(c.sparse, nullptr);
  ASSERT_NE(c.transposed, nullptr);
  const Block& b = plan->parameters[c.weights];
  EXPECT_EQ(b.shape, (std::vector<size_t>{3, 3}));
  for (size_t j = 0; j < 3; ++j)
    for (size_t k = c.transposed->begin[j]; k < c.transposed->begin[j + 1]; ++k) {
      EXPECT_EQ(c.transposed->entry[k], c.transposed->column[k] * 3 + j);
      EXPECT_EQ(b.mask[c.transposed->entry[k]], 1);
    }
  EXPECT_EQ(c.transposed->column.size(), size_t(std::count(b.mask.begin(), b.mask.end(), 1)));
  EXPECT_TRUE(plan->layers[1].incoming[0].empty());
  EXPECT_TRUE(plan->layers[1].incoming[1].empty());
  ASSERT_EQ(plan->stages.size(), 2u);
  EXPECT_TRUE(plan->layers[1].recurrent);
  EXPECT_EQ(flops_per_step(*plan), 0);
}

TEST(SpikeConnections, DelaysAreWholeSteps) {
  const auto delay = [](const std::string& text, const std::string& dt) {
    return plan_of(network(kSelf + text, "", "dt: " + dt))->connections[0].delay;
  };
  EXPECT_EQ(delay("", "0.001"), 1);
  EXPECT_EQ(delay(", delay: 0.001", "0.001"), 1);
  EXPECT_EQ(delay(", delay: 0.3", "0.1"), 3);  // 2.9999999999999996 steps
  EXPECT_EQ(delay(", delay: 0.0015", "0.0001"), 15);
  EXPECT_EQ(delay(", delay: 20.000001", "10.0000005"), 2);
}

TEST(SpikeConnections, AreInThePicture) {
  const std::string text = describe(*plan_of(network(kSelf + ", delay: 0.002")));
  EXPECT_NE(text.find("spikes, 2 steps late"), std::string::npos) << text;
  EXPECT_NE(text.find("into I"), std::string::npos) << text;
}

TEST(SpikeConnections, AreRefusedWithAWayOut) {
  struct Case {
    std::string connection, message;
  };
  const Case cases[] = {
      {kSelf + ", delay: 0.0005",
       "a delay of 0.0005 is 0.5 steps of 0.001\n  spikes need one step or more, and whole steps"},
      {kSelf + ", delay: 0.00150001",
       "a delay of 0.00150001 is 1.50001 steps of 0.001\n  spikes need one step or more, and whole steps"},
      {kSelf + ", delay: 1e9",
       "a delay of 1000000000000 steps is too long for 3 units\n  at most 1e9 spikes can be on their way"},
      {kSelf + ", lag: 1", "spike connections have a delay instead of a lag\n  remove 'lag'"},
      {kSelf + ", params: {bias: zero}", "spike connections have no bias\n  remove 'bias'"},
      {kSelf + ", params: {port: events}", "spikes do not arrive at a port\n  remove 'port'"},
      {"from_layer: 2, to_layer: 1, connection_type: dense, mode: spike",
       "layer 2 (Linear) sends no spikes\n  layers that fire there are: LIF, LIFDelta, LIFAlpha, LIFCurrents, LIFConductance, "
         "Soma, IF, CurrentLIF, CubaLIF, DoubleExponentialLIF"},
      {"from_layer: 1, to_layer: 2, connection_type: dense, mode: spike",
       "layer 2 (Linear) takes no spikes\n  layers that take them there are: LIF, LIFDelta, LIFAlpha, LIFCurrents, "
         "LIFConductance, DoubleExponentialLIF"},
      {"from_layer: 1, to_layer: 2, connection_type: dense, delay: 0.001",
       "delay belongs to spike connections\n  use lag: 1 for one step"},
      {"from_layer: 0, to_layer: 1, connection_type: dense, params: {port: event}",
       "layer 1 (LIF) has no port 'event'\n  did you mean 'events'?  there are: stimulus, events"},
      {"from_layer: 0, to_layer: 2, connection_type: dense, params: {port: stimulus}",
       "layer 2 (Linear) has no port 'stimulus'\n  there are: phi"},
      {"from_layer: 0, to_layer: 1, connection_type: dense, mode: WICC, params: {port: events}",
       "WICC connections lead to the first port\n  remove 'port'"},
  };
  for (const Case& c : cases) EXPECT_EQ(failure(network(c.connection)), c.message) << c.connection;
}

TEST(Lif, ParametersThatCannotWorkAreRefused) {
  struct Case {
    const char *params, *message;
  };
  const Case cases[] = {
      {"threshold: [1, 1, 0.5], reset_voltage: 0.5",
       "unit 2 of layer 1: reset_voltage is not below threshold: the unit would fire in every step\n  it has "
       "tau_membrane 0.02, "
       "tau_synaptic 0.005, tau_refractory 0.005, threshold 0.5, reset_voltage 0.5"},
      {"mechanism: exact", "there is no mechanism 'exact'\n  there are: analytic, euler"},
      {"mechanism: eulr", "there is no mechanism 'eulr'\n  did you mean 'euler'?  there are: analytic, euler"},
      {"tau_membrane: 0", "tau_membrane of unit 0 is 0, but must be at least 1e-09"},
      {"tau_refractory: -1", "tau_refractory of unit 0 is -1, but must be at least 0"},
      {"threshold: [1, 2]", "2 numbers for 3 units\n  give one number, or one per unit"},
  };
  for (const Case& c : cases) EXPECT_EQ(failure(network(kSelf, std::string(", ") + c.params)), c.message) << c.params;
}

TEST(Ports, AConnectionLeadsToTheOneItNames) {
  const auto port = [](const std::string& params) {
    return plan_of(network("from_layer: 0, to_layer: 1, connection_type: dense, params: {" + params + "}"))
        ->connections[0]
        .port;
  };
  EXPECT_EQ(port(""), 0);
  EXPECT_EQ(port("port: stimulus"), 0);
  EXPECT_EQ(port("port: events"), 1);
}

}  // namespace
}  // namespace dynode
