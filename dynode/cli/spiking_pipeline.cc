// dynode spiking pipeline: repeats or a sweep as a file says, with the keys of VectorialNeuroModulators' PipelineConfig;
// and the records that repeats and sweeps leave of themselves:
//
//   metadata/pipeline_config.json     what was asked for: such a file
//   metadata/pipeline_metadata.json   when, by which version, with which seeds, in which time
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/base/version.h"
#include "dynode/cli/spiking_runs.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/spec/fields.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode::cli {
namespace {

namespace fs = std::filesystem;

struct PipelineConfig {
  std::string                       config, mode = "SINGLE", executor = "thread", format = "npz", kernel = "gaussian";
  std::vector<std::string>          set;
  int64_t                           n_repeats = 1, max_workers = 0, time_evolution_num_steps = 0;
  std::optional<uint64_t>           base_seed;
  std::optional<std::vector<Value>> seeds, sweep_values;
  std::optional<Value>              sweep_param;
  std::optional<std::string>        save_dir;
  std::optional<bool>               parallel, save_raw, cleanup_raw_after_processing;
  double                            time_evolution_dt = 0, kernel_ms = 0, minimal_life_span_ms = 20, warm_up = 0;

  static constexpr auto fields = field_list(
      field("config", &PipelineConfig::config, "the network, from this file's folder", required),
      field("set", &PipelineConfig::set, "changes of it, key=value"),
      field("mode", &PipelineConfig::mode, "SINGLE, REPEATED, SWEEP or SWEEP_REPEATED"),
      field("n_repeats", &PipelineConfig::n_repeats, "runs of each network", at_least(1)),
      field("base_seed", &PipelineConfig::base_seed, "that seeds are drawn from"),
      field("seeds", &PipelineConfig::seeds, "instead of drawn ones"),
      field("sweep_param", &PipelineConfig::sweep_param, "what is swept: a path with dots, or a list of its words"),
      field("sweep_values", &PipelineConfig::sweep_values, "its values"),
      field("parallel", &PipelineConfig::parallel, "false: one thread"),
      field("max_workers", &PipelineConfig::max_workers, "threads; 0: one per core", non_negative),
      field("executor", &PipelineConfig::executor, "thread or process: threads"),
      field("save_dir", &PipelineConfig::save_dir, "folder of the results"),
      field("save_raw", &PipelineConfig::save_raw, "whether spikes are kept"),
      field("cleanup_raw_after_processing", &PipelineConfig::cleanup_raw_after_processing, "spikes are not kept"),
      field("time_evolution_dt", &PipelineConfig::time_evolution_dt, "grid of time_evolution, s", non_negative),
      field("time_evolution_num_steps", &PipelineConfig::time_evolution_num_steps, "or its number of points", non_negative),
      field("format", &PipelineConfig::format, "of spikes: npz or h5"),
      field("kernel", &PipelineConfig::kernel, "gaussian or box"),
      field("kernel_ms", &PipelineConfig::kernel_ms, "its width, ms", non_negative),
      field("minimal_life_span_ms", &PipelineConfig::minimal_life_span_ms, "of attractors, ms", positive),
      field("warm_up", &PipelineConfig::warm_up, "start that is left out, s", non_negative));
};

/// Keys that a file may hold, though what they ask for is always done, or never; with the words they can be.
const std::vector<std::pair<const char*, std::vector<std::string>>> kWithoutEffect = {
    {"save_processed", {}}, {"save_analysis", {}}, {"save_plots", {}}, {"save_compressed", {}},
    {"save_dataframes", {}}, {"save_metrics", {}},
    {"analysis_dataframe_policy", {"all", "base", "aggregated_only", "none"}},
    {"analysis_artifacts_pickles", {}},
    {"dataframe_compression", {"zstd", "gzip", "snappy", "none"}},
    {"dataframe_float_precision", {"float32", "float64"}},
    {"run_processing", {}}, {"run_analysis", {}}, {"run_plotting", {}},
    {"log_level", {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}},
    {"log_to_file", {}}, {"verbose_memory", {}}, {"progress_callback", {}}, {"persist_raw_in_worker", {}}};

void leave_out_what_has_no_effect(Value& value) {
  std::vector<std::string> met;
  for (const auto& [key, words] : kWithoutEffect) {
    const Value* x = value.find(key);
    if (!x) continue;
    if (!words.empty() && !x->is_null() && std::ranges::find(words, x->text()) == words.end())
      x->fail(fmt::format("cannot be '{}'", x->text()), "it can be: " + join(words));
    if (!x->is_null()) met.push_back(key);
    value.erase(key);
  }
  if (!met.empty())
    fmt::print(stderr, "note: {} {} no effect: tables (CSV), metrics (JSON) and the report are always written\n",
               join(met), met.size() == 1 ? "has" : "have");
}

std::string now_utc() {
  const std::time_t now = std::time(nullptr);
  std::tm           utc{};
  gmtime_r(&now, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                     utc.tm_min, utc.tm_sec);
}

}  // namespace

