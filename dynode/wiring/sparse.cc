// sparse: every connection exists with the same probability, independently of the others.
#include "dynode/base/random.h"
#include "dynode/wiring/structures.h"

namespace dynode {
namespace {

Mask sparse(const StructureArgs& args) {
  const double p = args.arguments.number("sparsity");
  if (!(p > 0))
    throw SpecError(args.at, "sparsity is the share of connections that exist and must be larger than 0",
                    "for no connections at all leave the connection out");
  Mask mask(args.to, args.from);
  for (uint8_t& on : mask.on) on = args.random.uniform() < p;
  return mask;
}

}  // namespace

StructureEntry sparse_structure() {
  return {.name    = "sparse",
          .summary = "each connection exists with the same probability",
          .facts   = {{.name     = "sparsity",
                       .min      = 0,
                       .max      = 1,
                       .help     = "share of connections that exist (a density), larger than 0",
                       .required = true}},
          .make    = sparse};
}

}  // namespace dynode
