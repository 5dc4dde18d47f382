// YAML ⇄ Value, strict: what could be misread is an error with its place.
//
// Plain scalars follow YAML 1.2: true and false are booleans (yes, no, on, off are texts), null, ~ and nothing are
// null, 12, 1e-3, .inf, -.inf and .nan are numbers (0x10 and 1_000 are texts); quoted scalars are texts.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "dynode/spec/value.h"

namespace dynode {

/// The one document in `text`; null where nothing but comments is written.
/// @param file  name for messages
/// @throws SpecError  with file, line and column: malformed text, duplicate or non-scalar keys, merge keys, unknown
///                    tags, not UTF-8, nesting beyond 64, aliases that stand for more than 1e6 values or for
///                    themselves, more than 64 MiB, more than one document
Value parse_yaml(std::string_view text, const std::string& file = {});

/// All documents of `text`, separated by lines of `---`.
std::vector<Value> parse_yaml_documents(std::string_view text, const std::string& file = {});

/// Block style, short leaves in flow style, numbers in their shortest exact form; parse_yaml gives the value again.
/// @throws SpecError if a text is not UTF-8
std::string to_yaml(const Value& value);

/// One line in flow style, e.g. {dim: 3, taus: [4, 20]}.
std::string to_yaml_line(const Value& value);

}  // namespace dynode
