// Recurrent layers of several parts: CTGRU, coRNN, LipschitzRNN, GRUODE. ("late": one step late)
//
//   CTGRU    1.retrieval ◀── 1.input, 1 late, 1.scale_1 … 1.scale_8 late
//            1.candidate ◀── 1.input, 1.retrieval          1.storage ◀── 1.input, 1 late      1.share ◀── 1.storage
//            1.scale_k   ◀── 1.storage, 1.share, 1.candidate            1 ◀── their sum
//   coRNN    1.velocity  ◀── 1.input, 1 late, itself late               1 ◀── 1.velocity
//   LipschitzRNN   1.product_W, 1.product_A ◀── 1 late                  1 ◀── 1.input, both
//   GRUODE   1.drive ◀── 1.input     sub-step n: 1.reset_n, 1.step_n ◀── 1.drive, 1.step_(n−1); the last step is 1
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/plan/arguments.h"
#include "dynode/plan/compiler.h"
#include "dynode/plan/pattern.h"
#include "dynode/wiring/initialisers.h"

namespace dynode {

/// Adds the parts of one layer; all of them have its units, and their weights begin with its prefix.
class EquationBuilder {
 public:
  EquationBuilder(Compiler& compiler, const LayerSpec& spec)
      : compiler_(compiler), plan_(compiler.plan_), spec_(spec), cell_(*find_cell(spec.layer_type)),
        prefix_(fmt::format("layer{}/", spec.layer_id)), units_(size_t(spec.dim())) {}

  void ct_gru() {
    begin({"recurrent_map"}, {});
    const int u = weights("input_map", "xavier_uniform", 3, inputs()), r = weights("recurrent_map", "orthogonal", 3, units_);
    const int b = bias("input_map_bias", 3);
    enum Row { retrieve, propose, store };

    const int retrieval = part("retrieval", "CTGRURetrieval");
    dense("input_map", input_, retrieval, 0, 0, u, retrieve, b);
    dense("recurrent_map", core_, retrieval, 0, 1, r, retrieve);
    const int candidate = part("candidate", "Activation");
    plan_.layers[size_t(candidate)].settings = {1};   // tanh
    dense("input_map", input_, candidate, 0, 0, u, propose, b);
    dense("recurrent_map", retrieval, candidate, 0, 0, r, propose);
    const int storage = part("storage", "Linear");
    dense("input_map", input_, storage, 0, 0, u, store, b);
    dense("recurrent_map", core_, storage, 0, 1, r, store);
    const int share = part("share", "CTGRUShare");
    hand_on("gate", storage, share, 0, 0);
    for (int k = 0; k < 8; ++k) {
      const int scale = part(fmt::format("scale_{}", k + 1), "CTGRUScale");
      plan_.layers[size_t(scale)].settings = {double(k)};
      hand_on("gate", storage, scale, 0, 0);
      hand_on("share", share, scale, 1, 0);
      hand_on("candidate", candidate, scale, 2, 0);
      hand_on("memory", scale, retrieval, 1 + k, 1);
      hand_on("sum", scale, core_, 0, 0);
    }
  }

  void co_rnn() {
    begin({"recurrent_map", "velocity_map", "gamma", "epsilon"}, {"gamma", "epsilon"});
    const int u = weights("input_map", "xavier_uniform", 1, inputs()), b = bias("input_map_bias", 1);
    const int velocity = part("velocity", "coRNNVelocity");
    dense("input_map", input_, velocity, 0, 0, u, 0, b);
    dense("recurrent_map", core_, velocity, 0, 1, weights("recurrent_map", "xavier_uniform", 1, units_), 0);
    dense("velocity_map", velocity, velocity, 0, 1, weights("velocity_map", "xavier_uniform", 1, units_), 0);
    hand_on("position", core_, velocity, 1, 1);
    hand_on("velocity", velocity, core_, 0, 0);
    for (const char* name : {"gamma", "epsilon"}) parameter(velocity, name, name);
  }

