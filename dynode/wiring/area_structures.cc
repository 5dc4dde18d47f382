// Structures of networks in parts; areas.h says what they mean.
//
//   area_input, input_groups, random_inputs ──▶ layer ◀──┐ multi_area      area_readout, readout_groups,
//                                                 └──────┘                 random_readouts ──▶ readout
#include <fmt/format.h>

#include "dynode/base/random.h"
#include "dynode/wiring/areas.h"
#include "dynode/wiring/structures.h"
#include "dynode/wiring/support.h"

namespace dynode {
namespace {

std::vector<double> numbers(const Arguments& a, const char* word) {
  return a.has(word) ? a.numbers(word) : std::vector<double>();
}

Fact areas_fact() {
  return {.name     = "areas",
          .kind     = ArgumentKind::numbers,
          .help     = "[n]: n areas of equal size; [n1, n2, …]: their sizes",
          .required = true};
}
Fact excitatory_fact(double value, const char* help) {
  return {.name = "excitatory_ratio", .value = value, .min = 0, .max = 1, .help = help};
}

std::vector<size_t> sizes_of(const StructureArgs& args, size_t units) {
  return area_sizes(units, args.arguments.numbers("areas"), args.at);
}

Mask multi_area(const StructureArgs& args) {
  const Arguments& a = args.arguments;
  if (args.to != args.from)
    throw SpecError(args.at,
                    fmt::format("multi_area connects areas with areas, not {} units with {}", args.from, args.to),
                    "into a layer with areas: area_input, out of it: area_readout");
  const std::vector<size_t> sizes = sizes_of(args, args.to);
  BetweenAreas        between;
  std::vector<int8_t> sign;
  if (a.has("excitatory_ratio")) sign = area_signs(sizes, a.number("excitatory_ratio"));
  if (a.has("between")) {
    const std::vector<double>& on = a.numbers("between");
    if (on.size() != 4)
      throw SpecError(args.at, "between needs four switches", "[ee, ei, ie, ii], each 0 or 1, named source to target");
    if (sign.empty())
      throw SpecError(args.at, "between speaks of excitatory and inhibitory units", "give excitatory_ratio, too");
    between = {on[0] != 0, on[1] != 0, on[2] != 0, on[3] != 0};
  }
  return connect_areas(sizes, a.numbers("density"), sign, between, args.random, args.at);
}

Mask area_input(const StructureArgs& args) {
  const auto in =
      units_of_areas(sizes_of(args, args.to), numbers(args.arguments, "input_areas"), "input_areas", args.at);
  Mask mask(args.to, args.from);
  for (size_t i = 0; i < args.to; ++i)
    for (size_t j = 0; j < args.from; ++j) mask(i, j) = in[i];
  return mask;
}

Mask area_readout(const StructureArgs& args) {
  const Arguments& a     = args.arguments;
  const auto       sizes = sizes_of(args, args.from);
  auto             out   = units_of_areas(sizes, numbers(a, "readout_areas"), "readout_areas", args.at);
  if (!a.flag("inhibitory_readout")) {
    const std::vector<int8_t> sign = area_signs(sizes, a.number("excitatory_ratio"));
    for (size_t j = 0; j < args.from; ++j) out[j] &= sign[j] > 0;
  }
  Mask mask(args.to, args.from);
  for (size_t i = 0; i < args.to; ++i)
    for (size_t j = 0; j < args.from; ++j) mask(i, j) = out[j];
  return mask;
}

Mask input_groups(const StructureArgs& args) {
  return connect_groups(args.from, args.to, numbers(args.arguments, "group_sizes"), numbers(args.arguments, "table"),
                        args.at);
}

Mask readout_groups(const StructureArgs& args) {
  const Mask by_unit = connect_groups(args.to, args.from, numbers(args.arguments, "group_sizes"),
                                      numbers(args.arguments, "table"), args.at);
  Mask mask(args.to, args.from);
  for (size_t i = 0; i < args.to; ++i)
    for (size_t j = 0; j < args.from; ++j) mask(i, j) = by_unit(j, i);
  return mask;
}

ChosenUnits chosen(const StructureArgs& args, size_t units, double readout, bool overlap) {
  Random random(uint64_t(args.arguments.number("seed")), "chosen units");   // the same for inputs and readouts
  return choose_units(units, args.arguments.number("input_share"), readout, overlap, random, args.at);
}

Mask random_inputs(const StructureArgs& args) {
  const ChosenUnits units = chosen(args, args.to, 0, true);
  Mask mask(args.to, args.from);
  for (size_t i = 0; i < args.to; ++i)
    for (size_t j = 0; j < args.from; ++j) mask(i, j) = units.input[i];
  return mask;
}

Mask random_readouts(const StructureArgs& args) {
  const ChosenUnits units =
      chosen(args, args.from, args.arguments.number("readout_share"), args.arguments.flag("overlap"));
  Mask mask(args.to, args.from);
  for (size_t i = 0; i < args.to; ++i)
    for (size_t j = 0; j < args.from; ++j) mask(i, j) = units.readout[j];
  return mask;
}

std::vector<Fact> group_facts(const char* units) {
  return {{.name = "group_sizes", .kind = ArgumentKind::numbers, .help = "channels of each group; missing: one group"},
          {.name = "table", .kind = ArgumentKind::numbers, .help = units}};
}

Fact seed_fact() {
  return {.name = "seed", .kind = ArgumentKind::integer, .min = 0, .max = 9e15,
          .help = "of the draw; random_inputs and random_readouts with the same seed know of each other"};
}

Fact share_fact(const char* name, const char* help) {
  return {.name = name, .value = 1, .min = 0, .max = 1, .help = help};
}

}  // namespace

StructureEntry multi_area_structure() {
  return {
      .name    = "multi_area",
      .summary = "areas of units, dense or sparse within and between them",
      .facts   = {areas_fact(),
                  {.name = "density",
                   .kind = ArgumentKind::numbers,
                   .help =
                       "[forward, backward], [forward, backward, within], or one per pair of areas, targets row by row",
                   .required = true},
                  excitatory_fact(kNoDefault, "the first units of each area are excitatory; needed for between"),
                  {.name = "between",
                   .kind = ArgumentKind::numbers,
                   .help = "[ee, ei, ie, ii], 0 or 1: which connections exist between areas, source to target"}},
      .make    = multi_area};
}

StructureEntry area_input_structure() {
  return {.name    = "area_input",
          .summary = "inputs reach all units of some areas",
          .facts   = {areas_fact(),
                      {.name = "input_areas", .kind = ArgumentKind::numbers, .help = "from 0 on; missing: all"}},
          .make    = area_input};
}

StructureEntry area_readout_structure() {
  return {.name    = "area_readout",
          .summary = "all units of some areas are read out",
          .facts   = {areas_fact(),
                      {.name = "readout_areas", .kind = ArgumentKind::numbers, .help = "from 0 on; missing: all"},
                      excitatory_fact(0.8, "the first units of each area are excitatory"),
                      {.name = "inhibitory_readout", .kind = ArgumentKind::boolean, .value = 1,
                       .help = "false: only excitatory units are read out"}},
          .make    = area_readout};
}

StructureEntry input_groups_structure() {
  return {.name    = "input_groups",
          .summary = "groups of inputs reach units of their own",
          .facts   = group_facts("[groups][target units] of 0 and 1, row by row; missing: ones"),
          .make    = input_groups};
}

StructureEntry readout_groups_structure() {
  return {.name    = "readout_groups",
          .summary = "groups of readouts see units of their own",
          .facts   = group_facts("[groups][source units] of 0 and 1, row by row; missing: ones"),
          .make    = readout_groups};
}

StructureEntry random_inputs_structure() {
  return {.name    = "random_inputs",
          .summary = "units drawn at random get all inputs",
          .facts   = {share_fact("input_share", "share of units with input"), seed_fact()},
          .make    = random_inputs};
}

StructureEntry random_readouts_structure() {
  return {.name    = "random_readouts",
          .summary = "units drawn at random are read out",
          .facts   = {share_fact("readout_share", "share of units that are read out"),
                      {.name = "overlap", .kind = ArgumentKind::boolean, .value = 1,
                       .help = "false: none of those with input, as random_inputs with the same seed draws them"},
                      share_fact("input_share", "share of units with input"), seed_fact()},
          .make    = random_readouts};
}

}  // namespace dynode
