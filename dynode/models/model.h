// Model: a network ready to use. The public face of dynode for C++ programs, the command line and Python.
//
//   Model model = Model::load("net.yaml");
//   Results run = model.simulate(x, {.record = {"s", "phi"}});      x, results: [batch][time][unit]
//   const Array& out = run.at("output");
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dynode/analysis/power.h"
#include "dynode/io/npy.h"
#include "dynode/io/stored_model.h"
#include "dynode/params/quantisation.h"
#include "dynode/plan/plan.h"
#include "dynode/run/adjoint_policy.h"
#include "dynode/spec/spec.h"

namespace dynode {

enum class Precision { float32, float64 };

struct ModelOptions {
  Precision               precision = Precision::float32;
  int                     threads   = 1;      // 0: one per core
  std::optional<uint64_t> seed      = {};     // overrides the seed of the spec
};

/// States before the first step: "<layer_id>" or "<layer_id>/<state>" → [units] or [rows][units]. A CfC with a wiring has
/// those of the wiring's layers side by side, in the order of processing; mixed memory adds that of its LSTM, "<id>/c".
using InitialStates = std::map<std::string, Array>;

/// Which noise a run has, of all that the spec asks for.
struct NoiseOptions {
  bool                    on       = true;    // false: none
  bool                    training = false;   // also noise that is on in training only
  std::optional<uint64_t> pass     = {};      // runs with the same number have the same noise; missing: the number of
                                              // runs of this model so far
  size_t                  first_row = 0;      // row of a larger batch that is row 0 here: its noise is that row's
  /// Standard normal numbers [rows][steps][units] ([rows][units] at the start) in place of drawn ones, by the name of
  /// the site: layer1/preact_noise, layer1/phi, layer1/perturb/phi.
  std::map<std::string, Array> given = {};
};

struct SimulateOptions {
  /// s, state, phi, g for all layers that have them; s/<id>, state/<id>/<name>, phi/<id>, g/<id> for one, of a state or s
  /// also some units: state/<id>/<name>[0:10]. Empty: output.
  /// spikes, spikes/<id>: of layers that fire, a list [count][3] of (step, row, unit) in this order; step t is entry
  /// t + 1 of s. power, power_bias, power_diss (W), energy, energy_bias, energy_diss (J, from the first step on), each
  /// also as power_dimensionless, …: of dendrites (analysis/power.h).
  std::vector<std::string> record = {};
  /// Of states and of what cells show: what every so many steps made, the initial state first; the output, spikes and
  /// power are whole. Not with power or a mask.
  size_t                   every = 1;
  bool                     track  = true;       // also record what the track_ words of the spec ask for
  bool                     stop_early = true;   // where early_stopping_forward_pass says so; false: go through all steps
  std::optional<Junction>  junction = {};       // gives W and J; missing: standard_junction()
  InitialStates            initial_states = {};
  /// [rows][steps] (or [rows][steps][1]), or [steps] for all rows alike: the time each step takes, at least 0, in place
  /// of the dt of layers that have none of their own.
  std::optional<Array>     timespans = {};
  /// [rows][steps] (or [rows][steps][1]), 0 where a step is padding: the network leaves it out, its states and outputs
  /// stand still meanwhile. Not with spikes and power.
  std::optional<Array>     mask = {};
  NoiseOptions             noise = {};
  const std::atomic<bool>* stop = nullptr;      // becoming true ends the run: Stopped is thrown, the model is as before
  // without an input array
  size_t rows  = 1;
  size_t steps = 0;                             // 0: what the spec says
  bool   final = false;                         // of networks of spikes: also what the steps to come depend on, final/…
  std::map<std::string, Array> from = {};       // likewise: go on from there, the arrays final/… of another run
};

/// Arrays by name, in the order asked for; `output` is always there but in networks of spikes without an input array.
struct Results {
  std::vector<std::pair<std::string, Array>> arrays;
  std::vector<std::string>                   warnings;
  size_t                                     steps  = 0;    // that were run: all, or fewer where it stopped early
  std::optional<Energy>                      energy = {};   // of all dendrites, if something of power was recorded

  const Array* find(const std::string& name) const;
  const Array& at(const std::string& name) const;   // @throws IoError  naming what there is
};

/// One term of a loss: weight · loss(pool(output, or a state, of `layer`), target).
struct LossTerm {
  std::string      loss = "mse";
  Array            target;                      // classes [rows] (or [rows][steps]), or values
  std::string      pooling = "none";
  double           weight  = 1;
  std::optional<int> layer = {};                // layer_id; missing: the last layer
  std::map<std::string, double> params = {};    // of the loss
  std::map<std::string, double> pooling_params = {};
  std::string      state = {};                  // of that layer, instead of its output: v, h, c of an LSTM
  std::map<std::string, std::string> words = {};   // parameters of the loss that are words: {{"metric", "l1"}}
  std::vector<int> more_layers = {};            // layer_ids whose units follow those of `layer` (pop_kl: the other one)
};

struct GradientRequest {
  InitialStates initial_states   = {};
  bool          input            = false;       // gradient with respect to x
  bool          initial          = false;       // and with respect to the initial states
  AdjointPolicy adjoint          = {};          // what is kept and recomputed, how far back it looks
  std::optional<Array> timespans = {};          // as in SimulateOptions
  bool          spans            = false;       // gradient with respect to them
  std::optional<Array> mask      = {};          // as in SimulateOptions; losses see all steps
  NoiseOptions  noise            = {.training = true};
  const std::atomic<bool>* stop = nullptr;   // as in SimulateOptions
};

struct Gradient {
  double                                     loss;
  std::vector<double>                        parts;        // of it, term by term, weights included
  std::vector<std::pair<std::string, Array>> parameters;   // by stored value: J_0_to_1, layer1/log_gamma_plus
  std::optional<Array>                       input;        // [rows][steps][units]
  std::vector<std::pair<std::string, Array>> initial;      // "<layer_id>", "<layer_id>/c" of an LSTM → [rows][units]
  std::optional<Array>                       spans;        // [rows][steps]

