// inverse_one_to_one: everything but target k from source k.
#include <fmt/format.h>

#include "dynode/wiring/structures.h"

namespace dynode {
namespace {

Mask inverse_one_to_one(const StructureArgs& args) {
  if (args.to != args.from)
    throw SpecError(args.at,
                    fmt::format("inverse_one_to_one needs layers of equal size, not {} and {}", args.from, args.to),
                    "give both the same dim, or use dense");
  Mask mask(args.to, args.from, true);
  for (size_t k = 0; k < args.to; ++k) mask(k, k) = 0;
  return mask;
}

}  // namespace

StructureEntry inverse_one_to_one_structure() {
  return {.name    = "inverse_one_to_one",
          .summary = "every source to every target but its own",
          .facts   = {},
          .make    = inverse_one_to_one};
}

}  // namespace dynode
