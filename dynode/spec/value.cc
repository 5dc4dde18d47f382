#include "dynode/spec/value.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <limits>

#include "dynode/base/text.h"
#include "dynode/spec/reading.h"

namespace dynode {

struct Value::Place {
  PlacePtr    parent;
  std::string key;          // of the parent; at the root a path somebody gave
  int64_t     index = -1;   // of the parent's list
  std::string file;         // at the root
};

// ── making ──────────────────────────────────────────────────────────────────────────────────────────────────────────

// here and not in the header, where every file that copies a Value would make them again
Value::Value()                            = default;
Value::Value(const Value&)                = default;
Value::Value(Value&&) noexcept            = default;
Value& Value::operator=(const Value&)     = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value()                           = default;

Value Value::map(std::initializer_list<Entry> entries) { return Value(Entries(entries)); }
Value Value::list_of(std::initializer_list<Value> items) { return Value(List(items)); }

// ── asking ──────────────────────────────────────────────────────────────────────────────────────────────────────────

bool Value::is_integer() const { return is_number() && std::get<Number>(data_).integer; }

double Value::number() const {
  if (is_number()) return std::get<Number>(data_).value;
  if (is_text()) {
    const auto parsed = number_from_text(text());
    if (parsed && !std::isfinite(parsed->number())) return parsed->number();
    expected("a number", parsed ? "remove the quotes" : "");
  }
  expected("a number");
}

int64_t Value::integer() const {
  if (!is_number()) expected("a whole number", is_text() && number_from_text(text()) ? "remove the quotes" : "");
  const Number& n = std::get<Number>(data_);
  if (n.integer) {
    const uint64_t limit = uint64_t(std::numeric_limits<int64_t>::max()) + n.negative;
    if (n.magnitude > limit) expected("a whole number of at most 63 bits");
    return n.negative ? int64_t(uint64_t(0) - n.magnitude) : int64_t(n.magnitude);
  }
  if (std::nearbyint(n.value) != n.value || std::isinf(n.value)) expected("a whole number");
  if (std::fabs(n.value) > 9007199254740992.0) expected("a whole number of at most 63 bits");
  return int64_t(n.value);
}

uint64_t Value::unsigned_integer() const {
  if (is_integer()) {
    const Number& n = std::get<Number>(data_);
    if (!n.negative) return n.magnitude;
  }
  const int64_t n = integer();
  if (n < 0) fail(fmt::format("must be >= 0, got {}", n));
  return uint64_t(n);
}

bool Value::boolean() const {
  if (is_boolean()) return std::get<bool>(data_);
  const std::string word = is_text() ? lower_case(text()) : "";
  const bool yes = word == "yes" || word == "on" || word == "true";
  const bool no  = word == "no" || word == "off" || word == "false";
  expected("true or false", yes ? "write true, without quotes" : no ? "write false, without quotes" : "");
}

const std::string& Value::text() const {
  if (!is_text()) expected("text", is_number() || is_boolean() ? "put it in quotes" : "");
  return std::get<std::string>(data_);
}

const Value::List& Value::list() const {
  if (!is_list()) expected("a list");
  return std::get<List>(data_);
}

const Value::Entries& Value::entries() const {
  if (!is_mapping()) expected("a mapping");
  return std::get<Entries>(data_);
}

const Value* Value::find(std::string_view key) const {
  for (const Entry& entry : entries()) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Value* Value::find(std::string_view key) { return const_cast<Value*>(std::as_const(*this).find(key)); }

const Value& Value::at(std::string_view key) const {
  if (const Value* value = find(key)) return *value;
  fail(fmt::format("missing key '{}'", key));
}

size_t Value::size() const {
  return is_mapping() ? entries().size() : is_list() ? list().size() : is_null() ? 0 : 1;
}

// ── changing ────────────────────────────────────────────────────────────────────────────────────────────────────────

Value& Value::set(std::string key, Value value) {
  if (is_null()) data_ = Entries();
  if (place_ && !value.place_) {
    if (index_ >= 0) place_below(place_, size_t(index_));   // was a plain item so far
    value.place_below(place_, key);
  }
  if (Value* old = find(key)) {
    *old = std::move(value);
  } else {
    std::get<Entries>(data_).emplace_back(std::move(key), std::move(value));
  }
  return *this;
}

void Value::rename(std::string_view key, std::string new_key) {
  expects(new_key == key || !find(new_key), "two entries would have one key");
  for (Entry& entry : std::get<Entries>(data_)) {
    if (entry.key == key) return void(entry.key = std::move(new_key));
  }
}

bool Value::erase(std::string_view key) {
  if (!find(key)) return false;
  return std::erase_if(std::get<Entries>(data_), [&](const Entry& entry) { return entry.key == key; }) > 0;
}

void Value::replace(Value content) { data_ = std::move(content.data_); }

Value::List& Value::items() {
  list();
  return std::get<List>(data_);
}

Value& Value::push_back(Value item) {
  if (is_null()) data_ = List();
  if (!is_list()) expected("a list");
  if (place_ && !item.place_) {
    if (index_ >= 0) place_below(place_, size_t(index_));
    item.place_below(place_, size());
  }
  std::get<List>(data_).push_back(std::move(item));
  return *this;
}

// ── places ──────────────────────────────────────────────────────────────────────────────────────────────────────────

void Value::place_below(const PlacePtr& parent, const std::string& key) {
  if (!place_ || index_ >= 0) place_ = std::make_shared<Place>(Place{parent, key, -1, {}}), index_ = -1;
  place_all_children();
}

void Value::place_below(const PlacePtr& parent, size_t index) {
  if (is_list() || is_mapping()) {
    if (!place_ || index_ >= 0) place_ = std::make_shared<Place>(Place{parent, {}, int64_t(index), {}}), index_ = -1;
    place_all_children();
  } else if (!place_) {
    place_ = parent, index_ = int64_t(index);
  }
}

void Value::place_all_children() {
  if (auto* items = std::get_if<List>(&data_)) {
    for (size_t i = 0; i < items->size(); ++i) {
      Value& item = (*items)[i];
      item.place_ ? item.place_all_children() : item.place_below(place_, i);
    }
  } else if (auto* entries = std::get_if<Entries>(&data_)) {
    for (Entry& entry : *entries) {
      entry.value.place_ ? entry.value.place_all_children() : entry.value.place_below(place_, entry.key);
    }
  }
}

void Value::place(const std::string& file, const std::string& path) {
  place_ = std::make_shared<Place>(Place{nullptr, path, -1, file}), index_ = -1;
  place_all_children();
}

void Value::place_children() {
  if (!place_) return place({});
  place_all_children();
}

bool Value::is_placed() const {
  if (!place_) return false;
  if (is_list()) return std::ranges::all_of(list(), [](const Value& item) { return item.is_placed(); });
  if (is_mapping()) return std::ranges::all_of(entries(), [](const Entry& e) { return e.value.is_placed(); });
  return true;
}

At Value::at_place(const PlacePtr& place, int64_t index, int line, int column) const {
  At at{{}, line, column, {}};
  std::vector<const Place*> steps;
  for (const Place* step = place.get(); step; step = step->parent.get()) steps.push_back(step);
  const auto add_index = [&](int64_t i) { at.path += fmt::format("[{}]", i); };
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (!(*step)->parent) at.file = (*step)->file;
    if ((*step)->index >= 0) {
      add_index((*step)->index);
    } else if (!(*step)->key.empty()) {
      if (!at.path.empty()) at.path += '.';
      at.path += shown((*step)->key);
    }
  }
  if (index >= 0) add_index(index);
  return at;
}

At Value::at() const { return at_place(place_, index_, line_, column_); }

At Value::key_at(const Entry& entry) const {
  At at = entry.value.at();
  if (entry.line > 0) at.line = entry.line, at.column = entry.column;
  return at;
}

void Value::fail(const std::string& what, const std::string& hint) const { throw SpecError(at(), what, hint); }

std::string Value::described() const {
  switch (kind()) {
    case Kind::null: return "nothing";
    case Kind::boolean: return std::get<bool>(data_) ? "true" : "false";
    case Kind::number: return "the number " + number_text(*this);
    case Kind::text: return fmt::format("the text '{}'", shown(std::get<std::string>(data_)));
    case Kind::list: return "a list";
    case Kind::mapping: return "a mapping";
  }
  return {};
}

void Value::expected(std::string_view wanted, const std::string& hint) const {
  fail(fmt::format("expected {}, got {}", wanted, described()), hint);
}

// ── comparing ───────────────────────────────────────────────────────────────────────────────────────────────────────

bool operator==(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Value::Kind::null: return true;
    case Value::Kind::boolean: return std::get<bool>(a.data_) == std::get<bool>(b.data_);
    case Value::Kind::text: return std::get<std::string>(a.data_) == std::get<std::string>(b.data_);
    case Value::Kind::list: return std::get<Value::List>(a.data_) == std::get<Value::List>(b.data_);
    case Value::Kind::number: {
      const auto& x = std::get<Value::Number>(a.data_);
      const auto& y = std::get<Value::Number>(b.data_);
      if (x.integer && y.integer) return x.magnitude == y.magnitude && (x.negative == y.negative || x.magnitude == 0);
      return x.value == y.value || (std::isnan(x.value) && std::isnan(y.value));
    }
    case Value::Kind::mapping: {
      const auto in_order = [](const Value& value) {
        std::vector<const Value::Entry*> order;
        for (const Value::Entry& entry : value.entries()) order.push_back(&entry);
        std::ranges::sort(order, {}, [](const Value::Entry* entry) -> const std::string& { return entry->key; });
        return order;
      };
      if (a.size() != b.size()) return false;
      return std::ranges::equal(in_order(a), in_order(b), [](const Value::Entry* x, const Value::Entry* y) {
        return x->key == y->key && x->value == y->value;
      });
    }
  }
  return false;
}

}  // namespace dynode
