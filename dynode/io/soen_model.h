// Models of the SOEN toolkit: what its two kinds of model files, exported JSON (soen_json.h) and .soen or .pth
// (soen_torch.h), share. Both say a network in the toolkit's words and give its numbers by the toolkit's names; this
// makes them ours.
//
//   layers.2.log_gamma_plus (by position) ─▶ layer<ID>/log_gamma_plus       connections.J_2_to_2,
//   layers.2.core.weight_hh_l0            ─▶ layer<ID>/weight_hh_l0         layers.2.internal_J ─▶ J_<ID>_to_<ID>
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dynode/io/stored_model.h"

namespace dynode {

/// The parts of a file before they are put together.
struct SoenParts {
  Value simulation  = Value::map();
  Value layers      = Value::list_of();   // mappings in the words of a spec
  Value connections = Value::list_of();
  Value seed        = {};                 // or null
  std::vector<std::pair<std::string, Array>> arrays = {};   // in our names, masks included
  std::vector<std::string>                   notes  = {};
};

/// Our name of a number the toolkit keeps in a layer, such as log_gamma_plus, core.weight_ih_l0 or internal_J;
/// "" for what follows from other things (rate tables, dt, references).
std::string soen_layer_array(int layer_id, std::string_view name);

/// The toolkit's name of one of our arrays; "" where it has none. @param ids  layer_id of the layers, ascending
std::string soen_state_name(const std::string& name, const std::vector<int>& ids);

/// Words the toolkit ignores are left out with a note; masks that are not in the file are read off the weights, and so
/// are signs that the toolkit drew at random.
/// @param file  for errors and for paths inside the model
/// @throws SpecError, IoError
StoredModel assemble(SoenParts parts, const std::string& file);

}  // namespace dynode
