// one_to_one: target k from source k; with a range target k from source start + k.
#include <algorithm>
#include <fmt/format.h>

#include "dynode/wiring/structures.h"
#include "dynode/wiring/support.h"

namespace dynode {
namespace {

Mask one_to_one(const StructureArgs& args) {
  const auto first = given_number(args.arguments, "source_start_node_id");
  const auto last  = given_number(args.arguments, "source_end_node_id");
  Mask mask(args.to, args.from);
  if (first.has_value() != last.has_value())
    throw SpecError(args.at, "a range needs both source_start_node_id and source_end_node_id", "give both or none");
  if (!first) {
    for (size_t k = 0; k < std::min(args.to, args.from); ++k) mask(k, k) = 1;
    return mask;
  }

  if (*first < 0) throw SpecError(args.at, fmt::format("source_start_node_id {} is below 0", *first));
  if (*last >= double(args.from))
    throw SpecError(args.at,
                    fmt::format("source_end_node_id {} is outside the source layer of {} units", *last, args.from),
                    fmt::format("the last one is {}", args.from - 1));
  if (*first > *last)
    throw SpecError(args.at, fmt::format("source_start_node_id {} is behind source_end_node_id {}", *first, *last),
                    "the last source is included: start and end may be the same");
  const size_t length = size_t(*last - *first) + 1;
  if (length > args.to)
    throw SpecError(args.at, fmt::format("{} sources for {} targets", length, args.to),
                    "the range may be at most as long as the target layer");
  for (size_t k = 0; k < length; ++k) mask(k, size_t(*first) + k) = 1;
  return mask;
}

}  // namespace

StructureEntry one_to_one_structure() {
  return {.name    = "one_to_one",
          .summary = "target k from source k, or from source start + k",
          .facts   = {{.name  = "source_start_node_id",
                       .kind  = ArgumentKind::integer,
                       .value = kNoDefault,
                       .min   = 0,
                       .help  = "first source of a range"},
                      {.name  = "source_end_node_id",
                       .kind  = ArgumentKind::integer,
                       .value = kNoDefault,
                       .min   = 0,
                       .help  = "last source of the range, included"}},
          .make    = one_to_one};
}

}  // namespace dynode
