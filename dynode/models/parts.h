// Parts of a network, for builders: layers, structures, initialisers, parameters under the names of the spec.
//
//   layers::SingleDendrite(20, {{"bias_current", param::uniform(1.5, 1.9)}, {"gamma_minus", 1e-3}})
//   structure::power_law(2.0, 4)           structure::power_law({{"expected_fan_out", 4}})
//   init::uniform(-0.2, 0.2)               init::normal({{"std", 0.05}})
//
// What a kind can be told, its defaults and its ranges stand in its table of facts and are checked when the network is
// compiled. Numbers without a name are the facts in their order; a name that is missing has its default. A new kind
// needs one line here.
#pragma once
#include <concepts>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dynode/spec/value.h"

namespace dynode {

/// Values by name: {{"alpha", 1.5}, {"source_func", "Tanh"}}. No name twice.
class NamedValues {
 public:
  NamedValues() = default;
  NamedValues(std::initializer_list<Value::Entry> entries);

  const Value& value() const { return value_; }   // a mapping
  bool         empty() const { return value_.empty(); }
  /// Adds or replaces one.
  void set(std::string name, Value value) { value_.set(std::move(name), std::move(value)); }

 private:
  Value value_ = Value::map();
};

/// One parameter of a layer: a number for all units, a number for each, or a distribution to draw from (param::…).
///
///   param::loguniform(5e-4, 2e-3).blocks(3, "tiled").learnable(false)
///   Parameter(1.7).within(0, 2.4)
class Parameter {
 public:
  Parameter(double value);
  Parameter(std::vector<double> values);   // [units]
  Parameter(std::string distribution, NamedValues params);

  Parameter learnable(bool yes = true) const;
  /// Bounds that training keeps, in place of those of the kind.
  Parameter within(double min, double max) const;
  Parameter at_least(double min) const;
  Parameter at_most(double max) const;
  /// Drawn values serve `size` units each ("shared"), or `size` of them are repeated ("tiled"); `size` divides the units.
  Parameter blocks(int size, const std::string& mode = "shared") const;

  operator Value() const { return value_; }

 private:
  Value value_;   // a mapping, as read_parameter takes it
};

/// Which connections exist.
struct Structure {
  std::string type   = "dense";
  NamedValues params = {};
};

/// The weights connections start with.
struct Init {
  std::string name   = "normal";
  NamedValues params = {};
};

/// How a layer is connected to the one before it in a Sequential, where that is not the usual way.
struct ConnectionBefore {
  Structure   structure = {};
  Init        init      = {};
  std::string bias      = {};
  bool        learnable = true;
};

/// A kind of cell, so many units of it, and what it is told.
struct Layer {
  std::string             type;
  int                     dim;            // 0, in a Sequential: as many as the layer before
  NamedValues             params   = {};
  std::optional<ConnectionBefore> incoming = {};  // in a Sequential
  NamedValues             noise    = {};  // fresh every step, also where LayerOptions say nothing
};

namespace parts_detail {

/// The values under the names of the kind's facts. @throws SpecError  unknown kind, more values than facts
NamedValues name_values(const Structure*, const char* kind, std::vector<Value> values);
NamedValues name_values(const Init*, const char* kind, std::vector<Value> values);
NamedValues name_values(const Parameter*, const char* kind, std::vector<Value> values);

/// A kind, called like a function: with values in the order of its facts, or by name.
template <class Part>
struct KindOf {
  const char* name;

  template <class... V>
    requires(std::constructible_from<Value, V> && ...)
  Part operator()(V&&... values) const {
    const Part* tag = nullptr;
    return Part{name, name_values(tag, name, {Value(std::forward<V>(values))...})};
  }
  Part operator()(const NamedValues& values) const { return Part{name, values}; }
};

struct LayerKind {
  const char* name;
  const char* own_word  = nullptr;   // a parameter whose default differs from that of a spec
  double      own_value = 0;

