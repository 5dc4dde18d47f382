#include "dynode/spec/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "dynode/spec/reading.h"

namespace dynode {
namespace {

// ── reading ─────────────────────────────────────────────────────────────────────────────────────────────────────────

struct Event : yaml_event_t {
  Event() : yaml_event_t{} {}
  ~Event() { yaml_event_delete(this); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  int line() const { return int(start_mark.line) + 1; }
  int column() const { return int(start_mark.column) + 1; }
};

std::string text_of(const yaml_char_t* text) { return text ? reinterpret_cast<const char*>(text) : ""; }

/// What a plain scalar means.
Value resolved(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (auto number = number_from_text(text)) return *number;
  return text;
}

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : text_(text), file_(file), tree_(file) {
    check_text(text, file);
    if (!yaml_parser_initialize(&parser_)) throw std::bad_alloc();
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text_.data()), text_.size());
  }
  ~Reader() { yaml_parser_delete(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  std::vector<Value> documents(bool only_one) {
    std::vector<Value> found;
    while (true) {
      Event event;
      next(event);
      switch (event.type) {
        case YAML_DOCUMENT_START_EVENT:
          if (only_one && !found.empty()) {
            throw SpecError({file_, event.line(), event.column(), {}}, "expected one document, found a second",
                            "keep what stands before this '---' in a file of its own");
          }
          break;
        case YAML_DOCUMENT_END_EVENT:
          found.push_back(tree_.take());
          anchors_.clear();
          break;
        case YAML_STREAM_END_EVENT: return found;
        default: take(event);
      }
    }
  }

 private:
  struct Anchor {
    Value  value;
    size_t values = 0;      // in it
    int    height = 0;      // nesting in it
    bool   open   = false;  // still being read
  };

  void next(Event& event) {
    if (!yaml_parser_parse(&parser_, &event)) fail_parsing();
  }

  [[noreturn]] void fail(const Event& event, const std::string& what, const std::string& hint = {}) {
    throw SpecError(tree_.here(event.line(), event.column()), what, hint);
  }

  [[noreturn]] void fail_parsing() {
    if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    std::string what = text_of(reinterpret_cast<const yaml_char_t*>(parser_.problem));
    if (parser_.error == YAML_READER_ERROR) {
      throw SpecError(place_of(text_, parser_.problem_offset, file_), what, "remove the invisible character");
    }
    const yaml_mark_t mark = parser_.problem_mark;
    const At at{file_, int(mark.line) + 1, int(mark.column) + 1, {}};
    const char culprit = char_at(mark);
    std::string hint;
    if ((culprit == '\t' && what.find("character that cannot start any token") != what.npos) ||
        what.find("tab character") != what.npos) {
      throw SpecError(at, "a tab stands where spaces are needed", "indent with spaces");
    } else if (what.find("character that cannot start any token") != what.npos) {
      what = fmt::format("a text cannot start with '{}'", culprit), hint = "put the text in quotes";
    } else if (what.find("mapping values are not allowed") != what.npos) {
      what = "a ':' is not allowed here";
      hint = "put a text that contains ': ' in quotes; keys of one mapping start in the same column";
    } else if (what.find("did not find expected key") != what.npos ||
               what.find("did not find expected '-' indicator") != what.npos) {
      what = "this line does not fit the lines above";
      hint = "keys of one mapping, and the '-' of one list, start in the same column";
    }
    const std::string context = text_of(reinterpret_cast<const yaml_char_t*>(parser_.context));
    const bool tells = !context.empty() && context.find("next token") == context.npos;
    if (const yaml_mark_t start = parser_.context_mark; tells) {
      const bool elsewhere = start.line != mark.line;
      what += fmt::format(" ({}", context);
      what += elsewhere ? fmt::format(" that starts at {}:{})", start.line + 1, start.column + 1) : ")";
    }
    throw SpecError(at, what, hint);
  }

  /// Character at a mark.
  char char_at(const yaml_mark_t& mark) const {
    size_t i = 0;
    for (size_t line = 0; line < mark.line && i < text_.size(); ++i) line += text_[i] == '\n';
    for (size_t column = 0; column < mark.column && i < text_.size(); ++column) {
      for (++i; i < text_.size() && (uint8_t(text_[i]) & 0xC0) == 0x80;) ++i;
    }
    return i < text_.size() ? text_[i] : '\0';
  }

  void take(const Event& event) {
    switch (event.type) {
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event.data.scalar;
        if (tree_.wants_key()) return take_key(event);
        Value value = scalar_value(event);
        if (scalar.anchor) anchors_[text_of(scalar.anchor)] = {value, 1, 0, false};
        tree_.add(std::move(value), event.line(), event.column());
        break;
      }
      case YAML_SEQUENCE_START_EVENT:
        open(event, event.data.sequence_start.anchor, event.data.sequence_start.tag, "tag:yaml.org,2002:seq");
        tree_.open_list(event.line(), event.column());
        break;
      case YAML_MAPPING_START_EVENT:
        open(event, event.data.mapping_start.anchor, event.data.mapping_start.tag, "tag:yaml.org,2002:map");
        tree_.open_mapping(event.line(), event.column());
        break;
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT: {
        const Value&      value = tree_.close();
        const std::string name  = std::move(open_.back());
        open_.pop_back();
        if (!name.empty()) keep(event, name, value);
        break;
      }
      case YAML_ALIAS_EVENT: {
        if (tree_.wants_key()) fail(event, "an alias cannot be a key", "write the key itself");
        const std::string name  = text_of(event.data.alias.anchor);
        const auto        found = anchors_.find(name);
        if (found == anchors_.end()) fail(event, fmt::format("there is no anchor '&{}' above", shown(name)));
        const Anchor& anchor = found->second;
        if (anchor.open) fail(event, fmt::format("the alias '*{}' stands for itself", shown(name)));
        spend(event, anchor.values);
        if (tree_.depth() + anchor.height > kMaxDepth) {
          fail(event, fmt::format("lists and mappings are nested more than {} deep", kMaxDepth));
        }
        tree_.add(anchor.value, event.line(), event.column());
        break;
      }
      default: break;   // stream start
    }
  }

  void open(const Event& event, const yaml_char_t* anchor, const yaml_char_t* tag, std::string_view own) {
    if (tree_.wants_key()) fail(event, "a key must be a plain word or text, not a list or mapping");
    if (tag && text_of(tag) != own && text_of(tag) != "!") fail_tag(event, text_of(tag));
    const std::string name = text_of(anchor);
    if (!name.empty()) anchors_[name] = {{}, 0, 0, true};
    open_.push_back(name);
  }

  /// Remembers a finished list or mapping for later aliases; the copy counts like an alias, so that nested anchors
  /// cannot multiply memory.
  void keep(const Event& event, const std::string& name, const Value& value) {
    Anchor anchor{value, 0, 0, false};
    measure(value, 0, anchor);
    spend(event, anchor.values);
    anchors_[name] = std::move(anchor);
  }

  static void measure(const Value& value, int depth, Anchor& anchor) {
    ++anchor.values;
    anchor.height = std::max(anchor.height, depth);
    if (value.is_list()) {
      anchor.height = std::max(anchor.height, depth + 1);
      for (const Value& item : value.list()) measure(item, depth + 1, anchor);
    } else if (value.is_mapping()) {
      anchor.height = std::max(anchor.height, depth + 1);
      for (const Value::Entry& entry : value.entries()) measure(entry.value, depth + 1, anchor);
    }
  }

  void spend(const Event& event, size_t values) {
    aliased_ += values;
    if (aliased_ > kMaxAliasedValues) {
      fail(event, fmt::format("aliases stand for more than {} values", kMaxAliasedValues));
    }
  }

  void take_key(const Event& event) {
    const auto& scalar = event.data.scalar;
    std::string key(reinterpret_cast<const char*>(scalar.value), scalar.length);
    if (scalar.tag && text_of(scalar.tag) != "tag:yaml.org,2002:str" && text_of(scalar.tag) != "!") {
      fail_tag(event, text_of(scalar.tag));
    }
    if (scalar.style == YAML_PLAIN_SCALAR_STYLE && key == "<<") {
      fail(event, "merge keys are not supported", "write the keys out, or give the whole value by an alias");
    }
    if (key.empty()) fail(event, "a key is empty");
    if (scalar.anchor) anchors_[text_of(scalar.anchor)] = {Value(key), 1, 0, false};
    tree_.key(std::move(key), event.line(), event.column());
  }

  Value scalar_value(const Event& event) {
    const auto& scalar = event.data.scalar;
    const std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    const std::string tag = text_of(scalar.tag);
    if (tag.empty() && scalar.style != YAML_PLAIN_SCALAR_STYLE) return text;
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return text;

    const Value value = resolved(text);
    if (value.is_number() && std::isinf(value.number()) && text.find_first_of("fF") == text.npos) {
      fail(event, "the number is too large for double precision");
    }
    if (tag.empty()) return value;

    // a tag must agree with what is written
    const bool  agrees = tag == "tag:yaml.org,2002:int"     ? value.is_integer()
                         : tag == "tag:yaml.org,2002:float" ? value.is_number()
                         : tag == "tag:yaml.org,2002:bool"  ? value.is_boolean()
                         : tag == "tag:yaml.org,2002:null"  ? value.is_null()
                                                            : false;
    if (!agrees) fail_tag(event, tag, text);
    return tag == "tag:yaml.org,2002:float" ? Value(value.number()) : value;
  }

  [[noreturn]] void fail_tag(const Event& event, std::string tag, std::string_view text = {}) {
    constexpr std::string_view core = "tag:yaml.org,2002:";
    if (tag.starts_with(core)) tag = "!!" + tag.substr(core.size());
    const bool known = tag == "!!int" || tag == "!!float" || tag == "!!bool" || tag == "!!null";
    if (known && text.data()) fail(event, fmt::format("'{}' is not a value of the tag {}", shown(text), tag));
    fail(event, fmt::format("the tag {} means nothing here", shown(tag)), "remove it");
  }

  std::string_view              text_;
  std::string                   file_;
  TreeBuilder                   tree_;
  yaml_parser_t                 parser_;
  std::vector<std::string>      open_;      // anchor of each open list or mapping, "" for none
  std::map<std::string, Anchor> anchors_;
  size_t                        aliased_ = 0;
};

// ── writing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

constexpr size_t kLineWidth = 110;

/// Plain where every YAML reader takes the word for a text, else quoted.
std::string scalar_text(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto inner  = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '/' || c == '-' || c == '+';
  };
  bool plain = !text.empty() && letter(text[0]) && text.back() != ' ';
  for (size_t i = 0; i < text.size() && plain; ++i) plain = inner(text[i]) || (text[i] == ' ' && text[i - 1] != ' ');
  static constexpr std::string_view misread[] = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
  std::string lower(text.substr(0, 6));
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? char(c + 32) : c;
  if (plain && std::ranges::find(misread, lower) != std::end(misread)) plain = false;
  return plain ? std::string(text) : in_quotes(text);
}

