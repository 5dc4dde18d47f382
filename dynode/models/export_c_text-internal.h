// The parts of generated C that do not know the network: numbers, arrays,
// helpers, templates filled in.
#pragma once
#include <cctype>
#include <cmath>
#include <fmt/format.h>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dynode/models/export_c-internal.h"

namespace dynode::c_code {

/// Collects what is declared once: constant arrays and functions.
template <class R> class Pieces {
public:
  Pieces(std::string prefix, const std::vector<RateGrid> &tables)
      : m_(std::move(prefix)), tables_(tables) {}

  std::string constants, functions; // text so far
  size_t constant_bytes = 0;
  bool wide_lists = false; // some list needs more than 16 bits

  static std::string real() { return sizeof(R) == 4 ? "float" : "double"; }

  std::string number(R x, const std::string &of) const {
    if (!std::isfinite(x))
      throw SpecError({},
                      fmt::format("{} holds {}, which no C constant is", of, x),
                      "train it again, or look at its file");
    std::string text =
        sizeof(R) == 4 ? fmt::format("{:.9g}", x) : fmt::format("{:.17g}", x);
    if (text.find_first_of(".e") == text.npos)
      text += ".0";
    return sizeof(R) == 4 ? text + "f" : text;
  }

  /// Lines of at most 120 columns.
  template <class Text>
  static std::string listed(size_t count, const Text &text) {
    std::string out, line = " ";
    for (size_t i = 0; i < count; ++i) {
      const std::string word = " " + text(i) + (i + 1 < count ? "," : "");
      if (line.size() + word.size() > 120)
        out += line + "\n", line = " ";
      line += word;
    }
    return out + line + "\n";
  }

  /// Lists of one network are of one type.
  const char *index_type() const {
    return wide_lists ? "int" : "unsigned short";
  }

  /// Declares a constant array once. @return its name
  std::string array(const std::string &name, size_t count,
                    const std::function<R(size_t)> &value) {
    const std::string full = m_ + "_" + name;
    if (!declared_.insert(full).second)
      return full;
    constant_bytes += count * sizeof(R);
    constants += fmt::format(
        "static const {} {}[{}] = {{\n{}}};\n", real(), full, count,
        listed(count, [&](size_t i) { return number(value(i), name); }));
    return full;
  }

  std::string indices(const std::string &name,
                      const std::vector<uint32_t> &values) {
    const std::string full = m_ + "_" + name;
    if (!declared_.insert(full).second)
      return full;
    constant_bytes += values.size() * (wide_lists ? 4 : 2);
    constants +=
        fmt::format("static const {} {}[{}] = {{\n{}}};\n", index_type(), full,
                    values.size(), listed(values.size(), [&](size_t i) {
                      return std::to_string(values[i]);
                    }));
    return full;
  }

  /// A helper with what it calls, once.
  void help(const std::string &name) {
    if (!helped_.insert(name).second)
      return;
    if (name.starts_with("rate_table_"))
      return rate_table(name, tables_[size_t(std::stoi(name.substr(11)))]);
    const HelperCode code = helper_code(name);
    expects(!code.text.empty(), "code names helpers that exist");
    for (const std::string &more : code.helpers)
      help(more);
    functions += filled(code.text);
  }

  void rate_table(const std::string &name, const RateGrid &t) {
    const std::string values = array(name + "_values", t.g.size(),
                                     [&](size_t i) { return R(t.g[i]); });
    functions += filled(fmt::format(
        R"(/* flux has period 1 and counts evenly; currents outside of the table give 0 */
static $real $m_{0}_at(int row, int column) {{
  if (row < 0 || row >= {2}) return 0;
  return {1}[row * {3} + (column < {3} ? column : {3} - 1)];
}}
static $real $m_{0}($real phi, $real i) {{
  $real x = @fabs(phi - @floor(phi + 0.5)) * {4}, y = i * {5} + {6};
  int column, row;
  if (x > {3} - 1) x = {3} - 1;
  if (y < -1) y = -1;
  if (y > {2}) y = {2};
  column = (int)x;
  row = (int)@floor(y);
  x -= ($real)column;
  y -= ($real)row;
  return (1 - y) * ((1 - x) * $m_{0}_at(row, column) + x * $m_{0}_at(row, column + 1)) +
         y * ((1 - x) * $m_{0}_at(row + 1, column) + x * $m_{0}_at(row + 1, column + 1));
}}
)",
        name, values, t.current_count, t.flux_count,
        number(R(1 / t.flux_step), name), number(R(1 / t.current_step), name),
        number(R(-t.current_first / t.current_step), name)));
  }

