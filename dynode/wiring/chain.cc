// chain: source k to target k + 1, where there is one; the last source has no successor.
#include <algorithm>

#include "dynode/wiring/structures.h"

namespace dynode {
namespace {

Mask chain(const StructureArgs& args) {
  Mask mask(args.to, args.from);
  for (size_t k = 0; k + 1 < std::min(args.from, args.to); ++k) mask(k + 1, k) = 1;
  return mask;
}

}  // namespace

StructureEntry chain_structure() {
  return {.name = "chain", .summary = "source k to target k + 1", .facts = {}, .make = chain};
}

}  // namespace dynode
