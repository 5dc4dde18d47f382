// dynode mean-field: self-consistent rates of a clustered spiking network, and which of them last.
#include <algorithm>
#include <fmt/format.h>
#include <memory>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/npz.h"
#include "dynode/mean_field/config.h"
#include "dynode/mean_field/fixed_points.h"
#include "dynode/mean_field/landscape.h"
#include "dynode/spec/spec.h"

namespace dynode::cli {
namespace {

using namespace mean_field;

struct Settings {
  std::string              action, config, output;
  std::vector<std::string> assignments;
  size_t                   random_starts = 100, seed = 256;
  bool                     all           = false;
};

/// "4.2" or "4.2 … 51.3": rates of populations from … to.
std::string range(const std::vector<double>& rates, size_t from, size_t to) {
  const auto [low, high] = std::minmax_element(rates.begin() + ptrdiff_t(from), rates.begin() + ptrdiff_t(to));
  return *high - *low < 0.05 ? fmt::format("{:.1f}", *high) : fmt::format("{:.1f} … {:.1f}", *low, *high);
}

std::string active_text(const std::vector<double>& rates, size_t clusters) {
  const auto active = active_clusters({rates.begin(), rates.begin() + ptrdiff_t(clusters)});
  std::vector<std::string> names;
  for (size_t k = 0; k < clusters; ++k)
    if (active[k]) names.push_back(std::to_string(k));
  return names.empty() ? "all alike" : join(names);
}

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
  save_npz(path, {{"fixed_points", {{n, width}, rates}},
                  {"mu", {{n, width}, mu}},
                  {"sigma", {{n, width}, sigma}},
                  {"jacobian", {{n, width, width}, jacobian}},
                  {"eigenvalues", {{n, width, 2}, eigenvalues}},
                  {"multiplicity", {{n}, multiplicity}}});
}

void run(const Settings& s) {
  if (s.action != "solve")
    throw SpecError({}, fmt::format("dynode mean-field cannot '{}'", s.action),
                    did_you_mean(s.action, {"solve"}, "it can"));
  if (!s.output.empty()) check_writable(s.output, "points", "points.npz");
  Value config = load_value(s.config);
  for (const std::string& assignment : s.assignments) set_value(config, assignment);
  const ClusteredNetwork net      = clustered_network(config);
  const size_t           clusters = size_t(net.clusters.n_clusters), p = net.populations.size();

  auto starts = cluster_starts(p, clusters);
  for (auto& start : random_starts(p, s.random_starts, s.seed)) starts.push_back(std::move(start));
  FixedPoints found = find_fixed_points(net.populations, starts);
  std::stable_sort(found.points.begin(), found.points.end(), [](const FixedPoint& a, const FixedPoint& b) {
    return a.eigenvalues[0].real() < b.eigenvalues[0].real();
  });

  DisplayTable table({{"state"},
                      {"starts", true},
                      {"max Re", true},
                      {"active clusters"},
                      {"E clusters, Hz", true},
                      {"E rest", true},
                      {"I clusters", true},
                      {"I rest", true}});
  size_t       left_out = 0;
  for (const FixedPoint& point : found.points) {
    if (!s.all && point.eigenvalues[0].real() > 0) {
      ++left_out;
      continue;
    }
    const auto& r = point.rates;
    table.add({label(point.stability), std::to_string(point.multiplicity),
               fmt::format("{:.3g}", point.eigenvalues[0].real()), active_text(r, clusters), range(r, 0, clusters),
               range(r, clusters, clusters + 1), range(r, clusters + 1, p - 1), range(r, p - 1, p)});
  }
  const auto converged =
      std::count_if(found.solutions.begin(), found.solutions.end(), [](const Solution& x) { return x.converged; });
  fmt::print("{}\n", s.config);
  fmt::print("  {} populations, arousal {:g}; {} fixed points from {} starts ({} did not converge)\n", p,
             net.arousal.level, found.points.size(), starts.size(), ptrdiff_t(starts.size()) - converged);
  if (!table.empty()) fmt::print("\n{}", table.text());
  if (left_out) fmt::print("  and {} that do not last: --all shows them\n", left_out);
  if (std::any_of(net.clusters.j_potentiated.begin(), net.clusters.j_potentiated.end(),
                  [](double g) { return g != 1; })) {
    const auto depression = cluster_matrices(net.clusters).depression;
    if (*std::min_element(depression.begin(), depression.end()) < 0)
      fmt::print("note: potentiation is so strong that synapses between clusters change sign; "
                 "clip_depression: true keeps it\n");
  }
  if (s.output.empty()) return;
  try {
    save(s.output, found, p);
  } catch (const IoError& error) { throw Failure(error.what()); }
  fmt::print("{}\n", s.output);
}

}  // namespace

Verb mean_field_verb(CLI::App& tool) {
  const auto s   = std::make_shared<Settings>();
  CLI::App*  app = tool.add_subcommand("mean-field", "self-consistent rates of a clustered spiking network");
  app->add_option("action", s->action, "solve: find fixed points and their stability")->type_name("solve")->required();
  app->add_option("config", s->config, "YAML with init_params, architecture, external_currents, arousal")
      ->type_name("CONFIG")
      ->required();
  app->add_option("--output", s->output,
                  "all points: rates, mu, sigma, jacobian, eigenvalues (real, imaginary), multiplicity")
      ->type_name("FILE.npz");
  add_set(*app, s->assignments, "arousal.level=0.5");
  add_count(*app, "--random-starts", s->random_starts, 0,
            "random starts beside those with 0, 1, … active clusters (default 100)");
  add_count(*app, "--seed", s->seed, 0, "of random starts (default 256)");
  app->add_flag("--all", s->all, "show saddles and other points that do not last, too");
  app->footer(
      "dynode mean-field solve net.yaml\ndynode mean-field solve net.yaml --set arousal.level=0.8 --output points.npz");
  return {app, [s] { run(*s); }};
}

}  // namespace dynode::cli
