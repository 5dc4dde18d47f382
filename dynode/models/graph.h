// Graph and Sequential: networks put together in code.
//
//   Graph g({.dt = 37, .network_evaluation_method = Evaluation::stepwise_gauss_seidel}, {.seed = 42});
//   g.add_layer(0, layers::Linear(10))
//       .add_layer(1, layers::SingleDendrite(20, {{"bias_current", param::uniform(1.5, 1.9)}}))
//       .connect(0, 1, {.init = init::xavier_uniform()})
//       .connect(1, 1, {.structure = structure::sparse(0.2), .allow_self_connections = false});
//   Array y = g(x);                                   // [rows][steps][10] → [rows][steps + 1][20]
//
// They write a Spec and nothing else; it becomes a Model when one is needed. What a spec file can say they can say,
// with the same words, the same defaults and the same errors (layers::SingleDendrite has phi_offset 0 by itself).
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dynode/models/fit.h"
#include "dynode/models/model.h"
#include "dynode/models/parts.h"

namespace dynode {

struct LayerOptions {
  std::string description      = {};
  int         model_id         = 0;   // group shown together
  NamedValues learnable_params = {};  // {{"gamma_minus", false}}; missing: all of them learn
  NamedValues noise            = {};  // fresh every step: {{"phi", 0.01}, {"relative", false}}
  NamedValues perturb          = {};  // drawn once per run: {{"bias_current_std", 0.05}}
};

/// A box that training keeps weights in.
struct Box {
  std::optional<double> min = {}, max = {};
};

struct ConnectionOptions {
  Structure             structure              = {};  // dense
  Init                  init                   = {};  // normal(0, 0.1)
  std::string           mode                   = {};  // WICC, NOCC, spike; missing: fixed weights
  NamedValues           connection_params      = {};  // of the mode: {{"alpha", 1.5}, {"j_out", 0.4}}
  Box                   constraints            = {};
  bool                  learnable              = true;
  bool                  allow_self_connections = true;
  std::string           bias                   = {};  // zero, fan_in_uniform, fan_in_normal or a file
  std::optional<int>    lag                    = {};  // 0 reads the source fresh, 1 one step late
  std::optional<double> delay                  = {};  // of spikes, in the unit of dt
  NamedValues           noise = {}, perturb = {};     // on the weights: {{"j", 0.01}}, {{"j_std", 0.1}}
  NamedValues           params                 = {};  // further words of connections[].params: polarity, port, …
  Value                 visualization_metadata = {};
};

class Graph {
 public:
  /// @param options  seed, precision and threads of the model
  explicit Graph(SimulationSpec simulation = {}, ModelOptions options = {});
  /// The network a model was made from, with the model's parameters.
  explicit Graph(Model model);
  static Graph from_spec(Spec spec, ModelOptions options = {});
  /// A spec (.yaml, .yml, .json) or a model file (.dynode), which brings its parameters. @throws IoError, SpecError
  static Graph load(const std::string& path, const ModelOptions& options = {});

  // ── writing: each of these forgets the compiled model and its parameters ─────────────────────────────────────────
  Graph& add_layer(int layer_id, Layer layer, LayerOptions options = {});
  /// Layers may be named before they are there; what is missing is an error when the network is compiled.
  Graph& connect(int from_layer, int to_layer, ConnectionOptions options = {});
  /// Draws all parameters anew, with another seed if one is given.
  Graph& reset_parameters(std::optional<uint64_t> seed = {});

  // ── changing: parameters keep their values ───────────────────────────────────────────────────────────────────────
  /// But dt, which is that of `simulation` also where it is learnt.
  Graph& set_simulation(const SimulationSpec& simulation);
  /// The network of these layers and the connections among them. @throws SpecError  on an unknown layer
  Graph subgraph(const std::vector<int>& keep);

  // ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────
  const Spec& spec() const { return spec_; }
  /// The compiled network; compiles on the first call. @throws SpecError
  Model& model();
  /// Real values of all parameters by name: J_0_to_1, layer1/gamma_plus.
  std::map<std::string, Array> parameters();
  /// Sets those given. @throws SpecError, ShapeError
  void set_parameters(const std::map<std::string, Array>& values);
  /// What was understood, as tables for people.
  std::string summary();

  // ── running ──────────────────────────────────────────────────────────────────────────────────────────────────────
  /// The output [rows][steps + 1][units]; records what the track_ words of the simulation ask for.
  /// @param x  as for Model::simulate
  Array operator()(const Array& x, const SimulateOptions& options = {});
  /// What the last call recorded, by layer_id. phi, g: [rows][steps][units], s: [rows][steps + 1][units], power: that of
  /// dendrites, W.
  /// @throws SpecError  if it was not tracked
  std::map<int, Array> phi_history() const { return history("phi", "track_phi"); }
  std::map<int, Array> g_history() const { return history("g", "track_g"); }
  std::map<int, Array> s_history() const { return history("s", "track_s"); }
  std::map<int, Array> power_history() const { return history("power", "track_power"); }
  /// Everything the last call gave.
  const Results& results() const { return last_; }

  // ── files ────────────────────────────────────────────────────────────────────────────────────────────────────────
  /// Network and parameters. @throws IoError
  void save(const std::string& path);
  /// The network without parameters, .yaml, .yml or .json. @throws IoError
  void        save_spec(const std::string& path) const;
  std::string yaml() const;

 private:
  void                 forget();
  std::map<int, Array> history(const std::string& kind, const char* flag) const;

  Spec                 spec_;
  ModelOptions         options_;
  std::optional<Model> model_;
  Results              last_;
};

struct SequentialOptions {
  SimulationSpec simulation      = {};
  bool           auto_connect    = true;  // dense connections between neighbours
  Init           connection_init = {};    // of those
  ModelOptions   model           = {};
};

/// Layers in a row, numbered from 0. LTC and CfC weigh the layer before them themselves, those from layers::Dense on as
/// they say; others have dense connections with `connection_init` in front.
///
///   Sequential net({layers::Linear(10), layers::SingleDendrite(50), layers::DendriteReadout(5)},
///                  {.simulation = {.dt = 37}});
///   Sequential tagger({layers::Input(20), layers::Dense(50, "relu"), layers::weighing(layers::LSTM(32)),
///                      layers::Dense(10, "softmax")});
class Sequential : public Graph {
 public:
  explicit Sequential(const std::vector<Layer>& layers, const SequentialOptions& options = {});
  Sequential& append(const Layer& layer, LayerOptions options = {});

  /// A line per layer: kind, units, parameters (learnt, and all); then their sums.
  std::string table();

  // ── learning (models/fit.h says how) ─────────────────────────────────────────────────────────────────────────────
  History     fit(const Array& x, const Array& y, const FitOptions& options = {});
  ModelScores evaluate(const Array& x, const Array& y, const FitOptions& options = {});
  /// Outputs after each step, [rows][steps][units].
  Array       predict(const Array& x);

 private:
  int  width(int layer_id);   // units that the next layer sees

  bool auto_connect_;
  Init init_;
};

}  // namespace dynode
