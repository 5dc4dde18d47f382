// Spec: what was asked for. Plain structs that mirror the file; nothing here is built or drawn yet.
//
//   net.yaml ─▶ Value ─ old spellings translated ─▶ Spec { simulation, layers, connections, … } ─▶ plan/
//
// Layer types, structures, initialisers and parameters stay words and raw Values: their tables of facts live where
// they are implemented, and check them there.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "dynode/spec/fields.h"
#include "dynode/spec/value.h"

namespace dynode {

/// What the array given to a run does: set the state of layer 0, add to its drive, or there is none.
enum class InputType { state, flux, none };
template <>
struct EnumNames<InputType> {
  static constexpr std::array names{std::pair{InputType::state, "state"}, std::pair{InputType::flux, "flux"},
                                    std::pair{InputType::none, "none"}};
};

/// What one unit of time in a spec stands for, where a rate in Hz or a time in seconds is wanted.
enum class TimeUnit { s, ms };
template <>
struct EnumNames<TimeUnit> {
  static constexpr std::array names{std::pair{TimeUnit::s, "s"}, std::pair{TimeUnit::ms, "ms"}};
};
constexpr double seconds_of(std::optional<TimeUnit> unit) { return unit == TimeUnit::ms ? 1e-3 : 1.0; }

/// Which connections read their source fresh and which one step late.
enum class Evaluation { layerwise, stepwise_gauss_seidel, stepwise_jacobi };
template <>
struct EnumNames<Evaluation> {
  static constexpr std::array names{std::pair{Evaluation::layerwise, "layerwise"},
                                    std::pair{Evaluation::stepwise_gauss_seidel, "stepwise_gauss_seidel"},
                                    std::pair{Evaluation::stepwise_jacobi, "stepwise_jacobi"}};
};

/// How time advances and what is watched.
struct SimulationSpec {
  std::optional<double> dt{};                     // missing: the default of the layers' family
  bool                  dt_learnable = false;
  InputType             input_type   = InputType::state;
  Evaluation            network_evaluation_method = Evaluation::layerwise;
  std::optional<int>    steps{};                  // run length where there is no input array
  std::optional<double> duration{};               // likewise, in the unit of dt
  std::optional<TimeUnit> time_unit{};            // of dt and all other times; missing: seconds
  std::string           rate_table{};             // file; "": the built-in table
  bool                  track_phi = false, track_g = false, track_s = false, track_power = false;
  bool                  early_stopping_forward_pass = false;
  double                early_stopping_tolerance    = 1e-6;
  int                   early_stopping_patience     = 1;
  int                   early_stopping_min_steps    = 1;
  int                   steady_window_min           = 50;   // 0: the patience detector
  double                steady_tol_abs              = 1e-5;
  double                steady_tol_rel              = 1e-3;

