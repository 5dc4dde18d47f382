// Exported models of the SOEN toolkit in JSON: configuration and weights in one readable file.
//
//   {version "1.0", metadata {format "soen-json"}, simulation {…},
//    layers {"layer_<id>": {config {type, params_config, model_id, description}, noise, perturb, parameters, buffers}},
//    connections {config {J_a_to_b: {from, to, type, params_config, learnable}}, matrices, masks, global_matrix, global_mask}}
//
// Layers and connections are found by id, whatever the ids are. Of ours, and ignored by the toolkit: seed beside version,
// dtype in metadata, lag and delay of a connection, biases beside matrices.
#pragma once
#include <string>

#include "dynode/io/stored_model.h"

namespace dynode {

/// Whether a .json file is such a model and not a spec: its `connections` is a mapping with `config` or `matrices`.
bool is_soen_json(const Value& value);

/// @throws SpecError, ShapeError, IoError  with the place
StoredModel read_soen_json(const Value& value, const std::string& file);

/// @param model  complete, as Model::stored gives it
/// @param notes  gets a line for everything the format has no place for
Value write_soen_json(const StoredModel& model, std::vector<std::string>& notes);

}  // namespace dynode
