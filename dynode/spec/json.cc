#include "dynode/spec/json.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "dynode/spec/reading.h"

namespace dynode {
namespace {

/// Receives the events of the library and walks along the text itself, so that every value knows its place.
class Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  Reader(std::string_view text, const std::string& file) : text_(text), file_(file), tree_(file) {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  Value value() { return tree_.take(); }

  bool null() override { return scalar({}); }
  bool boolean(bool flag) override { return scalar(flag); }
  bool number_integer(number_integer_t n) override { return scalar(n); }
  bool number_unsigned(number_unsigned_t n) override { return scalar(n); }
  bool number_float(number_float_t x, const string_t&) override { return scalar(x); }
  bool string(string_t& text) override { return scalar(std::string_view(text)); }
  bool binary(binary_t&) override { return false; }   // not in texts

  bool start_object(size_t) override { return skip(), tree_.open_mapping(line_, column_), step(1); }
  bool start_array(size_t) override { return skip(), tree_.open_list(line_, column_), step(1); }
  bool end_object() override { return skip(), tree_.close(), step(1); }
  bool end_array() override { return skip(), tree_.close(), step(1); }
  bool key(string_t& text) override {
    skip();
    if (text.empty()) throw SpecError(tree_.here(line_, column_), "a key is empty");
    tree_.key(text, line_, column_);
    return step(token_length());
  }

  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) override {
    const At before = tree_.here(line_, column_);
    skip();
    At at = tree_.here(line_, column_);
    if (at_ >= text_.size()) at = before;
    std::string what = error.what(), hint;
    const std::string_view rest = text_.substr(std::min(at_, text_.size()));
    const auto begins = [&](std::string_view word) { return rest.starts_with(word); };
    if (error.id == 406) {
      what = "the number is too large for double precision";
    } else if (begins("NaN") || begins("nan") || begins("Infinity") || begins("-Infinity") || begins("inf") ||
               begins("-inf") || begins(".")) {
      what = "JSON has no NaN or infinity", hint = "write it as a text: \".nan\", \".inf\" or \"-.inf\"";
    } else if (begins("//") || begins("/*") || begins("#")) {
      what = "JSON has no comments", hint = "remove it, or write the file in YAML";
    } else if (begins("'")) {
      what = "texts and keys stand in double quotes";
    } else {
      const size_t found = what.find("syntax error");
      what = "not valid JSON: " + shown(found == what.npos ? what : what.substr(what.find(" - ", found) + 3), 200);
      if (at_ < text_.size() && (rest[0] == ']' || rest[0] == '}')) hint = "is there a comma too many before it?";
    }
    throw SpecError(at, what, hint);
  }

 private:
  bool scalar(Value value) {
    skip();
    tree_.add(std::move(value), line_, column_);
    return step(token_length());
  }

  /// Moves `bytes` on, counting lines and characters.
  bool step(size_t bytes) {
    for (; bytes > 0 && at_ < text_.size(); --bytes, ++at_) {
      if (text_[at_] == '\n') {
        ++line_, column_ = 1;
      } else if ((uint8_t(text_[at_]) & 0xC0) != 0x80) {
        ++column_;
      }
    }
    return true;
  }

  /// To the next token that is an event.
  void skip() {
    while (at_ < text_.size() && std::string_view(" \t\r\n,:").find(text_[at_]) != std::string_view::npos) step(1);
  }

  /// Bytes of the scalar that starts here.
  size_t token_length() const {
    size_t end = at_ + 1;
    if (text_[at_] == '"') {
      while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
      return end + 1 - at_;
    }
    while (end < text_.size() && std::string_view(" \t\r\n,:]}").find(text_[end]) == std::string_view::npos) ++end;
    return end - at_;
  }

  std::string_view text_;
  std::string      file_;
  TreeBuilder      tree_;
  size_t           at_   = 0;
  int              line_ = 1, column_ = 1;
};

void write(const Value& value, bool pretty, size_t indent, std::string& out) {
  const auto new_line = [&](size_t columns) {
    if (pretty) out += '\n', out.append(columns, ' ');
  };
  switch (value.kind()) {
    case Value::Kind::null: out += "null"; break;
    case Value::Kind::boolean: out += value.boolean() ? "true" : "false"; break;
    case Value::Kind::number: {
      const std::string text = number_text(value);
      out += std::isfinite(value.number()) ? text : in_quotes(text);
      break;
    }
    case Value::Kind::text: out += in_quotes(value.text()); break;
    case Value::Kind::list: {
      const auto& items = value.list();
      const auto  nested = [](const Value& item) { return item.is_list() || item.is_mapping(); };
      const bool  short_items = std::ranges::none_of(items, nested);
      out += '[';
      for (size_t i = 0; i < items.size(); ++i) {
        if (i) out += ',';
        if (!short_items) {
          new_line(indent + 2);
        } else if (i && pretty) {
          out += ' ';
        }
        write(items[i], pretty, indent + 2, out);
      }
      if (!short_items) new_line(indent);
      out += ']';
      break;
    }
    case Value::Kind::mapping:
      out += '{';
      for (size_t i = 0; i < value.size(); ++i) {
        if (i) out += ',';
        new_line(indent + 2);
        out += in_quotes(value.entries()[i].key) + (pretty ? ": " : ":");
        write(value.entries()[i].value, pretty, indent + 2, out);
      }
      if (!value.empty()) new_line(indent);
      out += '}';
      break;
  }
}

}  // namespace

Value parse_json(std::string_view text, const std::string& file) {
  check_text(text, file);
  Reader reader(text, file);
  nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
  return reader.value();
}

std::string to_json(const Value& value, bool pretty) {
  std::string out;
  write(value, pretty, 0, out);
  if (pretty) out += '\n';
  return out;
}

}  // namespace dynode
