// Layers: their cells, source functions, parameters, initial states and polarity.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/plan/arguments.h"
#include "dynode/plan/compiler.h"
#include "dynode/sources/default_rate_table.h"
#include "dynode/sources/source.h"
#include "dynode/wiring/distributions.h"

namespace dynode {
namespace {

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

double positive_number(const Value& v) {
  if (!(v.number() > 0) || !std::isfinite(v.number())) v.fail("must be a positive number");
  return v.number();
}

void refuse_unknown_params(const LayerSpec& spec, const CellEntry& cell) {
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
  for (const SettingFacts& f : cell.settings) known.push_back(f.name);
  for (const NoiseFacts& n : cell.noise) known.push_back(n.word);
  if (cell.fires) known.insert(known.end(), {"n_excitatory", "populations", "initial"});
  refuse_unknown(cell.name, spec.params, known);
  for (const ParamFacts& p : cell.params)
    for (const char* word : {p.alternative.spacing, p.alternative.floor})
      if (const Value* v = word[0] && !spec.params.has(p.alternative.name) ? spec.params.find(word) : nullptr)
        v->fail(fmt::format("{} belongs to {}, which is not given", word, p.alternative.name),
                fmt::format("give {}, or remove it", p.alternative.name));
  if (const Value* learn = spec.params.find("learnable_params")) {
    std::vector<std::string> names;
    for (const ParamFacts& p : cell.params) names.push_back(p.name);
    for (const CoreFacts& c : cell.core) {
      names.push_back(c.weights);
      if (c.bias) names.push_back(c.bias);
    }
    refuse_unknown(cell.name, *learn, names);
  }
}

/// true or false, or one of them per unit.
void set_learnable(Block& b, const Value& learn) {
  if (!learn.is_list()) return void(b.learnable = learn.boolean());
  for (const Value& unit : learn.list()) b.plasticity.push_back(unit.boolean() ? 1 : 0);
  if (b.plasticity.size() != b.size())
    learn.fail(fmt::format("{} words for {} units", b.plasticity.size(), b.size()), "give true or false, or one of them per unit");
  b.learnable = std::ranges::find(b.plasticity, 1.0) != b.plasticity.end();
  if (!b.learnable || std::ranges::find(b.plasticity, 0.0) == b.plasticity.end()) b.plasticity.clear();
}

/// A pair [first, last] of a setting that has a spacing becomes a number per unit.
void spread_pair(const LayerSpec& spec, const Alternative& setting, size_t units, ParameterSpec& p) {
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

void raise_to_floor(const LayerSpec& spec, const Alternative& setting, std::vector<double>& values) {
  if (!setting.floor[0]) return;
  const Value* given = spec.params.find(setting.floor);
  const double floor = given ? positive_number(*given) : setting.floor_value;
  for (double& x : values)
    if (x > 0) x = std::max(x, floor);
}

/// The user's box replaces that of the facts. @param dt  given where the box is that of the alternative
void set_box(Block& b, const ParamFacts& facts, const ParameterSpec& p, std::optional<double> dt, const Value& at) {
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

/// Parameters of the distribution together with its blocks, which every distribution has.
Value blocked(const ParameterSpec& p) {
  Value params = p.params;
  if (params.empty()) params.place(p.at.file, p.at.path), params.mark(p.at.line, p.at.column);
  params.set("block_size", p.block_size).set("block_mode", p.block_mode);
  return params;
}

/// The word that was written; true, false and null are words, too.
std::string word_of(const Value& v) {
  return v.is_boolean() ? (v.boolean() ? "true" : "false") : v.is_null() ? "none" : v.text();
}

double read_setting(const Value* given, const SettingFacts& facts) {
  if (!given) return facts.value;
  if (!facts.words.empty()) {
    const std::vector<std::string> words(facts.words.begin(), facts.words.end());
    const std::string chosen = word_of(*given);
    const auto        word   = std::find(words.begin(), words.end(), chosen);
    if (word == words.end())
      given->fail(fmt::format("there is no {} '{}'", facts.name, chosen), did_you_mean(chosen, words, "there are"));
    return double(word - words.begin());
  }
  const double x = given->number();
  if (!std::isfinite(x) || x < facts.min || x > facts.max || (facts.whole && x != std::floor(x)))
    given->fail(fmt::format("{} is {}, but must be {}{}", facts.name, x, facts.whole ? "a whole number " : "",
                            range_text(facts.min, facts.max)));
  return x;
}

}  // namespace

std::vector<double> Compiler::read_settings(const LayerSpec& spec, const CellEntry& cell) {
  std::vector<double> numbers;
  for (const SettingFacts& f : cell.settings) numbers.push_back(read_setting(spec.params.find(f.name), f));
  return numbers;
}

void Compiler::add_layer(const LayerSpec& spec) {
  const CellEntry* cell = find_cell(spec.layer_type);
  if (!cell || cell->internal)
    throw SpecError(spec.at, fmt::format("there is no layer type '{}'", spec.layer_type),
                             did_you_mean(spec.layer_type, cell_names(), "there are"));
  const bool holds_input = plan_.layers.empty() && plan_.spec.simulation.input_type == InputType::state;
  if (cell->takes_sources && !holds_input) return add_output(spec);
  refuse_unknown_params(spec, *cell);
  check_solver(spec, *cell);
  if (holds_input && std::string(cell->name) != "Linear") {
    plan_.warnings.push_back(fmt::format("layer {} takes the input as its state; its type {} has no effect", spec.layer_id,
                                         cell->name));
    cell = find_cell("Linear");
  }

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
  layer.settings    = read_settings(spec, *cell);
  layer.start_state = cell->output;
  if (cell->states[size_t(cell->output)].memoryless && !cell->static_map)
    for (size_t i = 0; i < cell->states.size(); ++i)
      if (!cell->states[i].memoryless) { layer.start_state = int(i); break; }
  choose_source(spec, layer);
  if (!holds_input)
    for (const ParamFacts& p : cell->params) add_parameter(spec, layer, p);
  if (!holds_input)
    for (const ConstantFacts& c : cell->constants) layer.constants.emplace_back(layer.units, c.value);
  check_derived(spec, layer);
  check_som_units(spec);
  choose_start(spec, layer);
  layer.incoming.resize(cell->ports.size());
  plan_.layers.push_back(std::move(layer));
  polarity_.push_back(read_polarity(spec));
  plan_.layers.back().polarity = polarity_.back().sign;
}

void Compiler::refuse_noise(const Value& noise, const Value& perturb) {
  for (const Value* v : {&noise, &perturb})
    if (!v->is_null())
      for (const auto& entry : v->entries()) {
        if (entry.value.is_mapping()) refuse_noise(entry.value, {});
        else if (entry.value.is_number() && entry.value.number() != 0)
          entry.value.fail("noise and perturbations are not available yet", "leave them out, or give 0");
      }
}

int Compiler::source_position(const std::string& name, const At& at) {
  const int position = find_source(name);
  if (position >= 0) return position;
  std::vector<std::string> names;
  for (const auto& s : source_functions()) names.push_back(s.name);
  throw SpecError(at, fmt::format("there is no source function '{}'", name), did_you_mean(name, names, "there are"));
}

void Compiler::choose_source(const LayerSpec& spec, LayerPlan& layer) {
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

int Compiler::rate_table() {
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

void Compiler::add_parameter(const LayerSpec& spec, LayerPlan& layer, const ParamFacts& facts) {
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
    if (!p.value && p.values.empty() && p.distribution.empty())   // nothing but whether it learns, or its box
      p.value = instead ? other.value : values[0];
    if (instead) spread_pair(spec, other, layer.units, p);
    if (layer.cell->fires) spread_populations(spec, p);
    values = parameter_values(spec, layer, facts, p);
    if (instead) raise_to_floor(spec, other, values);
    const std::vector<double> settings = values;
    if (instead)
      for (double& x : values) x = other.to_parameter(x, layer.dt);
    if (p.learnable) b.learnable = *p.learnable;
    set_box(b, facts, p, instead ? std::optional(layer.dt) : std::nullopt, *v);
    for (size_t i = 0; i < values.size() && p.distribution.empty(); ++i)
      if (values[i] < b.min || values[i] > b.max) {
        plan_.warnings.push_back(fmt::format("{} of layer {} starts outside its constraints and is moved to their edge",
                                             instead ? other.name : facts.name, layer.layer_id));
        break;
      }
    for (size_t i = 0; i < values.size(); ++i)
      if (!std::isfinite(values[i]) || values[i] < facts.min || values[i] > facts.max)
        v->fail(fmt::format("{} of unit {} is {}{}, but must be {}", instead ? other.name : facts.name, i, settings[i],
                            instead ? fmt::format(", which makes {} {}", facts.name, values[i]) : "",
                            range_text(facts.min, facts.max)));
  }
  for (const std::string& word : {std::string(facts.learn_word), std::string("learn_") + facts.name})
    if (const Value* learn = spec.params.find(word)) b.learnable = learn->boolean();
  if (const Value* learn = spec.params.find("learnable_params"))
    if (const Value* l = learn->find(facts.name)) set_learnable(b, *l);
  perturb_parameter(spec, facts, values);
  layer.params.push_back(add_block(std::move(b), std::move(values)));
}

std::vector<double> Compiler::draw_in_range(const Value& pair, const LayerPlan& layer, const ParamFacts& facts, Block& b) {
  const double low = pair.list()[0].number(), high = pair.list()[1].number();
  if (!(std::isfinite(low) && std::isfinite(high) && low >= facts.min && low < high && high <= facts.max))
    pair.fail(fmt::format("{} [{}, {}] is not a range of numbers that are {}", facts.name, low, high, range_text(facts.min, facts.max)),
              layer.units == 2 ? fmt::format("give [lowest, highest], one number, or {{value: [{}, {}]}} for a number of each unit", low, high)
                               : "give [lowest, highest], or one number");
  b.transform = Transform::sigmoid(low, high);
  b.learnable = true;
  b.min = -1e300, b.max = 1e300;   // the transform keeps the range
  Random draw = random(b.stored_name());
  std::vector<double> values(layer.units);
  for (double& x : values) x = real_value(b.transform, draw.normal());
  return values;
}

std::vector<double> Compiler::parameter_values(const LayerSpec& spec, const LayerPlan& layer, const ParamFacts& facts,
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

std::vector<double> Compiler::fan_outs(int layer_id, size_t units) {
  std::vector<double> sum(units, 0.0);
  for (const ConnectionSpec& c : plan_.spec.connections) {
    if (c.from_layer != layer_id || follows_rule(c)) continue;
    if (is_direct(c)) {
      for (double& n : sum) ++n;
      continue;
    }
    const auto fans = draw_mask(c, read_connection_params(c)).fan_out();
    for (size_t i = 0; i < units; ++i) sum[i] += double(fans[i]);
  }
  return sum;
}

void Compiler::choose_start(const LayerSpec& spec, LayerPlan& layer) {
  const Value* v = spec.params.find("init_state");
  if (!v || v->text() == "zero" || v->text() == "keep" || layer.is_input) return;   // kept states are the caller's to hand on
  if (v->text() != "learn")
    v->fail(fmt::format("there is no init_state '{}'", v->text()), did_you_mean(v->text(), {"zero", "keep", "learn"}, "there are"));
  Block b{.name = fmt::format("layer{}/init_{}", layer.layer_id, layer.cell->states[size_t(layer.start_state)].name),
          .shape = {layer.units}, .help = "initial state"};
  layer.start_block = add_block(std::move(b), std::vector<double>(layer.units, 0.0));
}

Compiler::LayerPolarity Compiler::read_polarity(const LayerSpec& spec) {
  LayerPolarity polarity;
  if (const Value* method = spec.params.find("polarity_enforcement_method"))
    polarity.method = polarity_enforcement(method->text(), method->at());
  const char* said = nullptr;
  for (const char* word : {"polarity", "polarity_file", "polarity_init"})
    if (const Value* v = spec.params.find(word)) {
      if (said) v->fail(fmt::format("{} says the signs of the units already", said), "give one of them");
      said = word;
    }
  const size_t units = units_of(spec.layer_id);
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

}  // namespace dynode
