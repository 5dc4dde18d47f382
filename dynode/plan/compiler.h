// The compiler of specs, one class in several files: compile.cc (order, time, ends), compile_layers.cc,
// compile_connections.cc, compile_cores.cc, compile_noise.cc, compile_spikes.cc, compile_spiking.cc (networks of spikes
// alone), compile_composites.cc (layers made of
// several parts, in general), compile_liquid.cc (LTC), compile_cfc.cc (CfC), compile_size.cc. It fills a Plan from front
// to back; everything random comes from a stream named after what is drawn.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dynode/base/random.h"
#include "dynode/mean_field/clusters.h"
#include "dynode/mean_field/perturbation_block.h"
#include "dynode/plan/plan.h"
#include "dynode/plan/programmable.h"
#include "dynode/plan/spiking_words.h"
#include "dynode/wiring/mask.h"
#include "dynode/wiring/neural_circuit.h"
#include "dynode/wiring/polarity.h"

namespace dynode {

class Compiler {
 public:
  Compiler(const Spec& spec, const CompileOptions& options);
  std::shared_ptr<const Plan> compile();

 private:
  /// Sign per unit (empty where the layer has none) and, if given, what weights of the wrong sign become.
  struct LayerPolarity {
    std::vector<int8_t>                sign;
    std::optional<PolarityEnforcement> method;
  };

  // ---- what everybody uses -------------------------------------------------------------------------------

  Random random(const std::string& stream) const;
  int add_block(Block block, std::vector<double> initial);
  NamedArray load(const Value& path, const std::string& key) const;
  /// What was kept of an earlier compilation, if it has this shape.
  std::optional<std::vector<double>> stored(const std::string& name, const std::vector<size_t>& shape) const;
  int layer_position(int layer_id) const;
  /// Units that connections out of it read: dim, or fewer where a layer has neurons that are no outputs.
  size_t units_of(int layer_id) const;
  /// Sets the constants of a layer that come from there, if its cell has any.
  void set_constant(int layer, ConstantFacts::From from, const std::vector<double>& values);

  // ---- order, time, ends -----------------------------------------------------------------------------------

  void refuse_unavailable();
  /// simulation.dt, or the default the families agree on.
  void choose_step();
  void choose_ends();
  void settle_method();
  /// Connections into a layer that holds the input have no effect.
  bool dropped(const ConnectionSpec& c) const;
  int lag(const ConnectionSpec& c) const;
  void wire();

  // ---- layers ----------------------------------------------------------------------------------------------

  void add_layer(const LayerSpec& spec);
  static void refuse_noise(const Value& noise, const Value& perturb);
  static int source_position(const std::string& name, const At& at);
  void choose_source(const LayerSpec& spec, LayerPlan& layer);
  /// Refuses solvers that a cell does not have.
  static void check_solver(const LayerSpec& spec, const CellEntry& cell);
  /// Refuses what the solvers of dendrites cannot do, once all weights are there.
  void check_solvers() const;
  /// The table of the network: its own file, else the built-in one.
  int rate_table();
  void add_parameter(const LayerSpec& spec, LayerPlan& layer, const ParamFacts& facts);
  /// A pair [low, high] of a parameter that is learnt in between: drawn with normal stored values.
  std::vector<double> draw_in_range(const Value& pair, const LayerPlan& layer, const ParamFacts& facts, Block& b);
  std::vector<double> parameter_values(const LayerSpec& spec, const LayerPlan& layer, const ParamFacts& facts,
                                       const ParameterSpec& p);
  /// Connections that leave each unit; masks are drawn from streams of their own, so drawing them twice is the same.
  std::vector<double> fan_outs(int layer_id, size_t units);
  void choose_start(const LayerSpec& spec, LayerPlan& layer);
  LayerPolarity read_polarity(const LayerSpec& spec);

  // ---- connections -----------------------------------------------------------------------------------------

