// CTRNN: networks of continuous-time rate units, with the parameters of nn4n under their names.
//
//   CTRNN net({.dims = {3, 100, 2}, .activation = "tanh", .biases = "zero", .preact_noise = 0.1});
//   Trajectory run = net(x);                     // [rows][steps][3] → run.output [rows][steps][2], run.hidden[0] [rows][steps][100]
//   net.update(x, {{.target = y}}, 1e-3);  // one step of Adam on the mean square error
//
//   v += α (−v + W_in u + b_in + W_hid r + b_hid + preact_noise ε),   r = f(v) + postact_noise ξ,   y = W_out r + b_out
//
// with α = dt/τ. Weights and biases that are given as arrays are [post, pre] (weights (pre, post), too, where only that
// fits); masks are (pre, post). A network begins in training mode, noise included. It only writes a Spec, which becomes a
// Model: spec() and model() are there for everything else.
// Source: nn4n 1.1 and 1.2, class CTRNN.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dynode/learn/optimizer.h"
#include "dynode/models/ctrnn_masks.h"
#include "dynode/models/model.h"

namespace dynode::ctrnn {

/// How weights or biases begin: a word, or the numbers themselves.
///   uniform   evenly within ±1/√n      normal   deviation 1/√n      zero (or 0)      n = source units
class Start {
 public:
  Start() = default;   // none: no such biases
  Start(std::nullopt_t) {}
  Start(const char* word) : word_(word) {}
  Start(std::string word) : word_(std::move(word)) {}
  Start(int zero);     // 0 only
  Start(Array values) : values_(std::move(values)) {}

  const std::string& word() const { return word_; }   // "": none, or numbers
  const EntryMask&   values() const { return values_; }
  bool               none() const { return word_.empty() && !values_; }

 private:
  std::string word_;
  EntryMask   values_;
};

/// One number for all units, or one for each.
class PerUnit {
 public:
  PerUnit(double all) : values_{all} {}
  PerUnit(std::vector<double> each) : values_(std::move(each)), each_(true) {}

  const std::vector<double>& values() const { return values_; }
  bool                       each() const { return each_; }
  bool                       is_zero() const;

 private:
  std::vector<double> values_;
  bool                each_ = false;
};

/// Where a run begins: at potentials of 0, where the last run ended, or at potentials that are learnt. An explicit state
/// is given to the run itself.
enum class InitState { zero, keep, learn };

/// What all weights of a network have in common.
struct WeightOptions {
  double  scaling              = 1;       // factor on the recurrent weights, > 0
  bool    ei_balance           = true;    // weights with an ei mask begin balanced
  bool    allow_mixed_signs    = false;   // a unit may have weights of both signs
  bool    plasticity_normalize = true;    // plasticity masks are spread over 0 … 1, all of them together
  std::string plasticity_mode  = "gradient";   // what they multiply: gradient or (the optimiser's) step
  int64_t growth_interval      = 1;       // updates between two looks at where synapses grow
  double  growth_scale         = 0.1;     // of new weights, relative to those a network begins with
  double  pruning_threshold    = 0;       // weaker synapses of a layer with a growth mask disappear
};

struct CTRNNOptions {
  // structure
  Dims               dims       = {};       // input, hidden, output
  std::string        activation = "relu";   // relu, tanh, sigmoid, retanh
  PerLayer<Start>    biases     = {};       // none
  PerLayer<Start>    weights    = "uniform";

  // training
  PerUnit            tau = 100;             // time constant, > 0
  double             dt  = 10;              // step, > 0
  bool               learn_alpha = false;   // dt/tau of each unit is learnt, within 1e-4 … 1
  PerUnit            preact_noise = 0, postact_noise = 0;   // deviations
  std::string        noise_scaling = "alpha";    // of preact_noise in v: alpha, none (1) or sqrt (√(2α))
  bool               noise_in_eval = false;
  bool               postact_noise_feedback = true;   // false: only the readout sees it
  InitState          init_state = InitState::zero;
  PerLayer<bool>     learnable  = true;     // false: frozen

