// Liquid networks for programs, under the names of ncps: LTC and CfC over sequences, and their single steps.
//
//   ncp::CfC rnn(20, 50);                                 20 inputs, 50 units
//   auto [readout, hx] = rnn(x);                          x [B][T][20] → readout [B][T][50], state [B][50]
//   auto more = rnn(x, hx, spans);                        goes on from that state; spans [B][T]: time each step takes
//
//   ncp::LTC net(20, ncp::AutoNCP(28, 4));                28 neurons, of which 4 are the output
//   ncp::CfC sparse(20, ncp::AutoNCP(28, 4), {.mixed_memory = ncp::MixedMemory::state});
//
// They write a spec of two layers (0: input, 1: LTC or CfC), so that everything that works with a Model works with
// model(): training, recording, files. States of an LTC are in the order of the neurons (motor, command, inter), those of
// a CfC with a wiring in the order of processing (inter, command, motor).
// Sources: Hasani et al. 2021, Liquid time-constant networks; Hasani et al. 2022, Closed-form continuous-time neural
// networks; Lechner et al. 2020, Neural circuit policies.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "dynode/models/model.h"
#include "dynode/models/ncp_wiring.h"

namespace dynode::ncp {

/// An LSTM in front of each step. state: it gives the state the step starts from; input: it gives the cell its input.
enum class MixedMemory { none, state, input };

/// Where a run begins or ends: [B][units], or [units] of an unbatched run. c: of the LSTM, with mixed memory only.
struct State {
  State(Array h) : h(std::move(h)) {}
  State(Array h, std::optional<Array> c) : h(std::move(h)), c(std::move(c)) {}
  Array                h;
  std::optional<Array> c;
};

struct LTCOptions {
  bool        return_sequences = true;                              // false: the readout of the last step alone
  bool        batch_first      = true;                              // false: [T][B] everywhere
  MixedMemory mixed_memory     = MixedMemory::none;                 // none or state
  std::string input_mapping = "affine", output_mapping = "affine";  // affine, linear, none
  int         ode_unfolds    = 6;                                   // sub-steps of a step
  double      epsilon        = 1e-8;
  std::string positivity     = "softplus";  // of conductances and capacitances; clamp: raised to 0 after every update
  std::string solver         = "fused";     // euler, heun, rk4
  double      elapsed_offset = 0;           // added to the time of every step
  double      dt             = 1;           // time a step takes where no spans are given
  double      forget_bias    = 1;           // of the LSTM
  /// What parameters start from, as stored: {{"w", {0.01, 1}}}; others have their usual ranges.
  std::map<std::string, std::pair<double, double>> initialization_ranges = {};
  ModelOptions                                     model                 = {};
};

struct CfCOptions {
  std::optional<int>    proj_size        = {};    // linear outputs in place of the units
  bool                  return_sequences = true;  // false: the readout of the last step alone
  bool                  batch_first      = true;  // false: [T][B] everywhere
  MixedMemory           mixed_memory     = MixedMemory::none;
  std::string           mode             = "default";               // pure, no_gate
  std::string           activation       = "lecun_tanh";            // of the backbone: tanh, relu, silu, gelu
  std::optional<int>    backbone_units = {}, backbone_layers = {};  // 128, 1; none with a wiring
  std::optional<double> backbone_dropout    = {};                   // 0; share left out in training
  bool                  dropout_first_layer = true;   // false: the first layer of the backbone is whole, as ncps has it
  std::optional<Array>  sparsity_mask       = {};     // [inputs + units][units], 0: no synapse; without a backbone only
  bool                  mask_time_heads     = false;  // absent synapses are absent in the gate, too
  bool                  fully_recurrent     = true;   // with a wiring: all synapses within a layer, not those it has
  std::string           head_activation     = "tanh";  // lecun_tanh, linear
  std::string           time_sign           = "+";     // of time in the gate
  double                dt = 1, forget_bias = 1;
  ModelOptions          model = {};
};

/// So many units, or a wiring.
using Units = std::variant<int, Wiring>;

/// The layers as parts of a Graph or a Sequential.
Layer ltc_layer(const Units& units, const LTCOptions& options = {});
Layer cfc_layer(const Units& units, const CfCOptions& options = {});

struct CallOptions {
  std::optional<Array> mask = {};  // [B][T] (laid out as spans): 0 where a step is padding: it keeps state and output
  bool                 training   = false;  // with dropout
  std::optional<uint64_t>  pass   = {};     // runs with the same number drop the same; missing: every run anew
  std::vector<std::string> record = {};     // into Output::run: tau/1 (effective time constants), state/1/v, …
};

struct Output {
  Array   readout;  // as the input is laid out, [B][T][outputs]; without return_sequences [B][outputs]
  State   state;    // after the last step
  Results run;      // what was recorded, [B][T + 1][units] (states) or [B][T][units]
};
/// auto [readout, state] = net(x): the first two of them.
template <size_t I>
auto& get(Output& o) {
  if constexpr (I == 0) return o.readout;
  else return o.state;
}
template <size_t I>
const auto& get(const Output& o) {
  if constexpr (I == 0) return o.readout;
  else return o.state;
}
template <size_t I>
auto&& get(Output&& o) {
  if constexpr (I == 0) return std::move(o.readout);
  else return std::move(o.state);
}

/// A network of inputs and one LTC or CfC layer.
class Network {
 public:
  /// @throws SpecError  if it is something else
  explicit Network(Model model, bool return_sequences = true, bool batch_first = true);
  /// A spec or a model file of such a network. @throws IoError, SpecError
  static Network load(const std::string& path, const ModelOptions& options = {});

