#include "dynode/spec/spec.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <memory>
#include <set>

#include "dynode/base/text.h"
#include "dynode/spec/json.h"
#include "dynode/spec/legacy.h"
#include "dynode/spec/reading.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Warnings = std::vector<std::string>;

/// The file as a whole; layers and connections one by one below.
struct Document {
  std::optional<uint64_t> seed;
  SimulationSpec          simulation;
  Value                   layers, connections, drives, stimulus, arousal, perturbation;

  static constexpr auto fields = field_list(
      field("seed", &Document::seed, "of everything that is drawn"),
      field("simulation", &Document::simulation, "how time advances"),
      field("layers", &Document::layers, "populations of cells", required),
      field("connections", &Document::connections, "weights between layers"),
      field("drives", &Document::drives, "external input of spiking layers"),
      field("stimulus", &Document::stimulus, "stimulus of spiking layers"),
      field("arousal", &Document::arousal, "arousal of spiking layers"),
      field("perturbation", &Document::perturbation, "arousal perturbation of spiking layers"));
};

const Value& mapping_or_null(const Value& value) {
  if (!value.is_null()) value.entries();
  return value;
}

std::string pair_text(const ConnectionSpec& connection) {
  return fmt::format("{} → {}", connection.from_layer, connection.to_layer);
}

std::string first_place(const At& at) {
  return at.line > 0 ? fmt::format("the first is at {}:{}", at.line, at.column) : "the first is " + at.path;
}

At place_or(const At& at, const char* list, size_t index) {
  return at.text().empty() ? At{{}, 0, 0, fmt::format("{}[{}]", list, index)} : at;
}

/// Copies a mapping whose errors should name a place even if it was made in code.
Value placed(const Value& value, const At& at, const std::string& name) {
  Value copy = value;
  if (!copy.is_placed()) copy.place(at.file, at.path.empty() ? name : at.path + "." + name);
  return copy;
}

/// Moves the value of `key` out of a mapping; null where there is none.
Value taken(Value& mapping, std::string_view key) {
  Value* found = mapping.find(key);
  if (!found) return {};
  Value value = std::move(*found);
  mapping.erase(key);
  return value;
}

void check_keys(const Value& mapping, const std::vector<std::string>& known) {
  for (const Value::Entry& entry : mapping.entries()) {
    if (std::ranges::find(known, entry.key) == known.end()) {
      fields_detail::fail_unknown_key(mapping, entry, known);
    }
  }
}

void read_bounds(const Value& constraints, std::optional<double>& min, std::optional<double>& max) {
  if (constraints.is_null()) return;
  check_keys(constraints, {"min", "max"});
  const auto bound = [&](const char* key, std::optional<double>& out) {
    if (const Value* value = constraints.find(key); value && !value->is_null()) {
      out = value->number();
      if (*out != *out) value->expected("a number");
    }
  };
  bound("min", min), bound("max", max);
  if (min && max && *min > *max) constraints.fail(fmt::format("min {} is above max {}", *min, *max));
}

/// A name alone, or {<word>: name, params: {…}}.
void read_named(const Value& value, const std::string& word, std::string& name, Value& params) {
  if (value.is_null()) return;
  if (value.is_text() && word == "name") return void(name = value.text());
  if (!value.is_mapping()) value.expected(word == "name" ? "a name or a mapping" : "a mapping");
  for (const Value::Entry& entry : value.entries()) {
    if (entry.key != word && entry.key != "params") {
      throw SpecError(value.key_at(entry), fmt::format("unknown key '{}'", shown(entry.key)),
                      fmt::format("parameters go into 'params'; it has: {}, params", word));
    }
  }
  if (const Value* given = value.find(word)) name = given->text();
  if (const Value* given = value.find("params"); given && !given->is_null()) params = (given->entries(), *given);
}

/// Mode and its parameters, which may stand in several places.
void read_mode(const ConnectionSpec& connection, const Value& mode_beside, Value& params, ConnectionParams& out,
               Warnings& warnings) {
  // the block of parameters
  Value       inner = taken(params, "connection_params");
  const Value outer = placed(connection.connection_params, connection.at, "connection_params");
  mapping_or_null(inner), mapping_or_null(outer);
  if (!inner.empty() && !outer.empty() && !(inner == outer)) {
    inner.fail("connection_params are given in two places with different values",
               "keep those beside connection_type");
  }
  Value block = outer.empty() ? inner : outer;
  const Value mode_in_block = block.is_mapping() ? taken(block, "mode") : Value();
  block = translate_mode_params(std::move(block), warnings);

  // the mode
  const Value mode_in_params = taken(params, "mode");
  const Value* first = nullptr;
  for (const Value* mode : {&mode_beside, &mode_in_params, &mode_in_block}) {
    if (mode->is_null()) continue;
    const std::string word = translate_mode(*mode, block, warnings);
    if (first && word != out.mode) {
      mode->fail(fmt::format("the mode is '{}' here but '{}' at {}", word, out.mode, first->at().text()),
                 "give the mode once, beside connection_type");
    }
    if (!first) first = mode, out.mode = word;
  }
  if (!first) out.mode = translate_mode({}, block, warnings);
  if (out.mode == "fixed" && !block.empty()) {
    warnings.push_back(block.at().text() + ": a fixed connection has no use for connection_params");
  }
  if (block.is_mapping()) out.mode_params = std::move(block);
}

