#include "dynode/models/dynamics.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>

#include "dynode/analysis/lyapunov.h"
#include "dynode/base/display.h"
#include "dynode/base/random.h"
#include "dynode/base/text.h"
#include "dynode/io/stored_model.h"

namespace dynode {
namespace {

constexpr size_t kAxes         = 3;  // components that are written and drawn
constexpr size_t kDrawnRuns    = 60;
constexpr size_t kDrawnEntries = 400;    // of a run
constexpr size_t kDrawnPoints  = 200;    // under one input
constexpr size_t kDrawnValues  = 300;    // eigenvalues of a point
constexpr double kMostNumbers  = 2.5e8;  // of all states, of a Jacobian: 2 GB

/// [rows][steps][width], without padding: whoever analyses says all inputs.
std::vector<double> input_of(const Array& x, const StateMap& map, size_t& rows, size_t& steps) {
  std::vector<int64_t> shape = x.shape;
  if (shape.size() == 2) shape.insert(shape.begin(), 1);
  if (shape.size() != 3 || shape[0] < 1 || shape[1] < 1 || shape[2] != int64_t(map.input_width()))
    throw ShapeError("input", {-1, -1, int64_t(map.input_width())}, x.shape, "axes are [batch, steps, units]");
  rows = size_t(shape[0]), steps = size_t(shape[1]);
  std::vector<double> values = x.as_double();
  for (size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i])) throw ShapeError(fmt::format("input: number {} is {}", i, values[i]));
  if (double(rows) * double(steps + 1) * double(map.size()) > kMostNumbers)
    throw SpecError({},
                    fmt::format("{} runs of {} steps have {} of states", grouped(shape[0]), grouped(shape[1]),
                                with_prefix(8 * double(rows) * double(steps + 1) * double(map.size()), "B")),
                    "analyse fewer runs at once");
  return values;
}

std::vector<double> repeated(const std::vector<double>& values, size_t times) {
  std::vector<double> all;
  for (size_t i = 0; i < times; ++i) all.insert(all.end(), values.begin(), values.end());
  return all;
}

/// Exponents [runs][count] from near the last states of evenly taken rows: a run that ends where it could not stay
/// leaves.
std::vector<double> exponents(StateMap& map, const Dynamics& d, const std::vector<double>& input,
                              const DynamicsOptions& options) {
  const size_t        n = d.size, runs = std::min(options.lyapunov_runs, d.rows), steps = options.lyapunov_steps;
  const double        nudge = options.jitter * std::sqrt(std::max(d.components.variance[0], 1e-12) / double(n));
  Random              random(options.seed, "Lyapunov exponents/starts");
  std::vector<double> ends, at_attractor;
  for (size_t k = 0; k < runs; ++k) {
    const double* end = d.states.data() + ((k * d.rows / runs) * (d.steps + 1) + d.steps) * n;
    for (size_t i = 0; i < n; ++i) ends.push_back(end[i] + nudge * random.normal());
  }
  const size_t              before = std::max<size_t>(1, steps / 2), align = before;  // to settle, to turn the frame
  const std::vector<double> first = map.run(repeated(input, runs * before), runs, before, ends);
  for (size_t k = 0; k < runs; ++k) {
    const double* last = first.data() + (k * (before + 1) + before) * n;
    at_attractor.insert(at_attractor.end(), last, last + n);
  }
  const std::vector<double> x = repeated(input, runs * (steps + align));
  return lyapunov_exponents(map, map.run(x, runs, steps + align, at_attractor), x, runs, options.lyapunov, align);
}

const std::vector<std::pair<const char*, std::vector<PointKind>>> kCounted = {
    {"stable point", {PointKind::stable_node, PointKind::stable_focus}},
    {"marginal point", {PointKind::marginal}},
    {"saddle", {PointKind::saddle}},
    {"unstable point", {PointKind::unstable}},
    {"slow point", {PointKind::slow}}};

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

}  // namespace

std::string input_text(const std::vector<double>& input) {
  if (input.size() == 1) return fmt::format("{:g}", input[0]);
  if (input.size() > 6 && std::ranges::all_of(input, [](double v) { return v == 0; })) return "0";
  return fmt::format("({:g})", fmt::join(input, ", "));
}

