// Text for terminals: numbers people can read at a glance, and tables with aligned columns.
//
//   id  type            units  parameters
//   ──  ──────────────  ─────  ─────────────────────────────
//    0  Linear             28
//    1  SingleDendrite    128  phi_offset 0.23 · bias 1.7 ·      long cells of the last column are wrapped at spaces
//                              gamma_plus 0.001
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dynode {

/// Columns that fit every terminal and page.
inline constexpr size_t kDisplayWidth = 100;

/// 1,234,567
std::string grouped(int64_t number);

/// Three digits and an SI prefix: with_prefix(42240, "FLOP") is "42.2 kFLOP", with_prefix(3, "B") "3 B"; for ≥ 0.
std::string with_prefix(double number, std::string_view unit);

/// 850 µs, 12.3 ms, 4.2 s, 3 min 20 s, 2 h 05 min
std::string duration_text(double seconds);

/// Characters of a UTF-8 text, each counted as one column.
size_t display_width(std::string_view text);

/// Lines of at most `width` columns, broken at spaces; a longer word stays whole. At least one line.
std::vector<std::string> wrapped(std::string_view text, size_t width);

/// Rows of cells under headings.
class DisplayTable {
 public:
  struct Column {
    std::string heading;
    bool        right = false;   // aligned to the right, for numbers
  };

  explicit DisplayTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// Missing cells are empty.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }

  /// Lines, each with a line end and without trailing spaces, not wider than `width` if the last column has room.
  /// Columns without any cell are left out, but for the first.
  std::string text(size_t indent = 2, size_t width = kDisplayWidth) const;

 private:
  std::string laid_out(size_t indent, size_t width) const;

  std::vector<Column>                   columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace dynode
