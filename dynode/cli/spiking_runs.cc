// What becomes of the runs is written below the folder: data/, metadata/, dataframes/, metrics/, report.html.
#include "dynode/cli/spiking_runs.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/base/random.h"
#include "dynode/base/threads.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/models/spiking_runs.h"
#include "dynode/spec/yaml.h"
#include "dynode/spiking/statistics.h"

namespace dynode::cli {
namespace {

namespace fs = std::filesystem;
using namespace spiking;

Spec spec_of(const SpikingRunSettings& s) {
  Value config = load_value(s.path);
  for (const std::string& assignment : s.set) set_value(config, assignment);
  return read_spec(config);
}

AttractorAnalysis analysis_of(const std::vector<SpikingRun>& runs, double least_ms) {
  std::vector<Recording> recordings;
  for (const SpikingRun& run : runs) recordings.push_back(run.recording);
  return AttractorAnalysis(
      process(recordings, {.minimal_life_span_ms = least_ms, .n_excitatory_clusters = runs.at(0).clusters}));
}

void print_summary(const std::vector<SpikingRun>& runs, const AttractorAnalysis& analysis) {
  const SpikingRun& run = runs[0];
  const size_t      n   = run.recording.labels.size();
  DisplayTable      table({{"neurons"}, {"number", true}, {"rate, Hz", true}, {"sd", true}, {"CV of intervals", true}});
  const auto        add = [&](const char* name, size_t first, size_t last) {
    if (first >= last) return;
    double rate = 0, sd = 0, cv = 0;
    for (const SpikingRun& r : runs) {
      const ClassStatistics c = class_statistics(r.recording, first, last);
      rate += c.rate / double(runs.size()), sd += c.rate_sd / double(runs.size()), cv += c.cv_isi / double(runs.size());
    }
    table.add({name, grouped(int64_t(last - first)), fmt::format("{:.2f}", rate), fmt::format("{:.2f}", sd),
               std::isnan(cv) ? "-" : fmt::format("{:.2f}", cv)});
  };
  add(run.excitatory < n ? "E" : "all", 0, run.excitatory), add("I", run.excitatory, n);
  const Summary s = analysis.summary();
  fmt::print(
      "{}\n{} attractors, {} occurrences in {:g} s; mean life span "
      "{:.1f} ms, mean number of active clusters ",
      table.text(), s.num_states, s.total_occurrences, s.total_duration_s, s.mean_lifespan_ms);
  const auto sizes = time_by_size(analysis.record(), run.clusters);
  double     mean  = 0;
  for (size_t k = 0; k < sizes.size(); ++k) mean += double(k) * sizes[k];
  fmt::print("{:.2f}\n", mean);
  if (run.recording.dt > 0.01)
    fmt::print("note: times are taken for seconds, and a step of {:g} s is long: where they are ms, write "
               "simulation.time_unit: ms\n",
               run.recording.dt);
}

void write_report(const SpikingRunSettings& s, const std::string& path, const std::vector<SpikingRun>& runs,
                  const AttractorAnalysis& analysis, const std::string& spec_yaml) {
  Report report    = spiking_runs_report(fs::path(s.path).filename().string(), runs, analysis);
  report.spec_yaml = spec_yaml;
  write_file(path, render_report(report));
  fmt::print("{}\n", path);
}

/// Tables below `folder`/dataframes, what sums them up, and the report.
void write_analysis(const SpikingRunSettings& s, const std::string& folder, const std::vector<SpikingRun>& runs,
                    const std::string& spec_yaml) {
  const AttractorAnalysis analysis = analysis_of(runs, s.least_ms);
  print_summary(runs, analysis);
  fs::create_directories(fs::path(folder) / "dataframes");
  fs::create_directories(fs::path(folder) / "metrics");
  for (const auto& [name, text] : tables_of(analysis))
    write_file((fs::path(folder) / "dataframes" / (name + ".csv")).string(), text);
  const Summary sum = analysis.summary();
  write_file((fs::path(folder) / "metrics" / "summary.json").string(),
             fmt::format("{{\"num_states\": {}, \"total_duration_s\": {:.10g}, "
                         "\"mean_lifespan_ms\": {:.10g}, \"total_occurrences\": {}, "
                         "\"mean_probability\": {:.10g}}}\n",
                         sum.num_states, sum.total_duration_s, sum.mean_lifespan_ms, sum.total_occurrences,
                         sum.mean_probability));
  fmt::print("{}\n", (fs::path(folder) / "dataframes").string());
  write_report(s, s.report.empty() ? (fs::path(folder) / "report.html").string() : s.report, runs, analysis, spec_yaml);
}

std::string data_file(const std::string& folder, size_t k) {
  return (fs::path(folder) / "data" / fmt::format("spikes_{}.npz", k)).string();
}

/// Runs work that writes, telling a full disk from bad input.
template <class Work>
void writing(const Work& work) {
  try {
    work();
  } catch (const IoError& error) { throw Failure(error.what()); } catch (const fs::filesystem_error& error) {
    throw Failure(error.what());
  }
}

}  // namespace

void spiking_run(const SpikingRunSettings& s) {
  if (!s.output.empty()) check_writable(s.output, "spikes", "spikes.npz");
  if (!s.report.empty()) check_writable(s.report, "reports", "spikes.html");
  const Spec   spec = spec_of(s);
  ModelOptions options{.threads = s.threads};
  if (s.seed_given) options.seed = s.seed;
  Model            model = Model::from_spec(spec, options);
  const SpikingRun run   = record_run(model);
  fmt::print("{}: {} units, {:g} s, {} spikes, seed {}\n\n", s.path, grouped(int64_t(run.recording.labels.size())),
             run.recording.dt * double(run.recording.steps), grouped(int64_t(run.recording.step.size())), run.seed);
  const AttractorAnalysis analysis = analysis_of({run}, s.least_ms);
  print_summary({run}, analysis);
  writing([&] {
    if (!s.output.empty()) {
      save_run(s.output, run);
      fmt::print("{}\n", s.output);
    }
    if (!s.report.empty()) write_report(s, s.report, {run}, analysis, to_yaml(write_spec(spec)));
  });
}

void spiking_repeat(const SpikingRunSettings& s) {
  if (s.output.empty()) throw SpecError({.path = "--output"}, "says where the repeats go", "--output FOLDER");
  const Spec            spec = spec_of(s);
  std::vector<uint64_t> seeds;
  Random                random(s.seed_given ? s.seed : spec.seed.value_or(256), "repeats");
  std::string           seeds_text;
  for (size_t k = 0; k < s.repeats; ++k) {
    seeds.push_back(random.integer(uint64_t(1) << 31));
    seeds_text += fmt::format("{}\n", seeds.back());
  }
  // what lies there must be of the same network
  const std::string yaml   = to_yaml(write_spec(spec)),
                    config = (fs::path(s.output) / "metadata" / "config.yaml").string();
  if (fs::exists(config) && read_file(config) != yaml)
    throw SpecError({.path = "--output"}, fmt::format("{} holds repeats of another network", s.output),
                    "give another folder");
  writing([&] {
    fs::create_directories(fs::path(s.output) / "data");
    fs::create_directories(fs::path(s.output) / "metadata");
    write_file(config, yaml);
    write_file((fs::path(s.output) / "metadata" / "seeds.txt").string(), seeds_text);
  });

  std::vector<SpikingRun> runs(s.repeats);
  std::atomic<size_t>     kept = 0;
  writing([&] {
    Threads(s.threads).run(s.repeats, [&](size_t k, size_t) {
      const std::string file = data_file(s.output, k);
      if (fs::exists(file)) {
        runs[k] = load_run(file);
        if (runs[k].seed == seeds[k]) {
          ++kept;
          return;
        }
      }
      Model model = Model::from_spec(spec, {.threads = 1, .seed = seeds[k]});
      runs[k]     = record_run(model);
      save_run(file, runs[k]);
    });
    fmt::print("{}: {} repeats of {:g} s", s.path, s.repeats, runs[0].recording.dt * double(runs[0].recording.steps));
    fmt::print("{}\n\n", kept ? fmt::format(", {} of which were there", kept.load()) : "");
    write_analysis(s, s.output, runs, yaml);
  });
}

void spiking_analyze(const SpikingRunSettings& s) {
  std::vector<SpikingRun> runs;
  if (fs::is_directory(s.path)) {
    for (size_t k = 0; fs::exists(data_file(s.path, k)); ++k) runs.push_back(load_run(data_file(s.path, k)));
    if (runs.empty()) throw IoError(s.path, "has no data/spikes_0.npz", "dynode spiking repeat writes such folders");
  } else {
    runs.push_back(load_run(s.path));
  }
  const std::string config = (fs::path(s.path) / "metadata" / "config.yaml").string();
  const std::string folder = !s.output.empty()          ? s.output
                             : fs::is_directory(s.path) ? s.path
                                                        : fs::path(s.path).parent_path().string();
  fmt::print("{}: {} recording{}\n\n", s.path, runs.size(), runs.size() == 1 ? "" : "s");
  writing([&] { write_analysis(s, folder.empty() ? "." : folder, runs, fs::exists(config) ? read_file(config) : ""); });
}

}  // namespace dynode::cli
