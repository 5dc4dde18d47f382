// Plan: what will happen. Compiled from a Spec, immutable, shared by everyone who runs it.
//
//   Spec ──compile──▶ layers (cells with ports) + connections (products with a lag) + stages (order) + parameters θ
//
// A connection delivers W·source to one port of its target. Its lag says which value of the source it reads when the
// target makes s[t+1]:  lag 0 the fresh s[t+1],  lag 1 the earlier s[t].
// Layers that depend on each other form a stage and walk together step by step; a stage may run many steps before the
// next one starts.
//
//   input ──▶ A ──▶ [ B ⇄ C ] ──▶ D        stages: {A} {B, C} {D}
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dynode/cells/cell.h"
#include "dynode/params/parameters.h"
#include "dynode/plan/noise_site.h"
#include "dynode/spec/spec.h"

namespace dynode {

struct SynapseRule;   // plan/spiking.h
struct SpikingPlan;

/// A table g(φ, i) as the plan holds it; prepared for lookups later.
struct RateGrid {
  double              flux_first, flux_step, current_first, current_step;
  size_t              flux_count, current_count;
  std::vector<double> g;   // [current][flux]
};

/// Units (or synapses) whose parameter is an entry of a block of another shape: the weights of a connection, or one
/// number for all.
struct ParamEntries {
  std::vector<uint32_t> entry;          // [units] position in the block; empty: unit u has entry u
  double                shift = 0;      // added to the value
};

/// The entries of a matrix [to units][from units] that exist, row by row, columns ascending.
struct SparsePattern {
  std::vector<uint32_t> begin;          // [to units + 1]
  std::vector<uint32_t> column;         // [entries]
  std::vector<uint32_t> entry;          // [entries] position in the block of weights; empty: `constant` counts
  std::vector<double>   constant;       // [entries] fixed weights that belong to no block
};
inline SparseRows rows_of(const SparsePattern& p) { return {p.begin.data(), p.column.data()}; }

struct LayerPlan {
  int              layer_id;            // of the spec; a core's own input stage shares its layer's id
  std::string      name;                // "1", or "1.input" for the layer in front of a recurrent core, …
  const CellEntry* cell;
  CellKernels      kernels = {};
  int              source = -1;         // position in source_functions(), -1: none
  int              table  = -1;         // position in Plan::tables, -1: none
  size_t           units = 0;
  double           dt = 0;
  bool             own_dt = false;      // given for this layer alone: a learnt dt is not its own
  std::vector<int> params = {};         // block per parameter of the cell
  std::vector<std::vector<double>> constants = {};   // [units] per constant of the cell
  std::vector<ParamEntries> param_entries = {};   // per parameter; empty: entry u of unit u everywhere
  std::vector<double> settings = {};    // per entry of the cell's settings
  std::shared_ptr<const SparsePattern> synapses = {};   // the cell's own, source by source
  int              start_state = 0;     // which state an initial state sets
  int              start_block = -1;    // block of a learnt initial state, -1: zero unless given
  std::vector<int8_t> polarity = {};    // sign of each unit's outgoing weights, 0: free; empty: all are free
  bool             is_input = false;    // not advanced: the input array is its output
  bool             recurrent = false;   // depends on its own past through connections; else it can run ahead
  bool             takes_flux = false;  // the input array is added to its first port
  std::vector<std::vector<int>> incoming = {};   // per port: connections, in the order of the spec
  std::vector<int> outgoing = {};       // connections that read it
};

/// How many numbers parameter p of a layer has: one per unit, or per synapse.
inline size_t count_of(const LayerPlan& l, size_t p) {
  return p < l.cell->params.size() && l.cell->params[p].per_synapse ? l.synapses->column.size() : l.units;
}

/// Share of existing weights below which products skip the absent ones (where rows of a batch are lanes): measured
/// break-even of forward, transposed and gradient products together.
inline constexpr double kSparseDensity = 0.25;

struct ConnectionPlan {
  std::string name;                     // J_0_to_1, or layer1/weight_hh_l0
  int    from, to;                      // positions in Plan::layers
  int    port;
  int    lag;                           // 0 or 1
  int    delay = 0;                     // steps after which spikes arrive, from 1 on; 0: not a connection of spikes
  int    weights = -1;                  // block; -1: constants of `sparse`; [rows, from units]
  size_t first_row = 0;                 // where this port's rows begin in the block
  size_t first_column = 0, columns = 0; // where its columns begin, and how many the block has; 0: those of the source
  int    bias = -1;                     // block [rows], -1: none
  std::shared_ptr<const SparsePattern> sparse = {};       // the weights as lists, where few exist or all are constant
  std::shared_ptr<const SparsePattern> transposed = {};   // the same, source by source
  std::shared_ptr<const SynapseRule> synapses = {};       // spikes: synapses that nothing learns follow a rule, and
                                                          // there is no block of weights
  int    joins = -1;                    // connection that acts for both where all steps last alike: its weights are
  double joins_sign = 1;                // then its own and joins_sign · dt times these; their sum is all the cell reads
};

/// Weights of its block that exist, and all, in the columns that a connection reads; those of other ports count, too.
struct WeightCount {
  size_t present, all;
};

/// Layers that walk together, in the order in which they are advanced within a step.
struct Stage {
  std::vector<int> layers;
  bool             recurrent = false;   // some layer depends on the stage's own past
};

struct Plan {
  Spec                        spec;     // as compiled: every word resolved
  std::vector<LayerPlan>      layers;
  std::vector<ConnectionPlan> connections;
  std::vector<Stage>          stages;
  ParameterMap                parameters;
  std::vector<double>         theta;    // initial values, as stored
  std::vector<RateGrid>       tables;
  std::vector<NoiseSite>      noise;
  int                         input  = -1;   // layer that takes the input array, -1: none
  int                         output = -1;   // layer with the largest id
  int                         dt_block = -1; // block of a learnt dt
  uint64_t                    seed = 0;
  std::shared_ptr<const SpikingPlan> spiking = {};   // of a network of spiking layers without input array: what drives it
  std::vector<std::string>    warnings;

