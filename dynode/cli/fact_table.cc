#include "dynode/cli/fact_table.h"

#include <cmath>
#include <fmt/format.h>

#include "dynode/base/display.h"

namespace dynode::cli {
namespace {

/// Whole numbers in full: 10,000,000 rather than 1e+07.
std::string number(double x) {
  return x == std::floor(x) && std::abs(x) < 1e15 ? grouped(int64_t(x)) : fmt::format("{:.4g}", x);
}

std::string kind_of(const Fact& f) {
  switch (f.kind) {
    case ArgumentKind::number: return "number";
    case ArgumentKind::integer: return "whole number";
    case ArgumentKind::boolean: return "true, false";
    case ArgumentKind::text: return "text";
    case ArgumentKind::numbers: return "numbers";
  }
  return {};
}

}  // namespace

std::string range_text(double min, double max) {
  const bool low = min > -1e300, high = max < 1e300;
  if (low && high) return number(min) + " … " + number(max);
  return low ? "≥ " + number(min) : high ? "≤ " + number(max) : "";
}

std::string default_text(const Fact& f) {
  if (f.required) return "required";
  switch (f.kind) {
    case ArgumentKind::boolean: return f.value != 0 ? "true" : "false";
    case ArgumentKind::text: return f.text;
    case ArgumentKind::numbers: return {};
    default: return std::isnan(f.value) ? "" : number(f.value);
  }
}

std::string fact_table(const std::vector<Fact>& facts, size_t indent, const char* heading) {
  DisplayTable table({{heading}, {"type"}, {"default"}, {"range"}, {"unit"}, {"meaning"}});
  for (const Fact& f : facts)
    table.add({f.name, kind_of(f), default_text(f), range_text(f.min, f.max), f.unit, f.help});
  return table.text(indent);
}

}  // namespace dynode::cli
