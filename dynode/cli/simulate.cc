// dynode simulate: runs a network on an input array and writes what was asked for.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <thread>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/model_formats.h"
#include "dynode/io/arrays.h"
#include "dynode/kernels/isa.h"
#include "dynode/models/hardware.h"

namespace dynode::cli {
namespace {

struct Settings {
  std::string              spec, input, weights, output, initial, timespans, from, dtype = "float32";
  std::vector<std::string> record, set;
  int                      threads = 0;
  size_t                   rows = 1, steps = 0, every = 1;
};

/// The array of an .npy; of an .npz or .h5 its only array, or the one with one of these names.
Array load_array(const std::string& path, std::initializer_list<const char*> names, const char* what) {
  if (!is_arrays_file(path)) return load_npy(path);
  const Npz file = load_arrays(path);
  for (const char* name : names)
    if (file.find(name)) return *file.find(name);
  if (file.entries().size() != 1)
    throw IoError(path, fmt::format("it is not clear which array {}", what),
                  fmt::format("call it '{}'; there are: {}", *names.begin(), join(file.names())));
  return file.entries()[0].second;
}
Array load_input(const std::string& path) { return load_array(path, {"x", "input"}, "is the input"); }
Array load_spans(const std::string& path) { return load_array(path, {"timespans"}, "has the time spans"); }

std::string shape_text(const std::vector<int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::string range_of(const Array& array) {
  const std::vector<double> values = array.as_double();
  const auto [low, high]           = std::minmax_element(values.begin(), values.end());
  double sum                       = 0;
  for (double x : values) sum += x;
  return fmt::format("{:.4g} … {:.4g}, mean {:.4g}", *low, *high, sum / double(values.size()));
}

void line(const char* name, const std::string& text) { fmt::print("  {:<10}  {}\n", name, text); }

/// How often the units of each layer fired.
void firing(const Plan& plan, const Results& results, int64_t rows) {
  for (const LayerPlan& l : plan.layers) {
    const Array* list = results.find("spikes/" + l.name);
    if (!list) continue;
    const auto   unit   = plan.spec.simulation.time_unit;
    const double spikes = double(list->shape[0]), time = double(results.steps) * l.dt * double(rows) * seconds_of(unit);
    line(("layer " + l.name).c_str(),
         fmt::format("{} spikes of {} units, {:.4g} {}", grouped(list->shape[0]), grouped(int64_t(l.units)),
                     spikes / (time * double(l.units)), unit ? "Hz" : "per unit and unit of time"));
  }
}

/// Errors name the file.
void load_weights(Model& model, const std::string& path) {
  try {
    model.load_parameters(path);
  } catch (const Error& error) {
    const std::string what = error.what();
    if (what.starts_with(path)) throw;
    throw SpecError({path}, what);
  }
}

void run(const Settings& s) {
  if (s.dtype != "float32" && s.dtype != "float64")
    throw SpecError({.path = "--dtype"}, fmt::format("there is no '{}'", s.dtype), "there are: float32, float64");
  if (!s.output.empty()) check_arrays_writable(s.output, "results", "out.npz");

  Model model =
      load_model(s.spec, s.set, {s.dtype == "float64" ? Precision::float64 : Precision::float32, s.threads, {}});
  if (!s.weights.empty()) load_weights(model, s.weights);
  SimulateOptions options{.record = s.record, .every = s.every};
  if (!s.initial.empty())
    for (const auto& [name, array] : load_arrays(s.initial).entries()) options.initial_states.emplace(name, array);
  if (!s.timespans.empty()) options.timespans = load_spans(s.timespans);
  if (!s.from.empty())
    for (const auto& [name, array] : load_arrays(s.from).entries()) options.from.emplace(name, array);
  options.final = std::erase(options.record, "final") > 0;
  options.rows  = s.rows, options.steps = s.steps;
  const bool reads = model.plan().input >= 0;
  if (reads && s.input.empty())
    throw SpecError({}, fmt::format("--input is missing: the network takes an array of {} channels",
                                   model.plan().input_width()), "dynode simulate --help explains more");
  if (!reads && !s.input.empty()) throw SpecError({.path = "--input"}, "this network takes no input array", "leave it out");
  if (reads && (s.rows != 1 || s.steps != 0))
    throw SpecError({.path = s.rows != 1 ? "--rows" : "--steps"}, "is for networks without an input array",
                    "leave it out: the input says it");
  const Array input = reads ? load_input(s.input) : Array();

  const auto    start   = std::chrono::steady_clock::now();
  const Results results = reads ? model.simulate(input, options) : model.simulate(options);
  const double  seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  // what happened
  const Array*             output = results.find("output");   // not of networks of spikes alone
  const int64_t            rows = output ? output->shape[0] : int64_t(s.rows), steps = int64_t(results.steps);
  const int64_t            given_steps = reads ? input.shape.at(input.shape.size() - 2) : steps;
  const int                threads  = s.threads > 0 ? s.threads : std::max(1, int(std::thread::hardware_concurrency()));
  std::vector<std::string> warnings = model.plan().warnings;
  warnings.insert(warnings.end(), results.warnings.begin(), results.warnings.end());
  if (reads && input.shape.back() < int64_t(model.plan().input_width()))
    warnings.push_back(fmt::format("the input has {} channels, the network takes {}: the others are 0",
                                   input.shape.back(), model.plan().input_width()));
  for (const std::string& warning : warnings) fmt::print(stderr, "warning: {}\n", warning);
  fmt::print("{}\n", s.spec);
  line("ran",
       fmt::format("{} × {} steps, {}, {}, {} thread{}", fmt::format("{} row{}", grouped(rows), rows == 1 ? "" : "s"),
                   grouped(steps), s.dtype, isa_name(), threads, threads == 1 ? "" : "s"));
  line("time",
       fmt::format("{}, {}/s", duration_text(seconds), with_prefix(double(rows * steps) / seconds, "row-steps")));
  if (steps < given_steps)
    line("stopped", fmt::format("after {} of {} steps: all layers were steady", grouped(steps), grouped(given_steps)));
  if (const auto step = hardware_step(model, standard_junction()); step && !options.timespans)
    line("hardware", run_text(*step, results.steps));
  if (results.energy) line("energy", fmt::format("per row {}", energy_text(*results.energy)));
  if (output) line("output", fmt::format("{} {}", shape_text(output->shape), range_of(*output)));
  else firing(model.plan(), results, rows);
  if (s.output.empty()) return;
  try {
    save_arrays(s.output, results.arrays);
  } catch (const IoError& error) { throw Failure(error.what()); }
  std::vector<std::string> names;
  for (const auto& entry : results.arrays) names.push_back(entry.first);
  line("written", fmt::format("{}, {}: {}", s.output, with_prefix(double(std::filesystem::file_size(s.output)), "B"),
                              join(names)));
}

}  // namespace

Verb simulate_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("simulate", "run a network");
  verb.add_option("spec", s->spec, kNetworkHelp)
      .type_name("SPEC")
      .required();
  verb.add_option("--input", s->input, "input array [batch, time, channels] as .npy, or in an .npz as 'x'; networks with "
                                       "input_type: none take none")
      .type_name("FILE");
  verb.add_option("--weights", s->weights, "parameters by name from an .npz or a model file (.dynode)")
      .type_name("FILE");
  verb.add_option("--record", s->record,
                  "what to keep besides the output, by commas: s, state, phi, g, spikes, power, energy of all layers, or "
                  "of one, such as s/1; spikes/1 is a list [count, 3] of (step, row, unit), power is in W, energy in J, "
                  "and of dendrites power_bias, power_diss, energy_bias, energy_diss are its parts; s/1[0:10] or "
                  "state/1/V[3] are some units; final is what a network of spikes goes on from")
      .type_name("NAMES")
      .delimiter(',')
      .allow_extra_args(false);
  add_count(verb, "--every", s->every, 1,
            "of what is recorded, keep the initial state and what every N-th step made (default 1)");
  verb.add_option("--output", s->output, "write results here; without it only a summary is printed")
      .type_name("OUT.npz|OUT.h5");
  verb.add_option("--initial", s->initial, "states before the first step: arrays '1' or '1/v' in an .npz")
      .type_name("FILE");
  add_count(verb, "--rows", s->rows, 1, "rows of a run without input array (default 1)");
  add_count(verb, "--steps", s->steps, 0, "steps of a run without input array (default: what the spec says)");
  verb.add_option("--from", s->from, "go on from the final state of another run (its .npz), in networks of spikes alone")
      .type_name("FILE");
  verb.add_option("--timespans", s->timespans,
                  "time each step takes [batch, time] or [time], for layers that follow time, as .npy or in an .npz")
      .type_name("FILE");
  verb.add_option("--dtype", s->dtype, "float32 (default) or float64").type_name("TYPE");
  add_set(verb, s->set, "simulation.dt=10 or layers.1.params.tau=20");
  add_threads(verb, s->threads);
  verb.footer(
      "dynode simulate net.yaml --input x.npy --record s,phi --output out.npz\n"
      "dynode simulate net.yaml --input x.npy --set simulation.dt=10 --dtype float64\n"
      "dynode simulate spiking.yaml --record spikes,state/0/V[0:5] --output out.npz");
  return {verb, [s] { run(*s); }};
}

}  // namespace dynode::cli
