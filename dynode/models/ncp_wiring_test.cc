// Wirings as values: counts, layers, edits by hand, files, graphs, pictures.
#include "dynode/models/ncp_wiring.h"

#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/io/file.h"
#include "dynode/io/io_test.h"

namespace dynode::ncp {
namespace {

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(NcpWiring, HasLayersAndTypes) {
  const Wiring w = AutoNCP(28, 4);
  EXPECT_EQ(w.units(), 28);
  EXPECT_EQ(w.output_dim(), 4);
  EXPECT_EQ(w.num_layers(), 3);
  EXPECT_EQ(w.neurons_of_layer(0).size(), 15u);
  EXPECT_EQ(w.neurons_of_layer(1).size(), 9u);
  EXPECT_EQ(w.neurons_of_layer(2), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(w.type_of(0), "motor");
  EXPECT_EQ(w.type_of(4), "command");
  EXPECT_EQ(w.type_of(13), "inter");
  const Wiring dense = FullyConnected(5, {.output_dim = 2});
  EXPECT_EQ(dense.num_layers(), 1);
  EXPECT_EQ(dense.type_of(1), "motor");
  EXPECT_EQ(dense.type_of(2), "inter");
}

TEST(NcpWiring, CountsItsSynapses) {
  Wiring dense = FullyConnected(8, {.self_connections = false});
  EXPECT_EQ(dense.synapse_count(), 56u);
  EXPECT_EQ(dense.build(3).sensory_synapse_count(), 24u);
  EXPECT_EQ(Random(10, {.sparsity_level = 0.4}).build(5).synapse_count(), 60u);
  EXPECT_EQ(Random(10, {.sparsity_level = 0.4}).build(5).sensory_synapse_count(), 30u);
}

TEST(NcpWiring, BuildingItAgainChangesNothing) {
  for (Wiring w : {AutoNCP(20, 4), FullyConnected(6), Random(8, {.sparsity_level = 0.5})}) {
    const Wiring once = w.build(6);
    EXPECT_TRUE(w.build(6) == once);
    EXPECT_EQ(w.input_dim(), 6);
  }
  EXPECT_EQ(AutoNCP(20, 4).build(6).synapse_count(), 48u);  // ncps: 70 after a second build
}

TEST(NcpWiring, IsDrawnByHand) {
  Wiring w(4, 2);
  w.add_synapse(3, 0, 1).add_synapse(2, 1, -1).add_synapse(3, 0, -1);  // the last one counts
  w.build(2).add_sensory_synapse(1, 3, 1);
  EXPECT_EQ(w.synapse_count(), 2u);
  EXPECT_EQ(w.sensory_synapse_count(), 1u);
  EXPECT_EQ(w.adjacency().as_double()[3 * 4 + 0], -1);
  // onto a circuit that was drawn, before and after its inputs are known
  Wiring early = FullyConnected(3, {.self_connections = false}), late = early;
  EXPECT_TRUE(early.add_synapse(1, 1, 1).build(2).circuit() == late.build(2).add_synapse(1, 1, 1).circuit());
}

TEST(NcpWiring, IsKeptInFiles) {
  const TemporaryFolder dir;
  Wiring                by_hand(4, 2);
  by_hand.build(2).add_synapse(3, 0, -1).add_sensory_synapse(1, 3, 1);
  for (const Wiring& w : {AutoNCP(28, 4), AutoNCP(28, 4).build(3), AutoNCP(16, 1).build(2).add_synapse(0, 0, 1),
                          by_hand, FullyConnected(5, {.output_dim = 2}).build(1), Random(6).build(2), Wiring(3)})
    for (const char* name : {"w.yaml", "w.json"}) {
      w.save(dir / name);
      const Wiring again = Wiring::load(dir / name);
      EXPECT_EQ(again.type(), w.type());
      EXPECT_EQ(again.is_built(), w.is_built());
      EXPECT_EQ(again.stored(), w.stored());
      if (w.is_built()) EXPECT_TRUE(again.circuit() == w.circuit());
    }
  EXPECT_NE(failure([&] { Wiring(3).save(dir / "w.txt"); }).find(".yaml, .yml or .json"), std::string::npos);
}

TEST(NcpWiring, IsAGraph) {
  const Wiring      w = AutoNCP(28, 4).build(20);
  const WiringGraph g = w.graph(), inner = w.graph(false);
  EXPECT_EQ(g.nodes.size(), 48u);
  EXPECT_EQ(g.edges.size(), w.synapse_count() + w.sensory_synapse_count());
  EXPECT_EQ(inner.nodes.size(), 28u);
  EXPECT_EQ(inner.edges.size(), w.synapse_count());
  EXPECT_EQ(g.nodes[0].name, "neuron_0");
  EXPECT_EQ(g.nodes[0].type, "motor");
  EXPECT_EQ(g.nodes[28].name, "sensory_0");
  size_t excitatory = 0, positive = 0;
  for (const auto& e : inner.edges) excitatory += e.polarity == "excitatory";
  for (const double s : w.adjacency().as_double()) positive += s > 0;
  EXPECT_EQ(excitatory, positive);
}

TEST(NcpWiring, IsAPicture) {
  const Wiring w = AutoNCP(28, 4).build(20);
  for (const char* layout : {"layered", "shell", "circular", "spiral", "random", "kamada", "spring", "spectral"}) {
    const std::string svg = w.draw({.layout = layout, .draw_labels = true, .title = "a < b"});
    EXPECT_EQ(count(svg, "<title>"), 48u) << layout;                                          // neurons
    EXPECT_EQ(count(svg, "class='synapse'"), w.synapse_count() + w.sensory_synapse_count());  // synapses
    EXPECT_EQ(count(svg, "nan"), 0u) << layout;
    EXPECT_NE(svg.find("a &lt; b"), std::string::npos);
    EXPECT_TRUE(svg.ends_with("</svg>\n"));
  }
  EXPECT_EQ(count(w.draw({.include_sensory_neurons = false}), "<title>"), 28u);
  EXPECT_NE(w.draw({.neuron_colors = {{"motor", "#123456"}}}).find("#123456"), std::string::npos);
  const auto says = [&](const WiringDrawing& d, const char* words) {
    const std::string what = failure([&] { w.draw(d); });
    EXPECT_NE(what.find(words), std::string::npos) << what;
  };
  says({.layout = "layerd"}, "did you mean 'layered'");
  says({.neuron_colors = {{"moter", "red"}}}, "did you mean 'motor'");
  says({.synapse_colors = {{"exciting", "red"}}}, "excitatory");
}

TEST(NcpWiring, SmallestCircuitsHavePicturesToo) {
  Wiring one(1);
  one.build(1);
  for (const char* layout : {"layered", "shell", "spiral", "kamada", "spring", "spectral"})
    EXPECT_EQ(count(one.draw({.layout = layout}), "nan"), 0u) << layout;
}

}  // namespace
}  // namespace dynode::ncp
