// Recurrent layers whose state decays between inputs: GRUD, RNNDecay.
//
//   1.input ──▶ gates of 1 ◀── 1.decayed ◀── 1, one step late        1.decayed lasts as long as the step
#include <fmt/format.h>

#include "dynode/plan/arguments.h"
#include "dynode/plan/compiler.h"
#include "dynode/plan/pattern.h"
#include "dynode/wiring/initialisers.h"

namespace dynode {

void Compiler::expand_decay(const LayerSpec& spec) {
  const CellEntry& cell = *find_cell(spec.layer_type);
  const CellEntry& loss = *find_cell("Decay");
  refuse_unknown_words(spec, cell, {"decay", "decay_bias"});
  if (const Value* wiring = spec.params.find("wiring"))
    wiring->fail(fmt::format("{} has no wiring", cell.name), "all its units are connected; LTC and CfC have wirings");
  if (const Value* learn = spec.params.find("learnable_params"))
    refuse_unknown(cell.name, *learn,
                   {"input_map", "input_map_bias", "recurrent_map", "recurrent_map_bias", "decay", "decay_bias"});

  const int    input = gather_sources(spec), core = layer_position(spec.layer_id);
  const size_t units = size_t(spec.dim()), inputs = plan_.layers[size_t(input)].units;
  set_cell(core, cell.name);
  const int    decayed = add_part(spec, "decayed", loss.name, units);
  const bool   gated   = cell.ports.size() > 1;
  const size_t gates = gated ? 3 : 1, rows = gates * units;
  refuse_size(spec.at, rows, std::max(units, inputs));

  const std::string prefix = fmt::format("layer{}/", spec.layer_id);
  const auto        add    = [&](const std::string& name, std::vector<size_t> shape, std::vector<double> values,
                       const char* help) {
    return add_block({.name = prefix + name, .shape = std::move(shape), .learnable = learns(spec, name), .help = help},
                               std::move(values));
  };
  // weights [gates · units][columns], rows in the order r, z, n
  const auto weights = [&](const std::string& name, const char* rule, int from, int lag, int last_port) {
    const size_t            columns     = plan_.layers[size_t(from)].units;
    const InitialiserEntry& initialiser = find_initialiser(rule);
    const Arguments         arguments   = check_arguments(rule, initialiser.facts, Value::map());
    const Mask              all(rows, columns, true);
    Random                  draw = random(prefix + name);
    const int               block =
        add(name, {rows, columns}, initial_weights(initialiser, {.mask = all, .arguments = arguments, .random = draw}),
            "weights");
    const int bias = add(name + "_bias", {rows}, std::vector<double>(rows, 0.0), "biases");
    for (size_t g = 0; g < gates; ++g) {
      ConnectionPlan k{
          .name = prefix + name, .from = from, .to = core, .port = g + 1 < gates ? int(g) : last_port, .lag = lag};
      k.weights = block, k.bias = bias, k.first_row = g * units;
      plan_.connections.push_back(std::move(k));
    }
  };
  weights("input_map", "xavier_uniform", input, 0, gated ? 2 : 0);
  weights("recurrent_map", gated ? "xavier_uniform" : "orthogonal", decayed, 0, gated ? 3 : 0);
  for (const ParamFacts& f : loss.params) {
    const Value* given = spec.params.find(f.name);
    give(decayed, f.name, add(f.name, {units}, std::vector<double>(units, given ? given->number() : f.value), f.help));
  }
  std::vector<uint32_t> same(units);
  for (size_t u = 0; u < units; ++u) same[u] = uint32_t(u);
  connect(prefix + "state", core, decayed, 0, 1, selection(same, 1.0));
  if (gated) connect(prefix + "decayed", decayed, core, 4, 0, selection(same, 1.0));
  choose_start(spec, plan_.layers[size_t(core)]);
}

}  // namespace dynode
