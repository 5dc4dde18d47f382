#include "dynode/io/soen_json.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

#include "dynode/base/error.h"
#include "dynode/base/version.h"
#include "dynode/io/soen_model.h"
#include "dynode/spec/reading.h"

namespace dynode {
namespace {

constexpr size_t kMostGlobal = 1'000'000;   // entries of the matrix over all units that is still written

/// Nested lists of equal lengths as an array.
void collect(const Value& value, size_t axis, std::vector<int64_t>& shape, std::vector<double>& numbers) {
  if (!value.is_list()) {
    if (axis < shape.size()) value.expected("a list of numbers");
    return numbers.push_back(value.is_boolean() ? double(value.boolean()) : value.number());
  }
  if (axis == shape.size()) {
    if (!numbers.empty() || axis == 3) value.expected("a number");
    shape.push_back(int64_t(value.size()));
  }
  if (int64_t(value.size()) != shape[axis])
    value.fail(fmt::format("has {} entries, the rows before have {}", value.size(), shape[axis]));
  for (const Value& item : value.list()) collect(item, axis + 1, shape, numbers);
}

Array array_of(const Value& value) {
  Array array;
  std::vector<double> numbers;
  collect(value, 0, array.shape, numbers);
  array.data = std::move(numbers);
  return array;
}

/// The shortest decimal that reads back as the same float or double.
Value number_of(float x) { return std::strtod(fmt::format("{}", x).c_str(), nullptr); }
Value number_of(double x) { return x; }
Value number_of(int64_t x) { return x; }
Value number_of(uint8_t x) { return int64_t(x); }

Value value_of(const Array& array) {
  return std::visit(
      [&](const auto& numbers) -> Value {
        size_t next = 0;
        const auto nest = [&](const auto& self, size_t axis) -> Value {
          if (axis == array.shape.size()) return number_of(numbers[next++]);
          Value list = Value::list_of();
          list.items().reserve(size_t(array.shape[axis]));
          for (int64_t i = 0; i < array.shape[axis]; ++i) list.push_back(self(self, axis + 1));
          return list;
        };
        return nest(nest, 0);
      },
      array.data);
}

const Value* mapping_in(const Value& value, std::string_view key) {
  const Value* found = value.find(key);
  return found && !found->is_null() ? (found->entries(), found) : nullptr;
}

/// "layer_3" → 3.
int layer_id_of(const Value& layers, const Value::Entry& entry) {
  const ArrayName name =
      parse_array_name(fmt::format("J_0_to_{}", entry.key.substr(std::min<size_t>(6, entry.key.size()))));
  if (!entry.key.starts_with("layer_") || name.of != ArrayName::Of::connection || !name.rest.empty())
    throw SpecError(layers.key_at(entry), fmt::format("'{}' does not name a layer", shown(entry.key)),
                    "layers are called layer_0, layer_1, …");
  return name.to;
}

/// Copies `key` of a mapping under a name of ours, if it is there.
void copy(const Value& from, const char* key, Value& to, const char* name) {
  if (const Value* v = from.find(key); v && !v->is_null()) to.set(name, *v);
}

void read_layer(const Value& layer, int id, SoenParts& parts) {
  const Value& config = layer.at("config");
  Value out = Value::map({{"layer_id", id}});
  copy(config, "type", out, "layer_type");
  copy(config, "params_config", out, "params");
  for (const char* key : {"model_id", "description", "noise", "perturb"}) copy(config, key, out, key);
  for (const char* key : {"noise", "perturb"}) copy(layer, key, out, key);
  parts.layers.push_back(std::move(out));

  for (const char* kind : {"parameters", "buffers"})
    if (const Value* values = mapping_in(layer, kind))
      for (const Value::Entry& entry : values->entries()) {
        const std::string name = soen_layer_array(id, entry.key);
        if (name.empty() || entry.value.is_null()) continue;
        // buffers are numbers that follow from others; signs are what we need of them
        if (kind == std::string_view("parameters") || entry.key == "polarity")
          parts.arrays.emplace_back(name, array_of(entry.value));
      }
}

void read_connections(const Value& connections, SoenParts& parts) {
  if (const Value* configs = mapping_in(connections, "config"))
    for (const Value::Entry& entry : configs->entries()) {
      const Value& config = entry.value;
      Value out = Value::map(
          {{"from_layer", config.at("from")}, {"to_layer", config.at("to")}, {"connection_type", config.at("type")}});
      copy(config, "params_config", out, "params");
      for (const char* key : {"learnable", "noise", "perturb", "visualization_metadata", "lag", "delay"})
        copy(config, key, out, key);
      parts.connections.push_back(std::move(out));
    }
  const auto read = [&](const char* key, const char* prefix) {
    if (const Value* arrays = mapping_in(connections, key))
      for (const Value::Entry& entry : arrays->entries())
        if (!entry.value.is_null()) parts.arrays.emplace_back(prefix + entry.key, array_of(entry.value));
  };
  read("matrices", ""), read("masks", "mask/"), read("biases", "");
}

/// Numbers of a single-precision model become float again: where the file says so, or where no digit is lost.
void narrow(std::vector<std::pair<std::string, Array>>& arrays, bool said) {
  const auto fits = [](const auto& entry) {
    const auto& numbers = std::get<std::vector<double>>(entry.second.data);
    return std::all_of(numbers.begin(), numbers.end(), [](double x) { return double(float(x)) == x || x != x; });
  };
  if (!said && !std::all_of(arrays.begin(), arrays.end(), fits)) return;
  for (auto& entry : arrays) entry.second.data = entry.second.as_float();
}

bool is_single(const StoredModel& model) {
  return std::none_of(model.arrays.begin(), model.arrays.end(), [](const auto& entry) {
    return parse_array_name(entry.first).prefix.empty() &&
           std::holds_alternative<std::vector<double>>(entry.second.data);
  });
}

/// One matrix over all units, layers in ascending id.
Value global_of(const StoredModel& model, const std::string& prefix) {
  std::vector<size_t> begin{0};
  for (const LayerSpec& l : model.spec.layers) begin.push_back(begin.back() + size_t(l.dim()));
  const size_t        units = begin.back();
  std::vector<double> all(units * units, 0.0);
  for (const ConnectionSpec& c : model.spec.connections) {
    const std::string name = fmt::format("J_{}_to_{}", c.from_layer, c.to_layer);
    const Array *w = model.find(name), *mask = prefix.empty() ? w : model.find(prefix + name);
    if (!w || w->shape.size() != 2) continue;
    const auto position = [&](int id) {
      const auto& layers = model.spec.layers;
      return begin[size_t(std::find_if(layers.begin(), layers.end(), [&](auto& l) { return l.layer_id == id; }) -
                          layers.begin())];
    };
    const std::vector<double> values = mask ? mask->as_double() : std::vector<double>(w->size(), 1.0);
    for (size_t i = 0; i < values.size(); ++i)
      all[(position(c.to_layer) + i / size_t(w->shape[1])) * units + position(c.from_layer) + i % size_t(w->shape[1])] =
          values[i];
  }
  return value_of({{int64_t(units), int64_t(units)}, std::move(all)});
}

}  // namespace

bool is_soen_json(const Value& value) {
  const Value* connections = value.is_mapping() ? value.find("connections") : nullptr;
  return connections && connections->is_mapping() && (connections->has("config") || connections->has("matrices"));
}

StoredModel read_soen_json(const Value& given, const std::string& file) {
  Value value = given;
  if (!value.is_placed()) value.place(file);
  SoenParts parts;
  if (const Value* seed = value.find("seed")) parts.seed = *seed;
  if (const Value* simulation = mapping_in(value, "simulation")) parts.simulation = *simulation;
  const Value& layers = value.at("layers");
  for (const Value::Entry& entry : layers.entries()) read_layer(entry.value, layer_id_of(layers, entry), parts);
  read_connections(value.at("connections"), parts);
  const Value* learnable = parts.simulation.find("dt_learnable");
  if (const Value* dt = parts.simulation.find("dt"); dt && learnable && learnable->is_boolean() && learnable->boolean())
    parts.arrays.emplace_back("dt", array_of(*dt));
  const Value* metadata = mapping_in(value, "metadata");
  const Value* dtype    = metadata ? metadata->find("dtype") : nullptr;
  narrow(parts.arrays, dtype && dtype->is_text() && dtype->text() == "float32");
  return assemble(std::move(parts), file);
}

Value write_soen_json(const StoredModel& model, std::vector<std::string>& notes) {
  const Spec& spec = model.spec;
  Value out = Value::map({{"version", "1.0"},
                          {"metadata", Value::map({{"format", "soen-json"}, {"dynode_version", kVersion},
                                                  {"dtype", is_single(model) ? "float32" : "float64"}})}});
  if (spec.seed) out.set("seed", *spec.seed);
  Value simulation = write(spec.simulation, Defaults::write);
  if (const Array* dt = model.find("dt"); dt && dt->size() == 1) simulation.set("dt", dt->as_double()[0]);
  for (const char* key : {"steps", "duration", "rate_table"})   // not the toolkit's
    if (const Value* v = simulation.find(key); v && (v->is_null() || (v->is_text() && v->text().empty())))
      simulation.erase(key);
  out.set("simulation", std::move(simulation));

  Value layers = Value::map();
  for (const LayerSpec& l : spec.layers) {
    Value params = l.params;
    if (const Array* sign = model.find(fmt::format("layer{}/polarity", l.layer_id))) {
      for (const char* word : {"polarity_init", "polarity_file"}) params.erase(word);
      params.set("polarity", value_of({sign->shape, sign->as_integers("polarity")}));
    }
    Value parameters = Value::map();
    const std::string prefix = fmt::format("layer{}/", l.layer_id);
    for (const auto& [name, array] : model.arrays)
      if (name.starts_with(prefix) && !name.ends_with("/polarity"))
        parameters.set(name.substr(prefix.size()), value_of(array));
    Value layer = Value::map({{"config", Value::map({{"type", l.layer_type}, {"params_config", std::move(params)},
                                                     {"model_id", l.model_id}, {"description", l.description}})},
                              {"noise", l.noise}, {"perturb", l.perturb}, {"parameters", std::move(parameters)},
                              {"buffers", Value::map()}});
    layers.set(fmt::format("layer_{}", l.layer_id), std::move(layer));
  }
  out.set("layers", std::move(layers));

  Value configs = Value::map(), matrices = Value::map(), masks = Value::map(), biases = Value::map();
  for (const ConnectionSpec& c : spec.connections) {
    const std::string name = fmt::format("J_{}_to_{}", c.from_layer, c.to_layer);
    Value params = c.params;
    if (!c.mode.empty()) params.set("mode", c.mode);
    if (!c.connection_params.is_null()) params.set("connection_params", c.connection_params);
    Value config = Value::map({{"from", c.from_layer}, {"to", c.to_layer}, {"type", c.connection_type},
                               {"params_config", std::move(params)}, {"learnable", c.learnable}, {"noise", c.noise},
                               {"perturb", c.perturb}});
    if (c.lag) config.set("lag", *c.lag);
    if (c.delay) config.set("delay", *c.delay);
    if (!c.visualization_metadata.is_null()) config.set("visualization_metadata", c.visualization_metadata);
    configs.set(name, std::move(config));
    const Array* w = model.find(name);
    if (!w) continue;
    matrices.set(name, value_of(*w));
    const Array* mask = model.find("mask/" + name);
    masks.set(name, value_of(mask ? *mask : Array{w->shape, std::vector<uint8_t>(w->size(), 1)}));
    if (const Array* b = model.find(fmt::format("b_{}_to_{}", c.from_layer, c.to_layer)))
      biases.set(fmt::format("b_{}_to_{}", c.from_layer, c.to_layer), value_of(*b));
  }
  Value connections =
      Value::map({{"config", std::move(configs)}, {"matrices", std::move(matrices)}, {"masks", std::move(masks)}});
  if (!biases.empty()) {
    connections.set("biases", std::move(biases));
    notes.push_back("the toolkit's own readers do not know the biases of connections");
  }
  size_t units = 0;
  for (const LayerSpec& l : spec.layers) units += size_t(l.dim());
  if (units * units <= kMostGlobal) {
    connections.set("global_matrix", global_of(model, ""));
    connections.set("global_mask", global_of(model, "mask/"));
  } else {
    notes.push_back("the matrix over all units is left out, it would be too large; the matrices say the same");
  }
  out.set("connections", std::move(connections));

  for (const auto& [name, array] : model.arrays)
    if (const std::string prefix = parse_array_name(name).prefix; !prefix.empty() && prefix != "mask/")
      notes.push_back(fmt::format("{} is not part of such a file; it stays in the file the network names", name));
  return out;
}

}  // namespace dynode