  void lipschitz_rnn() {
    begin({"M_A", "M_W", "gamma_A", "gamma_W"}, {"gamma_A", "gamma_W"});
    const int u = weights("input_map", "xavier_uniform", 1, inputs()), b = bias("input_map_bias", 1);
    dense("input_map", input_, core_, 0, 0, u, 0, b);
    const auto settings = Compiler::read_settings(spec_, cell_);
    plan_.layers[size_t(core_)].settings = settings;
    // all synapses, source by source; the matrices are [to, from]
    SparsePattern all;
    for (size_t from = 0; from <= units_; ++from) all.begin.push_back(uint32_t(from * units_));
    for (size_t from = 0; from < units_; ++from)
      for (size_t to = 0; to < units_; ++to)
        all.column.push_back(uint32_t(to)), all.entry.push_back(uint32_t(to * units_ + from));
    const auto synapses = std::make_shared<const SparsePattern>(all);
    const auto product  = [&](const std::string& name, const std::string& matrix, const char* gamma, int port) {
      const int layer = part(name, "LipschitzProduct");
      plan_.layers[size_t(layer)].settings = settings;
      plan_.layers[size_t(layer)].synapses = synapses;
      const double deviation = std::sqrt(0.1 / double(units_));
      compiler_.give(layer, "m", weights(matrix, "normal", 1, units_, Value::map({{"std", deviation}})), all.entry);
      parameter(layer, "gamma", gamma);
      hand_on("state", core_, layer, 0, 1);
      hand_on(name, layer, core_, port, 0);
    };
    product("product_W", "M_W", "gamma_W", 0);
    product("product_A", "M_A", "gamma_A", 1);
  }

  void gru_ode() {
    begin({"recurrent_map"}, {});
    const int u = weights("input_map", "xavier_uniform", 3, inputs()), r = weights("recurrent_map", "orthogonal", 3, units_);
    const int b = bias("input_map_bias", 3);
    enum Row { reset_row, z_row, g_row };
    const std::vector<double> settings = Compiler::read_settings(spec_, cell_);
    const auto                unfolds  = size_t(settings[0]);

    const int drive = compiler_.add_part(spec_, "drive", "Linear", 3 * units_);
    dense("input_map", input_, drive, 0, 0, u, 0, b);
    int before = core_;
    for (size_t n = 1; n <= unfolds; ++n) {
      const int lag   = n == 1;
      const int reset = part(fmt::format("reset_{}", n), "GRUODEReset");
      const int step  = n == unfolds ? core_ : part(fmt::format("step_{}", n), cell_.name);
      plan_.layers[size_t(step)].settings = settings;
      hand_on("drive", drive, reset, 0, 0, reset_row);
      dense("recurrent_map", before, reset, 0, lag, r, reset_row);
      hand_on("state", before, reset, 1, lag);
      hand_on("drive", drive, step, 0, 0, z_row);
      dense("recurrent_map", before, step, 0, lag, r, z_row);
      hand_on("drive", drive, step, 1, 0, g_row);
      dense("recurrent_map", reset, step, 1, 0, r, g_row);
      hand_on("state", before, step, 2, lag);
      before = step;
    }
  }

  void finish() { compiler_.choose_start(spec_, plan_.layers[size_t(core_)]); }

 private:
  size_t inputs() const { return plan_.layers[size_t(input_)].units; }

  /// Refuses unknown words, and adds 1.input. @param learnt  what may be learnt besides input_map and its bias
  void begin(std::vector<std::string> learnt, std::vector<std::string> words) {
    Compiler::refuse_unknown_words(spec_, cell_, std::move(words));
    if (const Value* wiring = spec_.params.find("wiring"))
      wiring->fail(fmt::format("{} has no wiring", cell_.name), "all its units are connected; LTC and CfC have wirings");
    for (const char* name : {"input_map", "input_map_bias"}) learnt.push_back(name);
    if (const Value* learn = spec_.params.find("learnable_params")) refuse_unknown(cell_.name, *learn, learnt);
    input_ = compiler_.gather_sources(spec_), core_ = compiler_.layer_position(spec_.layer_id);
    compiler_.set_cell(core_, cell_.name);
    Compiler::refuse_size(spec_.at, 3 * units_, std::max(units_, inputs()));
  }

