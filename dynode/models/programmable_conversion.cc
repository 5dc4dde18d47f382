#include "dynode/models/programmable_conversion.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/entries.h"
#include "dynode/base/text.h"
#include "dynode/plan/arguments.h"
#include "dynode/plan/programmable.h"

namespace dynode {
namespace {

constexpr size_t kPoints = 1201;   // of J from −0.5 to 0.5

/// j_out that WICC has by itself at a target with n edges.
double wicc_coupling(double n) { return 2.5e-10 / (40e-12 * n + 3.35e-10); }

const ProgrammableMode& find_mode(const std::string& name) {
  return find_entry(programmable_modes(), "mode of programmable connections", name, {});
}

Value with_half_flux(Value params) {
  if (params.is_null()) params = Value::map();
  if (!params.has("half_flux_offset")) params.set("half_flux_offset", true);
  return params;
}

}  // namespace

double GainBranch::invert(double wanted, bool& clipped) const {
  const bool   rises = gain.back() > gain.front();
  const double low = std::min(gain.front(), gain.back()), high = std::max(gain.front(), gain.back());
  clipped      = wanted < low || wanted > high;
  wanted       = std::clamp(wanted, low, high);
  const auto before = [&](double a, double b) { return rises ? a < b : a > b; };
  const auto next   = std::lower_bound(gain.begin(), gain.end(), wanted, before);
  const auto k      = size_t(std::max<ptrdiff_t>(next - gain.begin(), 1));
  return std::lerp(J[k - 1], J[k], (wanted - gain[k - 1]) / (gain[k] - gain[k - 1]));
}

GainBranch measure_gain(const std::string& mode, const Value& params, double flux, double dt, const std::string& rate_table) {
  const ProgrammableMode& kind      = find_mode(mode);
  Value                   given     = params.is_null() ? Value::map() : params;
  const Arguments         arguments = check_arguments(kind.name, kind.facts, given);
  given.set("j_out", 1.0);
  const bool   wicc = std::string_view(kind.name) == "WICC";
  const double time = wicc ? 1 / arguments.number("gamma_minus")
                           : (arguments.number("beta") + 2 * arguments.number("beta_out")) / std::max(arguments.number("alpha"), 1e-9);
  const auto   steps = size_t(std::clamp(std::ceil(30 * time / dt), 50.0, 20000.0));
  const double j_in = arguments.number("j_in");
  if (j_in == 0 || !(flux > 0)) throw SpecError({}, "a gain needs a small input above 0, and a j_in that is not 0");

  // one edge per target, each with another weight
  Spec spec;
  spec.simulation.dt         = dt;
  spec.simulation.rate_table = rate_table;
  spec.layers.push_back({.layer_id = 0, .layer_type = "Linear", .params = Value::map({{"dim", 1}})});
  spec.layers.push_back({.layer_id = 1, .layer_type = "Linear", .params = Value::map({{"dim", int64_t(kPoints)}})});
  ConnectionSpec edge{.from_layer = 0, .to_layer = 1, .connection_type = "dense"};
  edge.mode              = kind.name;
  edge.connection_params = given;
  spec.connections.push_back(edge);
  Model               model = Model::from_spec(spec, {.precision = Precision::float64});
  std::vector<double> J(kPoints), x(steps, flux / j_in);
  for (size_t k = 0; k < kPoints; ++k) J[k] = -0.5 + double(k) / double(kPoints - 1);
  model.set_parameter("J_0_to_1", {{int64_t(kPoints), 1}, J});
  const Results             run = model.simulate(Array{{1, int64_t(steps), 1}, x}, {.record = {}, .track = false});
  const std::vector<double> out = run.at("output").as_double();
  std::vector<double>       gain(kPoints);
  for (size_t k = 0; k < kPoints; ++k) gain[k] = out[steps * kPoints + k] * j_in / flux;

  // the branch through 0
  const size_t middle = kPoints / 2;
  const bool   rises  = gain[middle + 1] > gain[middle - 1];
  const auto   goes_on = [&](size_t from, size_t to) { return rises ? gain[to] > gain[from] : gain[to] < gain[from]; };
  size_t       first = middle, last = middle;
  while (last + 1 < kPoints && goes_on(last, last + 1)) ++last;
  while (first > 0 && goes_on(first - 1, first)) --first;
  if (last - first < 2) throw SpecError({}, fmt::format("{} has no gain around J = 0", kind.name), "give it another bias_current, or half_flux_offset");
  GainBranch branch;
  branch.J.assign(J.begin() + ptrdiff_t(first), J.begin() + ptrdiff_t(last + 1));
  branch.gain.assign(gain.begin() + ptrdiff_t(first), gain.begin() + ptrdiff_t(last + 1));
  return branch;
}

ProgrammableNetwork make_programmable(const Model& model, const ProgrammableOptions& options) {
  const Plan&             plan   = model.plan();
  const ProgrammableMode& kind   = find_mode(options.mode);
  const Value             params = with_half_flux(options.params);
  const GainBranch        branch = measure_gain(kind.name, params, options.flux, plan.spec.simulation.dt.value_or(37), plan.spec.simulation.rate_table);
  const Arguments         arguments = check_arguments(kind.name, kind.facts, params);
  const bool by_fan_in = std::string_view(kind.name) == "WICC" && !(arguments.has("j_out") && !std::isnan(arguments.number("j_out")));
  const double j_out   = by_fan_in ? 1 : arguments.number("j_out");

  ProgrammableNetwork      result{.model = model.stored(), .connections = {}};
  std::vector<std::string> known;
  for (ConnectionSpec& c : result.model.spec.connections) {
    const std::string name = fmt::format("J_{}_to_{}", c.from_layer, c.to_layer);
    if (!c.mode.empty() && c.mode != "fixed") continue;
    const int block = plan.parameters.find(name);
    if (block < 0) continue;
    known.push_back(name);
    if (!options.connections.empty() && std::ranges::find(options.connections, name) == options.connections.end()) continue;

    const Block&        b = plan.parameters[block];
    const size_t        width = b.shape[1];
    std::vector<double> W = model.parameter(name).as_double();
    ConvertedConnection converted{.name = name};
    converted.low  = std::min(branch.gain.front(), branch.gain.back()) * j_out;
    converted.high = std::max(branch.gain.front(), branch.gain.back()) * j_out;
    double least = 1e300;
    for (size_t row = 0; row < b.shape[0]; ++row) {
      double n = 0;
      for (size_t j = 0; j < width; ++j) n += b.mask.empty() || b.mask[row * width + j];
      const double coupling = by_fan_in ? wicc_coupling(n) : j_out;
      least                 = std::min(least, coupling);
      for (size_t i = row * width; i < (row + 1) * width; ++i) {
        if (!b.mask.empty() && !b.mask[i]) continue;
        bool clipped = false;
        W[i]         = branch.invert(W[i] / coupling, clipped);
        ++converted.weights, converted.clipped += clipped;
      }
    }
    if (by_fan_in) converted.low *= least, converted.high *= least;
    result.connections.push_back(converted);
    if (converted.clipped > 0)
      result.model.notes.push_back(fmt::format("{}: {} of {} weights are beyond the gains there are, {:.3g} to {:.3g}, and were clipped",
                                               name, converted.clipped, converted.weights, converted.low, converted.high));
    if (c.params.erase("constraints"))
      result.model.notes.push_back(fmt::format("{}: its box was one of weights, not of flux, and is gone", name));
    c.mode              = kind.name;
    c.connection_params = params;
    result.model.set(name, {{int64_t(b.shape[0]), int64_t(width)}, std::move(W)});
  }
  for (const std::string& name : options.connections)
    if (std::ranges::find(known, name) == known.end())
      throw SpecError({}, fmt::format("there is no fixed connection '{}'", name), did_you_mean(name, known, "there are"));
  if (result.connections.empty()) throw SpecError({}, "the network has no fixed connections");
  Model::from_stored(result.model, {.precision = model.precision()});   // says what cannot be programmable
  return result;
}

}  // namespace dynode
