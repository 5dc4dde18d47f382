// dynode mean-field run: rates in time, τ dν/dt = −ν + Φ(ν, input(t)), under drives that change as in runs of spikes.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/cli/mean_field.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/arrays.h"
#include "dynode/mean_field/dynamics.h"
#include "dynode/models/mean_field_pictures.h"
#include "dynode/models/report.h"

namespace dynode::cli {

using namespace mean_field;

void run_rates(const MeanFieldSettings& s) {
  const MeanFieldNetwork net = mean_field_in_time(config_of(s));
  const size_t           p   = net.populations.size();
  const double           duration = s.duration > 0 ? s.duration : net.duration;
  if (!(duration > 0)) throw SpecError({.path = "--duration"}, "nobody says how long the run is", "--duration 2");
  if (!(s.tau > 0)) throw SpecError({.path = "--tau"}, "must be positive", "--tau 20");
  std::vector<double> start = s.start.empty() ? std::vector<double>{0}
                                              : number_list("--start", s.start, ',', "write one rate in Hz, or one per population");
  if (start.size() == 1) start.assign(p, start[0]);
  if (start.size() != p || std::ranges::any_of(start, [](double x) { return x < 0; }))
    throw SpecError({.path = "--start"}, fmt::format("needs one rate or {}, 0 or more", p), "--start 5");

  RateDynamics dynamics{.duration = duration, .dt = std::min(1e-3, s.tau / 4e3), .tau = {s.tau / 1e3}};
  dynamics.drive = [&](double t, std::span<double> nu) {
    // a change counts from the step that begins with it
    const auto next = std::upper_bound(net.changes.begin(), net.changes.end(), t + 1e-9,
                                       [](double x, const auto& change) { return x < change.from; });
    if (next == net.changes.begin()) return;
    for (size_t i = 0; i < p; ++i) nu[i] += (next - 1)->nu_ext[i] - net.populations.nu_ext[i];
  };
  const std::vector<double> rates = integrate_rates(net.populations, start, dynamics);
  const size_t              steps = rates.size() / p - 1;
  std::vector<double>       times;
  for (size_t t = 0; t <= steps; ++t) times.push_back(double(t) * dynamics.dt);

  fmt::print("{}\n  {} populations, {:g} s, tau {:g} ms\n\n", s.config, p, duration, s.tau);
  DisplayTable table({{"population"}, {"lowest, Hz", true}, {"highest", true}, {"at the end", true}});
  for (size_t i = 0; i < std::min<size_t>(p, 40); ++i) {
    double low = rates[i], high = rates[i];
    for (size_t t = 0; t <= steps; ++t) low = std::min(low, rates[t * p + i]), high = std::max(high, rates[t * p + i]);
    table.add({net.names[i], fmt::format("{:.2f}", low), fmt::format("{:.2f}", high), fmt::format("{:.2f}", rates[steps * p + i])});
  }
  fmt::print("{}", table.text());

  std::vector<std::pair<std::string, std::string>> files;
  if (!s.svg.empty() || !s.report.empty()) {
    const std::string picture = rates_in_time_picture(times, rates, net.names, net.clusters);
    if (!s.svg.empty()) files.emplace_back(s.svg, picture);
    if (!s.report.empty()) {
      Report report{.title = "Rates in time", .kind = "mean field"};
      report.summary = fmt::format("Populations answer to each other and to what drives them, each within {:g} ms.", s.tau);
      report.facts   = {{"network", s.config}, {"populations", std::to_string(p)}, {"time", fmt::format("{:g} s", duration)}};
      report.figures = {{"Rates in time", picture, "A line for each excitatory cluster, or each population where there are none."}};
      files.emplace_back(s.report, render_report(report));
    }
  }
  try {
    if (!s.output.empty())
      save_arrays(s.output, {{"time", {{int64_t(times.size())}, times}},
                             {"rates", {{int64_t(times.size()), int64_t(p)}, rates}}});
  } catch (const IoError& error) { throw Failure(error.what()); }
  write_outputs(files);
  if (!s.output.empty()) fmt::print("{}\n", s.output);
}

}  // namespace dynode::cli
