#include "dynode/models/criticality.h"

#include <cmath>
#include <fmt/format.h>
#include <limits>

#include "dynode/base/random.h"

namespace dynode {
namespace {

/// Other inputs in the first step alone: what becomes of the distance is the network's own doing.
Array nudged(const Array& x, const CriticalityOptions& options) {
  std::vector<double> values = x.as_double();
  double              mean = 0;
  for (const double v : values) mean += std::abs(v) / double(values.size());
  Random random(options.seed, "criticality");
  const size_t units = size_t(x.shape.back()), steps = size_t(x.shape[x.shape.size() - 2]);
  for (size_t i = 0; i < values.size(); ++i)
    if (i / units % steps == 0) values[i] += options.nudge * mean * random.normal();
  return {x.shape, std::move(values)};
}

/// What each unit's activity weighs where it goes: Σ_i |J_ij| over all connections of weights. Empty: there are none.
std::vector<double> outgoing_weights(const Model& model, int layer) {
  const Plan&         plan = model.plan();
  std::vector<double> sums;
  for (const ConnectionPlan& c : plan.connections) {
    if (c.from != layer || c.weights < 0 || !c.name.starts_with("J_")) continue;
    const std::vector<double> w     = model.parameter(c.name).as_double();
    const size_t              units = plan.layers[size_t(layer)].units;
    sums.resize(units);
    for (size_t i = 0; i < w.size(); ++i) sums[i % units] += std::abs(w[i]);
  }
  return sums;
}

/// [rows][steps] of a history [rows][steps or steps + 1][units]: Σ weight · |value|; the last `steps` entries.
std::vector<double> weighed(const Array& history, size_t steps, const std::vector<double>& weights) {
  const size_t              rows = size_t(history.shape[0]), all = size_t(history.shape[1]), units = size_t(history.shape[2]);
  const std::vector<double> values = history.as_double();
  std::vector<double>       sums(rows * steps);
  for (size_t row = 0; row < rows; ++row)
    for (size_t t = 0; t < steps; ++t)
      for (size_t u = 0; u < units; ++u)
        sums[row * steps + t] += weights[u] * std::abs(values[(row * all + t + all - steps) * units + u]);
  return sums;
}

}  // namespace

std::vector<LayerCriticality> criticality(Model& model, const Array& x, const CriticalityOptions& options) {
  SimulateOptions run{.record = {"s", "phi"}, .track = false, .stop_early = false};
  run.noise.on = false;
  const Results one = model.simulate(x, run), twin = model.simulate(nudged(x, options), run);

  std::vector<LayerCriticality> layers;
  const Plan&                   plan = model.plan();
  for (const LayerSpec& spec : plan.spec.layers) {
    const int        at    = plan.find_layer(spec.layer_id);
    const LayerPlan& layer = plan.layers[size_t(at)];
    const Array*     s     = one.find(fmt::format("s/{}", spec.layer_id));
    if (layer.is_input || layer.cell->static_map || !s) continue;
    const size_t rows = size_t(s->shape[0]), steps = one.steps, units = size_t(s->shape[2]);
    const std::vector<double> states = s->as_double(), others = twin.at(fmt::format("s/{}", spec.layer_id)).as_double();

    const Array*              phi = one.find(fmt::format("phi/{}", spec.layer_id));
    const std::vector<double> out = outgoing_weights(model, at);
    const double branching = !phi || out.empty() || layer.incoming.empty()
                                 ? std::numeric_limits<double>::quiet_NaN()
                                 : branching_ratio(weighed(*s, steps, out), weighed(*phi, steps, std::vector<double>(units, 1)));
    layers.push_back({.layer_id = spec.layer_id,
                      .branching = branching,
                      .susceptibility = susceptibility(states, rows, steps + 1, units),
                      .log_expansion = log_expansion(states, others, rows, steps + 1, units),
                      .avalanches = avalanches(states, rows, steps + 1, units, options.threshold)});
  }
  return layers;
}

}  // namespace dynode
