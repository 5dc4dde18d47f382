#include "dynode/models/original_names.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/io/soen_model.h"

namespace dynode {
namespace {

bool all_of(const Spec& spec, std::initializer_list<const char*> types) {
  return std::all_of(spec.layers.begin(), spec.layers.end(), [&](const LayerSpec& l) {
    return std::any_of(types.begin(), types.end(),
                       [&](const char* t) { return lower_case(l.layer_type) == lower_case(t); });
  });
}

bool is(const Spec& spec, std::initializer_list<const char*> types) {
  if (spec.layers.size() != types.size()) return false;
  size_t i = 0;
  for (const char* type : types) {
    const std::string word = lower_case(spec.layers[i++].layer_type);
    if (word != lower_case(type) && !(word == "linear" && std::string(type) == "Input")) return false;
  }
  return true;
}

/// Input, CTRNN, Linear.
std::string of_nn4n(const ArrayName& name, const Spec& spec) {
  if (name.of == ArrayName::Of::layer) return name.rest == "alpha" ? "recurrent_layer.alpha" : "";
  if (name.of != ArrayName::Of::connection || !name.prefix.empty() || !name.rest.empty()) return {};
  const int hidden = spec.layers[1].layer_id;
  const char* module = name.from == hidden && name.to == hidden ? "recurrent_layer.hidden_layer"
                       : name.to == hidden                      ? "recurrent_layer.input_layer"
                                                                : "readout_layer";
  return fmt::format("{}.{}", module, name.letter == 'J' ? "weight" : "bias");
}

/// Input and one LTC or CfC: gleak, raw_w, ff1, ff1_bias, ff1_0_bias (of a layer of the wiring), backbone_1, input_map_bias.
/// @param dropout  of the backbone: it stands behind the activations of all layers but the first there
std::string of_ncps(const ArrayName& name, bool dropout) {
  if (name.of != ArrayName::Of::layer || !name.prefix.empty() || name.rest == "polarity") return {};
  std::string word = name.rest.starts_with("raw_") ? name.rest.substr(4) : name.rest;
  const auto split = [&](std::string_view end) {
    const bool there = word.ends_with(end);
    if (there) word.resize(word.size() - end.size());
    return there;
  };
  const auto number = [&](std::string& text) {   // ff1_0 → ff1 and 0
    const size_t at = text.rfind('_');
    if (at == text.npos || at + 1 == text.size() || text.find_first_not_of("0123456789", at + 1) != text.npos)
      return std::string();
    std::string n = text.substr(at + 1);
    text.resize(at);
    return n;
  };
  static const std::vector<std::string> modules = {"ff1",      "ff2",       "time_a",       "time_b",
                                                   "backbone", "input_map", "recurrent_map", "fc"};
  const bool  bias  = split("_bias");
  std::string base  = word;
  const std::string index = number(base);
  const bool module = std::find(modules.begin(), modules.end(), base) != modules.end();
  const char* kind = bias ? "bias" : "weight";
  if (word == "fc") return fmt::format("fc.{}", kind);
  if (bias && !module) return {};
  const std::string place = index.empty() ? "" : fmt::format("layer_{}.", index);
  if (base == "w_tau" || base == "A") return fmt::format("rnn_cell.{}{}", place, base);
  if (!module) return word == "forget_bias" ? "" : "rnn_cell." + word;   // of LTC: the parameter itself
  if (base.ends_with("_map")) return fmt::format("lstm.{}.{}", base, kind);
  if (base == "fc") return fmt::format("fc.{}", kind);
  if (base == "backbone") {
    const int layer = std::stoi(index.empty() ? "0" : index);
    return fmt::format("rnn_cell.backbone.{}.{}", dropout && layer > 0 ? 3 * layer - 1 : 2 * layer, kind);
  }
  return fmt::format("rnn_cell.{}{}.{}", place, base, kind);
}

}  // namespace

OriginalNames original_names(const StoredModel& model) {
  const Spec&   spec = model.spec;
  OriginalNames out;
  const bool    nn4n = is(spec, {"Input", "CTRNN", "Linear"}),
             ncps    = is(spec, {"Input", "LTC"}) || is(spec, {"Input", "CfC"});
  const bool soen =
      all_of(spec, {"SingleDendrite", "MultiplierWICC", "MultiplierNOCC", "DendriteReadout", "Linear", "Input",
                    "ScalingLayer", "NonLinear", "Softmax", "RNN", "GRU", "LSTM", "MinGRU", "LeakyGRU"});
  out.package = nn4n ? "nn4n" : ncps ? "ncps" : soen ? "SOEN toolkit" : "";
  if (out.package.empty())
    throw SpecError({spec.file}, "the network mixes kinds of layers that no package has together",
                    "leave out --names original, or take a part of the network with --keep");
  const Value* dropout = ncps ? spec.layers[1].params.find("backbone_dropout") : nullptr;
  std::vector<int> ids;
  for (const LayerSpec& l : spec.layers) ids.push_back(l.layer_id);
  for (const auto& entry : model.arrays) {
    const ArrayName   name   = parse_array_name(entry.first);
    const std::string theirs = nn4n ? of_nn4n(name, spec) : ncps ? of_ncps(name, dropout && dropout->number() > 0)
                                                                 : soen_state_name(entry.first, ids);
    if (!theirs.empty()) out.names.emplace_back(entry.first, theirs);
    else if (name.rest != "/beta_eff" && name.prefix != "mask/")
      out.left_out.push_back(entry.first);  // these follow from the others
  }
  return out;
}

}  // namespace dynode
