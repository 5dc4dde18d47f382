// dynode mean-field sweep: fixed points along a parameter, and with --folds the branches they lie on.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <memory>

#include "dynode/base/display.h"
#include "dynode/cli/mean_field.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/arrays.h"
#include "dynode/mean_field/continuation.h"
#include "dynode/models/mean_field_pictures.h"
#include "dynode/models/report.h"

namespace dynode::cli {
namespace {

using namespace mean_field;

/// One line per point: the value, where on a branch it lies (−1: on none), stability, rates.
struct Line {
  double            value;
  int               branch;
  bool              fold;
  const FixedPoint* point;
};

std::string csv_of(const std::string& param, const std::vector<Line>& lines, const std::vector<std::string>& names) {
  std::string text = fmt::format("{},branch,fold,state,max_real_eig,{}\n", param, fmt::join(names, ","));
  for (const Line& l : lines)
    text += fmt::format("{:.10g},{},{},{},{:.10g},{:.10g}\n", l.value, l.branch, int(l.fold), label(l.point->stability),
                        l.point->eigenvalues[0].real(), fmt::join(l.point->rates, ","));
  return text;
}

void save(const std::string& path, const std::vector<Line>& lines, size_t p) {
  std::vector<double> value, branch, fold, rates, real;
  for (const Line& l : lines) {
    value.push_back(l.value), branch.push_back(l.branch), fold.push_back(l.fold);
    real.push_back(l.point->eigenvalues[0].real());
    rates.insert(rates.end(), l.point->rates.begin(), l.point->rates.end());
  }
  const int64_t n = int64_t(lines.size());
  save_arrays(path, {{"value", {{n}, value}},
                  {"branch", {{n}, branch}},
                  {"fold", {{n}, fold}},
                  {"fixed_points", {{n, int64_t(p)}, rates}},
                  {"max_real_eig", {{n}, real}}});
}

}  // namespace

void run_sweep(const MeanFieldSettings& s) {
  if (s.param.empty())
    throw SpecError({.path = "--param"}, "says what is swept", "--param arousal.level --range 0 1 30");
  std::vector<double> values;
  if (!s.values.empty()) {
    if (!s.range.empty() || s.folds)
      throw SpecError({.path = "--values"}, s.folds ? "are points, and --folds follows branches through a range" : "and --range exclude each other",
                      "--range 0 1 30");
    values = number_list("--values", s.values, ',', "write 0,0.3,0.6");
    if (std::ranges::min(values) == std::ranges::max(values))
      throw SpecError({.path = "--values"}, "needs two different values", "dynode mean-field solve takes one, by --set");
  } else if (s.range.size() != 3 || !(s.range[0] < s.range[1]) || s.range[2] < 2 || s.range[2] != std::floor(s.range[2]) ||
             s.range[2] > 1e5) {
    throw SpecError({.path = "--range"}, "needs LOW HIGH NUM with LOW < HIGH and at least 2 values",
                    "--range 0 1 30, or --values 0,0.3,0.6");
  } else {
    for (double k = 0; k < s.range[2]; ++k) values.push_back(s.range[0] + (s.range[1] - s.range[0]) * k / (s.range[2] - 1));
  }
  const Value config = config_of(s);
  const auto  at     = [&](double x) {
    Value changed = config;
    set_value(changed, fmt::format("{}={:.17g}", s.param, x));
    return mean_field_of(changed);
  };
  const double             low = std::ranges::min(values), high = std::ranges::max(values);
  const size_t             count = values.size();
  const MeanFieldNetwork   net   = at(values[0]);
  std::vector<Populations> networks;
  for (double value : values) networks.push_back(at(value).populations);
  const auto                     starts = starts_of(s, net);
  const std::vector<FixedPoints> found  = sweep(networks, starts, true);

  const size_t p = net.populations.size();
  fmt::print("{}\n  {} populations, {} from {:g} to {:g}\n\n", s.config, p, s.param, low, high);
  DisplayTable table(
      {{s.param, true}, {"fixed points", true}, {"stable", true}, {"highest E rates of stable ones, Hz"}});
  std::vector<Line>   lines;
  std::vector<Branch> branches;
  for (size_t k = 0; k < count; ++k) {
    std::vector<double> tops;
    for (const FixedPoint& point : found[k].points) {
      lines.push_back({values[k], -1, false, &point});
      if (point.eigenvalues[0].real() < 0)
        tops.push_back(
            *std::max_element(point.rates.begin(), point.rates.begin() + ptrdiff_t(std::max<size_t>(1, net.clusters))));
    }
    std::sort(tops.begin(), tops.end());
    tops.erase(std::unique(tops.begin(), tops.end(), [](double a, double b) { return std::abs(a - b) < 0.05; }),
               tops.end());
    std::string text;
    for (size_t i = 0; i < tops.size() && i < 8; ++i) text += fmt::format("{}{:.1f}", i ? ", " : "", tops[i]);
    if (tops.size() > 8) text += ", …";
    const auto stable = std::count_if(found[k].points.begin(), found[k].points.end(),
                                      [](const FixedPoint& x) { return x.eigenvalues[0].real() < 0; });
    table.add({fmt::format("{:.4g}", values[k]), std::to_string(found[k].points.size()), std::to_string(stable), text});
  }
  fmt::print("{}", table.text());

  if (s.folds) {
    // a point of a branch asks for the same network several times
    std::map<double, Populations> known;
    const Family                  family = [&](double x) {
      if (known.size() > 1000) known.clear();
      const auto [found, fresh] = known.try_emplace(std::clamp(x, low, high));
      if (fresh) found->second = at(found->first).populations;
      return found->second;
    };
    const ContinuationSpec spec{.low = low, .high = high, .step = s.step};
    // through every point the sweep found, from the ends and the middle first
    branches = find_branches(family, spec, {low, (low + high) / 2, high}, starts);
    lines.clear();
    DisplayTable folds({{"branch", true}, {"fold at", true}, {"highest E rate, Hz", true}, {"active clusters"}});
    for (size_t b = 0; b < branches.size(); ++b)
      for (const BranchPoint& point : branches[b]) {
        lines.push_back({point.parameter, int(b), point.fold, &point.point});
        if (point.fold)
          folds.add({std::to_string(b), fmt::format("{:.6g}", point.parameter),
                     fmt::format("{:.2f}", *std::max_element(point.point.rates.begin(),
                                                             point.point.rates.begin() +
                                                                 ptrdiff_t(std::max<size_t>(1, net.clusters)))),
                     active_text(point.point.rates, net.clusters)});
      }
    fmt::print("\n{} branches\n{}", branches.size(), folds.empty() ? "  without folds\n" : "\n" + folds.text());
  }

  std::vector<std::pair<std::string, std::string>> files;
  const bool                                       as_csv = s.output.ends_with(".csv");
  if (as_csv) files.emplace_back(s.output, csv_of(s.param, lines, net.names));
  if (!s.svg.empty() || !s.report.empty()) {
    // without branches, points stand alone
    const std::string picture = s.folds ? branches_picture(s.param, branches, net.clusters, low, high)
                                        : points_picture(s.param, values, found, net.clusters);
    if (!s.svg.empty()) files.emplace_back(s.svg, picture);
    if (!s.report.empty()) {
      size_t folds = 0;
      for (const Line& l : lines) folds += l.fold;
      Report report{.title = "Fixed points along " + s.param, .kind = "mean field"};
      report.summary = "Self-consistent rates of all populations, and whether they last.";
      report.facts   = {{"network", s.config},
                        {"populations", std::to_string(p)},
                        {"range", fmt::format("{:g} … {:g}, {} values", low, high, count)}};
      if (s.folds)
        report.facts.insert(report.facts.end(),
                            {{"branches", std::to_string(branches.size())}, {"folds", std::to_string(folds)}});
      report.figures = {
          {"Fixed points against " + s.param, picture,
           s.folds
               ? "A line for each branch: solid where the point is stable, dashed where it is not. Rings are folds, "
                 "where a branch turns back and two points meet."
               : "A dot for each fixed point: full where it is stable, a ring where it is not."}};
      files.emplace_back(s.report, render_report(report));
    }
  }
  try {
    if (!s.output.empty() && !as_csv) save(s.output, lines, p);
  } catch (const IoError& error) { throw Failure(error.what()); }
  write_outputs(files);
  if (!s.output.empty() && !as_csv) fmt::print("{}\n", s.output);
}

}  // namespace dynode::cli