  /// @param input      [B][T][inputs]; [T][B][inputs] without batch_first; [T][inputs], a single sequence
  /// @param hx         where it begins; missing: zeros
  /// @param timespans  [T], [B][T] or [B][T][1] ([T][B] … without batch_first): the time each step takes, at least 0;
  ///                   missing: dt. Of a single sequence [T] or [T][1]
  /// @throws ShapeError  if they do not fit; @throws SpecError  on one state where mixed memory has two
  Output operator()(const Array& input, const std::optional<State>& hx = {}, const std::optional<Array>& timespans = {},
                    const CallOptions& options = {});

  /// Loss and its gradients. Targets are [rows][steps][units] ([rows][units] without return_sequences), whatever the
  /// layout of the input, as are gradients by input and spans.
  Gradient gradient(const Array& input, std::vector<LossTerm> loss, const std::optional<State>& hx = {},
                    const std::optional<Array>& timespans = {}, GradientRequest request = {});

  int  input_size() const;
  int  state_size() const;   // units
  int  output_size() const;  // motor neurons, or what they are projected to
  bool mixed_memory() const;
  bool return_sequences() const { return return_sequences_; }
  bool batch_first() const { return batch_first_; }
  /// The circuit as it is now. @throws SpecError  if there is none: a CfC without a wiring
  dynode::Wiring circuit() const;
  size_t         synapse_count() const { return circuit().synapses(); }
  size_t         sensory_synapse_count() const { return circuit().sensory_synapses(); }

  Model&       model() { return model_; }
  const Model& model() const { return model_; }
  const Spec&  spec() const { return model_.plan().spec; }
  void         save(const std::string& path) const { model_.save(path); }

 private:
  struct Run;
  Run prepare(const Array& input, const std::optional<State>& hx, const std::optional<Array>& timespans,
              const std::optional<Array>& mask) const;

  Model model_;
  bool  return_sequences_, batch_first_;
};

class LTC : public Network {
 public:
  /// An LTC of so many units is fully connected. @throws SpecError, ShapeError
  LTC(int input_size, const Units& units, const LTCOptions& options = {});
};

class CfC : public Network {
 public:
  /// @throws SpecError, ShapeError
  CfC(int input_size, const Units& units, const CfCOptions& options = {});
};

/// One step at a time: x [B][inputs] (or [inputs]) → readout [B][outputs] and state.
class Cell {
 public:
  explicit Cell(Network network) : network_(std::move(network)) {}
  /// @param elapsed  the time of the step, for all rows or [B] (or [B][1])
  Output operator()(const Array& x, const std::optional<State>& state = {},
                    const std::variant<double, Array>& elapsed = 1.0);

  Network&       network() { return network_; }
  const Network& network() const { return network_; }

 private:
  Network network_;
};

class LTCCell : public Cell {
 public:
  /// @param in_features  missing: those the wiring was built for. @throws SpecError  if it was not
  explicit LTCCell(const Wiring& wiring, std::optional<int> in_features = {}, const LTCOptions& options = {});
};
class CfCCell : public Cell {
 public:
  CfCCell(int input_size, int hidden_size, const CfCOptions& options = {});
};
class WiredCfCCell : public Cell {
 public:
  /// @param input_size  missing: those the wiring was built for. @throws SpecError  if it was not
  explicit WiredCfCCell(std::optional<int> input_size, const Wiring& wiring, const CfCOptions& options = {});
};

}  // namespace dynode::ncp

template <>
struct std::tuple_size<dynode::ncp::Output> : std::integral_constant<size_t, 2> {};
template <size_t I>
struct std::tuple_element<I, dynode::ncp::Output> {
  using type = std::conditional_t<I == 0, dynode::Array, dynode::ncp::State>;
};
