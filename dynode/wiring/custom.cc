// custom: a mask or weights somebody gives as an array. Reading the file is the caller's task: it puts what it read
// into the argument `mask` or `weights`.
#include <cmath>
#include <fmt/format.h>

#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/structures.h"

namespace dynode {
namespace {

/// The values of an array argument, [to][from].
const std::vector<double>& array_of(const Arguments& arguments, const char* name, const char* file, const At& at) {
  if (!arguments.has(name)) throw SpecError(at, fmt::format("custom needs {}", file));
  return arguments.numbers(name);
}

void check_size(const char* name, size_t to, size_t from, const std::vector<double>& values) {
  if (values.size() == to * from) return;
  throw ShapeError(
      fmt::format("{}: [to, from] = [{}, {}] has {} entries, got {}", name, to, from, to * from, values.size()));
}

Mask custom_structure_mask(const StructureArgs& args) {
  return custom_mask(args.to, args.from, array_of(args.arguments, "mask", "mask_file", args.at), args.at);
}

std::vector<double> custom_weights(const InitialiserArgs& args) {
  const Mask&                mask    = args.mask;
  const std::vector<double>& weights = array_of(args.arguments, "weights", "weights_file", args.at);
  check_size("weights", mask.to, mask.from, weights);
  for (size_t i = 0; i < weights.size(); ++i)
    if (!std::isfinite(weights[i]))
      throw SpecError(args.at, fmt::format("weights[{}, {}] is {}", i / mask.from, i % mask.from, weights[i]),
                      "weights must be finite");
  return weights;
}

}  // namespace

Mask custom_mask(size_t to, size_t from, const std::vector<double>& values, const At& at) {
  check_size("mask", to, from, values);
  Mask mask(to, from);
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] != 0 && values[i] != 1)
      throw SpecError(at, fmt::format("mask[{}, {}] is {}", i / from, i % from, values[i]),
                      "a mask holds only 0 and 1");
    mask.on[i] = values[i] == 1;
  }
  return mask;
}

StructureEntry custom_structure() {
  return {.name    = "custom",
          .summary = "a mask from a file",
          .facts   = {{.name = "mask_file", .kind = ArgumentKind::text, .help = ".npz with the key 'mask', [to, from]"},
                      {.name = "mask", .kind = ArgumentKind::numbers, .help = "the mask itself, row by row"}},
          .make    = custom_structure_mask};
}

InitialiserEntry custom_initialiser() {
  return {.name    = "custom",
          .summary = "weights from a file",
          .facts   = {{.name = "weights_file",
                       .kind = ArgumentKind::text,
                       .help = ".npy, or .npz with the key 'weights', [to, from]"},
                      {.name = "weights", .kind = ArgumentKind::numbers, .help = "the weights themselves, row by row"}},
          .make    = custom_weights};
}

}  // namespace dynode
