// Connections: masks, weights, signs, biases, modes.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/plan/arguments.h"
#include "dynode/plan/compiler.h"
#include "dynode/plan/entry_masks.h"
#include "dynode/plan/pattern.h"
#include "dynode/sources/source.h"
#include "dynode/wiring/ei_mask.h"
#include "dynode/wiring/initialisers.h"
#include "dynode/wiring/structures.h"

namespace dynode {
namespace {

const ProgrammableMode& find_mode(const ConnectionParams& p) {
  std::vector<std::string> names = {"fixed"};
  for (const ProgrammableMode& mode : programmable_modes()) {
    if (p.mode == mode.name) return mode;
    names.push_back(mode.name);
  }
  throw SpecError(p.at, fmt::format("connection mode '{}' is not available yet", p.mode), "there are: " + join(names));
}

}  // namespace

Mask Compiler::draw_mask(const ConnectionSpec& c, const ConnectionParams& p) {
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
  if (std::string(rule.name) == "custom" && !arguments.has("mask")) {
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

std::vector<double> Compiler::draw_weights(const ConnectionSpec& c, const ConnectionParams& p, const Mask& mask) {
  if (auto kept = stored(name_of(c), {mask.to, mask.from})) return std::move(*kept);
  const InitialiserEntry& rule = find_initialiser(p.init, p.at);
  if (!p.init_params.empty()) {
    std::vector<std::string> known;
    for (const Fact& f : rule.facts) known.push_back(f.name);
    refuse_unknown("initialiser " + p.init, p.init_params, known);
  }
  Arguments arguments =
      check_arguments(p.init, rule.facts, [&](const std::string& key) { return p.init_param(key); }, p.at);
  if (p.init == "custom" && !arguments.has("weights")) {
    const Value* file = p.init_param("weights_file");
    if (!file)
      throw SpecError(p.at, "initialiser custom needs 'weights_file'", "an .npy, or an .npz with the array 'weights'");
    NamedArray w = load(*file, "weights");
    if (w.shape != std::vector<size_t>{mask.to, mask.from})
      throw ShapeError(file->text() + ": weights of " + name_of(c), {int64_t(mask.to), int64_t(mask.from)},
                       {w.shape.begin(), w.shape.end()});
    arguments.set("weights", std::move(w.values));
  }
  size_t sources = 0;
  for (const ConnectionSpec& other : plan_.spec.connections) sources += other.to_layer == c.to_layer;
  Random draw = random(name_of(c) + "/weights");
  return initial_weights(rule, {.mask = mask, .arguments = arguments, .random = draw, .num_input_sources = sources, .at = p.at});
}

std::string Compiler::name_of(const ConnectionSpec& c) { return fmt::format("J_{}_to_{}", c.from_layer, c.to_layer); }

void Compiler::refuse_flat(const ConnectionParams& p) {
  std::vector<std::string> known;
  for (const Fact& f : find_structure(p.structure, p.at).facts) known.push_back(f.name);
  for (const Fact& f : find_initialiser(p.init, p.at).facts) known.push_back(f.name);
  if (!p.flat.empty()) refuse_unknown(fmt::format("a {} connection with init {}", p.structure, p.init), p.flat, known);
  const std::vector<std::string> ready = {"polarity", "ei_mask", "ei_balance", "allow_mixed_signs", "port",
                                          "bias_values", "plasticity_mask", "plasticity_mode", "synapse_growth_mask",
                                          "growth_interval", "growth_scale", "pruning_threshold"};
  for (const auto& entry : p.rest.entries())
    if (std::find(ready.begin(), ready.end(), entry.key) == ready.end() &&
        !(entry.value.is_boolean() && !entry.value.boolean()))
      throw SpecError(p.rest.key_at(entry), fmt::format("'{}' is not available yet", entry.key), "leave it out");
}

void Compiler::check_som_units(const LayerSpec& spec) const {
  const Value* count = spec.params.find("som_N");
  if (!count || count->integer() == 0) return;
  for (const ConnectionSpec& c : plan_.spec.connections)
    if (c.from_layer == spec.layer_id && c.to_layer == spec.layer_id) return;
  count->fail(fmt::format("som_N is about the connection of layer {} to itself, and there is none", spec.layer_id),
              "add it, or remove som_N");
}

void Compiler::spare_som_units(int layer_id, Mask& mask) {
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

void Compiler::set_signs(const ConnectionSpec& c, const ConnectionParams& p, const Mask& mask, const LayerPolarity& polarity,
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
  if (own && p.mode != "fixed" && p.mode != "spike") own->fail(fmt::format("{} connections have no signs", p.mode), "remove 'ei_mask'");
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

void Compiler::set_plasticity(const ConnectionSpec& c, const ConnectionParams& p, Block& b) {
  const Value* written = p.rest.find("plasticity_mask");
  if (const Value* mode = p.rest.find("plasticity_mode")) {
    const std::vector<std::string> words = {"gradient", "step"};
    if (std::find(words.begin(), words.end(), mode->text()) == words.end())
      mode->fail(fmt::format("there is no plasticity_mode '{}'", mode->text()), did_you_mean(mode->text(), words, "there are"));
    if (!written) mode->fail("plasticity_mode says how plasticity_mask acts, and there is none", "give plasticity_mask, or leave it out");
    b.plastic_steps = mode->text() == "step";
  }
  if (!written) return;
  if (auto kept = stored("plasticity_mask/" + b.name, b.shape))
    b.plasticity = check_plasticity(std::move(*kept), b.shape[1], c.at);
  else
    b.plasticity = read_plasticity_mask(*written, b.name, b.shape[0], b.shape[1],
                                        [this](const Value& path, const std::string& key) { return load(path, key); });
}

void Compiler::set_growth(const ConnectionSpec& c, const ConnectionParams& p, const Mask& mask, Block& b) {
  const Value* written = p.rest.find("synapse_growth_mask");
  for (const char* word : {"growth_interval", "growth_scale", "pruning_threshold"})
    if (const Value* v = p.rest.find(word); v && !written)
      v->fail(fmt::format("{} says how synapse_growth_mask acts, and there is none", word), "give synapse_growth_mask, or leave it out");
  if (!written) return;
  if (p.mode != "fixed") written->fail(fmt::format("synapses of {} connections do not grow", p.mode), "remove it");
  if (!c.noise.is_null() || !c.perturb.is_null()) written->fail("weights that grow take no noise", "give one of both");
  const auto number = [&](const char* word, double otherwise) {
    const Value* v = p.rest.find(word);
    if (v && !(v->number() >= 0 && v->number() < 1e300)) v->fail(fmt::format("{} is at least 0", word));
    return v ? v->number() : otherwise;
  };
  Growth& g = b.growth;
  g.scale   = number("growth_scale", 0.1);
  g.pruning = number("pruning_threshold", 0);
  if (const Value* interval = p.rest.find("growth_interval")) {
    g.interval = interval->integer();
    if (g.interval < 1) interval->fail("growth_interval is a number of updates, from 1 on");
  }
  if (auto kept = stored("synapse_growth_mask/" + b.name, b.shape)) g.probability = std::move(*kept);
  else
    g.probability = read_growth_mask(*written, b.name, b.shape[0], b.shape[1],
                                     [this](const Value& path, const std::string& key) { return load(path, key); });

  // where there can ever be a weight
  std::vector<uint8_t> possible = mask.on;
  bool                 any      = g.pruning > 0;
  for (size_t i = 0; i < possible.size(); ++i) {
    const bool diagonal = mask.to == mask.from && i / mask.from == i % mask.from;
    const bool frozen   = !b.plasticity.empty() && b.plasticity[i] == 0;
    if (possible[i] || g.probability[i] == 0 || frozen || (diagonal && !p.allow_self_connections)) continue;
    possible[i] = 1, any = true;
  }
  if (!any && !stored(b.name, b.shape))
    written->fail("nothing can grow: no weight is absent where the probability is above 0",
                  "give a structure that leaves weights out, or a pruning_threshold");
  b.mask.clear();
  if (std::find(possible.begin(), possible.end(), 0) != possible.end()) b.mask = possible;

  // new weights are like those a network begins with
  const InitialiserEntry& rule = find_initialiser(p.init == "custom" ? "fan_in_uniform" : p.init, p.at);
  const Arguments         arguments =
      check_arguments(rule.name, rule.facts, [&](const std::string& key) { return p.init == "custom" ? nullptr : p.init_param(key); }, p.at);
  const Mask all(mask.to, mask.from, true);
  Random     draw = random(b.name + "/growth");
  g.values  = initial_weights(rule, {.mask = all, .arguments = arguments, .random = draw, .at = p.at});
  g.present = int(plan_.parameters.blocks().size()) + 1;   // the block after this one
}

void Compiler::program(const ConnectionSpec& c, const ConnectionParams& p, const ProgrammableMode& mode, const Mask& mask,
             const ConnectionPlan& k) {
  if (!polarity_[size_t(layer_position(c.from_layer))].sign.empty())
    throw SpecError(c.at, fmt::format("layer {} has a polarity, which {} connections cannot keep", c.from_layer, mode.name),
                    "remove the polarity, or use mode fixed");
  if (p.bias != "none") throw SpecError(c.at, fmt::format("{} connections have no bias", mode.name), "remove 'bias'");
  if (mask.count() == 0) {
    plan_.warnings.push_back(fmt::format("connection {} to {} has no effect: none of its weights exists", c.from_layer, c.to_layer));
    return;
  }
  const Arguments arguments = check_arguments(mode.name, mode.facts, p.mode_params);
  const Value*    word      = p.mode_params.is_null() ? nullptr : p.mode_params.find("source_func");
  const int       source    = source_position(arguments.text("source_func"), word ? word->at() : c.at);
  const bool jacobi = plan_.spec.simulation.network_evaluation_method == Evaluation::stepwise_jacobi;
  add_programmable(plan_, {.mode = &mode, .arguments = &arguments, .name = k.name, .mask = &mask, .weights = k.weights,
                           .from = k.from, .to = k.to, .lag = k.lag, .emission = jacobi && k.from != k.to, .source = source,
                           .table = source_functions()[size_t(source)].uses_table ? rate_table() : -1, .dt = dt_,
                           .add_block = [this](Block b, std::vector<double> v) { return add_block(std::move(b), std::move(v)); }});
}

int Compiler::add_weights(const ConnectionSpec& c, const ConnectionParams& p, const Mask& mask) {
  std::vector<double> weights = draw_weights(c, p, mask);
  Block b{.name = name_of(c), .shape = {mask.to, mask.from}, .learnable = p.learnable, .help = "weights"};
  if (mask.count() < mask.on.size()) b.mask = mask.on;
  if (p.min) b.min = *p.min;
  if (p.max) b.max = *p.max;
  if (p.min && p.max && *p.min > *p.max) throw SpecError(p.at, "constraints: min is above max");
  set_signs(c, p, mask, polarity_[size_t(layer_position(c.from_layer))], b, weights);
  set_plasticity(c, p, b);
  set_growth(c, p, mask, b);
  if (b.growth.present < 0) return add_block(std::move(b), std::move(weights));

  Block there{.name = "synapses/" + b.name, .shape = b.shape, .learnable = false, .min = 0, .max = 1,
              .help = "1: there is a synapse, 0: one may grow"};
  const int block = add_block(std::move(b), std::move(weights));
  add_block(std::move(there), {mask.on.begin(), mask.on.end()});
  return block;
}

int Compiler::port_of(const ConnectionParams& p, const LayerPlan& target) {
  const Value* word = p.rest.find("port");
  if (!word) return 0;
  const std::vector<std::string> ports(target.cell->ports.begin(), target.cell->ports.end());
  const auto found = std::find(ports.begin(), ports.end(), word->text());
  if (found == ports.end())
    word->fail(fmt::format("layer {} ({}) has no port '{}'", target.layer_id, target.cell->name, word->text()),
               did_you_mean(word->text(), ports, "there are"));
  if (p.mode != "fixed") word->fail(fmt::format("{} connections lead to the first port", p.mode), "remove 'port'");
  return int(found - ports.begin());
}

void Compiler::add_connection(const ConnectionSpec& c) {
  if (dropped(c)) {
    plan_.warnings.push_back(fmt::format("connection {} to {} has no effect: layer {} holds the input", c.from_layer,
                                         c.to_layer, c.to_layer));
    return;
  }
  if (is_direct(c)) return;
  const ConnectionParams p = read_connection_params(c, nullptr);
  if (follows_rule(c)) return add_rule(c, p);
  refuse_flat(p);
  refuse_size(c.at, units_of(c.to_layer), units_of(c.from_layer));
  if (p.mode == "spike") return add_spikes(c, p);
  const ProgrammableMode* mode = p.mode == "fixed" ? nullptr : &find_mode(p);
  if (!mode && !p.mode_params.empty())
    p.mode_params.fail("connection_params belong to programmable connections, and this one is fixed",
                       "remove them, or give mode: WICC or mode: NOCC");
  if (c.delay) throw SpecError(c.at, "delay belongs to spike connections", "use lag: 1 for one step");

  const int to = entrance(c.to_layer), from = exit(c);
  Mask mask = draw_mask(c, p);
  if (c.from_layer == c.to_layer) {
    spare_som_units(c.to_layer, mask);
    const auto fans = mask.fan_in();
    set_constant(layer_position(c.from_layer), ConstantFacts::From::fan_in_of_self, {fans.begin(), fans.end()});
  }
  ConnectionPlan k{.name = name_of(c), .from = from, .to = to, .port = port_of(p, plan_.layers[size_t(to)]), .lag = lag(c)};
  k.weights = add_weights(c, p, mask);
  if (mode) return program(c, p, *mode, mask, k);
  const bool grows = plan_.parameters[k.weights].growth.present >= 0;   // a list cannot
  if (!grows && double(mask.count()) < kSparseDensity * double(mask.on.size())) set_pattern(k, pattern_of(mask), mask.from);
  if (p.bias != "none") {
    Random draw = random(name_of(c) + "/bias");
    Block  bias{.name = fmt::format("b_{}_to_{}", c.from_layer, c.to_layer), .shape = {mask.to}, .learnable = p.learnable,
                .help = "bias"};
    const Value* values = p.rest.find("bias_values");
    if (auto kept = stored(bias.name, bias.shape)) k.bias = add_block(std::move(bias), std::move(*kept));
    else if (values || p.bias.find('.') != std::string::npos)
      k.bias = add_block(std::move(bias), read_bias(values ? *values : Value(p.bias), name_of(c), mask.to, [this](const Value& path, const std::string& key) { return load(path, key); }));
    else k.bias = add_block(std::move(bias), initial_bias(p.bias, mask.to, mask.from, draw, p.at));
  }
  plan_.connections.push_back(std::move(k));
}

}  // namespace dynode
