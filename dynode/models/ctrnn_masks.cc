#include "dynode/models/ctrnn_masks.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/error.h"
#include "dynode/base/random.h"
#include "dynode/base/text.h"
#include "dynode/wiring/areas.h"

namespace dynode::ctrnn {
namespace {

/// Masks and signs [to, from] as an array (pre, post).
Array turned(const dynode::Mask& mask, const std::vector<int8_t>& sign = {}) {
  std::vector<double> values(mask.on.size());
  for (size_t i = 0; i < mask.to; ++i)
    for (size_t j = 0; j < mask.from; ++j)
      values[j * mask.to + i] = mask(i, j) ? (sign.empty() ? 1.0 : double(sign[j])) : 0.0;
  return {{int64_t(mask.from), int64_t(mask.to)}, std::move(values)};
}

dynode::Mask rows_of(size_t to, size_t from, const std::vector<uint8_t>& on) {
  dynode::Mask mask(to, from);
  for (size_t i = 0; i < to; ++i)
    for (size_t j = 0; j < from; ++j) mask(i, j) = on[i];
  return mask;
}

dynode::Mask columns_of(size_t to, size_t from, const std::vector<uint8_t>& on) {
  dynode::Mask mask(to, from);
  for (size_t i = 0; i < to; ++i)
    for (size_t j = 0; j < from; ++j) mask(i, j) = on[j];
  return mask;
}

void check(const Dims& dims) {
  if (dims.input < 1 || dims.hidden < 1 || dims.output < 1)
    throw SpecError({{}, 0, 0, "dims"},
                    fmt::format("[{}, {}, {}] are no sizes of layers", dims.input, dims.hidden, dims.output),
                    "give three positive numbers: input, hidden, output");
}

/// Hidden units that have an entry in a mask.
void note_units(NetworkMasks& m) {
  const std::vector<double> in = m.masks.input->as_double(), out = m.masks.readout->as_double();
  m.input_units.clear(), m.readout_units.clear();
  for (int64_t u = 0; u < m.dims.hidden; ++u) {
    bool input = false, readout = false;
    for (int64_t c = 0; c < m.dims.input; ++c) input |= in[size_t(c * m.dims.hidden + u)] != 0;
    for (int64_t c = 0; c < m.dims.output; ++c) readout |= out[size_t(u * m.dims.output + c)] != 0;
    if (input) m.input_units.push_back(u);
    if (readout) m.readout_units.push_back(u);
  }
}

NetworkMasks areas(const MultiAreaEIOptions& o, bool signs) {
  check(o.dims);
  const At   at{{}, 0, 0, signs ? "multi_area_ei" : "multi_area"};
  const auto hidden = size_t(o.dims.hidden), inputs = size_t(o.dims.input), outputs = size_t(o.dims.output);
  const std::vector<size_t> sizes = area_sizes(hidden, o.n_areas, at);
  if (signs && !(o.exc_pct >= 0 && o.exc_pct <= 1))
    throw SpecError(at, fmt::format("exc_pct is {}", o.exc_pct), "a share is 0 to 1");
  if (o.inter_area_connections.size() != 4)
    throw SpecError(at, fmt::format("inter_area_connections has {} switches", o.inter_area_connections.size()),
                    "give four: ee, ei, ie, ii");
  const auto&               on   = o.inter_area_connections;
  const std::vector<int8_t> sign = signs ? area_signs(sizes, o.exc_pct) : std::vector<int8_t>();
  const std::vector<double> only = {0};   // a single area has everything
  const auto in  = units_of_areas(sizes, sizes.size() == 1 ? only : o.input_areas, "input_areas", at);
  auto       out = units_of_areas(sizes, sizes.size() == 1 ? only : o.readout_areas, "readout_areas", at);
  for (size_t u = 0; u < hidden && signs && !o.inh_readout; ++u) out[u] &= sign[u] > 0;
  Random random(o.seed, "multi_area");
  const dynode::Mask between =
      connect_areas(sizes, o.area_connectivities, sign, {on[0], on[1], on[2], on[3]}, random, at);
  NetworkMasks m;
  m.dims  = o.dims;
  m.masks = {turned(rows_of(hidden, inputs, in)), turned(between, sign),
             turned(columns_of(outputs, hidden, out), sign)};
  m.sizes.assign(sizes.begin(), sizes.end());
  note_units(m);
  return m;
}

}  // namespace

EntryMasks NetworkMasks::sparsity() const {
  const auto support = [](const EntryMask& mask) -> EntryMask {
    if (!mask) return std::nullopt;
    std::vector<double> on = mask->as_double();
    for (double& x : on) x = x != 0;
    return Array{mask->shape, std::move(on)};
  };
  return {support(masks.input), support(masks.hidden), support(masks.readout)};
}

std::vector<int64_t> NetworkMasks::non_input_units() const {
  std::vector<int64_t> units;
  for (int64_t u = 0; u < dims.hidden; ++u)
    if (!std::ranges::binary_search(input_units, u)) units.push_back(u);
  return units;
}

std::map<std::string, std::vector<int64_t>> NetworkMasks::areas() const {
  std::map<std::string, std::vector<int64_t>> all;
  for (size_t k = 0; k < sizes.size(); ++k) all[fmt::format("area_{}", k + 1)] = area_units(int64_t(k));
  if (sizes.empty() && !input_units.empty()) all["area_input"] = input_units;
  if (sizes.empty() && !readout_units.empty()) all["area_readout"] = readout_units;
  return all;
}

std::vector<int64_t> NetworkMasks::area_units(int64_t area) const {
  if (area < 0 || area >= int64_t(sizes.size()))
    throw SpecError({{}, 0, 0, "area"}, fmt::format("there is no area {}", area),
                    fmt::format("there are {}, counted from 0", sizes.size()));
  int64_t first = 0;
  for (int64_t k = 0; k < area; ++k) first += sizes[size_t(k)];
  std::vector<int64_t> units;
  for (int64_t u = 0; u < sizes[size_t(area)]; ++u) units.push_back(first + u);
  return units;
}

std::vector<int64_t> NetworkMasks::area_units(const std::string& name) const {
  const auto all = areas();
  if (const auto found = all.find(name); found != all.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& entry : all) names.push_back(entry.first);
  throw SpecError({{}, 0, 0, "area"}, fmt::format("there is no area '{}'", name),
                  did_you_mean(name, names, "there are"));
}

std::string NetworkMasks::description() const {
  const auto density = [](const EntryMask& mask) {
    const std::vector<double> on = mask->as_double();
    return double(std::ranges::count_if(on, [](double x) { return x != 0; })) / double(on.size());
  };
  std::string text = fmt::format("| dims:            [{}, {}, {}]\n", dims.input, dims.hidden, dims.output);
  text += fmt::format("| input density:   {:.3g}\n| hidden density:  {:.3g}\n| readout density: {:.3g}\n",
                      density(masks.input), density(masks.hidden), density(masks.readout));
  for (const auto& [name, units] : areas()) text += fmt::format("| {}: {} units\n", name, units.size());
  return text;
}

NetworkMasks multi_area(const MultiAreaOptions& o) {
  return areas({.dims = o.dims, .n_areas = o.n_areas, .area_connectivities = o.area_connectivities,
                .input_areas = o.input_areas, .readout_areas = o.readout_areas, .seed = o.seed}, false);
}

NetworkMasks multi_area_ei(const MultiAreaEIOptions& o) { return areas(o, true); }

NetworkMasks multi_io(const MultiIOOptions& o) {
  check(o.dims);
  const auto hidden = size_t(o.dims.hidden), outputs = size_t(o.dims.output);
  const dynode::Mask in =
      connect_groups(size_t(o.dims.input), hidden, o.input_dims, o.input_table, {{}, 0, 0, "multi_io.input"});
  const dynode::Mask by_unit =
      connect_groups(outputs, hidden, o.readout_dims, o.readout_table, {{}, 0, 0, "multi_io.readout"});
  dynode::Mask       out(outputs, hidden);
  for (size_t i = 0; i < outputs; ++i)
    for (size_t j = 0; j < hidden; ++j) out(i, j) = by_unit(j, i);
  NetworkMasks m;
  m.dims  = o.dims;
  m.masks = {turned(in), turned(dynode::Mask(hidden, hidden, true)), turned(out)};
  note_units(m);
  return m;
}

NetworkMasks random_input(const RandomInputOptions& o) {
  check(o.dims);
  const At at{{}, 0, 0, "random_input"};
  if (!(o.hidden_spar >= 0 && o.hidden_spar <= 1))
    throw SpecError(at, fmt::format("hidden_spar is {}", o.hidden_spar), "a density is 0 to 1");
  const auto  hidden = size_t(o.dims.hidden), inputs = size_t(o.dims.input), outputs = size_t(o.dims.output);
  Random      draw(o.seed, "chosen units"), entries(o.seed, "hidden");
  const ChosenUnits units = choose_units(hidden, o.input_spar, o.readout_spar, o.overlap, draw, at);
  dynode::Mask between(hidden, hidden);
  for (uint8_t& on : between.on) on = entries.uniform() < o.hidden_spar;
  NetworkMasks m;
  m.dims  = o.dims;
  m.masks = {turned(rows_of(hidden, inputs, units.input)), turned(between),
             turned(columns_of(outputs, hidden, units.readout))};
  note_units(m);
  return m;
}

AreaManager::AreaManager(const NetworkMasks& masks) {
  for (size_t k = 0; k < masks.sizes.size(); ++k) areas_.push_back(masks.area_units(int64_t(k)));
  if (masks.sizes.empty()) areas_ = {masks.input_units, masks.readout_units};
}

const std::vector<int64_t>& AreaManager::area(size_t k) const {
  if (k >= areas_.size())
    throw SpecError({{}, 0, 0, "area"}, fmt::format("there is no area {}", k),
                    fmt::format("there are {}, counted from 0", areas_.size()));
  return areas_[k];
}

std::vector<Array> AreaManager::split_states(const Array& states) const {
  std::vector<Array> parts;
  for (size_t k = 0; k < areas_.size(); ++k) parts.push_back(get_area_states(states, k));
  return parts;
}

Array AreaManager::get_area_states(const Array& states, size_t k) const {
  const std::vector<int64_t>& units = area(k);
  if (states.shape.empty()) throw ShapeError("states", {-1}, states.shape);
  const int64_t width = states.shape.back();
  for (const int64_t u : units)
    if (u < 0 || u >= width)
      throw ShapeError(fmt::format("states: area {} has unit {}, but there are {} units", k, u, width));
  const std::vector<double> all = states.as_double();
  std::vector<double>       part;
  for (size_t at = 0; at < all.size(); at += size_t(width))
    for (const int64_t u : units) part.push_back(all[at + size_t(u)]);
  std::vector<int64_t> shape = states.shape;
  shape.back() = int64_t(units.size());
  return {std::move(shape), std::move(part)};
}

std::vector<int64_t> AreaManager::random_indices(size_t k, size_t n, uint64_t seed, bool replace) const {
  const std::vector<int64_t>& units = area(k);
  Random                      random(seed, "area indices");
  std::vector<int64_t>        drawn;
  if (replace && !units.empty()) {
    for (size_t i = 0; i < n; ++i) drawn.push_back(units[random.integer(units.size())]);
    std::ranges::sort(drawn);
  } else {
    for (const size_t i : random.choose(units.size(), std::min(n, units.size()))) drawn.push_back(units[i]);
  }
  return drawn;
}

}  // namespace dynode::ctrnn
