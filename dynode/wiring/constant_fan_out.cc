// constant: every source has the same number of targets, drawn evenly. With the distances of its relatives.
#include "dynode/wiring/fan_out.h"

namespace dynode {
namespace {

size_t ceil_root(size_t n) {
  auto root = size_t(std::sqrt(double(n)));
  while (root * root < n) ++root;
  return root;
}

Mask constant(const StructureArgs& args) {
  return draw_fan_out(args, [](size_t, size_t) { return 0.0; });
}

}  // namespace

Distance::Distance(const StructureArgs& args)
    : internal_(args.internal),
      width_(args.internal ? ceil_root(args.from) : std::max(ceil_root(args.from), ceil_root(args.to))) {}

double Distance::operator()(size_t target, size_t source) const {
  const auto away = [](size_t a, size_t b) { return std::abs(double(a) - double(b)); };
  if (!internal_) return double(width_) + away(target, source);
  return std::hypot(away(target / width_, source / width_), away(target % width_, source % width_));
}

Fact expected_fan_out_fact() {
  return {.name     = "expected_fan_out",
          .kind     = ArgumentKind::integer,
          .min      = 1,
          .help     = "targets of every source; fewer where there are not as many",
          .required = true};
}

StructureEntry constant_fan_out_structure() {
  return {.name    = "constant",
          .summary = "every source has the same number of targets, drawn evenly",
          .facts   = {expected_fan_out_fact()},
          .make    = constant};
}

}  // namespace dynode
