#include "dynode/models/ncp_wiring.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/io/file.h"
#include "dynode/io/model_file.h"
#include "dynode/io/model_formats.h"
#include "dynode/plan/arguments.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode::ncp {
namespace {

const char* const kByHand = "Custom";

Value numbers_of(const std::vector<int8_t>& matrix) { return Value(std::vector<double>(matrix.begin(), matrix.end())); }

/// [rows][columns] of −1, 0 and 1, as lists of rows.
Value rows_of(const std::vector<int8_t>& matrix, size_t columns) {
  Value rows = Value::list_of();
  for (size_t i = 0; i < matrix.size(); i += columns)
    rows.push_back(Value(std::vector<int>(matrix.begin() + ptrdiff_t(i), matrix.begin() + ptrdiff_t(i + columns))));
  return rows;
}
std::vector<int8_t> matrix_of(const Value& rows, size_t count, size_t columns) {
  std::vector<int8_t> matrix;
  if (rows.list().size() != count) rows.fail(fmt::format("{} rows, where {} are expected", rows.list().size(), count));
  for (const Value& row : rows.list()) {
    if (row.list().size() != columns)
      row.fail(fmt::format("{} numbers, where {} are expected", row.list().size(), columns));
    for (const Value& x : row.list()) {
      if (const double s = x.number(); s != 0 && s != 1 && s != -1) x.fail("polarities are -1, 0 and 1");
      matrix.push_back(int8_t(x.number()));
    }
  }
  return matrix;
}

Array array_of(size_t rows, size_t columns, const std::vector<int8_t>& matrix) {
  return {{int64_t(rows), int64_t(columns)}, std::vector<int64_t>(matrix.begin(), matrix.end())};
}

Value layer_list(const dynode::Wiring& w) {
  Value layers = Value::list_of();
  for (const auto& ids : w.layers) layers.push_back(Value(ids));
  return layers;
}

}  // namespace

Wiring::Wiring(int units, std::optional<int> output_dim) : type_(kByHand), params_(Value::map({{"units", units}})) {
  if (units < 1) throw SpecError({.path = "units"}, fmt::format("is {}", units), "a wiring has at least one neuron");
  if (output_dim) params_.set("output_dim", *output_dim);
  inner_ = make(0);
}

Wiring::Wiring(const std::string& type, const NamedValues& params)
    : type_(find_wiring(type).name), params_(params.value()) {
  inner_ = make(0);
}

dynode::Wiring Wiring::make(size_t inputs) const {
  const WiringEntry& kind  = find_wiring(type_);
  Value              given = params_;
  const size_t       units = given.has("units") && type_ == kByHand ? size_t(given.at("units").integer()) : 0;
  if (units) {  // without matrices of its own nothing is there yet
    if (!given.has("adjacency") && !given.has("wiring_file"))
      given.set("adjacency", Value(std::vector<double>(units * units)));
    if (inputs && !given.has("sensory_adjacency") && !given.has("wiring_file"))
      given.set("sensory_adjacency", Value(std::vector<double>(inputs * units)));
  }
  if (given.has("wiring_file"))
    for (const char* key : {"adjacency", "sensory_adjacency"})
      if (!given.has(key)) given.set(key, Value(load_array(given.at("wiring_file").text(), key).values));
  if (!inputs) given.erase("sensory_adjacency");
  const Arguments arguments = check_arguments(type_, kind.facts, given);
  return make_wiring(kind, {.inputs = inputs, .arguments = arguments});
}

// ---- sizes ----------------------------------------------------------------------------------------------

std::optional<int> Wiring::input_dim() const { return built_ ? std::optional(int(inner_.inputs)) : std::nullopt; }

Wiring& Wiring::build(int input_dim) {
  if (input_dim < 1)
    throw SpecError({.path = "input_dim"}, fmt::format("is {}", input_dim), "a wiring has at least one input");
  if (built_ && inner_.inputs != size_t(input_dim))
    throw SpecError({.path = "input_dim"},
                    fmt::format("this wiring was built for {} inputs, not {}", inner_.inputs, input_dim),
                    "make another wiring for a network with other inputs");
  if (built_) return *this;
  dynode::Wiring whole = make(size_t(input_dim));
  for (const Edit& e : edits_)
    if (!e.sensory) whole.add_synapse(e.source, e.target, e.polarity);
  inner_ = std::move(whole);
  built_ = true;
  return *this;
}

