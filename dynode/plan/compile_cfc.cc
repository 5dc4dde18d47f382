// CfC: closed-form continuous-time layers, with a backbone, or with a cell per layer of a wiring.
//
//   1.input ─┐                                   ┌─▶ ff1, ff2, time_a, time_b ─▶ 1.core ─▶ 1
//            ├─▶ 1.backbone_0 ─▶ 1.backbone_1 ─ … ┘                                 │
//   1.core ──┘ one step late                                        a plain layer is its own core
//
//   with a wiring      1.input, 1.h_0 ─▶ 1.layer_0,   1.layer_0, 1.h_1 ─▶ 1.layer_1, …     each h is a slice of 1.core,
//                      which holds the states of all layers side by side, one step late
//   with mixed memory  1.input, 1.core ─▶ 1.memory, an LSTM; it is read in place of 1.core (state) or of 1.input (input)
//
// What reads two parts has one block of weights, whose columns are theirs side by side.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/plan/arguments.h"
#include "dynode/plan/compiler.h"
#include "dynode/plan/pattern.h"
#include "dynode/wiring/initialisers.h"

namespace dynode {
namespace {

enum class Mode { standard, pure, no_gate };
enum class Memory { none, state, input };

/// Rows [first, first + count) of `units` read the columns from `column` on.
SparsePattern slice(size_t units, size_t first, size_t count, size_t column) {
  SparsePattern p;
  for (size_t u = 0; u <= units; ++u) p.begin.push_back(uint32_t(std::clamp(u, first, first + count) - first));
  for (size_t u = 0; u < count; ++u) p.column.push_back(uint32_t(column + u));
  p.constant.assign(count, 1.0);
  return p;
}

/// Which synapses a layer of a wiring has: from the layer before, or the inputs, then from itself.
Mask circuit_mask(const Wiring& w, size_t layer, bool fully_recurrent) {
  const auto&  own    = w.layers[layer];
  const size_t before = layer ? w.layers[layer - 1].size() : w.inputs;
  Mask         mask(own.size(), before + own.size());
  for (size_t j = 0; j < own.size(); ++j) {
    for (size_t i = 0; i < before; ++i)
      mask(j, i) =
          (layer ? w.adjacency[w.layers[layer - 1][i] * w.units + own[j]] : w.sensory[i * w.units + own[j]]) != 0;
    for (size_t i = 0; i < own.size(); ++i)
      mask(j, before + i) = fully_recurrent || w.adjacency[own[i] * w.units + own[j]] != 0;
  }
  return mask;
}

}  // namespace

/// Parts of one layer of this family, and the names of their parameters.
class CfcBuilder {
 public:
  CfcBuilder(Compiler& compiler, const LayerSpec& spec) : compiler_(compiler), plan_(compiler.plan_), spec_(spec) {
    const CellEntry& cell = *find_cell("CfC");
    Compiler::refuse_unknown_words(spec, cell, {"sparsity_mask"});
    settings_ = Compiler::read_settings(spec, cell);
    for (const SettingFacts& f : cell.settings) names_.push_back(f.name);
    mode_   = Mode(int(setting("mode")));
    memory_ = setting("mixed_memory") == 3 ? Memory::state : Memory(int(setting("mixed_memory")));
    units_  = size_t(spec.dim());
    whole_  = compiler.layer_position(spec.layer_id);
  }

  void build() {
    const auto circuit = compiler_.circuit_of(spec_);
    refuse_contradictions(circuit.has_value());
    input_          = compiler_.gather_sources(spec_);
    Readout readout = circuit ? build_circuit(*circuit) : build_dense();
    if (setting("proj_size") > 0) {
      if (readout.count < units_of(readout.part)) {
        const int chosen = part("readout", "Linear", readout.count);
        connect(readout.part, chosen, 0, slice(readout.count, 0, readout.count, 0));
        readout.part = chosen;
      }
      dense("fc", "fan_in_uniform", {{readout.part, 0}}, whole_, 0);
    } else if (readout.part != whole_) {
      connect(readout.part, whole_, 0, slice(readout.count, 0, readout.count, 0));
    }
    compiler_.choose_start(spec_, plan_.layers[size_t(core_)]);
    if (const Value* learn = spec_.params.find("learnable_params")) refuse_unknown("CfC", *learn, parameters_);
  }