  Layer operator()(int dim, NamedValues params = {}) const {
    if (own_word && !params.value().has(own_word)) params.set(own_word, own_value);
    return {.type = name, .dim = dim, .params = std::move(params)};
  }
};

}  // namespace parts_detail

/// Layers: units first, then words of layers[].params by name. `dynode info` and docs/ list them.
namespace layers {
using Kind = parts_detail::LayerKind;
inline constexpr Kind Input{"Input"}, Linear{"Linear"}, ScalingLayer{"ScalingLayer"}, NonLinear{"NonLinear"},
    Softmax{"Softmax"};
inline constexpr Kind SingleDendrite{"SingleDendrite", "phi_offset", 0.0};   // 0.23 in a spec that does not name it
inline constexpr Kind MultiplierWICC{"MultiplierWICC"}, MultiplierNOCC{"MultiplierNOCC"},
    DendriteReadout{"DendriteReadout"};
inline constexpr Kind RNN{"RNN"}, GRU{"GRU"}, LSTM{"LSTM"}, MinGRU{"MinGRU"}, LeakyGRU{"LeakyGRU"};
inline constexpr Kind Activation{"Activation"};   // of what connections bring; params.activation says which
inline constexpr Kind CTRNN{"CTRNN"}, RateDale{"RateDale"}, LIF{"LIF"}, LTC{"LTC"}, CfC{"CfC"};

// for layers in a row, with the weights people know from Keras and torch

/// Weighted sums of the layer before, and a function of them: linear, relu, softmax, … (Activation in `dynode info
/// --cells`).
Layer Dense(int units, const std::string& activation = "linear", bool use_bias = true);
/// A function of each unit of the layer before; softmax: of all of them together.
Layer Function(const std::string& activation);
/// Leaves out a share of the units of the layer before, while the network learns. @param rate  within [0, 1)
Layer Dropout(double rate);
/// Units of the layer before, at each step with mean 0 and deviation 1, times a gain, plus an offset: both are learnt.
Layer LayerNorm();
/// A recurrent layer (RNN, GRU, LSTM, …) weighs the layer before itself, as in Keras and torch; as it is it has as many
/// inputs as units, and dense weights in front.
Layer weighing(Layer recurrent);
inline Layer SimpleRNN(int units, NamedValues params = {}) { return weighing(RNN(units, std::move(params))); }
}  // namespace layers

/// Structures: sparse(sparsity), power_law(alpha, expected_fan_out), custom(mask_file), …
namespace structure {
using Kind = parts_detail::KindOf<Structure>;
inline constexpr Kind dense{"dense"}, one_to_one{"one_to_one"}, inverse_one_to_one{"inverse_one_to_one"},
    chain{"chain"}, sparse{"sparse"}, constant_fan_out{"constant"}, power_law{"power_law"}, exponential{"exponential"},
    block_structure{"block_structure"}, hierarchical_blocks{"hierarchical_blocks"}, custom{"custom"};
inline constexpr Kind multi_area{"multi_area"}, area_input{"area_input"}, area_readout{"area_readout"},
    input_groups{"input_groups"}, readout_groups{"readout_groups"}, random_inputs{"random_inputs"},
    random_readouts{"random_readouts"};
/// No weights: hands its source to a layer that weighs its inputs itself (LTC, CfC).
inline Structure direct() { return {"direct"}; }
}  // namespace structure

/// Initialisers: uniform(min, max), normal(mean, std), constant(value), xavier_uniform(gain), …
namespace init {
using Kind = parts_detail::KindOf<Init>;
inline constexpr Kind normal{"normal"}, uniform{"uniform"}, linear{"linear"}, constant{"constant"}, zero{"zero"},
    xavier_normal{"xavier_normal"}, xavier_uniform{"xavier_uniform"}, kaiming_normal{"kaiming_normal"},
    kaiming_uniform{"kaiming_uniform"}, orthogonal{"orthogonal"}, flux_balanced{"flux_balanced"},
    fan_in_uniform{"fan_in_uniform"}, fan_in_normal{"fan_in_normal"}, gaus{"gaus"}, gamma{"gamma"},
    custom_weights{"custom"};   // an .npy file, or an .npz file with the array `weights`, [to, from]
}  // namespace init

/// Parameters: uniform(min, max), lognormal(mean, std), value(1.7), …
namespace param {
using Kind = parts_detail::KindOf<Parameter>;
inline constexpr Kind constant{"constant"}, normal{"normal"}, uniform{"uniform"}, lognormal{"lognormal"},
    loguniform{"loguniform"}, linear{"linear"}, loglinear{"loglinear"}, fan_out{"fan_out"};
inline Parameter value(double number) { return number; }
inline Parameter values(std::vector<double> numbers) { return numbers; }
}  // namespace param

}  // namespace dynode
