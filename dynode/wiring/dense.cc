// dense: every source to every target.
#include "dynode/wiring/structures.h"

namespace dynode {

StructureEntry dense_structure() {
  return {.name    = "dense",
          .summary = "every source to every target",
          .facts   = {},
          .make    = [](const StructureArgs& args) { return Mask(args.to, args.from, true); }};
}

}  // namespace dynode
