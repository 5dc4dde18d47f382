// Wirings: what must hold for every seed, shares of signs, what does not fit. Recorded circuits are the golden shelf's.
#include "dynode/wiring/neural_circuit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "dynode/plan/arguments.h"

namespace dynode {
namespace {

/// Arguments as somebody writes them, through all checks.
Wiring build(const char* kind, Value arguments, size_t inputs) {
  const WiringEntry& entry   = find_wiring(kind);
  const Arguments    checked = check_arguments(kind, entry.facts, arguments);
  return make_wiring(entry, {.inputs = inputs, .arguments = checked});
}

template <class F>
std::string message_of(F call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

void expect_all(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts) EXPECT_NE(text.find(part), std::string::npos) << text << "\nlacks: " << part;
}

/// Synapses from `sources` to `targets`, both [first, last).
struct Range { size_t first, last; };
size_t count(const std::vector<int8_t>& matrix, size_t units, Range sources, Range targets) {
  size_t sum = 0;
  for (size_t i = sources.first; i < sources.last; ++i)
    for (size_t j = targets.first; j < targets.last; ++j) sum += matrix[i * units + j] != 0;
  return sum;
}

struct Circuit { size_t inter, command, motor, sensory_fanout, inter_fanout, recurrent, motor_fanin, inputs; };

Value arguments_of(const Circuit& c) {
  return Value::map({{"inter_neurons", c.inter},
                     {"command_neurons", c.command},
                     {"motor_neurons", c.motor},
                     {"sensory_fanout", c.sensory_fanout},
                     {"inter_fanout", c.inter_fanout},
                     {"recurrent_command_synapses", c.recurrent},
                     {"motor_fanin", c.motor_fanin}});
}

void expect_invariants(const Circuit& c, const Wiring& w) {
  const size_t n = c.inter + c.command + c.motor;
  const Range  motor{0, c.motor}, command{c.motor, c.motor + c.command}, inter{c.motor + c.command, n}, all{0, n};
  const auto   inner = [&](Range from, Range to) { return count(w.adjacency, n, from, to); };
  const auto   outer = [&](Range from, Range to) { return count(w.sensory, n, from, to); };
  const auto   one   = [](size_t i) { return Range{i, i + 1}; };
  const Range  inputs{0, c.inputs};
  ASSERT_EQ(w.units, n);
  ASSERT_EQ(w.outputs, c.motor);
  ASSERT_EQ(w.adjacency.size(), n * n);
  ASSERT_EQ(w.sensory.size(), c.inputs * n);
  for (const auto* m : {&w.adjacency, &w.sensory})
    for (const int8_t s : *m) ASSERT_TRUE(s == -1 || s == 0 || s == 1);

  // blocks that exist, and no others
  EXPECT_EQ(outer(inputs, all), outer(inputs, inter));
  EXPECT_EQ(inner(all, all), inner(inter, command) + inner(command, command) + inner(command, motor));
  EXPECT_EQ(w.synapses(), inner(all, all));
  EXPECT_EQ(w.sensory_synapses(), outer(inputs, all));
  EXPECT_LE(inner(command, command), c.recurrent);
  EXPECT_EQ(inner(command, command) > 0, c.recurrent > 0);

  // partners of everybody
  for (size_t i = 0; i < c.inputs; ++i) EXPECT_GE(outer(one(i), inter), c.sensory_fanout);
  for (size_t i = inter.first; i < n; ++i) {
    EXPECT_EQ(outer(inputs, one(i)) > 0, c.inputs > 0);
    EXPECT_GE(inner(one(i), command), c.inter_fanout);
  }
  for (size_t i = command.first; i < command.last; ++i) {
    EXPECT_GE(inner(inter, one(i)), 1u);
    EXPECT_GE(inner(one(i), motor), 1u);
  }
  for (size_t i = 0; i < c.motor; ++i) EXPECT_GE(inner(command, one(i)), c.motor_fanin);

  std::vector<uint32_t> ids;
  for (const auto& layer : w.layers) ids.insert(ids.end(), layer.begin(), layer.end());
  std::vector<uint32_t> wanted;
  for (const Range r : {inter, command, motor})
    for (size_t i = r.first; i < r.last; ++i) wanted.push_back(uint32_t(i));
  EXPECT_EQ(ids, wanted);
  ASSERT_EQ(w.layers.size(), 3u);
  EXPECT_EQ(w.layers[1].size(), c.command);
}

TEST(Wirings, NcpKeepsItsRuleForEverySeed) {
  const Circuit circuits[] = {{12, 6, 1, 6, 4, 6, 6, 32}, {40, 5, 2, 1, 1, 0, 1, 3},  {30, 3, 1, 2, 1, 2, 1, 4},
                              {2, 9, 12, 1, 3, 20, 2, 1}, {1, 1, 1, 1, 1, 1, 1, 1},   {5, 4, 3, 2, 2, 3, 2, 0}};
  for (const char* compat : {"numpy", "none"})
    for (const Circuit& c : circuits)
      for (int seed = 0; seed < 100; ++seed)
        expect_invariants(c, build("NCP", arguments_of(c).set("seed", seed).set("seed_compat", compat), c.inputs));
}

TEST(Wirings, WhomNobodyDrewDrawsAboutAsManyAsTheOthersHave) {
  // one input that reaches one of 5 inter neurons: the other four draw that input
  const Circuit c{5, 2, 1, 1, 1, 0, 2, 1};
  EXPECT_EQ(build("NCP", arguments_of(c), 1).sensory_synapses(), 5u);
  // 2 inter neurons with a fan-out of 3 of 4: ⌊2·3/4⌋ = 1 for a command neuron left out, so 6 or 7
  const Circuit d{2, 4, 1, 1, 3, 0, 4, 1};
  bool          six = false, seven = false;
  for (int seed = 0; seed < 50; ++seed) {
    const size_t synapses = build("NCP", arguments_of(d).set("seed", seed), 1).synapses() - 4;
    EXPECT_TRUE(synapses == 6 || synapses == 7);
    six |= synapses == 6, seven |= synapses == 7;
  }
  EXPECT_TRUE(six && seven);
}

TEST(Wirings, AutoNcpDerivesItsLayers) {
  struct { size_t units, outputs, inputs; double sparsity; Circuit wanted; } cases[] = {
      {28, 4, 20, 0.5, {15, 9, 4, 7, 4, 9, 4, 20}},    {64, 8, 5, 0.5, {34, 22, 8, 17, 11, 22, 11, 5}},
      {16, 1, 3, 0.5, {9, 6, 1, 4, 3, 6, 3, 3}},       {4, 1, 2, 0.1, {2, 1, 1, 1, 1, 1, 1, 2}},
      {17, 1, 99, 0.8, {10, 6, 1, 1, 1, 2, 1, 99}},    {100, 10, 1, 1.0, {54, 36, 10, 1, 1, 1, 1, 1}}};
  for (const auto& c : cases)
    for (int seed = 0; seed < 20; ++seed) {
      const Wiring w = build("AutoNCP",
                             Value::map({{"units", c.units}, {"output_size", c.outputs},
                                         {"sparsity_level", c.sparsity}, {"seed", seed}}),
                             c.inputs);
      expect_invariants(c.wanted, w);
      EXPECT_EQ(w, [&] {
        Wiring same  = build("NCP", arguments_of(c.wanted).set("seed", seed), c.inputs);
        same.warning = w.warning;
        return same;
      }());
    }
  EXPECT_EQ(build("AutoNCP", Value::map({{"units", 16}, {"output_size", 1}, {"sparsity_level", 0.9}}), 2).warning, "");
  expect_all(build("AutoNCP", Value::map({{"units", 16}, {"output_size", 1}, {"sparsity_level", 0.95}}), 2).warning,
             {"sparsity_level 0.95", "0.9"});
}

TEST(Wirings, FullyConnectedLeavesNothingOut) {
  for (const char* compat : {"numpy", "none"}) {
    const Wiring w = build("FullyConnected", Value::map({{"units", 7}, {"seed_compat", compat}}), 3);
    EXPECT_EQ(w.synapses(), 49u);
    EXPECT_EQ(w.sensory_synapses(), 21u);
    EXPECT_EQ(w.outputs, 7u);
    EXPECT_EQ(w.layers, (std::vector<std::vector<uint32_t>>{{0, 1, 2, 3, 4, 5, 6}}));
    const Wiring apart = build(
        "FullyConnected",
        Value::map({{"units", 7}, {"output_dim", 2}, {"self_connections", false}, {"seed_compat", compat}}), 3);
    EXPECT_EQ(apart.synapses(), 42u);
    EXPECT_EQ(apart.outputs, 2u);
    for (size_t k = 0; k < 7; ++k) EXPECT_EQ(apart.adjacency[k * 8], 0);
  }
}

TEST(Wirings, RandomHasAsManySynapsesAsAskedFor) {
  for (const char* compat : {"numpy", "none"})
    for (int seed = 0; seed < 50; ++seed) {
      const auto random = [&](size_t units, double sparsity, size_t inputs) {
        return build("Random",
                     Value::map({{"units", units}, {"sparsity_level", sparsity}, {"random_seed", seed},
                                 {"seed_compat", compat}}),
                     inputs);
      };
      EXPECT_EQ(random(5, 0.5, 1).synapses(), 12u);           // 12.5 is rounded to even
      EXPECT_EQ(random(5, 0.5, 3).sensory_synapses(), 8u);    // so is 7.5
      EXPECT_EQ(random(5, 0.0, 2).synapses(), 25u);
      EXPECT_EQ(random(5, 0.999, 2).synapses(), 0u);
      EXPECT_EQ(random(101, 0.5, 2).synapses(), 5100u);       // 5100.5; another way of drawing
    }
}

TEST(Wirings, RandomPrefersNoPlace) {
  for (const char* compat : {"numpy", "none"}) {
    std::vector<size_t> hits(16);
    const int           seeds = 2000;
    for (int seed = 0; seed < seeds; ++seed) {
      const Wiring w = build("Random",
                             Value::map({{"units", 4}, {"sparsity_level", 0.75}, {"random_seed", seed},
                                         {"seed_compat", compat}}), 1);
      for (size_t i = 0; i < 16; ++i) hits[i] += w.adjacency[i] != 0;
    }
    for (const size_t h : hits) EXPECT_NEAR(double(h), 0.25 * seeds, 5 * std::sqrt(0.25 * 0.75 * seeds)) << compat;
  }
}

TEST(Wirings, SignsHaveTheSharesOfTheirKind) {
  struct { const char* kind; Value arguments; const char* seed; double share; } kinds[] = {
      {"FullyConnected", Value::map({{"units", 10}}), "erev_init_seed", 2.0 / 3},
      {"Random", Value::map({{"units", 14}, {"sparsity_level", 0.5}}), "random_seed", 2.0 / 3},
      {"AutoNCP", Value::map({{"units", 28}, {"output_size", 4}}), "seed", 0.5}};
  for (const char* compat : {"numpy", "none"})
    for (auto& k : kinds) {
      double plus[2] = {}, total[2] = {};
      for (int seed = 0; seed < 300; ++seed) {
        const Wiring w = build(k.kind, Value(k.arguments).set(k.seed, seed).set("seed_compat", compat), 9);
        for (int m = 0; m < 2; ++m)
          for (const int8_t s : m ? w.sensory : w.adjacency) total[m] += s != 0, plus[m] += s > 0;
      }
      for (int m = 0; m < 2; ++m)
        EXPECT_NEAR(plus[m] / total[m], k.share, 4 * std::sqrt(k.share * (1 - k.share) / total[m]))
            << k.kind << " " << compat << (m ? " sensory" : "");
    }
}

TEST(Wirings, DependOnTheirSeedOnly) {
  for (const WiringEntry& kind : wirings()) {
    if (std::string(kind.name) == "Custom") continue;
    Value a = std::string(kind.name) == "NCP" ? arguments_of({12, 6, 2, 6, 4, 6, 3, 5}) : Value::map({{"units", 20}});
    if (std::string(kind.name) == "AutoNCP") a.set("output_size", 2);
    if (std::string(kind.name) == "Random") a.set("sparsity_level", 0.5);
    const char* seed = kind.facts[0].name;
    for (const Fact& f : kind.facts)
      if (std::string(f.name).ends_with("seed")) seed = f.name;
    for (const char* compat : {"numpy", "none"}) {
      a.set("seed_compat", compat).set(seed, 3);
      const Wiring w = build(kind.name, a, 5);
      EXPECT_EQ(build(kind.name, a, 5), w) << kind.name;
      if (compat == std::string("none")) {
        EXPECT_EQ(build(kind.name, a, 8).adjacency, w.adjacency) << kind.name;
      }
      EXPECT_NE(build(kind.name, Value(a).set(seed, 4), 5).adjacency, w.adjacency) << kind.name;
    }
    a.set("seed_compat", "numpy");
    const Wiring numpy = build(kind.name, a, 5);
    EXPECT_NE(build(kind.name, Value(a).set("seed_compat", "none"), 5).adjacency, numpy.adjacency) << kind.name;
    a.erase("seed_compat");
    EXPECT_EQ(build(kind.name, a, 5), numpy) << kind.name << ": a seed means by default what it means in ncps";
  }
}

TEST(Wirings, CustomTakesMatricesAsTheyAre) {
  const Value a = Value::map({{"units", 2}, {"output_dim", 1}, {"adjacency", Value::list_of({0, 1, -1, 0})},
                              {"sensory_adjacency", Value::list_of({1, 0, 0, -1, 1, 1})}});
  const Wiring w = build("Custom", a, 3);
  EXPECT_EQ(w.adjacency, (std::vector<int8_t>{0, 1, -1, 0}));
  EXPECT_EQ(w.sensory, (std::vector<int8_t>{1, 0, 0, -1, 1, 1}));
  EXPECT_EQ(w.outputs, 1u);
  EXPECT_EQ(w.layers, (std::vector<std::vector<uint32_t>>{{0, 1}}));

  expect_all(message_of([&] { build("Custom", a, 4); }), {"sensory_adjacency", "[4, 2]", "8", "6"});
  expect_all(message_of([&] { build("Custom", Value(a).set("units", 3), 3); }), {"adjacency", "[3, 3]", "9", "4"});
  expect_all(message_of([&] { build("Custom", Value(a).set("adjacency", Value::list_of({0, 1, 0.5, 0})), 3); }),
             {"adjacency[1, 0] is 0.5"});
  expect_all(message_of([&] { build("Custom", Value(a).set("output_dim", 3), 3); }), {"output_dim", "is 3", "2 units"});
  expect_all(message_of([&] { build("Custom", Value::map({{"units", 2}}), 1); }), {"'adjacency'", "2 × 2"});
}

TEST(Wirings, SynapsesAreAddedByHandWhereTheyFit) {
  Wiring w = build("FullyConnected", Value::map({{"units", 4}}), 2);
  w.add_synapse(1, 2, -1);
  EXPECT_EQ(w.adjacency[6], -1);
  w.add_synapse(1, 2, 1);
  EXPECT_EQ(w.adjacency[6], 1);
  w.add_sensory_synapse(1, 3, -1);
  EXPECT_EQ(w.sensory[7], -1);
  expect_all(message_of([&] { w.add_synapse(0, 0, 0); }), {"polarity is 0", "-1 or 1"});
  expect_all(message_of([&] { w.add_synapse(9, 0, 1); }), {"source is 9", "4 units", "0 to 3"});
  expect_all(message_of([&] { w.add_synapse(0, -1, 1); }), {"target is -1", "4 units"});
  expect_all(message_of([&] { w.add_sensory_synapse(2, 0, 1); }), {"input is 2", "2 inputs"});
  Wiring blind = build("FullyConnected", Value::map({{"units", 4}}), 0);
  EXPECT_EQ(blind.sensory_synapses(), 0u);
  expect_all(message_of([&] { blind.add_sensory_synapse(0, 0, 1); }), {"input is 0", "0 inputs"});
}

TEST(Wirings, SizesAreKnownBeforeTheInputs) {
  const auto size = [](const char* kind, const Value& arguments) {
    const WiringEntry& entry = find_wiring(kind);
    const WiringSize   s     = wiring_size(entry, check_arguments(kind, entry.facts, arguments));
    return std::pair(s.units, s.outputs);
  };
  EXPECT_EQ(size("AutoNCP", Value::map({{"units", 28}, {"output_size", 4}})), std::pair(size_t{28}, size_t{4}));
  EXPECT_EQ(size("NCP", arguments_of({10, 10, 8, 6, 6, 4, 6, 0})), std::pair(size_t{28}, size_t{8}));
  EXPECT_EQ(size("FullyConnected", Value::map({{"units", 6}})), std::pair(size_t{6}, size_t{6}));
  EXPECT_EQ(size("Random", Value::map({{"units", 6}, {"output_dim", 2}})), std::pair(size_t{6}, size_t{2}));
}

TEST(Wirings, ErrorsNameArgumentValueAndBound) {
  const auto complaint = [](const char* kind, const Value& arguments) {
    return message_of([&] { build(kind, arguments, 3); });
  };
  const auto ncp = [&](const char* name, int64_t value) {
    return complaint("NCP", arguments_of({5, 3, 1, 1, 1, 1, 1, 0}).set(name, value));
  };
  expect_all(ncp("motor_fanin", 4), {"motor_fanin of NCP is 4", "3 command"});
  expect_all(ncp("sensory_fanout", 6), {"sensory_fanout of NCP is 6", "5 inter"});
  expect_all(ncp("inter_fanout", 4), {"inter_fanout of NCP is 4", "3 command"});
  expect_all(ncp("motor_neurons", 0), {"motor_neurons of NCP is 0", "[1"});
  expect_all(ncp("seed", 4294967296), {"seed of NCP is 4294967296", "4294967295"});
  expect_all(ncp("inter_neurons", 100000), {"100004 units", "1e8"});

  const auto autoncp = [&](const char* name, double value) {
    return complaint("AutoNCP", Value::map({{"units", 20}, {"output_size", 4}}).set(name, value));
  };
  expect_all(autoncp("output_size", 18), {"output_size of AutoNCP is 18", "units - 2 = 18"});
  EXPECT_EQ(autoncp("output_size", 17), "no error");
  expect_all(autoncp("sparsity_level", 0.05), {"sparsity_level of AutoNCP is 0.05", "[0.1, 1]"});
  expect_all(autoncp("sparsity_level", 1.1), {"sparsity_level of AutoNCP is 1.1", "[0.1, 1]"});
  expect_all(complaint("Random", Value::map({{"units", 8}, {"sparsity_level", 1.0}})),
             {"sparsity_level of Random is 1", "[0, 1)"});
  expect_all(complaint("Random", Value::map({{"units", 8}, {"output_dim", 9}})),
             {"output_dim of Random is 9", "8 units"});
  expect_all(complaint("FullyConnected", Value::map({{"units", 8}, {"seed_compat", "numby"}})),
             {"seed_compat 'numby'", "did you mean 'numpy'"});
  expect_all(message_of([] { find_wiring("AutoNPC"); }), {"there is no wiring 'AutoNPC'", "did you mean 'AutoNCP'"});
}

}  // namespace
}  // namespace dynode
