#include "dynode/models/parts.h"

#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/wiring/distributions.h"
#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/structures.h"

namespace dynode {

NamedValues::NamedValues(std::initializer_list<Value::Entry> entries) {
  for (const Value::Entry& entry : entries) {
    if (value_.has(entry.key)) throw SpecError({}, fmt::format("'{}' is given twice", entry.key), "keep one of them");
    value_.set(entry.key, entry.value);
  }
}

// ---- parameters -----------------------------------------------------------------------------------------

namespace {

/// As a mapping, so that there is room for more words.
Value roomy(const Value& value) { return value.is_mapping() ? value : Value::map({{"value", value}}); }

/// `word` inside the mapping `under`, which is made if there is none.
Value with(const Value& value, const char* under, const char* word, Value content) {
  Value out = roomy(value);
  if (!out.has(under)) out.set(under, Value::map());
  out.find(under)->set(word, std::move(content));
  return out;
}

}  // namespace

Parameter::Parameter(double value) : value_(value) {}
Parameter::Parameter(std::vector<double> values) : value_(values) {}
Parameter::Parameter(std::string distribution, NamedValues params)
    : value_(Value::map({{"distribution", std::move(distribution)}})) {
  if (!params.empty()) value_.set("params", params.value());
}

Parameter Parameter::learnable(bool yes) const {
  Parameter out = *this;
  out.value_    = roomy(value_).set("learnable", yes);
  return out;
}

Parameter Parameter::at_least(double min) const {
  Parameter out = *this;
  out.value_    = with(value_, "constraints", "min", min);
  return out;
}

Parameter Parameter::at_most(double max) const {
  Parameter out = *this;
  out.value_    = with(value_, "constraints", "max", max);
  return out;
}

Parameter Parameter::within(double min, double max) const { return at_least(min).at_most(max); }

Parameter Parameter::blocks(int size, const std::string& mode) const {
  Parameter out = *this;
  out.value_    = roomy(value_).set("block_size", size).set("block_mode", mode);
  return out;
}

// ---- values in the order of the facts -------------------------------------------------------------------

namespace parts_detail {
namespace {

template <class Entry>
NamedValues in_order(const Entry& entry, std::vector<Value> values) {
  NamedValues named;
  if (values.size() > entry.facts.size()) {
    std::vector<std::string> names;
    for (const Fact& fact : entry.facts) names.emplace_back(fact.name);
    throw SpecError({}, fmt::format("{} takes {} values, got {}", entry.name, names.size(), values.size()),
                    names.empty() ? "" : "in this order: " + join(names));
  }
  for (size_t i = 0; i < values.size(); ++i) named.set(entry.facts[i].name, std::move(values[i]));
  return named;
}

}  // namespace

NamedValues name_values(const Structure*, const char* kind, std::vector<Value> values) {
  return in_order(find_structure(kind), std::move(values));
}
NamedValues name_values(const Init*, const char* kind, std::vector<Value> values) {
  return in_order(find_initialiser(kind), std::move(values));
}
NamedValues name_values(const Parameter*, const char* kind, std::vector<Value> values) {
  return in_order(find_distribution(kind), std::move(values));
}

}  // namespace parts_detail

namespace layers {
namespace {

/// Fixed weights that hand on every unit of the layer before.
ConnectionBefore unchanged() {
  return {.structure = structure::one_to_one(), .init = init::constant(1.0), .bias = {}, .learnable = false};
}

Layer function_of(int units, const std::string& name) {
  if (name == "linear") return {.type = "Linear", .dim = units};
  if (name == "softmax")
    return {.type = "Softmax", .dim = units, .params = {{"learnable_params", Value::map({{"beta", false}})}}};
  return {.type = "Activation", .dim = units, .params = {{"activation", name}}};
}

}  // namespace

Layer Dense(int units, const std::string& activation, bool use_bias) {
  Layer layer    = function_of(units, activation);
  layer.incoming = ConnectionBefore{.init = init::xavier_uniform(), .bias = use_bias ? "zero" : ""};
  return layer;
}

Layer Function(const std::string& activation) {
  Layer layer    = function_of(0, activation);
  layer.incoming = unchanged();
  return layer;
}

Layer Dropout(double rate) {
  return {.type = "Linear", .dim = 0, .incoming = unchanged(), .noise = {{"dropout", rate}}};
}

Layer LayerNorm() { return {.type = "LayerNorm", .dim = 0, .incoming = unchanged()}; }

Layer weighing(Layer recurrent) {
  recurrent.incoming = ConnectionBefore{.structure = structure::direct()};
  return recurrent;
}

}  // namespace layers
}  // namespace dynode
