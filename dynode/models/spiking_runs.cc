#include "dynode/models/spiking_runs.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <set>
#include <sstream>

#include "dynode/base/display.h"
#include "dynode/io/arrays.h"
#include "dynode/models/population_statistics.h"
#include "dynode/models/spiking_pictures.h"
#include "dynode/plan/spiking.h"
#include "dynode/spiking/statistics.h"

namespace dynode {

using namespace spiking;

size_t cluster_count(const Plan& plan) {
  if (plan.layers.size() != 1) return 0;
  const auto&  inhibitory = plan.spiking->inhibitory[0];
  const size_t count      = plan.spiking->populations[0].size() - 1;
  const bool   halves     = count > 2 && count % 2 == 0 && inhibitory.size() == count &&
                            std::count(inhibitory.begin(), inhibitory.end(), 0) == ptrdiff_t(count / 2);
  return halves ? count / 2 - 1 : 0;
}

std::vector<std::string> population_names(const Plan& plan) {
  std::vector<std::string> names;
  for (size_t l = 0; l < plan.layers.size(); ++l) {
    const auto&       given  = plan.spiking->names[l];
    const size_t      count  = plan.spiking->populations[l].size() - 1, half = count / 2;
    const auto&       types  = plan.spiking->inhibitory[l];
    const bool        groups = cluster_count(plan) > 0, pair = types == std::vector<uint8_t>{0, 1};
    const std::string layer =
        plan.layers.size() == 1 ? "" : fmt::format("layer {} ", plan.spec.layers[l].layer_id);
    for (size_t p = 0; p < count; ++p) {
      const size_t k = p % std::max<size_t>(half, 1);
      names.push_back(!given.empty()  ? layer + given[p]
                      : pair          ? layer + (p == 0 ? "E" : "I")
                      : !groups       ? fmt::format("{}population {}", layer, p)
                      : k == half - 1 ? fmt::format("{} background", p < half ? "E" : "I")
                                      : fmt::format("{} cluster {}", p < half ? "E" : "I", k));
    }
  }
  return names;
}

void check_spiking_run(const Model& model) {
  const Plan& plan = model.plan();
  if (!plan.spiking)
    throw SpecError({.file = plan.spec.file}, "needs a network of spiking layers without an input array",
                    "give simulation.input_type: none, and drives");
  if (plan.spiking->steps == 0)
    throw SpecError({.file = plan.spec.file, .path = "simulation"}, "how long a run lasts is not said",
                    "give simulation.duration");
}

SpikingRun record_run(Model& model) {
  check_spiking_run(model);
  const Plan& plan = model.plan();
  SpikingRun            run{.recording = {}, .seed = plan.seed};
  std::vector<uint32_t> first;  // unit of each layer
  uint32_t              units = 0;
  int32_t               label = 0;
  for (size_t l = 0; l < plan.layers.size(); ++l) {
    const auto&  begin      = plan.spiking->populations[l];
    const auto&  inhibitory = plan.spiking->inhibitory[l];
    const size_t count      = begin.size() - 1;
    for (size_t p = 0; p < count; ++p) {
      run.recording.labels.insert(run.recording.labels.end(), begin[p + 1] - begin[p], ++label);
      if (l == 0 && (inhibitory.empty() || !inhibitory[p])) run.excitatory = begin[p + 1];
    }
    first.push_back(units);
    units += uint32_t(plan.layers[l].units);
  }
  if (plan.layers.size() > 1 || plan.spiking->inhibitory[0].empty()) run.excitatory = units;
  run.names    = population_names(plan);
  run.clusters = cluster_count(plan);
  if (run.clusters == 0) run.clusters = std::set(run.recording.labels.begin(), run.recording.labels.end()).size();

  const Results results = model.simulate({.record = {"spikes"}});
  run.recording.dt      = plan.layers[0].dt * seconds_of(plan.spec.simulation.time_unit);
  run.recording.steps   = int64_t(results.steps);
  std::vector<std::pair<uint32_t, uint32_t>> spikes;
  for (size_t l = 0; l < plan.layers.size(); ++l) {
    const auto list = results.at(fmt::format("spikes/{}", plan.spec.layers[l].layer_id)).as_integers("spikes");
    for (size_t k = 0; k < list.size(); k += 3)
      spikes.emplace_back(uint32_t(list[k]), first[l] + uint32_t(list[k + 2]));
  }
  if (plan.layers.size() > 1) std::sort(spikes.begin(), spikes.end());
  for (const auto& [step, neuron] : spikes) run.recording.step.push_back(step), run.recording.neuron.push_back(neuron);
  return run;
}

void save_run(const std::string& path, const SpikingRun& run) {
  const Recording&    r = run.recording;
  std::vector<double> spikes, labels(r.labels.begin(), r.labels.end());
  for (size_t k = 0; k < r.step.size(); ++k) spikes.insert(spikes.end(), {double(r.step[k]), double(r.neuron[k])});
  const auto integers = [](std::vector<int64_t> shape, const std::vector<double>& x) {
    return Array{std::move(shape), std::vector<int64_t>(x.begin(), x.end())};
  };
  const std::string names = fmt::format("{}", fmt::join(run.names, "\n"));
  save_arrays(path,
           {{"spikes", integers({int64_t(r.step.size()), 2}, spikes)},
            {"clusters", integers({int64_t(labels.size())}, labels)},
            {"dt", {{}, std::vector<double>{r.dt}}},
            {"n_steps", {{}, std::vector<int64_t>{r.steps}}},
            {"n_clusters", {{}, std::vector<int64_t>{int64_t(run.clusters)}}},
            {"n_excitatory", {{}, std::vector<int64_t>{int64_t(run.excitatory)}}},
            {"seed", {{}, std::vector<int64_t>{int64_t(run.seed)}}},
            {"population_names", {{int64_t(names.size())}, std::vector<uint8_t>(names.begin(), names.end())}}},
           Packing::deflated);
}

namespace {

/// A recording of VectorialNeuroModulators: spikes [T][N], 0 or 1, and labels [N] of populations from 1.
SpikingRun dense_run(const std::string& path, const Array& spikes, const Array& labels, double dt) {
  if (spikes.shape.size() != 2) throw ShapeError("spikes", {-1, int64_t(labels.size())}, spikes.shape);
  const size_t units = size_t(spikes.shape[1]);
  if (labels.size() != units) throw ShapeError("clusters", {int64_t(units)}, labels.shape);
  if (!(dt > 0)) throw IoError(path, fmt::format("'dt' is {}", dt));
  SpikingRun run;
  run.recording.dt = dt, run.recording.steps = spikes.shape[0];
  int64_t last = 0;
  for (int64_t label : labels.as_integers("clusters")) {
    if (label < last || label < 1 || label > INT32_MAX)
      throw IoError(path, "'clusters' are no labels from 1 on, population by population");
    run.recording.labels.push_back(int32_t(last = label));
  }
  const bool pairs = last >= 4 && last % 2 == 0;   // K E clusters, E background, K I clusters, I background
  run.clusters     = pairs ? size_t(last) / 2 - 1 : std::set(run.recording.labels.begin(), run.recording.labels.end()).size();
  run.excitatory   = pairs ? size_t(std::ranges::upper_bound(run.recording.labels, int32_t(last / 2)) - run.recording.labels.begin())
                           : units;
  std::visit([&](const auto& x) {
    for (size_t k = 0; k < x.size(); ++k)
      if (x[k] != 0) run.recording.step.push_back(uint32_t(k / units)), run.recording.neuron.push_back(uint32_t(k % units));
  }, spikes.data);
  run.recording.check();
  return run;
}

constexpr double kOriginalStep = 0.0005;   // s, that of its configs

}  // namespace

SpikingRun load_run(const std::string& path) {
  if (path.ends_with(".npy")) {
    const std::string labels = (std::filesystem::path(path).parent_path() / "clusters.npy").string();
    return dense_run(path, load_npy(path), load_npy(labels), kOriginalStep);
  }
  const Npz npz = load_arrays(path);
  if (const Array* spikes = npz.find("spikes"); spikes && npz.find("clusters") && !npz.find("n_steps")) {
    const Array* dt = npz.find("dt");
    return dense_run(path, *spikes, npz.at("clusters"), dt && dt->size() == 1 ? dt->as_double()[0] : kOriginalStep);
  }
  const auto one = [&](const char* name) {
    const auto list = npz.at(name).as_integers(name);
    if (list.size() != 1) throw IoError(path, fmt::format("'{}' is not one number", name));
    return list[0];
  };
  for (const char* name : {"n_excitatory", "n_clusters", "n_steps"})
    if (one(name) < 0) throw IoError(path, fmt::format("'{}' is {}", name, one(name)));
  SpikingRun   run{.recording  = {},
                   .excitatory = size_t(one("n_excitatory")),
                   .clusters   = size_t(one("n_clusters")),
                   .seed       = uint64_t(one("seed"))};
  Recording&   r      = run.recording;
  const Array& spikes = npz.at("spikes");
  if (spikes.shape.size() != 2 || spikes.shape[1] != 2) throw ShapeError("spikes", {-1, 2}, spikes.shape);
  const auto list = spikes.as_integers("spikes");
  if (npz.at("dt").size() != 1) throw IoError(path, "'dt' is not one number");
  r.dt            = npz.at("dt").as_double()[0];
  r.steps         = one("n_steps");
  for (size_t k = 0; k < list.size(); k += 2) {
    if (list[k] < 0 || list[k] >= r.steps || list[k + 1] < 0)
      throw IoError(path, fmt::format("spike {} is of no step or no neuron", k / 2));
    r.step.push_back(uint32_t(list[k])), r.neuron.push_back(uint32_t(list[k + 1]));
  }
  for (int64_t label : npz.at("clusters").as_integers("clusters")) {
    if (label < 0 || label > INT32_MAX) throw IoError(path, fmt::format("'clusters' holds {}, no label", label));
    r.labels.push_back(int32_t(label));
  }
  r.check();
  if (const Array* names = npz.find("population_names")) {
    std::string text;
    for (int64_t byte : names->as_integers("population_names")) text += char(byte);
    std::istringstream lines(text);
    for (std::string name; std::getline(lines, name);) run.names.push_back(name);
  }
  return run;
}

SpikingRun without_start(SpikingRun run, double seconds) {
  Recording&    r     = run.recording;
  const int64_t first = std::max<int64_t>(whole_steps(seconds, r.dt), 0);
  if (first == 0) return run;
  if (first >= r.steps)
    throw SpecError({.path = "--warm-up"},
                    fmt::format("{:g} s are left out of runs of {:g} s", seconds, r.dt * double(r.steps)));
  const auto begin = std::lower_bound(r.step.begin(), r.step.end(), uint32_t(first));
  r.neuron.erase(r.neuron.begin(), r.neuron.begin() + (begin - r.step.begin()));
  r.step.erase(r.step.begin(), begin);
  for (uint32_t& step : r.step) step -= uint32_t(first);
  r.steps -= first;
  return run;
}

std::map<std::string, std::string> tables_of(const AttractorAnalysis& a, size_t clusters, std::optional<double> grid) {
  const auto& attractors = a.record().attractors;
  const auto  name       = [&](size_t k) { return fmt::format("\"{}\"", fmt::join(attractors[k], " ")); };
  const auto  optional   = [](const std::optional<size_t>& k) { return k ? std::to_string(*k) : std::string(); };
  std::map<std::string, std::string> tables;

  std::string& o = tables["occurrences"] =
      "clusters,attractor_idx,recording,t_start,t_end,duration,occurrence,prev_"
      "attractor_idx,next_attractor_idx,num_clusters,mean_rates\n";
  const auto rows = a.occurrence_table();
  for (size_t k = 0; k < rows.size(); ++k) {
    const OccurrenceRow& r = rows[k];
    o += fmt::format("{},{},{},{:.10g},{:.10g},{:.10g},{},{},{},{},\"{:.6g}\"\n", name(r.attractor), r.attractor,
                     r.recording, r.t_start, r.t_end, r.duration, r.occurrence, optional(r.previous), optional(r.next),
                     r.num_clusters, fmt::join(a.record().occurrences[k].mean_rates, " "));
  }
  std::string& p = tables["attractors"] =
      "clusters,attractor_idx,occurrences,total_duration,mean_duration,std_"
      "duration,num_clusters,first_start,last_end,probability\n";
  const auto share = a.probabilities();
  for (const PerAttractor& r : a.per_attractor())
    p += fmt::format("{},{},{},{:.10g},{:.10g},{:.10g},{},{:.10g},{:.10g},{:.10g}\n", name(r.attractor), r.attractor,
                     r.occurrences, r.total_duration, r.mean_duration, r.std_duration, r.num_clusters, r.first_start,
                     r.last_end, share[r.attractor]);
  std::string&      t = tables["transitions"] = "from,to,probability\n";
  const Transitions m                         = a.transitions();
  const size_t      n                         = m.attractors.size();
  for (size_t i = 0; i < n; ++i)
    for (size_t j = 0; j < n; ++j)
      if (m.matrix[i * n + j] > 0)
        t += fmt::format("{},{},{:.10g}\n", name(m.attractors[i]), name(m.attractors[j]), m.matrix[i * n + j]);
  std::string& v = tables["transition_events"] =
      "identity_a,attractor_idx_a,identity_b,attractor_idx_b,time,overlapping_"
      "clusters,num_clusters_a,num_clusters_b,num_overlapping_clusters,transition_idx,occurrences,symmetry_class_"
      "occurrences\n";
  for (const TransitionEvent& r : a.transition_events())
    v += fmt::format("{},{},{},{},{:.10g},\"{}\",{},{},{},{}\n", name(r.a), r.a, name(r.b), r.b, r.time,
                     fmt::join(r.overlap, " "), fmt::join(r.symmetry_class, ","), r.transition, r.occurrence,
                     r.symmetry_class_occurrence);
  std::string& e = tables["time_evolution"] =
      "time_ms,transition_l2_norm,unique_attractors_count,discovery_rate_per_"
      "s\n";
  const TimeEvolution c = a.time_evolution(grid);
  for (size_t k = 0; k < c.time_ms.size(); ++k)
    e += fmt::format("{:.10g},{:.10g},{},{:.10g}\n", c.time_ms[k], c.transition_l2_norm[k],
                     c.unique_attractors_count[k], c.discovery_rate_per_s[k]);
  // how many sets of a size there are, and how much of them was seen
  std::string& z     = tables["sizes"] = "num_clusters,states,occurrences,mean_lifespan_ms,discovered,time_share\n";
  const auto   times = time_by_size(a.record(), clusters);
  for (const SizeRow& r : a.by_size(clusters))
    z += fmt::format("{},{},{},{:.10g},{:.10g},{:.10g}\n", r.size, r.states, r.occurrences, r.mean_lifespan, r.discovered,
                     times[r.size]);
  return tables;
}

Report spiking_runs_report(const std::string& name, const std::vector<SpikingRun>& runs,
                           const AttractorAnalysis& analysis, const std::vector<PopulationStatistics>& populations) {
  const SpikingRun& run       = runs.at(0);
  const Recording&  r         = run.recording;
  const size_t      n         = r.labels.size();
  const Summary     s         = analysis.summary();
  const bool        several   = !run.clustered() && populations.size() > 1;
  const bool        attractors = s.num_states > 1 || !several;
  const double      seconds   = r.dt * double(r.steps);
  Report            report{.title = name, .kind = "spiking"};
  report.summary = fmt::format("{} units for {:g} s{}", grouped(int64_t(n)), seconds,
                               runs.size() > 1 ? fmt::format(", {} times", runs.size()) : "");
  report.summary += attractors ? fmt::format(": {} attractors.", s.num_states) : ".";
  report.facts = {{"spikes", grouped(int64_t(r.step.size()))}};
  const auto rate = [&](const char* of, size_t first, size_t last) {
    if (first < last) report.facts.emplace_back(of, fmt::format("{:.2f} Hz", class_statistics(r, first, last).rate));
  };
  rate(run.excitatory < n ? "mean rate, E" : "mean rate", 0, run.excitatory), rate("mean rate, I", run.excitatory, n);
  if (attractors)
    report.facts.insert(report.facts.end(), {{"attractors", std::to_string(s.num_states)},
                                             {"occurrences", std::to_string(s.total_occurrences)},
                                             {"mean life span", fmt::format("{:.1f} ms", s.mean_lifespan_ms)}});
  report.facts.emplace_back("seed", std::to_string(run.seed));
  if (several) {
    report.figures = {
        {"Spikes", population_raster_picture(run), "Each dot is a spike of the first run; populations from top to bottom."},
        {"Populations", population_boxes_picture(populations),
         fmt::format("Rates and CVs of units, correlations of pairs of units (spike counts in 2 ms), {}. Boxes from the "
                     "first to the third quartile with the median, whiskers from 5 to 95 %, a dot at the mean.",
                     runs.size() > 1 ? "of all runs" : "of the run")}};
  } else {
    report.figures = {{"Spikes", raster_picture(run),
                       run.clustered() ? "Each dot is a spike of the first run; bands show E clusters, E background, I "
                                         "clusters and I background."
                                       : "Each dot is a spike of the first run."}};
  }
  report.figures.push_back({run.clustered() ? "Rates of E clusters" : "Rates of populations",
                            rates_picture(cluster_rates(r, {}, run.clusters), r.dt, run.clustered() ? "cluster" : "population"),
                            "Smoothed by a Gaussian of 20 steps; dark is fast."});
  if (attractors)
    report.figures.insert(
        report.figures.end(),
        {{"Transitions", transitions_picture(analysis),
          "How often one attractor is followed by another, the most frequent 40 of them, in lexicographic order."},
         {"Discovery", discovery_picture(analysis), "How many different attractors have been seen."}});
  return report;
}

}  // namespace dynode
