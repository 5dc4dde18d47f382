// Runs of clustered spiking networks as recordings: made, kept in files, looked at.
//
//   spec ──▶ record_run ──▶ npz (spikes, clusters, …) ──▶ analyses, tables and the report of one or several runs
#pragma once
#include <map>
#include <string>
#include <vector>

#include "dynode/models/model.h"
#include "dynode/models/report.h"
#include "dynode/spiking/attractor_analysis.h"

namespace dynode {

/// A recording, and what its labels stand for.
struct SpikingRun {
  spiking::Recording recording;       // labels 1 … P, population by population, all layers
  size_t             excitatory = 0;  // units of excitatory type, the first; all where nobody said, or in several layers
  size_t             clusters   = 0;  // E clusters, the first labels; all labels where the network is not clustered
  uint64_t           seed       = 0;
};

/// Runs a network of spikes without an input array as long as its spec says. Times of the recording are in seconds, by
/// the spec's simulation.time_unit.
/// Everything random, synapses included, follows from the seed of the model.
/// @throws SpecError  if it is no such network
SpikingRun record_run(Model& model);

/// spikes [count][2] (step, neuron), clusters [neurons], dt, n_steps, n_clusters, n_excitatory, seed. @throws IoError
void save_run(const std::string& path, const SpikingRun& run);
/// @throws IoError, ShapeError, SpecError
SpikingRun load_run(const std::string& path);

/// Tables of an analysis, CSV by name: occurrences, attractors, transitions, transition_events, time_evolution.
std::map<std::string, std::string> tables_of(const spiking::AttractorAnalysis& analysis);

/// Raster and cluster rates of the first run, attractors of all.
Report spiking_runs_report(const std::string& name, const std::vector<SpikingRun>& runs,
                           const spiking::AttractorAnalysis& analysis);

}  // namespace dynode