bool Wiring::known_before_inputs() const {
  const Value* compat = params_.find("seed_compat");
  return (type_ != "NCP" && type_ != "AutoNCP") || (compat && compat->text() != "numpy");
}

void Wiring::require_built(const char* what) const {
  if (!built_)
    throw SpecError({}, fmt::format("a wiring has {} once it knows how many inputs there are", what),
                    "call build(inputs), or make a network with it and ask its wiring");
}

void Wiring::require_synapses() const {
  if (!known_before_inputs()) require_built("synapses");
}

// ---- layers ---------------------------------------------------------------------------------------------

std::vector<int> Wiring::neurons_of_layer(int layer) const {
  if (layer < 0 || layer >= num_layers())
    throw SpecError({.path = "layer"}, fmt::format("there is no layer {}", layer),
                    num_layers() == 3 ? "there are: 0 (inter), 1 (command), 2 (motor)"
                                      : fmt::format("there are {}, from 0 on", num_layers()));
  const auto& ids = inner_.layers[size_t(layer)];
  return {ids.begin(), ids.end()};
}

std::string Wiring::type_of(int neuron) const {
  if (neuron < 0 || neuron >= units())
    throw SpecError({.path = "neuron"}, fmt::format("there is no neuron {}", neuron),
                    fmt::format("they are numbered 0 to {}", units() - 1));
  return neuron_types(inner_, false)[size_t(neuron)];
}

// ---- synapses -------------------------------------------------------------------------------------------

Array Wiring::adjacency() const {
  require_synapses();
  return array_of(inner_.units, inner_.units, inner_.adjacency);
}
Array Wiring::sensory_adjacency() const {
  require_built("synapses of inputs");
  return array_of(inner_.inputs, inner_.units, inner_.sensory);
}
size_t Wiring::synapse_count() const {
  require_synapses();
  return inner_.synapses();
}
size_t Wiring::sensory_synapse_count() const {
  require_built("synapses of inputs");
  return inner_.sensory_synapses();
}

Wiring& Wiring::add_synapse(int source, int target, int polarity) {
  require_synapses();
  inner_.add_synapse(source, target, polarity);
  edits_.push_back({false, source, target, polarity});
  return *this;
}
Wiring& Wiring::add_sensory_synapse(int input, int target, int polarity) {
  require_built("synapses of inputs");
  inner_.add_sensory_synapse(input, target, polarity);
  edits_.push_back({true, input, target, polarity});
  return *this;
}

// ---- pictures -------------------------------------------------------------------------------------------

WiringGraph Wiring::graph(bool include_sensory_neurons) const {
  require_built("a graph");
  WiringGraph                    g;
  const std::vector<std::string> types = neuron_types(inner_, false);
  const auto                     name  = [](const char* what, size_t i) { return fmt::format("{}_{}", what, i); };
  const auto                     edge  = [&](const char* what, size_t i, size_t j, int8_t sign) {
    if (sign) g.edges.push_back({name(what, i), name("neuron", j), sign > 0 ? "excitatory" : "inhibitory"});
  };
  for (size_t i = 0; i < inner_.units; ++i) g.nodes.push_back({name("neuron", i), types[i]});
  for (size_t i = 0; include_sensory_neurons && i < inner_.inputs; ++i)
    g.nodes.push_back({name("sensory", i), "sensory"});
  for (size_t i = 0; include_sensory_neurons && i < inner_.inputs; ++i)
    for (size_t j = 0; j < inner_.units; ++j) edge("sensory", i, j, inner_.sensory[i * inner_.units + j]);
  for (size_t i = 0; i < inner_.units; ++i)
    for (size_t j = 0; j < inner_.units; ++j) edge("neuron", i, j, inner_.adjacency[i * inner_.units + j]);
  return g;
}

std::string Wiring::draw(const WiringDrawing& options) const {
  require_built("a picture");
  return draw_wiring(inner_, options);
}

void Wiring::save_drawing(const std::string& path, const WiringDrawing& options) const {
  write_file(path, draw(options));
}

const dynode::Wiring& Wiring::circuit() const {
  require_built("a circuit");
  return inner_;
}

// ---- files ----------------------------------------------------------------------------------------------