  int part(const std::string& name, const char* cell) { return compiler_.add_part(spec_, name, cell, units_); }

  /// A block [gates · units][columns]; each gate's weights are drawn by themselves.
  int weights(const std::string& name, const char* rule, size_t gates, size_t columns,
              const Value& rule_params = Value::map()) {
    const InitialiserEntry& initialiser = find_initialiser(rule);
    const Arguments         arguments   = check_arguments(rule, initialiser.facts, rule_params);
    const Mask              all(units_, columns, true);
    Random                  draw = compiler_.random(prefix_ + name);
    std::vector<double>     values;
    for (size_t g = 0; g < gates; ++g) {
      const auto gate = initial_weights(initialiser, {.mask = all, .arguments = arguments, .random = draw});
      values.insert(values.end(), gate.begin(), gate.end());
    }
    return compiler_.add_block({.name      = prefix_ + name,
                                .shape     = {gates * units_, columns},
                                .learnable = Compiler::learns(spec_, name),
                                .help      = "weights"},
                               std::move(values));
  }

  int bias(const std::string& name, size_t gates) {
    return compiler_.add_block({.name      = prefix_ + name,
                                .shape     = {gates * units_},
                                .learnable = Compiler::learns(spec_, name),
                                .help      = "biases"},
                               std::vector<double>(gates * units_, 0.0));
  }

  /// A parameter of a part's cell, called `word` in the spec: one number for all units, not learnt unless that is asked for.
  void parameter(int layer, const std::string& name, const char* word) {
    const auto&       facts = plan_.layers[size_t(layer)].cell->params;
    const ParamFacts& f     = *std::ranges::find_if(facts, [&](const ParamFacts& p) { return p.name == name; });
    const Value*      learn = spec_.params.find("learnable_params");
    const Value*      given = spec_.params.find(word);
    const double      value = given ? given->number() : f.value;
    if (!(value >= f.min && value <= f.max)) given->fail(fmt::format("{} is {}, outside its range", word, value));
    compiler_.give(layer, name,
                   compiler_.add_block({.name      = prefix_ + word,
                                        .shape     = {units_},
                                        .learnable = learn && learn->has(word) && Compiler::learns(spec_, word),
                                        .min       = f.min,
                                        .help      = f.help},
                                       std::vector<double>(units_, value)));
  }

  /// The rows of one gate of a block, and of a bias.
  void dense(const std::string& name, int from, int to, int port, int lag, int block, size_t gate, int with_bias = -1) {
    plan_.connections.push_back({.name      = prefix_ + name,
                                 .from      = from,
                                 .to        = to,
                                 .port      = port,
                                 .lag       = lag,
                                 .weights   = block,
                                 .first_row = gate * units_,
                                 .bias      = with_bias});
  }

  /// Hands as many units on as the layer has, those of one gate.
  void hand_on(const std::string& name, int from, int to, int port, int lag, size_t gate = 0) {
    std::vector<uint32_t> units(units_);
    for (size_t i = 0; i < units_; ++i) units[i] = uint32_t(gate * units_ + i);
    compiler_.connect(prefix_ + name, from, to, port, lag, selection(units, 1.0));
  }

  Compiler&         compiler_;
  Plan&             plan_;
  const LayerSpec&  spec_;
  const CellEntry&  cell_;
  const std::string prefix_;
  const size_t      units_;
  int               input_ = -1, core_ = -1;
};

void Compiler::expand_equations(const LayerSpec& spec) {
  EquationBuilder   build(*this, spec);
  const std::string family = find_cell(spec.layer_type)->name;
  if (family == "CTGRU") build.ct_gru();
  else if (family == "coRNN") build.co_rnn();
  else if (family == "LipschitzRNN") build.lipschitz_rnn();
  else build.gru_ode();
  build.finish();
}

}  // namespace dynode
