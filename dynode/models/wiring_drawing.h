// Pictures of wirings: neurons as dots coloured by type, synapses as arrows coloured by sign.
//
//   sensory     inter      command ⟲     motor         layout: layered
//      ○  ────▶   ○  ────▶    ○   ────▶    ○
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dynode/models/model.h"
#include "dynode/wiring/neural_circuit.h"

namespace dynode {

/// How a wiring is drawn.
struct WiringDrawing {
  /// layered: a column per type. shell, circular: on a circle. spiral, random. kamada: distances on the page are those of
  /// the graph. spring: neighbours attract, all repel. spectral: by the Laplacian.
  std::string layout = "layered";
  /// Colours by type, in place of the usual ones.
  std::map<std::string, std::string> neuron_colors           = {};     // sensory, inter, command, motor
  std::map<std::string, std::string> synapse_colors          = {};     // excitatory, inhibitory
  bool                               draw_labels             = false;  // numbers of neurons
  bool                               include_sensory_neurons = true;
  std::string                        title                   = {};
};

/// sensory, inter, command or motor of each node: the inputs first, if any, then the neurons.
std::vector<std::string> neuron_types(const Wiring& wiring, bool with_inputs);

/// A standalone SVG. @throws SpecError  on an unknown layout, type or sign
std::string draw_wiring(const Wiring& wiring, const WiringDrawing& options = {});

/// The circuits of the layers of a network that have one, by layer_id: as they are now, of LTC the signs of the reversal
/// potentials.
std::vector<std::pair<int, Wiring>> wirings_of(const Model& model);

}  // namespace dynode