  const Array& at(const std::string& name) const;
};

/// What the adjoint of a taped run is asked for besides parameters.
struct PullbackRequest {
  bool input = false, initial = false, spans = false;
  const std::atomic<bool>* stop = nullptr;
};

struct Pullback {
  Array                                      theta;     // [θ], by stored values, block after block
  std::optional<Array>                       input;     // [rows][steps][units]
  std::vector<std::pair<std::string, Array>> initial;   // as in Gradient
  std::optional<Array>                       spans;     // [rows][steps]
};

/// A run with all its histories, for programs that differentiate on their own (torch). It must not outlive its model.
class TapedRun {
 public:
  TapedRun(TapedRun&&) noexcept;
  ~TapedRun();

  Results& results();   // what was recorded, and `output`
  /// ∂L/∂θ and the like. May be called more than once.
  /// @param bars  ∂L/∂(results), by their names and in their shapes; missing ones are 0
  /// @throws SpecError  if parameters were changed since; ShapeError; NumericsError
  Pullback backward(const std::vector<std::pair<std::string, Array>>& bars, const PullbackRequest& wanted = {});

 private:
  friend class Model;
  struct Impl;
  explicit TapedRun(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class Model {
 public:
  /// From a spec (.yaml, .yml, .json) or a model file (.dynode, .json as the SOEN toolkit exports it, its .soen and
  /// .pth). @throws IoError, SpecError, ShapeError
  static Model load(const std::string& path, const ModelOptions& options = {});
  static Model from_spec(const Spec& spec, const ModelOptions& options = {});
  /// From a network with its numbers. @throws SpecError, IoError, ShapeError
  static Model from_stored(const StoredModel& stored, const ModelOptions& options = {});
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  const Plan& plan() const;
  Precision   precision() const;

  /// Names of all parameters, in the order of θ.
  std::vector<std::string> parameter_names() const;
  /// Real values. @throws SpecError  naming the nearest parameter, if there is none called `name`
  Array parameter(const std::string& name) const;
  /// Sets real values (a name with log_ takes logarithms) and projects them onto the constraints.
  /// @throws SpecError, ShapeError
  void set_parameter(const std::string& name, const Array& values);
  /// θ itself, as stored, block after block as plan().parameters has them. What is written there counts from the next
  /// call on, projected onto the constraints; the memory stays where it is as long as the model lives, moved or not.
  std::variant<std::span<float>, std::span<double>> theta();
  /// Sets all parameters found in an .npz, .safetensors or .dynode file; masks in it are checked against the plan's.
  void load_parameters(const std::string& path);

  /// The same network with weights that are levels of a codebook: the nearest, or with `draw` those of stochastic
  /// rounding (whatever `quantisation.stochastic` says). @throws SpecError
  Model quantised(const Quantisation& quantisation, const std::optional<RoundingDraw>& draw = {}) const;
  /// Weights act as levels in every later run, gradients pass straight through, and parameters stay what they are;
  /// nothing: weights act as they are. Stochastic rounding is for gradients, drawn per pass. @throws SpecError
  void set_quantisation(std::optional<Quantisation> quantisation);

  /// @param x  [rows][steps][units] (or [steps][units]); narrower inputs are padded with zeros, wider ones cut with a
  ///           warning
  /// With early_stopping_forward_pass the run ends when all layers of all rows are steady, and histories are shorter.
  /// @throws ShapeError, NumericsError
  Results simulate(const Array& x, const SimulateOptions& options = {});

  /// The same with all histories kept. Records states and outputs only, never stops early.
  /// @throws SpecError  where spikes have no derivative: layers without a surrogate, connections of events
  TapedRun simulate_taped(const Array& x, const SimulateOptions& options = {});

  /// A run of a network without an input array (input_type: none). Of spiking layers alone the record is spikes unless
  /// something else is asked for, and there is no `output`.
  /// @throws SpecError  if the network takes an input array, or nobody says how long the run is
  Results simulate(const SimulateOptions& options);

  /// Loss and its exact gradient by back-propagation through time; through all steps, also where simulate stops early.
  Gradient gradient(const Array& x, const std::vector<LossTerm>& loss, const GradientRequest& request = {});

  /// Weights and parameters after a plain step θ ← θ − rate · plasticity · gradient, projected onto the constraints;
  /// then synapses grow.
  void descend(const Gradient& gradient, double rate);

  /// The network with its numbers, complete: every block, mask and sign.
  StoredModel stored() const;
  /// Writes a model file (.dynode). @throws IoError
  void save(const std::string& path) const;

 private:
  struct Impl;
  explicit Model(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dynode