ConnectionParams understand(const ConnectionSpec& connection, const Value& mode, Warnings& warnings) {
  ConnectionParams out;
  out.at = connection.at;
  Value params = connection.params.is_null() ? Value::map() : placed(connection.params, connection.at, "params");
  params.entries();

  out.structure = connection.connection_type;
  read_named(taken(params, "structure"), "type", out.structure, out.structure_params);
  read_named(taken(params, "init"), "name", out.init, out.init_params);
  read_mode(connection, mode, params, out, warnings);

  // one switch in two places
  const Value  outer = taken(params, "allow_self_connections");
  const Value  inner = taken(out.structure_params, "allow_self_connections");
  if (!outer.is_null()) out.allow_self_connections = outer.boolean();
  if (!inner.is_null()) out.allow_self_connections = inner.boolean();
  if (!outer.is_null() && !inner.is_null() && outer.boolean() != inner.boolean()) {
    inner.fail("allow_self_connections is given in two places with different values");
  }

  const Value learnable = taken(params, "learnable");
  out.learnable = learnable.is_null() ? connection.learnable : learnable.boolean();
  read_bounds(taken(params, "constraints"), out.min, out.max);

  if (const Value bias = taken(params, "bias"); !bias.is_null()) {
    const std::vector<std::string> words = {"none", "zero", "fan_in_uniform", "fan_in_normal"};
    out.bias = bias.is_list() ? "values" : bias.text();
    if (bias.is_list()) out.rest.set("bias_values", bias);
    else if (std::ranges::find(words, lower_case(out.bias)) != words.end()) out.bias = lower_case(out.bias);
    else if (out.bias.find('.') == std::string::npos)
      bias.fail(fmt::format("unknown bias '{}'", shown(out.bias)),
                did_you_mean(out.bias, words, "it can be a file, numbers or one of"));
  }
  for (const char* key :
       {"ei_mask", "plasticity_mask", "plasticity_mode", "synapse_growth_mask", "growth_interval", "growth_scale",
        "pruning_threshold", "ei_balance", "allow_mixed_signs", "polarity", "rate_table", "port"}) {
    if (params.has(key)) out.rest.set(key, taken(params, key));
  }
  out.flat = std::move(params);
  return out;
}

LayerSpec read_layer(const Value& value) {
  LayerSpec layer = read<LayerSpec>(value);
  layer.at = value.at();
  if (layer.params.is_null()) value.at("params").fail("missing key 'dim'");
  mapping_or_null(layer.noise), mapping_or_null(layer.perturb);
  layer.dim();
  return layer;
}

ConnectionSpec read_connection(const Value& value, Warnings& warnings) {
  ConnectionSpec connection = read<ConnectionSpec>(value);
  connection.at = value.at();
  if (connection.params.is_null()) connection.params = Value::map();
  mapping_or_null(connection.params), mapping_or_null(connection.noise), mapping_or_null(connection.perturb);
  mapping_or_null(connection.visualization_metadata);

  // the mode in its one place
  const Value*           mode   = value.find("mode");
  const ConnectionParams params = understand(connection, mode ? *mode : Value(), warnings);
  const bool given = mode || params.mode != "fixed" || connection.params.has("mode");
  connection.mode  = given ? params.mode : "";
  connection.connection_params = params.mode_params.empty() ? Value() : params.mode_params;
  connection.params.erase("mode");
  connection.params.erase("connection_params");
  return connection;
}

void check_ends(const Spec& spec) {
  std::set<int> ids;
  for (const LayerSpec& layer : spec.layers) ids.insert(layer.layer_id);
  std::map<std::pair<int, int>, At> pairs;
  for (size_t i = 0; i < spec.connections.size(); ++i) {
    const ConnectionSpec& connection = spec.connections[i];
    const At at = place_or(connection.at, "connections", i);
    for (int end : {connection.from_layer, connection.to_layer}) {
      if (ids.count(end)) continue;
      std::vector<std::string> some;
      for (int id : ids) {
        if (some.size() < 20) some.push_back(std::to_string(id));
      }
      throw SpecError(at, fmt::format("connection {}: there is no layer {}", pair_text(connection), end),
                      "there are layers " + join(some) + (ids.size() > some.size() ? ", …" : ""));
    }
    const auto [place, is_new] = pairs.try_emplace({connection.from_layer, connection.to_layer}, at);
    if (!is_new) {
      throw SpecError(at, fmt::format("a second connection {}", pair_text(connection)), first_place(place->second));
    }
  }
}

