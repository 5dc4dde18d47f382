// Spikes: connections that hand on events after a delay, and what cells derive from their parameters.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/plan/compiler.h"
#include "dynode/plan/pattern.h"

namespace dynode {
namespace {

/// Types of cells for which `has` holds.
template <class Has>
std::string cells_that(const Has& has) {
  std::vector<std::string> names;
  for (const CellEntry& cell : cells())
    if (has(cell)) names.push_back(cell.name);
  return "there are: " + join(names);
}

}  // namespace

void Compiler::check_derived(const LayerSpec& spec, const LayerPlan& layer) const {
  if (!layer.cell->derive || layer.is_input) return;
  std::vector<double> params(layer.params.size()), constants(layer.constants.size());
  for (size_t u = 0; u < layer.units; ++u) {
    for (size_t p = 0; p < params.size(); ++p) params[p] = initial_[size_t(layer.params[p])].second[u];
    if (const char* wrong = layer.cell->derive(params.data(), layer.dt, layer.settings.data(), constants.data())) {
      std::vector<std::string> given;
      for (size_t p = 0; p < params.size(); ++p)
        given.push_back(fmt::format("{} {}", layer.cell->params[p].name, params[p]));
      throw SpecError(spec.at, fmt::format("unit {} of layer {}: {}", u, layer.layer_id, wrong),
                      "it has " + join(given));
    }
  }
}

int Compiler::delay_steps(const ConnectionSpec& c) const {
  if (!c.delay) return 1;
  const double steps = *c.delay / dt_, whole = std::round(steps);
  if (whole < 1 || std::abs(steps - whole) > 1e-6)
    throw SpecError(c.at, fmt::format("a delay of {} is {:.7g} steps of {}", *c.delay, steps, dt_),
                    "spikes need one step or more, and whole steps");
  const double room = whole * double(units_of(c.from_layer));
  if (room > 1e9)
    throw SpecError(c.at, fmt::format("a delay of {} steps is too long for {} units", whole, units_of(c.from_layer)),
                    "at most 1e9 spikes can be on their way");
  return int(whole);
}

ConnectionPlan Compiler::spike_connection(const ConnectionSpec& c, const ConnectionParams& p) const {
  const int        from = layer_position(c.from_layer), to = layer_position(c.to_layer);
  const LayerPlan &source = plan_.layers[size_t(from)], &target = plan_.layers[size_t(to)];
  if (!source.cell->fires)
    throw SpecError(c.at, fmt::format("layer {} ({}) sends no spikes", c.from_layer, source.cell->name),
                    "layers that fire " + cells_that([](const CellEntry& cell) { return cell.fires; }));
  if (target.cell->arrivals.state < 0)
    throw SpecError(c.at, fmt::format("layer {} ({}) takes no spikes", c.to_layer, target.cell->name),
                    "layers that take them " +
                        cells_that([](const CellEntry& cell) { return cell.arrivals.state >= 0; }));
  if (target.cell->inhibitory.state >= 0 && plan_.spec.simulation.input_type != InputType::none)
    throw SpecError(c.at, fmt::format("spikes arrive at layer {} ({}) by the sign of their weights, which networks with an "
                                      "input array cannot do", c.to_layer, target.cell->name),
                    "give simulation.input_type: none and drives, or use LIF");
  if (c.lag) throw SpecError(c.at, "spike connections have a delay instead of a lag", "remove 'lag'");
  if (p.bias != "none") throw SpecError(c.at, "spike connections have no bias", "remove 'bias'");
  if (const Value* port = p.rest.find("port")) port->fail("spikes do not arrive at a port", "remove 'port'");
  if (!p.mode_params.empty()) p.mode_params.fail("mode spike has no parameters", "remove 'connection_params'");
  return {.name = name_of(c), .from = from, .to = to, .port = 0, .lag = 1, .delay = delay_steps(c)};
}

void Compiler::add_spikes(const ConnectionSpec& c, const ConnectionParams& p) {
  ConnectionPlan k    = spike_connection(c, p);
  const Mask     mask = draw_mask(c, p);
  k.weights    = add_weights(c, p, mask);
  k.transposed = std::make_shared<const SparsePattern>(transposed(pattern_of(mask), mask.from));
  plan_.connections.push_back(std::move(k));
}

}  // namespace dynode
