#include "dynode/cli/spiking_runs.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <mutex>

#include "dynode/base/display.h"
#include "dynode/base/random.h"
#include "dynode/base/text.h"
#include "dynode/base/threads.h"
#include "dynode/cli/meter.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/models/run_measures.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"
#include "dynode/spiking/statistics.h"

namespace dynode::cli {
namespace {

namespace fs = std::filesystem;
using namespace spiking;

std::string joined(const std::string& folder, const std::string& file) { return (fs::path(folder) / file).string(); }

/// spikes_<k>.npz or .h5, whichever is there; else as `format` says.
std::string data_file(const std::string& folder, size_t k, const std::string& format = "npz") {
  const std::string stem = joined(folder, fmt::format("data/spikes_{}.", k));
  for (const char* ending : {"npz", "h5"})
    if (fs::exists(stem + ending)) return stem + ending;
  return stem + format;
}

void write_report(const SpikingRunSettings& s, const std::string& path, const std::vector<SpikingRun>& runs,
                  const AttractorAnalysis& analysis, const std::vector<PopulationStatistics>& populations,
                  const std::string& spec_yaml) {
  Report report    = spiking_runs_report(fs::path(s.path).filename().string(), runs, analysis, populations);
  report.spec_yaml = spec_yaml;
  write_file(path, render_report(report));
}

}  // namespace

void writing(const std::function<void()>& work) {
  try {
    work();
  } catch (const IoError& error) { throw Failure(error.what()); } catch (const fs::filesystem_error& error) {
    throw Failure(error.what());
  }
}

Spec spiking_spec(const SpikingRunSettings& s, const std::string& assignment) {
  Value config = load_value(s.path);
  for (const std::string& each : s.set) set_value(config, each);
  if (!assignment.empty()) set_value(config, assignment);
  return read_spec(config);
}

AttractorAnalysis analysis_of(const SpikingRunSettings& s, const std::vector<SpikingRun>& runs) {
  std::vector<Recording> recordings;
  for (const SpikingRun& run : runs) recordings.push_back(run.recording);
  ProcessingSpec spec{.minimal_life_span_ms = s.least_ms, .n_excitatory_clusters = runs.at(0).clusters};
  if (s.kernel != "gaussian" && s.kernel != "box")
    throw SpecError({.path = "--kernel"}, fmt::format("there is no kernel '{}'", s.kernel), "there are: gaussian, box");
  if (s.kernel == "box") spec.kernel.type = Kernel::Type::box;
  if (s.kernel_ms != 0) spec.kernel.kernel_ms = s.kernel_ms;
  return AttractorAnalysis(process(recordings, spec));
}

void print_summary(const std::vector<SpikingRun>& runs, const AttractorAnalysis& analysis,
                   const std::vector<PopulationStatistics>& populations) {
  const SpikingRun& run  = runs[0];
  const size_t      n    = run.recording.labels.size();
  const auto        text = [](double x, int digits) { return std::isnan(x) ? "-" : fmt::format("{:.{}f}", x, digits); };
  if (!run.clustered() && populations.size() > 1) {
    const bool   several = runs.size() > 1;
    DisplayTable table({{"population"}, {"number", true}, {"rate, Hz", true}, {several ? "sd of runs" : "sd of units", true},
                        {"CV of intervals", true}, {"correlation", true}});
    for (size_t p = 0; p < std::min<size_t>(populations.size(), 40); ++p) {
      const PopulationStatistics& x = populations[p];
      double                      square = 0;
      for (double rate : x.rates) square += (rate - x.rate) * (rate - x.rate);
      table.add({x.name, grouped(int64_t(x.units)), text(x.rate, 3),
                 text(several ? x.rate_deviation : std::sqrt(square / double(x.rates.size())), 3), text(x.cv_isi, 2),
                 text(x.correlation, 4)});
    }
    fmt::print("{}\n", table.text());
  } else {
    DisplayTable table({{"neurons"}, {"number", true}, {"rate, Hz", true}, {"sd", true}, {"CV of intervals", true}});
    const auto   add = [&](const char* name, size_t first, size_t last) {
      if (first >= last) return;
      double rate = 0, sd = 0, cv = 0;
      for (const SpikingRun& r : runs) {
        const ClassStatistics c = class_statistics(r.recording, first, last);
        rate += c.rate / double(runs.size()), sd += c.rate_sd / double(runs.size()), cv += c.cv_isi / double(runs.size());
      }
      table.add({name, grouped(int64_t(last - first)), text(rate, 2), text(sd, 2), text(cv, 2)});
    };
    add(run.excitatory < n ? "E" : "all", 0, run.excitatory), add("I", run.excitatory, n);
    fmt::print("{}\n", table.text());
  }
  const Summary s     = analysis.summary();
  const auto    sizes = time_by_size(analysis.record(), run.clusters);
  double        mean  = 0;
  for (size_t k = 0; k < sizes.size(); ++k) mean += double(k) * sizes[k];
  if (run.clustered() || s.num_states > 0)
    fmt::print("{} attractors, {} occurrences in {:g} s; mean life span {:.1f} ms, mean number of active {} {:.2f}\n",
               s.num_states, s.total_occurrences, s.total_duration_s, s.mean_lifespan_ms,
               run.clustered() ? "clusters" : "populations", mean);
  if (run.recording.dt > 0.01)
    fmt::print("note: times are taken for seconds, and a step of {:g} s is long: where they are ms, write "
               "simulation.time_unit: ms\n",
               run.recording.dt);
}

Value write_analysis(const SpikingRunSettings& s, const std::string& folder, const std::string& report,
                     const std::vector<SpikingRun>& runs, const AttractorAnalysis& analysis,
                     const std::vector<PopulationStatistics>& populations, const std::string& spec_yaml) {
  fs::create_directories(fs::path(folder) / "dataframes");
  fs::create_directories(fs::path(folder) / "metrics");
  std::optional<double> grid;
  if (s.time_step_ms != 0) grid = s.time_step_ms / 1e3;
  if (s.time_steps != 0) grid = analysis.record().total_seconds() / double(s.time_steps);
  for (const auto& [name, text] : tables_of(analysis, runs[0].clusters, grid)) write_file(joined(folder, "dataframes/" + name + ".csv"), text);
  write_file(joined(folder, "dataframes/populations.csv"), table_of(populations));
  const auto        each = run_measures(runs, analysis);
  const RunMeasures all  = pooled_measures(runs, analysis);
  write_file(joined(folder, "dataframes/repeats.csv"), table_of(runs, each));
  Value summary = Value::map({{"repeats", runs.size()}, {"total_duration_s", analysis.record().total_seconds()}});
  for (size_t m = 0; m < all.size(); ++m) summary.set(kRunMeasures[m], json_number(all[m]));
  const MeasureSpread spread = spread_of(each);
  for (size_t m = 0; m < spread.names.size(); ++m) summary.set(spread.names[m], json_number(spread.values[m]));
  write_file(joined(folder, "metrics/summary.json"), to_json(summary, true));
  write_report(s, report, runs, analysis, populations, spec_yaml);
  return summary;
}

void remove_raw(const std::string& folder, size_t count) {
  for (size_t k = 0; k < count; ++k) fs::remove(data_file(folder, k));
  if (fs::is_empty(joined(folder, "data"))) fs::remove(joined(folder, "data"));
}

std::vector<uint64_t> repeat_seeds(const SpikingRunSettings& s, const Spec& spec) {
  std::vector<uint64_t> seeds;
  if (s.seeds.empty()) {
    Random random(s.seed_given ? s.seed : spec.seed.value_or(256), "repeats");
    for (size_t k = 0; k < s.repeats; ++k) seeds.push_back(random.integer(uint64_t(1) << 31));
    return seeds;
  }
  const bool  file = fs::is_regular_file(s.seeds);
  std::string text = file ? read_file(s.seeds) : s.seeds;
  if (file) {
    std::replace(text.begin(), text.end(), '\n', ',');
    while (!text.empty() && (text.back() == ',' || text.back() == '\r')) text.pop_back();
  }
  for (double x : number_list("--seeds", text, ',', "write 5,7,11, or name a file with a seed in each line")) {
    if (x < 0 || x != std::floor(x) || x > 9e15)
      throw SpecError({.path = "--seeds"}, fmt::format("{} is no seed", x), "seeds are whole numbers from 0 on");
    seeds.push_back(uint64_t(x));
  }
  if (s.repeats_given && s.repeats != seeds.size())
    throw SpecError({.path = "--seeds"}, fmt::format("{} seeds for {} repeats", seeds.size(), s.repeats),
                    "leave --repeats out");
  return seeds;
}

size_t run_repeats(const SpikingRunSettings& s, const std::vector<RepeatFolder>& folders,
                   const std::vector<uint64_t>& seeds) {
  if (s.format != "npz" && s.format != "h5")
    throw SpecError({.path = "--format"}, fmt::format("there is no format '{}'", s.format), "there are: npz, h5");
  std::string list;
  for (uint64_t seed : seeds) list += fmt::format("{}\n", seed);
  for (const RepeatFolder& f : folders) {
    // what lies there must be of the same network and the same seeds; there may be more of them
    const std::string yaml = to_yaml(write_spec(f.spec)), config = joined(f.folder, "metadata/config.yaml"),
                      kept = joined(f.folder, "metadata/seeds.txt");
    if (fs::exists(config) && read_file(config) != yaml)
      throw SpecError({.path = "--output"}, fmt::format("{} holds repeats of another network", f.folder),
                      "give another folder");
    const std::string there = fs::exists(kept) ? read_file(kept) : "";
    if (!there.starts_with(list) && !list.starts_with(there))
      throw SpecError({.path = "--output"}, fmt::format("{} holds repeats with other seeds", f.folder),
                      "give another folder");
    writing([&] {
      fs::create_directories(fs::path(f.folder) / "data");
      fs::create_directories(fs::path(f.folder) / "metadata");
      write_file(config, yaml);
      if (there.size() < list.size()) write_file(kept, list);
    });
  }
  // a model of each network tells mistakes before any of the work
  for (const RepeatFolder& f : folders) {
    const Model model = Model::from_spec(f.spec, {.threads = 1});
    check_spiking_run(model);
    if (&f == &folders[0])
      for (const std::string& warning : model.plan().warnings) fmt::print(stderr, "warning: {}\n", warning);
  }
  std::mutex mutex;
  size_t     there = 0, done = 0;
  Meter      meter("repeats", folders.size() * seeds.size());
  writing([&] {
    Threads(s.threads).run(folders.size() * seeds.size(), [&](size_t job, size_t) {
      const RepeatFolder& f    = folders[job / seeds.size()];
      const size_t        k    = job % seeds.size();
      const std::string   file = data_file(f.folder, k, s.format);
      const bool          kept = fs::exists(file) && load_run(file).seed == seeds[k];
      if (!kept) {
        Model model = Model::from_spec(f.spec, {.threads = 1, .seed = seeds[k]});
        save_run(file, record_run(model));
      }
      const std::scoped_lock lock(mutex);
      there += kept, meter.at(++done);
    });
  });
  return there;
}

std::vector<SpikingRun> load_repeats(const SpikingRunSettings& s, const std::string& folder,
                                     std::optional<size_t> count) {
  std::vector<SpikingRun> runs;
  for (size_t k = 0; count ? k < *count : fs::exists(data_file(folder, k)); ++k)
    runs.push_back(without_start(load_run(data_file(folder, k)), s.warm_up));
  if (runs.empty() && fs::is_directory(folder)) {   // recordings that lie there as they are
    std::vector<std::string> files;
    for (const auto& file : fs::directory_iterator(folder))
      if (const auto ending = file.path().extension(); ending == ".npz" || (ending == ".npy" && file.path().filename() != "clusters.npy"))
        files.push_back(file.path().string());
    std::ranges::sort(files);
    for (const std::string& file : files) runs.push_back(without_start(load_run(file), s.warm_up));
  }
  if (runs.empty()) throw IoError(folder, "has no data/spikes_0.npz",
                                  "dynode spiking repeat writes such folders, unless --no-raw");
  return runs;
}

void spiking_run(const SpikingRunSettings& s) {
  if (!s.output.empty()) check_arrays_writable(s.output, "spikes", "spikes.npz");
  if (!s.report.empty()) check_writable(s.report, "reports", "spikes.html");
  const Spec   spec = spiking_spec(s);
  ModelOptions options{.threads = s.threads};
  if (s.seed_given) options.seed = s.seed;
  Model            model = Model::from_spec(spec, options);
  for (const std::string& warning : model.plan().warnings) fmt::print(stderr, "warning: {}\n", warning);
  const SpikingRun whole = record_run(model);
  fmt::print("{}: {} units, {:g} s, {} spikes, seed {}\n\n", s.path, grouped(int64_t(whole.recording.labels.size())),
             whole.recording.dt * double(whole.recording.steps), grouped(int64_t(whole.recording.step.size())),
             whole.seed);
  writing([&] {
    if (!s.output.empty()) save_run(s.output, whole);
  });
  const std::vector<SpikingRun> runs{without_start(whole, s.warm_up)};
  const AttractorAnalysis       analysis    = analysis_of(s, runs);
  const auto                    populations = population_statistics(runs);
  print_summary(runs, analysis, populations);
  if (!s.output.empty()) fmt::print("{}\n", s.output);
  writing([&] {
    if (s.report.empty()) return;
    write_report(s, s.report, runs, analysis, populations, to_yaml(write_spec(spec)));
    fmt::print("{}\n", s.report);
  });
}

void spiking_repeat(const SpikingRunSettings& s) {
  if (s.output.empty()) throw SpecError({.path = "--output"}, "says where the repeats go", "--output FOLDER");
  const PipelineRecords records;
  const Spec   spec        = spiking_spec(s);
  const auto   seeds       = repeat_seeds(s, spec);
  const size_t kept        = run_repeats(s, {{s.output, spec}}, seeds);
  const auto   runs        = load_repeats(s, s.output, seeds.size());
  const auto   analysis    = analysis_of(s, runs);
  const auto   populations = population_statistics(runs);
  fmt::print("{}: {} repeats of {:g} s{}\n\n", s.path, runs.size(), runs[0].recording.dt * double(runs[0].recording.steps),
             kept ? fmt::format(", {} of which were there", kept) : "");
  print_summary(runs, analysis, populations);
  const std::string report = s.report.empty() ? joined(s.output, "report.html") : s.report;
  writing([&] {
    write_analysis(s, s.output, report, runs, analysis, populations, to_yaml(write_spec(spec)));
    records.write(s, seeds, {}, kept);
    if (!s.raw) remove_raw(s.output, seeds.size());
  });
  fmt::print("{}\n{}\n", joined(s.output, "dataframes"), report);
}

void spiking_analyze(const SpikingRunSettings& s) {
  const bool folder = fs::is_directory(s.path);
  const auto runs   = folder ? load_repeats(s, s.path)
                             : std::vector<SpikingRun>{without_start(load_run(s.path), s.warm_up)};
  const auto analysis    = analysis_of(s, runs);
  const auto populations = population_statistics(runs);
  fmt::print("{}: {} recording{}\n\n", s.path, runs.size(), runs.size() == 1 ? "" : "s");
  print_summary(runs, analysis, populations);
  // tables go where they were asked for, or into the folder that was analysed; never beside a file
  const std::string config = joined(s.path, "metadata/config.yaml"), yaml = fs::exists(config) ? read_file(config) : "";
  const std::string output = !s.output.empty() ? s.output : folder ? s.path : "";
  const std::string report = !s.report.empty() ? s.report : output.empty() ? "" : joined(output, "report.html");
  writing([&] {
    if (!output.empty()) write_analysis(s, output, report, runs, analysis, populations, yaml);
    else if (!report.empty()) write_report(s, report, runs, analysis, populations, yaml);
  });
  if (!output.empty()) fmt::print("{}\n", joined(output, "dataframes"));
  if (!report.empty()) fmt::print("{}\n", report);
}

}  // namespace dynode::cli
