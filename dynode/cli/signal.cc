// dynode signal: inputs made by a rule, written as an array for `dynode simulate`.
#include <algorithm>
#include <fmt/format.h>

#include "dynode/analysis/signals.h"
#include "dynode/analysis/units.h"
#include "dynode/cli/fact_table.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/npy.h"
#include "dynode/plan/arguments.h"

namespace dynode::cli {
namespace {

struct Settings {
  std::string              kind, output;
  std::vector<std::string> set;
  size_t                   rows = 1, steps = 1000, channels = 1, seed = 0;
  double                   dt = 37, low = 0, high = 0;
  bool                     low_given = false, high_given = false;
};

void print_all() {
  fmt::print("Signals\n");
  for (const SignalEntry& entry : signals())
    fmt::print("\n  {}: {}\n{}", entry.name, entry.summary, fact_table(entry.facts, 6, "setting"));
  fmt::print("\ndynode signal NAME --output x.npy --set setting=… writes one\n");
}

void run(const Settings& s) {
  if (s.kind.empty()) return print_all();
  const SignalEntry& entry = find_signal(s.kind, {.path = "KIND"});
  if (s.output.empty())
    throw SpecError({.path = "--output"}, "is missing", fmt::format("dynode signal {} --output x.npy", s.kind));
  check_writable(s.output, "signals", "x.npy");
  if (s.low_given != s.high_given)
    throw SpecError({.path = "--min, --max"}, "one of them is missing", "give both, or none");
  if (s.low_given && !(s.low < s.high)) throw SpecError({.path = "--min, --max"}, "min must be below max");
  if (!(s.dt > 0)) throw SpecError({.path = "--dt"}, "must be above 0");
  if (double(s.rows) * double(s.steps) * double(s.channels) > 1e9)
    throw SpecError({.path = "--rows, --steps, --channels"}, "more than 1e9 numbers", "make fewer at once");
  Value values = Value::map();
  for (const std::string& assignment : s.set) set_value(values, assignment);
  const Arguments arguments = check_arguments(entry.name, entry.facts, values);
  const double    step_time = s.dt * standard_junction().tau_0();
  std::vector<double> x = make_signals(entry, arguments, s.rows, s.steps, s.channels, step_time, s.seed);
  if (s.low_given) rescale(x, s.low, s.high);
  const auto [least, most] = std::minmax_element(x.begin(), x.end());
  const double lowest = *least, highest = *most;
  try {
    save_npy(s.output,
             {{int64_t(s.rows), int64_t(s.steps), int64_t(s.channels)}, std::vector<float>(x.begin(), x.end())});
  } catch (const IoError& error) { throw Failure(error.what()); }
  fmt::print("{}: {}\n  {} rows · {} steps of {} · {} channels, from {:.4g} to {:.4g}\n", s.output, entry.summary,
             s.rows, s.steps, quantity_text(step_time, "s", 4), s.channels, lowest, highest);
}

}  // namespace

Verb signal_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb =
      tool.add_subcommand("signal", "list input signals, or write one: waves, coloured noise, Gaussian processes");
  verb.add_option("kind", s->kind, "signal to write; without it all are listed").type_name("KIND");
  verb.add_option("--output", s->output, "where it goes, [rows, steps, channels]").type_name("X.npy");
  add_count(verb, "--rows", s->rows, 1, "sequences (default 1)");
  add_count(verb, "--steps", s->steps, 1, "steps (default 1000)");
  add_count(verb, "--channels", s->channels, 1, "channels, each with a signal of its own (default 1)");
  add_number(verb, "--dt", s->dt, "length of a step in 1/omega_c (default 37), which gives MHz and ns their meaning");
  add_count(verb, "--seed", s->seed, 0, "of the random numbers (default 0)");
  Option low  = add_number(verb, "--min", s->low, "stretch it so that it begins here ...");
  Option high = add_number(verb, "--max", s->high, "... and ends here");
  add_set(verb, s->set, "frequency=200");
  verb.footer("dynode signal\ndynode signal gp --set std=0.1 --set length=2 --steps 500 --output x.npy");
  return {verb, [s, low, high] {
            s->low_given = low.count() > 0, s->high_given = high.count() > 0;
            run(*s);
          }};
}

}  // namespace dynode::cli
