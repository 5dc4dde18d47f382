// Networks in the Neuromorphic Intermediate Representation (.nir, an HDF5 file): a graph of nodes that hand values on.
//
//   Input ─▶ Affine ─▶ LIF ⇄ Linear        layers: Input, LIF (CurrentLIF here), …
//                        └──▶ Linear ─▶ Output       connections: what Affine, Linear and Scale do between two layers
//
// A map that stands between maps, or before an Output, becomes a Linear layer of its own. Read: Input, Output, Affine,
// Linear, Scale, I, IF, LI, LIF, CubaLI, CubaLIF, Flatten and graphs within graphs, whose nodes are called graph.node.
// Layers are numbered along the graph; what leads back acts a step later. Refused with words: convolutions, poolings,
// Delay, Threshold. Shapes become lists of units.
// Source: Pedersen et al. 2024 (Nat. Commun. 15:8122).
#pragma once
#include <string>

#include "dynode/io/hdf5.h"
#include "dynode/io/stored_model.h"

namespace dynode {

/// What the file leaves open.
struct NirReading {
  double      dt          = 1e-3;      // in the unit of its time constants, by default seconds
  std::string scheme      = "exact";   // or euler
  std::string spike_input = "pulse";   // or delta; of CubaLI and CubaLIF
};

/// @throws IoError  naming the node and what is wrong with it
StoredModel read_nir(const Hdf5& file, const NirReading& how = {});

}  // namespace dynode