Dynamics analyse_dynamics(const Model& model, const Array& x, const DynamicsOptions& options) {
  // the model outlives what is done here
  const std::shared_ptr<const Plan> plan(std::shared_ptr<void>(), &model.plan());
  StateMap map(plan, stored_theta<double>(*plan, model.stored(), plan->spec.file), options.threads);

  Dynamics d{.parts = map.parts(), .size = map.size(), .dt = map.dt(), .states = {}, .components = {}, .under = {}};
  const std::vector<double> input = input_of(x, map, d.rows, d.steps);
  if (double(d.size) * double(d.size) > kMostNumbers)
    throw SpecError({},
                    fmt::format("a state has {} numbers, and directions among them do not fit into memory",
                                grouped(int64_t(d.size))),
                    fmt::format("networks of up to {} can be analysed", grouped(int64_t(std::sqrt(kMostNumbers)))));
  std::vector<std::vector<double>> inputs = options.inputs;
  if (inputs.empty()) inputs.push_back(std::vector<double>(map.input_width()));
  for (const std::vector<double>& each : inputs)
    if (each.size() != map.input_width())
      throw ShapeError("constant input", {int64_t(map.input_width())}, {int64_t(each.size())}, "one number per input");
  if (options.lyapunov > d.size)
    throw SpecError({}, fmt::format("there are {} Lyapunov exponents, not {}", d.size, options.lyapunov),
                    fmt::format("ask for 1 to {}", d.size));
  expects(options.lyapunov_runs > 0 && options.lyapunov_steps >= 2 && options.starts > 0, "there is something to do");

  d.states       = map.run(input, d.rows, d.steps);
  d.components   = principal_components(d.states, d.size);
  d.exponents    = options.lyapunov;
  double squares = 0, spread = 0;
  for (size_t row = 0; row < d.rows; ++row)
    for (size_t i = 0; i < d.steps * d.size; ++i) {
      const double* at = d.states.data() + row * (d.steps + 1) * d.size + i;
      squares += (at[d.size] - at[0]) * (at[d.size] - at[0]);
    }
  for (double v : d.components.variance) spread += v;
  d.typical_speed = std::sqrt(squares / double(d.rows * d.steps)) / d.dt;

  FixedPointOptions search{
      .slow = options.slow, .scale = spread > 0 ? std::sqrt(spread) : 1, .typical_speed = d.typical_speed};
  const std::vector<double> starts = starts_from(d.states, d.size, options.starts, options.jitter, options.seed);
  for (size_t k = 0; k < inputs.size(); ++k) {
    if (options.progress)
      search.progress = [&](size_t done, size_t all) { options.progress(k * all + done, inputs.size() * all); };
    DynamicsUnder under{.input = inputs[k], .found = {}, .lyapunov = {}};
    if (options.fixed_points) under.found = find_fixed_points(map, starts, inputs[k], search);
    if (options.lyapunov) under.lyapunov = exponents(map, d, inputs[k], options);
    d.under.push_back(std::move(under));
  }
  return d;
}

std::vector<Npz::Entry> dynamics_arrays(const Dynamics& d) {
  const auto n = int64_t(d.size), axes = int64_t(std::min(kAxes, d.size)), width = int64_t(d.under.at(0).input.size());
  std::vector<double>  inputs, state, real, imag, speed, lyapunov;
  std::vector<int64_t> input, kind, unstable, starts;
  for (size_t k = 0; k < d.under.size(); ++k) {
    inputs.insert(inputs.end(), d.under[k].input.begin(), d.under[k].input.end());
    lyapunov.insert(lyapunov.end(), d.under[k].lyapunov.begin(), d.under[k].lyapunov.end());
    for (const FixedPoint& p : d.under[k].found.points) {
      state.insert(state.end(), p.state.begin(), p.state.end());
      for (const auto& m : p.multipliers) real.push_back(m.real()), imag.push_back(m.imag());
      input.push_back(int64_t(k)), kind.push_back(int64_t(p.kind)), unstable.push_back(p.unstable);
      speed.push_back(p.speed), starts.push_back(p.starts);
    }
  }
  const auto              points = int64_t(kind.size());
  std::vector<Npz::Entry> arrays = {
      {"states", {{int64_t(d.rows), int64_t(d.steps + 1), n}, d.states}},
      {"projection", {{int64_t(d.rows), int64_t(d.steps + 1), axes}, d.components.project(d.states, size_t(axes))}},
      {"components/mean", {{n}, d.components.mean}},
      {"components/axes", {{n, n}, d.components.axes}},
      {"components/variance", {{n}, d.components.variance}},
      {"inputs", {{int64_t(d.under.size()), width}, inputs}}};
  if (points > 0) {
    arrays.push_back({"points/projection", {{points, axes}, d.components.project(state, size_t(axes))}});
    arrays.push_back({"points/state", {{points, n}, state}});
    arrays.push_back({"points/input", {{points}, input}});
    arrays.push_back({"points/kind", {{points}, kind}});
    arrays.push_back({"points/unstable", {{points}, unstable}});
    arrays.push_back({"points/speed", {{points}, speed}});
    arrays.push_back({"points/starts", {{points}, starts}});
    arrays.push_back({"points/multipliers_real", {{points, n}, real}});
    arrays.push_back({"points/multipliers_imag", {{points, n}, imag}});
  }
  if (d.exponents)
    arrays.push_back(
        {"lyapunov",
         {{int64_t(d.under.size()), int64_t(lyapunov.size() / (d.exponents * d.under.size())), int64_t(d.exponents)},
          lyapunov}});
  return arrays;
}

