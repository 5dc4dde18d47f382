// From written values to checked arguments: the glue between spec Values and the facts of a kind.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "dynode/base/facts.h"
#include "dynode/spec/value.h"

namespace dynode {

/// Values of `facts`; `find` looks a name up, null where nobody gave it. Facts with the default NaN (a text: "") stay
/// unset unless given.
/// @throws SpecError  wrong type, out of range, required but missing; `owner` names the kind, `at` its place
Arguments check_arguments(const std::string& owner, const std::vector<Fact>& facts,
                          const std::function<const Value*(const std::string&)>& find, const At& at);

/// The same for a mapping of which every key must be known.
Arguments check_arguments(const std::string& owner, const std::vector<Fact>& facts, const Value& mapping);

/// Throws SpecError at the first key of `mapping` that is not in `known`: "<owner> has no parameter 'x'".
void refuse_unknown(const std::string& owner, const Value& mapping, const std::vector<std::string>& known);

}  // namespace dynode
