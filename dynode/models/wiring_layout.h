// Where the nodes of a wiring stand on a page.
#pragma once
#include <string>
#include <vector>

#include "dynode/wiring/neural_circuit.h"

namespace dynode {

struct PagePoint {
  double x, y;
};

/// A place for each node, the inputs first if they are `with_inputs`, within the unit square.
/// @param types  of the nodes (neuron_types)
/// @throws SpecError  on an unknown layout
std::vector<PagePoint> lay_out(const Wiring& wiring, bool with_inputs, const std::vector<std::string>& types,
                               const std::string& layout);

}  // namespace dynode
