// block_structure: units in n blocks; within and between blocks a regular pattern of given density. No random numbers.
//
//   full, n = 3:  W X X    W pattern(within)    diagonal:  W . .    only from an earlier block to a later one
//                 X W X    X pattern(cross)                X W .
//                 X X W                                    X X W
//
// pattern(h, w, density): want = h·w·density, rounded half to even; row-major every (h·w / want)-th entry, until there
// are as many. Sizes that n does not divide leave the last rows and columns empty.
#include <algorithm>
#include <cmath>

#include "dynode/base/text.h"
#include "dynode/wiring/structures.h"

namespace dynode {
namespace {

/// A block of targets starting at `row` and sources starting at `column`.
void add_pattern(Mask& mask, size_t row, size_t column, size_t height, size_t width, double density) {
  const size_t total  = height * width;
  const double exact  = double(total) * density;
  const double down   = std::floor(exact), rest = exact - down;
  const bool   odd    = std::fmod(down, 2) != 0;
  const size_t want   = size_t(down) + (rest > 0.5 || (rest == 0.5 && odd));
  const size_t stride = std::max<size_t>(1, total / std::max<size_t>(want, 1));
  for (size_t q = 0, set = 0; q < total && set < want; q += stride, ++set)
    mask(row + q / width, column + q % width) = 1;
}

Mask block_structure(const StructureArgs& args) {
  const Arguments&   a    = args.arguments;
  const std::string& mode = a.text("connection_mode");
  if (mode != "diagonal" && mode != "full" && mode != "none")
    throw SpecError(args.at, "connection_mode '" + mode + "' is unknown",
                    did_you_mean(mode, {"diagonal", "full", "none"}, "there is"));
  const double within = a.number("within_block_density"), cross = a.number("cross_block_density");

  auto blocks = size_t(a.number("block_count"));
  if (args.from < blocks || args.to < blocks) blocks = std::min(args.from, args.to);
  const size_t width = args.from / blocks, height = args.to / blocks;

  Mask       mask(args.to, args.from);
  const auto add = [&](size_t target, size_t source, double density) {
    add_pattern(mask, target * height, source * width, height, width, density);
  };
  for (size_t i = 0; i < blocks; ++i) {
    add(i, i, within);
    if (cross <= 0 || mode == "none") continue;
    for (size_t j = 0; j < blocks; ++j)
      if (j > i || (j < i && mode == "full")) add(j, i, cross);
  }
  return mask;
}

}  // namespace

StructureEntry block_structure_structure() {
  return {.name    = "block_structure",
          .summary = "blocks with a regular pattern within and between them",
          .facts   = {{.name     = "block_count",
                       .kind     = ArgumentKind::integer,
                       .min      = 1,
                       .help     = "blocks; at most as many as the smaller layer has units",
                       .required = true},
                      {.name     = "connection_mode",
                       .kind     = ArgumentKind::text,
                       .help     = "between blocks: diagonal (to later blocks), full or none",
                       .required = true},
                      {.name     = "within_block_density",
                       .min      = 0,
                       .max      = 1,
                       .help     = "share of connections within a block",
                       .required = true},
                      {.name     = "cross_block_density",
                       .min      = 0,
                       .max      = 1,
                       .help     = "share of connections between blocks",
                       .required = true}},
          .make    = block_structure};
}

}  // namespace dynode
