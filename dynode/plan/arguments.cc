#include "dynode/plan/arguments.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"

namespace dynode {
namespace {

double checked_number(const std::string& owner, const Fact& fact, const Value& value) {
  const double x = fact.kind == ArgumentKind::boolean   ? double(value.boolean())
                   : fact.kind == ArgumentKind::integer ? double(value.integer())
                                                        : value.number();
  if (!std::isfinite(x)) value.fail(fmt::format("{} of {} must be a finite number, not {}", fact.name, owner, x));
  if (x >= fact.min && x <= fact.max) return x;
  value.fail(fmt::format("{} of {} is {}, outside its range [{}, {}]", fact.name, owner, x, fact.min, fact.max));
}

}  // namespace

Arguments check_arguments(const std::string& owner, const std::vector<Fact>& facts,
                          const std::function<const Value*(const std::string&)>& find, const At& at) {
  Arguments arguments;
  for (const Fact& fact : facts) {
    const Value* value = find(fact.name);
    if (!value) {
      if (fact.required)
        throw SpecError(at, fmt::format("{} needs '{}'", owner, fact.name), fact.help[0] ? fmt::format("it is: {}", fact.help) : "");
      switch (fact.kind) {
        case ArgumentKind::text:
          if (fact.text[0]) arguments.set(fact.name, std::string(fact.text));
          break;
        case ArgumentKind::numbers: break;
        default:
          if (!std::isnan(fact.value)) arguments.set(fact.name, fact.value);
      }
      continue;
    }
    switch (fact.kind) {
      case ArgumentKind::text: arguments.set(fact.name, value->text()); break;
      case ArgumentKind::numbers: {
        std::vector<double> numbers;
        for (const Value& item : value->list()) numbers.push_back(checked_number(owner, fact, item));
        arguments.set(fact.name, std::move(numbers));
        break;
      }
      default: arguments.set(fact.name, checked_number(owner, fact, *value));
    }
  }
  return arguments;
}

Arguments check_arguments(const std::string& owner, const std::vector<Fact>& facts, const Value& mapping) {
  std::vector<std::string> known;
  for (const Fact& fact : facts) known.push_back(fact.name);
  if (!mapping.is_null()) refuse_unknown(owner, mapping, known);
  return check_arguments(owner, facts, [&](const std::string& name) { return mapping.is_null() ? nullptr : mapping.find(name); },
                         mapping.at());
}

void refuse_unknown(const std::string& owner, const Value& mapping, const std::vector<std::string>& known) {
  for (const auto& entry : mapping.entries())
    if (std::find(known.begin(), known.end(), entry.key) == known.end())
      throw SpecError(mapping.key_at(entry), fmt::format("{} has no parameter '{}'", owner, entry.key),
                      known.empty() ? "it has none" : did_you_mean(entry.key, known));
}

}  // namespace dynode