void check_layers(const Spec& spec) {
  if (spec.layers.empty()) throw SpecError({spec.file, 0, 0, "layers"}, "a network needs at least one layer");
  std::map<int, At> ids;
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const At at = place_or(spec.layers[i].at, "layers", i);
    const auto [place, is_new] = ids.try_emplace(spec.layers[i].layer_id, at);
    if (!is_new) {
      throw SpecError(at, fmt::format("a second layer with layer_id {}", spec.layers[i].layer_id),
                      first_place(place->second));
    }
  }
}

}  // namespace

// ── structs ─────────────────────────────────────────────────────────────────────────────────────────────────────────

int LayerSpec::dim() const {
  const Value* dim = params.is_mapping() ? params.find("dim") : nullptr;
  const bool   fits = dim && dim->is_integer() && dim->number() >= 1 && dim->number() <= 10'000'000;
  if (fits) return int(dim->integer());

  // the same once more, for the words
  const Value   named = placed(params, at, "params");
  const int64_t n     = named.at("dim").integer();
  if (n < 1 || n > 10'000'000) named.at("dim").fail(fmt::format("must be within 1 … 10000000, got {}", n));
  return int(n);
}

const LayerSpec* Spec::layer(int layer_id) const {
  const auto found = std::ranges::find(layers, layer_id, &LayerSpec::layer_id);
  return found == layers.end() ? nullptr : &*found;
}

std::string Spec::resolve(const std::string& path) const {
  const std::filesystem::path given(path);
  if (given.is_absolute() || file.empty()) return path;
  return (std::filesystem::path(file).parent_path() / given).string();
}

const Value* ConnectionParams::structure_param(std::string_view key) const {
  const Value* nested = structure_params.find(key);
  return nested ? nested : flat.find(key);
}

const Value* ConnectionParams::init_param(std::string_view key) const {
  const Value* nested = init_params.find(key);
  return nested ? nested : flat.find(key);
}

bool operator==(const Spec& a, const Spec& b) { return write_spec(a) == write_spec(b); }

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

void check_spec(const Spec& spec) {
  check_layers(spec);
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    LayerSpec layer = spec.layers[i];
    layer.at = place_or(layer.at, "layers", i);
    layer.dim();
  }
  check_ends(spec);
  for (size_t i = 0; i < spec.connections.size(); ++i) {
    ConnectionSpec connection = spec.connections[i];
    connection.at = place_or(connection.at, "connections", i);
    read_connection_params(connection);
  }
}

Spec read_spec(const Value& value) {
  Value source = value;
  source.place_children();
  if (source.is_null()) source.fail("the spec is empty", "it needs at least 'layers'");
  Spec spec;
  spec.file = source.at().file;
  if (const Value* connections = source.is_mapping() ? source.find("connections") : nullptr;
      connections && connections->is_mapping()) {
    connections->expected("a list", "a model exported with its weights is read as a model, not as a spec");
  }
  source = translate_spec(std::move(source), spec.warnings);

  const Document document = read<Document>(source);
  spec.seed         = document.seed;
  spec.simulation   = document.simulation;
  spec.drives       = document.drives;
  spec.stimulus     = document.stimulus;
  spec.arousal      = document.arousal;
  spec.perturbation = document.perturbation;

  for (const Value& layer : document.layers.list()) spec.layers.push_back(read_layer(layer));
  if (spec.layers.empty()) document.layers.fail("a network needs at least one layer");
  check_layers(spec);
  std::ranges::stable_sort(spec.layers, {}, &LayerSpec::layer_id);

  if (!document.connections.is_null()) {
    for (const Value& connection : document.connections.list()) {
      spec.connections.push_back(read_connection(connection, spec.warnings));
    }
  }
  check_ends(spec);
  return spec;
}

ConnectionParams read_connection_params(const ConnectionSpec& connection, std::vector<std::string>* warnings) {
  Value mode;
  if (!connection.mode.empty()) {
    mode = Value(connection.mode);
    mode.mark(connection.at.line, connection.at.column);
    mode.place(connection.at.file, connection.at.path.empty() ? "mode" : connection.at.path + ".mode");
  }
  Warnings unheard;
  return understand(connection, mode, warnings ? *warnings : unheard);
}

