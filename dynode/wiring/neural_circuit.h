// Wirings of neural circuits: which neuron reaches which, and with which sign; one file per kind.
//
//   inputs ──▶ inter ──▶ command ⟲ ──▶ motor       layers of NCP and AutoNCP, in the order of processing
//                                                   ids: motor 0 …, then command, then inter
//
//   kind + arguments + inputs  ──▶  Wiring [source][target]      the same for the same values, however often
//
// A kind is one entry in wiring/catalogue.cc. Its facts have the names that users of the ncps package know, and its
// seed gives the circuit it gives there, unless `seed_compat` says otherwise.
// Source: Lechner et al. 2020, Neural circuit policies enabling auditable autonomy.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dynode/base/error.h"
#include "dynode/base/facts.h"

namespace dynode {

/// A circuit of neurons. The motor neurons, whose states are the output, are units 0 … outputs − 1.
struct Wiring {
  size_t                             units = 0, inputs = 0, outputs = 0;
  std::vector<int8_t>                adjacency;      // [units][units], [source][target]: 1 excites, −1 inhibits, 0 none
  std::vector<int8_t>                sensory;        // [inputs][units], likewise
  std::vector<std::vector<uint32_t>> layers;         // ids in the order of processing: inter, command, motor; else all
  std::string                        warning = {};   // what the author of the arguments should know, or ""

  size_t synapses() const;            // of `adjacency`
  size_t sensory_synapses() const;    // of `sensory`

  /// Sets one synapse by hand, over what was there.
  /// @throws SpecError  unless both are below `units` and polarity is −1 or 1
  void add_synapse(int64_t source, int64_t target, int polarity);
  /// The same from an input.
  /// @throws SpecError  also where there are no inputs
  void add_sensory_synapse(int64_t input, int64_t target, int polarity);

  bool operator==(const Wiring&) const = default;
};

/// What is known before the inputs are.
struct WiringSize {
  size_t units, outputs;
};

/// What a kind may look at.
struct WiringArgs {
  size_t           inputs;      // 0: a circuit without sensory synapses
  const Arguments& arguments;   // checked against the facts of the kind
  At               at = {};     // where the wiring is written, for errors
};

struct WiringEntry {
  const char*       name;
  const char*       summary;
  std::vector<Fact> facts;
  WiringSize (*size)(const Arguments&, const At&);       // checks what facts cannot say
  void (*connect)(const WiringArgs&, Wiring&);           // fills matrices of zeros; one layer of all units stands
};

/// All kinds, in the order of the manual.
const std::vector<WiringEntry>& wirings();

/// @throws SpecError  naming the nearest kind, if there is none called `name`
const WiringEntry& find_wiring(std::string_view name, const At& at = {});

/// Neurons and outputs of a wiring.
/// @throws SpecError  if the arguments do not fit each other, naming argument, value and bound
WiringSize wiring_size(const WiringEntry& kind, const Arguments& arguments, const At& at = {});

/// The circuit of these arguments for `inputs` inputs.
/// @throws SpecError   as wiring_size, or on more than 1e8 entries in a matrix
/// @throws ShapeError  if a given matrix does not fit
Wiring make_wiring(const WiringEntry& kind, const WiringArgs& args);

}  // namespace dynode