  static constexpr auto fields = field_list(
      field("dt", &SimulationSpec::dt, "integration step; missing: the default of the layers' family", positive),
      field("dt_learnable", &SimulationSpec::dt_learnable, "whether dt is a parameter of the network"),
      field("input_type", &SimulationSpec::input_type, "what the input array does to the first layer"),
      field("network_evaluation_method", &SimulationSpec::network_evaluation_method, "how layers take turns"),
      field("steps", &SimulationSpec::steps, "run length without an input array", at_least(1)),
      field("duration", &SimulationSpec::duration, "run length without an input array, in the unit of dt", positive),
      field("time_unit", &SimulationSpec::time_unit,
            "what times of a spiking network are counted in, s or ms; its rates are per such unit; missing: s"),
      field("rate_table", &SimulationSpec::rate_table, "file with another table for RateArray"),
      field("track_phi", &SimulationSpec::track_phi, "record the input of every layer"),
      field("track_g", &SimulationSpec::track_g, "record the source function of every layer"),
      field("track_s", &SimulationSpec::track_s, "record the states of every layer"),
      field("track_power", &SimulationSpec::track_power, "record power and energy of dendrites"),
      field("early_stopping_forward_pass", &SimulationSpec::early_stopping_forward_pass,
            "stop a run that has become steady (stepwise methods)"),
      field("early_stopping_tolerance", &SimulationSpec::early_stopping_tolerance, "largest change of a steady step",
            non_negative),
      field("early_stopping_patience", &SimulationSpec::early_stopping_patience,
            "steady steps in a row before stopping", at_least(1)),
      field("early_stopping_min_steps", &SimulationSpec::early_stopping_min_steps, "steps before the first stop",
            non_negative),
      field("steady_window_min", &SimulationSpec::steady_window_min,
            "length of the window detector; 0: patience instead", non_negative),
      field("steady_tol_abs", &SimulationSpec::steady_tol_abs, "absolute tolerance of the window detector",
            non_negative),
      field("steady_tol_rel", &SimulationSpec::steady_tol_rel, "relative tolerance of the window detector",
            non_negative));
};

struct LayerSpec {
  int         layer_id = 0;
  std::string layer_type{};
  Value       params = Value::map();   // always a mapping with a whole number `dim`
  int         model_id = 0;            // grouping for display
  std::string description{};
  Value       noise{}, perturb{};      // mapping, or null where not given
  At          at{};                    // where the layer was written

  /// params.dim. @throws SpecError  missing, not whole, not within 1 … 10,000,000
  int dim() const;

  static constexpr auto fields = field_list(
      field("layer_id", &LayerSpec::layer_id, "unique number; gives the order of layers", required | non_negative),
      field("layer_type", &LayerSpec::layer_type, "kind of cell", required),
      field("params", &LayerSpec::params, "size (dim) and parameters of the kind", required),
      field("model_id", &LayerSpec::model_id, "group shown together"),
      field("description", &LayerSpec::description, "free text"),
      field("noise", &LayerSpec::noise, "fresh noise every step: deviations by quantity"),
      field("perturb", &LayerSpec::perturb, "offsets drawn once per run: means and deviations by quantity"));
};

struct ConnectionSpec {
  int                   from_layer = 0, to_layer = 0;
  std::string           connection_type{};
  Value                 params    = Value::map();   // always a mapping
  bool                  learnable = true;
  std::string           mode{};                     // "": fixed, or given inside params; read_spec moves it here
  Value                 connection_params{};        // parameters of the mode; mapping or null; likewise
  std::optional<int>    lag{};                      // 0 reads the source fresh, 1 one step late
  std::optional<double> delay{};                    // of spikes, in the unit of dt
  Value                 noise{}, perturb{};
  Value                 visualization_metadata{};
  At                    at{};

  static constexpr auto fields = field_list(
      field("from_layer", &ConnectionSpec::from_layer, "source layer", required | non_negative),
      field("to_layer", &ConnectionSpec::to_layer, "target layer", required | non_negative),
      field("connection_type", &ConnectionSpec::connection_type, "structure of the connection", required),
      field("params", &ConnectionSpec::params, "structure, initialiser, constraints, mode"),
      field("learnable", &ConnectionSpec::learnable, "whether training changes the weights"),
      field("mode", &ConnectionSpec::mode, "fixed, WICC, NOCC or spike"),
      field("connection_params", &ConnectionSpec::connection_params, "parameters of the mode"),
      field("lag", &ConnectionSpec::lag, "0: read the source fresh, 1: one step late", within(0, 1)),
      field("delay", &ConnectionSpec::delay, "delay of spikes, in the unit of dt", positive),
      field("noise", &ConnectionSpec::noise, "fresh noise every step: deviations by quantity"),
      field("perturb", &ConnectionSpec::perturb, "offsets drawn once per run: means and deviations by quantity"),
      field("visualization_metadata", &ConnectionSpec::visualization_metadata, "kept for drawing programs"));
};

struct Spec {
  std::optional<uint64_t>     seed{};
  SimulationSpec              simulation{};
  std::vector<LayerSpec>      layers{};      // ascending layer_id
  std::vector<ConnectionSpec> connections{}; // as written; at most one per ordered pair
  Value                       drives{}, stimulus{}, arousal{}, perturbation{};  // null where not given
  std::string                 file{};        // paths inside a spec are relative to this file; "": from code
  std::vector<std::string>    warnings{};    // old spellings and the like, for people

