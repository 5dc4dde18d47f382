// Value: what somebody wrote, as a tree that still knows where it was written.
//
//   layers:                     mapping ─ "layers" ─▶ list ─ [0] ─▶ mapping ─ "params" ─▶ mapping ─ "dim" ─▶ number 3
//     - params: {dim: 3}        at(): net.yaml:2:19 layers[0].params.dim
//
// YAML, JSON and C++ code all make Values; everything behind reads them through accessors that name the place when
// the type is wrong.
#pragma once
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dynode/base/error.h"

namespace dynode {

class Value {
 public:
  enum class Kind { null, boolean, number, text, list, mapping };
  struct Entry;                        // {key, value, line and column of the key}
  using List    = std::vector<Value>;
  using Entries = std::vector<Entry>;  // in the order written; no key twice

  // ── making ──────────────────────────────────────────────────────────────────────────────────────────────────────
  Value();                             // null
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();
  Value(std::same_as<bool> auto flag);
  Value(double number);
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  Value(T n);
  Value(const char* text);
  Value(std::string text);
  Value(std::string_view text);
  Value(List items);
  Value(Entries entries);              // no key twice
  template <class T>
    requires(!std::same_as<T, Value> && std::constructible_from<Value, const T&>)
  Value(const std::vector<T>& items);

  /// Value::map({{"dim", 3}, {"source_func", "Tanh"}}); no key twice.
  static Value map(std::initializer_list<Entry> entries = {});
  /// Value::list_of({1, 2, 3})
  static Value list_of(std::initializer_list<Value> items = {});

  // ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────
  Kind kind() const { return Kind(data_.index()); }
  bool is_null() const { return kind() == Kind::null; }
  bool is_boolean() const { return kind() == Kind::boolean; }
  bool is_number() const { return kind() == Kind::number; }
  bool is_integer() const;             // a number written without point or exponent that fits 64 bits
  bool is_text() const { return kind() == Kind::text; }
  bool is_list() const { return kind() == Kind::list; }
  bool is_mapping() const { return kind() == Kind::mapping; }

  /// Each of these throws SpecError with the place if the value is of another kind ("expected a number, got a list").
  double             number() const;   // also the texts ".inf", "-.inf", ".nan"
  int64_t            integer() const;  // whole numbers only; 2.0 and 1e6 count as whole
  uint64_t           unsigned_integer() const;
  bool               boolean() const;
  const std::string& text() const;
  const List&        list() const;
  const Entries&     entries() const;

  /// Value under `key`, nullptr where the mapping has none. @throws SpecError if this is not a mapping
  const Value* find(std::string_view key) const;
  Value*       find(std::string_view key);
  bool         has(std::string_view key) const { return find(key) != nullptr; }
  /// Value under `key`. @throws SpecError if there is none ("missing key 'dim'")
  const Value& at(std::string_view key) const;
  /// Entries of a mapping, items of a list, 0 for null, 1 otherwise.
  size_t size() const;
  bool   empty() const { return size() == 0; }

  // ── changing ────────────────────────────────────────────────────────────────────────────────────────────────────
  /// Adds or replaces an entry; null becomes a mapping. @return *this
  Value& set(std::string key, Value value);
  /// Gives an entry another key, keeping its position.
  void rename(std::string_view key, std::string new_key);
  bool erase(std::string_view key);
  /// Another content at the same place.
  void replace(Value content);
  /// The items of a list. @throws SpecError if this is not a list
  List& items();
  /// Appends to a list; null becomes a list. @return *this
  Value& push_back(Value item);

  // ── places ──────────────────────────────────────────────────────────────────────────────────────────────────────
  /// Where the value was written; for values from code the path, if known.
  At at() const;
  /// Where the key of `entry` was written.
  At key_at(const Entry& entry) const;
  /// Names the file (and the path in it) of this value; all children that have no place get a path below it.
  void place(const std::string& file, const std::string& path = {});
  /// Notes line and column, from 1.
  void mark(int line, int column) { line_ = line, column_ = column; }
  /// Gives the children without a place a path below this value, so that errors can name them.
  void place_children();
  /// True if this value and all below have a place.
  bool is_placed() const;
  int  line() const { return line_; }
  int  column() const { return column_; }

  /// Throws SpecError at this place.
  [[noreturn]] void fail(const std::string& what, const std::string& hint = {}) const;
  /// "the number 3", "the text 'abc'", "true", "a list", "a mapping", "nothing".
  std::string described() const;
  /// Throws SpecError "expected <wanted>, got <described()>".
  [[noreturn]] void expected(std::string_view wanted, const std::string& hint = {}) const;

  /// Same tree; places and the way a number was written do not count (1 == 1.0, NaN == NaN). Order of keys does not
  /// count either.
  friend bool operator==(const Value& a, const Value& b);

 private:
  struct Number {
    double   value;
    uint64_t magnitude;   // exact where `integer`
    bool     negative, integer;
  };
  struct Place;           // one step of a path, shared by the children
  using PlacePtr = std::shared_ptr<const Place>;
  void     place_below(const PlacePtr& parent, const std::string& key);
  void     place_below(const PlacePtr& parent, size_t index);
  void     place_all_children();
  At       at_place(const PlacePtr& place, int64_t index, int line, int column) const;

  std::variant<std::monostate, bool, Number, std::string, List, Entries> data_;
  PlacePtr place_;                  // of a plain item of a list: the place of the list, and its index
  int64_t  index_ = -1;
  int      line_ = 0, column_ = 0;
};

struct Value::Entry {
  Entry(std::string key, Value value, int line = 0, int column = 0)
      : key(std::move(key)), value(std::move(value)), line(line), column(column) {}
  std::string key;
  Value       value;
  int         line, column;   // of the key, from 1; 0 where unknown
};

// out of the class: only here an Entry is complete
inline Value::Value(std::same_as<bool> auto flag) : data_(flag) {}
inline Value::Value(double number) : data_(Number{number, 0, false, false}) {}
template <std::integral T>
  requires(!std::same_as<T, bool> && !std::same_as<T, char>)
Value::Value(T n) : data_(Number{double(n), n < 0 ? uint64_t(0) - uint64_t(n) : uint64_t(n), n < 0, true}) {}
inline Value::Value(const char* text) : data_(std::string(text)) {}
inline Value::Value(std::string text) : data_(std::move(text)) {}
inline Value::Value(std::string_view text) : data_(std::string(text)) {}
inline Value::Value(List items) : data_(std::move(items)) {}
inline Value::Value(Entries entries) : data_(std::move(entries)) {}
template <class T>
  requires(!std::same_as<T, Value> && std::constructible_from<Value, const T&>)
Value::Value(const std::vector<T>& items) : data_(List(items.begin(), items.end())) {}

}  // namespace dynode
