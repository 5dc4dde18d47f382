// power_law: every source draws its targets with probability ~ d^−α, d the distance, at least 1e-6.
#include "dynode/wiring/fan_out.h"

namespace dynode {
namespace {

Mask power_law(const StructureArgs& args) {
  const double   alpha = args.arguments.number("alpha");
  const Distance distance(args);
  return draw_fan_out(args, [&](size_t target, size_t source) {
    return -alpha * std::log(std::max(distance(target, source), 1e-6));
  });
}

}  // namespace

StructureEntry power_law_structure() {
  return {.name    = "power_law",
          .summary = "every source draws its targets, near ones by a power law",
          .facts   = {{.name = "alpha", .value = 2, .min = 0, .help = "exponent; 0: distance does not matter"},
                      expected_fan_out_fact()},
          .make    = power_law};
}

}  // namespace dynode