  /// Position of the layer whose output `s/<layer_id>` is, or -1.
  int find_layer(int layer_id) const;
  /// Position of the layer where things arrive at `layer_id`: the same, or the input stage of its core.
  int find_entrance(int layer_id) const;
  /// Position of the layer that holds the states of `layer_id`: the same, or the core behind its output.
  int find_core(int layer_id) const;
  /// Whether time spans per row and step mean anything to it.
  bool takes_spans() const;
  size_t input_width() const { return input < 0 ? 0 : layers[size_t(input)].units; }
  /// Numbers between two rows of a connection in its block of weights.
  size_t row_length(const ConnectionPlan& c) const { return c.columns ? c.columns : layers[size_t(c.from)].units; }
  /// Position in θ of the weight between the first source and the first target of a connection.
  size_t first_weight(const ConnectionPlan& c) const {
    return parameters[c.weights].offset + c.first_row * row_length(c) + c.first_column;
  }
  WeightCount count_weights(const ConnectionPlan& c) const;
};

/// An array read from a file a spec names.
struct NamedArray {
  std::vector<size_t> shape;
  std::vector<double> values;
};

struct CompileOptions {
  std::optional<uint64_t> seed;   // overrides the seed of the spec; without both: 42
  /// Reads array `key` of an .npz, or the array of an .npy (key then ignored).
  std::function<NamedArray(const std::string& path, const std::string& key)> load_array;
  /// Numbers somebody kept from an earlier compilation, asked for by name before anything is drawn or loaded:
  /// J_0_to_1, mask/J_0_to_1, layer1/polarity. Nothing: draw it; weights that are kept without a mask are all there.
  std::function<std::optional<NamedArray>(const std::string& name)> stored;
};

/// @throws SpecError  with the place, on anything that cannot be built
std::shared_ptr<const Plan> compile(const Spec& spec, const CompileOptions& options = {});

/// The plan for people: layers, connections with lags, stages, parameters, memory and work per step.
std::string describe(const Plan& plan);

/// Multiply-adds ·2 of all products of one step and row.
double flops_per_step(const Plan& plan);

}  // namespace dynode
