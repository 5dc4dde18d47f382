// Runs of clustered spiking networks as recordings: made, kept in files, looked at.
//
//   spec ──▶ record_run ──▶ npz (spikes, clusters, …) ──▶ analyses, tables and the report of one or several runs
#pragma once
#include <map>
#include <optional>
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
  std::vector<std::string> names = {};  // of the labels, from 1; may be empty

  /// Whether the labels are E clusters, E background, I clusters, I background.
  bool clustered() const {
    const size_t last = recording.labels.empty() ? 0 : size_t(recording.labels.back());  // populations may be empty
    return clusters > 0 && (names.empty() ? last : names.size()) == 2 * clusters + 2;
  }
};

/// E clusters of a plan of one clustered layer; 0 where there is no such.
size_t cluster_count(const Plan& plan);
/// What people call the populations of all layers of a spiking plan: as they are named there, else "E cluster 3",
/// "I background", "E", "I", "population 0", with "layer 2 " before them where there are several layers.
std::vector<std::string> population_names(const Plan& plan);

/// @throws SpecError  if it is no network of spiking layers without an input array, or its length is not known
void check_spiking_run(const Model& model);

/// Runs a network of spikes without an input array as long as its spec says. Times of the recording are in seconds, by
/// the spec's simulation.time_unit.
/// Everything random, synapses included, follows from the seed of the model.
/// @throws SpecError  if it is no such network
SpikingRun record_run(Model& model);

/// The same without what happened before `seconds`. @throws SpecError  if nothing is left
SpikingRun without_start(SpikingRun run, double seconds);

/// spikes [count][2] (step, neuron), clusters [neurons], dt, n_steps, n_clusters, n_excitatory, seed, population_names
/// (UTF-8, a line each). @throws IoError
void save_run(const std::string& path, const SpikingRun& run);
/// Also recordings of VectorialNeuroModulators: .npz with spikes [steps][neurons] and clusters, or such a .npy beside
/// clusters.npy; steps of 0.5 ms unless there is dt. @throws IoError, ShapeError, SpecError
SpikingRun load_run(const std::string& path);

/// Tables of an analysis, CSV by name: occurrences, attractors, transitions, transition_events, time_evolution (on a
/// grid of `grid` seconds, or as it is by default) and sizes, by how many of `clusters` are active.
std::map<std::string, std::string> tables_of(const spiking::AttractorAnalysis& analysis, size_t clusters,
                                             std::optional<double> grid = {});

struct PopulationStatistics;
/// Raster and cluster rates of the first run, attractors of all; where there are no clusters, populations instead.
Report spiking_runs_report(const std::string& name, const std::vector<SpikingRun>& runs,
                           const spiking::AttractorAnalysis&        analysis,
                           const std::vector<PopulationStatistics>& populations);

}  // namespace dynode
