// Networks written in the Neuromorphic Intermediate Representation; io/nir.h reads them.
//
//   layers    Input, LI, IF, CurrentLIF (NIR: LIF), CubaLI, CubaLIF, Integrator (NIR: I), LIF without a refractory
//             period (NIR: CubaLIF), and Linear, which hands on sums
//   connections   Affine where there is a bias, else Linear; weights as they act
#pragma once
#include <string>
#include <vector>

#include "dynode/io/hdf5.h"
#include "dynode/models/model.h"

namespace dynode {

struct NirFile {
  std::vector<Hdf5Item>    items;
  std::vector<std::string> notes;   // what NIR has no words for
};

/// @param lossy  write the nearest node where NIR has none, with a note
/// @throws SpecError  naming the layer or connection that NIR has no words for
NirFile nir_of(const Model& model, bool lossy = false);

}  // namespace dynode
