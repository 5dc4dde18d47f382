// What the YAML and the JSON reader share: limits, numbers, and the builder that turns their events into a Value.
//
//   events of a library ─▶ TreeBuilder (depth, size, duplicate keys) ─▶ Value with places
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "dynode/spec/value.h"

namespace dynode {

inline constexpr size_t kMaxTextBytes     = size_t(64) << 20;   // of one file
inline constexpr int    kMaxDepth         = 64;                 // of nested lists and mappings
inline constexpr size_t kMaxValues        = 10'000'000;         // in one text
inline constexpr size_t kMaxAliasedValues = 1'000'000;          // that aliases stand for, in one text

/// Checks size and encoding. @throws SpecError  more than 64 MiB, or not UTF-8 (with the place)
void check_text(std::string_view text, const std::string& file);

/// Line and column (in characters) of a byte, from 1.
At place_of(std::string_view text, size_t offset, const std::string& file);

/// "3", "-1e-3", ".5", ".inf", "-.inf", ".nan"; nothing for other texts. Whole numbers of up to 64 bits stay exact.
/// @return a number Value, infinite where the digits exceed double
std::optional<Value> number_from_text(std::string_view text);

/// Shortest text that reads back as the same number: 0.1, 37, 1.0e-06, .inf, .nan.
std::string number_text(const Value& number);

/// Text for messages: control characters as ?, shortened to `most` characters.
std::string shown(std::string_view text, size_t most = 60);

/// Double-quoted with escapes that YAML and JSON share. @throws SpecError if the text is not UTF-8
std::string in_quotes(std::string_view text);

/// Builds one tree from events in order of the text.
class TreeBuilder {
 public:
  explicit TreeBuilder(const std::string& file) : file_(file) {}

  /// @throws SpecError  deeper than kMaxDepth
  void open_list(int line, int column) { open(false, line, column); }
  void open_mapping(int line, int column) { open(true, line, column); }
  /// The key of the next value. @throws SpecError  written before in this mapping
  void key(std::string key, int line, int column);
  /// A finished value. @throws SpecError  too many values
  void add(Value value, int line, int column);
  /// Ends the innermost list or mapping.
  /// @return the finished value where it lies in its parent; valid until the next call
  const Value& close();

  /// True where the innermost is a mapping that waits for a key.
  bool wants_key() const { return !frames_.empty() && frames_.back().mapping && !frames_.back().has_key; }
  int  depth() const { return int(frames_.size()); }
  bool done() const { return frames_.empty() && has_root_; }

  /// Place of the next value, with its path.
  At here(int line, int column) const;

  /// The tree, with places; the builder is ready for the next one.
  Value take();

 private:
  struct Frame {
    bool                            mapping;
    int                             line, column;
    Value::List                     items;
    Value::Entries                  entries;
    std::string                     key;
    int                             key_line = 0, key_column = 0;
    bool                            has_key = false;
    std::unordered_set<std::string> keys;   // only of large mappings
  };
  void         open(bool mapping, int line, int column);
  const Value& attach(Value value);

  std::string        file_;
  std::vector<Frame> frames_;
  Value              root_;
  bool               has_root_ = false;
  size_t             values_   = 0;
};

}  // namespace dynode
