// Reads the YAML that describes a clustered network (init_params, architecture, external_currents, arousal, …) as
// VectorialNeuroModulators writes it.
#pragma once
#include "dynode/mean_field/clusters.h"
#include "dynode/mean_field/populations.h"
#include "dynode/spec/value.h"

namespace dynode::mean_field {

/// What the mean-field theory needs of such a file.
struct ClusteredNetwork {
  Populations populations;
  ClusterSpec clusters;  // E→E baseline before arousal
  Arousal     arousal;
};

/// Neuron parameters may be one number, [E, I], or one per population. Arousal scales E→E synapses before they are
/// potentiated and adds its mean to every external rate. Blocks of spiking runs alone (stimulus, settings, delta_t, …)
/// are read over. `perturbation` changes, in this order: arousal by the mean of its vector (level then kept in [0, 1]);
/// efficacies (perturb_efficacies); rate, j_ext (as written), threshold and time constants by
/// adding v.
/// @throws SpecError  with the place: unknown keys, wrong types, lengths and ranges, a perturbation in time
ClusteredNetwork clustered_network(const Value& config);

}  // namespace dynode::mean_field
