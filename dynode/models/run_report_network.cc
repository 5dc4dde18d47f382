// The network of a run: its picture, and the distributions of what it learnt.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <tuple>

#include "dynode/base/display.h"
#include "dynode/models/run_report-internal.h"
#include "dynode/plan/spiking.h"
#include "dynode/models/wiring_drawing.h"
#include "dynode/sources/source.h"

namespace dynode {
namespace {

constexpr size_t kBins       = 40;
constexpr size_t kNameLength = 40;  // longer descriptions are no names

std::string number(double x) { return fmt::format("{:.4g}", x); }

std::string span_of(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return number(*low) == number(*high) ? number(*low) : number(*low) + " … " + number(*high);
}

std::string description_of(const Plan& plan, const LayerPlan& layer) {
  const LayerSpec* spec = plan.spec.layer(layer.layer_id);
  return spec && layer.name == std::to_string(layer.layer_id) ? spec->description : "";
}

/// Whether people wrote this layer, or it is part of one they wrote (1.input); else it is part of a connection.
bool is_drawn(const LayerPlan& layer) {
  const std::string id = std::to_string(layer.layer_id);
  return layer.name == id || layer.name.starts_with(id + ".");
}

ReportLayer drawn_layer(const Plan& plan, size_t i, const Model& model) {
  const LayerPlan& l = plan.layers[i];
  ReportLayer      layer{.id     = l.layer_id,
                         .name   = layer_name(plan, l),
                         .type   = type_of(plan, l),
                         .source = l.source < 0 ? "" : source_functions()[size_t(l.source)].name,
                         .units  = int64_t(l.units),
                         .dt     = l.is_input ? kNotMeasured : l.dt,
                         .facts  = {}};
  for (size_t s = 0; s < plan.stages.size(); ++s)
    if (std::ranges::count(plan.stages[s].layers, int(i)))
      layer.stage = int(s) + 1, layer.stepwise = plan.stages[s].recurrent;
  if (const std::string words = description_of(plan, l); words != layer.name && !words.empty())
    layer.facts.emplace_back("description", words);
  if (l.is_input) layer.facts.emplace_back("role", "holds the input");
  if (l.takes_flux) layer.facts.emplace_back("role", "the input is added to its drive");
  for (size_t p = 0; p < l.params.size(); ++p) {
    const Block&      block = plan.parameters[l.params[p]];
    const ParamFacts& facts = l.cell->params[p];
    layer.facts.emplace_back(
        facts.name, fmt::format("{}{}{}{}", span_of(model.parameter(block.name).as_double()), facts.unit[0] ? " " : "",
                                facts.unit, block.learnable ? "" : ", fixed"));
  }
  return layer;
}

/// "sparse", "dense, WICC"; weights of recurrent cores are dense.
std::string kind_of(const Plan& plan, const std::string& connection) {
  for (const ConnectionSpec& spec : plan.spec.connections)
    if (fmt::format("J_{}_to_{}", spec.from_layer, spec.to_layer) == connection) {
      const ConnectionParams params = read_connection_params(spec);
      return params.structure + (params.mode == "fixed" ? "" : ", " + params.mode);
    }
  return "dense";
}

ReportConnection drawn_connection(const Plan& plan, const std::string& name, const Block& block) {
  const auto there = block.mask.empty() ? ptrdiff_t(block.size()) : std::ranges::count(block.mask, uint8_t(1));
  return {.name      = name,
          .kind      = kind_of(plan, name),
          .weights   = int64_t(block.size()),
          .present   = int64_t(there),
          .learnable = block.learnable};
}

std::vector<double> present_values(const Block& block, const Model& model) {
  std::vector<double> values = model.parameter(block.name).as_double();
  if (block.mask.empty()) return values;
  size_t kept = 0;
  for (size_t i = 0; i < values.size(); ++i)
    if (block.mask[i]) values[kept++] = values[i];
  values.resize(kept);
  return values;
}

struct Moments {
  double mean, deviation;
};

Moments moments(const std::vector<double>& values) {
  double sum = 0, squares = 0;
  for (double x : values) sum += x;
  const double mean = sum / double(values.size());
  for (double x : values) squares += (x - mean) * (x - mean);
  return {mean, std::sqrt(squares / double(values.size()))};
}

std::vector<int64_t> counts(const std::vector<double>& values, double low, double high, size_t n) {
  std::vector<int64_t> bins(n);
  for (double x : values) ++bins[std::min(n - 1, size_t(std::max(0.0, (x - low) / (high - low) * double(n))))];
  return bins;
}

std::string unit_of(const Plan& plan, int block) {
  for (const LayerPlan& l : plan.layers)
    for (size_t p = 0; p < l.params.size(); ++p)
      if (l.params[p] == block) return l.cell->params[p].unit;
  return {};
}

}  // namespace

std::string type_of(const Plan& plan, const LayerPlan& layer) {
  const LayerSpec* written = plan.spec.layer(layer.layer_id);
  return written && layer.name == std::to_string(layer.layer_id) ? written->layer_type : layer.cell->name;
}

std::string layer_name(const Plan& plan, const LayerPlan& layer) {
  if (layer.name != std::to_string(layer.layer_id)) return layer.name;
  const std::string words = description_of(plan, layer);
  if (!words.empty() && display_width(words) <= kNameLength) return words;
  return layer.is_input ? "input" : "";
}

void add_network(Report& report, const Model& model) {
  const Plan&      plan = model.plan();
  std::vector<int> place;  // of each layer of the plan in the report, -1: inside a connection
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const bool drawn = is_drawn(plan.layers[i]);
    place.push_back(drawn ? int(report.layers.size()) : -1);
    if (drawn) report.layers.push_back(drawn_layer(plan, i, model));
  }

