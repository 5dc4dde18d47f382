// Wirings of neural circuits for programs, under the names of ncps: who reaches whom, and with which sign.
//
//   ncp::Wiring wiring = ncp::AutoNCP(28, 4);     28 neurons, 4 of them motor neurons, whose states are the output
//   wiring.build(20);                             20 inputs; a network does this, too
//   wiring.synapse_count();  wiring.type_of(5);  wiring.graph();  wiring.draw();
//   ncp::LTC net(20, wiring);
//
// Matrices are [source][target]: 1 excites, −1 inhibits, 0 is no synapse. Motor neurons are 0 … output_dim − 1. A wiring
// is a value: networks made from it copy it, and building it again with the same inputs changes nothing.
// Source: Lechner et al. 2020, Neural circuit policies enabling auditable autonomy; ncps 1.0, module wirings.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dynode/io/npy.h"
#include "dynode/models/parts.h"
#include "dynode/models/wiring_drawing.h"
#include "dynode/spec/value.h"
#include "dynode/wiring/neural_circuit.h"

namespace dynode::ncp {

/// A wiring as nodes and edges.
struct WiringGraph {
  struct Node {
    std::string name;  // neuron_0 …, sensory_0 …
    std::string type;  // motor, command, inter or sensory
  };
  struct Edge {
    std::string from, to;
    std::string polarity;  // excitatory or inhibitory
  };
  std::vector<Node> nodes;
  std::vector<Edge> edges;
};

class Wiring {
 public:
  /// Neurons without synapses, to be added by hand. @param output_dim  missing: all of them
  explicit Wiring(int units, std::optional<int> output_dim = {});
  /// A kind of `dynode info --cells`, with its words. @throws SpecError
  explicit Wiring(const std::string& type, const NamedValues& params);

  // ── sizes ────────────────────────────────────────────────────────────────────────────────────────────────────────
  const std::string& type() const { return type_; }
  int                units() const { return int(inner_.units); }
  int                output_dim() const { return int(inner_.outputs); }
  std::optional<int> input_dim() const;  // nothing before it is built
  bool               is_built() const { return built_; }

  /// Says how many inputs there are. Again with the same number: nothing happens. @throws SpecError  with another one
  Wiring& build(int input_dim);

  // ── layers, in the order of processing ───────────────────────────────────────────────────────────────────────────
  int num_layers() const { return int(inner_.layers.size()); }
  /// Neurons of a layer: 0 inter, 1 command, 2 motor in NCP; all in other wirings. @throws SpecError  if there is none
  std::vector<int> neurons_of_layer(int layer) const;
  /// motor, command or inter. @throws SpecError  if there is no such neuron
  std::string type_of(int neuron) const;

  // ── synapses ─────────────────────────────────────────────────────────────────────────────────────────────────────
  /// [units][units]. @throws SpecError  on a wiring whose synapses depend on the inputs (NCP) before it is built
  Array adjacency() const;
  /// [inputs][units]. @throws SpecError  before it is built
  Array  sensory_adjacency() const;
  size_t synapse_count() const;          // throws as adjacency()
  size_t sensory_synapse_count() const;  // throws as sensory_adjacency()
  /// Adds a synapse, or changes its sign. @param polarity  1 or −1
  /// @throws SpecError  no such neuron, another polarity; inputs (and NCPs) before it is built
  Wiring& add_synapse(int source, int target, int polarity);
  Wiring& add_sensory_synapse(int input, int target, int polarity);

  // ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────
  /// @throws SpecError  before it is built
  WiringGraph graph(bool include_sensory_neurons = true) const;
  /// A picture, as SVG. @throws SpecError  before it is built; on an unknown layout
  std::string draw(const WiringDrawing& options = {}) const;
  /// The same into a file. @throws IoError
  void save_drawing(const std::string& path, const WiringDrawing& options = {}) const;

  // ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────
  /// All there is to know: type, params, inputs, both matrices, layers.
  Value         stored() const;
  static Wiring from_stored(const Value& stored);
  /// .yaml, .yml or .json. @throws IoError
  void          save(const std::string& path) const;
  static Wiring load(const std::string& path);

  /// What a layer of a spec says of it, `wiring: …`.
  Value spec() const;
  /// The circuit itself. @throws SpecError  before it is built
  const dynode::Wiring& circuit() const;

  bool operator==(const Wiring&) const = default;

 private:
  struct Edit {
    bool sensory;
    int  source, target, polarity;
    bool operator==(const Edit&) const = default;
  };
  dynode::Wiring make(size_t inputs) const;
  bool           known_before_inputs() const;
  void           require_built(const char* what) const;
  void           require_synapses() const;

  std::string       type_;
  Value             params_;
  bool              built_ = false;
  std::vector<Edit> edits_;  // by hand, in their order
  dynode::Wiring    inner_;  // without inputs until it is built
};

struct FullyConnectedOptions {
  std::optional<int> output_dim       = {};  // missing: all units
  uint64_t           erev_init_seed   = 1111;
  bool               self_connections = true;
};
/// Every neuron reaches every neuron.
Wiring FullyConnected(int units, const FullyConnectedOptions& options = {});

struct RandomOptions {
  std::optional<int> output_dim     = {};
  double             sparsity_level = 0;  // share of synapses that are missing, [0, 1)
  uint64_t           random_seed    = 1111;
};
Wiring Random(int units, const RandomOptions& options = {});

struct NCPOptions {
  int      inter_neurons, command_neurons, motor_neurons;
  int      sensory_fanout;  // inter neurons each input reaches
  int      inter_fanout;    // command neurons each inter neuron reaches
  int      recurrent_command_synapses;
  int      motor_fanin;  // command neurons that reach each motor neuron
  uint64_t seed = 22222;
};
/// inputs ──▶ inter ──▶ command ⟲ ──▶ motor
Wiring NCP(const NCPOptions& options);

/// An NCP whose layers and fan-outs follow from its size. @param sparsity_level  within [0.1, 0.9]
Wiring AutoNCP(int units, int output_size, double sparsity_level = 0.5, uint64_t seed = 22222);

}  // namespace dynode::ncp