void spiking_pipeline(const SpikingRunSettings& given) {
  Value root = load_value(given.path);
  if (!root.is_mapping()) root.expected("a mapping", "config: network.yaml, mode: REPEATED, …");
  leave_out_what_has_no_effect(root);
  const PipelineConfig c     = read<PipelineConfig>(root);
  const auto           modes = std::vector<std::string>{"SINGLE", "REPEATED", "SWEEP", "SWEEP_REPEATED"};
  const auto           mode  = std::ranges::find_if(modes, [&](const auto& m) { return lower_case(m) == lower_case(c.mode); });
  if (mode == modes.end()) root.at("mode").fail(fmt::format("there is no mode '{}'", c.mode), "there are: " + join(modes));
  const bool sweep = mode->starts_with("SWEEP"), repeated = mode->ends_with("REPEATED");
  if (c.executor != "thread" && c.executor != "process")
    root.at("executor").fail(fmt::format("cannot be '{}'", c.executor), "it can be: thread, process");
  if (!repeated && c.n_repeats > 1)
    root.at("n_repeats").fail(fmt::format("mode {} runs each network once", *mode),
                              sweep ? "mode: SWEEP_REPEATED" : "mode: REPEATED");
  if (c.time_evolution_dt > 0 && c.time_evolution_num_steps > 0)
    root.at("time_evolution_num_steps").fail("time_evolution_dt says the grid, too", "leave one of them out");
  if (sweep && (!c.sweep_param || !c.sweep_values || c.sweep_values->empty()))
    throw SpecError(root.at(), fmt::format("mode {} needs sweep_param and sweep_values", *mode),
                    "sweep_param: arousal.level, sweep_values: [0, 0.5, 1]");
  if (!sweep && (c.sweep_param || c.sweep_values))
    throw SpecError(root.at(), fmt::format("mode {} sweeps nothing", *mode), "mode: SWEEP or SWEEP_REPEATED");

  SpikingRunSettings s = given;
  s.path               = (fs::path(given.path).parent_path() / c.config).string();   // an absolute one stays
  s.set                = c.set;
  s.set.insert(s.set.end(), given.set.begin(), given.set.end());
  if (s.output.empty()) s.output = c.save_dir.value_or("");
  if (s.threads == 0) s.threads = c.parallel == false ? 1 : int(std::min<int64_t>(c.max_workers, 1024));
  s.repeats = size_t(c.n_repeats), s.repeats_given = root.has("n_repeats");
  if (c.base_seed) s.seed = *c.base_seed, s.seed_given = true;
  for (const Value& seed : c.seeds.value_or(std::vector<Value>{}))
    s.seeds += fmt::format("{}{}", s.seeds.empty() ? "" : ",", seed.unsigned_integer());
  s.raw          = given.raw && c.save_raw.value_or(!c.cleanup_raw_after_processing.value_or(false));
  s.time_step_ms = 1e3 * c.time_evolution_dt, s.time_steps = size_t(c.time_evolution_num_steps);
  s.format = c.format, s.kernel = c.kernel, s.kernel_ms = c.kernel_ms;
  s.least_ms = c.minimal_life_span_ms, s.warm_up = c.warm_up;
  if (sweep) {
    const Value::List words = c.sweep_param->is_list() ? c.sweep_param->list() : Value::List{*c.sweep_param};
    for (const Value& word : words) s.param += (s.param.empty() ? "" : ".") + (word.is_text() ? word.text() : to_json(word));
    for (const Value& value : *c.sweep_values) s.value_list.push_back(to_json(value));
    spiking_sweep(s);
  } else if (repeated || !s.output.empty()) {
    spiking_repeat(s);
  } else {
    if (!s.seeds.empty()) s.seed = repeat_seeds(s, spiking_spec(s)).at(0), s.seed_given = true;
    spiking_run(s);
  }
}

PipelineRecords::PipelineRecords() : began_(std::chrono::steady_clock::now()), timestamp_(now_utc()) {}

void PipelineRecords::write(const SpikingRunSettings& s, const std::vector<uint64_t>& seeds,
                            const std::vector<std::string>& values, size_t kept) const {
  const bool sweep = !values.empty();
  Value      swept;
  for (const std::string& value : values) swept.push_back(parse_yaml(value));
  std::error_code none;
  const fs::path  network = fs::absolute(s.path, none);
  Value           config  = Value::map(
      {{"config", network.string()},
       {"mode", sweep ? seeds.size() > 1 ? "SWEEP_REPEATED" : "SWEEP" : seeds.size() > 1 ? "REPEATED" : "SINGLE"},
       {"n_repeats", seeds.size()},
       {"seeds", Value(seeds)},
       {"save_dir", s.output},
       {"save_raw", s.raw},
       {"format", s.format},
       {"kernel", s.kernel},
       {"minimal_life_span_ms", s.least_ms},
       {"warm_up", s.warm_up}});
  if (!s.set.empty()) config.set("set", Value(s.set));
  if (sweep) config.set("sweep_param", s.param).set("sweep_values", swept);
  if (s.kernel_ms != 0) config.set("kernel_ms", s.kernel_ms);
  if (s.time_step_ms != 0) config.set("time_evolution_dt", s.time_step_ms / 1e3);
  if (s.time_steps != 0) config.set("time_evolution_num_steps", s.time_steps);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  const Value  metadata =
      Value::map({{"dynode_version", kVersion},
                  {"timestamp", timestamp_},
                  {"duration_seconds", seconds},
                  {"seeds", Value(seeds)},
                  {"runs", seeds.size() * std::max<size_t>(values.size(), 1)},
                  {"runs_found", kept},
                  {"sweep", sweep ? Value::map({{"param", s.param}, {"values", swept}}) : Value()}});
  const fs::path folder = fs::path(s.output) / "metadata";
  fs::create_directories(folder);
  write_file((folder / "pipeline_config.json").string(), to_json(config, true));
  write_file((folder / "pipeline_metadata.json").string(), to_json(metadata, true));
}

}  // namespace dynode::cli