 private:
  /// The first `count` units of this part are the output.
  struct Readout {
    int    part;
    size_t count;
  };
  struct Source {
    int part, lag;
  };
  using Sources = std::vector<Source>;

  double setting(const std::string& name) const {
    return settings_[size_t(std::find(names_.begin(), names_.end(), name) - names_.begin())];
  }
  size_t units_of(int layer) const { return plan_.layers[size_t(layer)].units; }
  size_t width_of(const Sources& sources) const {
    size_t sum = 0;
    for (const Source& s : sources) sum += units_of(s.part);
    return sum;
  }
  bool   has_backbone() const { return setting("backbone_layers") > 0 && setting("backbone_units") > 0; }

  void refuse_contradictions(bool wired) {
    const Value* mask = spec_.params.find("sparsity_mask");
    for (const char* word : {"backbone_units", "backbone_layers", "backbone_dropout", "sparsity_mask"})
      if (const Value* given = spec_.params.find(word); given && wired)
        given->fail(fmt::format("a layer with a wiring has no '{}'", word), "remove it, or the wiring");
    if (mask && has_backbone())
      mask->fail("sparsity_mask says which synapses [input, state] has, but a backbone stands in between",
                 "give backbone_layers: 0, or remove sparsity_mask");
    if (const Value* given = spec_.params.find("activation"); given && wired)
      plan_.warnings.push_back(
          fmt::format("layer {}: activation has no effect, a layer with a wiring has no backbone", spec_.layer_id));
    if (const Value* given = spec_.params.find("fully_recurrent"); given && !wired)
      given->fail("fully_recurrent belongs to a wiring", "remove it, or give sparsity_mask");
    if (const Value* given = spec_.params.find("backbone_dropout"); given && setting("backbone_dropout") >= 1)
      given->fail("backbone_dropout is the share of the backbone that is left out, at least 0 and below 1");
  }

  // ---- pieces ----------------------------------------------------------------------------------------------

  int part(const std::string& name, const char* cell, size_t units) {
    return compiler_.add_part(spec_, name, cell, units);
  }

  void connect(int from, int to, int lag, SparsePattern pattern) {
    compiler_.connect(fmt::format("{}_to_{}", plan_.layers[size_t(from)].name, plan_.layers[size_t(to)].name), from, to,
                      0, lag, std::move(pattern));
  }

  int add_block(const std::string& name, std::vector<size_t> shape, std::vector<double> values, const char* help,
                const Mask* mask = nullptr) {
    parameters_.push_back(name);
    Block b;
    b.name = full(name), b.shape = std::move(shape), b.learnable = Compiler::learns(spec_, name), b.help = help;
    if (mask && mask->count() < mask->on.size()) b.mask = mask->on;
    return compiler_.add_block(std::move(b), std::move(values));
  }
  std::string full(const std::string& name) const { return fmt::format("layer{}/{}", spec_.layer_id, name); }

  /// Initial weights [to, from] by a rule without arguments, as if all of them were there.
  std::vector<double> draw(const std::string& name, const char* rule, size_t to, size_t from) const {
    Compiler::refuse_size(spec_.at, to, from);
    const InitialiserEntry& entry = find_initialiser(rule);
    const Mask              all(to, from, true);
    const Arguments         arguments = check_arguments(rule, entry.facts, Value::map());
    Random                  random    = compiler_.random(full(name));
    return initial_weights(entry, {.mask = all, .arguments = arguments, .random = random});
  }

  /// Weights and bias from parts side by side to a port of another.
  void dense(const std::string& name, const char* rule, const Sources& from, int to, int port,
             const Mask* mask = nullptr) {
    const size_t columns = width_of(from), rows = units_of(to);
    Random       random  = compiler_.random(full(name + "_bias"));
    const int    weights = add_block(name, {rows, columns}, draw(name, rule, rows, columns), "weights", mask);
    int          bias = add_block(name + "_bias", {rows}, initial_bias("fan_in_uniform", rows, columns, random), "bias");
    size_t       first = 0;
    for (const Source& source : from) {
      ConnectionPlan k{.name = full(name), .from = source.part, .to = to, .port = port, .lag = source.lag};
      k.weights = weights, k.bias = std::exchange(bias, -1);
      k.first_column = first, k.columns = columns;
      if (mask) list_few(k, *mask);
      first += units_of(source.part);
      plan_.connections.push_back(std::move(k));
    }
  }