  void help_with_products(const std::string &name) {
    if (!helped_.insert(name).second)
      return;
    if (name != "add")
      functions += list_function(name);
    else
      functions += filled(
          R"(static void $m_add($real *to, int rows, const $real *w, const $real *from, int columns) {
  int r, c;
  for (r = 0; r < rows; ++r) {
    $real sum = 0;
    for (c = 0; c < columns; ++c) sum += w[r * columns + c] * from[c];
    to[r] += sum;
  }
}
)");
  }

  std::string list_function(const std::string &name) const {
    const bool sum = name == "sum";
    return filled(fmt::format(
        R"(static void $m_{}($real *to, int rows, const {} *begin, const {} *column,{} const $real *from) {{
  int r, k;
  for (r = 0; r < rows; ++r)
    for (k = begin[r]; k < begin[r + 1]; ++k) to[r] += {}from[column[k]];
}}
)",
        name, index_type(), index_type(), sum ? "" : " const $real *w,",
        sum ? "" : "w[k] * "));
  }

  /// Replaces what does not depend on a layer, and gives numbers the suffix of
  /// the precision.
  std::string filled(const std::string &text) const {
    std::string out;
    for (size_t i = 0; i < text.size();) {
      const auto follows = [&](std::string_view word) {
        return text.compare(i, word.size(), word) == 0;
      };
      const bool in_word =
          i > 0 && (std::isalnum(static_cast<unsigned char>(text[i - 1])) ||
                    text[i - 1] == '_');
      if (follows("$real"))
        out += real(), i += 5;
      else if (follows("$m_"))
        out += m_ + "_", i += 3;
      else if (text[i] == '@') {
        size_t end = ++i;
        while (std::isalnum(static_cast<unsigned char>(text[end])))
          ++end;
        out += text.substr(i, end - i) + (sizeof(R) == 4 ? "f" : "");
        i = end;
      } else if (std::isdigit(static_cast<unsigned char>(text[i])) &&
                 !in_word) {
        size_t end = i;
        while (std::isdigit(static_cast<unsigned char>(text[end])) ||
               text[end] == '.' || text[end] == 'e' ||
               (text[end] == '-' && text[end - 1] == 'e'))
          ++end;
        const std::string digits = text.substr(i, end - i);
        out += digits;
        if (sizeof(R) == 4 && digits.find('.') != digits.npos &&
            text[end] != 'f')
          out += "f";
        i = end;
      } else {
        out += text[i++];
      }
    }
    return out;
  }

  static std::string indented(const std::string &text, const std::string &by) {
    std::string out;
    size_t begin = 0;
    for (size_t end; (end = text.find('\n', begin)) != text.npos;
         begin = end + 1)
      if (end > begin)
        out += by + text.substr(begin, end - begin) + "\n";
    return out;
  }

  static bool uses_math(const std::string &text) {
    for (const char *word : {"exp", "tanh", "sqrt", "fabs", "floor", "log1p",
                             "pow", "cos", "erfc"})
      if (text.find(word + std::string(sizeof(R) == 4 ? "f(" : "(")) !=
          text.npos)
        return true;
    return false;
  }

private:
  std::string m_;
  const std::vector<RateGrid> &tables_;
  std::set<std::string> declared_, helped_;
};

} // namespace dynode::c_code
