#include "dynode/io/soen_model.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "dynode/base/error.h"
#include "dynode/spec/reading.h"

namespace dynode {
namespace {

template <class S> std::vector<std::string> field_names() {
  std::vector<std::string> names;
  for (const FieldRow& row : describe<S>()) names.push_back(row.name);
  return names;
}

/// Leaves out nulls, and keys that a spec does not know (with a note).
Value known_part(const Value& mapping, const std::vector<std::string>& known, const std::string& what,
                 std::vector<std::string>& notes) {
  Value out = Value::map();
  for (const Value::Entry& entry : mapping.entries()) {
    if (entry.value.is_null()) continue;
    if (std::find(known.begin(), known.end(), entry.key) != known.end()) out.set(entry.key, entry.value);
    else notes.push_back(fmt::format("'{}' of {} means nothing here and is left out", shown(entry.key), what));
  }
  return out;
}

/// Noise that is all zero is none: the toolkit writes every quantity out.
Value without_zeros(const Value& noise) {
  if (!noise.is_mapping()) return {};
  Value out = Value::map();
  bool  any = false;
  for (const Value::Entry& entry : noise.entries()) {
    const Value value = entry.value.is_mapping() ? without_zeros(entry.value) : entry.value;
    if (value.is_null() || (value.is_number() && value.number() == 0)) continue;
    any |= !value.is_boolean();
    out.set(entry.key, value);
  }
  return any ? out : Value();
}

void clean(Value& item, const std::vector<std::string>& known, const std::string& what,
           std::vector<std::string>& notes) {
  item = known_part(item, known, what, notes);
  for (const char* key : {"noise", "perturb"})
    if (Value* noise = item.find(key)) {
      Value kept = without_zeros(*noise);
      if (kept.is_null()) item.erase(key);
      else *noise = std::move(kept);
    }
  if (Value* params = item.find("params"); params && params->is_mapping()) {
    std::vector<std::string> nulls;
    for (const Value::Entry& entry : params->entries())
      if (entry.value.is_null()) nulls.push_back(entry.key);
    for (const std::string& key : nulls) params->erase(key);
  }
}

/// Signs a source of weights must have had: of its non-zero weights, which all agree; free where there are none.
std::vector<int64_t> signs_of(const StoredModel& model, int layer_id, size_t units) {
  std::vector<int64_t> sign(units, 0);
  std::vector<bool>    mixed(units, false);
  for (const ConnectionSpec& c : model.spec.connections) {
    const Array* w =
        c.from_layer == layer_id ? model.find(fmt::format("J_{}_to_{}", c.from_layer, c.to_layer)) : nullptr;
    if (!w || w->shape.size() != 2 || w->shape[1] != int64_t(units)) continue;
    const std::vector<double> values = w->as_double();
    for (size_t i = 0; i < values.size(); ++i) {
      const int64_t s = (values[i] > 0) - (values[i] < 0);
      int64_t& known = sign[i % units];
      if (s != 0 && known != 0 && s != known) mixed[i % units] = true;
      if (s != 0) known = s;
    }
  }
  for (size_t u = 0; u < units; ++u)
    if (mixed[u]) sign[u] = 0;
  return sign;
}

}  // namespace

std::string soen_layer_array(int layer_id, std::string_view name) {
  if (name == "internal_J" || name == "internal_connectivity.weight" || name == "connectivity.weight")
    return fmt::format("J_{0}_to_{0}", layer_id);
  for (const std::string_view prefix : {"module.", "core."})
    if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  for (const std::string_view derived : {"_", "source_function.", "dynamics.", "solver.", "connectivity.", "dt"})
    if (name.starts_with(derived)) return {};
  return fmt::format("layer{}/{}", layer_id, name);
}

std::string soen_state_name(const std::string& text, const std::vector<int>& ids) {
  const ArrayName name = parse_array_name(text);
  if (!name.prefix.empty()) return {};
  if (name.of == ArrayName::Of::connection)
    return name.letter == 'J' && name.rest.empty() ? "connections." + text : "";
  const auto at = std::lower_bound(ids.begin(), ids.end(), name.from);
  if (name.of != ArrayName::Of::layer || at == ids.end() || *at != name.from || name.rest == "polarity") return {};
  const bool core =
      name.rest.starts_with("weight_") || name.rest.starts_with("bias_") || name.rest.ends_with("_proj.weight");
  return fmt::format("layers.{}.{}{}", at - ids.begin(), core && name.rest != "bias_current" ? "core." : "", name.rest);
}

StoredModel assemble(SoenParts parts, const std::string& file) {
  StoredModel model;
  model.notes = std::move(parts.notes);

  // the network, in the words of a spec
  std::vector<std::string> simulation = field_names<SimulationSpec>();
  simulation.push_back("seed");
  Value spec = Value::map();
  if (!parts.seed.is_null()) spec.set("seed", parts.seed);
  spec.set("simulation", known_part(parts.simulation, simulation, "the simulation", model.notes));
  for (Value& layer : parts.layers.items())
    clean(layer, field_names<LayerSpec>(), fmt::format("layer {}", layer.at("layer_id").integer()), model.notes);
  std::vector<std::string> of_connection = field_names<ConnectionSpec>();
  for (Value& c : parts.connections.items()) {
    for (const auto& [other, word] : {std::pair("from", "from_layer"), {"to", "to_layer"}, {"type", "connection_type"}})
      if (c.has(other) && !c.has(word)) c.rename(other, word);
    clean(c, of_connection,
          fmt::format("connection {} to {}", c.at("from_layer").integer(), c.at("to_layer").integer()), model.notes);
  }
  spec.set("layers", std::move(parts.layers)).set("connections", std::move(parts.connections));
  spec.place(file);
  model.spec = read_spec(spec);

  // its numbers; a name that comes twice stands for the same tensor
  std::set<std::string> seen;
  for (auto& [name, array] : parts.arrays)
    if (seen.insert(name).second) model.arrays.emplace_back(name, std::move(array));
  const size_t given = model.arrays.size();
  for (size_t i = 0; i < given; ++i) {
    const auto& [name, array] = model.arrays[i];
    if (!name.starts_with("J_") || seen.count("mask/" + name) || array.shape.size() != 2) continue;
    const std::vector<double> values = array.as_double();
    std::vector<uint8_t>      mask;
    for (const double w : values) mask.push_back(w != 0);
    if (std::find(mask.begin(), mask.end(), 0) == mask.end()) continue;
    model.notes.push_back(fmt::format("{} has no mask in the file: entries that are 0 count as absent", name));
    Array kept{array.shape, std::move(mask)};   // array moves when the list grows
    model.arrays.emplace_back("mask/" + name, std::move(kept));
  }
  for (const LayerSpec& layer : model.spec.layers) {
    const Value* drawn = layer.params.find("polarity_init");
    const std::string name = fmt::format("layer{}/polarity", layer.layer_id);
    if (!drawn || !drawn->is_mapping() || seen.count(name) || layer.params.find("polarity")) continue;
    const size_t units = size_t(layer.dim());
    model.arrays.emplace_back(name, Array{{int64_t(units)}, signs_of(model, layer.layer_id, units)});
    model.notes.push_back(
        fmt::format("the signs of layer {} were drawn at random and are read off its weights", layer.layer_id));
  }
  return model;
}

}  // namespace dynode
