// dynode spiking: convert makes a spiking network of a trained rate network; run, repeat and analyze are in
// spiking_runs.h.
#include <cmath>
#include <fmt/format.h>
#include <memory>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/cli/options.h"
#include "dynode/cli/spiking_runs.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/models/spiking_report.h"
#include "dynode/plan/arguments.h"

namespace dynode::cli {
namespace {

using namespace rate;

struct Settings {
  std::string              action, model, task, factors = "20:75:5", output, report;
  std::vector<std::string> set;
  size_t                   trials = 100, evaluate = 200, seed = 1, downsample = 1;
  double                   noise = 0.1;
  bool                     initial = false, stop_early = false, no_raw = false;
  int                      threads = 0;
  SpikingRunSettings       runs    = {};
};

/// "20:75:5" with both ends, "30,40,50", or "50". @throws SpecError
std::vector<double> factors_of(const std::string& text) {
  const bool                range = text.find(':') != std::string::npos;
  const std::string         way_out = "write 20:75:5, or 30,40,50, or 50";
  const std::vector<double> given   = number_list("--factors", text, range ? ':' : ',', way_out);
  if (std::ranges::any_of(given, [](double x) { return x <= 0; }))
    throw SpecError({.path = "--factors"}, fmt::format("'{}': factors are positive", text), way_out);
  if (!range) return given;
  if (given.size() != 3 || given[1] < given[0] || (given[1] - given[0]) / given[2] > 1000)
    throw SpecError({.path = "--factors"}, fmt::format("'{}' is no range of up to 1000 numbers", text),
                    "write from:to:step, as in 20:75:5");
  std::vector<double> all;
  for (int k = 0; given[0] + k * given[2] <= given[1] * (1 + 1e-12); ++k) all.push_back(given[0] + k * given[2]);
  return all;
}

std::string share_text(size_t correct, size_t trials) {
  return trials ? fmt::format("{:.1f} %", 100 * double(correct) / double(trials)) : "-";
}

DisplayTable table_of(const Task& task) {
  std::vector<DisplayTable::Column> columns = {{"factor", true}, {"correct", true}, {"95 % interval", true}};
  for (const char* label : task.entry().labels) columns.push_back({label, true});
  columns.insert(columns.end(), {{"E, Hz", true}, {"I, Hz", true}, {"response, ms", true}});
  return DisplayTable(columns);
}
void add_row(DisplayTable& table, const Task& task, const ScalingScore& s) {
  std::vector<std::string> row = {fmt::format("{:g}", s.factor), share_text(s.correct, s.trials),
                                  fmt::format("{:.0f} … {:.0f} %", 100 * s.low(), 100 * s.high())};
  for (size_t k = 0; k < task.entry().labels.size(); ++k)
    row.push_back(share_text(s.label_correct[k], s.label_trials[k]));
  row.push_back(fmt::format("{:.1f}", s.rate_excitatory));
  row.push_back(fmt::format("{:.1f}", s.rate_inhibitory));
  row.push_back(std::isnan(s.response_time) ? "-" : fmt::format("{:.0f}", 1000 * s.response_time));
  table.add(row);
}

void convert(const Settings& s) {
  if (s.task.empty()) throw SpecError({.path = "--task"}, "names the task the network was trained on", "--task go_nogo");
  if (!s.output.empty()) check_writable(s.output, "networks", "spiking.dynode");
  if (!s.report.empty()) check_writable(s.report, "reports", "spiking.html");
  const std::vector<double> factors = factors_of(s.factors);
  Value                     values  = Value::map();
  for (const std::string& assignment : s.set) set_value(values, assignment);
  const TaskEntry& entry = find_task(s.task, {.path = "--task"});
  const Task       task(entry, check_arguments(entry.name, entry.facts, values), {.path = "--set"});
  RateRNN          rate = RateRNN::load(s.model);
  const RateParts  net  = rate.parts();

  SpikingSettings settings{
      .downsample = int(s.downsample), .membrane_noise = s.noise, .use_initial_weights = s.initial};
  const ScalingSearch search = search_scaling(
      net, task,
      {.factors = factors, .trials = s.trials, .seed = s.seed, .threads = s.threads, .stop_early = s.stop_early},
      settings);
  fmt::print("{}, {} trials of {} with each scaling factor\n\n", s.model, s.trials, entry.name);
  DisplayTable table = table_of(task);
  for (const ScalingScore& score : search.scores) add_row(table, task, score);
  fmt::print("{}", table.text());

  // other trials than those the factor was chosen by
  settings.scaling_factor = search.best().factor;
  Model spiking = to_spiking(net, settings, s.threads);
  const TrialsWanted        wanted{.seed = s.seed, .first = s.trials, .count = s.evaluate};
  std::vector<SpikingTrial> trials;
  if (s.evaluate) {
    trials = run_trials(spiking, net, settings, task, wanted);
    DisplayTable best = table_of(task);
    add_row(best, task, score_of(settings.scaling_factor, task, trials));
    fmt::print("\nbest factor {:g}, {} other trials\n\n{}", settings.scaling_factor, s.evaluate, best.text());
  }
  try {
    if (!s.output.empty()) {
      spiking.save(s.output);
      fmt::print("{}\n", s.output);
    }
    if (!s.report.empty()) {
      write_file(s.report,
                 render_report(spiking_report(s.model, rate, spiking, settings, task, search, trials, wanted)));
      fmt::print("{}\n", s.report);
    }
  } catch (const IoError& error) { throw Failure(error.what()); }
}

void run(const Settings& s, const Command& verb) {
  const std::vector<std::string> actions = {"run", "repeat", "sweep", "pipeline", "analyze", "convert"}, convert_alone = {"convert"},
                                 runs_alone = {"run", "repeat", "analyze", "sweep"};
  if (std::ranges::find(actions, s.action) == actions.end())
    throw SpecError({}, fmt::format("dynode spiking cannot '{}'", s.action), did_you_mean(s.action, actions, "it can"));
  check_actions(verb, s.action,
                {{"--task", convert_alone},
                 {"--factors", convert_alone},
                 {"--trials", convert_alone},
                 {"--evaluate", convert_alone},
                 {"--downsample", convert_alone},
                 {"--noise", convert_alone},
                 {"--initial", convert_alone},
                 {"--stop-early", convert_alone},
                 {"--set", {"run", "repeat", "sweep", "pipeline", "convert"}},
                 {"--seed", {"run", "repeat", "sweep", "convert"}},
                 {"--repeats", {"repeat", "sweep"}},
                 {"--seeds", {"repeat", "sweep"}},
                 {"--format", {"repeat", "sweep"}},
                 {"--warm-up", runs_alone},
                 {"--minimal-life-span", runs_alone},
                 {"--kernel", runs_alone},
                 {"--kernel-ms", runs_alone},
                 {"--time-step", {"repeat", "analyze", "sweep"}},
                 {"--time-steps", {"repeat", "analyze", "sweep"}},
                 {"--no-raw", {"repeat", "sweep", "pipeline"}},
                 {"--param", {"sweep"}},
                 {"--values", {"sweep"}},
                 {"--range", {"sweep"}}});
  for (const auto& [option, x] : {std::pair{"--warm-up", s.runs.warm_up}, {"--minimal-life-span", s.runs.least_ms},
                                  {"--kernel-ms", s.runs.kernel_ms}, {"--time-step", s.runs.time_step_ms}})
    if (x < 0 || (x == 0 && verb.count(option) > 0 && (option[2] == 'k' || option[2] == 't')))
      throw SpecError({.path = option}, fmt::format("{:g} is no length of time", x), "give a positive number");
  if (s.runs.time_step_ms != 0 && s.runs.time_steps != 0)
    throw SpecError({.path = "--time-steps"}, "and --time-step exclude each other", "leave one of them out");
  SpikingRunSettings runs = s.runs;
  runs.raw = !s.no_raw;
  runs.path = s.model, runs.output = s.output, runs.report = s.report, runs.set = s.set;
  runs.seed = s.seed, runs.seed_given = verb.count("--seed") > 0, runs.threads = s.threads;
  runs.repeats_given = verb.count("--repeats") > 0;
  if (s.action == "convert") convert(s);
  else if (s.action == "run") spiking_run(runs);
  else if (s.action == "repeat") spiking_repeat(runs);
  else if (s.action == "sweep") spiking_sweep(runs);
  else if (s.action == "pipeline") spiking_pipeline(runs);
  else spiking_analyze(runs);
}

/// Options of the scripts of VectorialNeuroModulators lead to ours.
void add_words_of_the_original(Command& verb) {
  const std::pair<const char*, const char*> words[] = {
      {"--config", "the network follows the action without a word"},
      {"--save-dir", "it is --output here"},
      {"--n-repeats", "it is --repeats here"},
      {"--seeds-file", "it is --seeds here"},
      {"--sweep-values", "it is --values here"},
      {"--params-grid", "it is --values [1,2],[3,4] here"},
      {"--max-workers", "it is --threads here"},
      {"--parallel", "runs are always shared among --threads"},
      {"--executor", "runs are always shared among --threads"},
      {"--keep-raw", "spikes are kept, unless --no-raw"},
      {"--lite-output", "spikes are all that is kept; --no-raw removes them"},
      {"--output-keys", "spikes are all that is kept; dynode simulate --record keeps more"},
      {"--time-dt-ms", "it is --time-step here"},
      {"--process-only", "it is dynode spiking analyze"},
      {"--raster-plots", "the report has the raster of the first run"},
      {"--no-plots", "the report is always written"}};
  for (const auto& [word, here] : words)
    verb.add_hidden(word, [word = word, here = here] {
      throw SpecError({.path = word}, "is no option here, but of VectorialNeuroModulators", here);
    });
}

}  // namespace

Verb spiking_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("spiking", "run and analyse networks of spikes; turn a trained rate network into one");
  verb.add_option("action", s->action, "run: a network with its drives; repeat: with other seeds, into a folder that can be taken up again; "
                                       "sweep: repeats for each value of a parameter; pipeline: one of these, as a file says; "
                                       "analyze: attractors of such a folder or file; convert: a trained rate network, with the best scaling factor")
      .type_name("run|repeat|sweep|pipeline|analyze|convert")
      .required();
  verb.add_option("model", s->model, "run, repeat, sweep: a spec, or the YAML of a clustered network; analyze: a folder of repeats, or spikes.npz; pipeline: YAML with config and mode; "
                                     "convert: a trained rate network, .dynode or .mat of spikeRNN")
      .type_name("NETWORK|FOLDER|MODEL")
      .required();
  verb.add_option("--task", s->task, "convert: task it was trained on").type_name("NAME");
  add_set(verb, s->set, "T=300");
  verb.add_option("--factors", s->factors, "convert: scaling factors to try: from:to:step, or a list (default 20:75:5)")
      .type_name("LIST");
  add_count(verb, "--trials", s->trials, 1, "convert: with each factor (default 100)");
  add_count(verb, "--evaluate", s->evaluate, 0, "convert: other trials with the best factor (default 200)");
  add_count(verb, "--seed", s->seed, 0, "of trials, starts and noise (default 1); of a run, synapses included (default: the spec's)");
  add_count(verb, "-n,--repeats", s->runs.repeats, 1, "repeat, sweep: how many runs (default 10)");
  verb.add_option("--seeds", s->runs.seeds, "repeat, sweep: these seeds, 5,7,11, or a file with a seed in each line")
      .type_name("LIST|FILE");
  verb.add_option("--format", s->runs.format, "repeat, sweep: npz (default) or h5 of recordings").type_name("npz|h5");
  add_number(verb, "--warm-up", s->runs.warm_up, "seconds at the start that the analysis leaves out (default 0)");
  add_number(verb, "--minimal-life-span", s->runs.least_ms, "shortest attractor that counts, ms (default 20)");
  verb.add_option("--kernel", s->runs.kernel, "that smooths rates of clusters: gaussian (default) or box").type_name("NAME");
  add_number(verb, "--kernel-ms", s->runs.kernel_ms, "its deviation or width, ms (default: 20 steps; a box of 20 ms)");
  add_number(verb, "--time-step", s->runs.time_step_ms, "grid of time_evolution.csv, ms (default: a hundredth of the time)");
  add_count(verb, "--time-steps", s->runs.time_steps, 1, "or how many points it has");
  verb.add_flag("--no-raw", s->no_raw, "repeat, sweep: remove the spikes once they are analysed");
  verb.add_option("--param", s->runs.param, "sweep: what is changed, as --set names it").type_name("KEY");
  verb.add_option("--values", s->runs.values, "sweep: its values, 0,0.3,0.6").type_name("LIST");
  verb.add_option("--range", s->runs.range, "sweep: from, to, how many values").expected(3).type_name("LOW HIGH NUM");
  add_count(verb, "--downsample", s->downsample, 1,
            "convert: take every so many inputs, with steps so many times longer (default 1)");
  add_number(verb, "--noise", s->noise, "convert: deviation of the membrane noise in a step, mV (default 0.1)");
  verb.add_flag("--initial", s->initial, "convert: take the weights before training");
  verb.add_flag("--stop-early", s->stop_early, "convert: stop after two neighbouring factors without a fault");
  verb.add_option("--output", s->output, "convert: the spiking network; run: the spikes; repeat, sweep, analyze: folder of all results")
      .type_name("MODEL.dynode|FILE.npz|FILE.h5|FOLDER");
  verb.add_option("--report", s->report, "a page with rasters and what was found").type_name("FILE.html");
  add_threads(verb, s->threads);
  verb.footer("dynode spiking run clustered.yaml --output spikes.npz --report spikes.html\n"
              "dynode spiking repeat clustered.yaml -n 10 --output repeats\n"
              "dynode spiking analyze repeats --minimal-life-span 50\n"
              "dynode spiking sweep clustered.yaml --param arousal.level --range 0 1 6 -n 5 --output sweep\n"
              "dynode spiking pipeline sweep/metadata/pipeline_config.json  # the same again, or what is left\n"
              "dynode spiking convert net.mat --task go_nogo --report spiking.html\n"
              "dynode spiking convert best.dynode --task go_nogo --factors 30,40,50 --output spiking.dynode");
  add_words_of_the_original(verb);
  return {verb, [s, verb] { run(*s, verb); }};
}

}  // namespace dynode::cli