  /// Makes a connection lists where few of its columns' weights exist.
  void list_few(ConnectionPlan& k, const Mask& mask) const {
    const size_t  units = units_of(k.from);
    SparsePattern p;
    for (size_t i = 0; i < mask.to; ++i) {
      p.begin.push_back(uint32_t(p.column.size()));
      for (size_t j = 0; j < units; ++j)
        if (mask(i, k.first_column + j))
          p.column.push_back(uint32_t(j)), p.entry.push_back(uint32_t(i * mask.from + k.first_column + j));
    }
    p.begin.push_back(uint32_t(p.column.size()));
    if (double(p.column.size()) < kSparseDensity * double(mask.to * units)) set_pattern(k, std::move(p), units);
  }

  /// Leaves out units of a layer of the backbone while the network learns.
  void drop(const std::string& name, int layer) {
    const double share = setting("backbone_dropout");
    if (share > 0)
      compiler_.add_site({.name      = full(name) + "_dropout",
                          .what      = NoiseSite::What::state,
                          .layer     = layer,
                          .deviation = std::vector<double>(units_of(layer), share),
                          .relative  = true,
                          .drop      = true,
                          .when      = NoiseSite::When::training});
  }

  // ---- cells -----------------------------------------------------------------------------------------------

  const char* cell_name() const { return mode_ == Mode::pure ? "CfCPure" : "CfC"; }

  /// Heads from z to a cell, whose gate reads time_a and time_b only as ± time_a · dt + time_b.
  /// @param suffix  of the names of parameters  @param mask  of ff1 and ff2; null: all there
  void add_heads(const Sources& z, int cell, const std::string& suffix, const Mask* mask) {
    const Mask* mask_of_time = setting("mask_time_heads") ? mask : nullptr;
    dense("ff1" + suffix, "xavier_uniform", z, cell, 0, mask);
    if (mode_ == Mode::pure) {
      const size_t n = units_of(cell);
      compiler_.give(
          cell, "w_tau",
          add_block("w_tau" + suffix, {n}, std::vector<double>(n, 0.0), "rate at which the solution settles"));
      compiler_.give(cell, "A", add_block("A" + suffix, {n}, std::vector<double>(n, 1.0), "state it settles at"));
      return;
    }
    plan_.layers[size_t(cell)].settings = settings_;
    dense("ff2" + suffix, "xavier_uniform", z, cell, 1, mask);
    const size_t a = plan_.connections.size(), b = a + z.size();
    dense("time_a" + suffix, "xavier_uniform", z, cell, 2, mask_of_time);
    dense("time_b" + suffix, "xavier_uniform", z, cell, 3, mask_of_time);
    const auto learnt = [&](const char* name) {
      return std::pair(Compiler::learns(spec_, name + suffix), Compiler::learns(spec_, name + suffix + "_bias"));
    };
    bool alike = learnt("time_a") == learnt("time_b");
    for (size_t i = 0; i < z.size(); ++i) alike &= !plan_.connections[a + i].sparse;
    for (size_t i = 0; i < z.size() && alike; ++i) {
      plan_.connections[a + i].joins      = int(b + i);
      plan_.connections[a + i].joins_sign = setting("time_sign") == 1 ? -1 : 1;
    }
  }

  /// What holds the state, and the LSTM that reads it.
  void add_memory(int core) {
    core_ = core, x_part_ = input_;
    if (memory_ == Memory::none) return;
    memory_part_ = compiler_.add_memory(spec_, input_, core_, setting("forget_bias"));
    if (memory_ == Memory::input) x_part_ = memory_part_;
    for (const char* name : {"input_map", "input_map_bias", "recurrent_map", "forget_bias"})
      parameters_.push_back(name);
  }

  /// What holds the state that is read.
  Source state() const { return memory_ == Memory::state ? Source{memory_part_, 0} : Source{core_, 1}; }