/// Keys beyond 1024 characters need the explicit form.
std::string key_text(std::string_view key) {
  const std::string text = scalar_text(key);
  return text.size() > 1000 ? "? " + text + " " : text;
}

bool is_leaf(const Value& value) { return !(value.is_list() || value.is_mapping()) || value.empty(); }

void write_flow(const Value& value, std::string& out) {
  switch (value.kind()) {
    case Value::Kind::null: out += "null"; break;
    case Value::Kind::boolean: out += value.boolean() ? "true" : "false"; break;
    case Value::Kind::number: out += number_text(value); break;
    case Value::Kind::text: out += scalar_text(value.text()); break;
    case Value::Kind::list:
      out += '[';
      for (size_t i = 0; i < value.size(); ++i) {
        if (i) out += ", ";
        write_flow(value.list()[i], out);
      }
      out += ']';
      break;
    case Value::Kind::mapping:
      out += '{';
      for (size_t i = 0; i < value.size(); ++i) {
        const Value::Entry& entry = value.entries()[i];
        out += (i ? ", " : "") + key_text(entry.key) + ": ";
        write_flow(entry.value, out);
      }
      out += '}';
      break;
  }
}

/// The value on one line, if it is short and shallow.
bool fits_one_line(const Value& value, size_t width, int levels) {
  if (is_leaf(value)) return true;
  if (levels == 0 || value.size() > width / 3) return false;
  if (value.is_list()) {
    for (const Value& item : value.list()) {
      if (!fits_one_line(item, width, levels - 1)) return false;
    }
  } else {
    for (const Value::Entry& entry : value.entries()) {
      if (!fits_one_line(entry.value, width, levels - 1)) return false;
    }
  }
  std::string line;
  write_flow(value, line);
  return line.size() <= width;
}

