// dynode robustness: how a trained network fares when parameters are off, noise is added, weights have few levels.
#include <filesystem>
#include <fmt/format.h>
#include <memory>

#include "dynode/base/display.h"
#include "dynode/cli/meter.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/kernels/isa.h"
#include "dynode/models/robustness.h"
#include "dynode/spec/json.h"
#include "dynode/spec/spec.h"

namespace dynode::cli {
namespace {

namespace fs = std::filesystem;

struct Settings {
  std::string              config, output;
  std::vector<std::string> set;
  int                      threads = 0;
  bool                     keys    = false;
};

void print_keys() {
  for (const auto& [block, rows] : {std::pair("Keys of a study", describe<RobustnessConfig>()),
                                    std::pair("experiments:", describe<RobustnessExperiment>())}) {
    DisplayTable table({{"key"}, {"type"}, {"default"}, {"meaning"}});
    for (const FieldRow& row : rows) table.add({row.name, row.type, row.default_text, row.help});
    fmt::print("{}\n\n{}\n", block, table.text());
  }
}

void run(const Settings& s) {
  apply_isa_override();
  Value value = load_value(s.config);
  for (const std::string& assignment : s.set) set_value(value, assignment);
  const RobustnessConfig config = read_robustness_config(value);
  const fs::path         folder = s.output.empty() ? fs::path("runs") / config.name : fs::path(s.output);

  // before the work, so that it is not lost
  std::error_code failed;
  if (fs::create_directories(folder, failed); failed) throw IoError(folder.string(), "cannot be made");
  check_writable((folder / "robustness.json").string());

  std::unique_ptr<Meter> meter;
  const RobustnessResult result = study_robustness(config, s.threads, [&](size_t done, size_t all) {
    if (!meter) meter = std::make_unique<Meter>("robustness", all);
    meter->at(done);
  });
  for (const std::string& warning : result.warnings) fmt::print(stderr, "warning: {}\n", warning);
  const auto text = [&](double x) {
    return result.percent ? fmt::format("{:.1f} %", 100 * x) : fmt::format("{:.4g}", x);
  };

  fmt::print("{}\n  data        {}, {} rows\n  {:<10}  {} as it is\n  time        {}, {} runs\n", result.model,
             result.data, grouped(result.rows), result.metric, text(result.baseline), duration_text(result.seconds),
             grouped(result.runs));
  for (const RobustnessCurve& curve : result.curves) {
    DisplayTable table({{curve.level_name, true}, {result.metric, true}, {"± deviation", true}});
    for (size_t i = 0; i < curve.levels.size(); ++i)
      table.add({fmt::format("{:g}", curve.levels[i]), text(curve.mean[i]),
                 curve.values[i].size() > 1 ? text(curve.deviation[i]) : "–"});
    fmt::print("\n{}\n\n{}", curve.name, table.text());
  }

  const std::string json = (folder / "robustness.json").string(), page = (folder / "robustness.html").string();
  try {
    write_file(json, to_json(robustness_results(result), true) + "\n");
    write_file(page, render_report(robustness_report(config, result)));
  } catch (const IoError& error) { throw Failure(error.what()); }
  fmt::print("\nresults: {}\nreport: {}\n", json, page);
}

}  // namespace

Verb robustness_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("robustness", "how a trained network fares when its hardware is off or noisy");
  verb.add_option("config", s->config, "study (.yaml): model, data and experiments").type_name("CONFIG");
  verb.add_option("--output", s->output, "folder of robustness.json and robustness.html; without it runs/<name>")
      .type_name("FOLDER");
  add_set(verb, s->set, "repeats=3");
  add_threads(verb, s->threads);
  verb.add_flag("--keys", s->keys, "list the keys a study may have, with defaults");
  verb.footer(
      "dynode robustness examples/fashion_dendrites/robustness.yaml\ndynode robustness study.yaml --set repeats=3");
  return {verb, [s] {
            if (s->keys) print_keys();
            if (s->keys && s->config.empty()) return;
            if (s->config.empty())
              throw SpecError({}, "CONFIG is missing", "dynode robustness --keys lists what a study may say");
            run(*s);
          }};
}

}  // namespace dynode::cli
