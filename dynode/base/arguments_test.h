// Arguments for tests: the defaults of a kind's facts and what the test gives.
#pragma once
#include <cmath>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "dynode/base/facts.h"

namespace dynode {

inline Arguments arguments_of(const std::vector<Fact>& facts,
                              std::initializer_list<std::pair<const char*, Arguments::Value>> given = {}) {
  Arguments arguments;
  for (const Fact& fact : facts) {
    if (fact.kind == ArgumentKind::text) arguments.set(fact.name, std::string(fact.text));
    else if (fact.kind != ArgumentKind::numbers && !fact.required && !std::isnan(fact.value))
      arguments.set(fact.name, fact.value);
  }
  for (const auto& [name, value] : given) {
    bool known = false;
    for (const Fact& fact : facts) known = known || name == std::string(fact.name);
    expects(known, name);
    arguments.set(name, value);
  }
  return arguments;
}

}  // namespace dynode
