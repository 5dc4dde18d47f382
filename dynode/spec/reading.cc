#include "dynode/spec/reading.h"

#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace dynode {
namespace {

/// Length in bytes of the UTF-8 character at the start of `text` (not empty), 0 where it is none; and its code point.
size_t utf8_length(std::string_view text, uint32_t& code) {
  const auto byte = [&](size_t i) { return i < text.size() ? uint8_t(text[i]) : uint8_t(0); };
  const auto tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const uint8_t first = byte(0);
  if (first < 0x80) return code = first, 1;
  if (first >= 0xC2 && first <= 0xDF && tail(1)) return code = (first & 0x1F) << 6 | (byte(1) & 0x3F), 2;
  if (first >= 0xE0 && first <= 0xEF && tail(1) && tail(2)) {
    code = (first & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    return code >= 0x800 && (code < 0xD800 || code > 0xDFFF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4 && tail(1) && tail(2) && tail(3)) {
    code = (first & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    return code >= 0x10000 && code <= 0x10FFFF ? 4 : 0;
  }
  return 0;
}

bool digits(std::string_view text) {
  for (char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return !text.empty();
}

}  // namespace

void check_text(std::string_view text, const std::string& file) {
  if (text.size() > kMaxTextBytes) {
    throw SpecError({file, 0, 0, {}},
                    fmt::format("more than {} MiB of text cannot be read", kMaxTextBytes >> 20),
                    "keep large arrays in .npy or .npz files");
  }
  uint32_t code;
  for (size_t i = 0; i < text.size();) {
    const size_t length = uint8_t(text[i]) < 0x80 ? 1 : utf8_length(text.substr(i), code);
    if (length == 0) {
      throw SpecError(place_of(text, i, file), fmt::format("byte 0x{:02x} is not UTF-8", uint8_t(text[i])),
                      "save the file with the encoding UTF-8");
    }
    i += length;
  }
}

At place_of(std::string_view text, size_t offset, const std::string& file) {
  At at{file, 1, 1, {}};
  for (char c : text.substr(0, std::min(offset, text.size()))) {
    if (c == '\n') {
      ++at.line, at.column = 1;
    } else if ((uint8_t(c) & 0xC0) != 0x80) {
      ++at.column;
    }
  }
  return at;
}

std::optional<Value> number_from_text(std::string_view text) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (text == ".nan" || text == ".NaN" || text == ".NAN") return Value(std::nan(""));

  std::string_view rest = text;
  const bool negative = !rest.empty() && rest[0] == '-';
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) rest.remove_prefix(1);
  if (rest == ".inf" || rest == ".Inf" || rest == ".INF") return Value(negative ? -infinity : infinity);

  // whole numbers that fit
  if (digits(rest)) {
    uint64_t magnitude;
    const bool fits = std::from_chars(rest.data(), rest.data() + rest.size(), magnitude).ec == std::errc();
    if (fits && !negative) return Value(magnitude);
    if (fits && magnitude <= uint64_t(1) << 63 && magnitude > 0) return Value(int64_t(uint64_t(0) - magnitude));
  }

  // [digits][.digits][e[sign]digits]
  const size_t e = rest.find_first_of("eE");
  std::string_view mantissa = rest.substr(0, e);
  if (e != rest.npos) {
    std::string_view exponent = rest.substr(e + 1);
    if (!exponent.empty() && (exponent[0] == '-' || exponent[0] == '+')) exponent.remove_prefix(1);
    if (!digits(exponent)) return std::nullopt;
  }
  const size_t point = mantissa.find('.');
  const std::string_view before = mantissa.substr(0, point);
  const std::string_view after  = point == mantissa.npos ? std::string_view() : mantissa.substr(point + 1);
  if (before.empty() && after.empty()) return std::nullopt;
  if ((!before.empty() && !digits(before)) || (!after.empty() && !digits(after))) return std::nullopt;

  double number = 0;
  if (std::from_chars(rest.data(), rest.data() + rest.size(), number).ec == std::errc::result_out_of_range) {
    number = std::strtod(std::string(rest).c_str(), nullptr);   // infinite, or a tiny number
  }
  return Value(negative ? -number : number);
}

std::string number_text(const Value& value) {
  if (value.is_integer()) return value.number() < 0 ? std::to_string(value.integer())
                                                    : std::to_string(value.unsigned_integer());
  const double number = value.number();
  if (std::isnan(number)) return ".nan";
  if (std::isinf(number)) return number < 0 ? "-.inf" : ".inf";
  if (number == 0) return std::signbit(number) ? "-0.0" : "0";
  std::string text = fmt::format("{}", number);
  const size_t e   = text.find('e');   // readers of YAML 1.1 take 1e-06 for a text, 1.0e-06 for a number
  return e == text.npos || text.find('.') != text.npos ? text : text.insert(e, ".0");
}

std::string shown(std::string_view text, size_t most) {
  std::string out;
  uint32_t    code = 0;
  size_t      characters = 0;
  for (size_t i = 0; i < text.size(); ++characters) {
    if (characters == most) return out + "…";
    const size_t length = utf8_length(text.substr(i), code);
    const bool   plain  = length > 0 && code >= 0x20 && (code < 0x7F || code > 0x9F);
    out += plain ? text.substr(i, length) : "?";
    i += std::max<size_t>(length, 1);
  }
  return out;
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  uint32_t    code = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text.substr(i), code);
    if (length == 0) throw SpecError({}, fmt::format("the text '{}' is not UTF-8", shown(text)));
    if (code == '"' || code == '\\') {
      out += '\\', out += char(code);
    } else if (code == '\n') {
      out += "\\n";
    } else if (code == '\t') {
      out += "\\t";
    } else if (code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029 || code == 0xFEFF ||
               code == 0xFFFE || code == 0xFFFF) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      out += text.substr(i, length);
    }
    i += length;
  }
  return out + '"';
}