  Mask draw_mask(const ConnectionSpec& c, const ConnectionParams& p);
  std::vector<double> draw_weights(const ConnectionSpec& c, const ConnectionParams& p, const Mask& mask);
  static std::string name_of(const ConnectionSpec& c);
  /// Weights are held one by one, absent ones too.
  static void refuse_size(const At& at, size_t to, size_t from);
  /// What all layers and connections hold together must fit into the memory of this machine. Of composites only their
  /// connections count.
  void refuse_total() const;
  void refuse_flat(const ConnectionParams& p);
  /// @throws SpecError  where som_N has no connection to act on
  void check_som_units(const LayerSpec& spec) const;
  /// The first som_N inhibitory units of a layer take no inhibition from it, their own included.
  void spare_som_units(int layer_id, Mask& mask);
  /// Gives the block its signs, from the polarity of the source or entry by entry, and makes initial weights obey:
  /// absent ones are 0, then signs, then balance. Weights somebody kept are as they should be.
  void set_signs(const ConnectionSpec& c, const ConnectionParams& p, const Mask& mask, const LayerPolarity& polarity,
                 Block& b, std::vector<double>& weights);
  void set_plasticity(const ConnectionSpec& c, const ConnectionParams& p, Block& b);
  /// How its synapses grow; the block of those that are there follows it.
  void set_growth(const ConnectionSpec& c, const ConnectionParams& p, const Mask& mask, Block& b);
  /// A connection whose weights are circuits: `k` says where it leads and which block its weights are.
  void program(const ConnectionSpec& c, const ConnectionParams& p, const ProgrammableMode& mode, const Mask& mask,
               const ConnectionPlan& k);
  /// The weights of a connection, as a block. @return its position
  int add_weights(const ConnectionSpec& c, const ConnectionParams& p, const Mask& mask);
  /// Which port of its target a connection leads to: the one it names, else the first.
  static int port_of(const ConnectionParams& p, const LayerPlan& target);
  void add_connection(const ConnectionSpec& c);
  /// What a connection reads: the layer, or, unless it leads back into it, the part with noise that is not fed back.
  int exit(const ConnectionSpec& c) const;

  // ---- spikes ----------------------------------------------------------------------------------------------

  /// Refuses parameters from which a cell cannot derive its constants.
  void check_derived(const LayerSpec& spec, const LayerPlan& layer) const;
  int delay_steps(const ConnectionSpec& c) const;
  /// A connection of spikes without its weights. @throws SpecError  where its ends or words do not suit spikes
  ConnectionPlan spike_connection(const ConnectionSpec& c, const ConnectionParams& p) const;
  void add_spikes(const ConnectionSpec& c, const ConnectionParams& p);

  // ---- networks of spikes alone ----------------------------------------------------------------------------

  /// Whether its synapses follow a rule and are never written down.
  static bool follows_rule(const ConnectionSpec& c);
  void add_rule(const ConnectionSpec& c, const ConnectionParams& p);
  const ConnectionSpec* clustered_connection(int layer_id) const;
  mean_field::ClusterSpec cluster_spec(const LayerSpec& layer, const ConnectionSpec& c) const;
  spiking::Types populations_of(const LayerSpec& layer) const;
  /// A number per population, or for E and I, becomes one per unit.
  void spread_populations(const LayerSpec& layer, ParameterSpec& p) const;
  void perturb_parameter(const LayerSpec& layer, const ParamFacts& facts, std::vector<double>& values);
  /// Arousal and perturbations, before anything they change is made.
  void read_modulation();
  /// Steps the spec gives a run without input array, 0: none.
  size_t steps_of_run() const;
  /// Drives and starts, once all layers and connections are there.
  void add_spiking();
  void add_starts(const LayerSpec& layer, const spiking::Types& types, SpikingPlan& out);
  void add_drive(const Value& value, SpikingPlan& out);
  void add_stimulus(SpikingPlan& out);

  // ---- noise -----------------------------------------------------------------------------------------------

  /// Where in the plan a quantity of a mapping is; nothing: it has no effect. @throws SpecError  if there is none
  using SiteOf = std::function<std::optional<NoiseSite>(const std::string& name, const Value& at, bool wanted)>;

  /// All sites, once all layers and connections are there.
  void add_noise();
  void read_noise(const std::string& prefix, const Value& noise, const Value& perturb, const SiteOf& site_of);
  void add_site(NoiseSite site);
  std::optional<NoiseSite> layer_site(const LayerSpec& spec, const std::string& name, const Value& v, bool wanted);
  std::optional<NoiseSite> connection_site(const ConnectionSpec& c, const std::string& name, const Value& v, bool wanted);
  /// What the words of the layer's kind say: preact_noise, noise_std, …
  void add_family_noise(const LayerSpec& spec);
  /// Appends the part "<layer_id>.noisy", a copy of the layer that other layers read, where noise of the output is not
  /// fed back.
  void add_noisy_copy(const LayerSpec& spec);

  // ---- recurrent cores -------------------------------------------------------------------------------------

