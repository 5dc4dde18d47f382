#include "dynode/models/composition.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "dynode/base/text.h"

namespace dynode {
namespace {

const LayerSpec& layer_of(const Spec& spec, int id) {
  if (const LayerSpec* layer = spec.layer(id)) return *layer;
  std::vector<std::string> known;
  for (const LayerSpec& l : spec.layers) known.push_back(std::to_string(l.layer_id));
  throw SpecError({spec.file}, fmt::format("there is no layer {}", id), "there are: " + join(known));
}

void sort_layers(Spec& spec) { std::ranges::stable_sort(spec.layers, {}, &LayerSpec::layer_id); }

bool holds_input(const Spec& spec) { return spec.simulation.input_type == InputType::state; }

}  // namespace

LayerIds consecutive_ids(const Spec& spec) {
  LayerIds ids;
  for (const LayerSpec& l : spec.layers) ids.emplace(l.layer_id, int(ids.size()));
  return ids;
}

StoredModel renumber(const StoredModel& model, const LayerIds& ids) {
  for (const auto& [old_id, new_id] : ids) {
    layer_of(model.spec, old_id);
    if (new_id < 0)
      throw SpecError({model.spec.file}, fmt::format("{} is no layer_id", new_id), "ids are whole numbers from 0");
  }
  const auto id_of = [&](int id) {
    const auto found = ids.find(id);
    return found == ids.end() ? id : found->second;
  };
  StoredModel   out = model;
  std::set<int> taken;
  int           before = -1;
  bool          same_order = true;
  for (LayerSpec& l : out.spec.layers) {
    l.layer_id = id_of(l.layer_id);
    if (!taken.insert(l.layer_id).second)
      throw SpecError({model.spec.file}, fmt::format("two layers would have the id {}", l.layer_id));
    same_order &= l.layer_id > before;
    before = l.layer_id;
  }
  if (!same_order)
    out.notes.push_back("the layers have another order now, which changes when connections read their source");
  sort_layers(out.spec);
  for (ConnectionSpec& c : out.spec.connections) c.from_layer = id_of(c.from_layer), c.to_layer = id_of(c.to_layer);
  for (auto& [text, array] : out.arrays) {
    ArrayName name = parse_array_name(text);
    if (name.of == ArrayName::Of::network) continue;
    name.from = id_of(name.from);
    if (name.of == ArrayName::Of::connection) name.to = id_of(name.to);
    text = name.text();
  }
  return out;
}

StoredModel subgraph(const StoredModel& model, const std::vector<int>& keep) {
  for (const int id : keep) layer_of(model.spec, id);
  if (keep.empty()) throw SpecError({model.spec.file}, "no layer would be left");
  const std::set<int> kept(keep.begin(), keep.end());
  StoredModel out{.spec = model.spec, .arrays = {}, .notes = model.notes};
  std::erase_if(out.spec.layers, [&](const LayerSpec& l) { return !kept.count(l.layer_id); });
  const auto cut = [&](const ConnectionSpec& c) { return !kept.count(c.from_layer) || !kept.count(c.to_layer); };
  const size_t lost = std::erase_if(out.spec.connections, cut);
  for (const auto& entry : model.arrays) {
    const ArrayName name  = parse_array_name(entry.first);
    const bool      gone  = name.of != ArrayName::Of::network && !kept.count(name.from);
    const bool      other = name.of == ArrayName::Of::connection && !kept.count(name.to);
    if (!gone && !other) out.arrays.push_back(entry);
  }

  // what the ends are now
  const auto& before = model.spec.layers;
  const auto& after  = out.spec.layers;
  if (lost > 0)
    out.notes.push_back(fmt::format("{} connection{} of removed layers went with them", lost, lost == 1 ? "" : "s"));
  if (after.front().layer_id != before.front().layer_id)
    out.notes.push_back(
        fmt::format("the input now goes to layer {} ({} units)", after.front().layer_id, after.front().dim()));
  if (after.back().layer_id != before.back().layer_id)
    out.notes.push_back(
        fmt::format("the output is now that of layer {} ({} units)", after.back().layer_id, after.back().dim()));
  return out;
}

StoredModel without_layers(const StoredModel& model, const std::vector<int>& remove) {
  for (const int id : remove) layer_of(model.spec, id);
  std::vector<int> keep;
  for (const LayerSpec& l : model.spec.layers)
    if (std::find(remove.begin(), remove.end(), l.layer_id) == remove.end()) keep.push_back(l.layer_id);
  return subgraph(model, keep);
}

StoredModel side_by_side(const StoredModel& first, const StoredModel& second) {
  const SimulationSpec &a = first.spec.simulation, &b = second.spec.simulation;
  const At at{second.spec.file};
  const auto            is_jacobi = [](const SimulationSpec& s) {
    return s.network_evaluation_method == Evaluation::stepwise_jacobi;
  };
  if (a.dt != b.dt)
    throw SpecError(at, fmt::format("its dt is {}, that of the first network {}", b.dt.value_or(0), a.dt.value_or(0)),
                    "give both the same simulation.dt");
  if (is_jacobi(a) != is_jacobi(b))
    throw SpecError(at, "one network is evaluated by stepwise_jacobi, the other is not",
                    "give both the same network_evaluation_method");
  if (a.rate_table != b.rate_table)
    throw SpecError(at, "the networks use different rate tables", "give both the same simulation.rate_table");

  // the second moves up
  int shift = 0, model_shift = 0;
  for (const LayerSpec& l : first.spec.layers)
    shift = std::max(shift, l.layer_id + 1), model_shift = std::max(model_shift, l.model_id + 1);
  LayerIds ids;
  for (const LayerSpec& l : second.spec.layers) {
    if (l.layer_id > INT32_MAX - shift)
      throw SpecError(at, fmt::format("layer_id {} cannot grow by {}", l.layer_id, shift), "renumber its layers first");
    ids.emplace(l.layer_id, l.layer_id + shift);
  }
  StoredModel moved = renumber(second, ids);
  for (LayerSpec& l : moved.spec.layers) l.model_id += model_shift;

  StoredModel out = first;
  out.notes.insert(out.notes.end(), moved.notes.begin(), moved.notes.end());
  const int entrance = moved.spec.layers.front().layer_id;
  out.notes.push_back(
      fmt::format("layer {} was the input of the second network; what it receives is still to be connected", entrance));
  if (a.network_evaluation_method != b.network_evaluation_method)
    out.spec.simulation.network_evaluation_method = Evaluation::stepwise_gauss_seidel;   // computes what layerwise does
  if (b.dt_learnable && !a.dt_learnable) out.notes.push_back("dt of the second network is no longer learnt");
  for (const LayerSpec& l : moved.spec.layers) out.spec.layers.push_back(l);
  for (const ConnectionSpec& c : moved.spec.connections) {
    if (holds_input(second.spec) && c.to_layer == entrance) {   // had no effect there, and would have one now
      out.notes.push_back(fmt::format("connection {} to {} had no effect and is left out", c.from_layer, c.to_layer));
      continue;
    }
    out.spec.connections.push_back(c);
  }
  for (auto& [name, array] : moved.arrays)
    if (name != "dt") out.arrays.emplace_back(name, std::move(array));
  return out;
}

}  // namespace dynode
