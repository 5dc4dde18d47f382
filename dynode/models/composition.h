// Networks made of networks, with their numbers: parts of one, two side by side, other ids, layers joined into one.
//
//   StoredModel part = subgraph(model.stored(), {0, 1, 4});        Model smaller = Model::from_stored(part);
//
// Everything takes and gives complete models, as Model::stored() gives them; what could not be kept is in `notes`.
#pragma once
#include <map>
#include <optional>
#include <vector>

#include "dynode/io/stored_model.h"
#include "dynode/models/model.h"

namespace dynode {

/// Old layer_id → new layer_id.
using LayerIds = std::map<int, int>;

/// 0, 1, 2, … in the order of the ids.
LayerIds consecutive_ids(const Spec& spec);

/// The same network with other ids; layers that are not in `ids` keep theirs. Another order of layers is another
/// network (ids give the order), which is noted.
/// @throws SpecError  if there is no such layer, or two would have one id
StoredModel renumber(const StoredModel& model, const LayerIds& ids);

/// The layers `keep` and the connections among them. @throws SpecError  if there is no such layer, or none is left
StoredModel subgraph(const StoredModel& model, const std::vector<int>& keep);
/// All layers but these.
StoredModel without_layers(const StoredModel& model, const std::vector<int>& remove);

/// Both networks in one. Ids of `second` grow by the largest id of `first` plus one, model_ids likewise. The input is
/// that of `first`, the output that of `second`; connections between them are yours to add.
/// @throws SpecError  if their steps, tables or evaluation methods exclude each other
StoredModel side_by_side(const StoredModel& first, const StoredModel& second);

struct MergedLayers {
  StoredModel model;
  LayerIds    ids;            // of all layers: where they are now
  bool        exact = true;   // computes what the separate layers did, up to the order of sums
};

/// Joins layers of one type into one: units one after the other, in the order given; connections into them stacked by
/// rows, out of them by columns, those among them in blocks of an internal one. Connections keep when they read their
/// source; one that read a fresh value inside the group reads one step late afterwards, and the merge is not exact.
/// @param id  of the joint layer; missing: the smallest of the group
/// @throws SpecError  if the layers differ in something all units of a layer share, depend on each other's number
///                    (softmax, programmable connections that would share a target), or hold the input
MergedLayers merge_layers(const Model& model, const std::vector<int>& group, std::optional<int> id = {});

}  // namespace dynode
