#include "dynode/spec/legacy.h"

#include <fmt/format.h>
#include <utility>

#include "dynode/base/text.h"
#include "dynode/spec/clustered_network.h"
#include "dynode/spec/reading.h"

namespace dynode {
namespace {

using Warnings = std::vector<std::string>;

struct Alias {
  std::string_view old_word, word;
  bool             deprecated;
};

constexpr Alias kEvaluations[] = {
    {"layer", "layerwise", true},
    {"layer_sequence", "layerwise", true},
    {"layer-sequence", "layerwise", true},
    {"stepwise (gauss-seidel)", "stepwise_gauss_seidel", true},
    {"stepwise (gauss–seidel)", "stepwise_gauss_seidel", true},
    {"stepwise_gs", "stepwise_gauss_seidel", true},
    {"stepwise (jacobi)", "stepwise_jacobi", true}};

constexpr Alias kLayerTypes[] = {
    {"multiplier", "MultiplierWICC", true},      {"readout", "DendriteReadout", true},
    {"multiplier_nocc", "MultiplierNOCC", true}, {"multiplierv2", "MultiplierNOCC", true},
    {"multiplier_v2", "MultiplierNOCC", true},   {"leakygru", "LeakyGRU", true}};

constexpr Alias kSources[] = {{"heaviside_fit_state_dep", "Heaviside_state_dep", false}};

constexpr Alias kStructures[] = {{"all_to_all", "dense", true}, {"constant_fan_out", "constant", false}};

constexpr Alias kModes[] = {
    {"programmable", "WICC", true}, {"dynamic_v1", "WICC", true},    {"v1", "WICC", true},
    {"dynamic_v2", "NOCC", true},   {"multiplier_v2", "NOCC", true}, {"v2", "NOCC", true}};

void warn(Warnings& warnings, const At& at, const std::string& what) {
  const std::string place = at.text();
  warnings.push_back(place.empty() ? what : place + ": " + what);
}

/// Puts today's word in place of an alias, keeping the place.
template <size_t N>
void translate_word(Value* value, const Alias (&aliases)[N], Warnings& warnings) {
  if (!value || !value->is_text()) return;
  const std::string typed = lower_case(trim(value->text()));
  for (const Alias& alias : aliases) {
    if (typed != alias.old_word || value->text() == alias.word) continue;
    if (alias.deprecated) {
      warn(warnings, value->at(), fmt::format("'{}' is an old name, now '{}'", value->text(), alias.word));
    }
    value->replace(alias.word);
    return;
  }
}

/// Gives an entry today's key. Both spellings may stand side by side if they say the same.
void rename(Value& mapping, std::string_view old_key, const std::string& key, bool deprecated, Warnings& warnings) {
  Value* old = mapping.find(old_key);
  if (!old) return;
  if (deprecated) warn(warnings, old->at(), fmt::format("'{}' is an old name, now '{}'", old_key, key));
  const Value* present = mapping.find(key);
  if (!present) return mapping.rename(old_key, key);
  if (!(*old == *present)) {
    old->fail(fmt::format("'{}' and '{}' mean the same but have different values", old_key, key),
              fmt::format("keep '{}'", key));
  }
  mapping.erase(old_key);
}

Value* mapping_in(Value* value, std::string_view key) {
  Value* found = value && value->is_mapping() ? value->find(key) : nullptr;
  return found && found->is_mapping() ? found : nullptr;
}

/// @param own_activation  the word is not an alias there
void translate_source(Value& params, Warnings& warnings, bool own_activation = false) {
  rename(params, "source_func_type", "source_func", false, warnings);
  if (!own_activation) rename(params, "activation", "source_func", false, warnings);
  rename(params, "ib", "bias_current", false, warnings);
  translate_word(params.find("source_func"), kSources, warnings);
}

void translate_layer(Value& layer, Warnings& warnings) {
  if (!layer.is_mapping()) return;
  translate_word(layer.find("layer_type"), kLayerTypes, warnings);
  if (Value* params = mapping_in(&layer, "params")) {
    const Value* type = layer.find("layer_type");
    const bool   backbone = type && type->is_text() &&   // whose activation it is
                          (lower_case(type->text()) == "cfc" || lower_case(type->text()) == "activation");
    translate_source(*params, warnings, backbone);
    if (Value* learnable = mapping_in(params, "learnable_params")) {
      rename(*learnable, "ib", "bias_current", false, warnings);
    }
  }
}

/// a, b of a uniform initialiser.
void translate_uniform(Value& params, Warnings& warnings) {
  rename(params, "a", "min", false, warnings);
  rename(params, "b", "max", false, warnings);
}

bool says(const Value* value, std::string_view word) {
  return value && value->is_text() && lower_case(value->text()) == word;
}

void translate_blocks(Value& holder, Warnings& warnings) {
  rename(holder, "dynamic", "connection_params", true, warnings);
  rename(holder, "multiplier", "connection_params", true, warnings);
}

/// The words of the toolkit's guide for block_structure. @param layers  whose sizes say how many blocks there are
void translate_block_structure(Value& params, const Value& connection, const Value* layers, Warnings& warnings) {
  const bool guide = params.has("p_in") || params.has("p_out") || params.has("block_size");
  rename(params, "p_in", "within_block_density", false, warnings);
  rename(params, "p_out", "cross_block_density", false, warnings);
  if (guide && !params.has("connection_mode")) params.set("connection_mode", "full");
  const Value* size = params.find("block_size");
  const Value* from = connection.find("from_layer");
  if (!size || !from || !layers || !layers->is_list()) return;
  if (params.has("block_count")) size->fail("block_count says how many blocks there are", "keep one of them");
  for (const Value& layer : layers->list()) {
    const Value* id  = layer.is_mapping() ? layer.find("layer_id") : nullptr;
    const Value* own = id && *id == *from ? layer.find("params") : nullptr;
    const Value* dim = own && own->is_mapping() ? own->find("dim") : nullptr;
    if (!dim) continue;
    if (size->integer() < 1 || dim->integer() % size->integer() != 0)
      size->fail(fmt::format("blocks of {} do not fill the {} units of layer {}", size->integer(), dim->integer(), from->integer()),
                 "give a block_size that divides them, or block_count");
    const int64_t count = dim->integer() / size->integer();
    params.erase("block_size");
    params.set("block_count", count);
    return;
  }
}

void translate_connection(Value& connection, const Value* layers, Warnings& warnings) {
  if (!connection.is_mapping()) return;
  rename(connection, "from", "from_layer", false, warnings);
  rename(connection, "to", "to_layer", false, warnings);
  rename(connection, "type", "connection_type", false, warnings);
  translate_word(connection.find("connection_type"), kStructures, warnings);
  translate_blocks(connection, warnings);

  Value* params = mapping_in(&connection, "params");
  if (!params) return;
  translate_blocks(*params, warnings);

  // structure
  Value*       structure = mapping_in(params, "structure");
  const Value* type      = structure ? structure->find("type") : nullptr;
  if (structure) translate_word(structure->find("type"), kStructures, warnings);
  if (!type) type = connection.find("connection_type");
  Value* inner = structure ? mapping_in(structure, "params") : params;
  if (inner && says(type, "custom")) rename(*inner, "file_path", "mask_file", true, warnings);
  if (!says(type, "block_structure")) rename(*params, "connection_mode", "mode", true, warnings);
  else if (inner) translate_block_structure(*inner, connection, layers, warnings);

  // initialiser
  if (Value* init = params->find("init"); init && init->is_mapping()) {
    Value* init_params = mapping_in(init, "params");
    if (init_params && says(init->find("name"), "uniform")) translate_uniform(*init_params, warnings);
  } else if (says(init, "uniform")) {
    translate_uniform(*params, warnings);
  }
}

}  // namespace

Value translate_spec(Value spec, Warnings& warnings) {
  if (!spec.is_mapping()) return spec;
  if (is_clustered_network(spec)) return spec_of_clustered_network(spec, warnings);
  rename(spec, "sim_config", "simulation", true, warnings);
  if (Value* simulation = mapping_in(&spec, "simulation")) {
    translate_word(simulation->find("network_evaluation_method"), kEvaluations, warnings);
    if (Value* seed = simulation->find("seed")) {
      if (const Value* outer = spec.find("seed"); outer && !(*outer == *seed)) {
        seed->fail("'seed' and 'simulation.seed' mean the same but have different values", "keep 'seed'");
      }
      Value moved = *seed;
      simulation->erase("seed");
      spec.set("seed", std::move(moved));
    }
  }
  if (Value* layers = spec.find("layers"); layers && layers->is_list()) {
    for (Value& layer : layers->items()) translate_layer(layer, warnings);
  }
  if (Value* connections = spec.find("connections"); connections && connections->is_list()) {
    for (Value& connection : connections->items()) translate_connection(connection, spec.find("layers"), warnings);
  }
  return spec;
}

Value translate_mode_params(Value params, Warnings& warnings) {
  if (params.is_mapping()) translate_source(params, warnings);
  return params;
}

std::string translate_mode(const Value& mode, const Value& params, Warnings& warnings) {
  const auto has = [&](std::initializer_list<const char*> keys) {
    for (const char* key : keys) {
      if (params.is_mapping() && params.has(key)) return true;
    }
    return false;
  };
  const auto inferred = [&] {
    return has({"alpha", "beta", "beta_out", "bias_current"}) ? "NOCC" : has({"gamma_plus"}) ? "WICC" : "NOCC";
  };

  if (mode.is_null()) {
    if (params.empty()) return "fixed";
    warn(warnings, params.at(),
         fmt::format("no mode is given; its parameters are taken for those of '{}'", inferred()));
    return inferred();
  }
  const std::string typed = lower_case(trim(mode.text()));
  const std::vector<std::string> modes = {"fixed", "WICC", "NOCC", "spike"};
  for (const std::string& known : modes) {
    if (typed == lower_case(known)) return known;
  }
  if (typed == "dynamic" || typed == "multiplier") {
    warn(warnings, mode.at(), fmt::format("'{}' is an old name, taken for '{}'", mode.text(), inferred()));
    return inferred();
  }
  Value word = mode;
  translate_word(&word, kModes, warnings);
  if (word == mode) {
    mode.fail(fmt::format("unknown mode '{}'", shown(mode.text())), did_you_mean(mode.text(), modes, "it can be"));
  }
  return word.text();
}

}  // namespace dynode