ParameterSpec read_parameter(const Value& value) {
  ParameterSpec out;
  out.at = value.at();
  const auto read_values = [&](const Value& given) {
    if (!given.is_list()) return void(out.value = given.number());
    if (given.empty()) given.fail("expected numbers, got an empty list");
    for (const Value& item : given.list()) out.values.push_back(item.number());
  };
  if (!value.is_mapping()) {
    if (!value.is_number() && !value.is_list() && !value.is_text()) {
      value.expected("a number, a list of numbers or a mapping", "");
    }
    read_values(value);
    return out;
  }

  Value rest = value;
  const Value given = taken(rest, "value"), distribution = taken(rest, "distribution"), params = taken(rest, "params");
  const Value learnable = taken(rest, "learnable");
  read_bounds(taken(rest, "constraints"), out.min, out.max);
  if (!given.is_null() && !distribution.is_null()) {
    given.fail("a parameter has either a value or a distribution, not both");
  }
  if (!given.is_null()) read_values(given);
  if (!distribution.is_null()) out.distribution = distribution.text();
  if (!learnable.is_null()) out.learnable = learnable.boolean();
  if (!params.is_null()) out.params = (params.entries(), params);
  if (out.distribution.empty() && !out.params.empty()) {
    params.fail("params belong to a distribution, but none is given", "add 'distribution'");
  }

  // blocks: inside params or beside them
  for (Value* holder : {&out.params, &rest}) {
    if (const Value size = taken(*holder, "block_size"); !size.is_null()) {
      const int64_t n = size.integer();
      if (n < 1 || n > 10'000'000) size.fail(fmt::format("must be within 1 … 10000000, got {}", n));
      out.block_size = int(n);
    }
    if (const Value mode = taken(*holder, "block_mode"); !mode.is_null()) {
      out.block_mode = lower_case(mode.text());
      if (out.block_mode != "shared" && out.block_mode != "tiled") {
        mode.fail(fmt::format("unknown word '{}'", shown(mode.text())),
                  did_you_mean(mode.text(), {"shared", "tiled"}, "it can be"));
      }
    }
  }
  for (const Value::Entry& entry : rest.entries()) {
    fields_detail::fail_unknown_key(rest, entry, {"value", "distribution", "params", "learnable", "constraints",
                                                  "block_size", "block_mode"});
  }
  return out;
}

Value write_spec(const Spec& spec, Defaults defaults) {
  Value out = Value::map();
  if (spec.seed) out.set("seed", *spec.seed);
  if (Value simulation = write(spec.simulation, defaults); !simulation.empty()) out.set("simulation", simulation);
  Value layers = Value::list_of(), connections = Value::list_of();
  for (const LayerSpec& layer : spec.layers) layers.push_back(write(layer, defaults));
  for (const ConnectionSpec& connection : spec.connections) {
    Value value = write(connection, defaults);
    if (const Value* mode = value.find("mode"); mode && mode->text().empty()) value.erase("mode");
    connections.push_back(std::move(value));
  }
  out.set("layers", std::move(layers));
  if (!connections.empty()) out.set("connections", std::move(connections));
  const auto add = [&](const char* key, const Value& value) {
    if (!value.is_null()) out.set(key, value);
  };
  add("drives", spec.drives), add("stimulus", spec.stimulus);
  add("arousal", spec.arousal), add("perturbation", spec.perturbation);
  return out;
}

// ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────

Value load_value(const std::string& path) {
  const std::string ending = lower_case(std::filesystem::path(path).extension().string());
  if (ending != ".yaml" && ending != ".yml" && ending != ".json") {
    throw IoError(path, ending.empty() ? "the name has no ending" : fmt::format("unknown ending '{}'", ending),
                  "known are .yaml, .yml and .json");
  }
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) throw IoError(path, "is a directory, not a file");
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) {
    const int reason = errno;
    throw IoError(path, reason == ENOENT ? "there is no such file"
                                         : fmt::format("cannot be read ({})", std::strerror(reason)));
  }
  std::string text;
  char        part[1 << 16];
  for (size_t n; (n = std::fread(part, 1, sizeof part, file.get())) > 0 && text.size() <= kMaxTextBytes;) {
    text.append(part, n);
  }
  if (std::ferror(file.get())) throw IoError(path, fmt::format("cannot be read ({})", std::strerror(errno)));
  if (text.empty()) throw IoError(path, "the file is empty");
  return ending == ".json" ? parse_json(text, path) : parse_yaml(text, path);
}

Spec load_spec(const std::string& path) { return read_spec(load_value(path)); }

}  // namespace dynode
