#include "dynode/base/display.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace dynode {
namespace {

/// Three significant digits without exponent and without zeros at the end: 42.2, 3, 0.05.
std::string three_digits(double x) {
  const int decimals = x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2;
  std::string text = fmt::format("{:.{}f}", x, decimals);
  if (decimals > 0) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

void end_line(std::string& text) {
  text.erase(text.find_last_not_of(' ') + 1);
  text += '\n';
}

}  // namespace

std::string grouped(int64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0 && text != "-") text += ',';
    text += digits[i];
  }
  return text;
}

std::string with_prefix(double number, std::string_view unit) {
  static constexpr const char* prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  size_t p = 0;
  while (number >= 999.5 && p + 1 < std::size(prefixes)) number /= 1000, ++p;
  return fmt::format("{} {}{}", three_digits(number), prefixes[p], unit);
}

std::string duration_text(double seconds) {
  if (!(seconds >= 0)) return "?";
  if (seconds < 0.9995e-3) return three_digits(seconds * 1e6) + " µs";
  if (seconds < 0.9995) return three_digits(seconds * 1e3) + " ms";
  if (seconds < 59.95) return three_digits(seconds) + " s";
  const int64_t whole = std::llround(seconds);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

size_t display_width(std::string_view text) {
  return size_t(std::count_if(text.begin(), text.end(), [](char c) { return (uint8_t(c) & 0xC0) != 0x80; }));
}

std::vector<std::string> wrapped(std::string_view text, size_t width) {
  std::vector<std::string> lines(1);
  size_t used = 0;
  while (!text.empty()) {
    const size_t end  = text.find(' ');
    const auto   word = text.substr(0, end);
    const size_t wide = display_width(word);
    if (used > 0 && used + 1 + wide > width) lines.emplace_back(), used = 0;
    if (!word.empty()) {
      if (used > 0) lines.back() += ' ', ++used;
      lines.back() += word, used += wide;
    }
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

std::string DisplayTable::text(size_t indent, size_t width) const {
  // columns without any cell are not worth their room
  DisplayTable shown({});
  shown.rows_.resize(rows_.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    const bool filled = std::any_of(rows_.begin(), rows_.end(), [&](const auto& r) { return i < r.size() && !r[i].empty(); });
    if (!filled && i > 0) continue;
    shown.columns_.push_back(columns_[i]);
    for (size_t r = 0; r < rows_.size(); ++r) shown.rows_[r].push_back(i < rows_[r].size() ? rows_[r][i] : "");
  }
  return shown.laid_out(indent, width);
}

std::string DisplayTable::laid_out(size_t indent, size_t width) const {
  const size_t        count = columns_.size();
  std::vector<size_t> widths;
  for (const Column& c : columns_) widths.push_back(display_width(c.heading));
  for (const auto& row : rows_)
    for (size_t i = 0; i < count; ++i) widths[i] = std::max(widths[i], display_width(row[i]));

  // the last column takes what is left of the page
  size_t before = indent;
  for (size_t i = 0; i + 1 < count; ++i) before += widths[i] + 2;
  const size_t least = std::max<size_t>(20, display_width(columns_.back().heading));
  const size_t room  = before + least > width ? least : width - before;
  std::vector<std::vector<std::string>> last;   // lines of the last cell of every row
  widths.back() = display_width(columns_.back().heading);
  for (const auto& row : rows_) {
    last.push_back(wrapped(row.back(), room));
    for (const std::string& line : last.back()) widths.back() = std::max(widths.back(), display_width(line));
  }

  std::string text;
  const auto  put = [&](size_t i, const std::string& cell) {
    text.append(i == 0 ? indent : 2, ' ');
    const size_t space = widths[i] - std::min(widths[i], display_width(cell));
    if (columns_[i].right) text.append(space, ' ');
    text += cell;
    if (!columns_[i].right) text.append(space, ' ');
  };

  for (size_t i = 0; i < count; ++i) put(i, columns_[i].heading);
  end_line(text);
  for (size_t i = 0; i < count; ++i) {
    std::string rule;
    for (size_t k = 0; k < widths[i]; ++k) rule += "─";
    put(i, rule);
  }
  end_line(text);
  for (size_t r = 0; r < rows_.size(); ++r)
    for (size_t line = 0; line < last[r].size(); ++line) {
      for (size_t i = 0; i + 1 < count; ++i) put(i, line == 0 ? rows_[r][i] : "");
      put(count - 1, last[r][line]);
      end_line(text);
    }
  return text;
}

}  // namespace dynode
