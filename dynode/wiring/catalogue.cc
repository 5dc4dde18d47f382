// The catalogues of structures, initialisers and wirings: a new rule is one file and one line here.
#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/neural_circuit.h"
#include "dynode/wiring/structures.h"
#include "dynode/wiring/support.h"

namespace dynode {

StructureEntry dense_structure();
StructureEntry one_to_one_structure();
StructureEntry inverse_one_to_one_structure();
StructureEntry chain_structure();
StructureEntry sparse_structure();
StructureEntry constant_fan_out_structure();
StructureEntry power_law_structure();
StructureEntry exponential_structure();
StructureEntry block_structure_structure();
StructureEntry hierarchical_blocks_structure();
StructureEntry multi_area_structure();
StructureEntry area_input_structure();
StructureEntry area_readout_structure();
StructureEntry input_groups_structure();
StructureEntry readout_groups_structure();
StructureEntry random_inputs_structure();
StructureEntry random_readouts_structure();
StructureEntry custom_structure();

const std::vector<StructureEntry>& structures() {
  static const std::vector<StructureEntry> entries = {
      dense_structure(),
      one_to_one_structure(),
      inverse_one_to_one_structure(),
      chain_structure(),
      sparse_structure(),
      constant_fan_out_structure(),
      power_law_structure(),
      exponential_structure(),
      block_structure_structure(),
      hierarchical_blocks_structure(),
      multi_area_structure(),
      area_input_structure(),
      area_readout_structure(),
      input_groups_structure(),
      readout_groups_structure(),
      random_inputs_structure(),
      random_readouts_structure(),
      custom_structure(),
  };
  return entries;
}

const StructureEntry& find_structure(std::string_view name, const At& at) {
  return find_entry(structures(), "structure", name, at);
}

Mask build_mask(const StructureEntry& structure, const StructureArgs& args) {
  if (args.to == 0 || args.from == 0) throw SpecError(args.at, "a connection needs units on both sides");
  Mask mask = structure.make(args);
  if (!args.allow_self && args.to == args.from)
    for (size_t k = 0; k < args.to; ++k) mask(k, k) = 0;
  return mask;
}

InitialiserEntry normal_initialiser();
InitialiserEntry uniform_initialiser();
InitialiserEntry linear_initialiser();
InitialiserEntry constant_initialiser();
InitialiserEntry zero_initialiser();
InitialiserEntry xavier_normal_initialiser();
InitialiserEntry xavier_uniform_initialiser();
InitialiserEntry kaiming_normal_initialiser();
InitialiserEntry kaiming_uniform_initialiser();
InitialiserEntry fan_in_normal_initialiser();
InitialiserEntry fan_in_uniform_initialiser();
InitialiserEntry gaus_initialiser();
InitialiserEntry gamma_initialiser();
InitialiserEntry orthogonal_initialiser();
InitialiserEntry flux_balanced_initialiser();
InitialiserEntry custom_initialiser();

const std::vector<InitialiserEntry>& initialisers() {
  static const std::vector<InitialiserEntry> entries = {
      normal_initialiser(),
      uniform_initialiser(),
      linear_initialiser(),
      constant_initialiser(),
      zero_initialiser(),
      xavier_normal_initialiser(),
      xavier_uniform_initialiser(),
      kaiming_normal_initialiser(),
      kaiming_uniform_initialiser(),
      fan_in_normal_initialiser(),
      fan_in_uniform_initialiser(),
      gaus_initialiser(),
      gamma_initialiser(),
      orthogonal_initialiser(),
      flux_balanced_initialiser(),
      custom_initialiser(),
  };
  return entries;
}

const InitialiserEntry& find_initialiser(std::string_view name, const At& at) {
  return find_entry(initialisers(), "initialiser", name, at);
}

std::vector<double> initial_weights(const InitialiserEntry& initialiser, const InitialiserArgs& args) {
  std::vector<double> weights = initialiser.make(args);
  for (size_t i = 0; i < weights.size(); ++i)
    if (!args.mask.on[i]) weights[i] = 0;
  return weights;
}

WiringEntry fully_connected_wiring();
WiringEntry random_wiring();
WiringEntry ncp_wiring();
WiringEntry auto_ncp_wiring();
WiringEntry custom_wiring();

const std::vector<WiringEntry>& wirings() {
  static const std::vector<WiringEntry> entries = {
      fully_connected_wiring(),
      random_wiring(),
      ncp_wiring(),
      auto_ncp_wiring(),
      custom_wiring(),
  };
  return entries;
}

const WiringEntry& find_wiring(std::string_view name, const At& at) { return find_entry(wirings(), "wiring", name, at); }

}  // namespace dynode