  // masks (pre, post)
  EntryMasks         sparsity_masks       = {};   // 0: no such weight
  EntryMasks         ei_masks             = {};   // sign of the weight, 0: free; or a sign per unit, [pre]
  EntryMasks         plasticity_masks     = {};   // relative learning rates
  EntryMasks         synapse_growth_masks = {};   // probability that an absent synapse grows
  bool               self_connections     = true;
  WeightOptions      weight_options       = {};

  ModelOptions       model = {};
};

/// One population of a stack.
struct HiddenLayer {
  int64_t            size;
  std::string        activation = "relu";
  PerUnit            alpha      = 0.1;       // dt/tau
  bool               learn_alpha = false;
  PerUnit            preact_noise = 0, postact_noise = 0;
  bool               projection = true;      // false: what arrives is added as it is, sizes must match
  Start              input_weights = "uniform", weights = "uniform", input_biases = {}, biases = {};
  EntryMask          input_sparsity = {}, sparsity = {}, input_ei = {}, ei = {}, input_plasticity = {}, plasticity = {};
};

struct StackOptions {
  int64_t                  input = 1;
  std::vector<HiddenLayer> layers = {};
  std::optional<int64_t>   readout = {};     // units; none: the output is the last layer's rates
  Start                    readout_weights = "uniform", readout_biases = {};
  EntryMask                readout_sparsity = {}, readout_ei = {}, readout_plasticity = {};
  std::string              noise_scaling = "none";
  InitState                init_state = InitState::zero;
  bool                     self_connections = true;
  WeightOptions            weight_options = {};
  ModelOptions             model = {};
};

struct RunOptions {
  std::vector<Array>   init_state = {};   // potentials of each hidden layer, [units] or [rows][units], in place of the mode's
  std::optional<Array> preact_draws = {}, postact_draws = {};   // standard normal numbers [rows][steps][units], of layer 1
};

/// Everything after each step; the state a run begins with is not part of it.
struct Trajectory {
  Array              output;      // [rows][steps][units]
  std::vector<Array> hidden;      // rates of each hidden layer
  std::vector<Array> potential;   // and their potentials
};

/// Lines about one layer.
struct LayerText {
  std::string                                      title;
  std::vector<std::pair<std::string, std::string>> entries;
};

class CTRNN {
 public:
  /// @throws SpecError, ShapeError  naming the parameter
  explicit CTRNN(const CTRNNOptions& options = {});
  /// Hidden layers one after the other; each sees the rates of the one before in the same step.
  static CTRNN stack(const StackOptions& options);
  /// A network that was saved. @throws IoError, SpecError
  static CTRNN load(const std::string& path, const ModelOptions& options = {});

  // ── modes ────────────────────────────────────────────────────────────────────────────────────────────────────────
  CTRNN& train(bool on = true);   // noise
  CTRNN& eval() { return train(false); }
  bool   training() const { return training_; }

  // ── running ──────────────────────────────────────────────────────────────────────────────────────────────────────
  /// @param x  [rows][steps][units]
  Trajectory operator()(const Array& x, const RunOptions& options = {}) { return forward(x, options); }
  Trajectory forward(const Array& x, const RunOptions& options = {});
  /// With init_state keep: the next run begins at 0.
  void reset_state() { kept_.clear(); }

  // ── learning ─────────────────────────────────────────────────────────────────────────────────────────────────────
  /// Loss and gradients of all parameters. Layer 1 is the first hidden one; a term without a layer is about the output.
  Gradient gradient(const Array& x, const std::vector<LossTerm>& loss, const RunOptions& options = {});
  /// One update: gradient, plasticity, optimiser, constraints, growth. @return the loss before it
  double update(const Array& x, const std::vector<LossTerm>& loss, double rate, const RunOptions& options = {});
  /// The optimiser of `update`, which begins anew; Adam at first.
  void set_optimizer(const OptimizerSettings& settings);
  /// Synapses that came and went in the last update.
  GrowthCount last_growth() const { return last_growth_; }
  /// Weights and biases of a layer stay as they are, or learn again. @throws SpecError  if there is no such layer
  CTRNN& freeze(const std::string& layer) { return set_learnable(layer, false); }
  CTRNN& unfreeze(const std::string& layer) { return set_learnable(layer, true); }
  /// Puts weights back onto masks and signs, as every update does.
  void enforce_constraints();
  /// Scales weights with an ei mask so that excitation and inhibition cancel, as when the network was built.
  void rebalance();

  // ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────
  /// input, hidden, readout; in a stack input_0, hidden_0, input_1, …, readout.
  std::vector<std::string> layers() const;
  Array weight(const std::string& layer) const;   // [post, pre]
  Array bias(const std::string& layer) const;     // [post]. @throws SpecError  if there is none
  /// @param values  [post, pre], or (pre, post) where only that fits. @throws ShapeError
  void set_weight(const std::string& layer, const Array& values);
  void set_bias(const std::string& layer, const Array& values);
  /// Whether each synapse is there now, [post, pre].
  Array present(const std::string& layer) const;
  /// All parameters under the names of nn4n: recurrent_layer.hidden_layer.weight, … Networks with one hidden layer.
  std::vector<std::pair<std::string, Array>> state_dict() const;
  void load_state_dict(const std::vector<std::pair<std::string, Array>>& arrays);

  std::vector<LayerText> describe() const;
  /// Input layer, recurrence, hidden layer, readout; the text of `describe`.
  std::string print_layers() const;
  /// Weights as heat maps, red negative, blue positive, in an .svg. @throws IoError
  void plot_layers(const std::string& path) const;

  Model&      model() { return *model_; }
  const Spec& spec() const { return spec_; }

  /// Network, parameters, masks, mode and kept state (.dynode). @throws IoError
  void save(const std::string& path) const;

 private:
  CTRNN(Spec spec, const ModelOptions& options);
  CTRNN(Model model, const ModelOptions& options);
  const ConnectionSpec& connection(const std::string& layer) const;
  const Block&          block(const std::string& layer, char kind) const;
  CTRNN&                set_learnable(const std::string& layer, bool on);
  int                   hidden_layers() const;
  NoiseOptions          noise(const RunOptions& options) const;
  InitialStates         start(const Array& x, const RunOptions& options) const;
  void                  keep(const Results& run, int64_t rows);

  Spec                               spec_;
  ModelOptions                       options_;
  std::shared_ptr<Model>             model_;
  bool                               training_ = true;
  InitialStates                      kept_;
  OptimizerSettings                  optimizer_settings_{.kind = OptimizerKind::adam};
  std::shared_ptr<Optimizer<double>> optimizer_;
  int64_t                            updates_ = 0;
  uint64_t                           runs_    = 0;
  GrowthCount                        last_growth_;
};

/// The fixed combination of criteria of nn4n's RNNLoss; terms with a factor of 0 are left out.
struct RNNLossOptions {
  double lambda_mse = 1;
  double lambda_in = 0, lambda_hid = 0, lambda_out = 0;         // mean squares of the weights
  double lambda_fr = 0, lambda_fr_sd = 0, lambda_fr_cv = 0;     // mean rates: mean square, deviation, variation
};
/// mse first, then the others in the order of the options. @param target  [rows][steps][units]
std::vector<LossTerm> rnn_loss(const Array& target, const RNNLossOptions& options = {});

/// Options out of the dictionary that nn4n's constructor takes, as a mapping: {dims: [3, 100, 2], activation: tanh, …}.
/// Arrays are lists of numbers or of rows, or files (.npy, or .npz with a single array). Words of releases before 1.1 are
/// translated, each with a line in `warnings`. @throws SpecError  on unknown words, ShapeError, IoError
CTRNNOptions read_options(const Value& mapping, std::vector<std::string>* warnings = nullptr);

/// The spec of a network, as the constructors write it. @throws SpecError, ShapeError
Spec write_spec(const CTRNNOptions& options);
Spec write_spec(const StackOptions& options);

}  // namespace dynode::ctrnn
