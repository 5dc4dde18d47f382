// dynode mean-field landscape: one or two populations in focus, everyone else answering to them.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/cli/mean_field.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/io/arrays.h"
#include "dynode/mean_field/landscape.h"
#include "dynode/models/mean_field_pictures.h"
#include "dynode/models/report.h"

namespace dynode::cli {
namespace {

using namespace mean_field;

constexpr const char* kFocusWayOut = "write one or two populations: --focus 0,1";

LandscapeSpec spec_of(const MeanFieldSettings& s, size_t populations) {
  LandscapeSpec spec{.focus = {}, .density = s.density, .threads = s.threads};
  for (double f : number_list("--focus", s.focus, ',', kFocusWayOut)) {
    if (f < 0 || f != std::floor(f) || f >= double(populations))
      throw SpecError({.path = "--focus"}, fmt::format("there is no population {} of {}", f, populations),
                      kFocusWayOut);
    spec.focus.push_back(size_t(f));
  }
  if (!s.limits.empty()) {
    const auto limits = number_list("--limits", s.limits, ',', "write from,to in Hz: --limits 0,60");
    if (limits.size() != 2)
      throw SpecError({.path = "--limits"}, "needs two numbers", "write from,to in Hz: --limits 0,60");
    spec.limits = {{limits[0], limits[1]}};
  }
  return spec;
}

void save(const std::string& path, const Landscape& land, size_t p) {
  const int64_t       n1 = int64_t(land.axes[0].size()), n2 = land.axes.size() == 2 ? int64_t(land.axes[1].size()) : 1;
  const int64_t       focus = int64_t(land.axes.size());
  std::vector<double> way;
  for (const auto& at : land.path) way.insert(way.end(), {double(at[0]), double(at[1])});
  std::vector<Npz::Entry> arrays;
  for (size_t f = 0; f < land.axes.size(); ++f)
    arrays.push_back({fmt::format("axis_{}", f), {{int64_t(land.axes[f].size())}, land.axes[f]}});
  arrays.insert(arrays.end(),
                {{"ambient_rates", {{n1, n2, int64_t(p)}, land.ambient}},
                 {"effective_response", {{n1, n2, int64_t(p)}, land.response}},
                 {"force_field", {{n1, n2, focus}, land.force}},
                 {"ambient_converged", {{n1, n2}, std::vector<double>(land.converged.begin(), land.converged.end())}},
                 {"path", {{int64_t(land.path.size()), 2}, way}},
                 {"potential", {{int64_t(land.potential.size())}, land.potential}},
                 {"displacement", {{int64_t(land.displacement.size())}, land.displacement}}});
  save_arrays(path, arrays);
}

}  // namespace

void run_landscape(const MeanFieldSettings& s) {
  const MeanFieldNetwork net   = mean_field_of(config_of(s));
  const LandscapeSpec    spec  = spec_of(s, net.populations.size());
  const Landscape        land  = reduced_landscape(net.populations, spec);
  const FixedPoints      found = find_fixed_points(net.populations, starts_of(s, net));

  std::vector<std::string> names;
  for (size_t f : spec.focus) names.push_back(net.names[f]);
  const auto failures = std::count(land.converged.begin(), land.converged.end(), uint8_t(0));
  fmt::print("{}\n  {} in focus, {} points", s.config, fmt::join(names, " and "), land.converged.size());
  fmt::print("{}\n", failures ? fmt::format("; at {} the others found no rates", failures) : "");
  const auto   found_wells = wells(land.potential, 0.01);
  DisplayTable table({{"well at, Hz"}, {"way, Hz", true}, {"potential, Hz²", true}, {"barrier, Hz²", true}});
  for (const Well& well : found_wells) {
    // the k-th value belongs to the k-th step that moves
    size_t at = 0;
    for (size_t m = 1, moved = 0; m < land.path.size(); ++m)
      if (land.path[m] != land.path[m - 1] && moved++ == well.at) at = m;
    std::vector<std::string> place;
    for (size_t f = 0; f < spec.focus.size(); ++f)
      place.push_back(fmt::format("{:.1f}", land.axes[f][land.path[at][f]]));
    table.add({fmt::format("{}", fmt::join(place, ", ")), fmt::format("{:.1f}", land.displacement[well.at]),
               fmt::format("{:.3g}", well.depth),
               std::isfinite(well.barrier) ? fmt::format("{:.3g}", well.barrier) : "-"});
  }
  if (table.empty()) fmt::print("  no well along the way of least resistance\n");
  else fmt::print("\n{}", table.text());

  const std::string                                picture = landscape_picture(land, found.points, spec.focus, names);
  std::vector<std::pair<std::string, std::string>> files;
  if (!s.svg.empty()) files.emplace_back(s.svg, picture);
  if (!s.report.empty()) {
    Report report{.title = "Landscape", .kind = "mean field"};
    report.summary = fmt::format(
        "Rates of {} are held on a grid; all other populations answer to them. Where the force "
        "vanishes the whole network is at a fixed point.",
        fmt::join(names, " and "));
    report.facts   = {{"network", s.config},
                      {"populations", std::to_string(net.populations.size())},
                      {"grid", fmt::format("{} points, {:g} Hz apart", land.converged.size(), s.density)},
                      {"wells along the way", std::to_string(found_wells.size())},
                      {"fixed points of the whole", std::to_string(found.points.size())}};
    report.figures = {
        {"Force field, way of least resistance and potential", picture,
         "Shades show the strength of the force, arrows its direction; the orange line is the way of least "
         "resistance. Full points are stable fixed points of the whole network, rings unstable ones."}};
    files.emplace_back(s.report, render_report(report));
  }
  try {
    if (!s.output.empty()) save(s.output, land, net.populations.size());
  } catch (const IoError& error) { throw Failure(error.what()); }
  write_outputs(files);
  if (!s.output.empty()) fmt::print("{}\n", s.output);
}

}  // namespace dynode::cli
