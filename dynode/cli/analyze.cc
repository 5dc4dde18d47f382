// dynode analyze: where the states of a trained network run, where they rest, whether neighbours part.
#include <cmath>
#include <fmt/format.h>
#include <memory>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/cli/meter.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/kernels/isa.h"
#include "dynode/models/criticality.h"
#include "dynode/models/dynamics.h"
#include "dynode/plan/arguments.h"
#include "dynode/tasks/task.h"

namespace dynode::cli {
namespace {

struct Settings {
  std::string              model, input, labels, task, output, report;
  std::vector<std::string> set, constant;
  size_t                   trials = 40, starts = 64, lyapunov = 0, steps = 2000, seed = 1;
  double                   slow         = 0.01;
  bool                     fixed_points = false, criticality = false;
  int                      threads      = 0;
};

struct Inputs {
  Array                    x;
  std::vector<int64_t>     labels;
  std::vector<std::string> names;  // of labels
  std::string              what;
};

Inputs inputs_of(const Settings& s) {
  if (s.task.empty() == s.input.empty())
    throw SpecError({},
                    s.task.empty() ? "on what is the network to run?" : "--task and --input both say on what to run",
                    "give --task NAME or --input x.npy");
  if (!s.task.empty()) {
    if (!s.labels.empty())
      throw SpecError({.path = "--labels"}, "trials of a task have their own labels", "leave it out");
    Value values = Value::map();
    for (const std::string& assignment : s.set) set_value(values, assignment);
    const TaskEntry& entry = find_task(s.task, {.path = "--task"});
    const Task       task(entry, check_arguments(entry.name, entry.facts, values), {.path = "--set"});
    TrialBatch       batch = task.batch(s.seed, 0, s.trials);
    return {{{int64_t(s.trials), int64_t(batch.shape.steps), int64_t(batch.shape.inputs)}, std::move(batch.input)},
            entry.labels.empty() ? std::vector<int64_t>{} : batch.labels,
            {entry.labels.begin(), entry.labels.end()},
            fmt::format("trials of {}", entry.name)};
  }
  if (!s.set.empty()) throw SpecError({.path = "--set"}, "there is no task to set something of", "give --task");
  Inputs in{load_npy(s.input), {}, {}, s.input};
  if (s.labels.empty()) return in;
  in.labels          = load_npy(s.labels).as_integers(s.labels);
  const int64_t rows = in.x.shape.size() == 3 ? in.x.shape[0] : 1;
  if (int64_t(in.labels.size()) != rows)
    throw ShapeError(s.labels, {rows}, {int64_t(in.labels.size())}, "one label per run");
  return in;
}

std::string time_text(double time) {
  return std::isinf(time) ? "stays" : time < 0 ? fmt::format("{:.4g}, grows", -time) : fmt::format("{:.4g}", time);
}

void line(const char* what, const std::string& text) { fmt::print("  {:<10}  {}\n", what, text); }

void print_points(const Dynamics& d, const DynamicsUnder& under, size_t starts) {
  fmt::print("\npoints of rest under input {}\n\n", input_text(under.input));
  DisplayTable table(
      {{"kind"}, {"grow", true}, {"speed", true}, {"slowest mode", true}, {"period", true}, {"starts", true}});
  constexpr size_t kRows = 20;
  for (size_t i = 0; i < std::min(kRows, under.found.points.size()); ++i) {
    const FixedPoint&          p      = under.found.points[i];
    const std::complex<double> m      = p.multipliers[0];
    const bool                 swings = std::abs(m.imag()) > 1e-9 * std::abs(m);
    table.add(
        {word_of(p.kind), std::to_string(p.unstable), fmt::format("{:.2g}", p.speed), time_text(time_constant(m, d.dt)),
         swings ? fmt::format("{:.4g}", 2 * M_PI * d.dt / std::abs(std::arg(m))) : "–", std::to_string(p.starts)});
  }
  if (!under.found.points.empty()) fmt::print("{}", table.text());
  if (under.found.points.size() > kRows) fmt::print("  … and {} more\n", under.found.points.size() - kRows);
  if (under.found.lost) fmt::print("  {} of {} starts led to no point\n", under.found.lost, starts);
}

void print_criticality(Model& model, const Array& x) {
  const auto text = [](double v) { return std::isnan(v) ? "–" : fmt::format("{:.3g}", v); };
  fmt::print("\nactivity\n\n");
  DisplayTable table({{"layer"}, {"branching", true}, {"susceptibility", true}, {"expansion per step", true}, {"avalanches", true},
                      {"power of sizes", true}, {"of durations", true}});
  for (const LayerCriticality& l : criticality(model, x))
    table.add({std::to_string(l.layer_id), text(l.branching), text(l.susceptibility), text(std::exp(l.log_expansion)),
               std::to_string(l.avalanches.sizes.size()), text(l.avalanches.size_slope), text(l.avalanches.duration_slope)});
  fmt::print("{}", table.text());
}

void run(const Settings& s) {
  apply_isa_override();
  if (!s.output.empty()) check_writable(s.output, "results", "out.npz");
  if (!s.report.empty()) check_writable(s.report, "reports", "dynamics.html");
  if (!(s.slow >= 0)) throw SpecError({.path = "--slow"}, fmt::format("{} is no share", s.slow), "give 0.01, for example");
  DynamicsOptions options{.fixed_points   = s.fixed_points,
                          .starts         = s.starts,
                          .slow           = s.slow,
                          .lyapunov       = s.lyapunov,
                          .lyapunov_steps = s.steps,
                          .seed           = s.seed,
                          .threads        = s.threads};
  for (const std::string& text : s.constant) options.inputs.push_back(number_list("--constant", text, ',', "one per input: 0,1"));
  if (!options.inputs.empty() && !s.fixed_points && !s.lyapunov)
    throw SpecError({.path = "--constant"}, "nothing is asked under a constant input",
                    "add --fixed-points or --lyapunov 3");
  const Inputs in    = inputs_of(s);
  Model        model = load_model(s.model, {}, {.precision = Precision::float64, .threads = s.threads});

  std::unique_ptr<Meter> meter;
  options.progress = [&](size_t done, size_t all) {
    if (!meter) meter = std::make_unique<Meter>("starts", all);
    meter->at(done);
  };
  const Dynamics d = analyse_dynamics(model, in.x, options);
  meter.reset();

  fmt::print("{}\n", s.model);
  std::vector<std::string> parts, shares;
  for (const CarriedState& p : d.parts) parts.push_back(p.name);
  line("state", fmt::format("{} numbers: {}", grouped(int64_t(d.size)), join(parts)));
  line("runs",
       fmt::format("{} of {} steps, {}, without noise", grouped(int64_t(d.rows)), grouped(int64_t(d.steps)), in.what));
  const std::vector<double> explained = d.components.explained();
  for (size_t k = 0; k < std::min<size_t>(3, d.size); ++k)
    shares.push_back(fmt::format("{:.1f} %", 100 * explained[k]));
  size_t count = 0;
  for (double sum = 0; count < d.size && sum < 0.95; ++count) sum += explained[count];
  line("components", fmt::format("{}; 95 % of the variance in {}", join(shares, " · "), count));
  if (s.criticality) print_criticality(model, in.x);
  for (const DynamicsUnder& under : d.under) {
    if (s.fixed_points) print_points(d, under, s.starts);
    if (!s.lyapunov) continue;
    fmt::print("\nLyapunov exponents under input {}, {} runs\n\n", input_text(under.input),
               under.lyapunov.size() / s.lyapunov);
    DisplayTable table({{"number", true}, {"per unit of time", true}, {"least", true}, {"most", true}});
    for (size_t e = 0; e < s.lyapunov; ++e) {
      double       sum = 0, least = INFINITY, most = -INFINITY;
      const size_t runs = under.lyapunov.size() / s.lyapunov;
      for (size_t r = 0; r < runs; ++r) {
        const double v = under.lyapunov[r * s.lyapunov + e];
        sum += v, least = std::min(least, v), most = std::max(most, v);
      }
      table.add({std::to_string(e + 1), fmt::format("{:.4g}", sum / double(runs)), fmt::format("{:.4g}", least),
                 fmt::format("{:.4g}", most)});
    }
    fmt::print("{}", table.text());
  }
  try {
    if (!s.output.empty()) save_npz(s.output, dynamics_arrays(d), Packing::deflated);
    if (!s.report.empty())
      write_file(s.report, render_report(dynamics_report(s.model, in.what, d, in.labels, in.names)));
  } catch (const IoError& error) { throw Failure(error.what()); }
  if (!s.output.empty()) fmt::print("\nresults: {}\n", s.output);
  if (!s.report.empty()) fmt::print("{}report: {}\n", s.output.empty() ? "\n" : "", s.report);
}

}  // namespace

Verb analyze_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("analyze", "where the states of a trained network run and rest");
  verb.add_option("model", s->model, "trained network: .dynode, .mat of spikeRNN, or a spec")
      .type_name("MODEL")
      .required();
  verb.add_option("--task", s->task, "run on trials of this task").type_name("NAME");
  add_count(verb, "--trials", s->trials, 1, "how many (default 40)");
  add_set(verb, s->set, "T=300");
  verb.add_option("--input", s->input, "run on these inputs, [runs, steps, units]").type_name("X.npy");
  verb.add_option("--labels", s->labels, "colour of each run in the report, [runs]").type_name("Y.npy");
  verb.add_flag("--fixed-points", s->fixed_points, "find fixed and slow points under a constant input");
  verb.add_option("--constant", s->constant,
                  "the constant input, a number per unit: 0,1; may be repeated (default zero)")
      .type_name("LIST")
      .allow_extra_args(false);
  add_count(verb, "--starts", s->starts, 1, "of the search, on the runs (default 64)");
  add_number(verb, "--slow", s->slow, "slow points have this share of the typical speed or less (default 0.01)");
  add_count(verb, "--lyapunov", s->lyapunov, 0, "how many Lyapunov exponents, under the constant input (default 0)");
  verb.add_flag("--criticality", s->criticality,
                "branching, susceptibility, expansion and avalanches of every layer with a state");
  add_count(verb, "--steps", s->steps, 2, "of the runs that exponents are measured on (default 2000)");
  add_count(verb, "--seed", s->seed, 0, "of trials and starts (default 1)");
  verb.add_option("--output", s->output, "write states, components, points and exponents here").type_name("OUT.npz");
  verb.add_option("--report", s->report, "write pictures here").type_name("FILE.html");
  add_threads(verb, s->threads);
  verb.footer(
      "dynode analyze best.dynode --task go_nogo --fixed-points --report dynamics.html\n"
      "dynode analyze best.dynode --input x.npy --fixed-points --constant 0,0 --constant 0,1 --lyapunov 3");
  return {verb, [s] { run(*s); }};
}

}  // namespace dynode::cli
