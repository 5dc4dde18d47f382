// Areas, groups and chosen units: what the structures of area_structures.cc and builders share.
#include "dynode/wiring/areas.h"

#include <cmath>
#include <fmt/format.h>

namespace dynode {
namespace {

bool is_count(double x) { return x >= 1 && x == std::floor(x) && x < 1e9; }

}  // namespace

std::vector<size_t> area_sizes(size_t units, std::span<const double> areas, const At& at) {
  if (areas.empty()) throw SpecError(at, "there are no areas", "give their number, or their sizes");
  size_t sum = 0;
  for (const double x : areas) {
    if (!is_count(x))
      throw SpecError(at, fmt::format("{} is no number of areas or units", x), "whole numbers from 1 on will do");
    sum += size_t(x);
  }
  if (areas.size() > 1) {
    if (sum != units)
      throw SpecError(at, fmt::format("the areas have {} units, the layer has {}", sum, units),
                      "sizes of areas add up to the layer");
    return {areas.begin(), areas.end()};
  }
  const auto count = size_t(areas[0]);
  if (units % count != 0)
    throw SpecError(at, fmt::format("{} units do not make {} areas of equal size", units, count),
                    "give the sizes of the areas");
  return std::vector<size_t>(count, units / count);
}

std::vector<size_t> area_of_units(std::span<const size_t> sizes) {
  std::vector<size_t> area;
  for (size_t k = 0; k < sizes.size(); ++k) area.insert(area.end(), sizes[k], k);
  return area;
}

std::vector<uint8_t> units_of_areas(std::span<const size_t> sizes, std::span<const double> chosen, const char* word,
                                    const At& at) {
  std::vector<uint8_t> in(sizes.size(), chosen.empty());
  for (const double x : chosen) {
    if (!(x >= 0 && x < double(sizes.size()) && x == std::floor(x)))
      throw SpecError(at, fmt::format("{}: there is no area {}", word, x),
                      fmt::format("areas are 0 to {}", sizes.size() - 1));
    in[size_t(x)] = 1;
  }
  std::vector<uint8_t> units;
  for (size_t k = 0; k < sizes.size(); ++k) units.insert(units.end(), sizes[k], in[k]);
  return units;
}

std::vector<int8_t> area_signs(std::span<const size_t> sizes, double excitatory) {
  std::vector<int8_t> sign;
  for (const size_t size : sizes) {
    const auto exciting = size_t(double(size) * excitatory);
    sign.insert(sign.end(), exciting, int8_t(1));
    sign.insert(sign.end(), size - exciting, int8_t(-1));
  }
  return sign;
}

Mask connect_areas(std::span<const size_t> sizes, std::span<const double> density, std::span<const int8_t> sign,
                   const BetweenAreas& between, Random& random, const At& at) {
  const size_t n = sizes.size();
  const bool   by_kind = density.size() == 2 || density.size() == 3;
  if (!by_kind && density.size() != n * n)
    throw SpecError(
        at, fmt::format("{} densities for {} areas", density.size(), n),
        fmt::format("give [forward, backward], [forward, backward, within], or {} row by row: one for every "
                    "area (rows: targets)",
                    n * n));
  for (const double p : density)
    if (!(p >= 0 && p <= 1))
      throw SpecError(at, fmt::format("a density between areas is {}", p), "densities are 0 to 1");
  const auto density_of = [&](size_t to, size_t from) {
    if (!by_kind) return density[to * n + from];
    if (to == from) return density.size() == 3 ? density[2] : 1.0;
    return density[to > from ? 0 : 1];
  };
  const std::vector<size_t> area = area_of_units(sizes);
  Mask mask(area.size(), area.size());
  for (size_t to = 0; to < area.size(); ++to)
    for (size_t from = 0; from < area.size(); ++from) {
      bool on = random.uniform() < density_of(area[to], area[from]);
      if (!sign.empty() && area[to] != area[from])
        on = on &&
             (sign[from] > 0 ? (sign[to] > 0 ? between.ee : between.ei) : (sign[to] > 0 ? between.ie : between.ii));
      mask(to, from) = on;
    }
  return mask;
}

Mask connect_groups(size_t channels, size_t units, std::span<const double> group_sizes, std::span<const double> table,
                    const At& at) {
  std::vector<size_t> group;   // of each channel
  for (size_t g = 0; g < group_sizes.size(); ++g) {
    if (!is_count(group_sizes[g]))
      throw SpecError(at, fmt::format("a group of {} channels is none", group_sizes[g]),
                      "sizes are whole numbers from 1 on");
    group.insert(group.end(), size_t(group_sizes[g]), g);
    if (group.size() > channels) break;
  }
  if (group_sizes.empty()) group.assign(channels, 0);
  if (group.size() != channels)
    throw SpecError(at, fmt::format("the groups do not make up {} channels", channels),
                    "sizes of groups add up to the layer");
  const size_t groups = std::max<size_t>(group_sizes.size(), 1);
  if (!table.empty() && table.size() != groups * units)
    throw SpecError(at, fmt::format("the table of groups has {} entries", table.size()),
                    fmt::format("{} groups of {} units make {}", groups, units, groups * units));
  for (size_t i = 0; i < table.size(); ++i)
    if (table[i] != 0 && table[i] != 1)
      throw SpecError(at,
                      fmt::format("the table of groups has {} at group {}, unit {}", table[i], i / units, i % units),
                      "it holds 0 and 1");
  Mask mask(units, channels, true);
  if (!table.empty())
    for (size_t u = 0; u < units; ++u)
      for (size_t c = 0; c < channels; ++c) mask(u, c) = table[group[c] * units + u] == 1;
  return mask;
}

ChosenUnits choose_units(size_t units, double input, double readout, bool overlap, Random& random, const At& at) {
  for (const double x : {input, readout})
    if (!(x >= 0 && x <= 1)) throw SpecError(at, fmt::format("a share of units is {}", x), "shares are 0 to 1");
  if (!overlap && input + readout > 1)
    throw SpecError(at, fmt::format("shares {} with input and {} that are read out overlap", input, readout),
                    "without overlap they are at most 1 together");
  ChosenUnits chosen{std::vector<uint8_t>(units), std::vector<uint8_t>(units)};
  for (const size_t u : random.choose(units, size_t(double(units) * input))) chosen.input[u] = 1;
  std::vector<size_t> free;
  for (size_t u = 0; u < units; ++u)
    if (overlap || !chosen.input[u]) free.push_back(u);
  const auto read = size_t(double(units) * readout);
  expects(read <= free.size(), "shares of at most 1 leave enough units");
  for (const size_t k : random.choose(free.size(), read)) chosen.readout[free[k]] = 1;
  return chosen;
}

}  // namespace dynode
