// Recurrent cores: a layer in front that gathers what arrives, and dense connections from there and from itself to the
// gates. What arrives by direct connections lies side by side there, and the core's own weights are as wide.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/plan/arguments.h"
#include "dynode/plan/compiler.h"
#include "dynode/wiring/initialisers.h"

namespace dynode {

int Compiler::entrance(int layer_id) {
  const int core = layer_position(layer_id);
  if (plan_.layers[size_t(core)].cell->core.empty()) return core;
  const std::string name = std::to_string(layer_id) + ".input";
  for (size_t i = 0; i < plan_.layers.size(); ++i)
    if (plan_.layers[i].name == name) return int(i);
  LayerPlan front{.layer_id = layer_id, .name = name, .cell = find_cell("Linear")};
  front.units       = plan_.layers[size_t(core)].units;
  front.dt          = plan_.layers[size_t(core)].dt;
  front.own_dt      = plan_.layers[size_t(core)].own_dt;
  front.kernels     = front.cell->kernels(0);
  front.start_state = 0;
  front.incoming.resize(1);
  if (core == plan_.input) front.takes_flux = true, plan_.layers[size_t(core)].takes_flux = false, plan_.input = int(plan_.layers.size());
  plan_.layers.push_back(std::move(front));
  return int(plan_.layers.size()) - 1;
}

void Compiler::add_core(int layer) {
  const CellEntry* cell = plan_.layers[size_t(layer)].cell;
  if (cell->core.empty() || plan_.layers[size_t(layer)].is_input) return;
  const LayerSpec& spec = *plan_.spec.layer(plan_.layers[size_t(layer)].layer_id);
  const auto& all    = plan_.spec.connections;
  const bool  direct = std::any_of(all.begin(), all.end(), [&](const ConnectionSpec& c) {
    return c.to_layer == spec.layer_id && !dropped(c) && is_direct(c);
  });
  const int    front = direct ? gather_sources(spec) : entrance(spec.layer_id);
  const size_t units = plan_.layers[size_t(layer)].units;
  const auto learnable = [&](const char* name) {
    const Value* all = spec.params.find("learnable_params");
    const Value* own = all ? all->find(name) : nullptr;
    return own ? own->boolean() : true;
  };
  for (const CoreFacts& core : cell->core) {
    const std::string prefix = fmt::format("layer{}/", spec.layer_id);
    const size_t      rows   = units * core.ports.size();
    const size_t      columns = core.from_self ? units : plan_.layers[size_t(front)].units;
    refuse_size(spec.at, rows, columns);
    const auto uniform = [&](const std::string& name, size_t count) {
      Random draw = random(name);
      std::vector<double> values(count);
      const double limit = 1 / std::sqrt(double(units));
      for (double& v : values) v = limit * (2 * draw.uniform() - 1);
      return values;
    };
    std::vector<double> values;
    if (core.init[0]) {
      const InitialiserEntry& rule = find_initialiser(core.init);
      const Mask all(rows, columns, true);
      const Arguments arguments = check_arguments(core.init, rule.facts, Value::map());
      Random draw = random(prefix + core.weights);
      values = initial_weights(rule, {.mask = all, .arguments = arguments, .random = draw});
    } else {
      values = uniform(prefix + core.weights, rows * columns);
    }
    Block block{.name = prefix + core.weights, .shape = {rows, columns}, .learnable = learnable(core.weights),
                .help = "gate weights"};
    block.mask = core_mask(spec, layer, core);
    const int weights = add_block(std::move(block), std::move(values));
    const int bias = core.bias ? add_block({.name = prefix + core.bias, .shape = {rows}, .learnable = learnable(core.bias),
                                            .help = "gate biases"}, uniform(prefix + core.bias, rows)) : -1;
    for (size_t g = 0; g < core.ports.size(); ++g) {
      if (!core.ports[g][0]) continue;
      const auto port = std::find_if(cell->ports.begin(), cell->ports.end(),
                                     [&](const char* p) { return std::string(p) == core.ports[g]; });
      plan_.connections.push_back({.name = prefix + core.weights, .from = core.from_self ? layer : front, .to = layer,
                                   .port = int(port - cell->ports.begin()), .lag = core.from_self ? 1 : 0,
                                   .weights = weights, .first_row = g * units, .bias = bias});
    }
  }
}

std::vector<uint8_t> Compiler::core_mask(const LayerSpec& spec, int layer, const CoreFacts& core) {
  const size_t units   = plan_.layers[size_t(layer)].units;
  const size_t columns = core.from_self ? units : plan_.layers[size_t(entrance(spec.layer_id))].units;
  bool absent_diagonal = false;
  if (core.diagonal[0]) {
    const Value*      given = spec.params.find(core.diagonal);
    const std::string word  = given ? given->text() : "zero";
    if (word != "zero" && word != "one" && word != "free")
      given->fail(fmt::format("there is no {} '{}'", core.diagonal, word),
                  did_you_mean(word, {"zero", "one", "free"}, "there are"));
    absent_diagonal = word != "free";
    if (word == "one") set_constant(layer, ConstantFacts::From::kept_diagonal, std::vector<double>(units, 1.0));
  }
  const bool unread = std::any_of(core.ports.begin(), core.ports.end(), [](const char* port) { return !port[0]; });
  if (!unread && !absent_diagonal) return {};
  std::vector<uint8_t> mask;
  for (const char* port : core.ports)
    for (size_t i = 0; i < units; ++i)
      for (size_t j = 0; j < columns; ++j) mask.push_back(port[0] && !(absent_diagonal && i == j));
  return mask;
}

}  // namespace dynode
