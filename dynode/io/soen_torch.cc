#include "dynode/io/soen_torch.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "dynode/base/error.h"
#include "dynode/io/soen_model.h"
#include "dynode/spec/reading.h"

namespace dynode {
namespace {

/// The number between the dots of "layers.12.log_gamma_plus", and what follows; -1 if it is not such a name.
std::pair<int, std::string> split_layer_name(const std::string& name) {
  constexpr std::string_view kFront = "layers.";
  if (!name.starts_with(kFront)) return {-1, {}};
  int         position = -1;
  const char* end      = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + kFront.size(), end, position);
  if (error != std::errc() || stop == end || *stop != '.' || position < 0) return {-1, {}};
  return {position, std::string(stop + 1, end)};
}

/// Our name of an entry of the state dict; "" for what is not needed.
std::string array_name(const std::string& name, const std::vector<int>& ids, const TorchFile& file,
                       std::vector<std::string>& notes) {
  constexpr std::string_view kConnection = "connections.", kInternal = "connections.internal_";
  if (name.starts_with(kInternal)) {
    const ArrayName id = parse_array_name(fmt::format("J_0_to_{}", name.substr(kInternal.size())));
    if (id.of == ArrayName::Of::connection) return fmt::format("J_{0}_to_{0}", id.to);
  } else if (name.starts_with(kConnection)) {
    const std::string rest = name.substr(kConnection.size());
    if (const ArrayName j = parse_array_name(rest);
        j.of == ArrayName::Of::connection && j.rest.empty() && j.prefix.empty())
      return rest;
  } else if (const auto [position, rest] = split_layer_name(name); position >= 0) {
    if (size_t(position) >= ids.size())
      throw IoError(fmt::format("{}: {}", file.name(), shown(name)),
                    fmt::format("there are {} layers only", ids.size()));
    return soen_layer_array(ids[size_t(position)], rest);
  }
  if (name != "dt" && name != "_dt")
    notes.push_back(fmt::format("'{}' means nothing here and is left out", shown(name)));
  return {};
}

}  // namespace

bool is_soen_checkpoint(const TorchFile& file) {
  return file.is_mapping(file.root()) && file.find(file.root(), "layers_config") &&
         file.find(file.root(), "state_dict");
}

StoredModel read_soen_checkpoint(const TorchFile& file) {
  const auto find = [&](const char* key) { return file.find(file.root(), key); };
  const auto setting = [&](const char* key, Value otherwise) {
    const auto* node = find(key);
    Value value = node ? file.value(*node, key) : Value();
    return value.is_null() ? otherwise : value;
  };
  SoenParts parts;
  parts.simulation  = setting("sim_config", setting("simulation", Value::map()));
  parts.layers      = setting("layers_config", Value::list_of());
  parts.connections = setting("connections_config", Value::list_of());
  for (Value* part : {&parts.simulation, &parts.layers, &parts.connections}) part->place(file.name());
  parts.simulation.entries(), parts.connections.list();

  // positions follow the ids
  std::vector<int> ids;
  for (const Value& layer : parts.layers.list()) {
    const int64_t id = layer.at("layer_id").integer();
    if (id < 0 || id > INT32_MAX) layer.at("layer_id").fail(fmt::format("{} is no layer_id", id));
    ids.push_back(int(id));
  }
  std::sort(ids.begin(), ids.end());

  // the step may have been learnt or set since the configuration was written
  const Value dt = setting("dt", Value()), learnable = setting("dt_learnable", Value());
  if (dt.is_number()) parts.simulation.set("dt", dt);
  if (learnable.is_boolean()) parts.simulation.set("dt_learnable", learnable);
  if (dt.is_number() && learnable.is_boolean() && learnable.boolean())
    parts.arrays.emplace_back("dt", Array{{}, std::vector<double>{dt.number()}});

  const auto* state = find("state_dict");
  if (!state || !file.is_mapping(*state)) throw IoError(file.name(), "its state_dict holds no tensors");
  for (auto& [name, node] : file.tensor_nodes(*state)) {
    const std::string ours = array_name(name, ids, file, parts.notes);
    if (!ours.empty()) parts.arrays.emplace_back(ours, file.tensor(*node, name));
  }
  if (const auto* masks = find("connection_masks"); masks && file.is_mapping(*masks))
    for (auto& [name, node] : file.tensor_nodes(*masks)) {
      const std::string ours = array_name("connections." + name, ids, file, parts.notes);
      if (!ours.empty()) parts.arrays.emplace_back("mask/" + ours, file.tensor(*node, "mask of " + name));
    }
  return assemble(std::move(parts), file.name());
}

StoredModel read_state_dict(const TorchFile& file) {
  const auto* state = &file.root();
  for (const char* key : {"model_state_dict", "state_dict", "model"})
    if (const auto* inner = file.find(file.root(), key); inner && file.is_mapping(*inner)) {
      state = inner;
      break;
    }
  StoredModel model;
  for (auto& [name, node] : file.tensor_nodes(*state)) model.arrays.emplace_back(name, file.tensor(*node, name));
  if (model.arrays.empty())
    throw IoError(file.name(), "holds no tensors by name",
                  "save model.state_dict(), or a mapping that has it as state_dict");
  return model;
}

}  // namespace dynode
