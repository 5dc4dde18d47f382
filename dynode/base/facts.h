// Facts: one table per kind (cell, structure, initialiser, loss, ...) that is at once validator, documentation and
// command-line help; and Arguments, the checked values somebody chose.
#pragma once
#include <limits>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "dynode/base/error.h"

namespace dynode {

enum class ArgumentKind { number, integer, boolean, text, numbers };

/// One setting of a kind.
struct Fact {
  const char*  name;
  ArgumentKind kind     = ArgumentKind::number;
  double       value    = 0;               // default of a number, integer or boolean
  double       min      = -std::numeric_limits<double>::infinity();
  double       max      = std::numeric_limits<double>::infinity();
  const char*  unit     = "";
  const char*  help     = "";
  bool         required = false;
  const char*  text     = "";              // default of a text
};

/// Values of a kind's facts, already checked against them; every fact without a value has its default.
class Arguments {
 public:
  using Value = std::variant<double, std::string, std::vector<double>>;

  void set(const std::string& name, Value value) { values_[name] = std::move(value); }
  bool has(const std::string& name) const { return values_.count(name) > 0; }   // somebody gave it or it has a default

  double                     number(const std::string& name) const { return get<double>(name); }
  bool                       flag(const std::string& name) const { return number(name) != 0; }
  const std::string&         text(const std::string& name) const { return get<std::string>(name); }
  const std::vector<double>& numbers(const std::string& name) const { return get<std::vector<double>>(name); }

 private:
  template <class T>
  const T& get(const std::string& name) const {
    const auto found = values_.find(name);
    expects(found != values_.end() && std::holds_alternative<T>(found->second), name.c_str());
    return std::get<T>(found->second);
  }
  std::map<std::string, Value> values_;
};

}  // namespace dynode
