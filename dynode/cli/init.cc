// dynode init: a copy of a network with weights found by running it.
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/kernels/isa.h"
#include "dynode/models/initialise.h"

namespace dynode::cli {
namespace {

struct Settings {
  std::string              model, input, output, range;
  std::vector<std::string> set, connections;
  double                   flux = 0.5, step = 1, rate = 0.01, branching = 1, expansion = 1, activity = 0;
  size_t                   iterations = 0;
  bool                     match = false, critical = false, by_fan_in = false, node_wise = false;
  int                      threads = 0;
};

std::string number(double x) { return std::isnan(x) ? "–" : fmt::format("{:.3g}", x); }

void match(Model& model, const Array& x, const Settings& s) {
  FluxMatching how{.iterations = s.iterations ? int(s.iterations) : 5, .target = s.flux, .by_fan_in = s.by_fan_in,
                   .node_wise = s.node_wise, .step = s.step, .connections = s.connections};
  if (!s.range.empty()) {
    const std::vector<double> ends = number_list("--range", s.range, ',', "two of them: 0.3,0.6");
    if (ends.size() != 2) throw SpecError({.path = "--range"}, "a range has two ends", "give --range 0.3,0.6");
    how.range = {ends[0], ends[1]};
  }
  DisplayTable table({{"layer"}, {"mean flux before", true}, {"after", true}, {"target", true}, {"units out of reach", true}});
  for (const MatchedFlux& f : match_flux(model, x, how))
    table.add({std::to_string(f.layer_id), number(f.before), number(f.after), number(f.target), std::to_string(f.unreachable)});
  fmt::print("{}\n", table.text());
}

void run(const Settings& s) {
  apply_isa_override();
  check_writable(s.output, "networks", "tuned.dynode");
  if (s.match == s.critical)
    throw SpecError({}, s.match ? "--flux-matching and --criticality are two ways" : "which weights?", "give one of --flux-matching, --criticality");
  Model       model = load_model(s.model, s.set, {.precision = Precision::float64, .threads = s.threads});
  const Array x     = load_npy(s.input);
  if (s.match) {
    match(model, x, s);
  } else {
    const CriticalityTuned t = tune_criticality(model, x, {.iterations = s.iterations ? int(s.iterations) : 100, .rate = s.rate,
                                                           .branching = s.branching, .expansion = s.expansion, .activity = s.activity});
    fmt::print("loss  {} before, {} after {} of {} iterations\n\n", number(t.before), number(t.after), t.best, t.iterations);
  }
  try {
    model.save(s.output);
  } catch (const IoError& error) { throw Failure(error.what()); }
  fmt::print("written to {}\n", s.output);
}

}  // namespace

Verb init_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("init", "find weights by running the network, before it learns");
  verb.add_option("model", s->model, kNetworkHelp).type_name("MODEL").required();
  verb.add_option("--input", s->input, "run on these inputs, [runs, steps, units]").type_name("X.npy").required();
  verb.add_option("--output", s->output, "where the network goes").type_name("FILE.dynode").required();
  verb.add_flag("--flux-matching", s->match, "every unit gets a given mean flux");
  verb.add_flag("--criticality", s->critical, "activity neither dies out nor grows");
  add_count(verb, "--iterations", s->iterations, 1, "runs (default 5), or steps of Adam (default 100)");
  add_number(verb, "--flux", s->flux, "flux matching: mean flux of all units, offset included (default 0.5)");
  verb.add_option("--range", s->range, "flux matching: from the first to the last unit of a layer, 0.3,0.6").type_name("LIST");
  add_number(verb, "--step", s->step, "flux matching: share of the way per iteration (default 1)");
  verb.add_flag("--by-fan-in", s->by_fan_in, "flux matching: connections share by their numbers of weights");
  verb.add_flag("--node-wise", s->node_wise, "flux matching: sources count with their mean");
  verb.add_option("--connection", s->connections, "flux matching: only this one, J_0_to_1; may be given several times").type_name("NAME");
  add_number(verb, "--rate", s->rate, "criticality: learning rate (default 0.01)");
  add_number(verb, "--branching", s->branching, "criticality: weight of branching (default 1)");
  add_number(verb, "--expansion", s->expansion, "criticality: weight of local expansion (default 1)");
  add_number(verb, "--activity", s->activity, "criticality: weight of a penalty on silence and excess (default 0)");
  add_set(verb, s->set, "simulation.dt=10");
  add_threads(verb, s->threads);
  verb.footer("dynode init net.yaml --input x.npy --flux-matching --flux 0.4 --output net.dynode\n"
              "dynode init net.dynode --input x.npy --criticality --iterations 50 --output critical.dynode");
  return {verb, [s, verb] {
            if (s->match != s->critical)
              check_actions(verb, s->match ? "--flux-matching" : "--criticality",
                            {{"--flux", {"--flux-matching"}}, {"--range", {"--flux-matching"}}, {"--step", {"--flux-matching"}},
                             {"--by-fan-in", {"--flux-matching"}}, {"--node-wise", {"--flux-matching"}}, {"--connection", {"--flux-matching"}},
                             {"--rate", {"--criticality"}}, {"--branching", {"--criticality"}}, {"--expansion", {"--criticality"}},
                             {"--activity", {"--criticality"}}});
            run(*s);
          }};
}

}  // namespace dynode::cli