// ── TreeBuilder ─────────────────────────────────────────────────────────────────────────────────────────────────────

At TreeBuilder::here(int line, int column) const {
  At at{file_, line, column, {}};
  for (const Frame& frame : frames_) {
    if (!frame.mapping) {
      at.path += fmt::format("[{}]", frame.items.size());
    } else if (frame.has_key) {
      if (!at.path.empty()) at.path += '.';
      at.path += shown(frame.key);
    }
  }
  return at;
}

void TreeBuilder::open(bool mapping, int line, int column) {
  if (depth() >= kMaxDepth) {
    throw SpecError({file_, line, column, {}},
                    fmt::format("lists and mappings are nested more than {} deep", kMaxDepth));
  }
  frames_.push_back({mapping, line, column, {}, {}, {}, 0, 0, false, {}});
}

void TreeBuilder::key(std::string key, int line, int column) {
  Frame& frame = frames_.back();
  constexpr size_t few = 16;

  // few keys are compared one by one, many through a set
  const Value::Entry* first = nullptr;
  if (frame.entries.size() < few) {
    for (const Value::Entry& entry : frame.entries) {
      if (entry.key == key) first = &entry;
    }
  } else {
    if (frame.keys.empty()) {
      for (const Value::Entry& entry : frame.entries) frame.keys.insert(entry.key);
    }
    if (!frame.keys.insert(key).second) {
      for (const Value::Entry& entry : frame.entries) {
        if (entry.key == key) first = &entry;
      }
    }
  }
  if (first) {
    frame.has_key = true, frame.key = key;
    throw SpecError(here(line, column), fmt::format("the key '{}' is written twice", shown(key)),
                    fmt::format("the first is at {}:{}", first->line, first->column));
  }
  frame.key = std::move(key), frame.key_line = line, frame.key_column = column, frame.has_key = true;
}

const Value& TreeBuilder::attach(Value value) {
  if (++values_ > kMaxValues) {
    throw SpecError(here(value.line(), value.column()), fmt::format("more than {} values in one text", kMaxValues),
                    "keep large arrays in .npy or .npz files");
  }
  if (frames_.empty()) {
    has_root_ = true;
    return root_ = std::move(value);
  }
  Frame& frame = frames_.back();
  if (!frame.mapping) return frame.items.emplace_back(std::move(value));
  frame.has_key = false;
  return frame.entries.emplace_back(std::move(frame.key), std::move(value), frame.key_line, frame.key_column).value;
}

void TreeBuilder::add(Value value, int line, int column) {
  value.mark(line, column);
  attach(std::move(value));
}

const Value& TreeBuilder::close() {
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  Value value = frame.mapping ? Value(std::move(frame.entries)) : Value(std::move(frame.items));
  value.mark(frame.line, frame.column);
  return attach(std::move(value));
}

Value TreeBuilder::take() {
  Value root = std::move(root_);
  root.place(file_);
  root_ = Value(), has_root_ = false, frames_.clear();
  return root;
}

}  // namespace dynode
