// dynode mean-field: self-consistent rates of a network of populations of spikes, and which of them last.
#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/cli/mean_field.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/io/arrays.h"
#include "dynode/mean_field/landscape.h"
#include "dynode/spec/spec.h"

namespace dynode::cli {
namespace {

using namespace mean_field;

void save(const std::string& path, const FixedPoints& found, size_t p) {
  const int64_t       n = int64_t(found.points.size()), width = int64_t(p);
  std::vector<double> rates, mu, sigma, jacobian, eigenvalues, multiplicity;
  for (const FixedPoint& point : found.points) {
    const auto append = [](std::vector<double>& to, const std::vector<double>& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    append(rates, point.rates), append(mu, point.mu), append(sigma, point.sigma), append(jacobian, point.jacobian);
    for (const auto& value : point.eigenvalues) append(eigenvalues, {value.real(), value.imag()});
    multiplicity.push_back(point.multiplicity);
  }
  save_arrays(path, {{"fixed_points", {{n, width}, rates}},
                  {"mu", {{n, width}, mu}},
                  {"sigma", {{n, width}, sigma}},
                  {"jacobian", {{n, width, width}, jacobian}},
                  {"eigenvalues", {{n, width, 2}, eigenvalues}},
                  {"multiplicity", {{n}, multiplicity}}});
}

void solve(const MeanFieldSettings& s) {
  const MeanFieldNetwork net      = mean_field_of(config_of(s));
  const size_t           clusters = net.clusters, p = net.populations.size();
  const bool             clustered = p == 2 * clusters + 2;
  const auto             starts    = starts_of(s, net);
  FixedPoints            found     = find_fixed_points(net.populations, starts);
  std::stable_sort(found.points.begin(), found.points.end(), [](const FixedPoint& a, const FixedPoint& b) {
    return a.eigenvalues[0].real() < b.eigenvalues[0].real();
  });

  std::vector<DisplayTable::Column> columns{{"state"}, {"starts", true}, {"max Re", true}};
  if (clustered)
    columns.insert(
        columns.end(),
        {{"active clusters"}, {"E clusters, Hz", true}, {"E rest", true}, {"I clusters", true}, {"I rest", true}});
  else
    for (size_t i = 0; i < std::min<size_t>(p, 8); ++i) columns.push_back({net.names[i] + ", Hz", true});
  DisplayTable table(columns);
  size_t       left_out = 0;
  for (const FixedPoint& point : found.points) {
    if (!s.all && point.eigenvalues[0].real() > 0) {
      ++left_out;
      continue;
    }
    const auto&              r = point.rates;
    std::vector<std::string> row{label(point.stability), std::to_string(point.multiplicity),
                                 fmt::format("{:.3g}", point.eigenvalues[0].real())};
    if (clustered)
      row.insert(row.end(),
                 {active_text(r, clusters), range_text(r, 0, clusters), range_text(r, clusters, clusters + 1),
                  range_text(r, clusters + 1, p - 1), range_text(r, p - 1, p)});
    else
      for (size_t i = 0; i < std::min<size_t>(p, 8); ++i) row.push_back(fmt::format("{:.2f}", r[i]));
    table.add(row);
  }
  const auto converged =
      std::count_if(found.solutions.begin(), found.solutions.end(), [](const Solution& x) { return x.converged; });
  fmt::print("{}\n", s.config);
  fmt::print("  {} populations{}; {} fixed point{} from {} starts ({} did not converge)\n", p,
             net.arousal ? fmt::format(", arousal {:g}", *net.arousal) : "", found.points.size(),
             found.points.size() == 1 ? "" : "s", starts.size(), ptrdiff_t(starts.size()) - converged);
  if (!table.empty()) fmt::print("\n{}", table.text());
  if (left_out) fmt::print("  and {} that do not last: --all shows them\n", left_out);
  if (std::ranges::all_of(net.populations.neurons, [](const Neuron& n) { return n.tau_m > 1; }))
    fmt::print("note: times are taken for seconds; where they are ms, write simulation.time_unit: ms\n");
  if (net.potentiated_signs)
    fmt::print(
        "note: potentiation is so strong that synapses between clusters change sign; "
        "clip_depression: true keeps it\n");
  if (s.output.empty()) return;
  try {
    save(s.output, found, p);
  } catch (const IoError& error) { throw Failure(error.what()); }
  fmt::print("{}\n", s.output);
}

void run(const MeanFieldSettings& s, const Command& verb) {
  const std::vector<std::string> actions{"solve", "landscape", "sweep", "run"};
  if (std::find(actions.begin(), actions.end(), s.action) == actions.end())
    throw SpecError({}, fmt::format("dynode mean-field cannot '{}'", s.action),
                    did_you_mean(s.action, actions, "it can"));
  check_actions(verb, s.action,
                {{"--focus", {"landscape"}},
                 {"--limits", {"landscape"}},
                 {"--density", {"landscape"}},
                 {"--param", {"sweep"}},
                 {"--range", {"sweep"}},
                 {"--values", {"sweep"}},
                 {"--folds", {"sweep"}},
                 {"--step", {"sweep"}},
                 {"--start", {"run"}},
                 {"--tau", {"run"}},
                 {"--duration", {"run"}},
                 {"--random-starts", {"solve", "landscape", "sweep"}},
                 {"--seed", {"solve", "landscape", "sweep"}},
                 {"--all", {"solve"}}});
  if (s.action == "solve" && (!s.report.empty() || !s.svg.empty()))
    throw SpecError({.path = s.report.empty() ? "--svg" : "--report"}, "points alone make no picture",
                    "sweep, landscape and run do");
  if (!s.output.empty() && !(s.action == "sweep" && s.output.ends_with(".csv")))
    check_arrays_writable(s.output, "points", "points.npz");
  else if (!s.output.empty()) check_writable(s.output);
  if (!s.report.empty()) check_writable(s.report, "reports", "mean_field.html");
  if (!s.svg.empty()) check_writable(s.svg, "pictures", "picture.svg");
  if (s.action == "solve") solve(s);
  else if (s.action == "landscape") run_landscape(s);
  else if (s.action == "run") run_rates(s);
  else run_sweep(s);
}

}  // namespace

Value config_of(const MeanFieldSettings& s) {
  Value config = load_value(s.config);
  for (const std::string& assignment : s.assignments) set_value(config, assignment);
  return config;
}

std::vector<std::vector<double>> starts_of(const MeanFieldSettings& s, const MeanFieldNetwork& net) {
  const size_t p      = net.populations.size();
  auto         starts = cluster_starts(p, std::min(net.clusters, p));
  for (auto& start : random_starts(p, s.random_starts, s.seed)) starts.push_back(std::move(start));
  return starts;
}

std::string range_text(const std::vector<double>& rates, size_t from, size_t to) {
  const auto [low, high] = std::minmax_element(rates.begin() + ptrdiff_t(from), rates.begin() + ptrdiff_t(to));
  return *high - *low < 0.05 ? fmt::format("{:.1f}", *high) : fmt::format("{:.1f} … {:.1f}", *low, *high);
}

std::string active_text(const std::vector<double>& rates, size_t clusters) {
  const auto               active = active_clusters({rates.begin(), rates.begin() + ptrdiff_t(clusters)});
  std::vector<std::string> names;
  for (size_t k = 0; k < clusters; ++k)
    if (active[k]) names.push_back(std::to_string(k));
  return names.empty() ? "all alike" : join(names);
}

void write_outputs(const std::vector<std::pair<std::string, std::string>>& files) {
  try {
    for (const auto& [path, text] : files) {
      write_file(path, text);
      fmt::print("{}\n", path);
    }
  } catch (const IoError& error) { throw Failure(error.what()); }
}

Verb mean_field_verb(Command& tool) {
  const auto s    = std::make_shared<MeanFieldSettings>();
  Command    verb = tool.add_subcommand("mean-field", "self-consistent rates of a network of spikes, by populations");
  verb.add_option("action", s->action,
                  "solve: fixed points and their stability; landscape: force and potential of one or two populations; "
                  "sweep: fixed points along a parameter; run: rates in time")
      .type_name("solve|landscape|sweep|run")
      .required();
  verb.add_option(
         "config", s->config,
         "a spec of LIF layers without input array, or YAML with init_params, architecture, external_currents, arousal")
      .type_name("CONFIG")
      .required();
  verb.add_option("--output", s->output, "all numbers: rates, stability, …; of a sweep .csv, too")
      .type_name("FILE.npz|FILE.h5");
  verb.add_option("--report", s->report, "a page with the picture (landscape, sweep, run)").type_name("FILE.html");
  verb.add_option("--svg", s->svg, "the picture alone").type_name("FILE.svg");
  add_set(verb, s->assignments, "arousal.level=0.5");
  verb.add_option("--focus", s->focus, "landscape: one or two populations (default 0,1)").type_name("LIST");
  verb.add_option("--limits", s->limits, "landscape: rates in focus from,to in Hz (default 0,60)").type_name("LIST");
  add_number(verb, "--density", s->density, "landscape: distance of grid lines, Hz (default 0.5)");
  verb.add_option("--param", s->param, "sweep: what is changed, as --set names it").type_name("KEY");
  verb.add_option("--range", s->range, "sweep: from, to, how many values").expected(3).type_name("LOW HIGH NUM");
  verb.add_option("--values", s->values, "sweep: or these values, 0,0.3,0.6").type_name("LIST");
  verb.add_flag("--folds", s->folds, "sweep: follow branches through their folds, too");
  add_number(verb, "--step", s->step, "sweep: of a branch, as a share of the range (default 0.02)");
  verb.add_option("--start", s->start, "run: rates it begins with, Hz, one or one per population (default 0)")
      .type_name("LIST");
  add_number(verb, "--tau", s->tau, "run: time a population needs to answer, ms (default 20)");
  add_number(verb, "--duration", s->duration, "run: its length, s (default: that of the spec)");
  add_count(verb, "--random-starts", s->random_starts, 0,
            "random starts beside those with 0, 1, … active clusters (default 100)");
  add_count(verb, "--seed", s->seed, 0, "of random starts (default 256)");
  verb.add_flag("--all", s->all, "solve: show saddles and other points that do not last, too");
  add_threads(verb, s->threads);
  verb.footer(
      "dynode mean-field solve net.yaml --set arousal.level=0.8 --output points.npz\n"
      "dynode mean-field landscape net.yaml --focus 0,1 --report landscape.html\n"
      "dynode mean-field sweep net.yaml --param arousal.level --range 0 1 30 --folds --svg branches.svg\n"
      "dynode mean-field run net.yaml --start 5 --report rates.html");
  return {verb, [s, verb] { run(*s, verb); }};
}

}  // namespace dynode::cli
