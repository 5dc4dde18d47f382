// Fields: a config struct lists its fields once; reading, writing, defaults and help all walk that list.
//
//   struct Pooling {
//     std::string name  = "final";
//     double      scale = 1.0;
//     static constexpr auto fields = field_list(
//         field("name", &Pooling::name, "how a history becomes one number per unit"),
//         field("scale", &Pooling::scale, "factor of the result", positive));
//   };
//   Pooling p = read<Pooling>(value);     Value v = write(p);     auto rows = describe<Pooling>();
//
// Members may be: bool, int, int64_t, uint64_t, float, double, std::string, enums with EnumNames, structs with fields,
// raw Values, and std::optional, std::vector and std::map<std::string, …> of these.
#pragma once
#include <array>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "dynode/spec/value.h"

namespace dynode {

// ── listing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// What a field accepts beyond its type. Combine with |.
struct Check {
  double min      = -std::numeric_limits<double>::infinity();
  double max      = std::numeric_limits<double>::infinity();
  bool   above    = false;   // min itself is excluded
  bool   required = false;

  constexpr Check operator|(const Check& other) const {
    const bool tighter = other.min > min || (other.min == min && other.above);
    return {tighter ? other.min : min, other.max < max ? other.max : max, tighter ? other.above : above,
            required || other.required};
  }
  constexpr bool bounded() const {
    return min > -std::numeric_limits<double>::infinity() || max < std::numeric_limits<double>::infinity();
  }
};

inline constexpr Check positive{.min = 0, .above = true};
inline constexpr Check non_negative{.min = 0};
inline constexpr Check required{.required = true};
constexpr Check        at_least(double n) { return {.min = n}; }
constexpr Check        within(double a, double b) { return {.min = a, .max = b}; }   // both ends included

template <class S, class M>
struct Field {
  const char* name;
  M S::*      member;
  const char* help;
  Check       check;
};

template <class S, class M>
constexpr Field<S, M> field(const char* name, M S::*member, const char* help, Check check = {}) {
  return {name, member, help, check};
}

/// All fields of a struct, as a function that calls another one with them. (A tuple of forty costs a second to compile.)
template <class... F>
constexpr auto field_list(F... fields) {
  return [=](const auto& visit) { return visit(fields...); };
}

/// The words of an enum as people write them (compared without case):
///   template <> struct EnumNames<Colour> {
///     static constexpr std::array names{std::pair{Colour::red, "red"}, std::pair{Colour::blue, "blue"}};
///   };
template <class E>
struct EnumNames;

/// One line of a table of settings.
struct FieldRow {
  std::string name, type, default_text, help;
  bool        operator==(const FieldRow&) const = default;
};

/// Whether values equal to their default are written.
enum class Defaults { write, skip };

// ── machinery ───────────────────────────────────────────────────────────────────────────────────────────────────────

namespace fields_detail {

template <class T, template <class...> class Of>
inline constexpr bool is_a = false;
template <template <class...> class Of, class... A>
inline constexpr bool is_a<Of<A...>, Of> = true;

template <class T>
concept HasFields = requires { T::fields; };

[[noreturn]] void fail_unknown_key(const Value& mapping, const Value::Entry& entry,
                                   const std::vector<std::string>& known);
[[noreturn]] void fail_missing(const Value& mapping, const std::vector<std::string>& missing);
[[noreturn]] void fail_word(const Value& value, const std::vector<std::string>& known);
void              check_range(const Value& value, double number, const Check& check);
int64_t           checked_integer(const Value& value, int64_t min, int64_t max);
std::string       check_text(const Check& check);
std::string       default_text(const Value& value);

template <class S>
std::vector<std::string> field_names() {
  return S::fields([](const auto&... f) { return std::vector<std::string>{f.name...}; });
}

template <class E>
std::vector<std::string> enum_names() {
  std::vector<std::string> names;
  for (const auto& pair : EnumNames<E>::names) names.emplace_back(pair.second);
  return names;
}

bool same_word(std::string_view a, std::string_view b);

template <class T>
void read_into(const Value& value, T& out, const Check& check);

template <class S>
void read_struct(const Value& value, S& out) {
  const std::vector<std::string> known = field_names<S>();
  std::vector<std::string>       missing;
  static const Value::Entries    none;
  for (const Value::Entry& entry : value.is_null() ? none : value.entries()) {
    bool found = false;
    S::fields([&](const auto&... f) {
      (void)((entry.key == f.name && (read_into(entry.value, out.*(f.member), f.check), found = true)) || ...);
    });
    if (!found) fail_unknown_key(value, entry, known);
  }
  const auto note = [&](const char* name, const Check& check) {
    if (check.required && (value.is_null() || !value.find(name))) missing.emplace_back(name);
  };
  S::fields([&](const auto&... f) { (note(f.name, f.check), ...); });
  if (!missing.empty()) fail_missing(value, missing);
}

template <class T>
void read_into(const Value& value, T& out, const Check& check) {
  if constexpr (std::is_same_v<T, Value>) {
    out = value;
  } else if constexpr (is_a<T, std::optional>) {
    if (value.is_null()) {
      out.reset();
    } else {
      read_into(value, out.emplace(), check);
    }
  } else if constexpr (std::is_same_v<T, bool>) {
    out = value.boolean();
  } else if constexpr (std::is_same_v<T, uint64_t>) {
    out = value.unsigned_integer();
    check_range(value, double(out), check);
  } else if constexpr (std::is_integral_v<T>) {
    out = T(checked_integer(value, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    check_range(value, double(out), check);
  } else if constexpr (std::is_floating_point_v<T>) {
    const double number = value.number();
    check_range(value, number, check);
    out = T(number);
  } else if constexpr (std::is_same_v<T, std::string>) {
    out = value.text();
  } else if constexpr (std::is_enum_v<T>) {
    for (const auto& [e, name] : EnumNames<T>::names) {
      if (value.is_text() && same_word(value.text(), name)) return void(out = e);
    }
    fail_word(value, enum_names<T>());
  } else if constexpr (is_a<T, std::vector>) {
    out.clear();
    for (const Value& item : value.list()) {
      typename T::value_type one{};
      read_into(item, one, check);
      out.push_back(std::move(one));
    }
  } else if constexpr (is_a<T, std::map>) {
    out.clear();
    for (const Value::Entry& entry : value.entries()) read_into(entry.value, out[entry.key], check);
  } else {
    static_assert(HasFields<T>, "a config member needs a supported type or a list of fields");
    read_struct(value, out);
  }
}

template <class T>
Value written(const T& in, Defaults defaults);

template <class S>
Value write_struct(const S& in, Defaults defaults) {
  Value   out   = Value::map();
  const S plain = S{};
  const auto one = [&](const auto& f) {
    Value value = written(in.*(f.member), defaults);
    if (value.is_null()) return;
    if (defaults == Defaults::skip && !f.check.required && value == written(plain.*(f.member), defaults)) return;
    out.set(f.name, std::move(value));
  };
  S::fields([&](const auto&... f) { (one(f), ...); });
  return out;
}

template <class T>
Value written(const T& in, Defaults defaults) {
  if constexpr (std::is_same_v<T, Value>) {
    return in;
  } else if constexpr (is_a<T, std::optional>) {
    return in ? written(*in, defaults) : Value();
  } else if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
    return Value(in);
  } else if constexpr (std::is_enum_v<T>) {
    for (const auto& [e, name] : EnumNames<T>::names) {
      if (e == in) return Value(name);
    }
    expects(false, "an enum value without a name");
    return {};
  } else if constexpr (is_a<T, std::vector>) {
    Value out = Value::list_of();
    for (const auto& item : in) out.push_back(written(item, defaults));
    return out;
  } else if constexpr (is_a<T, std::map>) {
    Value out = Value::map();
    for (const auto& [key, item] : in) out.set(key, written(item, defaults));
    return out;
  } else {
    return write_struct(in, defaults);
  }
}

template <class T>
std::string type_name() {
  if constexpr (std::is_same_v<T, bool>) {
    return "true|false";
  } else if constexpr (std::is_same_v<T, Value>) {
    return "mapping";
  } else if constexpr (std::is_integral_v<T>) {
    return "integer";
  } else if constexpr (std::is_floating_point_v<T>) {
    return "number";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "text";
  } else if constexpr (std::is_enum_v<T>) {
    std::string words;
    for (const std::string& name : enum_names<T>()) words += (words.empty() ? "" : "|") + name;
    return words;
  } else if constexpr (is_a<T, std::optional>) {
    return type_name<typename T::value_type>();
  } else if constexpr (is_a<T, std::vector>) {
    return "list of " + type_name<typename T::value_type>();
  } else if constexpr (is_a<T, std::map>) {
    return "mapping to " + type_name<typename T::mapped_type>();
  } else {
    return "mapping";
  }
}

}  // namespace fields_detail

// ── doors ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Reads a struct with fields (or any supported type). Null stands for an empty mapping; optional members may be null.
/// @throws SpecError  unknown key (with the nearest known one), missing required keys, wrong type, out of range
template <class T>
T read(const Value& value) {
  T out{};
  if (value.is_placed()) {
    fields_detail::read_into(value, out, {});
  } else {
    Value placed = value;
    placed.place_children();
    fields_detail::read_into(placed, out, {});
  }
  return out;
}

/// Mapping of all fields in their listed order; empty optionals and null Values are left out.
template <class S>
Value write(const S& in, Defaults defaults = Defaults::write) {
  return fields_detail::written(in, defaults);
}

/// One row per field; nested structs follow as "outer.inner".
template <class S>
std::vector<FieldRow> describe() {
  std::vector<FieldRow> rows;
  const S plain = S{};
  const auto one = [&](const auto& f) {
    using M = std::remove_cvref_t<decltype(plain.*(f.member))>;
    if constexpr (fields_detail::HasFields<M>) {
      for (FieldRow row : describe<M>()) rows.push_back((row.name = std::string(f.name) + "." + row.name, row));
    } else {
      rows.push_back({f.name, fields_detail::type_name<M>() + fields_detail::check_text(f.check),
                      f.check.required ? "required"
                                       : fields_detail::default_text(
                                             fields_detail::written(plain.*(f.member), Defaults::write)),
                      f.help});
    }
  };
  S::fields([&](const auto&... f) { (one(f), ...); });
  return rows;
}

}  // namespace dynode
