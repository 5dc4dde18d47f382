// JSON ⇄ Value, strict: duplicate keys, nesting beyond 64, NaN and Infinity are errors with their place.
#pragma once
#include <string>
#include <string_view>

#include "dynode/spec/value.h"

namespace dynode {

/// @param file  name for messages
/// @throws SpecError  with file, line and column
Value parse_json(std::string_view text, const std::string& file = {});

/// NaN and infinities are written as the texts ".nan", ".inf", "-.inf", which Value::number() takes for numbers.
/// @param pretty  indented by two; otherwise one line without spaces
/// @throws SpecError if a text is not UTF-8
std::string to_json(const Value& value, bool pretty = false);

}  // namespace dynode
