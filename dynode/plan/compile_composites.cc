// Composites: layers that weigh their sources themselves and become several layers of the plan.
//
//   sources ──direct──▶ 1.input ──▶ parts of the family ──▶ 1.core ──▶ 1        "1" is what others read
#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/plan/arguments.h"
#include "dynode/plan/compiler.h"
#include "dynode/plan/pattern.h"
#include "dynode/wiring/initialisers.h"

namespace dynode {
namespace {

bool is_composite(const Spec& spec, const LayerSpec& layer) {
  const CellEntry* cell        = find_cell(layer.layer_type);
  const bool       holds_input = &layer == &spec.layers.front() && spec.simulation.input_type == InputType::state;
  return cell && cell->takes_sources && !holds_input;
}

}  // namespace

size_t Compiler::units_of(int layer_id) const {
  const LayerSpec& spec = *plan_.spec.layer(layer_id);
  if (!is_composite(plan_.spec, spec)) return size_t(spec.dim());
  if (const Value* width = spec.params.find("proj_size"); width && width->integer() > 0)
    return size_t(width->integer());
  const auto circuit = circuit_of(spec);
  return circuit ? circuit->size.outputs : size_t(spec.dim());
}

// ---- what was written ---------------------------------------------------------------------------------------

std::optional<Compiler::Circuit> Compiler::circuit_of(const LayerSpec& spec) const {
  const Value* wiring = spec.params.find("wiring");
  if (!wiring || wiring->is_null()) return std::nullopt;
  refuse_unknown("wiring", *wiring, {"type", "params"});
  const Value&       type      = wiring->at("type");
  const WiringEntry& kind      = find_wiring(type.text(), type.at());
  const Value*       params    = wiring->find("params");
  Value              given     = params ? *params : Value::map();
  const auto         has_units = [](const Fact& f) { return std::string(f.name) == "units"; };
  if (!given.has("units") && std::any_of(kind.facts.begin(), kind.facts.end(), has_units))
    given.set("units", spec.dim());
  Circuit circuit{&kind, check_arguments(kind.name, kind.facts, given), {}, wiring->at()};
  circuit.size = wiring_size(kind, circuit.arguments, circuit.at);
  if (circuit.size.units != size_t(spec.dim()))
    wiring->fail(fmt::format("the wiring has {} units, but dim is {}", circuit.size.units, spec.dim()),
                 fmt::format("dim counts all neurons: give dim: {}", circuit.size.units));
  return circuit;
}

Wiring Compiler::make_circuit(const Circuit& circuit, size_t inputs) const {
  Arguments arguments = circuit.arguments;
  if (arguments.has("wiring_file"))
    for (const char* key : {"adjacency", "sensory_adjacency"})
      if (!arguments.has(key)) arguments.set(key, load(arguments.text("wiring_file"), key).values);
  return make_wiring(*circuit.kind, {.inputs = inputs, .arguments = arguments, .at = circuit.at});
}

void Compiler::refuse_unknown_words(const LayerSpec& spec, const CellEntry& cell, std::vector<std::string> more) {
  for (const char* word : {"dim", "dt", "learnable_params", "polarity", "polarity_file", "polarity_init",
                           "polarity_enforcement_method", "init_state", "wiring"})
    more.push_back(word);
  for (const SettingFacts& f : cell.settings) more.push_back(f.name);
  refuse_unknown(cell.name, spec.params, more);
}

bool Compiler::learns(const LayerSpec& spec, const std::string& parameter) {
  const Value* all = spec.params.find("learnable_params");
  const Value* own = all ? all->find(parameter) : nullptr;
  return own ? own->boolean() : true;
}

// ---- parts --------------------------------------------------------------------------------------------------

void Compiler::add_output(const LayerSpec& spec) {
  LayerPlan l{.layer_id = spec.layer_id, .name = std::to_string(spec.layer_id), .cell = nullptr};
  l.units  = units_of(spec.layer_id);
  l.own_dt = spec.params.has("dt");
  l.dt     = l.own_dt ? spec.params.at("dt").number() : dt_;
  if (!(l.dt > 0) || l.dt > 1e300) spec.params.at("dt").fail("must be a positive number");
  plan_.layers.push_back(std::move(l));
  set_cell(int(plan_.layers.size()) - 1, "Linear");
  polarity_.push_back(read_polarity(spec));
  plan_.layers.back().polarity = polarity_.back().sign;
}

void Compiler::expand() {
  for (const LayerSpec& spec : plan_.spec.layers) {
    if (!is_composite(plan_.spec, spec)) {
      add_noisy_copy(spec);
      continue;
    }
    const std::string family = find_cell(spec.layer_type)->name;
    if (plan_.layers[size_t(layer_position(spec.layer_id))].takes_flux)
      throw SpecError(spec.at,
                      fmt::format("layer {} ({}) weighs its sources itself and takes no flux", spec.layer_id, family),
                      "put a Linear layer in front of it, with a connection of type direct");
    if (family == "LTC") expand_liquid(spec);
    else if (family == "CfC") expand_cfc(spec);
    else if (family == "ODERNN" || family == "ODELSTM") expand_ode(spec, family == "ODELSTM");
    else if (family == "GRUD" || family == "RNNDecay") expand_decay(spec);
    else if (family == "CTGRU" || family == "coRNN" || family == "LipschitzRNN" || family == "GRUODE")
      expand_equations(spec);
    else throw SpecError(spec.at, fmt::format("layers of type {} are not available yet", family));
  }
}

int Compiler::add_part(const LayerSpec& spec, const std::string& part, const char* cell, size_t units) {
  const LayerPlan& whole = plan_.layers[size_t(layer_position(spec.layer_id))];
  LayerPlan        l{.layer_id = spec.layer_id, .name = fmt::format("{}.{}", spec.layer_id, part), .cell = nullptr};
  l.units = units, l.dt = whole.dt, l.own_dt = whole.own_dt;
  plan_.layers.push_back(std::move(l));
  set_cell(int(plan_.layers.size()) - 1, cell);
  return int(plan_.layers.size()) - 1;
}

void Compiler::set_cell(int layer, const char* cell) {
  LayerPlan& l = plan_.layers[size_t(layer)];
  l.cell       = find_cell(cell);
  expects(l.cell != nullptr, "the cells of composites are in the catalogue");
  l.kernels     = l.cell->kernels(0);
  l.start_state = l.cell->output;
  l.params.assign(l.cell->params.size(), -1);
  l.param_entries.assign(l.cell->params.size(), {});
  l.constants.clear();
  for (const ConstantFacts& c : l.cell->constants) l.constants.emplace_back(l.units, c.value);
  l.incoming.assign(l.cell->ports.size(), {});
}

void Compiler::give(int layer, const std::string& parameter, int block, std::vector<uint32_t> entries) {
  LayerPlan& l = plan_.layers[size_t(layer)];
  for (size_t p = 0; p < l.cell->params.size(); ++p)
    if (l.cell->params[p].name == parameter) l.params[p] = block, l.param_entries[p].entry = std::move(entries);
}

void Compiler::connect(const std::string& name, int from, int to, int port, int lag, SparsePattern pattern) {
  ConnectionPlan c{.name = name, .from = from, .to = to, .port = port, .lag = lag};
  set_pattern(c, std::move(pattern), plan_.layers[size_t(from)].units);
  plan_.connections.push_back(std::move(c));
}

int Compiler::add_memory(const LayerSpec& spec, int input, int core, double forget_bias) {
  const size_t units = plan_.layers[size_t(core)].units, inputs = plan_.layers[size_t(input)].units, rows = 4 * units;
  const int    memory                      = add_part(spec, "memory", "LSTM", units);
  plan_.layers[size_t(memory)].start_state = 1;  // its memory; what it gives out follows from it
  const std::string prefix                 = fmt::format("layer{}/", spec.layer_id);
  refuse_size(spec.at, rows, std::max(units, inputs));
  const auto add = [&](const char* name, std::vector<size_t> shape, std::vector<double> values, const char* help,
                       bool learnable) {
    return add_block({.name = prefix + name, .shape = std::move(shape), .learnable = learnable, .help = help},
                     std::move(values));
  };
  const auto weights = [&](const char* name, const char* rule, size_t columns) {
    const InitialiserEntry& initialiser = find_initialiser(rule);
    const Arguments         arguments   = check_arguments(rule, initialiser.facts, Value::map());
    const Mask              all(rows, columns, true);
    Random                  draw = random(prefix + name);
    return add(name, {rows, columns},
               initial_weights(initialiser, {.mask = all, .arguments = arguments, .random = draw}), "gate weights",
               learns(spec, name));
  };
  const int map       = weights("input_map", "xavier_uniform", inputs),
            recurrent = weights("recurrent_map", "orthogonal", units);
  std::vector<double> biases(rows);
  Random              draw = random(prefix + "input_map_bias");
  for (double& b : biases) b = 0.1 * (2 * draw.uniform() - 1);
  const int bias = add("input_map_bias", {rows}, std::move(biases), "gate biases", learns(spec, "input_map_bias"));

  // forget_bias is a bias without weights, and learns only where it is asked to
  const Value* learn  = spec.params.find("learnable_params");
  const int    forget = add("forget_bias", {units}, std::vector<double>(units, forget_bias), "added to the forget gate",
                            learn && learn->has("forget_bias") && learns(spec, "forget_bias"));
  const int    ports[] = {2, 0, 1, 3};  // of the LSTM cell: i, f, g, o
  for (size_t g = 0; g < 4; ++g) {
    const size_t row = g * units;
    plan_.connections.push_back({.name      = prefix + "input_map",
                                 .from      = input,
                                 .to        = memory,
                                 .port      = ports[g],
                                 .lag       = 0,
                                 .weights   = map,
                                 .first_row = row,
                                 .bias      = bias});
    plan_.connections.push_back({.name      = prefix + "recurrent_map",
                                 .from      = core,
                                 .to        = memory,
                                 .port      = ports[g],
                                 .lag       = 1,
                                 .weights   = recurrent,
                                 .first_row = row});
  }
  ConnectionPlan k{.name = prefix + "forget_bias", .from = input, .to = memory, .port = 1, .lag = 0, .bias = forget};
  SparsePattern  none;
  none.begin.assign(units + 1, 0);
  set_pattern(k, std::move(none), inputs);
  plan_.connections.push_back(std::move(k));
  return memory;
}

// ---- direct connections ---------------------------------------------------------------------------------------

bool Compiler::is_direct(const ConnectionSpec& c) const {
  const LayerSpec& to = *plan_.spec.layer(c.to_layer);
  if (c.connection_type != "direct") {
    if (!is_composite(plan_.spec, to)) return false;
    throw SpecError(c.at, fmt::format("layer {} ({}) weighs its sources itself", c.to_layer, to.layer_type),
                    "give connection_type: direct, without params");
  }
  const CellEntry* const cell = find_cell(to.layer_type);   // null where the type is unknown, which is said later
  const bool             core = cell && !cell->core.empty();
  if (core)
    for (const ConnectionSpec& other : plan_.spec.connections)
      if (other.to_layer == c.to_layer && other.connection_type != "direct")
        throw SpecError(other.at, fmt::format("layer {} has direct sources and others", c.to_layer),
                        "a layer weighs either all of its sources itself, or none");
  if (!core && !is_composite(plan_.spec, to))
    throw SpecError(c.at,
                    fmt::format("a direct connection has no weights, and layer {} ({}) none for its sources",
                                c.to_layer, to.layer_type),
                    "connect with weights: connection_type: dense; direct leads into layers like LTC, CfC and LSTM");
  const auto refuse = [](const std::string& word) {
    return fmt::format("a direct connection has no weights, so '{}' means nothing on it", word);
  };
  if (!c.params.empty())
    throw SpecError(c.params.key_at(c.params.entries().front()), refuse(c.params.entries().front().key), "remove it");
  if (!c.mode.empty() && c.mode != "fixed") throw SpecError(c.at, refuse("mode"), "remove it");
  if (!c.connection_params.is_null() && !c.connection_params.empty())
    throw SpecError(c.at, refuse("connection_params"), "remove it");
  if (!c.learnable) throw SpecError(c.at, refuse("learnable"), "remove it");
  if (c.delay) throw SpecError(c.at, "delay belongs to spike connections", "use lag: 1 for one step");
  refuse_noise(c.noise, c.perturb);
  return true;
}

int Compiler::gather_sources(const LayerSpec& spec, const char* cell) {
  std::vector<const ConnectionSpec*> sources;
  size_t                             units = 0;
  for (const ConnectionSpec& c : plan_.spec.connections)
    if (c.to_layer == spec.layer_id && is_direct(c)) sources.push_back(&c), units += units_of(c.from_layer);
  if (sources.empty())
    throw SpecError(spec.at, fmt::format("layer {} ({}) has no sources", spec.layer_id, spec.layer_type),
                    "give it a connection with connection_type: direct");
  const int to    = add_part(spec, "input", cell, units);
  size_t    first = 0;
  for (const ConnectionSpec* c : sources) {
    const size_t  count = units_of(c->from_layer);
    SparsePattern p;
    for (size_t u = 0; u <= units; ++u) p.begin.push_back(uint32_t(std::clamp(u, first, first + count) - first));
    for (size_t u = 0; u < count; ++u) p.column.push_back(uint32_t(u));
    p.constant.assign(count, 1.0);
    connect(fmt::format("direct_{}_to_{}", c->from_layer, c->to_layer), exit(*c), to, 0, lag(*c),
            std::move(p));
    first += count;
  }
  return to;
}

}  // namespace dynode