/// Lists of leaves that are too long for one line: filled lines of flow style.
void write_filled(const Value& list, size_t indent, std::string& out) {
  size_t start = out.size() - std::min(out.size(), indent);
  out += '[';
  for (size_t i = 0; i < list.size(); ++i) {
    std::string item;
    write_flow(list.list()[i], item);
    if (i) out += ',';
    if (i && out.size() - start + item.size() > kLineWidth) {
      out += '\n', start = out.size();
      out.append(indent + 1, ' ');
    } else if (i) {
      out += ' ';
    }
    out += item;
  }
  out += ']';
}

/// Writes `value` behind "key:" or "-" whose children stand `indent` columns in.
void write_block(const Value& value, size_t indent, bool after_dash, std::string& out) {
  if (is_leaf(value) || fits_one_line(value, kLineWidth - std::min(indent, kLineWidth / 2), 3)) {
    if (!out.empty() && out.back() != '\n') out += ' ';
    write_flow(value, out);
    out += '\n';
  } else if (value.is_list() && std::ranges::all_of(value.list(), is_leaf)) {
    if (!out.empty() && out.back() != '\n') out += ' ';
    write_filled(value, indent, out);
    out += '\n';
  } else if (value.is_list()) {
    if (!out.empty() && out.back() != '\n') out += '\n';
    for (const Value& item : value.list()) {
      out.append(indent, ' ');
      out += '-';
      write_block(item, indent + 2, true, out);
    }
  } else {
    bool first = true;
    for (const Value::Entry& entry : value.entries()) {
      if (first && after_dash) {
        out += ' ';
      } else {
        if (!out.empty() && out.back() != '\n') out += '\n';
        out.append(indent, ' ');
      }
      first = false;
      const std::string key = scalar_text(entry.key);
      if (key.size() > 1000) {
        out += "? " + key + "\n";
        out.append(indent, ' ');
        out += ":";
      } else {
        out += key + ":";
      }
      write_block(entry.value, indent + 2, false, out);
    }
  }
}

}  // namespace

