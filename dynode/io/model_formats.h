// Which file is what: model files of every format by their ending and content.
//
//   ending            content                               read     written
//   .dynode           safetensors with a dynode.model       yes      yes
//   .json             exported model of the SOEN toolkit    yes      yes       (else a spec)
//   .nir              graph of NIR, an HDF5 file            yes      yes
//   .soen .pth .pt    its checkpoint, saved by torch        yes      no
#pragma once
#include <optional>
#include <string>

#include "dynode/io/stored_model.h"

namespace dynode {

/// ".npz": how a path ends, in small letters; "" where it has no ending.
std::string ending_of(const std::string& path);

/// The model in a file; nothing if the file, by its ending or content, is a spec.
/// @throws IoError, SpecError, ShapeError
std::optional<StoredModel> load_stored_model(const std::string& path);

/// Whether an ending is one of torch's: .soen, .pth, .pt.
bool is_torch_path(const std::string& path);

}  // namespace dynode
