// Spec → Plan, step by step: layers with their cells and parameters, connections with masks and weights, lags, stages.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "dynode/base/random.h"
#include "dynode/base/text.h"
#include "dynode/plan/arguments.h"
#include "dynode/plan/entry_masks.h"
#include "dynode/plan/pattern.h"
#include "dynode/plan/plan.h"
#include "dynode/plan/programmable.h"
#include "dynode/plan/stages.h"
#include "dynode/sources/default_rate_table.h"
#include "dynode/sources/source.h"
#include "dynode/wiring/distributions.h"
#include "dynode/wiring/ei_mask.h"
#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/polarity.h"
#include "dynode/wiring/structures.h"

namespace dynode {
namespace {

/// Step of families that do not name one, where no layer does.
constexpr double kNeutralStep = 1.0;

std::vector<std::string> cell_names() {
  std::vector<std::string> names;
  for (const CellEntry& c : cells())
    if (!c.internal) names.push_back(c.name);
  return names;
}

/// "within [0, 5]", "at least 0", "finite".
std::string range_text(double min, double max) {
  if (min <= -1e300 && max >= 1e300) return "finite";
  if (max >= 1e300) return fmt::format("at least {}", min);
  if (min <= -1e300) return fmt::format("at most {}", max);
  return fmt::format("within [{}, {}]", min, max);
}

class Compiler {
 public:
  Compiler(const Spec& spec, const CompileOptions& options) : options_(options) {
    plan_.spec     = spec;
    plan_.warnings = spec.warnings;
    plan_.seed     = options.seed.value_or(spec.seed.value_or(42));
    plan_.spec.seed = plan_.seed;
  }

  std::shared_ptr<const Plan> compile() {
    refuse_unavailable();
    choose_step();
    for (const LayerSpec& l : plan_.spec.layers) add_layer(l);
    choose_ends();
    settle_method();
    for (const ConnectionSpec& c : plan_.spec.connections) add_connection(c);
    for (size_t i = 0; i < plan_.layers.size(); ++i) add_core(int(i));
    wire();
    plan_.stages = arrange_stages(plan_.layers, plan_.connections);
    for (const Stage& stage : plan_.stages)
      for (int layer : stage.layers) plan_.layers[size_t(layer)].recurrent = stage.recurrent;
    plan_.theta.resize(plan_.parameters.size());
    for (const auto& [block, values] : initial_) set_real<double>(plan_.parameters[block], values, plan_.theta.data());
    project(plan_.parameters, plan_.theta.data());
    return std::make_shared<Plan>(std::move(plan_));
  }

 private:
  Random random(const std::string& stream) const { return Random(plan_.seed, stream); }

  int add_block(Block block, std::vector<double> initial) {
    const int i = plan_.parameters.add(std::move(block));
    initial_.emplace_back(i, std::move(initial));
    return i;
  }

  NamedArray load(const Value& path, const std::string& key) const {
    if (!options_.load_array) path.fail("files cannot be read here");
    return options_.load_array(plan_.spec.resolve(path.text()), key);
  }

  /// What was kept of an earlier compilation, if it has this shape.
  std::optional<std::vector<double>> stored(const std::string& name, const std::vector<size_t>& shape) const {
    if (!options_.stored) return std::nullopt;
    std::optional<NamedArray> found = options_.stored(name);
    if (!found) return std::nullopt;
    if (found->shape != shape) throw ShapeError(name, {shape.begin(), shape.end()}, {found->shape.begin(), found->shape.end()});
    return std::move(found->values);
  }

  void refuse_unavailable() {
    const SimulationSpec& s = plan_.spec.simulation;
    if (plan_.spec.layers.empty()) throw SpecError({plan_.spec.file}, "a network needs at least one layer");
    if (s.early_stopping_forward_pass)
      throw SpecError({plan_.spec.file, 0, 0, "simulation.early_stopping_forward_pass"}, "early stopping is not available yet",
                      "remove the key; runs then go through all steps");
    if (s.track_power)
      throw SpecError({plan_.spec.file, 0, 0, "simulation.track_power"}, "power is not available yet", "remove the key");
    if (s.input_type == InputType::none)
      throw SpecError({plan_.spec.file, 0, 0, "simulation.input_type"}, "runs without an input array are not available yet",
                      "use input_type: state or flux");
  }

  // ---- time ----------------------------------------------------------------------------------------------

