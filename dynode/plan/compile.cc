// Spec → Plan, step by step: layers with their cells and parameters, connections with masks and weights, lags, stages.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/plan/compiler.h"
#include "dynode/plan/stages.h"

namespace dynode {
namespace {

/// Step of families that do not name one, where no layer does.
constexpr double kNeutralStep = 1.0;

}  // namespace

Compiler::Compiler(const Spec& spec, const CompileOptions& options) : options_(options) {
  plan_.spec     = spec;
  plan_.warnings = spec.warnings;
  plan_.seed     = options.seed.value_or(spec.seed.value_or(42));
  plan_.spec.seed = plan_.seed;
}

std::shared_ptr<const Plan> Compiler::compile() {
  refuse_unavailable();
  refuse_total();
  choose_step();
  read_modulation();
  for (const LayerSpec& l : plan_.spec.layers) add_layer(l);
  choose_ends();
  settle_method();
  expand();
  for (const ConnectionSpec& c : plan_.spec.connections) add_connection(c);
  for (size_t i = 0; i < plan_.spec.layers.size(); ++i) add_core(int(i));   // not for parts
  add_noise();
  wire();
  add_spiking();
  plan_.stages = arrange_stages(plan_.layers, plan_.connections, {plan_.spec.file, 0, 0, "connections"});
  for (const Stage& stage : plan_.stages)
    for (int layer : stage.layers) plan_.layers[size_t(layer)].recurrent = stage.recurrent;
  plan_.theta.resize(plan_.parameters.size());
  for (const auto& [block, values] : initial_) set_real<double>(plan_.parameters[block], values, plan_.theta.data());
  project(plan_.parameters, plan_.theta.data());
  check_solvers();
  return std::make_shared<Plan>(std::move(plan_));
}

Random Compiler::random(const std::string& stream) const { return Random(plan_.seed, stream); }

int Compiler::add_block(Block block, std::vector<double> initial) {
  const int i = plan_.parameters.add(std::move(block));
  initial_.emplace_back(i, std::move(initial));
  return i;
}

NamedArray Compiler::load(const Value& path, const std::string& key) const {
  if (!options_.load_array) path.fail("files cannot be read here");
  return options_.load_array(plan_.spec.resolve(path.text()), key);
}

std::optional<std::vector<double>> Compiler::stored(const std::string& name, const std::vector<size_t>& shape) const {
  if (!options_.stored) return std::nullopt;
  std::optional<NamedArray> found = options_.stored(name);
  if (!found) return std::nullopt;
  if (found->shape != shape) throw ShapeError(name, {shape.begin(), shape.end()}, {found->shape.begin(), found->shape.end()});
  return std::move(found->values);
}

void Compiler::refuse_unavailable() {
  const SimulationSpec& s = plan_.spec.simulation;
  if (plan_.spec.layers.empty()) throw SpecError({plan_.spec.file}, "a network needs at least one layer");
  const Spec& spec = plan_.spec;
  if (s.input_type == InputType::none) return;
  for (const auto& [word, value] : {std::pair{"drives", &spec.drives}, {"stimulus", &spec.stimulus},
                                    {"arousal", &spec.arousal}, {"perturbation", &spec.perturbation}})
    if (!value->is_null())
      value->fail(fmt::format("'{}' is for networks without an input array", word), "give simulation.input_type: none");
}

void Compiler::choose_step() {
  if (plan_.spec.simulation.dt) {
    dt_ = *plan_.spec.simulation.dt;
  } else {
    for (const LayerSpec& l : plan_.spec.layers) {
      const CellEntry* cell = find_cell(l.layer_type);
      const bool       input = &l == &plan_.spec.layers.front() && plan_.spec.simulation.input_type == InputType::state;
      if (!cell || input || cell->dt == 0 || l.params.find("dt")) continue;
      if (dt_ != 0 && dt_ != cell->dt)
        throw SpecError(l.at, fmt::format("layers of this network have different default steps ({} and {})", dt_, cell->dt),
                        "give simulation.dt, and params.dt where a layer has its own time");
      dt_ = cell->dt;
    }
    if (dt_ == 0) dt_ = kNeutralStep;
    plan_.spec.simulation.dt = dt_;
  }
  if (plan_.spec.simulation.dt_learnable) {
    Block b{.name = "dt", .min = 1e-9, .help = "integration step, shared by all layers"};
    plan_.dt_block = add_block(std::move(b), {dt_});
  }
}

void Compiler::choose_ends() {
  plan_.output = int(plan_.layers.size()) - 1;
  if (plan_.spec.simulation.input_type == InputType::none) return;
  plan_.input = 0;
  plan_.layers[0].takes_flux = plan_.spec.simulation.input_type == InputType::flux;
}

void Compiler::settle_method() {
  SimulationSpec& simulation = plan_.spec.simulation;
  auto&           method     = simulation.network_evaluation_method;
  if (method != Evaluation::layerwise) return;
  for (const ConnectionSpec& c : plan_.spec.connections)
    if (c.to_layer < c.from_layer && !dropped(c)) {
      method = Evaluation::stepwise_gauss_seidel;
      plan_.warnings.push_back(fmt::format("connection {} to {} feeds back, which layerwise cannot do: the network runs "
                                           "stepwise_gauss_seidel", c.from_layer, c.to_layer));
      return;
    }
  if (simulation.early_stopping_forward_pass)
    throw SpecError({plan_.spec.file, 0, 0, "simulation.early_stopping_forward_pass"},
                    "layerwise takes one layer after the other through all steps, and cannot stop early",
                    "network_evaluation_method: stepwise_gauss_seidel can, with the same results");
}

bool Compiler::dropped(const ConnectionSpec& c) const {
  return plan_.layers[0].is_input && c.to_layer == plan_.layers[0].layer_id;
}

int Compiler::lag(const ConnectionSpec& c) const {
  if (c.lag) return *c.lag;
  if (c.from_layer == c.to_layer) return 1;
  switch (plan_.spec.simulation.network_evaluation_method) {
    case Evaluation::layerwise:
    case Evaluation::stepwise_gauss_seidel: return c.from_layer < c.to_layer ? 0 : 1;
    case Evaluation::stepwise_jacobi: return 1;
  }
  return 1;
}

int Compiler::layer_position(int layer_id) const {
  for (size_t i = 0; i < plan_.layers.size(); ++i)
    if (plan_.layers[i].layer_id == layer_id && plan_.layers[i].name == std::to_string(layer_id)) return int(i);
  return -1;
}

void Compiler::set_constant(int layer, ConstantFacts::From from, const std::vector<double>& values) {
  LayerPlan& l = plan_.layers[size_t(layer)];
  for (size_t i = 0; i < l.constants.size(); ++i)
    if (l.cell->constants[i].from == from) l.constants[i] = values;
}

void Compiler::wire() {
  for (size_t c = 0; c < plan_.connections.size(); ++c) {
    const ConnectionPlan& k = plan_.connections[c];
    if (k.delay == 0) plan_.layers[size_t(k.to)].incoming[size_t(k.port)].push_back(int(c));   // spikes are no drive
    plan_.layers[size_t(k.from)].outgoing.push_back(int(c));
  }
}

std::shared_ptr<const Plan> compile(const Spec& spec, const CompileOptions& options) {
  return Compiler(spec, options).compile();
}

int Plan::find_layer(int layer_id) const {
  for (size_t i = 0; i < layers.size(); ++i)
    if (layers[i].layer_id == layer_id && layers[i].name == std::to_string(layer_id)) return int(i);
  return -1;
}

int Plan::find_core(int layer_id) const {
  for (size_t i = 0; i < layers.size(); ++i)
    if (layers[i].name == std::to_string(layer_id) + ".core") return int(i);
  return find_layer(layer_id);
}

bool Plan::takes_spans() const {
  return std::any_of(layers.begin(), layers.end(),
                     [](const LayerPlan& l) { return l.cell->scales_with_dt && !l.own_dt && !l.is_input; });
}

WeightCount Plan::count_weights(const ConnectionPlan& c) const {
  const Block& block = parameters[c.weights];
  const size_t units = layers[size_t(c.from)].units, all = c.columns ? block.size() / c.columns * units : block.size();
  if (block.mask.empty()) return {all, all};
  size_t present = 0;
  for (size_t i = 0; i < block.size(); ++i) {
    const size_t column = c.columns ? i % c.columns : c.first_column;
    present += block.mask[i] && column >= c.first_column && column < c.first_column + units;
  }
  return {present, all};
}

int Plan::find_entrance(int layer_id) const {
  for (size_t i = 0; i < layers.size(); ++i)
    if (layers[i].name == std::to_string(layer_id) + ".input") return int(i);
  return find_layer(layer_id);
}

}  // namespace dynode
