#include "dynode/learn/objective_network.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace dynode {
namespace {

/// Position of a block among the numbers.
int number_of(ObservedNetwork& net, int block) {
  const auto found = std::ranges::find(net.blocks, block);
  if (found == net.blocks.end()) return net.blocks.push_back(block), int(net.blocks.size()) - 1;
  return int(found - net.blocks.begin());
}

/// Position of a parameter of a layer among the numbers; -1: it has none with a number per unit.
int parameter_of(ObservedNetwork& net, const Plan& plan, const LayerPlan& layer, std::string_view name) {
  const auto& params = layer.cell->params;
  for (size_t p = 0; p < params.size(); ++p) {
    const bool plain = p >= layer.param_entries.size() || layer.param_entries[p].entry.empty();
    if (params[p].name == name && plain && plan.parameters[layer.params[p]].size() == layer.units)
      return number_of(net, layer.params[p]);
  }
  return -1;
}

bool is_link(const Plan& plan, const ConnectionPlan& c) {
  return c.weights >= 0 && c.delay == 0 && c.first_row == 0 && c.name.starts_with("J_") &&
         plan.parameters[c.weights].size() == plan.layers[size_t(c.from)].units * plan.layers[size_t(c.to)].units;
}

}  // namespace

ObservedNetwork observe_network(const Plan& plan, const LossEntry& loss, const Arguments& arguments) {
  std::vector<double> ids;
  if (arguments.has("layer_ids")) ids = arguments.numbers("layer_ids");
  for (const double id : ids)
    if (id != std::floor(id) || std::abs(id) > 1e9 || plan.find_layer(int(id)) < 0)
      throw SpecError({}, fmt::format("loss '{}': layer_ids: there is no layer {}", loss.name, id));

  ObservedNetwork  net;
  std::vector<int> at(plan.layers.size(), -1);
  size_t           units = 0;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const LayerPlan& layer = plan.layers[i];
    const int        id    = layer.layer_id;
    if (plan.find_layer(id) != int(i)) continue;
    at[i] = int(net.layers.size());
    LossNetwork::Layer seen{.layer_id = id, .first = units, .units = layer.units, .dt = layer.dt};
    seen.asked  = !layer.is_input && !layer.cell->static_map && (ids.empty() || std::ranges::find(ids, double(id)) != ids.end());
    seen.fluxes = !layer.takes_flux && plan.find_entrance(id) == int(i) && plan.find_core(id) == int(i);
    seen.offset = parameter_of(net, plan, layer, "phi_offset");
    if (std::string_view(layer.cell->name) == "SingleDendrite") {
      seen.gain = parameter_of(net, plan, layer, "gamma_plus");
      seen.leak = parameter_of(net, plan, layer, "gamma_minus");
    }
    if (plan.dt_block >= 0 && !layer.own_dt) seen.learnt_dt = number_of(net, plan.dt_block);
    units += layer.units;
    net.layers.push_back(int(i));
    net.view.layers.push_back(seen);
  }
  if (std::ranges::none_of(net.view.layers, &LossNetwork::Layer::asked))
    throw SpecError({}, fmt::format("loss '{}': no layer that it looks at has a memory", loss.name));

  for (const ConnectionPlan& c : plan.connections) {
    if (at[size_t(c.to)] < 0) continue;
    LossNetwork::Layer& to = net.view.layers[size_t(at[size_t(c.to)])];
    if (at[size_t(c.from)] < 0 || !is_link(plan, c)) {
      to.fluxes = false;
      continue;
    }
    net.view.links.push_back({.from = size_t(at[size_t(c.from)]), .to = size_t(at[size_t(c.to)]), .lag = size_t(c.lag),
                              .weights = number_of(net, c.weights), .bias = c.bias < 0 ? -1 : number_of(net, c.bias)});
  }
  net.view.numbers.resize(net.blocks.size());
  return net;
}

template <class R>
std::vector<double> acting_weights(const ParameterMap& map, const std::vector<R>& theta, int block) {
  std::vector<R> acting = theta;
  to_effective(map, acting.data());
  const Block&        b = map[block];
  std::vector<double> weights;
  for (size_t k = 0; k < b.size(); ++k) weights.push_back(real_value(b.transform, double(acting[b.offset + k])));
  return weights;
}

template <class R>
void add_acting_slopes(const ParameterMap& map, const std::vector<R>& theta, int block, const std::vector<double>& slopes,
                       R* theta_bar) {
  const Block& b = map[block];
  if (!b.learnable) return;
  std::vector<R> gradient(theta.size());
  for (size_t k = 0; k < slopes.size(); ++k) gradient[b.offset + k] = R(slopes[k]);
  to_stored_gradient(map, theta.data(), gradient.data());
  for (size_t k = 0; k < slopes.size(); ++k) theta_bar[b.offset + k] += gradient[b.offset + k];
}

template std::vector<double> acting_weights(const ParameterMap&, const std::vector<float>&, int);
template std::vector<double> acting_weights(const ParameterMap&, const std::vector<double>&, int);
template void add_acting_slopes(const ParameterMap&, const std::vector<float>&, int, const std::vector<double>&, float*);
template void add_acting_slopes(const ParameterMap&, const std::vector<double>&, int, const std::vector<double>&, double*);

}  // namespace dynode
