#include "dynode/spec/fields.h"

#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/spec/reading.h"
#include "dynode/spec/yaml.h"

namespace dynode::fields_detail {

void fail_unknown_key(const Value& mapping, const Value::Entry& entry, const std::vector<std::string>& known) {
  throw SpecError(mapping.key_at(entry), fmt::format("unknown key '{}'", shown(entry.key)),
                  did_you_mean(entry.key, known));
}

void fail_missing(const Value& mapping, const std::vector<std::string>& missing) {
  mapping.fail(missing.size() == 1 ? fmt::format("missing key '{}'", missing[0]) : "missing keys: " + join(missing));
}

void fail_word(const Value& value, const std::vector<std::string>& known) {
  if (!value.is_text()) value.expected("one of " + join(known));
  value.fail(fmt::format("unknown word '{}'", shown(value.text())), did_you_mean(value.text(), known, "it can be"));
}

void check_range(const Value& value, double number, const Check& check) {
  const bool low  = check.above ? !(number > check.min) : !(number >= check.min);
  const bool high = !(number <= check.max);
  if (!check.bounded()) return;
  if (!low && !high && std::isinf(number)) value.fail(fmt::format("must be finite, got {}", number_text(value)));
  if (!low && !high) return;
  value.fail(fmt::format("must be {}, got {}", check_text(check).substr(1), number_text(value)));
}

int64_t checked_integer(const Value& value, int64_t min, int64_t max) {
  const int64_t n = value.integer();
  if (n < min || n > max) value.fail(fmt::format("must be within {} … {}, got {}", min, max, n));
  return n;
}

std::string check_text(const Check& check) {
  if (!check.bounded()) return "";
  const bool low  = check.min > -std::numeric_limits<double>::infinity();
  const bool high = check.max < std::numeric_limits<double>::infinity();
  const char* open_end = check.above ? ", without the lower end" : "";
  if (low && high) return fmt::format(" within {} … {}{}", check.min, check.max, open_end);
  if (low) return fmt::format(" {} {}", check.above ? ">" : ">=", check.min);
  return fmt::format(" <= {}", check.max);
}

std::string default_text(const Value& value) {
  return value.is_null() ? "" : value.is_text() ? value.text() : to_yaml_line(value);
}

bool same_word(std::string_view a, std::string_view b) { return lower_case(a) == lower_case(b); }

}  // namespace dynode::fields_detail