  // ports of a core share one block: one wire each
  std::vector<std::tuple<int, int, int>> seen;
  for (const ConnectionPlan& c : plan.connections) {
    const int  from = place[size_t(c.from)], to = place[size_t(c.to)];
    if (c.synapses) {                 // a rule, no weights
      const auto there = int64_t(c.synapses->expected());
      ReportConnection& drawn = report.connections.emplace_back(ReportConnection{
          .name = c.name, .kind = "spikes", .weights = there, .present = there, .learnable = false});
      drawn.from = from, drawn.to = to, drawn.lag = c.lag;
      continue;
    }
    const bool list = c.weights < 0;  // constants
    if (list && c.sparse->column.empty()) continue;
    if (!list && std::ranges::count(seen, std::tuple(c.weights, c.from, c.to))) continue;
    if (!list) seen.emplace_back(c.weights, c.from, c.to);
    if (from >= 0 && to >= 0) {
      const auto        entries = list ? int64_t(c.sparse->column.size()) : 0;
      ReportConnection& drawn =
          report.connections.emplace_back(list ? ReportConnection{.name      = c.name,
                                                                  .kind      = "constant",
                                                                  .weights   = entries,
                                                                  .present   = entries,
                                                                  .learnable = false}
                                               : drawn_connection(plan, c.name, plan.parameters[c.weights]));
      if (!list && c.columns) {   // its part of the block
        const WeightCount count = plan.count_weights(c);
        drawn.weights = int64_t(count.all), drawn.present = int64_t(count.present);
      }
      drawn.from = from, drawn.to = to, drawn.lag = c.lag;
      continue;
    }

    // a programmable connection begins and ends with lists of its name; it is late if one of them is
    auto drawn = std::ranges::find(report.connections, c.name, &ReportConnection::name);
    if (drawn == report.connections.end()) {
      const int block = plan.parameters.find(c.name);
      expects(block >= 0, "the weights of a programmable connection have its name");
      drawn = report.connections.insert(drawn, drawn_connection(plan, c.name, plan.parameters[block]));
    }
    if (from >= 0) drawn->from = from;
    if (to >= 0) drawn->to = to;
    if (from >= 0 || to >= 0) drawn->lag = std::max(drawn->lag, c.lag);
  }

  constexpr size_t kMostSynapses = 2500;   // more are a blot
  for (const auto& [id, wiring] : wirings_of(model))
    if (wiring.synapses() + wiring.sensory_synapses() <= kMostSynapses)
      report.wirings.push_back(draw_wiring(wiring, {.title = fmt::format("Wiring of layer {}", id)}));
}

void add_histograms(Report& report, const Model& model, const RunDirectory& run) {
  const Plan&          plan = model.plan();
  std::optional<Model> initial;
  if (std::filesystem::exists(run.checkpoint("initial"))) initial = Model::load(run.checkpoint("initial"));
  for (size_t i = 0; i < plan.parameters.blocks().size(); ++i) {
    const Block& block = plan.parameters.blocks()[i];
    if (!block.learnable) continue;
    const std::vector<double> now = present_values(block, model);
    if (now.size() < 2) continue;
    const std::vector<double> before = initial ? present_values(block, *initial) : std::vector<double>();
    double                    low = *std::ranges::min_element(now), high = *std::ranges::max_element(now);
    for (double x : before) low = std::min(low, x), high = std::max(high, x);
    if (high - low <= 1e-12 * std::max(std::abs(low), std::abs(high))) {  // all equal: a bin in the middle
      const double half = low == 0 ? 0.5 : 0.5 * std::abs(low);
      low -= half, high += half;
    }
    const size_t    bins = std::clamp(size_t(2 * std::sqrt(double(now.size()))), size_t(9), kBins);
    ReportHistogram h{.name           = block.name,
                      .unit           = unit_of(plan, int(i)),
                      .low            = low,
                      .high           = high,
                      .counts         = counts(now, low, high, bins),
                      .initial_counts = {}};
    h.mean = moments(now).mean, h.deviation = moments(now).deviation;
    if (!before.empty()) {
      h.initial_counts = counts(before, low, high, bins);
      h.initial_mean = moments(before).mean, h.initial_deviation = moments(before).deviation;
    }
    report.histograms.push_back(std::move(h));
  }
}

}  // namespace dynode