Value Wiring::spec() const {
  if (type_ != kByHand && edits_.empty()) return Value::map({{"type", type_}, {"params", params_}});
  require_built("synapses of inputs");
  std::vector<int> layer_of(inner_.units);
  for (size_t l = 0; l < inner_.layers.size(); ++l)
    for (const uint32_t i : inner_.layers[l]) layer_of[i] = int(l);
  Value params = Value::map({{"units", inner_.units}, {"output_dim", inner_.outputs}});
  params.set("adjacency", numbers_of(inner_.adjacency));
  params.set("sensory_adjacency", numbers_of(inner_.sensory));
  if (inner_.layers.size() > 1) params.set("neuron_layers", Value(layer_of));
  return Value::map({{"type", kByHand}, {"params", params}});
}

Value Wiring::stored() const {
  Value value = Value::map({{"type", type_}, {"params", params_}});
  if (built_) value.set("input_dim", inner_.inputs);
  value.set("layers", layer_list(inner_));
  if (built_ || known_before_inputs()) value.set("adjacency", rows_of(inner_.adjacency, inner_.units));
  if (built_) value.set("sensory_adjacency", rows_of(inner_.sensory, inner_.units));
  return value;
}

Wiring Wiring::from_stored(const Value& stored) {
  refuse_unknown("a wiring", stored, {"type", "params", "input_dim", "layers", "adjacency", "sensory_adjacency"});
  Wiring       w(1);
  const Value& type = stored.at("type");
  w.type_           = find_wiring(type.text(), type.at()).name;
  w.params_         = stored.at("params");
  w.inner_          = w.make(0);
  if (const Value* inputs = stored.find("input_dim")) w.build(int(inputs->integer()));
  // what differs from what these words make was changed by hand
  const size_t units = w.inner_.units;
  const auto   take  = [&](const char* key, bool sensory, size_t rows) {
    const Value* given = stored.find(key);
    if (!given || (sensory && !w.built_)) return;
    const std::vector<int8_t> wanted = matrix_of(*given, rows, units);
    std::vector<int8_t>&      now    = sensory ? w.inner_.sensory : w.inner_.adjacency;
    for (size_t i = 0; i < now.size(); ++i) {
      if (now[i] == wanted[i]) continue;
      if (!wanted[i])
        given->fail(fmt::format("the synapse [{}, {}] of this {} is missing", i / units, i % units, w.type_));
      now[i] = wanted[i];
      w.edits_.push_back({sensory, int(i / units), int(i % units), wanted[i]});
    }
  };
  take("adjacency", false, units);
  take("sensory_adjacency", true, w.inner_.inputs);
  return w;
}

void Wiring::save(const std::string& path) const {
  const std::string ending = ending_of(path);
  if (ending == ".json") return write_file(path, to_json(stored(), true));
  if (ending == ".yaml" || ending == ".yml") return write_file(path, to_yaml(stored()));
  throw IoError(path, "is no wiring by its ending", "wirings are .yaml, .yml or .json");
}

Wiring Wiring::load(const std::string& path) { return from_stored(load_value(path)); }

// ---- kinds ----------------------------------------------------------------------------------------------

Wiring FullyConnected(int units, const FullyConnectedOptions& o) {
  NamedValues params = {
      {"units", units}, {"erev_init_seed", o.erev_init_seed}, {"self_connections", o.self_connections}};
  if (o.output_dim) params.set("output_dim", *o.output_dim);
  return Wiring("FullyConnected", params);
}

Wiring Random(int units, const RandomOptions& o) {
  NamedValues params = {{"units", units}, {"sparsity_level", o.sparsity_level}, {"random_seed", o.random_seed}};
  if (o.output_dim) params.set("output_dim", *o.output_dim);
  return Wiring("Random", params);
}

Wiring NCP(const NCPOptions& o) {
  return Wiring("NCP", {{"inter_neurons", o.inter_neurons},
                        {"command_neurons", o.command_neurons},
                        {"motor_neurons", o.motor_neurons},
                        {"sensory_fanout", o.sensory_fanout},
                        {"inter_fanout", o.inter_fanout},
                        {"recurrent_command_synapses", o.recurrent_command_synapses},
                        {"motor_fanin", o.motor_fanin},
                        {"seed", o.seed}});
}

Wiring AutoNCP(int units, int output_size, double sparsity_level, uint64_t seed) {
  return Wiring("AutoNCP",
                {{"units", units}, {"output_size", output_size}, {"sparsity_level", sparsity_level}, {"seed", seed}});
}

}  // namespace dynode::ncp