std::vector<Value> parse_yaml_documents(std::string_view text, const std::string& file) {
  return Reader(text, file).documents(false);
}

Value parse_yaml(std::string_view text, const std::string& file) {
  std::vector<Value> found = Reader(text, file).documents(true);
  if (!found.empty()) return std::move(found[0]);
  Value nothing;
  nothing.mark(1, 1);
  nothing.place(file);
  return nothing;
}

std::string to_yaml_line(const Value& value) {
  std::string out;
  write_flow(value, out);
  return out;
}

std::string to_yaml(const Value& value) {
  std::string out;
  if (value.is_mapping() && !value.empty()) {
    for (const Value::Entry& entry : value.entries()) {
      const std::string key = scalar_text(entry.key);
      out += key.size() > 1000 ? "? " + key + "\n:" : key + ":";
      const Value& child = entry.value;
      const bool   items = child.is_list() && !std::ranges::all_of(child.list(), is_leaf);
      if (!items) {
        write_block(child, 2, false, out);
        continue;
      }
      out += '\n';
      for (const Value& item : child.list()) {   // layers, connections: one item a line
        out += "  -";
        write_block(item, 4, true, out);
      }
    }
  } else {
    write_block(value, 0, false, out);
  }
  return out;
}

}  // namespace dynode
