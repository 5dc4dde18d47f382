// Names of numbers in the packages people come from, so that torch's load_state_dict takes an exported file.
//
//   SOEN toolkit   layers.<position>.log_gamma_plus, layers.<position>.core.weight_ih_l0, connections.J_a_to_b
//   nn4n           recurrent_layer.input_layer.weight, recurrent_layer.hidden_layer.bias, readout_layer.weight, recurrent_layer.alpha
//   ncps           rnn_cell.gleak, rnn_cell.backbone.2.weight, rnn_cell.layer_0.ff1.bias, lstm.input_map.weight
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "dynode/io/stored_model.h"

namespace dynode {

struct OriginalNames {
  std::string                                      package;   // "SOEN toolkit", "nn4n", "ncps"
  std::vector<std::pair<std::string, std::string>> names;     // ours (as stored), theirs
  std::vector<std::string>                         left_out;  // ours that have none there, without masks
};

/// @throws SpecError  if the network is of no package alone
OriginalNames original_names(const StoredModel& model);

}  // namespace dynode
