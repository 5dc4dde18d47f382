// Models of the SOEN toolkit as torch saves them (.soen, .pth): read only.
//
//   {state_dict, sim_config, layers_config [{layer_id, layer_type, params, …}], connections_config, connection_masks,
//    dt, dt_learnable, model_type, metadata}
//
// Numbers of a layer are found by its position among the ids, those of a connection by its ids. Rate tables and
// references to the same tensor under further names are passed over.
#pragma once

#include "dynode/io/stored_model.h"
#include "dynode/io/torch_file.h"

namespace dynode {

/// Whether the checkpoint describes its network, too.
bool is_soen_checkpoint(const TorchFile& file);

/// @throws IoError, SpecError, ShapeError  with the place
StoredModel read_soen_checkpoint(const TorchFile& file);

/// The tensors of a checkpoint that describes no network: those at its root, or of the state dict in it (under
/// model_state_dict, state_dict or model). @throws IoError  if there are none
StoredModel read_state_dict(const TorchFile& file);

}  // namespace dynode