Report dynamics_report(const std::string& model, const std::string& inputs, const Dynamics& d,
                       const std::vector<int64_t>& labels, const std::vector<std::string>& names) {
  const std::filesystem::path path(model);  // of a run: its name
  const auto                  name =
      path.parent_path().filename() == "checkpoints" ? path.parent_path().parent_path().filename() : path.filename();
  Report report{.title = fmt::format("Dynamics of {}", name.string()), .kind = "dynamics"};
  std::ranges::replace(report.title, '_', ' ');
  const size_t              axes      = std::min(kAxes, d.size);
  const std::vector<double> explained = d.components.explained();
  report.facts.emplace_back("model", model);
  report.facts.emplace_back(
      "runs", fmt::format("{} of {} steps, {}", grouped(int64_t(d.rows)), grouped(int64_t(d.steps)), inputs));
  report.facts.emplace_back("state", fmt::format("{} numbers", grouped(int64_t(d.size))));
  report.facts.emplace_back("step", fmt::format("{:g}", d.dt));

  ReportStateSpace space{.dt         = d.dt,
                         .units      = int64_t(d.size),
                         .runs_all   = int64_t(d.rows),
                         .components = int64_t(axes),
                         .explained  = {explained.begin(), explained.begin() + ptrdiff_t(std::min<size_t>(30, d.size))},
                         .labels     = names};
  const size_t     drawn = std::min(d.rows, kDrawnRuns), every = (d.steps + kDrawnEntries) / kDrawnEntries;
  for (size_t k = 0; k < drawn; ++k) {
    const size_t          row = k * d.rows / drawn;
    ReportStateSpace::Run run{.label = labels.empty() ? 0 : labels[row]};
    for (size_t t = 0; t <= d.steps; t += every) {
      const auto place = d.components.project({d.states.data() + (row * (d.steps + 1) + t) * d.size, d.size}, axes);
      run.places.insert(run.places.end(), place.begin(), place.end());
    }
    space.runs.push_back(std::move(run));
  }
  std::vector<std::string> found;
  for (size_t k = 0; k < d.under.size(); ++k) {
    const DynamicsUnder&        under = d.under[k];
    ReportStateSpace::Condition condition{.name = "input " + input_text(under.input)};
    const size_t                runs = d.exponents ? under.lyapunov.size() / d.exponents : 0;
    space.lyapunov_runs              = int64_t(runs);
    for (size_t e = 0; e < d.exponents; ++e) {
      double sum = 0, squares = 0;
      for (size_t r = 0; r < runs; ++r) sum += under.lyapunov[r * d.exponents + e];
      for (size_t r = 0; r < runs; ++r)
        squares += std::pow(under.lyapunov[r * d.exponents + e] - sum / double(runs), 2);
      condition.lyapunov.push_back(sum / double(runs));
      condition.deviation.push_back(runs > 1 ? std::sqrt(squares / double(runs - 1)) : 0);
    }
    space.conditions.push_back(std::move(condition));
    for (size_t i = 0; i < std::min(kDrawnPoints, under.found.points.size()); ++i) {
      const FixedPoint&       p = under.found.points[i];
      ReportStateSpace::Point point{.kind          = word_of(p.kind),
                                    .condition     = int64_t(k),
                                    .unstable      = p.unstable,
                                    .starts        = p.starts,
                                    .speed         = p.speed,
                                    .time_constant = time_constant(p.multipliers[0], d.dt),
                                    .place         = d.components.project(p.state, axes)};
      for (size_t e = 0; e < std::min(kDrawnValues, p.multipliers.size()); ++e) {
        point.re.push_back(rate_of(p.multipliers[e], d.dt).real());
        point.im.push_back(rate_of(p.multipliers[e], d.dt).imag());
      }
      space.points.push_back(std::move(point));
    }
    std::vector<std::string> counts;
    for (const auto& [what, kinds] : kCounted)
      if (const auto n = std::ranges::count_if(
              under.found.points, [&, &k = kinds](const FixedPoint& p) { return std::ranges::count(k, p.kind) > 0; }))
        counts.push_back(fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"));
    if (!counts.empty()) found.push_back(fmt::format("{}: {}", space.conditions.back().name, join(counts)));
  }
  report.summary = fmt::format("{} of the variance of {} numbers lies in {}.",
                               percent(explained[0] + (d.size > 1 ? explained[1] : 0)), grouped(int64_t(d.size)),
                               d.size > 1 ? "two directions" : "one direction");
  if (!found.empty()) report.summary += fmt::format(" Points of rest under {}.", join(found, "; under "));
  report.state_space.push_back(std::move(space));
  return report;
}

}  // namespace dynode
