// dynode spiking sweep: repeats for each value of a parameter, all with the same seeds. Attractors of one value are told
// apart and numbered together.
//
//   <folder>/sweep_<i>/…   as of repeat     metadata/sweep_index.csv     dataframes/sweep_summary.csv
//   metrics/sweep_summary.json     metadata/pipeline_*.json     report.html
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/cli/options.h"
#include "dynode/cli/spiking_runs.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/models/run_measures.h"
#include "dynode/models/spiking_pictures.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode::cli {
namespace {

namespace fs = std::filesystem;
using namespace spiking;

/// YAML of the values: those listed, or of the range.
std::vector<std::string> values_of(const SpikingRunSettings& s) {
  const std::string way_out = "--values 0,0.3,0.6, or --range 0 1 11";
  if (s.param.empty())
    throw SpecError({.path = "--param"}, "says what is swept", "--param arousal.level --range 0 1 11");
  if (!s.value_list.empty()) return s.value_list;
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

/// As an entry of CSV.
std::string entry_of(const Value& value) {
  if (value.is_null()) return "";
  std::string text = value.is_text()                              ? value.text()
                     : value.is_number() && !value.is_integer() ? fmt::format("{:.8g}", value.number())
                                                                  : to_json(value);
  if (text.find_first_of(",\"\n") == text.npos) return text;
  for (size_t k = 0; (k = text.find('"', k)) != text.npos; k += 2) text.insert(k, "\"");
  return "\"" + text + "\"";
}

/// Rows that share their keys, as CSV.
std::string csv_of_rows(const std::vector<Value>& rows) {
  std::string text;
  for (const Value::Entry& e : rows.at(0).entries()) text += (text.empty() ? "" : ",") + e.key;
  for (const Value& row : rows) {
    std::string line;
    for (const Value::Entry& e : row.entries()) line += (&e == &row.entries()[0] ? "" : ",") + entry_of(e.value);
    text += "\n" + line;
  }
  return text + "\n";
}

}  // namespace

void spiking_sweep(const SpikingRunSettings& s) {
  if (s.output.empty()) throw SpecError({.path = "--output"}, "says where the runs go", "--output FOLDER");
  const PipelineRecords     records;
  const auto                values = values_of(s);
  std::vector<RepeatFolder> folders;
  for (size_t i = 0; i < values.size(); ++i)
    folders.push_back({(fs::path(s.output) / fmt::format("sweep_{}", i)).string(),
                       spiking_spec(s, fmt::format("{}={}", s.param, values[i]))});
  const auto   seeds = repeat_seeds(s, spiking_spec(s));
  const size_t kept  = run_repeats(s, folders, seeds);

  DisplayTable table({{s.param}, {"rate E, Hz", true}, {"rate I", true}, {"attractors", true}, {"occurrences", true},
                      {"life span, ms", true}, {"active clusters", true}});
  std::vector<Value>      index, rows;
  std::vector<SweepPoint> points;
  for (size_t i = 0; i < values.size(); ++i) {
    const auto runs        = load_repeats(s, folders[i].folder, seeds.size());
    const auto analysis    = analysis_of(s, runs);
    const auto populations = population_statistics(runs);
    Value      summary;
    writing([&] {
      summary = write_analysis(s, folders[i].folder, (fs::path(folders[i].folder) / "report.html").string(), runs, analysis,
                               populations, to_yaml(write_spec(folders[i].spec)));
    });
    SweepPoint point{.value = values[i], .states = analysis.num_states()};
    for (const Occurrence& o : analysis.record().occurrences) point.durations.push_back(analysis.record().milliseconds(o));
    point.life_span = analysis.summary().mean_lifespan_ms;
    points.push_back(std::move(point));
    // the value as one text, and its numbers one by one where there are several
    const Value parsed = parse_yaml(values[i]);
    Value       row    = Value::map({{"sweep_idx", i}, {"sweep_value", parsed.is_list() ? Value(values[i]) : parsed}});
    index.push_back(row);
    for (size_t j = 0; parsed.is_list() && j < parsed.size(); ++j) row.set(fmt::format("param_{}", j), parsed.list()[j]);
    for (const Value::Entry& e : summary.entries()) row.set(e.key, e.value);
    rows.push_back(std::move(row));
    const auto shown = [&](const char* name, int digits) {
      const Value& x = summary.at(name);
      return x.is_null() ? std::string("-") : fmt::format("{:.{}f}", x.number(), digits);
    };
    table.add({values[i], shown("rate_e_hz", 2), shown("rate_i_hz", 2), shown("num_states", 0), shown("total_occurrences", 0),
               shown("mean_lifespan_ms", 1), shown("mean_active_clusters", 2)});
  }
  fmt::print("{}: {} value{} of {}, {} repeat{} each{}\n\n{}\n", s.path, values.size(), values.size() == 1 ? "" : "s",
             s.param, seeds.size(), seeds.size() == 1 ? "" : "s", kept ? fmt::format("; {} runs were there", kept) : "", table.text());

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
    write_file((fs::path(s.output) / "metadata/sweep_index.csv").string(), csv_of_rows(index));
    write_file((fs::path(s.output) / "dataframes/sweep_summary.csv").string(), csv_of_rows(rows));
    write_file((fs::path(s.output) / "metrics/sweep_summary.json").string(), to_json(Value(rows), true));
    write_file(path, render_report(report));
    records.write(s, seeds, values, kept);
    if (!s.raw)
      for (const RepeatFolder& f : folders) remove_raw(f.folder, seeds.size());
  });
  fmt::print("{}\n{}\n", (fs::path(s.output) / "dataframes" / "sweep_summary.csv").string(), path);
}

}  // namespace dynode::cli