  /// simulation.dt, or the default the families agree on.
  void choose_step() {
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

  // ---- layers --------------------------------------------------------------------------------------------

  void add_layer(const LayerSpec& spec) {
    const CellEntry* cell = find_cell(spec.layer_type);
    if (!cell || cell->internal)
      throw SpecError(spec.at, fmt::format("there is no layer type '{}'", spec.layer_type),
                               did_you_mean(spec.layer_type, cell_names(), "there are"));
    const bool holds_input = plan_.layers.empty() && plan_.spec.simulation.input_type == InputType::state;
    refuse_unknown_params(spec, *cell);
    if (holds_input && std::string(cell->name) != "Linear") {
      plan_.warnings.push_back(fmt::format("layer {} takes the input as its state; its type {} has no effect", spec.layer_id,
                                           cell->name));
      cell = find_cell("Linear");
    }
    refuse_noise(spec.noise, spec.perturb);

    LayerPlan layer{.layer_id = spec.layer_id, .name = std::to_string(spec.layer_id), .cell = cell};
    layer.units       = size_t(spec.dim());
    layer.own_dt      = spec.params.has("dt");
    layer.dt          = layer.own_dt ? positive_number(spec.params.at("dt")) : dt_;
    layer.is_input    = holds_input;
    if (plan_.dt_block >= 0 && !layer.own_dt)
      for (const ParamFacts& p : cell->params)
        if (p.alternative.name[0])
          plan_.warnings.push_back(fmt::format("dt is learnt, but layer {} keeps its own {}: its time does not follow dt",
                                               spec.layer_id, p.name));
    layer.start_state = cell->output;
    if (cell->states[size_t(cell->output)].memoryless && !cell->static_map)
      for (size_t i = 0; i < cell->states.size(); ++i)
        if (!cell->states[i].memoryless) { layer.start_state = int(i); break; }
    choose_source(spec, layer);
    if (cell->som_units && !spec.params.find("noise_std"))
      plan_.warnings.push_back(fmt::format("layer {} runs without the noise of its family (noise_std 0.1, x0_std 0.01), which "
                                           "is not available yet; noise_std: 0 says that this is meant", spec.layer_id));
    if (!holds_input)
      for (const ParamFacts& p : cell->params) add_parameter(spec, layer, p);
    if (!holds_input)
      for (const ConstantFacts& c : cell->constants) layer.constants.emplace_back(layer.units, c.value);
    choose_start(spec, layer);
    layer.incoming.resize(cell->ports.size());
    plan_.layers.push_back(std::move(layer));
    polarity_.push_back(read_polarity(spec));
    plan_.layers.back().polarity = polarity_.back().sign;
  }

  static double positive_number(const Value& v) {
    if (!(v.number() > 0) || !std::isfinite(v.number())) v.fail("must be a positive number");
    return v.number();
  }

  static void refuse_unknown_params(const LayerSpec& spec, const CellEntry& cell) {
    std::vector<std::string> known = {"dim", "dt", "learnable_params", "polarity", "polarity_file", "polarity_init",
                                      "polarity_enforcement_method", "init_state"};
    if (cell.source) known.insert(known.end(), {"source_func", "solver"});
    for (const ParamFacts& p : cell.params) {
      known.push_back(p.name);
      if (p.alternative.name[0]) known.push_back(p.alternative.name);
      if (p.alternative.name[0] || p.range) known.push_back(std::string("learn_") + p.name);
      for (const char* word : {p.alternative.spacing, p.alternative.floor, p.learn_word})
        if (word[0]) known.push_back(word);
    }
    for (const CoreFacts& c : cell.core)
      if (c.diagonal[0]) known.push_back(c.diagonal);
    if (cell.som_units) known.push_back("som_N");
    for (const char* later : {"preact_noise", "postact_noise", "noise_std", "x0_std"})
      if (const Value* v = spec.params.find(later)) {
        if (v->number() != 0) v->fail(fmt::format("{} is not available yet", later), "leave it out, or give 0");
        known.push_back(later);
      }
    refuse_unknown(cell.name, spec.params, known);
    if (const Value* learn = spec.params.find("learnable_params")) {
      std::vector<std::string> names;
      for (const ParamFacts& p : cell.params) names.push_back(p.name);
      for (const CoreFacts& c : cell.core) {
        names.push_back(c.weights);
        if (c.bias) names.push_back(c.bias);
      }
      refuse_unknown(cell.name, *learn, names);
    }
    if (const Value* solver = spec.params.find("solver"); solver && lower_case(solver->text()) != "fe")
      solver->fail(fmt::format("there is no solver '{}'", solver->text()), "there is: FE (forward Euler)");
  }

  static void refuse_noise(const Value& noise, const Value& perturb) {
    for (const Value* v : {&noise, &perturb})
      if (!v->is_null())
        for (const auto& entry : v->entries()) {
          if (entry.value.is_mapping()) refuse_noise(entry.value, {});
          else if (entry.value.is_number() && entry.value.number() != 0)
            entry.value.fail("noise and perturbations are not available yet", "leave them out, or give 0");
        }
  }

  static int source_position(const std::string& name, const At& at) {
    const int position = find_source(name);
    if (position >= 0) return position;
    std::vector<std::string> names;
    for (const auto& s : source_functions()) names.push_back(s.name);
    throw SpecError(at, fmt::format("there is no source function '{}'", name), did_you_mean(name, names, "there are"));
  }

  void choose_source(const LayerSpec& spec, LayerPlan& layer) {
    if (!layer.cell->source || layer.is_input) {
      layer.kernels = layer.cell->kernels(0);
      return;
    }
    const Value* given = spec.params.find("source_func");
    std::string  name  = given ? given->text() : layer.cell->source;
    for (const auto& [word, meaning] : layer.cell->source_words)
      if (lower_case(name) == word) name = meaning;
    layer.source = source_position(name, given ? given->at() : spec.at);
    if (source_functions()[size_t(layer.source)].uses_table) layer.table = rate_table();
    layer.kernels = layer.cell->kernels(layer.source);
  }

  /// The table of the network: its own file, else the built-in one.
  int rate_table() {
    if (!plan_.tables.empty()) return 0;
    const std::string& path = plan_.spec.simulation.rate_table;
    if (path.empty()) {
      const float* g = default_rate_table();
      plan_.tables.push_back({0, 0.0025, 0.95, 0.00775, kDefaultTableSize, kDefaultTableSize,
                              {g, g + kDefaultTableSize * kDefaultTableSize}});
      return 0;
    }
    const Value file = path;
    const auto  axis = [&](const char* key, double& first, double& step, size_t& count) {
      const NamedArray a = load(file, key);
      if (a.values.size() < 2) throw ShapeError(path + ": " + key, {-1}, {int64_t(a.values.size())});
      count = a.values.size();
      first = a.values.front();
      step  = (a.values.back() - first) / double(count - 1);
      for (size_t i = 0; i < count; ++i)
        if (!(std::abs(a.values[i] - (first + step * double(i))) <= 1e-6 * std::abs(step)) || !(step > 0))
          throw SpecError({path}, fmt::format("'{}' must rise in equal steps", key));
    };
    RateGrid t;
    axis("phi", t.flux_first, t.flux_step, t.flux_count);
    axis("ib", t.current_first, t.current_step, t.current_count);
    if (t.flux_first != 0 || std::abs(t.flux_first + t.flux_step * double(t.flux_count - 1) - 0.5) > 1e-9)
      throw SpecError({path}, "'phi' must run from 0 to 0.5, half a period");
    const NamedArray g = load(file, "g");
    if (g.shape != std::vector<size_t>{t.current_count, t.flux_count})
      throw ShapeError(path + ": g", {int64_t(t.current_count), int64_t(t.flux_count)}, {g.shape.begin(), g.shape.end()});
    t.g = g.values;
    for (double x : t.g)
      if (!std::isfinite(x)) throw SpecError({path}, "'g' contains a value that is not finite");
    plan_.tables.push_back(std::move(t));
    return 0;
  }

  void add_parameter(const LayerSpec& spec, LayerPlan& layer, const ParamFacts& facts) {
    Block b{.name = fmt::format("layer{}/{}", layer.layer_id, facts.name), .shape = {layer.units},
            .transform = facts.log ? Transform::exponential : Transform::identity, .learnable = facts.learn,
            .min = facts.min, .max = facts.max, .help = facts.help};

    // given itself, by its alternative, or not at all
    const Alternative& other   = facts.alternative;
    const Value*       given   = spec.params.find(facts.name);
    const Value*       instead = other.name[0] ? spec.params.find(other.name) : nullptr;
    if (given && instead)
      instead->fail(fmt::format("{} and {} say the same thing", facts.name, other.name), "give one of them");
    std::vector<double> values(layer.units, other.name[0] ? other.to_parameter(other.value, layer.dt) : facts.value);
    const bool pair = facts.range && given && given->is_list() && given->size() == 2;
    if (pair) {
      values = draw_in_range(*given, layer, facts, b);
    } else if (const Value* v = given ? given : instead) {
      const bool    one = facts.range && v->is_list() && v->size() == 1;
      ParameterSpec p   = read_parameter(one ? v->list()[0] : *v);
      if (instead) spread_pair(spec, other, layer.units, p);
      values = parameter_values(spec, layer, facts, p);
      if (instead) raise_to_floor(spec, other, values);
      const std::vector<double> settings = values;
      if (instead)
        for (double& x : values) x = other.to_parameter(x, layer.dt);
      if (p.learnable) b.learnable = *p.learnable;
      set_box(b, facts, p, instead ? std::optional(layer.dt) : std::nullopt, *v);
      for (size_t i = 0; i < values.size(); ++i)
        if (!std::isfinite(values[i]) || values[i] < facts.min || values[i] > facts.max)
          v->fail(fmt::format("{} of unit {} is {}{}, but must be {}", instead ? other.name : facts.name, i, settings[i],
                              instead ? fmt::format(", which makes {} {}", facts.name, values[i]) : "",
                              range_text(facts.min, facts.max)));
    }
    for (const std::string& word : {std::string(facts.learn_word), std::string("learn_") + facts.name})
      if (const Value* learn = spec.params.find(word)) b.learnable = learn->boolean();
    if (const Value* learn = spec.params.find("learnable_params"))
      if (const Value* l = learn->find(facts.name)) b.learnable = l->boolean();
    layer.params.push_back(add_block(std::move(b), std::move(values)));
  }

  /// A pair [low, high] of a parameter that is learnt in between: drawn with normal stored values.
  std::vector<double> draw_in_range(const Value& pair, const LayerPlan& layer, const ParamFacts& facts, Block& b) {
    const double low = pair.list()[0].number(), high = pair.list()[1].number();
    if (!(std::isfinite(low) && std::isfinite(high) && low >= facts.min && low < high && high <= facts.max))
      pair.fail(fmt::format("{} [{}, {}] is not a range of numbers that are {}", facts.name, low, high, range_text(facts.min, facts.max)),
                "give [lowest, highest], or one number");
    b.transform = Transform::sigmoid(low, high);
    b.learnable = true;
    b.min = -1e300, b.max = 1e300;   // the transform keeps the range
    Random draw = random(b.stored_name());
    std::vector<double> values(layer.units);
    for (double& x : values) x = real_value(b.transform, draw.normal());
    return values;
  }

  /// A pair [first, last] of a setting that has a spacing becomes a number per unit.
  static void spread_pair(const LayerSpec& spec, const Alternative& setting, size_t units, ParameterSpec& p) {
    if (!setting.spacing[0]) return;
    const Value* word = spec.params.find(setting.spacing);
    const bool   geometric = !word || word->text() == "geometric";
    if (!geometric && word->text() != "linear")
      word->fail(fmt::format("there is no {} '{}'", setting.spacing, word->text()),
                 did_you_mean(word->text(), {"geometric", "linear"}, "there are"));
    if (p.values.size() != 2) return;
    const double first = p.values[0], last = p.values[1];
    if (geometric && !(first > 0 && last > 0))
      throw SpecError(p.at, fmt::format("{} and {} cannot be spaced geometrically", first, last),
                      fmt::format("give positive numbers, or {}: linear", setting.spacing));
    p.values.resize(units);
    for (size_t i = 0; i < units; ++i) {
      const double x = units > 1 ? double(i) / double(units - 1) : 0;
      p.values[i] = geometric ? first * std::pow(last / first, x) : first + (last - first) * x;
    }
  }

  static void raise_to_floor(const LayerSpec& spec, const Alternative& setting, std::vector<double>& values) {
    if (!setting.floor[0]) return;
    const Value* given = spec.params.find(setting.floor);
    const double floor = given ? positive_number(*given) : setting.floor_value;
    for (double& x : values)
      if (x > 0) x = std::max(x, floor);
  }

  /// The user's box replaces that of the facts. @param dt  given where the box is that of the alternative
  static void set_box(Block& b, const ParamFacts& facts, const ParameterSpec& p, std::optional<double> dt, const Value& at) {
    std::optional<double> low = p.min, high = p.max;
    if (dt) {
      const auto turned  = [&](std::optional<double> x) { return x ? std::optional(facts.alternative.to_parameter(*x, *dt)) : x; };
      const bool falling = facts.alternative.to_parameter(2, *dt) < facts.alternative.to_parameter(1, *dt);
      low = turned(falling ? p.max : p.min), high = turned(falling ? p.min : p.max);
    }
    if (low) b.min = std::max(*low, facts.log ? 1e-10 : -1e300);
    if (high) b.max = *high;
    if (!(b.min <= b.max))
      at.fail(fmt::format("constraints of {} leave no room between {} and {}", facts.name, b.min, b.max));
  }

  std::vector<double> parameter_values(const LayerSpec& spec, const LayerPlan& layer, const ParamFacts& facts,
                                       const ParameterSpec& p) {
    if (p.value) return std::vector<double>(layer.units, *p.value);
    if (!p.values.empty()) {
      if (p.values.size() != layer.units)
        throw SpecError(p.at, fmt::format("{} numbers for {} units", p.values.size(), layer.units),
                        "give one number, or one per unit");
      return p.values;
    }
    const DistributionEntry& rule = find_distribution(p.distribution, p.at);
    const Arguments arguments = check_arguments(p.distribution, rule.facts, blocked(p));
    Random draw = random(fmt::format("layer{}/{}", layer.layer_id, facts.name));
    const std::vector<double> fans = fan_outs(spec.layer_id, layer.units);
    return draw_parameter(rule, {.width = layer.units, .arguments = arguments, .random = draw, .fan_out = fans, .at = p.at});
  }

  /// Parameters of the distribution together with its blocks, which every distribution has.
  static Value blocked(const ParameterSpec& p) {
    Value params = p.params;
    params.set("block_size", p.block_size).set("block_mode", p.block_mode);
    return params;
  }

  /// Connections that leave each unit; masks are drawn from streams of their own, so drawing them twice is the same.
  std::vector<double> fan_outs(int layer_id, size_t units) {
    std::vector<double> sum(units, 0.0);
    for (const ConnectionSpec& c : plan_.spec.connections) {
      if (c.from_layer != layer_id) continue;
      const auto fans = draw_mask(c, read_connection_params(c)).fan_out();
      for (size_t i = 0; i < units; ++i) sum[i] += double(fans[i]);
    }
    return sum;
  }

  void choose_start(const LayerSpec& spec, LayerPlan& layer) {
    const Value* v = spec.params.find("init_state");
    if (!v || v->text() == "zero" || v->text() == "keep" || layer.is_input) return;   // kept states are the caller's to hand on
    if (v->text() != "learn")
      v->fail(fmt::format("there is no init_state '{}'", v->text()), did_you_mean(v->text(), {"zero", "keep", "learn"}, "there are"));
    Block b{.name = fmt::format("layer{}/init_{}", layer.layer_id, layer.cell->states[size_t(layer.start_state)].name),
            .shape = {layer.units}, .help = "initial state"};
    layer.start_block = add_block(std::move(b), std::vector<double>(layer.units, 0.0));
  }

  /// Sign per unit (empty where the layer has none) and, if given, what weights of the wrong sign become.
  struct LayerPolarity {
    std::vector<int8_t>                sign;
    std::optional<PolarityEnforcement> method;
  };
  LayerPolarity read_polarity(const LayerSpec& spec) {
    LayerPolarity polarity;
    if (const Value* method = spec.params.find("polarity_enforcement_method"))
      polarity.method = polarity_enforcement(method->text(), method->at());
    const size_t units = size_t(spec.dim());
    if (const auto kept = stored(fmt::format("layer{}/polarity", spec.layer_id), {units})) {
      polarity.sign = check_polarity(units, *kept, spec.at);
    } else if (const Value* list = spec.params.find("polarity")) {
      std::vector<double> values;
      for (const Value& v : list->list()) values.push_back(v.number());
      polarity.sign = check_polarity(units, values, list->at());
    } else if (const Value* file = spec.params.find("polarity_file")) {
      polarity.sign = check_polarity(units, load(*file, "").values, file->at());
    } else if (const Value* init = spec.params.find("polarity_init")) {
      if (init->is_text()) {
        polarity.sign = polarity_pattern(init->text(), units, init->at());
      } else {
        const Arguments arguments = check_arguments("polarity_init", polarity_facts(), *init);
        const Value*    seed = init->find("seed");
        Random draw(seed ? seed->unsigned_integer() : plan_.seed, fmt::format("layer{}/polarity", spec.layer_id));
        polarity.sign = draw_polarity(units, arguments, draw, init->at());
      }
    }
    return polarity;
  }

  // ---- ends and method -----------------------------------------------------------------------------------

  void choose_ends() {
    plan_.input = 0;
    plan_.layers[0].takes_flux = plan_.spec.simulation.input_type == InputType::flux;
    plan_.output = int(plan_.layers.size()) - 1;
  }

  void settle_method() {
    auto& method = plan_.spec.simulation.network_evaluation_method;
    if (method != Evaluation::layerwise) return;
    for (const ConnectionSpec& c : plan_.spec.connections)
      if (c.to_layer < c.from_layer && !dropped(c)) {
        method = Evaluation::stepwise_gauss_seidel;
        plan_.warnings.push_back(fmt::format("connection {} to {} feeds back, which layerwise cannot do: the network runs "
                                             "stepwise_gauss_seidel", c.from_layer, c.to_layer));
        return;
      }
  }

  /// Connections into a layer that holds the input have no effect.
  bool dropped(const ConnectionSpec& c) const {
    return plan_.layers[0].is_input && c.to_layer == plan_.layers[0].layer_id;
  }

  int lag(const ConnectionSpec& c) const {
    if (c.lag) return *c.lag;
    if (c.from_layer == c.to_layer) return 1;
    switch (plan_.spec.simulation.network_evaluation_method) {
      case Evaluation::layerwise:
      case Evaluation::stepwise_gauss_seidel: return c.from_layer < c.to_layer ? 0 : 1;
      case Evaluation::stepwise_jacobi: return 1;
    }
    return 1;
  }

  // ---- connections ---------------------------------------------------------------------------------------

  size_t units_of(int layer_id) const { return size_t(plan_.spec.layer(layer_id)->dim()); }

  Mask draw_mask(const ConnectionSpec& c, const ConnectionParams& p) {
    const size_t to = units_of(c.to_layer), from = units_of(c.from_layer);
    if (const auto kept = stored("mask/" + name_of(c), {to, from})) return custom_mask(to, from, *kept, p.at);
    if (stored(name_of(c), {to, from})) return Mask(to, from, true);   // kept without a mask: all weights are there
    const auto   find = [&](const std::string& key) { return p.structure_param(key); };
    const StructureEntry& rule = find_structure(p.structure, p.at);
    if (!p.structure_params.empty()) {
      std::vector<std::string> known = {"allow_self_connections"};
      for (const Fact& f : rule.facts) known.push_back(f.name);
      refuse_unknown("structure " + p.structure, p.structure_params, known);
    }
    const Arguments arguments = check_arguments(p.structure, rule.facts, find, p.at);
    if (std::string(rule.name) == "custom") {
      const Value* file = p.structure_param("mask_file");
      if (!file) throw SpecError(p.at, "structure custom needs 'mask_file'", "an .npz with the array 'mask' [to, from]");
      const NamedArray mask = load(*file, "mask");
      if (mask.shape != std::vector<size_t>{to, from})
        throw ShapeError(file->text() + ": mask of " + name_of(c), {int64_t(to), int64_t(from)}, {mask.shape.begin(), mask.shape.end()});
      Mask m = custom_mask(to, from, mask.values, file->at());
      if (!p.allow_self_connections && to == from)
        for (size_t i = 0; i < to; ++i) m(i, i) = 0;
      return m;
    }
    Random draw = random(name_of(c) + "/mask");
    return build_mask(rule, {.to = to, .from = from, .internal = c.from_layer == c.to_layer,
                             .allow_self = p.allow_self_connections, .arguments = arguments, .random = draw, .at = p.at});
  }

  std::vector<double> draw_weights(const ConnectionSpec& c, const ConnectionParams& p, const Mask& mask) {
    if (auto kept = stored(name_of(c), {mask.to, mask.from})) return std::move(*kept);
    if (p.init == "custom") {
      const Value* file = p.init_param("weights_file");
      if (!file) throw SpecError(p.at, "initialiser custom needs 'weights_file'", "an .npy, or an .npz with the array 'weights'");
      NamedArray w = load(*file, "weights");
      if (w.shape != std::vector<size_t>{mask.to, mask.from})
        throw ShapeError(file->text() + ": weights of " + name_of(c), {int64_t(mask.to), int64_t(mask.from)},
                         {w.shape.begin(), w.shape.end()});
      return std::move(w.values);
    }
    const InitialiserEntry& rule = find_initialiser(p.init, p.at);
    if (!p.init_params.empty()) {
      std::vector<std::string> known;
      for (const Fact& f : rule.facts) known.push_back(f.name);
      refuse_unknown("initialiser " + p.init, p.init_params, known);
    }
    const Arguments arguments =
        check_arguments(p.init, rule.facts, [&](const std::string& key) { return p.init_param(key); }, p.at);
    size_t sources = 0;
    for (const ConnectionSpec& other : plan_.spec.connections) sources += other.to_layer == c.to_layer;
    Random draw = random(name_of(c) + "/weights");
    return initial_weights(rule, {.mask = mask, .arguments = arguments, .random = draw, .num_input_sources = sources, .at = p.at});
  }

  static std::string name_of(const ConnectionSpec& c) { return fmt::format("J_{}_to_{}", c.from_layer, c.to_layer); }

  /// Weights are held one by one, absent ones too.
  static void refuse_size(const At& at, size_t to, size_t from) {
    constexpr double kMost = 1e9;
    if (double(to) * double(from) > kMost)
      throw SpecError(at, fmt::format("{} × {} weights are too many", to, from), "at most 1e9 of a connection can be held");
  }

  void refuse_flat(const ConnectionParams& p) {
    std::vector<std::string> known;
    for (const Fact& f : find_structure(p.structure, p.at).facts) known.push_back(f.name);
    for (const Fact& f : find_initialiser(p.init, p.at).facts) known.push_back(f.name);
    if (!p.flat.empty()) refuse_unknown(fmt::format("a {} connection with init {}", p.structure, p.init), p.flat, known);
    const std::vector<std::string> ready = {"polarity", "ei_mask", "ei_balance", "allow_mixed_signs", "plasticity_mask"};
    for (const auto& entry : p.rest.entries())
      if (std::find(ready.begin(), ready.end(), entry.key) == ready.end() &&
          !(entry.value.is_boolean() && !entry.value.boolean()))
        throw SpecError(p.rest.key_at(entry), fmt::format("'{}' is not available yet", entry.key), "leave it out");
  }

  /// The first som_N inhibitory units of a layer take no inhibition from it, their own included.
  void spare_som_units(int layer_id, Mask& mask) {
    const Value* count = plan_.spec.layer(layer_id)->params.find("som_N");
    if (!count || count->integer() == 0) return;
    std::vector<size_t> inhibitory;
    const auto& sign = polarity_[size_t(layer_position(layer_id))].sign;
    for (size_t i = 0; i < sign.size(); ++i)
      if (sign[i] < 0) inhibitory.push_back(i);
    if (count->integer() < 0 || size_t(count->integer()) > inhibitory.size())
      count->fail(fmt::format("som_N is {}, but layer {} has {} inhibitory units", count->integer(), layer_id, inhibitory.size()),
                  "SOM units are inhibitory units");
    for (size_t k = 0; k < size_t(count->integer()); ++k)
      for (size_t from : inhibitory) mask(inhibitory[k], from) = 0;
  }

  /// Gives the block its signs, from the polarity of the source or entry by entry, and makes initial weights obey:
  /// absent ones are 0, then signs, then balance. Weights somebody kept are as they should be.
  void set_signs(const ConnectionSpec& c, const ConnectionParams& p, const Mask& mask, const LayerPolarity& polarity,
                 Block& b, std::vector<double>& weights) {
    const auto flag = [&](const char* word, bool otherwise) {
      const Value* v = p.rest.find(word);
      return v ? v->boolean() : otherwise;
    };
    const bool   of_source = !polarity.sign.empty() && flag("polarity", true);
    const Value* own       = p.rest.find("ei_mask");
    if (own && of_source)
      own->fail(fmt::format("layer {} has a polarity, which says the signs of these weights already", c.from_layer),
                "give one of them, or polarity: false on this connection");
    if (own && p.mode != "fixed") own->fail(fmt::format("{} connections have no signs", p.mode), "remove 'ei_mask'");
    if (own) {
      if (const auto kept = stored("ei_mask/" + b.name, b.shape))
        b.sign = ei_mask_signs(mask.to, mask.from, *kept, true, own->at());
      else
        b.sign = read_ei_mask(*own, b.name, mask.to, mask.from, flag("allow_mixed_signs", false),
                              [this](const Value& path, const std::string& key) { return load(path, key); });
    } else if (of_source) {
      for (size_t i = 0; i < mask.to; ++i) b.sign.insert(b.sign.end(), polarity.sign.begin(), polarity.sign.end());
    }
    const bool balanced = flag("ei_balance", false);
    if (balanced && b.sign.empty())
      p.rest.find("ei_balance")->fail("weights without signs have no balance", "give 'ei_mask', or the source a polarity");
    const PolarityEnforcement method =
        polarity.method.value_or(own ? PolarityEnforcement::clip_to_zero : PolarityEnforcement::sign_flip);
    b.rectified = !b.sign.empty() && method == PolarityEnforcement::relu;
    if (b.sign.empty() || stored(b.name, b.shape)) return;

    for (size_t i = 0; i < weights.size(); ++i)
      if (!mask.on[i]) weights[i] = 0;
    const bool raw = b.rectified && p.init == "custom";   // given as they are stored: negative ones do not act
    if (!raw) enforce_polarity(b.sign, method, weights);
    if (raw && balanced)
      for (size_t i = 0; i < weights.size(); ++i)
        if (b.sign[i]) weights[i] = std::max(weights[i], 0.0);
    if (balanced) balance_signs(b.sign, weights);
  }

  void set_plasticity(const ConnectionSpec& c, const ConnectionParams& p, Block& b) {
    const Value* written = p.rest.find("plasticity_mask");
    if (!written) return;
    if (auto kept = stored("plasticity_mask/" + b.name, b.shape))
      b.plasticity = check_plasticity(std::move(*kept), b.shape[1], c.at);
    else
      b.plasticity = read_plasticity_mask(*written, b.name, b.shape[0], b.shape[1],
                                          [this](const Value& path, const std::string& key) { return load(path, key); });
  }

  static const ProgrammableMode& find_mode(const ConnectionParams& p) {
    std::vector<std::string> names = {"fixed"};
    for (const ProgrammableMode& mode : programmable_modes()) {
      if (p.mode == mode.name) return mode;
      names.push_back(mode.name);
    }
    throw SpecError(p.at, fmt::format("connection mode '{}' is not available yet", p.mode), "there are: " + join(names));
  }

  /// A connection whose weights are circuits: `k` says where it leads and which block its weights are.
  void program(const ConnectionSpec& c, const ConnectionParams& p, const ProgrammableMode& mode, const Mask& mask,
               const ConnectionPlan& k) {
    if (!polarity_[size_t(k.from)].sign.empty())
      throw SpecError(c.at, fmt::format("layer {} has a polarity, which {} connections cannot keep", c.from_layer, mode.name),
                      "remove the polarity, or use mode fixed");
    if (p.bias != "none") throw SpecError(c.at, fmt::format("{} connections have no bias", mode.name), "remove 'bias'");
    if (mask.count() == 0) {
      plan_.warnings.push_back(fmt::format("connection {} to {} has no effect: none of its weights exists", c.from_layer, c.to_layer));
      return;
    }
    const Arguments arguments = check_arguments(mode.name, mode.facts, p.mode_params);
    const int       source    = source_position(arguments.text("source_func"), p.mode_params.at());
    const bool jacobi = plan_.spec.simulation.network_evaluation_method == Evaluation::stepwise_jacobi;
    add_programmable(plan_, {.mode = &mode, .arguments = &arguments, .name = k.name, .mask = &mask, .weights = k.weights,
                             .from = k.from, .to = k.to, .lag = k.lag, .emission = jacobi && k.from != k.to, .source = source,
                             .table = source_functions()[size_t(source)].uses_table ? rate_table() : -1, .dt = dt_,
                             .add_block = [this](Block b, std::vector<double> v) { return add_block(std::move(b), std::move(v)); }});
  }

  void add_connection(const ConnectionSpec& c) {
    if (dropped(c)) {
      plan_.warnings.push_back(fmt::format("connection {} to {} has no effect: layer {} holds the input", c.from_layer,
                                           c.to_layer, c.to_layer));
      return;
    }
    const ConnectionParams p = read_connection_params(c, nullptr);
    const ProgrammableMode* mode = p.mode == "fixed" ? nullptr : &find_mode(p);
    if (c.delay) throw SpecError(c.at, "delay belongs to spike connections", "use lag: 1 for one step");
    refuse_noise(c.noise, c.perturb);
    refuse_flat(p);
    refuse_size(c.at, units_of(c.to_layer), units_of(c.from_layer));

    const int to = entrance(c.to_layer), from = layer_position(c.from_layer);
    Mask mask = draw_mask(c, p);
    if (c.from_layer == c.to_layer) {
      spare_som_units(c.to_layer, mask);
      const auto fans = mask.fan_in();
      set_constant(from, ConstantFacts::From::fan_in_of_self, {fans.begin(), fans.end()});
    }
    std::vector<double> weights = draw_weights(c, p, mask);
    Block b{.name = name_of(c), .shape = {mask.to, mask.from}, .learnable = p.learnable, .help = "weights"};
    if (mask.count() < mask.on.size()) b.mask = mask.on;
    if (p.min) b.min = *p.min;
    if (p.max) b.max = *p.max;
    if (p.min && p.max && *p.min > *p.max) throw SpecError(p.at, "constraints: min is above max");

    set_signs(c, p, mask, polarity_[size_t(from)], b, weights);
    set_plasticity(c, p, b);

    ConnectionPlan k{.name = b.name, .from = from, .to = to, .port = 0, .lag = lag(c)};
    k.weights = add_block(std::move(b), std::move(weights));
    if (mode) return program(c, p, *mode, mask, k);
    if (double(mask.count()) < kSparseDensity * double(mask.on.size())) set_pattern(k, pattern_of(mask), mask.from);
    if (p.bias != "none") {
      Random draw = random(name_of(c) + "/bias");
      Block  bias{.name = fmt::format("b_{}_to_{}", c.from_layer, c.to_layer), .shape = {mask.to}, .learnable = p.learnable,
                  .help = "bias"};
      k.bias = add_block(std::move(bias), initial_bias(p.bias, mask.to, mask.from, draw, p.at));
    }
    plan_.connections.push_back(std::move(k));
  }

  /// Sets the constants of a layer that come from there, if its cell has any.
  void set_constant(int layer, ConstantFacts::From from, const std::vector<double>& values) {
    LayerPlan& l = plan_.layers[size_t(layer)];
    for (size_t i = 0; i < l.constants.size(); ++i)
      if (l.cell->constants[i].from == from) l.constants[i] = values;
  }

  int layer_position(int layer_id) const {
    for (size_t i = 0; i < plan_.layers.size(); ++i)
      if (plan_.layers[i].layer_id == layer_id && plan_.layers[i].name == std::to_string(layer_id)) return int(i);
    return -1;
  }

  /// Where things arrive at a layer: a recurrent core has a layer in front that gathers them.
  int entrance(int layer_id) {
    const int core = layer_position(layer_id);
    if (plan_.layers[size_t(core)].cell->core.empty()) return core;
    const std::string name = std::to_string(layer_id) + ".input";
    for (size_t i = 0; i < plan_.layers.size(); ++i)
      if (plan_.layers[i].name == name) return int(i);
    LayerPlan front{.layer_id = layer_id, .name = name, .cell = find_cell("Linear")};
    front.units       = plan_.layers[size_t(core)].units;
    front.dt          = plan_.layers[size_t(core)].dt;
    front.own_dt      = plan_.layers[size_t(core)].own_dt;
    front.kernels     = front.cell->kernels(0);
    front.start_state = 0;
    front.incoming.resize(1);
    if (core == plan_.input) front.takes_flux = true, plan_.layers[size_t(core)].takes_flux = false, plan_.input = int(plan_.layers.size());
    plan_.layers.push_back(std::move(front));
    return int(plan_.layers.size()) - 1;
  }

  /// The connections inside a recurrent core: from what arrives and from its own output to the gates.
  void add_core(int layer) {
    const CellEntry* cell = plan_.layers[size_t(layer)].cell;
    if (cell->core.empty() || plan_.layers[size_t(layer)].is_input) return;
    const int    front = entrance(plan_.layers[size_t(layer)].layer_id);
    const size_t units = plan_.layers[size_t(layer)].units;
    const LayerSpec& spec = *plan_.spec.layer(plan_.layers[size_t(layer)].layer_id);
    const auto learnable = [&](const char* name) {
      const Value* all = spec.params.find("learnable_params");
      const Value* own = all ? all->find(name) : nullptr;
      return own ? own->boolean() : true;
    };
    for (const CoreFacts& core : cell->core) {
      const std::string prefix = fmt::format("layer{}/", spec.layer_id);
      const size_t      rows   = units * core.ports.size();
      refuse_size(spec.at, rows, units);
      const auto uniform = [&](const std::string& name, size_t count) {
        Random draw = random(name);
        std::vector<double> values(count);
        const double limit = 1 / std::sqrt(double(units));
        for (double& v : values) v = limit * (2 * draw.uniform() - 1);
        return values;
      };
      std::vector<double> values;
      if (core.init[0]) {
        const InitialiserEntry& rule = find_initialiser(core.init);
        const Mask all(rows, units, true);
        const Arguments arguments = check_arguments(core.init, rule.facts, Value::map());
        Random draw = random(prefix + core.weights);
        values = initial_weights(rule, {.mask = all, .arguments = arguments, .random = draw});
      } else {
        values = uniform(prefix + core.weights, rows * units);
      }
      Block block{.name = prefix + core.weights, .shape = {rows, units}, .learnable = learnable(core.weights),
                  .help = "gate weights"};
      block.mask = core_mask(spec, layer, core);
      const int weights = add_block(std::move(block), std::move(values));
      const int bias = core.bias ? add_block({.name = prefix + core.bias, .shape = {rows}, .learnable = learnable(core.bias),
                                              .help = "gate biases"}, uniform(prefix + core.bias, rows)) : -1;
      for (size_t g = 0; g < core.ports.size(); ++g) {
        if (!core.ports[g][0]) continue;
        const auto port = std::find_if(cell->ports.begin(), cell->ports.end(),
                                       [&](const char* p) { return std::string(p) == core.ports[g]; });
        plan_.connections.push_back({.name = prefix + core.weights, .from = core.from_self ? layer : front, .to = layer,
                                     .port = int(port - cell->ports.begin()), .lag = core.from_self ? 1 : 0,
                                     .weights = weights, .first_row = g * units, .bias = bias});
      }
    }
  }

  /// Which weights of a core exist; empty: all. Sets the constant that stands for a diagonal of ones.
  std::vector<uint8_t> core_mask(const LayerSpec& spec, int layer, const CoreFacts& core) {
    const size_t units = plan_.layers[size_t(layer)].units;
    bool absent_diagonal = false;
    if (core.diagonal[0]) {
      const Value*      given = spec.params.find(core.diagonal);
      const std::string word  = given ? given->text() : "zero";
      if (word != "zero" && word != "one" && word != "free")
        given->fail(fmt::format("there is no {} '{}'", core.diagonal, word),
                    did_you_mean(word, {"zero", "one", "free"}, "there are"));
      absent_diagonal = word != "free";
      if (word == "one") set_constant(layer, ConstantFacts::From::kept_diagonal, std::vector<double>(units, 1.0));
    }
    const bool unread = std::any_of(core.ports.begin(), core.ports.end(), [](const char* port) { return !port[0]; });
    if (!unread && !absent_diagonal) return {};
    std::vector<uint8_t> mask;
    for (const char* port : core.ports)
      for (size_t i = 0; i < units; ++i)
        for (size_t j = 0; j < units; ++j) mask.push_back(port[0] && !(absent_diagonal && i == j));
    return mask;
  }

  void wire() {
    for (size_t c = 0; c < plan_.connections.size(); ++c) {
      const ConnectionPlan& k = plan_.connections[c];
      plan_.layers[size_t(k.to)].incoming[size_t(k.port)].push_back(int(c));
      plan_.layers[size_t(k.from)].outgoing.push_back(int(c));
    }
  }

  const CompileOptions& options_;
  Plan                  plan_;
  double                dt_ = 0;
  std::vector<LayerPolarity> polarity_;                          // per layer of the spec
  std::vector<std::pair<int, std::vector<double>>> initial_;     // real values per block
};

}  // namespace

std::shared_ptr<const Plan> compile(const Spec& spec, const CompileOptions& options) {
  return Compiler(spec, options).compile();
}

int Plan::find_layer(int layer_id) const {
  for (size_t i = 0; i < layers.size(); ++i)
    if (layers[i].layer_id == layer_id && layers[i].name == std::to_string(layer_id)) return int(i);
  return -1;
}

int Plan::find_entrance(int layer_id) const {
  for (size_t i = 0; i < layers.size(); ++i)
    if (layers[i].name == std::to_string(layer_id) + ".input") return int(i);
  return find_layer(layer_id);
}

}  // namespace dynode
