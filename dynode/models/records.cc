#include "dynode/models/records.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>

#include "dynode/analysis/power.h"
#include "dynode/base/text.h"

namespace dynode {
namespace {

bool is_whole(const LayerPlan& l) { return l.name == std::to_string(l.layer_id); }

/// "power/3" where layer 3 is there but has none: the layer, else null.
const LayerPlan* powerless(const Plan& plan, const std::string& wish) {
  const size_t slash = wish.find('/');
  if (slash == wish.npos || !find_power_quantity(wish.substr(0, slash))) return nullptr;
  for (const LayerPlan& l : plan.layers)
    if (l.name == wish.substr(slash + 1) && is_whole(l) && !has_power(l)) return &l;
  return nullptr;
}

}  // namespace

bool is_memory(const LayerPlan& l) { return l.name == std::to_string(l.layer_id) + ".memory"; }

int find_observable(const LayerPlan& layer, std::string_view name) {
  const auto& all = layer.cell->observables;
  for (size_t i = 0; i < all.size(); ++i)
    if (name == all[i]) return int(i);
  return -1;
}

bool has_power(const LayerPlan& layer) {
  return !layer.is_input && find_observable(layer, "power_bias_dimensionless") >= 0;
}

std::vector<Recordable> recordables(const Plan& plan) {
  using What = Recordable::What;
  std::vector<Recordable> list;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const LayerPlan&  l  = plan.layers[i];
    const std::string id = std::to_string(l.layer_id);
    const bool whole = is_whole(l), front = l.name == id + ".input", core = l.name == id + ".core";
    if (whole) list.push_back({"s/" + id, "s", What::state, int(i), l.cell->output});
    if (whole && l.cell->fires) list.push_back({"spikes/" + id, "spikes", What::spikes, int(i), l.cell->output});
    if (whole || core || is_memory(l))
      for (size_t s = 0; s < l.cell->states.size(); ++s)
        if (is_memory(l) ? !l.cell->states[s].memoryless : core || int(s) != l.cell->output)
          list.push_back(
              {fmt::format("state/{}/{}", id, l.cell->states[s].name), "state", What::state, int(i), int(s)});
    if (l.is_input || !(whole || front || core)) continue;   // the rest is inside a connection
    const LayerSpec* spec = plan.spec.layer(l.layer_id);
    if (spec && find_cell(spec->layer_type)->takes_sources && l.cell->static_map) continue;   // only gathers or selects
    for (size_t o = 0; o < l.cell->observables.size(); ++o)
      list.push_back(
          {fmt::format("{}/{}", l.cell->observables[o], id), l.cell->observables[o], What::observable, int(i), int(o)});
    if (!has_power(l)) continue;
    for (size_t q = 0; q < power_quantities().size(); ++q) {
      const char* name = power_quantities()[q].name;
      if (find_observable(l, name) < 0)
        list.push_back({fmt::format("{}/{}", name, id), name, What::power, int(i), int(q)});
    }
  }
  return list;
}

std::vector<std::string> tracked(const Plan& plan) {
  const SimulationSpec&    s = plan.spec.simulation;
  std::vector<std::string> wishes;
  if (s.track_phi) wishes.push_back("phi");
  if (s.track_g) wishes.push_back("g");
  if (s.track_s) wishes.push_back("s");
  if (s.track_power) wishes.insert(wishes.end(), {"power", "power_bias", "power_diss", "energy_bias", "energy_diss"});
  return wishes;
}

namespace {

/// Units first … end − 1 of a wish that ends like [0:10], which is cut off; nothing: all.
std::optional<std::pair<size_t, size_t>> cut_units(std::string& wish) {
  const size_t open = wish.find('[');
  if (open == wish.npos) return std::nullopt;
  const std::string text = wish.substr(open);
  size_t first = 0, end = 0;
  int    used  = 0;
  const bool one   = std::sscanf(text.c_str(), "[%zu]%n", &first, &used) == 1 && size_t(used) == text.size();
  const bool range = !one && std::sscanf(text.c_str(), "[%zu:%zu]%n", &first, &end, &used) == 2 && size_t(used) == text.size();
  if (one) end = first + 1;
  if ((!one && !range) || end <= first)
    throw SpecError({}, fmt::format("'{}' does not say which units", wish), "write state/0/V[0:10] for units 0 … 9, or state/0/V[3]");
  wish.resize(open);
  return std::pair(first, end);
}

}  // namespace

std::vector<Recordable> choose_records(const Plan& plan, const std::vector<std::string>& wishes,
                                       std::vector<std::string>& warnings) {
  using What = Recordable::What;
  const std::vector<Recordable> all = recordables(plan);
  std::vector<Recordable>       chosen;
  std::vector<const LayerPlan*> without;   // power
  for (std::string wish : wishes) {
    bool       found = false;
    const auto units = cut_units(wish);
    for (Recordable r : all)
      if (wish == r.name || wish == r.kind) {
        if (units) {
          const size_t has = plan.layers[size_t(r.layer)].units;
          if (r.what != What::state || units->second > has)
            throw SpecError({}, fmt::format("{} has no units {}:{} to record", r.name, units->first, units->second),
                            r.what == What::state ? fmt::format("it has {}", has) : std::string("only states are recorded unit by unit"));
          r.first = units->first, r.count = units->second - units->first;
          r.name += fmt::format("[{}:{}]", units->first, units->second);
        }
        const bool twice = std::any_of(chosen.begin(), chosen.end(), [&](const auto& c) { return c.name == r.name; });
        found = true;
        if (!twice) chosen.push_back(r);
      }
    // power is of dendrites alone
    if (const LayerPlan* l = powerless(plan, wish)) without.push_back(l), found = true;
    if (find_power_quantity(wish))
      for (const LayerPlan& l : plan.layers)
        if (is_whole(l) && !l.is_input && !has_power(l)) without.push_back(&l), found = true;
    // some networks have none of a kind
    std::vector<std::string> known = {"s", "state", "phi", "g", "spikes", "output"};
    const auto asked = tracked(plan);  // by the spec, which may serve other networks, too
    const bool alone = plan.spiking && std::find(asked.begin(), asked.end(), wish) == asked.end();
    if (found || (!alone && (find_power_quantity(wish) || std::find(known.begin(), known.end(), wish) != known.end()))) continue;
    if (alone) known = {"spikes", "s", "state"};  // there is no drive to look at, and no output
    for (const Recordable& r : all)
      if (!find_power_quantity(r.kind)) known.push_back(r.name);
    if (std::any_of(plan.layers.begin(), plan.layers.end(), has_power))
      for (const PowerQuantity& q : power_quantities()) known.push_back(q.name);
    throw SpecError({}, fmt::format("'{}' cannot be recorded", wish), did_you_mean(wish, known, "there are"));
  }

  std::vector<std::string> names;
  for (const LayerPlan& l : plan.layers)
    if (std::find(without.begin(), without.end(), &l) != without.end())
      names.push_back(fmt::format("{} ({})", l.layer_id, l.cell->name));
  if (!names.empty())
    warnings.push_back(fmt::format("layer{} {} {} no power: that of SingleDendrite is known, others count as 0",
                                   names.size() == 1 ? "" : "s", join(names), names.size() == 1 ? "has" : "have"));
  return chosen;
}

}  // namespace dynode
