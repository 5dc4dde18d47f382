// exponential: every source draws its targets with probability ~ exp(−d / d_0), d the distance.
#include "dynode/wiring/fan_out.h"

namespace dynode {
namespace {

Mask exponential(const StructureArgs& args) {
  const double   d_0 = args.arguments.number("d_0");
  const Distance distance(args);
  if (!(d_0 > 0)) throw SpecError(args.at, "d_0 must be larger than 0", "it is a distance, in units");
  return draw_fan_out(args, [&](size_t target, size_t source) { return -distance(target, source) / d_0; });
}

}  // namespace

StructureEntry exponential_structure() {
  return {.name    = "exponential",
          .summary = "every source draws its targets, near ones exponentially more often",
          .facts   = {{.name = "d_0", .value = 2, .min = 0, .help = "distance over which the probability falls by e"},
                      expected_fan_out_fact()},
          .make    = exponential};
}

}  // namespace dynode
