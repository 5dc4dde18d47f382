// dynode spiking run, repeat, analyze, sweep: what they share. Folders of repeats look like this, and a sweep has one of
// them for each value:
//
//   data/spikes_<k>.npz   metadata/{config.yaml, seeds.txt, pipeline_*.json}   dataframes/*.csv   metrics/summary.json
//   report.html
#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dynode/models/population_statistics.h"
#include "dynode/spec/spec.h"
#include "dynode/spiking/attractor_analysis.h"

namespace dynode::cli {

struct SpikingRunSettings {
  std::string path, output,
      report;  // path: a spec, or for analyze a folder or a file
  std::vector<std::string> set;
  size_t                   repeats = 10, seed = 0;
  bool                     seed_given = false, repeats_given = false;
  std::string              seeds = {}, format = "npz";   // seeds: a list or a file; "": drawn
  double                   least_ms = 20, warm_up = 0;   // ms; s
  double                   kernel_ms = 0, time_step_ms = 0;   // 0: as it is by default
  std::string              kernel = "gaussian";
  size_t                   time_steps = 0;   // points of time_evolution, instead of time_step_ms
  bool                     raw = true;       // whether spikes are kept once they are analysed
  int                      threads = 0;
  std::string              param = {}, values = {};      // sweep
  std::vector<double>      range = {};
  std::vector<std::string> value_list = {};              // YAML of each, instead of values and range
};

void spiking_run(const SpikingRunSettings& s);
void spiking_repeat(const SpikingRunSettings& s);
void spiking_analyze(const SpikingRunSettings& s);
void spiking_sweep(const SpikingRunSettings& s);
/// One of these, as the file at `path` says.
void spiking_pipeline(const SpikingRunSettings& s);

// ---- shared ------------------------------------------------------------------------------------------------

/// The network with its --set and one more assignment, where it is not empty. @throws IoError, SpecError
Spec spiking_spec(const SpikingRunSettings& s, const std::string& assignment = {});

/// Seeds of the repeats: those given, or drawn from --seed or the spec's.
std::vector<uint64_t> repeat_seeds(const SpikingRunSettings& s, const Spec& spec);

/// A folder of repeats that is to be filled.
struct RepeatFolder {
  std::string folder;
  Spec        spec;
};
/// Makes the folders, and runs what is not there yet, all of it in parallel. @return how many were there
/// @throws SpecError  if a folder holds repeats of another network or of other seeds
size_t run_repeats(const SpikingRunSettings& s, const std::vector<RepeatFolder>& folders,
                   const std::vector<uint64_t>& seeds);

/// The first `count` recordings of a folder, all of them without `count`; without their warm-up.
std::vector<SpikingRun> load_repeats(const SpikingRunSettings& s, const std::string& folder,
                                     std::optional<size_t> count = {});

spiking::AttractorAnalysis analysis_of(const SpikingRunSettings& s, const std::vector<SpikingRun>& runs);
void                       print_summary(const std::vector<SpikingRun>& runs, const spiking::AttractorAnalysis& analysis,
                                         const std::vector<PopulationStatistics>& populations);
/// Tables below `folder`/dataframes, what sums them up, and the report, at `report`. @return  what sums up the repeats
Value write_analysis(const SpikingRunSettings& s, const std::string& folder, const std::string& report,
                    const std::vector<SpikingRun>& runs, const spiking::AttractorAnalysis& analysis,
                    const std::vector<PopulationStatistics>& populations, const std::string& spec_yaml);

/// Removes the recordings of a folder.
void remove_raw(const std::string& folder, size_t count);

/// What repeats and sweeps write of themselves, below metadata. Made when they begin.
class PipelineRecords {
 public:
  PipelineRecords();
  /// @param values  of a sweep  @param kept  runs that were there
  void write(const SpikingRunSettings& s, const std::vector<uint64_t>& seeds, const std::vector<std::string>& values,
             size_t kept) const;

 private:
  std::chrono::steady_clock::time_point began_;
  std::string                           timestamp_;
};

/// Runs work that writes, telling a full disk from bad input.
void writing(const std::function<void()>& work);

}  // namespace dynode::cli