  Readout build_dense() {
    const bool projected = setting("proj_size") > 0;
    if (!projected) compiler_.set_cell(whole_, cell_name());
    add_memory(projected ? part("core", cell_name(), units_) : whole_);
    Sources                   z    = {{x_part_, 0}, state()};
    const std::optional<Mask> mask = sparsity_mask(width_of(z));
    for (int l = 0; has_backbone() && l < int(setting("backbone_layers")); ++l) {
      const std::string name               = fmt::format("backbone_{}", l);
      const int         layer              = part(name, "Activation", size_t(setting("backbone_units")));
      plan_.layers[size_t(layer)].settings = {setting("activation")};
      dense(name, "xavier_uniform", z, layer, 0);
      if (l > 0 || setting("dropout_first_layer")) drop(name, layer);
      z = {{layer, 0}};
    }
    add_heads(z, core_, "", mask ? &*mask : nullptr);
    return {core_, units_};
  }

  Readout build_circuit(const Compiler::Circuit& circuit) {
    add_memory(part("core", "CfCStates", units_));
    const Wiring wiring = compiler_.make_circuit(circuit, units_of(x_part_));
    if (!wiring.warning.empty()) plan_.warnings.push_back(fmt::format("layer {}: {}", spec_.layer_id, wiring.warning));
    int    x     = x_part_;
    size_t first = 0;
    for (size_t l = 0; l < wiring.layers.size(); ++l) {
      const size_t n    = wiring.layers[l].size();
      const int    h    = part(fmt::format("h_{}", l), "Linear", n);
      const int    cell = part(fmt::format("layer_{}", l), cell_name(), n);
      const Mask   mask = circuit_mask(wiring, l, setting("fully_recurrent") != 0);
      connect(state().part, h, state().lag, slice(n, 0, n, first));
      add_heads({{x, 0}, {h, 0}}, cell, fmt::format("_{}", l), &mask);
      connect(cell, core_, 0, slice(units_, first, n, 0));
      x = cell, first += n;
    }
    return {x, wiring.outputs};
  }

  /// As it is written, [inputs + units, units], from source to target; only which entries are 0 counts.
  std::optional<Mask> sparsity_mask(size_t sources) {
    const Value* given = spec_.params.find("sparsity_mask");
    if (!given || given->is_null()) return std::nullopt;
    Mask mask(units_, sources);
    if (const auto kept = compiler_.stored("mask/" + full("ff1"), {units_, sources})) {
      for (size_t i = 0; i < mask.on.size(); ++i) mask.on[i] = (*kept)[i] != 0;
      return mask;
    }
    NamedArray a;
    if (given->is_text()) {
      a = compiler_.load(*given, "mask");
    } else {
      a.shape = {given->list().size(), given->list().empty() ? 0 : given->list()[0].list().size()};
      for (const Value& row : given->list()) {
        if (row.list().size() != a.shape[1])
          row.fail(fmt::format("{} numbers in a row, {} in the first", row.list().size(), a.shape[1]));
        for (const Value& x : row.list()) a.values.push_back(x.number());
      }
    }
    if (a.shape != std::vector<size_t>{sources, units_})
      throw ShapeError(fmt::format("sparsity_mask of layer {}", spec_.layer_id), {int64_t(sources), int64_t(units_)},
                       {a.shape.begin(), a.shape.end()}, "rows are inputs, then units; columns are units");
    for (size_t i = 0; i < sources; ++i)
      for (size_t j = 0; j < units_; ++j) mask(j, i) = a.values[i * units_ + j] != 0;
    return mask;
  }

  Compiler&                compiler_;
  Plan&                    plan_;
  const LayerSpec&         spec_;
  std::vector<double>      settings_;
  std::vector<std::string> names_, parameters_;  // of settings; of blocks, without "layer1/"
  Mode                     mode_;
  Memory                   memory_;
  size_t                   units_;
  int                      whole_, core_ = -1, input_ = -1, memory_part_ = -1, x_part_ = -1;
};

void Compiler::expand_cfc(const LayerSpec& spec) { CfcBuilder(*this, spec).build(); }

}  // namespace dynode