  /// Where things arrive at a layer: a recurrent core has a layer in front that gathers them.
  int entrance(int layer_id);
  /// The connections inside a recurrent core: from what arrives and from its own output to the gates.
  void add_core(int layer);
  /// Which weights of a core exist; empty: all. Sets the constant that stands for a diagonal of ones.
  std::vector<uint8_t> core_mask(const LayerSpec& spec, int layer, const CoreFacts& core);

  // ---- composites: layers that weigh their sources themselves (CellEntry::takes_sources) ----------------------
  //
  // The plan layer with the name of the layer ("1") is its output; everything else are parts ("1.input", "1.core", …)
  // appended by `expand` when all layers are there and before connections are.

  /// The wiring a layer of the spec asks for.
  struct Circuit {
    const WiringEntry* kind;
    Arguments          arguments;
    WiringSize         size;
    At                 at;
  };
  /// Nothing where there is no `wiring`. @throws SpecError  also where its units are not dim
  std::optional<Circuit> circuit_of(const LayerSpec& spec) const;
  /// The circuit with so many inputs; a wiring_file is read.
  Wiring make_circuit(const Circuit& circuit, size_t inputs) const;
  /// Throws at words that no composite has, nor this one: neither a setting of its cell nor in `more`.
  static void refuse_unknown_words(const LayerSpec& spec, const CellEntry& cell, std::vector<std::string> more = {});
  /// The numbers of the cell's settings.
  static std::vector<double> read_settings(const LayerSpec& spec, const CellEntry& cell);
  /// What `learnable_params` says of a parameter; true where it says nothing.
  static bool learns(const LayerSpec& spec, const std::string& parameter);

  /// Adds the output of a composite, a Linear layer of units_of(…) units; `expand` may make it another static map.
  void add_output(const LayerSpec& spec);
  /// Adds the parts of all composites.
  void expand();
  /// Appends a part, "<layer_id>.<part>", with the time of its layer; its parameters are still missing (`give`).
  int add_part(const LayerSpec& spec, const std::string& part, const char* cell, size_t units);
  /// Makes a layer a cell of this kind, its parameters missing.
  void set_cell(int layer, const char* cell);
  /// Sets a parameter of a layer: a block, entry by entry in the order of units unless `entries` say otherwise.
  void give(int layer, const std::string& parameter, int block, std::vector<uint32_t> entries = {});
  /// Constant weights between two layers.
  void connect(const std::string& name, int from, int to, int port, int lag, SparsePattern pattern);
  /// Appends the part "<layer_id>.input": the sources of the layer's direct connections side by side, in the order of
  /// the spec, each read with the lag of its connection. `cell` is a static map with one port: Linear hands them on.
  /// @return its position; its `units` are the inputs of the layer
  /// @throws SpecError  if there are none
  int gather_sources(const LayerSpec& spec, const char* cell = "Linear");
  /// Appends the part "<layer_id>.memory", an LSTM of as many units as `core` that reads `input`, and `core` one step
  /// late; blocks input_map, input_map_bias, recurrent_map (rows: candidate, input, forget, output gate), forget_bias.
  int add_memory(const LayerSpec& spec, int input, int core, double forget_bias);
  /// Whether a connection is direct (which gather_sources deals with).
  /// @throws SpecError  on a direct one into a layer with connections that have weights, or with words about weights,
  ///                    and on one with weights into a composite
  bool is_direct(const ConnectionSpec& c) const;

  // ---- LTC -------------------------------------------------------------------------------------------------

  class Liquid;
  void expand_liquid(const LayerSpec& spec);

  // ---- CfC -------------------------------------------------------------------------------------------------

  friend class CfcBuilder;
  void expand_cfc(const LayerSpec& spec);

  // ---- recurrent layers that know the time -----------------------------------------------------------------

  void expand_ode(const LayerSpec& spec, bool with_lstm);   // ODERNN, ODELSTM
  void expand_decay(const LayerSpec& spec);                 // GRUD, RNNDecay
  friend class EquationBuilder;
  void expand_equations(const LayerSpec& spec);             // CTGRU, coRNN, LipschitzRNN, GRUODE

  const CompileOptions& options_;
  Plan                  plan_;
  double                dt_ = 0;
  std::vector<LayerPolarity> polarity_;                          // per layer of the spec
  std::vector<std::pair<int, std::vector<double>>> initial_;     // real values per block
  mean_field::Perturbations            perturbations_;
  std::optional<mean_field::Arousal> arousal_;
  bool quenched_        = false;   // extra rates of arousal
  int  perturbed_layer_ = -1;      // layer_id
};

}  // namespace dynode