  /// nullptr where there is no such layer.
  const LayerSpec* layer(int layer_id) const;
  /// `path` as seen from the spec's file.
  std::string resolve(const std::string& path) const;
};

/// Reads and checks a spec: required keys, types, unknown keys, unique layers and pairs, known ends, one mode per
/// connection. Old spellings are translated and noted in Spec::warnings.
/// @throws SpecError  with the place
Spec read_spec(const Value& value);

/// The checks of read_spec for specs made in code: sizes, unique layers and pairs, known ends, connection params.
/// @throws SpecError  with the place, or a path like connections[2] where there is none
void check_spec(const Spec& spec);

/// Reads a .yaml, .yml or .json file. @throws IoError (missing, unreadable, empty, unknown ending), SpecError
Spec load_spec(const std::string& path);

/// The Value in a .yaml, .yml or .json file. @throws IoError, SpecError
Value load_value(const std::string& path);

/// The spec in today's words; read_spec(write_spec(s)) gives s again.
Value write_spec(const Spec& spec, Defaults defaults = Defaults::skip);

/// Equal in everything that write_spec writes.
bool operator==(const Spec& a, const Spec& b);

/// `ConnectionSpec::params` understood: nested form `structure: {type, params}`, `init: {name, params}`, and the flat
/// form in which parameters of both stand side by side.
struct ConnectionParams {
  std::string           structure{};                   // type: params.structure.type, else connection_type
  Value                 structure_params = Value::map();
  std::string           init        = "normal";
  Value                 init_params = Value::map();
  Value                 flat        = Value::map();    // leftover keys of the flat form; the caller decides which
                                                       // belong to structure and which to initialiser
  bool                  allow_self_connections = true;
  std::optional<double> min{}, max{};                  // box on the weights
  std::string           bias = "none";                 // none, zero, fan_in_uniform, fan_in_normal or a file
  bool                  learnable = true;
  std::string           mode = "fixed";                // fixed, WICC, NOCC or spike
  Value                 mode_params = Value::map();
  Value                 rest        = Value::map();    // ei_mask, ei_balance, allow_mixed_signs, polarity, rate_table,
                                                       // port, plasticity_mask and _mode, synapse_growth_mask,
                                                       // growth_interval and _scale, pruning_threshold
  At                    at{};

  /// Structure parameter `key`: nested first, then flat; nullptr where there is none.
  const Value* structure_param(std::string_view key) const;
  /// Initialiser parameter `key`: nested first, then flat; nullptr where there is none.
  const Value* init_param(std::string_view key) const;
};

/// @param warnings  gets a line per deprecated word, if given
/// @throws SpecError  contradicting places of mode, its parameters or allow_self_connections; wrong types; unknown mode
ConnectionParams read_connection_params(const ConnectionSpec& connection, std::vector<std::string>* warnings = nullptr);

/// One parameter of a layer: a number, a number per node, or a distribution to draw from.
struct ParameterSpec {
  std::optional<double> value{};                 // the same number for every node
  std::vector<double>   values{};                // one number per node (length checked by the reader of the layer)
  std::string           distribution{};          // "": value or values count
  Value                 params = Value::map();   // of the distribution, without block_size and block_mode
  std::optional<bool>   learnable{};
  std::optional<double> min{}, max{};            // constraints
  int                   block_size = 1;
  std::string           block_mode = "shared";   // shared: each drawn value serves block_size nodes; tiled: repeated
  At                    at{};
};

/// Neither value, values nor distribution: the default of the kind.
/// @throws SpecError  wrong type, unknown key, min above max, both value and distribution
ParameterSpec read_parameter(const Value& value);

}  // namespace dynode
