// The mean-field theory of a spiking network, taken from the network itself.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dynode/mean_field/populations.h"
#include "dynode/models/model.h"

namespace dynode {

/// Populations as the theory sees them, and what people call them.
struct MeanFieldNetwork {
  mean_field::Populations  populations;
  std::vector<std::string> names;         // [P] "E cluster 3", "I background", "population 0", "layer 2 population 0"
  size_t                   clusters = 0;  // the first populations that are excitatory clusters; all where none are
  std::optional<double>    arousal = {};  // its level, where the network is written as YAML of VectorialNeuroModulators
  bool                     potentiated_signs = false;  // potentiation is so strong that synapses change sign

  /// External rates [P], Hz, from a later time on, s.
  struct Change {
    double              from;
    std::vector<double> nu_ext;
  };
  std::vector<Change> changes  = {};  // of a spec whose drives change, in the order of time
  double              duration = 0;   // of its runs, s; 0 where nobody says
};

/// Of a network of LIF (or LIFDelta: white noise) layers without an input array (input_type: none): in-degrees and efficacies from its rules of
/// synapses, or from its weights; Poisson drives as they are at the start, constant ones as a shift of threshold and
/// reset. Parameters are means over a population. Times become seconds and rates Hz, by simulation.time_unit.
/// @throws SpecError  if a layer is no LIF layer, or a drive changes in time
MeanFieldNetwork mean_field_of(const Model& model);

/// From what was written: a spec, or the YAML of VectorialNeuroModulators. @throws SpecError
MeanFieldNetwork mean_field_of(const Value& config);
/// The same with what changes in time: that YAML becomes a spec first.
MeanFieldNetwork mean_field_in_time(const Value& config);

}  // namespace dynode
