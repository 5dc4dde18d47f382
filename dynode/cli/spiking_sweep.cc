// dynode spiking sweep: repeats for each value of a parameter, all with the same seeds. Attractors of one value are told
// apart and numbered together.
//
//   <folder>/sweep_<i>/…   as of repeat     metadata/sweep_index.csv     dataframes/sweep_summary.csv
//   metrics/sweep_summary.json     report.html
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/cli/options.h"
#include "dynode/cli/spiking_runs.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/models/spiking_pictures.h"
#include "dynode/spec/yaml.h"
#include "dynode/spiking/statistics.h"

namespace dynode::cli {
namespace {

namespace fs = std::filesystem;
using namespace spiking;

/// YAML of the values: those listed, or of the range.
std::vector<std::string> values_of(const SpikingRunSettings& s) {
  const std::string way_out = "--values 0,0.3,0.6, or --range 0 1 11";
  if (s.param.empty())
    throw SpecError({.path = "--param"}, "says what is swept", "--param arousal.level --range 0 1 11");
  if (s.values.empty() == s.range.empty())
    throw SpecError({.path = "--values"}, s.values.empty() ? "says which values are taken" : "and --range exclude each other",
                    way_out);
  std::vector<std::string> values;
  if (!s.values.empty()) {
    // commas inside brackets belong to a value: [0.2,0.5],[0.3,0.5]
    int depth = 0;
    for (const char c : s.values + ",") {
      if (c == '[' || c == '{') ++depth;
      if (c == ']' || c == '}') --depth;
      if (values.empty()) values.emplace_back();
      if (c == ',' && depth == 0) values.emplace_back();
      else values.back() += c;
    }
    values.pop_back();
    for (const std::string& value : values)
      if (value.empty()) throw SpecError({.path = "--values"}, fmt::format("'{}' has an empty value", s.values), way_out);
    return values;
  }
  if (s.range.size() != 3 || !(s.range[0] < s.range[1]) || s.range[2] < 2 || s.range[2] != std::floor(s.range[2]) ||
      s.range[2] > 1e4)
    throw SpecError({.path = "--range"}, "needs LOW HIGH NUM with LOW < HIGH and at least 2 values", "--range 0 1 11");
  for (double k = 0; k < s.range[2]; ++k)
    values.push_back(fmt::format("{:.12g}", s.range[0] + (s.range[1] - s.range[0]) * k / (s.range[2] - 1)));
  return values;
}

/// As a JSON string.
std::string json_text(const std::string& text) {
  std::string safe = "\"";
  for (const char c : text) safe += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return safe + "\"";
}

std::string quoted(const std::string& text) { return text.find_first_of(",\"") == text.npos ? text : "\"" + text + "\""; }

}  // namespace

void spiking_sweep(const SpikingRunSettings& s) {
  if (s.output.empty()) throw SpecError({.path = "--output"}, "says where the runs go", "--output FOLDER");
  const auto                values = values_of(s);
  std::vector<RepeatFolder> folders;
  for (size_t i = 0; i < values.size(); ++i)
    folders.push_back({(fs::path(s.output) / fmt::format("sweep_{}", i)).string(),
                       spiking_spec(s, fmt::format("{}={}", s.param, values[i]))});
  const auto   seeds = repeat_seeds(s, spiking_spec(s));
  const size_t kept  = run_repeats(s, folders, seeds);

  DisplayTable table({{s.param}, {"rate E, Hz", true}, {"rate I", true}, {"attractors", true}, {"occurrences", true},
                      {"life span, ms", true}, {"active clusters", true}});
  std::string  index = "sweep_idx,sweep_value\n", json, rows =
      "sweep_idx,sweep_value,repeats,rate_e_hz,rate_i_hz,num_states,total_occurrences,total_duration_s,mean_lifespan_ms,"
      "mean_probability,mean_active_clusters\n";
  std::vector<SweepPoint> points;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto runs        = load_repeats(s, folders[i].folder, seeds.size());
    const auto analysis    = analysis_of(s, runs);
    const auto populations = population_statistics(runs);
    writing([&] {
      write_analysis(s, folders[i].folder, (fs::path(folders[i].folder) / "report.html").string(), runs, analysis,
                     populations, to_yaml(write_spec(folders[i].spec)));
    });
    SweepPoint    point{.value = values[i], .states = analysis.num_states()};
    const Summary sum   = analysis.summary();
    const auto    sizes = time_by_size(analysis.record(), runs[0].clusters);
    double        active = 0, rates[2] = {0, 0};
    for (size_t k = 0; k < sizes.size(); ++k) active += double(k) * sizes[k];
    for (const SpikingRun& r : runs) {
      const size_t n = r.recording.labels.size(), edges[] = {0, r.excitatory, n};
      for (size_t t = 0; t < 2; ++t)
        rates[t] += edges[t] < edges[t + 1]
                        ? class_statistics(r.recording, edges[t], edges[t + 1]).rate / double(runs.size())
                        : std::nan("");
    }
    for (const Occurrence& o : analysis.record().occurrences) point.durations.push_back(analysis.record().milliseconds(o));
    point.life_span = sum.mean_lifespan_ms;
    points.push_back(std::move(point));
    const auto number = [](double x) { return std::isnan(x) ? std::string() : fmt::format("{:.8g}", x); };
    const auto shown  = [](double x) { return std::isnan(x) ? std::string("-") : fmt::format("{:.2f}", x); };
    index += fmt::format("{},{}\n", i, quoted(values[i]));
    rows += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", i, quoted(values[i]), runs.size(), number(rates[0]),
                        number(rates[1]), sum.num_states, sum.total_occurrences, number(sum.total_duration_s),
                        number(sum.mean_lifespan_ms), number(sum.mean_probability), number(active));
    json += fmt::format("{}\n  {{\"sweep_idx\": {}, \"sweep_value\": {}, \"num_states\": {}, \"total_occurrences\": {}, "
                        "\"mean_lifespan_ms\": {:.10g}, \"mean_probability\": {:.10g}}}",
                        i ? "," : "", i, json_text(values[i]), sum.num_states, sum.total_occurrences, sum.mean_lifespan_ms,
                        sum.mean_probability);
    table.add({values[i], shown(rates[0]), shown(rates[1]), std::to_string(sum.num_states),
               std::to_string(sum.total_occurrences), fmt::format("{:.1f}", sum.mean_lifespan_ms),
               fmt::format("{:.2f}", active)});
  }
  fmt::print("{}: {} values of {}, {} repeat{} each{}\n\n{}\n", s.path, values.size(), s.param, seeds.size(),
             seeds.size() == 1 ? "" : "s", kept ? fmt::format("; {} runs were there", kept) : "", table.text());

  Report report{.title = "Sweep of " + s.param, .kind = "spiking"};
  report.summary = fmt::format("Runs of {} with {} values of {}, {} seeds each, the same for every value.",
                               fs::path(s.path).filename().string(), values.size(), s.param, seeds.size());
  report.facts   = {{"values", fmt::format("{} … {}", values.front(), values.back())},
                    {"runs", std::to_string(values.size() * seeds.size())}};
  report.figures = {{"Attractors", sweep_picture(s.param, points), "How many different ones, and their mean life span."},
                    {"Durations of occurrences", durations_picture(s.param, points),
                     "Boxes from the first to the third quartile with the median, whiskers from 5 to 95 %."}};
  const std::string path = s.report.empty() ? (fs::path(s.output) / "report.html").string() : s.report;
  writing([&] {
    for (const char* folder : {"metadata", "dataframes", "metrics"}) fs::create_directories(fs::path(s.output) / folder);
    write_file((fs::path(s.output) / "metadata/config.yaml").string(), to_yaml(write_spec(spiking_spec(s))));
    write_file((fs::path(s.output) / "metadata/sweep_index.csv").string(), index);
    write_file((fs::path(s.output) / "dataframes/sweep_summary.csv").string(), rows);
    write_file((fs::path(s.output) / "metrics/sweep_summary.json").string(), "[" + json + "\n]\n");
    write_file(path, render_report(report));
  });
  fmt::print("{}\n{}\n", (fs::path(s.output) / "dataframes" / "sweep_summary.csv").string(), path);
}

}  // namespace dynode::cli
